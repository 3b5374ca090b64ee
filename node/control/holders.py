"""Who holds which keys, as people see it."""

import msgspec

from node.control.book import Book
from node.control.keys import Key
from node.model.keys import fingerprint
from node.model.names import Division
from node.model.values import EventRef


class HeldKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a node: by whose event it counts, and the last event under it that does where it was revoked."""

    key: str
    fingerprint: str
    said: EventRef
    state: str
    """`valid`, `revoked`, or `undeclared`: vouched for, while its node has another key and has not said this one"""
    last: int | None
    revoked: EventRef | None


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """A division, how many events of its log were taken, and its keys."""

    division: Division
    sequence: int
    keys: tuple[HeldKey, ...]


class OwnKey(msgspec.Struct, frozen=True, kw_only=True):
    """The key that a node has. `next` is the one to which it rotates, `root` the fingerprint that is pinned."""

    division: Division
    key: str
    fingerprint: str
    state: str
    """as of a held key; `unvouched` while nobody has vouched for it"""
    reasons: tuple[str, ...]
    """why the node cannot say anything now"""
    next: str
    root: str


class KeyRing(msgspec.Struct, frozen=True, kw_only=True):
    """The key of the node asked, and those of all divisions."""

    own: OwnKey
    divisions: tuple[Holder, ...]


def holders(book: Book, here: Division) -> tuple[Holder, ...]:
    """Return all divisions, `here` among them, with their keys."""
    codes = sorted({here, *book.keys.tree.divisions})
    return tuple(Holder(division=code, sequence=book.taken(code), keys=tuple(map(_held, book.keys.of(code)))) for code in codes)


def _held(key: Key) -> HeldKey:
    state = "revoked" if key.revoked is not None else "valid" if key.counts else "undeclared"
    return HeldKey(key=key.key, fingerprint=fingerprint(key.key), said=key.said, state=state, last=key.last, revoked=key.revoked)
