"""How far a grant reaches: where it stands today, which nodes follow it so far, and its course."""

from collections.abc import Callable, Iterable
from datetime import date
from functools import cache

import msgspec

from node.control.book import Book
from node.control.commands import SeeGrant
from node.control.course import Step, grant_course, path_of
from node.control.disposal import Copy, copy_in, ever_stopped, is_due, passing
from node.control.grants import Grant
from node.model.names import Division, Topic
from node.model.values import RULE, EventRef, GrantState, GrantValue

_ORDER: dict[GrantState, int] = {"suspended": 0, "ended": 1, "expired": 2, "flowing": 3}
"""What people have stopped comes first: at a midnight thousands of terms may end."""
STATES_ZH: dict[GrantState, str] = {"flowing": "有效", "suspended": "已暂停", "ended": "已终止", "expired": "已到期"}


class Seen(msgspec.Struct, frozen=True):
    """What a node has said last of a grant: how far it follows it, since when, and which topics it removed for that."""

    state: GrantState
    at: str
    disposed: tuple[Topic, ...] = ()


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """A grant as people see it."""

    grant: EventRef
    state: GrantState
    """what holds today, wherever it is known already"""
    active: bool
    ended: bool
    suspended: bool
    value: GrantValue
    view: Topic | None
    """the topic that its taker reads, where it is less than the whole resource"""
    path: tuple[Division, ...]
    """the divisions that its data passes, from the owner's to the taker's; empty while the tree does not join them"""
    seen: dict[Division, Seen]
    awaited: tuple[Division, ...]
    """those on the path that have not said yet that they follow the state, nor that they disposed of a copy of before: their links may be down"""
    filed: EventRef | None
    """the newest filing of its owner, which wants it to end"""
    course: tuple[Step, ...]
    """what was done with it on its owner's node, from the beginning"""


def state_of(grant: Grant, book: Book, today: date) -> GrantState:
    """Return where a grant stands on a day; one whose request was withdrawn is as good as ended."""
    if grant.ended or book.requests[grant.request].withdrawn is not None:
        return "ended"
    if grant.value.until and grant.value.until < today.isoformat():
        return "expired"
    return "suspended" if grant.suspended else "flowing"


def unseen(book: Book, here: Division, today: date) -> list[SeeGrant]:
    """Return what the node of `here` has to say of grants on whose way it lies, as soon as it follows them so far; nothing where all is said.

    Where it names what was disposed of, that is to be done first; what stops comes before what flows. Nothing flows of which something is due.
    """
    found: list[SeeGrant] = []
    ways: dict[tuple[Division, Division], bool] = {}
    for topic in book.granted:
        copy = copy_in(here, topic, book, today)
        told = (_unsaid(grant, here, copy, book, today) for grant in passing(here, topic, book, ways))
        said = [one for one in told if one is not None]
        if copy is not None and copy.is_due and not any(one.disposed for one in said):
            said = [_late(topic, here, copy, book, today)]
        found += said
    return sorted(found, key=lambda one: _ORDER[one.state])


def _unsaid(grant: Grant, here: Division, copy: Copy | None, book: Book, today: date) -> SeeGrant | None:
    """Return what is to be said of one grant, as of the newest event that bears on it."""
    said, state = grant.seen.get(here), state_of(grant, book, today)
    if state == "flowing" and copy is not None and copy.is_due:
        return None
    disposed = (grant.topic,) if copy is not None and not copy.wanted and state != "flowing" else ()
    if said is not None and said.body.state == state and (not disposed or said.body.disposed == disposed):
        return None
    newest = grant.acts[-1].ref if grant.acts else grant.ref
    if disposed and copy is not None:
        newest = newest[0], max(newest[1], copy.stopped)
    return SeeGrant(by=RULE, grant=grant.ref, seen=newest, state=state, disposed=disposed)


def _late(topic: Topic, here: Division, copy: Copy, book: Book, today: date) -> SeeGrant:
    """Return what is to be said where a copy has to go that may be wanted again by now: as it was when the last grant stopped.

    Not as of a later event: the next time that it stops may have no event after the one by which it began again.
    """
    known = [grant for grant in passing(here, topic, book) if grant.ref[1] <= copy.stopped]
    cause = max(known, key=lambda grant: (_stopped_at(grant, copy.stopped), state_of(grant, book, today) != "flowing", grant.ref))
    state = state_of(cause, book, today)
    return SeeGrant(
        by=RULE,
        grant=cause.ref,
        seen=(cause.ref[0], copy.stopped),
        state="suspended" if state == "flowing" else state,
        disposed=(topic,),
    )


def _stopped_at(grant: Grant, sequence: int) -> bool:
    return any(act.ref[1] == sequence for act in grant.acts)


def reach(grant: Grant, book: Book, today: date) -> Reach:
    """Return how far a grant reaches on a day."""
    return reaches([grant], book, today)[0]


def reaches(grants: Iterable[Grant], book: Book, today: date) -> list[Reach]:
    """Return how far grants reach on a day; what they share is looked at once."""
    stopped = cache(lambda topic: ever_stopped(topic, book, today))
    due = cache(lambda node, topic: stopped(topic) and is_due(node, topic, book, today))
    return [_reach(grant, book, today, due) for grant in grants]


def _reach(grant: Grant, book: Book, today: date, due: Callable[[Division, Topic], bool]) -> Reach:
    state = state_of(grant, book, today)
    seen = {node: Seen(said.body.state, said.at, said.body.disposed) for node, said in sorted(grant.seen.items())}
    path = path_of(grant.value.resource, grant.value.taker, book)
    return Reach(
        grant=grant.ref,
        state=state,
        active=state == "flowing",
        ended=grant.ended,
        suspended=grant.suspended,
        value=grant.value,
        view=grant.view,
        path=path,
        seen=seen,
        awaited=tuple(node for node in path if node not in seen or seen[node].state != state or due(node, grant.topic)),
        filed=None if grant.filed is None else grant.filed.ref,
        course=grant_course(grant, book.requests[grant.request]),
    )
