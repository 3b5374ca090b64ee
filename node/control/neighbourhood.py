"""The tree as one node sees it: the nodes above and below, and each link's two directions, from canaries alone.

The own link is seen by itself. Of a child's link the way up is seen by what comes over it, the way down is as the child says; of all others both are as
their child says. Who is not heard any more is not believed: his word is `unknown`, not green.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from node.control.book import Book
from node.control.canary import Came, Canary, Direction
from node.control.routes import above
from node.model.limits import CANARY_LATE_S
from node.model.names import Division

Look = Literal["flowing", "late", "stopped", "unknown"]
Place = Literal["above", "here", "below"]


class DirectionSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One direction of a link as it is seen here."""

    state: Look
    since_ms: int = 0
    """when the newest canary was made that came over it, where it is late"""
    age_s: float = 0.0
    """of the newest canary that came over it"""
    lag_s: float = 0.0
    records_per_s: float = 0.0
    bytes_per_s: float = 0.0
    newest_age_s: float | None = None
    """age of the record that was carried last"""


class NodeSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One node of the tree as it is seen here. A root has no `parent`; `up` and `down` are of its link."""

    division: Division
    name: str
    level: str
    place: Place
    parent: Division | None
    heard_s: float | None
    """since its newest canary was made; None where none was heard"""
    ready: bool | None
    software: str
    up: DirectionSeen | None
    down: DirectionSeen | None


_UNKNOWN = DirectionSeen(state="unknown")


def seen(book: Book, own: Canary, parent: Division | None, heard: Mapping[Division, Came], now_ms: int) -> list[NodeSeen]:
    """Return the nodes above `own`'s, its own and those below, from the top down, each above its children."""
    here = own.division
    upper = [] if parent is None else above(book, parent)[::-1]
    found = []
    for place, code in [*(("above", code) for code in upper), ("here", here), *(("below", code) for code in _below(book, here))]:
        came = Came(own, own.made_ms) if code == here else heard.get(code)
        value, links = book.tree.divisions.get(code), _directions(here, came, now_ms)
        found.append(
            NodeSeen(
                division=code,
                name=value.name if value else "",
                level=value.level if value else "",
                place=place,  # type: ignore[arg-type]  # mypy widens literals in a list's tuples
                parent=_parent(book, here, parent, code),
                heard_s=None if came is None else max(now_ms - came.at_ms, 0) / 1000,
                ready=None if came is None or not _is_fresh(came, now_ms) else came.canary.ready,
                software="" if came is None else came.canary.software,
                up=links[0],
                down=links[1],
            )
        )
    return found


def _below(book: Book, here: Division) -> Iterator[Division]:
    for child in book.tree.children(here):
        yield child
        yield from _below(book, child)


def _parent(book: Book, here: Division, parent: Division | None, code: Division) -> Division | None:
    return parent if code == here else book.above(code)


def _is_fresh(came: Came, now_ms: int) -> bool:
    return now_ms - came.at_ms <= CANARY_LATE_S * 1000


def _directions(here: Division, came: Came | None, now_ms: int) -> tuple[DirectionSeen | None, DirectionSeen | None]:
    """Return both directions of the link of a node, up and down."""
    if came is None:
        return _UNKNOWN, _UNKNOWN
    link = came.link
    if link is None:
        return None, None
    if _is_fresh(came, now_ms):
        up = msgspec.structs.replace(link.up, heard_ms=came.at_ms) if link.parent == here else link.up
        return _seen(up, now_ms), _seen(link.down, now_ms)
    if link.parent == here:  # what does not come over it tells more than any word
        return _seen(Direction(heard_ms=came.at_ms), now_ms), _UNKNOWN
    return _UNKNOWN, _UNKNOWN


def _seen(one: Direction, now_ms: int) -> DirectionSeen:
    late = one.is_late(now_ms)
    state: Look = "late" if late else "stopped" if one.stopped else "flowing"
    return DirectionSeen(
        state=state,
        since_ms=one.heard_ms if late else 0,
        age_s=one.age_s(now_ms),
        lag_s=one.lag_s,
        records_per_s=one.records_per_s,
        bytes_per_s=one.bytes_per_s,
        newest_age_s=max(now_ms - one.newest_ms, 0) / 1000 if one.newest_ms else None,
    )


def software_of(nodes: list[NodeSeen], here: Division) -> dict[Division, str]:
    """Return the versions of the neighbours' nodes that were heard: the parent's and the children's."""
    own = next(node for node in nodes if node.division == here)
    return {node.division: node.software for node in nodes if node.software and (node.division == own.parent or node.parent == here)}
