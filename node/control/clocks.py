"""The legal clocks: by which day each act has to be done, and how it stands with that.

The terms are those of the Regulation on Government Data Sharing (政务数据共享条例, State Council Decree 809, in force since
2025-08-01), in working days of the official calendar (`calendar`). Days are those of Asia/Shanghai: a term does not count
the day on which it starts, an act on the due day is in time, and that day is over at its midnight.

A clock is no state: it follows from moments that the book has, a calendar and the time now, and is computed when looked at.
Failure mode: CalendarError where a day that has to be counted lies in a year that the calendar does not know.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple

import msgspec

from node.control.calendar import Calendar
from node.control.events import SHANGHAI, day_of

Kind = Literal["item-update", "item-review", "answer-unconditional", "answer-conditional", "flow", "verification"]
State = Literal["running", "soon", "overdue", "met", "missed"]

SOON_WORKING_DAYS = 2
"""A clock with so many working days left, or fewer, is due soon."""
UPDATE_EXTENSION_WORKING_DAYS = 5
ANSWER_EXTENSION_WORKING_DAYS_MAX = 10

_DAY = timedelta(days=1)


class Rule(NamedTuple):
    """A term of the Decree: how long it is, where it stands, and what it says, in both languages."""

    working_days: int
    article: str
    en: str
    zh: str


RULES: Mapping[Kind, Rule] = {
    "item-update": Rule(
        10,
        "Decree 809",
        "a catalogue item is updated within 10 working days of the change; once 5 more, with the authority's consent",
        "目录应在情况变化后 10 个工作日内更新；经主管部门同意可延长一次，5 个工作日",
    ),
    "item-review": Rule(
        2,
        "Decree 809",
        "the authority reviews a catalogue item within 2 working days",
        "主管部门应在 2 个工作日内审核目录",
    ),
    "answer-unconditional": Rule(
        1,
        "Decree 809",
        "a request for data that is shared unconditionally is answered within 1 working day",
        "无条件共享类的申请应在 1 个工作日内答复",
    ),
    "answer-conditional": Rule(
        10,
        "Decree 809",
        "a request for data that is shared conditionally is answered within 10 working days; once at most 10 more, with consent and notice",
        "有条件共享类的申请应在 10 个工作日内答复；经同意并告知后可延长一次，至多 10 个工作日",
    ),
    "flow": Rule(
        20,
        "Decree 809",
        "data flows within 20 working days after consent",
        "同意共享后应在 20 个工作日内提供数据",
    ),
    "verification": Rule(
        10,
        "Decree 809 Art. 26",
        "a request to verify data is answered within 10 working days",
        "校核申请应在 10 个工作日内核实并答复",
    ),
}


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """One term: `due` is its last day in Shanghai, and `ended` when the act was done, none while it is awaited.

    `left_working_days` are those after today (or after the day of the act) up to and with the due day: 0 on the due day
    itself, and negative by the working days that have passed since.
    """

    kind: Kind
    article: str
    started: datetime
    due: date
    left_working_days: int
    state: State
    ended: datetime | None = None

    @property
    def over(self) -> datetime:
        """The midnight in Shanghai at which the due day is over: an act is in time before it, too late at it."""
        return datetime.combine(self.due + _DAY, time(), SHANGHAI)


class Problem(msgspec.Struct, frozen=True):
    """Why there is no clock, in both languages."""

    en: str
    zh: str


def due(start: datetime, working_days: int, calendar: Calendar) -> date:
    """Return the last day of a term of `working_days` (1 or more) that starts at a moment. `start` must know its time zone."""
    assert working_days > 0
    day = day_of(start)
    while working_days:
        day += _DAY
        working_days -= calendar.is_working(day)
    return day


def request_clock(
    *, unconditional: bool, approved_at: datetime, extended_days: int = 0, answered_at: datetime | None, now: datetime, calendar: Calendar
) -> Clock:
    """Return the clock of the owner's answer: it starts when the asker's head approves the request, or its newest version.

    `extended_days` are those of a consented extension, 0 to 10; only a conditional item's answer can be extended.
    """
    assert 0 <= extended_days <= ANSWER_EXTENSION_WORKING_DAYS_MAX
    kind: Kind = "answer-unconditional" if unconditional else "answer-conditional"
    return _clock(kind, approved_at, answered_at, now, calendar, more=0 if unconditional else extended_days)


def flow_clock(*, consented_at: datetime, flowing_at: datetime | None, now: datetime, calendar: Calendar) -> Clock:
    """Return the clock of the data: it starts with the owner's consent and ends when records flow to the taker."""
    return _clock("flow", consented_at, flowing_at, now, calendar)


def item_update_clock(
    *, changed_at: datetime, extended: bool = False, updated_at: datetime | None, now: datetime, calendar: Calendar
) -> Clock:
    """Return the clock of a catalogue item's update: it starts with the change that the item does not tell yet."""
    return _clock("item-update", changed_at, updated_at, now, calendar, more=UPDATE_EXTENSION_WORKING_DAYS if extended else 0)


def item_review_clock(*, submitted_at: datetime, reviewed_at: datetime | None, now: datetime, calendar: Calendar) -> Clock:
    """Return the clock of the authority's review: it starts when an item is submitted, and ends whatever the review says."""
    return _clock("item-review", submitted_at, reviewed_at, now, calendar)


def verification_clock(*, received_at: datetime, answered_at: datetime | None, now: datetime, calendar: Calendar) -> Clock:
    """Return the clock of the owner's answer to a request to verify data that seem wrong."""
    return _clock("verification", received_at, answered_at, now, calendar)


def _clock(kind: Kind, started: datetime, ended: datetime | None, now: datetime, calendar: Calendar, *, more: int = 0) -> Clock:
    rule = RULES[kind]
    last = due(started, rule.working_days + more, calendar)
    day = day_of(now if ended is None else ended)
    left = _working_between(day, last, calendar) if day <= last else -_working_between(last, day, calendar)
    return Clock(
        kind=kind,
        article=rule.article,
        started=started,
        due=last,
        left_working_days=left,
        state=_state(left, late=day > last, done=ended is not None),
        ended=ended,
    )


def _state(left: int, *, late: bool, done: bool) -> State:
    if done:
        return "missed" if late else "met"
    if late:
        return "overdue"
    return "soon" if left <= SOON_WORKING_DAYS else "running"


def _working_between(after: date, until: date, calendar: Calendar) -> int:
    """Return the working days after one day, up to and with another that is not before it."""
    return sum(calendar.is_working(after + _DAY * count) for count in range(1, (until - after).days + 1))
