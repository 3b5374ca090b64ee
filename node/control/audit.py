"""Notes: what was done with refused records, as it stands in the node's audit topic and is read back from there.

A note is one record, UTF-8 JSON: `{"version": 1, "at", "kind", "topic", "topic_id", "partition", "offsets": [[first, last], …], "why", "by"}`.
It names records by the offsets they have in their topic, both ends included, and holds nothing of them. An offset means something only in
the topic that it was counted in, so the topic's id stands beside its name: one that was made anew under the name has other records.

Bounds: a note has at most NOTE_RANGES_MAX ranges; all notes that are read together RANGES_MAX, at 16 bytes each.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from node.control.quarantine import State
from node.errors import DataError
from node.model.limits import AUDIT_NOTE_BYTES_MAX
from node.model.names import Topic
from node.model.values import Actor

VERSION = 1
NOTE_RANGES_MAX = 20_000
RANGES_MAX = 4_000_000
"""64 MiB. Neighbours are one range, so it takes four million records between others of another kind, all handled within half a year."""
_RANGE_BYTES_MAX = 42
"""Two numbers of 19 digits, two brackets, two commas."""
assert NOTE_RANGES_MAX * _RANGE_BYTES_MAX < AUDIT_NOTE_BYTES_MAX

NoteKind = Literal["quarantine-replayed", "quarantine-discarded"]
_WORDS: dict[str, Literal["replayed", "discarded"]] = {"quarantine-replayed": "replayed", "quarantine-discarded": "discarded"}
Range = tuple[int, int]
"""the first and the last offset that it has"""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What was done with some records of one partition."""

    version: int = VERSION
    at: str
    kind: NoteKind
    topic: Topic
    topic_id: str
    partition: int
    offsets: tuple[Range, ...]
    why: str
    by: Actor | None = None
    """who had it done; None in notes of before that was kept"""
    forced: bool = False
    """replayed although its resource holds a later record of the key"""
    records: int = 0
    """how many they are: offsets of transactions' ends may lie between; 0 in notes of before that was kept"""


class _Head(msgspec.Struct, frozen=True):
    version: int
    kind: str


def encode_note(note: Note) -> bytes:
    """Return a note as a record's value."""
    return msgspec.json.encode(note)


def decode_note(value: bytes) -> Note | None:
    """Read a record of the audit topic, None for one that is about something else.

    DataError for a damaged one, or one of a newer node's form: whoever does not know what was done must do nothing.
    """
    try:
        head = msgspec.json.decode(value, type=_Head)
        if head.kind not in _WORDS:
            return None
        if head.version != VERSION:
            raise DataError(f"a note has version {head.version}, this node reads {VERSION}: run the newer node that wrote it")
        return msgspec.json.decode(value, type=Note)
    except msgspec.MsgspecError as error:
        raise DataError(f"a note cannot be read: {error}") from error


def ranges(numbered: Iterable[tuple[int, int]]) -> tuple[Range, ...]:
    """Return ascending offsets as ranges. Each comes with its record's number: where two follow each other, no record lies between."""
    found: list[Range] = []
    before = 0
    for offset, number in numbered:
        if found and number == before + 1:
            found[-1] = found[-1][0], offset
        else:
            found.append((offset, offset))
        before = number
    return tuple(found)


class Handled:
    """Which records of some topics were handled, by all notes that were added."""

    def __init__(self, topics: dict[Topic, str]) -> None:
        self._topics = topics
        """the topics that are asked about, each with its id"""
        self._count = 0
        self._parts: dict[tuple[Topic, int, str], list[npt.NDArray[np.int64]]] = {}
        self._sorted: dict[tuple[Topic, int, str], npt.NDArray[np.int64]] = {}

    def add(self, note: Note) -> None:
        """Take a note; one about a topic that is not asked about, or is another one now, counts for nothing. DataError above RANGES_MAX."""
        if self._topics.get(note.topic) != note.topic_id or not note.offsets:
            return
        self._count += len(note.offsets)
        if self._count > RANGES_MAX:
            raise DataError(f"notes name more than {RANGES_MAX} ranges of records; ask about one resource at a time")
        place = note.topic, note.partition, _WORDS[note.kind]
        self._parts.setdefault(place, []).append(np.array(note.offsets, np.int64).T)
        self._sorted.pop(place, None)

    def states(self, topic: Topic, partition: int, offsets: Sequence[int]) -> list[State]:
        """Return what became of each of these records of a partition."""
        states: list[State] = ["waiting"] * len(offsets)
        asked = np.array(offsets, np.int64)
        for word in _WORDS.values():
            known = self._known(topic, partition, word)
            if known is None:
                continue
            before = np.searchsorted(known[0], asked, side="right") - 1
            for place in np.flatnonzero((before >= 0) & (known[1][before] >= asked)).tolist():
                states[place] = word
        return states

    def _known(self, topic: Topic, partition: int, word: str) -> npt.NDArray[np.int64] | None:
        """Return first and last offsets by ascending first; a last one is the greatest so far, should two ranges overlap."""
        place = topic, partition, word
        if place not in self._sorted and place in self._parts:
            joined = np.concatenate(self._parts[place], axis=1)
            joined = joined[:, np.argsort(joined[0], kind="stable")]
            joined[1] = np.maximum.accumulate(joined[1])
            self._parts[place], self._sorted[place] = [joined], joined
        return self._sorted.get(place)
