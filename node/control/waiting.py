"""How many refused records wait, without reading them: what the gate has put into a quarantine, less what notes say was handled.

The gate's progress counts what it refused, each note what it handled, so the difference is exact; it does not tell which is the first that waits.
For that a `Stock` keeps where handled records lie, as ranges: between two of them, and behind the last, somebody has to look whether a record
stands there at all, for a transaction's end takes an offset too. What was looked at is not kept: before `settled` nothing waits.

Bounds: RANGES_MAX ranges in all, at some 120 bytes. What goes beyond is counted and not kept: then it is not told which is the first.
"""

from bisect import insort
from collections.abc import Iterable

from node.control.audit import Note, Range
from node.model.names import Topic

Place = tuple[Topic, int]
"""a quarantine and a partition of it"""

RANGES_MAX = 20_000
"""2.4 MiB. Who repairs by reason or all of it leaves a few ranges; so many take as many records named one by one, none of them the first that waited."""


class Stock:
    """One partition of a quarantine: what was handled, and up to where nothing waits."""

    def __init__(self) -> None:
        self.handled = 0
        self.settled = 0
        self.ranges: list[Range] = []
        self.blurred = False
        """some ranges were not kept"""

    def add(self, note: Note, room: int) -> None:
        """Take what a note says, of its ranges as many as there is room for."""
        self.handled += note.records or sum(last - first + 1 for first, last in note.offsets)
        for one in note.offsets:
            if room <= 0 and one[0] > self.settled:
                self.blurred = True
                continue
            insort(self.ranges, one)
            room -= 1
        self._absorb()

    def gap(self, start: int, end: int) -> Range | None:
        """Return the first offsets, up to but not with the second, in which a record may wait in a log that begins and ends there; None where none can."""
        self.settle(start)
        stop = min(self.ranges[0][0], end) if self.ranges else end
        return (self.settled, stop) if self.settled < stop else None

    def settle(self, offset: int) -> None:
        """Note that nothing waits before an offset."""
        self.settled = max(self.settled, offset)
        self._absorb()

    def waiting(self, refused: int, start: int, end: int) -> int:
        """Return how many of the records wait that the gate ever refused; once retention has taken some of them, about how many, by offsets."""
        if start == 0:
            return max(refused - self.handled, 0)
        left = end - self.settled - sum(min(last + 1, end) - first for first, last in self.ranges if first < end)
        return round(max(left, 0) * min(refused / end, 1.0)) if end else 0

    def _absorb(self) -> None:
        passed = 0
        while passed < len(self.ranges) and self.ranges[passed][0] <= self.settled:
            self.settled = max(self.settled, self.ranges[passed][1] + 1)
            passed += 1
        del self.ranges[:passed]


class Stocks:
    """All partitions of which notes tell, or that are asked about; a topic that was made anew under its name has other records."""

    def __init__(self) -> None:
        self._stocks: dict[tuple[Place, str], Stock] = {}

    def add(self, notes: Iterable[Note]) -> set[Place]:
        """Take notes; return of which partitions they tell."""
        room = RANGES_MAX - sum(len(one.ranges) for one in self._stocks.values())
        told: set[Place] = set()
        for note in notes:
            place = note.topic, note.partition
            self.of(place, note.topic_id).add(note, room)
            room -= len(note.offsets)
            told.add(place)
        return told

    def of(self, place: Place, topic_id: str) -> Stock:
        """Return the stock of a partition of a topic with an id."""
        return self._stocks.setdefault((place, topic_id), Stock())
