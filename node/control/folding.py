"""Folding: control logs through their seals into the book, and anew from the beginning where a word about keys undoes what was folded.

What each author's log is held to (`Standing`) follows from the book itself: from the tree, and from what parents say of their children's keys. It
mostly grows. But a revocation may come after events that it makes void, and a division may turn out to be another's child: the book cannot take
back what it holds, so all logs are folded anew, into another book, with the standings known beforehand. The former book serves until the new one
is level; it is never half full.

Why it ends with one book, whatever the order of arrival: the root's standing follows from the pin and its own log, that of its children from the
root's log, and so on down. A pass with standings that are right for the upper n levels makes books, and so standings, that are right for n + 1.
While a pass runs its standings stay as they are; those that the new book says are compared when it is level, and where they undo something again
there is another pass.

Bounds: PASSES_MAX passes in a row, far more than a tree has levels; then the last book stands, and the next change of a key begins anew.
"""

from collections.abc import Callable, Iterator, Sequence

from node.control.book import Book, Folded, Outcome
from node.control.chain import Stuck
from node.control.keys import Standing
from node.control.seals import Alarm, Seals
from node.model.keys import Signed
from node.model.names import Division

PASSES_MAX = 32

_NONE = Standing()


class _Pass:
    """A book with its seals, and what each author is held to in it."""

    def __init__(self, pin: str, standings: dict[Division, Standing], standing: Callable[[Division], Standing]) -> None:
        self.book = Book(pin)
        self.standings = standings
        self.seals = Seals(self.book, standing)


class Folding:
    """All control logs, folded. `book` is another object after a new beginning."""

    def __init__(self, pin: str) -> None:
        assert pin
        self._pin = pin
        self._now = _Pass(pin, {}, self._held_to)
        self._next: _Pass | None = None
        self._passes = 0
        self._compared = 0
        self._again: set[Division] = set()
        self._beginning = False
        """the new book has begun, and what comes was read before"""
        self._stuck: set[Division] = set()
        self._roomy: set[Division] = set()
        """those of the stuck of whom some waiting events were folded since"""

    @property
    def book(self) -> Book:
        """What the logs say."""
        return self._now.book

    @property
    def is_anew(self) -> bool:
        """Whether the logs are being folded anew: the book still has what has been undone."""
        return self._next is not None

    @property
    def alarms(self) -> dict[Division, Alarm]:
        """What is wrong with whose log."""
        return self._now.seals.alarms

    def again(self) -> set[Division]:
        """Return whose logs have to be read again; from their beginnings is then what has to come of them next.

        Also those of which too many events waited, when there is room again.
        """
        again, self._again = self._again | self._roomy, set()
        self._stuck -= self._roomy
        self._roomy.clear()
        taking = self._next or self._now
        again |= taking.seals.again
        taking.seals.again.clear()
        for author in again:
            taking.seals.begin(author)
        self._beginning = False
        return again

    def take(self, author: Division, records: Sequence[Signed]) -> Iterator[Outcome]:
        """Take the next records of an author's log, yield what the book makes of what is let through; see `Seals.take`."""
        if self._beginning:
            return
        taking = self._next or self._now
        for outcome in taking.seals.take(author, records):
            if isinstance(outcome, Stuck):
                self._stuck.add(author)
            elif self._stuck and isinstance(outcome, Folded):
                self._roomy |= self._stuck.intersection(event.author for event in outcome.events)
            yield outcome
        self._compare()
        if taking is self._now and author in taking.seals.undone:
            self._begin_anew()

    def level(self) -> None:
        """Be told that all logs have been read to their ends: the new book takes the place of the former."""
        if self._next is not None:
            self._now, self._next = self._next, None
            self._compared = -1
            self._compare()
            if self._next is None:
                self._passes = 0

    def standing(self, author: Division) -> Standing:
        """Return what an author's log is held to."""
        return self._now.standings.get(author, _NONE)

    def is_behind(self, author: Division) -> bool:
        """Tell whether something came of an author that is not let through: nobody may go on behind it."""
        return self.is_anew or self._now.seals.is_behind(author)

    def _held_to(self, author: Division) -> Standing:
        """Return what an author is held to in what is being folded: as it was when that began, or as the book says now."""
        self._compare()
        return (self._next or self._now).standings.get(author, _NONE)

    def _compare(self) -> None:
        """Hold each author's log to what the book says now, where that was moved."""
        if self._next is not None or self._now.book.keys.changes == self._compared:
            return
        now, anew = self._now, False
        self._compared = now.book.keys.changes
        for author in {*now.seals.authors, *now.book.keys.tree.divisions}:
            before, after = now.standings.get(author, self._pinned(author)), now.book.keys.standing(author)
            now.standings[author] = after
            if before != after:
                anew = now.seals.changed(author, before, after) or anew
        if anew:
            self._begin_anew()

    def _pinned(self, author: Division) -> Standing:
        """Return what an author was held to before anything was said of it: the root to its pinned key."""
        keys = self._now.book.keys
        return Standing(((keys.declared[author][0][0], None),)) if author == keys.root else _NONE

    def _begin_anew(self) -> None:
        if self._passes < PASSES_MAX and self._next is None:
            self._passes += 1
            self._next = _Pass(self._pin, dict(self._now.standings), self._held_to)
            self._again |= {*self._now.seals.authors}
            self._stuck.clear()
            self._roomy.clear()
            self._beginning = True
