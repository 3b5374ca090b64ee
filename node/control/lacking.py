"""What a node's own log lacks of a copy that a neighbour holds: a log that was restored from a backup takes it from there, before more is said."""

import hashlib
from collections.abc import Sequence

import msgspec

from node.control.book import Book
from node.control.events import place_in
from node.control.seals import covered
from node.model.keys import Signed
from node.model.names import Division


class Forked(msgspec.Struct, frozen=True):
    """The copy has another event under a number: one of the two histories is not the author's."""

    sequence: int


def lacking(book: Book, author: Division, copy: Sequence[Signed]) -> Sequence[Signed] | Forked | None:
    """Return what stands in a copy behind an author's log as it was taken, as far as a key that counts has signed it.

    None where something stands there that no key known so far has signed: the keys may still come. Repetitions in the copy are left out; what
    does not chain, or comes behind a gap, is no part of it.
    """
    taken = book.taken(author)
    found: list[Signed] = []
    digests: list[bytes] = []
    for record in copy:
        digest, place = hashlib.sha256(record.value).digest(), place_in(record.value)
        if 0 < place.sequence <= taken:
            if book.digest(author, place.sequence) != digest:
                return Forked(place.sequence)
        elif place.sequence == taken + len(found) + 1:
            before = digests[-1] if digests else book.digest(author, taken)
            if place.previous != (before.hex() or None):
                return Forked(place.sequence)
            found.append(record)
            digests.append(digest)
    count = covered(found, book.keys.standing(author))
    return found[:count] if count or not found else None
