"""Where a request stands and how it came there, as the faces tell it: its course, its clock, the nodes that its data passes.

All of it is found when it is looked at, from the book, a calendar and the time now; nothing of it is kept.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from node.control.bodies import KIND_OF
from node.control.book import Book
from node.control.calendar import Calendar
from node.control.clocks import Clock, Problem, flow_clock, request_clock
from node.control.desk import ALLOWED, Act
from node.control.events import day_of
from node.control.grants import Grant
from node.control.requests import Request, Said, State, state
from node.errors import CalendarError
from node.model.names import Department, Division, Topic, department_of, division_of
from node.model.values import Actor, EventRef, RequestValue

REQUESTS_MAX = 1000
"""So many requests are told at once, in 1.3 MB. To find them among 20,000, of which 13,000 have a clock that runs, takes 0.2 s."""

_TOLD = ("version", "consents", "reason", "missing", "days", "filed")
"""What a step has of an event's body, where its kind has it."""


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event of a course; of the fields after `by` it has those that its kind has."""

    event: EventRef
    kind: str
    at: str
    by: Actor
    version: int = 0
    asks: RequestValue | None = None
    """what this version asks for"""
    consents: bool | None = None
    reason: str = ""
    missing: tuple[str, ...] = ()
    days: int = 0
    filed: EventRef | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A request as people see it: `value` is the version that counts, `course` all that was said of it in the order of time."""

    request: EventRef
    state: State
    version: int
    superseded: int
    """versions that crossed the answer to an earlier one, and count for nothing"""
    value: RequestValue
    allowed: tuple[Act, ...]
    """what may be done with it now, by those who are entitled"""
    path: tuple[Division, ...]
    """the divisions that its data passes, from the owner's to the taker's; empty while the tree does not join them"""
    clock: Clock | None
    """of the act that is awaited, or else of the last one; absent where nothing is"""
    clock_problem: Problem | None
    """where the clock needs a year that the calendar does not know"""
    grant: EventRef | None
    course: tuple[Step, ...]


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """Which requests are looked for; all that is given must hold. A department has those that it asks or answers."""

    state: State | None = None
    resource: str = ""
    department: str = ""


def standing(request: Request, book: Book, calendar: Calendar, now: datetime) -> Standing:
    """Return where a request stands at a moment, which must know its time zone. A year that the calendar lacks is told, not raised."""
    clock, problem = None, None
    try:
        clock = clock_of(request, book, calendar, now)
    except CalendarError as error:
        problem = Problem(error.en, error.zh)
    value, at = request.value, state(request)
    return Standing(
        request=request.ref,
        state=at,
        version=request.version,
        superseded=request.superseded,
        value=value,
        allowed=tuple(act for act in ALLOWED[at] if act not in _idle(request)),
        path=path_of(value.resource, value.taker, book),
        clock=clock,
        clock_problem=problem,
        grant=request.grant,
        course=course(request, None if request.grant is None else book.grants[request.grant]),
    )


def search(
    sought: Sought,
    book: Book,
    calendar: Calendar,
    now: datetime,
    *,
    seen: Callable[[Request], Request | None] = lambda request: request,
    most: int = REQUESTS_MAX,
) -> list[Standing]:
    """Return the first requests of those that are sought, as whoever asks has `seen` them, `most` or fewer.

    What is due comes first, the soonest before all; then what waits for its asker, then what is done, the newest before all.
    """
    found = (request for one in book.requests.values() if (request := seen(one)) is not None and _is_sought(request, sought))
    first = heapq.nsmallest(most, found, key=lambda request: _urgency(request, book, calendar, now))
    return [standing(request, book, calendar, now) for request in first]


def clock_of(request: Request, book: Book, calendar: Calendar, now: datetime) -> Clock | None:
    """Return the clock of what is awaited of the owner, or of what it did last; none before an approval, nor after the end of all.

    An answer that tells what is missing ends its clock: the approval of the next version starts another. What was granted has the clock of
    the data, until the taker's node says that it flows. CalendarError where the calendar lacks a year that has to be counted.
    """
    if request.withdrawn is not None:
        return None
    grant = None if request.grant is None else book.grants[request.grant]
    if grant is not None and request.answer is not None:
        expired = bool(grant.value.until) and grant.value.until < day_of(now).isoformat()
        over = (grant.ended or expired) and not grant.flowing
        return None if over else _flow(request.answer.at, grant, calendar, now)
    approval = request.approvals.get(request.version)
    if approval is None:
        return None
    resource = book.resources.get(request.value.resource)
    said: Said[Any] | None = request.answer or request.incomplete.get(request.version)
    # Both are the asker's: days that it gave before it asked anew do not lengthen the term of what it asks now.
    extension = request.extension if request.consented is not None and request.consented.ref > approval.ref else None
    return request_clock(
        unconditional=resource is not None and resource.sharing == "unconditional",
        approved_at=moment(approval.at),
        extended_days=0 if extension is None else extension.body.days,
        answered_at=None if said is None else moment(said.at),
        now=now,
        calendar=calendar,
    )


def course(request: Request, grant: Grant | None) -> tuple[Step, ...]:
    """Return all that was said of a request, and of its grant on its owner's node, in the order of time."""
    steps = [*_asked_and_answered(request), *([] if grant is None else grant_course(grant, request))]
    # Of the same millisecond, each after what it follows from: the sort keeps the order in which they are listed.
    return tuple(sorted(steps, key=lambda step: step.at))


def grant_course(grant: Grant, request: Request) -> tuple[Step, ...]:
    """Return what was done with a grant on its owner's node, from the consent to its request that made it."""
    assert request.answer is not None, "the consent comes before its grant"
    return (Step(event=grant.ref, kind="grant", at=grant.at, by=request.answer.body.by), *map(_step, grant.acts))


def path_of(resource: Topic, taker: Department, book: Book) -> tuple[Division, ...]:
    """Return the divisions that a resource's data passes to a taker, both ends included; empty while the tree does not join them."""
    return tuple(book.tree.path(division_of(resource), division_of(taker)))


def moment(at: str) -> datetime:
    """Return the moment at which an event was said."""
    return datetime.fromisoformat(at).astimezone(UTC)


def _idle(request: Request) -> set[Act]:
    """Return the acts that a request's state has and its extension leaves nothing of: one that was asked for, or given, before."""
    if request.extension is None:
        return {"consent"}
    return {"extend"} if request.consented is None else {"extend", "consent"}


def _flow(consented: str, grant: Grant, calendar: Calendar, now: datetime) -> Clock:
    flowing = moment(grant.flowing) if grant.flowing else None
    return flow_clock(consented_at=moment(consented), flowing_at=flowing, now=now, calendar=calendar)


def _clock_or_none(request: Request, book: Book, calendar: Calendar, now: datetime) -> Clock | None:
    try:
        return clock_of(request, book, calendar, now)
    except CalendarError:
        return None


def _asked_and_answered(request: Request) -> Iterator[Step]:
    for version, said in enumerate(request.versions, 1):
        yield Step(event=said.ref, kind=KIND_OF[type(said.body)], at=said.at, by=said.body.by, version=version, asks=said.body)
        yield from map(_step, _present(request.approvals.get(version), request.incomplete.get(version)))
    yield from map(_step, _present(request.extension, request.consented, request.answer, request.withdrawn))


def _present(*said: Said[Any] | None) -> Iterable[Said[Any]]:
    return (one for one in said if one is not None)


def _step(said: Said[Any]) -> Step:
    told = {field: getattr(said.body, field) for field in _TOLD if hasattr(said.body, field)}
    return Step(event=said.ref, kind=KIND_OF[type(said.body)], at=said.at, by=said.body.by, **told)


def _is_sought(request: Request, sought: Sought) -> bool:
    value = request.value
    if sought.state is not None and state(request) != sought.state:
        return False
    if sought.resource and value.resource != sought.resource:
        return False
    return not sought.department or sought.department in {value.taker, department_of(value.resource)}


def _urgency(request: Request, book: Book, calendar: Calendar, now: datetime) -> tuple[int, float, EventRef]:
    stands = state(request)
    flows = request.grant is not None and book.grants[request.grant].flowing
    clock = _clock_or_none(request, book, calendar, now) if stands in {"waiting", "granted"} and not flows else None
    if clock is not None:
        return (0, clock.over.timestamp(), request.ref)
    said = _present(request.versions[-1], request.answer, request.withdrawn, *request.approvals.values(), *request.incomplete.values())
    newest = moment(max(one.at for one in said)).timestamp()
    return (1 if stands in {"draft", "waiting", "incomplete"} else 2, -newest, request.ref)
