"""The canary: a tiny record by which each node says every few seconds that it is there, and how its link is.

It goes up to every node above and down to every node below, by the same lanes as all else: a link's direction is well while canaries come over it, and
nothing else tells. Since it carries what its node sees of its own link, every node knows the state of all links below and above it.

Bounds: CANARY_BYTES_MAX a record, one record kept for each node. Failure modes: what cannot be read is passed over and counts as not heard.
"""

from typing import Literal

import msgspec

from node.control.book import Book
from node.control.routes import above
from node.errors import DataError
from node.model.limits import CANARY_BYTES_MAX, CANARY_LATE_S
from node.model.names import Division

VERSION = 1
Course = Literal["up", "down"]


class Direction(msgspec.Struct, frozen=True, kw_only=True):
    """One direction of a link, as the child that runs it sees it."""

    heard_ms: int
    """when the newest canary was made that came over it; where none ever did, since when it has been waited for"""
    lag_s: float = 0.0
    """of the resource that is furthest behind"""
    stopped: int = 0
    """partitions that stand until resumed"""
    records_per_s: float = 0.0
    bytes_per_s: float = 0.0
    newest_ms: int = 0
    """greatest timestamp of what it carried last, 0 where nothing is known"""

    def age_s(self, now_ms: int) -> float:
        """Return the age of the newest canary that came over it."""
        return max(now_ms - self.heard_ms, 0) / 1000

    def is_late(self, now_ms: int) -> bool:
        """Tell whether nothing comes over it."""
        return self.age_s(now_ms) > CANARY_LATE_S


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """The link of a child to its parent, as the child sees it."""

    parent: Division
    up: Direction
    down: Direction


class Canary(msgspec.Struct, frozen=True, kw_only=True):
    """What a node says of itself."""

    version: int = VERSION
    division: Division
    made_ms: int
    """by its own clock"""
    software: str
    """the version of its node"""
    ready: bool
    link: Link | None = None
    """None at a root"""


class Came(msgspec.Struct, frozen=True):
    """A canary, and when it was made by the clock of whoever heard it: two machines' clocks are never quite the same, and may be far apart."""

    canary: Canary
    at_ms: int

    @property
    def link(self) -> Link | None:
        """Its link, by the clock of whoever heard it."""
        link, shift = self.canary.link, self.at_ms - self.canary.made_ms
        if link is None:
            return None
        up, down = (msgspec.structs.replace(one, heard_ms=one.heard_ms + shift) for one in (link.up, link.down))
        return Link(parent=link.parent, up=up, down=down)


def encode(canary: Canary) -> bytes:
    """Return the JSON value of a canary."""
    return msgspec.json.encode(canary)


def decode(value: bytes, division: Division) -> Canary:
    """Read the canary of a division's node. DataError for what is none, is another's, or has a form that only a newer node reads."""
    if len(value) > CANARY_BYTES_MAX:
        raise DataError(f"the canary of {division} has {len(value)} bytes, of {CANARY_BYTES_MAX} at most")
    try:
        canary = msgspec.json.decode(value, type=Canary)
    except msgspec.MsgspecError as error:
        raise DataError(f"the canary of {division} cannot be read: {error}") from error
    if canary.division != division or canary.version != VERSION:
        raise DataError(f"the canary of {division} says that it is of {canary.division[:20]!r} in version {canary.version}")
    return canary


def last_link(book: Book, here: Division, parent: Division | None, origin: Division) -> tuple[Division, Division, Course] | None:
    """Return the link over which canaries of a division come to `here`, as child, parent and direction; None where none does."""
    if parent is not None and origin in above(book, parent):
        return here, parent, "down"
    path = book.tree.path(origin, here)
    if origin == here or len(path) < 2 or path[-2] not in book.tree.children(here):
        return None
    return path[-2], here, "up"
