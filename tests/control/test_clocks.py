"""The legal clocks of State Council Decree 809, each by its rule, and all of them against a slow count by the published notices."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.control.calendar import Calendar, official
from node.control.clocks import (
    RULES,
    Clock,
    Kind,
    due,
    flow_clock,
    item_review_clock,
    item_update_clock,
    request_clock,
    verification_clock,
)
from node.errors import CalendarError
from tests.control.notices import in_shanghai, worked_after

MOMENTS = st.datetimes(
    datetime(2025, 1, 2),  # noqa: DTZ001  # the zone is drawn beside it
    datetime(2026, 11, 20),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-11)), timezone(timedelta(hours=14))]),
)
TERMS = st.integers(1, 25)


def at(text: str) -> datetime:
    """Return a moment in Shanghai, as `2026-09-18 17:00`."""
    return datetime.fromisoformat(text + "+08:00")


def made(kind: Kind, started: datetime, ended: datetime | None, now: datetime, more: int = 0) -> Clock:
    """Return a clock of any kind, by its own function."""
    calendar = official()
    match kind:
        case "item-update":
            return item_update_clock(changed_at=started, extended=more > 0, updated_at=ended, now=now, calendar=calendar)
        case "item-review":
            return item_review_clock(submitted_at=started, reviewed_at=ended, now=now, calendar=calendar)
        case "flow":
            return flow_clock(consented_at=started, flowing_at=ended, now=now, calendar=calendar)
        case "verification":
            return verification_clock(received_at=started, answered_at=ended, now=now, calendar=calendar)
    return request_clock(
        unconditional=kind == "answer-unconditional",
        approved_at=started,
        extended_days=more,
        answered_at=ended,
        now=now,
        calendar=calendar,
    )


def test_decree_809_unconditional_request_is_answered_within_one_working_day() -> None:
    """Decree 809: data shared unconditionally. Friday's request is due on Sunday, which is worked for National Day."""
    clock = made("answer-unconditional", at("2026-09-18 09:00"), None, at("2026-09-18 10:00"))
    assert clock == Clock(
        kind="answer-unconditional",
        article="Decree 809",
        started=at("2026-09-18 09:00"),
        due=date(2026, 9, 20),
        left_working_days=1,
        state="soon",
    )


def test_decree_809_conditional_request_is_answered_within_ten_working_days() -> None:
    """Decree 809: data shared conditionally, over Mid-Autumn Festival, National Day and the Saturday worked for it."""
    clock = made("answer-conditional", at("2026-09-21 09:00"), None, at("2026-09-22 09:00"))
    assert (clock.due, clock.left_working_days, clock.state) == (date(2026, 10, 12), 9, "running")


def test_decree_809_conditional_answer_is_extended_by_at_most_ten_working_days() -> None:
    """Decree 809: once, with consent and notice; the days are added to the term, not to the day on which they were asked for."""
    assert made("answer-conditional", at("2026-09-21 09:00"), None, at("2026-09-22 09:00"), more=4).due == date(2026, 10, 16)
    assert made("answer-conditional", at("2026-09-21 09:00"), None, at("2026-09-22 09:00"), more=10).due == date(2026, 10, 26)
    for days in (-1, 11):
        with pytest.raises(AssertionError):
            made("answer-conditional", at("2026-09-21 09:00"), None, at("2026-09-22 09:00"), more=days)


def test_decree_809_unconditional_answer_is_not_extended() -> None:
    """Decree 809 allows it for conditional data alone: an extension that was said all the same moves nothing."""
    assert made("answer-unconditional", at("2026-09-21 09:00"), None, at("2026-09-21 10:00"), more=10).due == date(2026, 9, 22)


def test_decree_809_data_flows_within_twenty_working_days_after_consent() -> None:
    """Decree 809: from the owner's consent to records at the taker, over Spring Festival and both days worked for it."""
    clock = made("flow", at("2026-02-09 15:00"), at("2026-03-13 15:00"), at("2026-07-01 00:00"))
    assert (clock.due, clock.left_working_days, clock.state, clock.ended) == (date(2026, 3, 13), 0, "met", at("2026-03-13 15:00"))


def test_decree_809_item_is_updated_within_ten_working_days_of_a_change() -> None:
    """Decree 809: and once, with the authority's consent, within five more."""
    late = at("2025-10-22 09:00")
    assert made("item-update", at("2025-09-26 09:00"), late, late).state == "missed"
    assert made("item-update", at("2025-09-26 09:00"), late, late).due == date(2025, 10, 16)
    assert made("item-update", at("2025-09-26 09:00"), late, late, more=5).due == date(2025, 10, 23)
    assert made("item-update", at("2025-09-26 09:00"), late, late, more=5).state == "met"


def test_decree_809_authority_reviews_an_item_within_two_working_days() -> None:
    """Decree 809: what is submitted before Labour Day is due after it, or on the Sunday worked for it."""
    assert made("item-review", at("2026-04-30 09:00"), None, at("2026-04-30 09:00")).due == date(2026, 5, 7)
    assert made("item-review", at("2025-04-25 09:00"), None, at("2025-04-25 09:00")).due == date(2025, 4, 28)


def test_decree_809_article_26_verification_is_answered_within_ten_working_days() -> None:
    """Decree 809 Art. 26: data that seem wrong are verified, and the one who asked is told."""
    clock = made("verification", at("2026-06-08 09:00"), None, at("2026-06-24 09:00"))
    assert (clock.article, clock.due, clock.left_working_days, clock.state) == ("Decree 809 Art. 26", date(2026, 6, 23), -1, "overdue")


@pytest.mark.parametrize(
    ("now", "left", "state"),
    [
        ("2026-03-11 23:59", 3, "running"),
        ("2026-03-12 00:00", 2, "soon"),
        ("2026-03-13 12:00", 1, "soon"),
        ("2026-03-14 12:00", 1, "soon"),
        ("2026-03-16 00:00", 0, "soon"),
        ("2026-03-16 23:59", 0, "soon"),
        ("2026-03-17 00:00", -1, "overdue"),
        ("2026-03-20 12:00", -4, "overdue"),
        ("2026-03-22 12:00", -4, "overdue"),
    ],
)
def test_two_working_days_or_less_are_soon(now: str, left: int, state: str) -> None:
    """The weekend before the due day brings it no nearer, and none after it makes it later."""
    clock = made("verification", at("2026-03-02 09:00"), None, at(now))
    assert (clock.due, clock.left_working_days, clock.state) == (date(2026, 3, 16), left, state)


def test_overdue_on_a_friday_is_overdue_on_the_saturday() -> None:
    """The due day is over at its midnight, though no working day has passed since."""
    clock = made("item-review", at("2026-03-11 09:00"), None, at("2026-03-14 00:00"))
    assert (clock.due, clock.left_working_days, clock.state) == (date(2026, 3, 13), 0, "overdue")


def test_act_is_in_time_until_midnight_in_shanghai() -> None:
    """Midnight in Shanghai is 16:00 UTC: the last microsecond of the due day is in time, the next is not."""
    started, last = at("2026-03-11 09:00"), datetime(2026, 3, 13, 15, 59, 59, 999999, tzinfo=UTC)
    now = at("2026-06-01 09:00")
    assert made("item-review", started, last, now).state == "met"
    assert made("item-review", started, last + timedelta(microseconds=1), now).state == "missed"
    assert made("item-review", started, last, now).over == last + timedelta(microseconds=1)


def test_start_counts_by_its_day_in_shanghai() -> None:
    """A term that starts a microsecond before midnight there is due a day before one that starts at it, though UTC has one day for both."""
    midnight = datetime(2026, 3, 11, 16, 0, tzinfo=UTC)
    assert due(midnight - timedelta(microseconds=1), 2, official()) == date(2026, 3, 13)
    assert due(midnight, 2, official()) == date(2026, 3, 16)


def test_start_on_a_day_off_counts_from_the_next_working_day() -> None:
    """A day off or worked, the day of the start does not count."""
    for started in ("2026-05-01 09:00", "2026-05-03 23:59", "2026-05-05 00:00"):
        assert due(at(started), 1, official()) == date(2026, 5, 6)
    assert due(at("2026-05-09 09:00"), 1, official()) == date(2026, 5, 11)


@given(start=MOMENTS, working_days=TERMS)
def test_due_day_is_that_of_the_slow_count(start: datetime, working_days: int) -> None:
    """Whatever the moment, its zone and the term: the day in a list of all days worked after the start."""
    assert due(start, working_days, official()) == worked_after(in_shanghai(start))[working_days - 1]


@given(
    kind=st.sampled_from(sorted(RULES)),
    started=MOMENTS,
    now=MOMENTS,
    done=st.booleans(),
    extended=st.booleans(),
)
def test_every_clock_is_that_of_the_slow_count(kind: Kind, started: datetime, now: datetime, done: bool, extended: bool) -> None:  # noqa: FBT001
    """Due day, days left and state of every kind, at any moment: before the start (another node's clock is never quite ours), after, long after."""
    term = {"item-update": 10, "item-review": 2, "answer-unconditional": 1, "answer-conditional": 10, "flow": 20, "verification": 10}[kind]
    more = {"item-update": 5, "answer-conditional": 10}.get(kind, 0) if extended else 0
    clock = made(kind, started, now if done else None, now, more)
    last = worked_after(in_shanghai(started))[term + more - 1]
    today = in_shanghai(now)
    assert (clock.kind, clock.started, clock.due, clock.ended) == (kind, started, last, now if done else None)
    assert clock.left_working_days == sum(day <= last for day in worked_after(today)) - sum(day <= today for day in worked_after(last))
    in_time = now < clock.over
    if done:
        assert clock.state == ("met" if in_time else "missed")
    elif not in_time:
        assert clock.state == "overdue"
    else:
        assert clock.state == ("soon" if sum(day <= last for day in worked_after(today)) <= 2 else "running")


def test_term_that_reaches_into_a_year_nobody_knows_tells_the_year() -> None:
    """The term ends where it can be counted; one day more, and the error names the year and what to do."""
    known = Calendar(years=frozenset({2026}))
    assert due(at("2026-12-24 09:00"), 5, known) == date(2026, 12, 31)
    with pytest.raises(CalendarError, match="2027") as caught:
        due(at("2026-12-24 09:00"), 6, known)
    assert caught.value.year == 2027


def test_operators_days_move_the_clocks() -> None:
    """A typhoon day adds one, a worked Saturday takes one away, and a completed year makes the turn of the year countable."""
    start = at("2026-08-03 09:00")
    assert due(start, 5, official()) == date(2026, 8, 10)
    assert due(start, 5, official().amended(Calendar(holidays=frozenset({date(2026, 8, 5)})))) == date(2026, 8, 11)
    assert due(start, 5, official().amended(Calendar(workdays=frozenset({date(2026, 8, 8)})))) == date(2026, 8, 8)
    own = Calendar(holidays=frozenset({date(2027, 1, 1)}), workdays=frozenset({date(2027, 1, 2)}), years=frozenset({2027}))
    assert due(at("2026-12-30 09:00"), 3, official().amended(own)) == date(2027, 1, 4)


def test_every_rule_is_told_in_both_languages() -> None:
    """Each has its term, the Decree, and words for people."""
    for rule in RULES.values():
        assert rule.article.startswith("Decree 809")
        assert f"{rule.working_days} working day" in rule.en
        assert f"{rule.working_days} 个工作日" in rule.zh
