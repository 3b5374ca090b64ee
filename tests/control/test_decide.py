"""Answers for node/control/decide.py."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from node.control.book import Book, Folded
from node.control.commands import AddDepartment, AddDivision, ApplyCatalogue, CatalogueItem, Command, EndGrant, GiveGrant
from node.control.decide import decide
from node.control.events import encode
from node.errors import CommandRefused
from node.model.names import Department, Division, Topic
from node.model.values import EventRef, GrantEndedValue, GrantValue, Kind, Level, SchemaValue

A, B, C = Division("440000"), Division("445100"), Division("445102")
BILLS = Topic("445102.tax.bills")
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
LEVELS: dict[Division, Level] = {A: "province", B: "city", C: "county"}


def division(code: Division, parent: Division | None, **fields: str) -> AddDivision:
    """Add a division."""
    return AddDivision(code=code, name=fields.pop("name", code), level=LEVELS.get(code, "county"), parent=parent, **fields)


def department(name: str) -> AddDepartment:
    """Add a department."""
    return AddDepartment(department=Department(name), name=name)


def catalogue(name: Topic = BILLS) -> ApplyCatalogue:
    """Describe one resource."""
    fields = [{"name": "sum", "type": "long"}, {"name": "payer", "type": "string"}]
    schema: dict[str, object] = {"type": "record", "name": "Bill", "fields": fields}
    return ApplyCatalogue(resources=(CatalogueItem(name=name, title="账单", kind=Kind.FACTS, schema=schema, partitions=1),))


def grant(taker: str, resource: Topic = BILLS, **parts: Any) -> GiveGrant:
    """Give a grant, of the whole resource unless parts of it are named."""
    return GiveGrant(resource=resource, taker=Department(taker), purpose="核对", **parts)


def carry_out(book: Book, author: Division, command: Command) -> list[EventRef]:
    """Decide and fold; all that a node says of its own must move its book."""
    said = decide(command, book, author, AT)
    for event in said:
        outcome = book.fold(author, encode(event))
        assert isinstance(outcome, Folded)
        assert outcome.events == (event,)
        assert not outcome.refused
    return [event.ref for event in said]


@pytest.fixture
def book() -> Book:
    """A province, a city and a district with departments, and one resource of the district."""
    book = Book()
    for author, command in (
        (A, division(A, None)),
        (A, division(B, A)),
        (B, division(C, B)),
        (A, department("440000.tax")),
        (C, department("445102.tax")),
        (C, catalogue()),
    ):
        assert carry_out(book, author, command)
    return book


@pytest.mark.parametrize(
    ("author", "command"),
    [(A, division(A, None)), (A, division(B, A)), (B, division(C, B)), (C, department("445102.tax")), (C, catalogue())],
)
def test_what_holds_already_is_not_said_again(book: Book, author: Division, command: Command) -> None:
    """The same command again gives no event."""
    assert decide(command, book, author, AT) == []


def test_a_childs_event_answers_the_one_that_made_its_parent_a_child(book: Book) -> None:
    """So readers get the logs from the root downwards; the root's own events answer nobody."""
    (event,) = decide(division(Division("445103"), B), book, B, AT)
    assert event.answers == (A, 2)
    (event,) = decide(division(Division("440100"), A), book, A, AT)
    assert event.answers is None


def test_details_change_by_saying_them(book: Book) -> None:
    """A division's and a department's new name is one event each."""
    assert len(carry_out(book, B, division(C, B, name="湘桥区", valid_from="2026-01-01"))) == 1
    assert book.tree.divisions[C].name == "湘桥区"
    assert len(carry_out(book, C, AddDepartment(department=Department("445102.tax"), name="税务局"))) == 1


def test_a_root_of_its_own_may_come_below_its_parent(book: Book) -> None:
    """A district that began alone is added by its city, which it then stands below."""
    alone = Division("445122")
    carry_out(book, alone, division(alone, None))
    carry_out(book, B, division(alone, B))
    assert book.tree.parent(alone) == B


def test_a_grant_answers_the_takers_department(book: Book) -> None:
    """A reader waits for the department of another node; one's own comes before in the same log."""
    (event,) = decide(grant("440000.tax"), book, C, AT)
    assert event.answers == (A, 3)
    (event,) = decide(grant("445102.tax"), book, C, AT)
    assert event.answers is None


def test_the_same_active_grant_is_given_once(book: Book) -> None:
    """Again is nothing; with another term it is another grant; after its end it is given anew."""
    (given,) = carry_out(book, C, grant("440000.tax"))
    assert carry_out(book, C, grant("440000.tax")) == []
    assert len(carry_out(book, C, grant("440000.tax", until="2026-11-22"))) == 1
    carry_out(book, C, EndGrant(grant=given))
    assert len(carry_out(book, C, grant("440000.tax"))) == 1


def test_a_grant_of_less_comes_after_the_schema_of_its_view(book: Book) -> None:
    """Whoever folds the grant can read what it lets move; the schema is said once, also for another grant of the same fields."""
    said = decide(grant("440000.tax", fields=("sum",)), book, C, AT)
    assert [event.kind for event in said] == ["schema", "grant"]
    assert [event.answers for event in said] == [None, (A, 3)]
    (schema, given) = (event.body for event in said)
    assert isinstance(schema, SchemaValue)
    assert [field["name"] for field in json.loads(schema.schema)["fields"]] == ["sum"]
    assert isinstance(given, GrantValue)
    assert given.fields == ("sum",)
    carry_out(book, C, grant("440000.tax", fields=("sum",)))
    assert decide(grant("440000.tax", fields=("sum",)), book, C, AT) == []
    assert [event.kind for event in decide(grant("445102.tax", fields=("sum",), rows="sum > 3"), book, C, AT)] == ["grant"]
    assert [event.kind for event in decide(grant("445102.tax", history="from-now"), book, C, AT)] == ["grant"]


def test_a_bad_selection_is_told_with_its_place(book: Book) -> None:
    """The column of the expression, or the path; and where the fields are to be seen."""
    for parts, place in (({"rows": "sum > 3 && 'x' == sum"}, "rows: column"), ({"masks": {"sum": "year"}}, "masks: sum")):
        with pytest.raises(CommandRefused, match=place) as refused:
            decide(grant("440000.tax", **parts), book, C, AT)
        assert "catalogue show 445102.tax.bills" in refused.value.en
        assert place in refused.value.zh


def test_grants_end_by_event_or_by_pair(book: Book) -> None:
    """By the pair, all that the taker holds on the resource ends; ending again says nothing."""
    first, second, other = (
        carry_out(book, C, command)[0] for command in (grant("440000.tax"), grant("440000.tax", until="2026-12-01"), grant("445102.tax"))
    )
    by_pair = EndGrant(resource=BILLS, taker=Department("440000.tax"), reason="期满")
    assert [event.body for event in decide(by_pair, book, C, AT)] == [GrantEndedValue(grant=ref, reason="期满") for ref in (first, second)]
    carry_out(book, C, EndGrant(grant=first))
    assert decide(EndGrant(grant=first), book, C, AT) == []
    assert [event.body for event in decide(by_pair, book, C, AT)] == [GrantEndedValue(grant=second, reason="期满")]
    carry_out(book, C, by_pair)
    assert decide(by_pair, book, C, AT) == []
    assert not book.grants[other].ended


@pytest.mark.parametrize(
    ("author", "command", "code"),
    [
        (A, division(Division("44"), A), "bad-name"),
        (A, division(Division("440100"), A, name=" "), "empty"),
        (A, division(Division("440100"), A, valid_from="x"), "bad-day"),
        (A, division(Division("440100"), A, valid_to="x"), "bad-day"),
        (A, division(Division("440100"), A, successor="x"), "bad-name"),
        (A, division(Division("440100"), None), "not-own-child"),
        (A, division(Division("445103"), B), "not-own-child"),
        (A, division(C, A), "division-elsewhere"),
        (C, division(B, C), "division-elsewhere"),
        (C, division(A, C), "division-elsewhere"),
        (B, division(B, A), "not-the-root"),
        (B, division(B, None), "not-the-root"),
        (Division("110000"), division(Division("110100"), Division("110000")), "not-in-tree"),
        (C, department("445102"), "bad-name"),
        (C, department("445100.tax"), "not-own-department"),
        (C, AddDepartment(department=Department("445102.x"), name=""), "empty"),
        (C, GiveGrant(resource=BILLS, taker=Department("440000.tax"), purpose=""), "empty"),
        (C, grant("440000.tax", resource=Topic("445102.tax")), "bad-name"),
        (C, grant("440000"), "bad-name"),
        (C, grant("440000.tax", until="x"), "bad-day"),
        (C, grant("440000.tax", until="2026-11-21"), "past"),
        (C, grant("440000.tax", fields=("none",)), "bad-selection"),
        (C, grant("440000.tax", fields=()), "bad-selection"),
        (C, grant("440000.tax", fields=("sum",) * 1025), "bad-selection"),
        (C, grant("440000.tax", rows="sum > 'x'"), "bad-selection"),
        (C, grant("440000.tax", rows="sum > 5 && sum < 3"), "bad-selection"),
        (C, grant("440000.tax", masks={"sum": "keep-first:1"}), "bad-selection"),
        (C, grant("440000.tax", masks={"sum": "newer"}), "bad-selection"),
        (A, grant("440000.tax"), "not-own-resource"),
        (C, grant("440000.tax", resource=Topic("445102.tax.debts")), "no-such-resource"),
        (C, grant("440000.police"), "no-such-taker"),
        (C, EndGrant(), "malformed"),
        (C, EndGrant(resource=BILLS), "malformed"),
        (C, EndGrant(grant=(C, 3), resource=BILLS, taker=Department("440000.tax")), "malformed"),
        (C, EndGrant(grant=(C, 3)), "no-such-grant"),
        (C, EndGrant(resource=BILLS, taker=Department("440000.tax")), "no-such-grant"),
        (C, catalogue(Topic("445100.tax.bills")), "not-own-resource"),
    ],
)
def test_a_refusal_says_why_in_both_languages(book: Book, author: Division, command: Command, code: str) -> None:
    """What may not be said is refused with its code, in English and Chinese, and the book is untouched."""
    tail = book.tail(author)
    with pytest.raises(CommandRefused) as refused:
        decide(command, book, author, AT)
    assert refused.value.code == code
    assert refused.value.en.isascii()
    assert any("\u4e00" <= letter <= "\u9fff" for letter in refused.value.zh)
    assert book.tail(author) == tail


def test_only_the_owner_ends_a_grant(book: Book) -> None:
    """A taker is told whose grant it is."""
    (given,) = carry_out(book, C, grant("440000.tax"))
    with pytest.raises(CommandRefused) as refused:
        decide(EndGrant(grant=given), book, A, AT)
    assert refused.value.code == "not-own-grant"


def test_the_term_is_judged_by_the_day_in_shanghai(book: Book) -> None:
    """At 16:00 UTC the next day has begun, and a term that ended with the last one is past."""
    ask = grant("440000.tax", until="2026-11-22")
    assert decide(ask, book, C, datetime(2026, 11, 22, 15, 59, tzinfo=UTC))
    with pytest.raises(CommandRefused):
        decide(ask, book, C, datetime(2026, 11, 22, 16, 0, tzinfo=UTC))


def test_nothing_is_said_while_the_own_log_waits_or_is_broken(book: Book) -> None:
    """A node that is still reading itself, or whose log is damaged, would decide on half a book."""
    (event,) = decide(grant("440000.tax"), book, C, AT)
    again = Book()
    for said in decide(division(A, None), again, A, AT):
        again.fold(A, encode(said))
    carry_out(again, C, department("445102.tax"))
    carry_out(again, C, catalogue())
    again.fold(C, encode(event))
    for command in (department("445102.police"), grant("445102.tax")):
        with pytest.raises(CommandRefused) as refused:
            decide(command, again, C, AT)
        assert refused.value.code == "log-behind"
    again.fold(C, b"")
    with pytest.raises(CommandRefused) as refused:
        decide(department("445102.police"), again, C, AT)
    assert refused.value.code == "log-broken"
