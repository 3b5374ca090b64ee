"""The keys that a view of state has shown: who leaves its rows becomes a tombstone for these alone.

They are learned from the view itself when a partition is opened, and change with what is made of its source. What is made may be aborted, and
whether a commit took place may be unknown until the progress is read again: so they remember what has changed since the last commit that is
sure, and how far that had gone when the open transaction's record was written. They hold for an offset of the source, and go back to it.

Bounds: a key takes 8 bytes at a load of 0.35 to 0.7; a transaction's changes 8 bytes each, one for each of its records at most.
"""

import numpy as np

from node.avro.program import read_only
from node.errors import BatchError
from node.transform import kernel_shown as kernel
from node.transform.opening import unfold
from node.transform.writes import Write

SEED_BYTES = 16
_SEATS_FIRST, _CHANGES_FIRST = 64, 64
_LOAD_MAX = 0.7


class Shown:
    """The keys of one partition of a view; `key`: 16 random bytes that no taker knows. For one thread at a time.

    `learn` all of the view, `opened`; then of each transaction `recorded` and `confirm`. After a failure, `resume`.
    """

    def __init__(self, key: bytes) -> None:
        assert len(key) == SEED_BYTES, "SipHash takes 16 bytes"
        self.at = -1
        """the source's offset of the last commit that is sure; -1: it has not been opened"""
        self._recorded = (-1, 0)
        """the offset in the open transaction's record, and the changes up to there"""
        self.keys = kernel.Keys(
            read_only(np.frombuffer(key, "<i8").astype(np.int64)),
            np.zeros(_SEATS_FIRST, np.int64),
            np.zeros(_CHANGES_FIRST, np.int64),
            np.zeros(kernel.COUNT_WIDTH, np.int64),
        )
        """what the kernel changes, after `make_room`"""

    def __len__(self) -> int:
        return int(self.keys.counts[kernel.COUNT_KEYS])

    def __contains__(self, key: bytes) -> bool:
        return kernel.is_there(self.keys.seats, self._hash(key))

    def put(self, key: bytes, *, there: bool) -> bool:
        """Let a key be shown, or not any more; return whether it was."""
        self.make_room(keys=1, changes=1)
        return kernel.put(self.keys, self._hash(key), there)

    def make_room(self, *, keys: int, changes: int) -> None:
        """Make room for so many keys more, and so many changes."""
        seed, seats, journal, counts = self.keys
        if (most := len(self) + keys) > _LOAD_MAX * len(seats):
            seats = np.zeros(1 << int(most / _LOAD_MAX).bit_length(), np.int64)
            kernel.move(self.keys.seats, seats)
        if (most := int(counts[kernel.COUNT_CHANGES]) + changes) > len(journal):
            journal = np.concatenate((journal, np.zeros(1 << most.bit_length(), np.int64)))
        self.keys = kernel.Keys(seed, seats, journal, counts)

    # ---- opening

    def learn(self, write: Write) -> None:
        """Take what a committed batch of the view itself says, in the order of its log: a record shows its key, a tombstone takes it back.

        BatchError for a batch that cannot be read.
        """
        assert self.at < 0, "what was opened has learned all"
        data = unfold(write)
        self.make_room(keys=write.header.count, changes=write.header.count)
        if not kernel.learn(data, write.header.count, self.keys):
            raise BatchError(f"{write.topic}: the batch at offset {write.header.base_offset} holds records that cannot come from our node")
        self.keys.counts[kernel.COUNT_CHANGES] = 0

    def opened(self, at: int) -> None:
        """All of the view was learned: the keys hold for this offset of its source."""
        assert self.at < 0 <= at
        self.at = at

    # ---- transactions

    def recorded(self, at: int) -> None:
        """The open transaction's record names this offset of the source, behind all that was made so far."""
        assert 0 <= self.at <= at
        self._recorded = at, int(self.keys.counts[kernel.COUNT_CHANGES])

    def confirm(self, at: int) -> None:
        """The transaction whose record names this offset is committed: nobody goes back behind it."""
        recorded, done = self._recorded
        assert at == recorded, f"{at} is confirmed, {recorded} was recorded"
        _seed, _seats, changes, counts = self.keys
        left = int(counts[kernel.COUNT_CHANGES]) - done
        changes[:left] = changes[done : done + left].copy()
        counts[kernel.COUNT_CHANGES] = left
        self.at, self._recorded = at, (-1, 0)

    def resume(self, at: int) -> bool:
        """Go back to where the keys held for an offset of the source: the last commit that is sure, or the one whose answer was lost.

        False where they never did, for another owner has gone on, or an operator has spoken: then nothing is known, and all is to be learned anew.
        """
        recorded, done = self._recorded
        if self.at < 0 or at not in {self.at, recorded}:
            self._clear()
            return False
        kernel.undo(self.keys, 0 if at == self.at else done)
        self.keys.counts[kernel.COUNT_CHANGES] = 0
        self.at, self._recorded = at, (-1, 0)
        return True

    def _clear(self) -> None:
        self.at, self._recorded = -1, (-1, 0)
        self.keys = self.keys._replace(seats=np.zeros(_SEATS_FIRST, np.int64), changes=np.zeros(_CHANGES_FIRST, np.int64))
        self.keys.counts[:] = 0

    def _hash(self, key: bytes) -> int:
        return kernel.hash_of(read_only(np.frombuffer(key, np.uint8)), 0, len(key), self.keys.seed)
