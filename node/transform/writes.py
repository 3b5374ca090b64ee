"""What a lane writes: a batch in a buffer, and the topic that it is for; and what makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from node.batch.header import Header
from node.model.names import Topic

if TYPE_CHECKING:
    from node.transform.shown import Shown  # it brings Numba, which takes longer to import than all else


class Write(msgspec.Struct, frozen=True):
    """A batch to be written to a topic, in the partition of the route that it was made of; `data` from `start` on is ours to stamp."""

    topic: Topic
    data: bytearray
    start: int
    header: Header
    hidden: int = 0
    """records of the source that it stands for beside its own: a batch that could not be opened is kept as one record"""


class Made(msgspec.Struct, frozen=True):
    """What a transform made of batches of one route: what is to be written, in order, and what is to be counted once that is committed."""

    taken: int
    """how many of the batches it was made of, at least the first: a transform may leave the others for another time"""
    writes: tuple[Write, ...]
    refused: dict[str, int] = {}
    """records that do not go on, by the word for why"""
    warned: dict[str, int] = {}
    """records that go on though a rule that only warns is broken, by the rule's name"""


class Transform(Protocol):
    """What a lane does to the batches of one source's topic, for one route or several at once.

    It may be called from several threads, but for a partition by one at a time.
    """

    def outcomes(self, route: Topic) -> Mapping[Topic, str]:
        """Return every topic that a route writes to, and the word by which records that go there are counted."""

    def memory(self, route: Topic, key: bytes) -> Shown | None:
        """Return what it keeps of a partition of a route from one group of batches to the next, empty; None where it keeps nothing."""

    def make(self, partition: int, raws: Sequence[Write], now_ms: int, routes: Mapping[Topic, Shown | None]) -> Mapping[Topic, Made]:
        """Return what is to be written of batches of a partition that came together, for each of these routes with what is kept of it.

        The batches are whole and checked, and all routes have taken the same number of them. BatchError where one of them cannot be what the source
        is said to hold: nothing of the group may go on then.
        """
