"""Requests and grants as a node tells them, and as people see them."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
from rich.console import Console, RenderableType

from node.control.calendar import Calendar
from node.control.course import Standing, Step, standing
from node.control.reach import Reach, Seen
from node.model.names import Department, Division, Topic
from node.model.values import Actor, EventRef, GrantValue
from tests.control.acting import CITY, DISTRICT, Nodes, answered, approved, asked, settled

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
CALENDAR = Calendar(years=frozenset({2026, 2027}), holidays=frozenset({date(2027, 1, 1)}))


def waiting(now: datetime = NOW) -> Standing:
    """A request of the city's police to the district, approved on a Sunday: it is due on 4 December 2026."""
    nodes, ref = _waiting()
    return standing(nodes.books[CITY].requests[ref], nodes.books[CITY], CALENDAR, now)


def granted(now: datetime = NOW) -> Standing:
    """The same, consented to."""
    nodes, ref = _waiting()
    nodes.carry_out(DISTRICT, answered(ref, DISTRICT))
    return standing(nodes.books[DISTRICT].requests[ref], nodes.books[DISTRICT], CALENDAR, now)


def clockless() -> Standing:
    """The first, where the calendar lacks the year."""
    nodes, ref = _waiting()
    return standing(nodes.books[CITY].requests[ref], nodes.books[CITY], Calendar(), NOW)


def given(**changed: Any) -> Reach:
    """A grant of villages, as its owner's node tells it before any other has said that it follows."""
    owner, taker = Division("445102"), Division("440000")
    asker, head = Department(f"{taker}.civil-affairs"), Actor(name="林海", role="head", department=Department(f"{owner}.civil-affairs"))
    value = GrantValue(resource=Topic(f"{owner}.civil-affairs.villages"), taker=asker, purpose="p", request=(taker, 7))
    ref = (owner, 4)
    told = Reach(
        grant=ref,
        state="flowing",
        active=True,
        ended=False,
        suspended=False,
        value=value,
        view=None,
        path=(owner, CITY, taker),
        seen={owner: Seen("flowing", "2026-11-22T04:00:01.000Z")},
        awaited=(CITY, taker),
        filed=None,
        course=(Step(event=ref, kind="grant", at="2026-11-22T04:00:00.000Z", by=head),),
    )
    return msgspec.structs.replace(told, **changed)


def numbered(one: Standing, sequence: int) -> Standing:
    """The same under another number."""
    return msgspec.structs.replace(one, request=(CITY, sequence))


def lines(shown: RenderableType) -> list[str]:
    """What people see."""
    console = Console(width=300, markup=False, highlight=False)
    with console.capture() as captured:
        console.print(shown)
    return [line.rstrip() for line in captured.get().splitlines()]


def _waiting() -> tuple[Nodes, EventRef]:
    nodes = settled()
    (ref,) = nodes.carry_out(CITY, asked(CITY, DISTRICT, fields=("code",), masks={"code": "hmac"}))
    nodes.carry_out(CITY, approved(ref))
    nodes.bring_all()
    return nodes, ref
