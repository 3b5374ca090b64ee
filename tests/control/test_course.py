"""Answers for node/control/course.py."""

from datetime import UTC, date, datetime, timedelta

import pytest

from node.control.book import Book
from node.control.calendar import Calendar
from node.control.commands import (
    AmendRequest,
    ConsentExtension,
    ExtendRequest,
    FileEnd,
    ResumeGrant,
    SeeGrant,
    SuspendGrant,
    WithdrawRequest,
)
from node.control.course import Sought, Standing, search, standing
from node.model.values import RULE, EventRef
from tests.control.acting import CITY, DISTRICT, NODES, PROVINCE, Nodes, actor, answered, approved, asked, bills, department, settled

CALENDAR = Calendar(years=frozenset({2026, 2027}), holidays=frozenset({date(2026, 11, 27)}))
"""Saturdays and Sundays are off, and one Friday. The nodes act on Sunday, 22 November 2026."""
MONDAY = datetime(2026, 11, 23, 4, tzinfo=UTC)
OWNER, ASKER = department(DISTRICT, "tax"), department(CITY)


def at(book: Book, ref: EventRef, now: datetime = MONDAY) -> Standing:
    """Where a request stands."""
    return standing(book.requests[ref], book, CALENDAR, now)


def waiting(nodes: Nodes, owner: str = DISTRICT) -> EventRef:
    """A request of the city's police, approved and known everywhere."""
    (ref,) = nodes.carry_out(CITY, asked(CITY, owner))  # type: ignore[arg-type]  # a division
    nodes.carry_out(CITY, approved(ref))
    nodes.bring_all()
    return ref


def granted(nodes: Nodes) -> tuple[EventRef, EventRef]:
    """A request that was consented to, and its grant."""
    ref = waiting(nodes)
    nodes.carry_out(DISTRICT, answered(ref, DISTRICT))
    nodes.bring_all()
    grant = nodes.books[DISTRICT].requests[ref].grant
    assert grant is not None
    return ref, grant


def test_before_a_head_has_approved_no_term_runs() -> None:
    """It has its path and what may be done with it."""
    nodes = settled()
    (ref,) = nodes.carry_out(CITY, asked(CITY, DISTRICT))
    found = at(nodes.books[CITY], ref)
    assert (found.state, found.clock, found.clock_problem) == ("draft", None, None)
    assert found.allowed == ("amend", "approve", "withdraw")
    assert found.path == (DISTRICT, CITY)


@pytest.mark.parametrize(
    ("owner", "kind", "due"), [(PROVINCE, "answer-unconditional", date(2026, 11, 23)), (DISTRICT, "answer-conditional", date(2026, 12, 7))]
)
def test_the_term_of_the_answer_is_that_of_the_sharing_type(owner: str, kind: str, due: date) -> None:
    """One working day or ten after the approval: Sunday does not count, nor does the Friday off."""
    nodes = settled()
    ref = waiting(nodes, owner)
    for node in NODES:
        clock = at(nodes.books[node], ref).clock
        assert clock is not None
        assert (clock.kind, clock.due, clock.ended) == (kind, due, None)


def test_an_extension_counts_when_it_is_consented_to_and_for_that_version_alone() -> None:
    """Days that were only asked for change nothing; a version that is approved later has a term of its own."""
    nodes = settled()
    ref = waiting(nodes)

    def due() -> date:
        clock = at(nodes.books[CITY], ref).clock
        assert clock is not None
        return clock.due

    assert at(nodes.books[CITY], ref).allowed == ("amend", "withdraw", "answer", "extend")
    nodes.carry_out(DISTRICT, ExtendRequest(by=actor("head", OWNER), request=ref, days=3, reason="需会商"))
    nodes.bring_all()
    assert due() == date(2026, 12, 7)
    assert at(nodes.books[CITY], ref).allowed == ("amend", "withdraw", "answer", "consent")
    nodes.carry_out(CITY, ConsentExtension(by=actor("head", ASKER), request=ref))
    assert due() == date(2026, 12, 10)
    assert at(nodes.books[CITY], ref).allowed == ("amend", "withdraw", "answer")
    nodes.carry_out(CITY, AmendRequest(by=actor("steward", ASKER), request=ref, basis="依据", purpose="另行核对"))
    nodes.carry_out(CITY, approved(ref, 2))
    assert due() == date(2026, 12, 7)


def test_telling_what_is_missing_ends_the_term_and_a_refusal_too() -> None:
    """In time both, and the next version's starts with its approval."""
    nodes = settled()
    ref = waiting(nodes)
    nodes.carry_out(DISTRICT, answered(ref, DISTRICT, "incomplete", missing=("依据的条款", "期限")))
    nodes.bring_all()
    told = at(nodes.books[CITY], ref)
    assert told.clock is not None
    assert (told.state, told.clock.state, told.course[-1].missing) == ("incomplete", "met", ("依据的条款", "期限"))
    nodes.carry_out(CITY, AmendRequest(by=actor("steward", ASKER), request=ref, basis="依据第三条", purpose="核对"))
    assert at(nodes.books[CITY], ref).clock is None
    nodes.carry_out(CITY, approved(ref, 2))
    nodes.bring_all()
    nodes.carry_out(DISTRICT, answered(ref, DISTRICT, "refuse", 2, reason="超出职责"))
    refused = at(nodes.books[DISTRICT], ref, MONDAY + timedelta(days=90))
    assert refused.clock is not None
    assert (refused.state, refused.clock.state, refused.value.basis) == ("answered-refused", "met", "依据第三条")


def test_after_consent_the_clock_is_that_of_the_data() -> None:
    """Twenty working days, until the taker's node says that it flows; a grant that ends before has none."""
    nodes = settled()
    ref, grant = granted(nodes)
    book = nodes.books[CITY]
    late = MONDAY + timedelta(days=60)
    clock, overdue = at(book, ref).clock, at(book, ref, late).clock
    assert clock is not None
    assert overdue is not None
    assert (clock.kind, clock.due, overdue.state) == ("flow", date(2026, 12, 21), "overdue")
    nodes.carry_out(CITY, SeeGrant(by=RULE, grant=grant, seen=grant, state="flowing"))
    flowing = at(book, ref, late)
    assert flowing.clock is not None
    assert flowing.clock.state == "met"
    nodes.carry_out(CITY, SeeGrant(by=RULE, grant=grant, seen=grant, state="suspended"))
    assert at(book, ref, late).clock == flowing.clock


def test_nothing_is_awaited_of_what_is_withdrawn() -> None:
    """No clock, and the course says by whom."""
    nodes = settled()
    ref = waiting(nodes)
    nodes.carry_out(CITY, WithdrawRequest(by=actor("steward", ASKER, "王芳"), request=ref, reason="不再需要"))
    found = at(nodes.books[CITY], ref)
    assert (found.state, found.clock, found.allowed) == ("withdrawn", None, ())
    last = found.course[-1]
    assert last.by is not None
    assert (last.kind, last.reason, last.by.name) == ("request-withdrawn", "不再需要", "王芳")


def test_a_course_has_all_that_was_said_on_both_sides_in_order() -> None:
    """From the request over consent and grant to what was done with that; each step with its moment."""
    nodes = settled()
    ref, grant = granted(nodes)
    nodes.carry_out(DISTRICT, SuspendGrant(by=actor("authority"), grant=grant, reason="超范围使用"))
    nodes.carry_out(DISTRICT, ResumeGrant(by=actor("authority"), grant=grant))
    nodes.carry_out(DISTRICT, FileEnd(by=actor("steward", OWNER), grant=grant, reason="系统停用"))
    nodes.bring_all()
    courses = [at(nodes.books[node], ref).course for node in NODES]
    assert courses[0] == courses[1] == courses[2]
    assert [step.kind for step in courses[0]] == [
        *("request", "request-approved", "request-answered", "grant", "grant-suspended", "grant-resumed", "end-filed")
    ]
    assert sorted(step.at for step in courses[0]) == [step.at for step in courses[0]]
    first, _approval, answer, given, suspended, *_rest = courses[0]
    assert first.asks is not None
    assert (first.version, first.asks.purpose, answer.consents, suspended.reason) == (1, "核对", True, "超范围使用")
    assert (given.event, given.by) == (grant, answer.by)


def test_a_year_without_a_calendar_is_told_and_hides_nothing_else() -> None:
    """The problem names the year, in both languages; state and course are there."""
    nodes = settled()
    ref = waiting(nodes)
    book = nodes.books[CITY]
    found = standing(book.requests[ref], book, Calendar(), MONDAY)
    assert found.clock is None
    assert found.clock_problem is not None
    assert "2026" in found.clock_problem.en
    assert "2026" in found.clock_problem.zh
    assert found.state == "waiting"


def test_what_is_due_comes_first() -> None:
    """The soonest before all; then what waits for its asker, and at last what is done. Each filter holds."""
    nodes = settled()
    done = waiting(nodes)
    nodes.carry_out(DISTRICT, answered(done, DISTRICT, "refuse", reason="超出职责"))
    later = nodes.carry_out(CITY, asked(CITY, DISTRICT, purpose="二"))[0]
    nodes.carry_out(CITY, approved(later))
    draft = nodes.carry_out(CITY, asked(CITY, DISTRICT, purpose="三"))[0]
    soon = nodes.carry_out(CITY, asked(CITY, PROVINCE, purpose="四"))[0]
    nodes.carry_out(CITY, approved(soon))
    nodes.bring_all()

    def found(**sought: str) -> list[EventRef]:
        return [one.request for one in search(Sought(**sought), nodes.books[CITY], CALENDAR, MONDAY)]  # type: ignore[arg-type]  # as named

    assert found() == [soon, later, draft, done]
    assert found(state="waiting") == [soon, later]
    assert found(resource=bills(PROVINCE)) == [soon]
    assert found(department=OWNER) == [later, draft, done]
    assert found(department=ASKER, state="draft") == [draft]
    assert found(department="445100.tax") == []
    assert [one.request for one in search(Sought(), nodes.books[CITY], CALENDAR, MONDAY, most=2)] == [soon, later]
