"""What a node's own log lacks of a copy that a neighbour holds: a log that was restored from a backup takes it from there, before more is said."""

import hashlib
from collections.abc import Callable, Sequence

import msgspec

from node.control.book import Book
from node.control.events import decode, place_in
from node.control.keys import KINDS, Keys, Standing
from node.control.seals import covered, first_key
from node.model.keys import Signed
from node.model.names import Division


class Forked(msgspec.Struct, frozen=True):
    """The copy has another event under a number: one of the two histories is not the author's."""

    sequence: int


def behind(own: int, digest: Callable[[int], bytes], copy: Sequence[Signed]) -> list[Signed] | Forked:
    """Return what stands in a copy behind a log of `own` events, whose digests are told by their sequences (empty for 0).

    Repetitions in the copy are left out; what comes behind a gap is no part of it.
    """
    found: list[Signed] = []
    before = digest(own)
    for record in copy:
        this, place = hashlib.sha256(record.value).digest(), place_in(record.value)
        if 0 < place.sequence <= own:
            if digest(place.sequence) != this:
                return Forked(place.sequence)
        elif place.sequence == own + len(found) + 1:
            if place.previous != (before.hex() or None):
                return Forked(place.sequence)
            found.append(record)
            before = this
    return found


def lacking(book: Book, author: Division, copy: Sequence[Signed]) -> list[Signed] | Forked | None:
    """Return what stands in a copy behind an author's log as it was taken, as far as a key that counts has signed it.

    None where something stands there that no key known so far has signed: the keys may still come.
    """
    found = behind(book.taken(author), lambda sequence: book.digest(author, sequence), copy)
    if isinstance(found, Forked):
        return found
    count = covered(found, book.keys.standing(author))
    return found[:count] if count or not found else None


def verified(records: Sequence[Signed], author: Division, pin: str) -> int:
    """Return how many records of a root's log are signed under its pinned key, or those to which it rotated; they are to chain from its beginning."""
    keys, count = Keys(pin), 0
    standing = first_key(records[0].value, author, pin) if records else Standing()
    while more := covered(records[count:], standing):
        for record in records[count : count + more]:
            if place_in(record.value).kind in KINDS:
                keys.take(decode(record.value), None)
        count += more
        standing = keys.standing(author)
    return count
