"""Logs in memory: batches at offsets, transactions that end in markers, older copies to restore from."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from enum import IntEnum
from typing import Generic, TypeVar

V = TypeVar("V")


class Status(IntEnum):
    """What became of a batch."""

    OPEN = 0
    COMMITTED = 1
    ABORTED = 2
    MARKER = 3


class Entry(Generic[V]):
    """One batch, or one marker, in a log."""

    __slots__ = ("base", "crc", "next", "size", "status", "value")

    def __init__(self, base: int, count: int, value: V | None, *, crc: int, size: int, status: Status) -> None:
        self.base, self.next = base, base + count
        self.value, self.crc, self.size, self.status = value, crc, size, status

    @property
    def count(self) -> int:
        """Offsets it takes."""
        return self.next - self.base


class Log(Generic[V]):
    """One partition. Entries lie without gaps from offset 0; `start` is what retention left."""

    def __init__(self, topic_id: str, entries: Iterable[Entry[V]] = ()) -> None:
        self.topic_id = topic_id
        self.entries = list(entries)
        self.bases = [entry.base for entry in self.entries]
        self.start = 0
        self.end = self.entries[-1].next if self.entries else 0
        self._open: list[Entry[V]] = []
        self._quiet: list[Entry[V]] = []

    def append(self, value: V | None, *, count: int, crc: int, size: int = 100, status: Status = Status.COMMITTED) -> Entry[V]:
        """Append a batch; one that is OPEN holds the stable offset back until `finish`."""
        entry = Entry(self.end, count, value, crc=crc, size=size, status=status)
        self.entries.append(entry)
        self.bases.append(entry.base)
        self.end = entry.next
        if not self._open:
            self._quiet.append(entry)
        if status is Status.OPEN:
            self._open.append(entry)
        return entry

    def decide(self, entries: Iterable[Entry[V]], outcome: Status) -> None:
        """The coordinator has decided: what became of them is certain, but readers see it only after `finish`."""
        for entry in entries:
            entry.status = outcome

    def finish(self, entries: Iterable[Entry[V]], crc: int) -> None:
        """Write the marker of a transaction that was decided."""
        mine = set(map(id, entries))
        self._open = [entry for entry in self._open if id(entry) not in mine]
        self.append(None, count=1, crc=crc, status=Status.MARKER)

    @property
    def stable(self) -> int:
        """The last stable offset: read_committed ends here."""
        return self._open[0].base if self._open else self.end

    def committed(self, start: int, end: int) -> list[Entry[V]]:
        """Return the batches that are or will be committed and lie between two offsets, at least in part."""
        if start >= end:
            return []
        first, behind = max(bisect_right(self.bases, start) - 1, 0), bisect_left(self.bases, end)
        return [entry for entry in self.entries[first:behind] if entry.status is Status.COMMITTED and entry.next > start]

    def covering(self, offset: int) -> Entry[V] | None:
        """Return what stands at an offset, if it was not removed."""
        if not self.start <= offset < self.end:
            return None
        return self.entries[bisect_right(self.bases, offset) - 1]

    def cuts(self) -> list[int]:
        """Return the offsets where an older copy may have ended: no transaction was open, and a committed batch came next.

        The second half is a limit of any check by CRC: where only aborted batches or markers are lost, other batches
        could take their offsets behind a last batch that still stands.
        """
        return [entry.base for entry in self._quiet if entry.status is Status.COMMITTED and entry.base >= self.start]

    def restored(self, end: int) -> "Log[V]":
        """Return an older copy that ends at `end`."""
        log = Log(self.topic_id, self.entries[: bisect_left(self.bases, end)])
        log.start = self.start
        log._quiet = [entry for entry in self._quiet if entry.next <= end]
        return log
