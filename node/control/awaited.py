"""What is awaited by law of a node's own departments and authority: the clocks that run there, and which of them are pressing.

A clock is pressing that is due soon or overdue. The node says so of each once, in its log and its audit: `key` tells whether it has.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time

import msgspec

from node.control.book import Book
from node.control.calendar import Calendar
from node.control.clocks import Clock, item_review_clock, item_update_clock
from node.control.course import clock_of, moment
from node.control.events import SHANGHAI, stamp
from node.errors import CalendarError
from node.model.items import Item
from node.model.names import Division, division_of

_WORDS = ("kind", "request", "item", "started", "due")
"""What makes a clock that one and no other: moved to another day, it presses anew."""


class Awaited(msgspec.Struct, frozen=True, kw_only=True):
    """A clock that runs; `about` names the request and its resource, or the item."""

    clock: Clock
    about: dict[str, str]

    @property
    def act(self) -> str:
        """What the audit and the log call it that the clock has come to its state."""
        return f"clock-{self.clock.state}"

    @property
    def subject(self) -> dict[str, str]:
        """What they tell of it."""
        clock = self.clock
        told = {"kind": clock.kind, **self.about, "started": stamp(clock.started), "due": clock.due.isoformat()}
        return told | {"article": clock.article}


def item_clocks(item: Item, calendar: Calendar, now: datetime) -> tuple[Clock, ...]:
    """Return the clocks that run on an item, what is due first before the other: the authority's review, and the department's update.

    CalendarError where the calendar lacks a year that has to be counted.
    """
    clocks = []
    if item.state == "submitted":
        clocks.append(item_review_clock(submitted_at=moment(item.at), reviewed_at=None, now=now, calendar=calendar))
    if item.changed:
        changed, extended = datetime.combine(date.fromisoformat(item.changed), time(), SHANGHAI), item.consented is not None
        clocks.append(item_update_clock(changed_at=changed, extended=extended, updated_at=None, now=now, calendar=calendar))
    return tuple(sorted(clocks, key=lambda clock: clock.due))


def awaited(book: Book, here: Division, calendar: Calendar, now: datetime, lacking: list[CalendarError] | None = None) -> list[Awaited]:
    """Return the clocks that run of what the departments and the authority of `here` have to do.

    Those whose year the calendar lacks cannot be told: their errors come into `lacking`. Looks at each request that waits, at each grant and at
    each item.
    """
    found: list[Awaited] = []
    errors = [] if lacking is None else lacking
    waiting = {ref for ref in book.unsettled if book.requests[ref].withdrawn is None}
    unseen = {grant.request for grant in book.grants.values() if not grant.flowing and not grant.ended}
    for ref in waiting | unseen:
        resource = book.requests[ref].value.resource
        if division_of(resource) == here:
            with _into(errors):
                clock = clock_of(book.requests[ref], book, calendar, now)
                if clock is not None and clock.ended is None:
                    found.append(Awaited(clock=clock, about={"request": f"{ref[0]}/{ref[1]}", "resource": resource}))
    for name, item in book.items.items():
        if division_of(name) == here:
            with _into(errors):
                found += [Awaited(clock=clock, about={"item": name}) for clock in item_clocks(item, calendar, now)]
    return found


@contextmanager
def _into(errors: list[CalendarError]) -> Iterator[None]:
    try:
        yield
    except CalendarError as error:
        errors.append(error)


def seconds_left(book: Book, here: Division, calendar: Calendar, now: datetime) -> tuple[dict[tuple[str, str], float], list[CalendarError]]:
    """Return, by kind and state, the seconds until the first of the clocks that are `awaited` of `here` is over, negative when it was; and `lacking`."""
    least: dict[tuple[str, str], float] = {}
    lacking: list[CalendarError] = []
    for one in awaited(book, here, calendar, now, lacking):
        place, left = (one.clock.kind, one.clock.state), (one.clock.over - now).total_seconds()
        least[place] = min(left, least.get(place, left))
    return least, lacking


def pressing(book: Book, here: Division, calendar: Calendar, since: datetime, now: datetime) -> list[Awaited]:
    """Return what is due soon, and what came to be overdue no earlier than `since`; what is due first comes first."""
    found = [one for one in awaited(book, here, calendar, now) if one.clock.state != "running" and one.clock.over >= since]
    return sorted(found, key=lambda one: (one.clock.due, key(one.act, one.subject)))


def key(act: str, subject: Mapping[str, str]) -> tuple[str, ...]:
    """Return what an act of the audit that says of a clock that it is pressing has in common with no other."""
    return (act, *(subject.get(word, "") for word in _WORDS))
