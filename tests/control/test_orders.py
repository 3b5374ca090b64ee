"""Answers for node/control/book.py: whatever the order in which logs come, the book is the same."""

from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from node.avro.ids import text_id
from node.control.bodies import Body
from node.control.book import Book
from node.control.events import digest, encode
from node.control.requests import granted
from node.control.run import Run
from node.control.views import views
from node.model.names import Division
from node.model.values import EventRef, SchemaValue
from tests.control.test_book import AT, TODAY, A, B, C, department, division, ended, resource
from tests.granting import say_grant, wanted

Deed = tuple[Division, str, int]
DEEDS = ["root", "child", "stray", "department", "schema", "resource", "grant", "show", "end", "unknown", "bad", "gap"]
GROUND: list[Deed] = [
    *[(A, "root", 0), (A, "child", 1), (B, "child", 2)],
    *[(author, deed, 0) for deed in ("department", "schema", "resource") for author in (A, B, C)],
    *[(A, "grant", 2), (B, "grant", 0), (C, "grant", 0), (C, "grant", 1)],
    *[(author, "show", number) for author in (A, B, C) for number in (0, 3)],
]
KEYS = ["k", "other", 3]
LESS: list[dict[str, Any]] = [
    {"fields": ("k",)},
    {"rows": "k == '1'"},
    {"masks": {"k": "keep-first:1"}},
    {"fields": ("k",), "until": "2026-11-22"},
    {"masks": {"x": "hmac"}},
    {"history": "from-now"},
]


def tell(deeds: list[Deed]) -> dict[Division, list[bytes]]:
    """Logs in which authors do what they may and what they may not, answering what others said and what they never say."""
    runs = {author: Run(author, (0, None), AT) for author in (A, B, C)}
    logs: dict[Division, list[bytes]] = {A: [], B: [], C: []}
    named: dict[str, EventRef] = {}
    grants: dict[Division, list[EventRef]] = {A: [], B: [], C: []}

    def say(author: Division, body: Body, answers: EventRef | None = None) -> EventRef:
        runs[author].say(body, answers)
        logs[author].append(encode(runs[author].events[-1]))
        return runs[author].events[-1].ref

    for author, deed, number in deeds:
        other = (A, B, C)[number % 3]
        match deed:
            case "grant" | "show":
                asked = wanted(f"{author}.tax.r0", f"{other}.tax", **(LESS[number] if deed == "show" else {})).value
                if deed == "show" or number < 3:
                    grants[author].append(say_grant(say, asked))
                else:
                    say(author, granted(asked, say(other, asked)))
            case "end":
                own = grants[author] or [(author, 4)]
                say(author, ended(own[number % len(own)]))
            case "unknown" | "bad" | "gap":
                say(author, department(f"{author}.tax"))
                said = runs[author].events[-1]
                if deed != "gap":
                    said = msgspec.structs.replace(said, kind="objection" if deed == "unknown" else "grant", body=msgspec.Raw(b"[1]"))
                    runs[author] = Run(author, (said.sequence, digest(encode(said))), AT)
                    logs[author][-1] = encode(said)
                elif number == 0:
                    logs[author].pop()
            case "child":
                named[other] = say(author, division(other, author), named.get(author))
            case "stray":
                named[other] = say(author, division(other, author), (other, number + 1))
            case _:
                say(author, deed_body(author, deed, number))
    return logs


def deed_body(author: Division, deed: str, number: int) -> Body:
    """What `author` says of its own."""
    texts = [msgspec.json.encode({"key": [key]}).decode() for key in KEYS]
    bodies: dict[str, Body] = {
        "root": division(author, None),
        "schema": SchemaValue(id=text_id(texts[number % 3]), schema=texts[number % 3]),
        "resource": resource(f"{author}.tax.r{number % 2}", partitions=1 + number // 4, schema=text_id(texts[number % 3])),
    }
    return bodies.get(deed, department(f"{author}.tax"))


def state(book: Book) -> object:
    """All that a book tells."""
    kept = (book.departments, book.schemas, book.resources, book.requests, book.grants, book.unknown, book.refused)
    versions = (book.versions, book.served, book.views)
    return (
        kept,
        versions,
        list(book.tree.divisions.items()),
        book.heads,
        book.broken,
        book.waiting,
        {grant.ref for grant in book.active(TODAY)},
        views(book, TODAY),
    )


def folded(logs: dict[Division, list[bytes]], order: list[Division], dice: Random) -> Book:
    """A book of all logs, their records taken in the order of authors, some of them twice."""
    book, at = Book(), dict.fromkeys(logs, 0)
    for author in order:
        at[author] += 1
        for index in (at[author] - 1, dice.randrange(at[author])):
            book.fold(author, logs[author][index])
    return book


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([A, B, C]), st.sampled_from(DEEDS), st.integers(0, 5)), max_size=30), st.integers(0, 2**32))
def test_the_order_in_which_logs_come_does_not_matter(deeds: list[Deed], seed: int) -> None:
    """Every interleaving of the same logs, repetitions included, makes the same book and the same views: so all nodes agree on what moves."""
    dice, told = Random(seed), list(GROUND)
    for deed in deeds:
        told.insert(dice.randrange(len(told) + 1), deed)
    logs = tell(told)
    order = [author for author, values in logs.items() for _ in values]
    expected = state(folded(logs, order, dice))
    assert state(folded(logs, order[::-1], dice)) == expected
    for _ in range(3):
        dice.shuffle(order)
        assert state(folded(logs, order, dice)) == expected


def test_the_ground_of_the_orders_is_sound() -> None:
    """What the orders above begin with moves the book all the way to grants across the tree."""
    logs = tell(GROUND)
    book = folded(logs, [C] * len(logs[C]) + [B] * len(logs[B]) + [A] * len(logs[A]), Random(0))
    assert len(list(book.active(TODAY))) == 10
    assert [len(view.grants) for view in views(book, TODAY).values()] == [2, 2, 2]
    assert not book.refused
    assert book.tree.path(A, C) == [A, B, C]
