"""Answers for node/control/decide.py."""

import sys
from datetime import UTC, datetime

import pytest

from node.control.book import Book, Folded
from node.control.commands import AddDepartment, AddDivision, ApplyCatalogue, CatalogueItem, Command
from node.control.decide import decide
from node.control.events import encode
from node.errors import CommandRefused
from node.model.names import Department, Division, Topic
from node.model.values import EventRef, Kind, Level
from tests.granting import ask, consent, wanted

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


def test_the_term_is_judged_by_the_day_in_shanghai(book: Book) -> None:
    """At 16:00 UTC the next day has begun, and a term that ended with the last one is past."""
    ask = wanted(BILLS, "440000.tax", until="2026-11-22")
    assert decide(ask, book, A, datetime(2026, 11, 22, 15, 59, tzinfo=UTC))
    with pytest.raises(CommandRefused):
        decide(ask, book, A, datetime(2026, 11, 22, 16, 0, tzinfo=UTC))


def test_nothing_is_said_while_the_own_log_waits_or_is_broken(book: Book) -> None:
    """A node that is still reading itself, or whose log is damaged, would decide on half a book."""
    asked = wanted(BILLS, "440000.tax")
    consented = consent(asked, ask(lambda author, command: carry_out(book, author, command)[-1], asked))
    event, _grant = decide(consented, book, C, AT)
    again = Book()
    for said in decide(division(A, None), again, A, AT):
        again.fold(A, encode(said))
    carry_out(again, C, department("445102.tax"))
    carry_out(again, C, catalogue())
    again.fold(C, encode(event))
    for command in (department("445102.police"), consented):
        with pytest.raises(CommandRefused) as refused:
            decide(command, again, C, AT)
        assert refused.value.code == "log-behind"
    again.fold(C, b"")
    with pytest.raises(CommandRefused) as refused:
        decide(department("445102.police"), again, C, AT)
    assert refused.value.code == "log-broken"


@pytest.mark.parametrize("bound", ["CONTROL_RUN_EVENTS_MAX", "CONTROL_RUN_BYTES_MAX"])
def test_a_command_says_no_more_than_one_signature_covers(book: Book, monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    """Readers hold a run until its signature comes, and hold so much at most."""
    monkeypatch.setattr(sys.modules[decide.__module__], bound, 0)  # the package has the function under the module's name
    with pytest.raises(CommandRefused, match="in parts") as refused:
        decide(catalogue(Topic("445102.tax.more")), book, C, AT)
    assert refused.value.code == "too-large"
