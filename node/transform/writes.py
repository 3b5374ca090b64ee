"""What a lane writes: a batch in a buffer, and the topic that it is for."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from node.batch.header import Header
from node.model.names import Topic


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
    refused: dict[str, int]
    """records that do not go on, by the word for why"""
    warned: dict[str, int]
    """records that go on though a rule that only warns is broken, by the rule's name"""


class Transform(Protocol):
    """What a lane does to the batches of one topic. It may be called from several threads, but for a partition by one at a time."""

    @property
    def outcomes(self) -> Mapping[Topic, str]:
        """Every topic that it writes to, and the word by which records that go there are counted."""

    def make(self, partition: int, raws: Sequence[Write], now_ms: int) -> Made:
        """Return what is to be written of batches of a partition that came together; they are whole and checked."""
