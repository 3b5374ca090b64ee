"""How far a grant reaches: where it stands today, which nodes follow it so far, and its course."""

from datetime import date

import msgspec

from node.control.book import Book
from node.control.commands import SeeGrant
from node.control.course import Step, grant_course, path_of
from node.control.grants import Grant
from node.model.names import Division, Topic, division_of
from node.model.values import RULE, EventRef, GrantState, GrantValue

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
    """those on the path that have not said yet that they follow the state: their links may be down"""
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
    """Return what the node of `here` has to say of grants on whose way it lies, as soon as it follows them so far; nothing where all is said."""
    on_way: dict[tuple[Division, Division], bool] = {}
    found = []
    for grant in book.grants.values():
        said, state = grant.seen.get(here), state_of(grant, book, today)
        if said is not None and said.body.state == state:
            continue
        resource, taker = grant.value.resource, grant.value.taker
        ends = division_of(resource), division_of(taker)
        if ends not in on_way:
            on_way[ends] = here in path_of(resource, taker, book)
        if on_way[ends]:
            newest = grant.acts[-1].ref if grant.acts else grant.ref
            found.append(SeeGrant(by=RULE, grant=grant.ref, seen=newest, state=state))
    return found


def reach(grant: Grant, book: Book, today: date) -> Reach:
    """Return how far a grant reaches on a day."""
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
        awaited=tuple(node for node in path if node not in seen or seen[node].state != state),
        filed=None if grant.filed is None else grant.filed.ref,
        course=grant_course(grant, book.requests[grant.request]),
    )
