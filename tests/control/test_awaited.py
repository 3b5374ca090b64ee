"""What is awaited of a node by law, and which of it is pressing."""

from datetime import UTC, date, datetime, timedelta

import pytest

from node.control.awaited import awaited, item_clocks, key, pressing, seconds_left
from node.control.book import Book
from node.control.calendar import Calendar
from node.control.commands import WithdrawRequest
from node.errors import CalendarError
from node.model.names import Division
from tests.control.acting import CITY, DISTRICT, Nodes, actor, answered, approved, asked, bills, department, settled
from tests.control.offers import NAME
from tests.control.test_course import CALENDAR, MONDAY, waiting
from tests.control.test_items import CHANGED, CONSENT, EXTEND, HERE, PASS, PUBLISH, RETURN, SUBMIT, WITHDRAW, World, draft, published

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
DUE = datetime(2026, 12, 7, 16, tzinfo=UTC)
"""The midnight at which the answer to what was approved on 22 November 2026 is too late."""


def clocks(world: World, now: datetime = MONDAY) -> list[tuple[str, date, str]]:
    """The clocks that run on the item: kind, due day and state."""
    return [(clock.kind, clock.due, clock.state) for clock in item_clocks(world.book.items[NAME], CALENDAR, now)]


def acts(nodes: Nodes, now: datetime, since: datetime = LONG_AGO, here: Division = DISTRICT) -> list[tuple[str, str]]:
    """What presses on a node: the act, and the due day."""
    return [(one.act, one.subject["due"]) for one in pressing(nodes.books[DISTRICT], here, CALENDAR, since, now)]


def test_decree_809_the_review_runs_from_the_submission_until_the_authority_has_looked() -> None:
    """Decree 809: 2 working days; whatever the review says ends it, and so do a new content and a withdrawal."""
    world, review = World(), ("item-review", date(2026, 11, 24), "soon")
    world.tell(draft())
    assert clocks(world) == []
    world.tell(SUBMIT)
    assert clocks(world) == [review]
    for command in (RETURN, draft(grade="general-3")):
        world.tell(command)
        assert clocks(world) == []
    world.tell_all(SUBMIT, PASS, PUBLISH)
    assert clocks(world) == []
    world.tell(draft(version=2))
    world.tell(SUBMIT)
    assert clocks(world) == [review]
    world.tell(WITHDRAW)
    assert clocks(world) == []


def test_decree_809_the_update_runs_from_the_day_of_the_change_until_it_is_published() -> None:
    """Decree 809: 10 working days, whatever comes between, and 5 more only when the authority has consented; the review runs beside it."""
    world = published(World())
    for command in (CHANGED, EXTEND):
        world.tell(command)
        assert clocks(world) == [("item-update", date(2026, 12, 7), "running")]
    world.tell(CONSENT)
    assert clocks(world) == [("item-update", date(2026, 12, 14), "running")]
    world.tell(SUBMIT)
    assert [kind for kind, _due, _state in clocks(world)] == ["item-review", "item-update"]
    assert [kind for kind, _due, _state in clocks(world, MONDAY + timedelta(days=90))] == ["item-review", "item-update"]
    world.tell(PASS)
    assert clocks(world, datetime(2026, 12, 15, tzinfo=UTC)) == [("item-update", date(2026, 12, 14), "overdue")]
    world.tell(PUBLISH)
    assert clocks(world) == []


def test_a_change_of_long_ago_is_due_before_its_review() -> None:
    """What is due first stands first, whichever it is."""
    world = published(World())
    world.tell_all(draft(version=2, changed="2026-10-01"), SUBMIT)
    assert [(kind, state) for kind, _due, state in clocks(world)] == [("item-update", "overdue"), ("item-review", "soon")]


def test_a_year_without_a_calendar_is_raised_for_one_item_and_hides_no_other_clock() -> None:
    """Whoever looks at the item is told; in what is awaited of the node it is left out."""
    world = published(World())
    world.tell_all(draft(version=2, changed="1999-12-31"), SUBMIT)
    known = Calendar(years=frozenset({2026}))
    with pytest.raises(CalendarError, match="2000"):
        item_clocks(world.book.items[NAME], known, MONDAY)
    assert awaited(world.book, HERE, known, MONDAY) == []
    nodes = settled()
    waiting(nodes)
    assert len(awaited(nodes.books[DISTRICT], DISTRICT, known, MONDAY)) == 1
    lacking: list[CalendarError] = []
    assert awaited(nodes.books[DISTRICT], DISTRICT, Calendar(), MONDAY, lacking) == []
    assert [error.year for error in lacking] == [2026], "what cannot be told is not nothing"
    assert seconds_left(nodes.books[DISTRICT], DISTRICT, Calendar(), MONDAY)[1][0].year == 2026


def left(book: Book, here: Division, now: datetime) -> dict[tuple[str, str], float]:
    """The seconds left where the calendar lacks nothing."""
    least, lacking = seconds_left(book, here, CALENDAR, now)
    assert lacking == []
    return least


def test_the_seconds_left_are_of_items_too() -> None:
    """Of the node's own alone, each kind by itself."""
    world = published(World())
    world.tell_all(CHANGED, SUBMIT)
    review, update = (datetime(2026, 11, 24, 16, tzinfo=UTC) - MONDAY, datetime(2026, 12, 7, 16, tzinfo=UTC) - MONDAY)
    assert left(world.book, HERE, MONDAY) == {
        ("item-review", "soon"): review.total_seconds(),
        ("item-update", "running"): update.total_seconds(),
    }
    assert left(world.book, CITY, MONDAY) == {}


def test_what_presses_is_told_by_names_and_numbers() -> None:
    """Kind, what, when it began, until when, and by which article; no free text."""
    nodes = settled()
    ref = waiting(nodes)
    (one,) = pressing(nodes.books[DISTRICT], DISTRICT, CALENDAR, LONG_AGO, DUE)
    assert one.act == "clock-overdue"
    assert one.subject == {
        "kind": "answer-conditional",
        "request": f"{ref[0]}/{ref[1]}",
        "resource": bills(DISTRICT),
        "started": nodes.books[DISTRICT].requests[ref].approvals[1].at,
        "due": "2026-12-07",
        "article": "Decree 809",
    }
    world = World()
    world.tell_all(draft(), SUBMIT)
    (item,) = pressing(world.book, HERE, CALENDAR, LONG_AGO, MONDAY)
    assert (item.act, item.subject["item"], item.subject["kind"]) == ("clock-soon", NAME, "item-review")


def test_a_clock_presses_from_two_working_days_before_its_end() -> None:
    """Before that it does not, nor on a node that has not to meet it; overdue, it does for as long as is looked back."""
    nodes = settled()
    waiting(nodes)
    soon = datetime(2026, 12, 2, 16, tzinfo=UTC)
    assert acts(nodes, soon - timedelta(microseconds=1)) == []
    assert acts(nodes, soon) == [("clock-soon", "2026-12-07")] == acts(nodes, DUE - timedelta(microseconds=1))
    assert acts(nodes, DUE) == [("clock-overdue", "2026-12-07")] == acts(nodes, DUE + timedelta(days=300), since=DUE)
    assert acts(nodes, DUE + timedelta(days=300), since=DUE + timedelta(microseconds=1)) == []
    assert acts(nodes, DUE, here=CITY) == []


def test_what_is_due_first_presses_first() -> None:
    """However it came into the book."""
    nodes = settled()
    nodes.at = MONDAY + timedelta(days=2)
    waiting(nodes)
    nodes.at = MONDAY
    waiting_since_monday = nodes.carry_out(CITY, asked(CITY, DISTRICT, purpose="二"))[0]
    nodes.carry_out(CITY, approved(waiting_since_monday))
    nodes.bring_all()
    assert [due for _act, due in acts(nodes, MONDAY + timedelta(days=30))] == ["2026-12-08", "2026-12-10"]


@pytest.mark.parametrize("what", ["withdrawn", "answered"])
def test_what_is_withdrawn_or_met_presses_no_more(what: str) -> None:
    """Nothing is said of it, late as it is."""
    nodes = settled()
    ref = waiting(nodes)
    if what == "withdrawn":
        nodes.carry_out(CITY, WithdrawRequest(by=actor("steward", department(CITY)), request=ref))
    else:
        nodes.carry_out(DISTRICT, answered(ref, DISTRICT, "refuse", reason="超出职责"))
    nodes.bring_all()
    assert acts(nodes, DUE) == []


def test_what_is_extended_presses_anew_with_its_new_end() -> None:
    """As another clock: what was said of the first end is not said of the second."""
    world, now = published(World()), datetime(2026, 12, 6, tzinfo=UTC)
    world.tell_all(CHANGED, EXTEND)
    (before,) = pressing(world.book, HERE, CALENDAR, LONG_AGO, now)
    world.tell(CONSENT)
    assert pressing(world.book, HERE, CALENDAR, LONG_AGO, now) == []
    (after,) = pressing(world.book, HERE, CALENDAR, LONG_AGO, now + timedelta(days=7))
    assert (before.act, before.subject["due"], after.act, after.subject["due"]) == ("clock-soon", "2026-12-07", "clock-soon", "2026-12-14")
    assert key(before.act, before.subject) != key(after.act, after.subject)


def test_a_clock_is_known_again_by_its_key_alone() -> None:
    """Each state of it has a key; that the article is told otherwise by another version makes no other clock of it."""
    nodes = settled()
    first, second = waiting(nodes), nodes.carry_out(CITY, asked(CITY, DISTRICT, purpose="二"))[0]
    nodes.carry_out(CITY, approved(second))
    nodes.bring_all()
    at = {now: pressing(nodes.books[DISTRICT], DISTRICT, CALENDAR, LONG_AGO, now) for now in (DUE - timedelta(hours=1), DUE)}
    keys = {key(one.act, one.subject) for found in at.values() for one in found}
    assert len(keys) == 4
    (one, _other) = at[DUE]
    assert key(one.act, one.subject | {"article": "Decree 809 Art. 22"}) == key(one.act, one.subject)
    assert first != second


def test_the_seconds_left_are_those_of_the_first_that_is_due_of_ones_own() -> None:
    """By kind and state; a clock is over at the midnight in Shanghai after its due day, and negative from then on."""
    nodes = settled()
    book = nodes.books[DISTRICT]
    waiting(nodes)
    midnight = datetime(2026, 12, 7, 16, tzinfo=UTC)
    for now, state in ((MONDAY, "running"), (midnight - timedelta(hours=1), "soon"), (midnight + timedelta(hours=2), "overdue")):
        assert left(book, DISTRICT, now) == {("answer-conditional", state): (midnight - now).total_seconds()}
        assert left(book, CITY, now) == {}
    nodes.at = MONDAY
    (second,) = nodes.carry_out(CITY, asked(CITY, DISTRICT, purpose="二"))
    nodes.carry_out(CITY, approved(second))
    nodes.bring_all()
    assert left(book, DISTRICT, MONDAY) == {("answer-conditional", "running"): (midnight - MONDAY).total_seconds()}
    nodes.carry_out(DISTRICT, answered(second, DISTRICT))
    assert left(book, DISTRICT, MONDAY).keys() == {("answer-conditional", "running"), ("flow", "running")}
