"""Items and their legal clocks on several nodes at once: random acts by random actors, logs that come late, again and in any order."""

from collections import Counter
from datetime import timedelta
from random import Random
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.control import bodies
from node.control.awaited import awaited, item_clocks
from node.control.bodies import KIND_OF, Body
from node.control.book import Book
from node.control.calendar import official
from node.control.commands import (
    ApplyCatalogue,
    Command,
    ConsentItemExtension,
    DraftItem,
    ExtendItem,
    PublishItem,
    ReviewItem,
    SubmitItem,
    WithdrawItem,
)
from node.errors import CommandRefused
from node.model.items import (
    Item,
    ItemAct,
    ItemExtensionConsentedValue,
    ItemExtensionValue,
    ItemStateValue,
    ItemValue,
)
from node.model.items import State as ItemState
from node.model.names import Division, Topic
from node.model.values import Role
from tests.control import slow_model
from tests.control.acting import CITY, NODES, PROVINCE, Nodes, actor, department, settled
from tests.control.notices import in_shanghai, worked_after
from tests.control.offers import asked, facts, offer
from tests.control.test_crossing import folded

Deed = tuple[str, int, int, int]
WHAT = [
    *["bring"] * 8,
    "wait",
    *["draft"] * 4,
    *["submit"] * 4,
    *["pass"] * 3,
    "return",
    *["publish"] * 3,
    "withdraw",
    "apply",
    *["extend", "give"] * 3,
]
DAYS = ["2026-11-20", "2026-10-09", "2026-11-23", "", ""]
"""Days of change; one is still to come when the nodes begin to act."""
ROLES: list[Role] = ["steward", "head", "authority", "operator", "inspector"]
STEPS = get_args(ItemStateValue.__annotations__["state"])
NEW_KINDS = {"item-extension", "item-extension-consented"}

deeds = st.tuples(st.sampled_from(WHAT), st.integers(0, 8), st.integers(0, 9), st.integers(0, 4))


def lists(node: Division) -> Topic:
    """The item of a node's taxation department."""
    return Topic(f"{node}.tax.lists")


def act(nodes: Nodes, deed: Deed) -> None:
    """Do a deed; a refusal says nothing."""
    what, pick, slip, more = deed
    here = NODES[pick % 3]
    if what == "bring":
        nodes.bring(here, NODES[(pick + 1 + slip % 2) % 3], count=1 + 3 * more, again=pick)
    elif what == "wait":
        nodes.at += timedelta(hours=more)
    else:
        before = len(nodes.history)
        try:
            nodes.carry_out(NODES[slip % 3] if slip > 7 else here, command(what, nodes.books[here], here, slip, more))
        except CommandRefused:
            assert len(nodes.history) == before


def command(what: str, book: Book, node: Division, slip: int, more: int) -> Command:
    """What is tried, mostly by somebody who may."""
    name, known = lists(node), book.items.get(lists(node))
    role: Role = ROLES[more] if slip == 0 else "head" if what in {"draft", "submit", "extend"} else "authority"
    by = actor(role, "" if role == "authority" else department(node, "tax"), str(more % 2))
    told = facts(version=1 + (known.version if known is not None else 0), update_cycle=f"P{1 + more}D")
    content = offer(name, facts=asked(told))
    made: dict[str, Command] = {
        "draft": DraftItem(by=by, item=content, changed=DAYS[slip % 5]),
        "submit": SubmitItem(by=by, item=name),
        "pass": ReviewItem(by=by, item=name, passes=True),
        "return": ReviewItem(by=by, item=name, passes=False, reasons=("缺依据",)),
        "publish": PublishItem(by=by, item=name),
        "withdraw": WithdrawItem(by=by, item=name, reason="职能调整"),
        "apply": ApplyCatalogue(by=by, resources=(content,)),
        "extend": ExtendItem(by=by, item=name, reason=f"原因 {more}"),
        "give": ConsentItemExtension(by=by, item=name),
    }
    return made[what]


def lie(nodes: Nodes, dice: Random) -> str:
    """Let a node say something of an item past its own desk; return the kind if it moved its book."""
    said = [event for event in nodes.history if event.kind == "item"]
    if not said:
        return ""
    content = dice.choice(said)
    assert isinstance(content.body, ItemValue)
    item = lists(content.author)
    by, here = actor("head", department(dice.choice(NODES), "tax")), content.author if dice.random() < 0.9 else dice.choice(NODES)
    sayings: list[Body] = [
        ItemExtensionValue(by=by, item=item, reason="x"),
        ItemExtensionConsentedValue(by=by, item=item),
        *[ItemStateValue(by=by, item=item, content=content.ref, state=state) for state in STEPS],
        msgspec.structs.replace(content.body, changed=dice.choice(DAYS)),
    ]
    body = dice.choice(sayings)
    return KIND_OF[type(body)] if nodes.lie(here, body, None) else ""


def check_clocks(nodes: Nodes) -> None:
    """On each node, however far it has come: the clocks that run are those of the slow model by what that node knows."""
    now = nodes.at
    for here in NODES:
        book, known = nodes.books[here], list(nodes.known(here))
        for node in NODES:
            item = book.items.get(lists(node))
            expected = slow_model.item_terms(known, lists(node))
            found = item_clocks(item, official(), now) if item is not None else ()
            assert {(one.kind, one.started, one.due) for one in found} == {
                (kind, start, worked_after(in_shanghai(start))[days - 1]) for kind, (start, days) in expected.items()
            }
        running = Counter(one.clock.kind for one in awaited(book, here, official(), now))
        assert running == Counter(slow_model.item_terms(known, lists(here)).keys())


def told_by(book: Book) -> object:
    """All that a book tells of items, and of what moved nothing."""
    return book.items, book.resources, book.refused, book.unknown, book.heads, book.broken, book.waiting


def check_alike(nodes: Nodes, dice: Random) -> Book:
    """When all is brought, all books are the same, whatever way it came."""
    check_clocks(nodes)
    nodes.bring_all()
    check_clocks(nodes)
    expected = told_by(nodes.books[PROVINCE])
    for book in (*nodes.books.values(), folded(nodes.logs, dice)):
        assert told_by(book) == expected
    return nodes.books[PROVINCE]


def check_extensions(nodes: Nodes, *, entitled: bool = True) -> None:
    """Each extension was asked for, by who may where nobody lies, of an update that was due, once; each consent was given once, to one that was asked for."""
    for place, event in enumerate(nodes.history):
        if event.kind not in NEW_KINDS:
            continue
        if entitled:
            slow_model.check_entitled(event, nodes.history)
        said = nodes.history[:place]
        kinds = Counter(one.kind for one in slow_model.update(said, lists(event.author)))
        assert "item-update" in slow_model.item_terms(said, lists(event.author))
        assert kinds["item-extension"] == (event.kind != "item-extension")
        assert not kinds["item-extension-consented"]


@settings(max_examples=50, deadline=None)
@given(st.lists(deeds, max_size=80), st.integers(0, 2**32))
def test_whatever_is_done_all_nodes_agree_and_the_clocks_are_those_of_the_slow_count(done: list[Deed], seed: int) -> None:
    """All books end equal; on the way each shows the clocks that a model finds in the events it knows; nothing that a desk let pass is refused."""
    dice, nodes = Random(seed), settled()
    for deed in done:
        act(nodes, deed)
    check_clocks(nodes)
    for _ in range(150):  # Hypothesis likes short courses and the first of each choice; these go on from there
        act(nodes, (dice.choice(WHAT), dice.randrange(9), dice.randrange(10), dice.randrange(5)))
    book = check_alike(nodes, dice)
    assert not book.refused
    assert not book.unknown
    check_extensions(nodes)


def test_the_deeds_reach_every_state_and_kind() -> None:
    """Every state, both clocks with both terms, both acts; else the test above would prove little."""
    states, kinds, terms = Counter[str](), Counter[str](), Counter[tuple[str, int]]()
    for seed in range(30):
        dice, nodes = Random(seed), settled()
        for _ in range(250):
            act(nodes, (dice.choice(WHAT), dice.randrange(9), dice.randrange(10), dice.randrange(5)))
            states.update(item.state for item in nodes.books[CITY].items.values())
            terms.update((kind, days) for node in NODES for kind, (_at, days) in slow_model.item_terms(nodes.history, lists(node)).items())
        kinds.update(event.kind for event in nodes.history)
    assert states.keys() == set(get_args(ItemState))
    assert terms.keys() == {("item-review", 2), ("item-update", 10), ("item-update", 15)}
    assert kinds.keys() >= NEW_KINDS == {KIND_OF[kind] for kind in get_args(ItemAct)} - {"item-state"}


def test_nodes_that_lie_of_items_move_all_books_alike_or_none() -> None:
    """Whatever is said past the desks; each reason to refuse such an event is met, and the clocks are those of what moved the books."""
    moved, refused = Counter[str](), Counter[str]()
    for seed in range(20):
        dice, nodes = Random(seed), settled()
        for _ in range(150):
            if dice.random() < 0.3:
                moved[lie(nodes, dice)] += 1
            else:
                act(nodes, (dice.choice(WHAT), dice.randrange(9), dice.randrange(10), dice.randrange(5)))
        book = check_alike(nodes, dice)
        check_extensions(nodes, entitled=False)
        refused.update(reason for _author, reason in book.refused)
    assert moved.keys() >= {"item", "item-state", *NEW_KINDS}
    assert refused.keys() >= {"not-own-resource", "superseded", "not-in-state", "no-such-extension"}


def test_a_node_that_knows_no_extensions_keeps_folding(monkeypatch: pytest.MonkeyPatch) -> None:
    """To it both acts are unknown: counted, no more. All else of the items is the same, and so are their states and days."""
    dice, nodes = Random(7), settled()
    for _ in range(400):
        act(nodes, (dice.choice(WHAT), dice.randrange(9), dice.randrange(10), dice.randrange(5)))
    newer = check_alike(nodes, dice)
    older = {kind: decoder for kind, decoder in bodies._DECODERS.items() if kind not in NEW_KINDS}
    monkeypatch.setattr(bodies, "_DECODERS", older)
    book = folded(nodes.logs, dice)
    unknown = Counter(event.author for event in nodes.history if event.kind in NEW_KINDS)
    assert unknown == book.unknown
    assert unknown
    assert (book.heads, book.resources, book.refused, book.broken) == (newer.heads, newer.resources, newer.refused, newer.broken)

    def without(item: Item) -> Item:
        return msgspec.structs.replace(item, extension=None, consented=None)

    assert {name: without(item) for name, item in newer.items.items()} == book.items
