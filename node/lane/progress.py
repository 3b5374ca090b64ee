"""A progress record: how far one lane has come with one topic-partition, and what both sides looked like there.

It is written in the same transaction as the batches it speaks of, so it is true exactly when they stand. It keeps enough
of both sides to notice later that either one is no longer the log it was.
"""

from typing import NamedTuple

import msgspec

from node.errors import DataError
from node.model.names import Topic

VERSION = 1


class TopicPartition(NamedTuple):
    """One partition of a topic; what is made of it stands in the same number of its targets."""

    topic: Topic
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}"


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What a lane has written to one target of a route. An offset of -1 means that nothing was written yet."""

    id: str
    """topic id in the target cluster"""
    last: int = -1
    """target offset at which the last written batch begins"""
    count: int = 0
    """records in it"""
    crc: int = 0
    """its CRC-32C as written"""
    batches: int = 0
    records: int = 0
    """of the source: one that is a whole batch, which could not be opened, counts for all in it"""
    bytes: int = 0
    day_records: int = 0
    day_bytes: int = 0
    """of these, what was written on the day that the progress names"""

    @property
    def next(self) -> int:
        """The target offset behind the last written batch."""
        return self.last + self.count if self.last >= 0 else 0


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a lane has come with a topic-partition. An offset of -1 means that nothing was carried yet.

    `batches`, `records` and `bytes` count what was read so far, each target what was written there. A link writes what it reads
    to the topic of the same name; what a gate has read is what its two targets have.
    """

    version: int = VERSION
    source_id: str
    """topic id in the source cluster"""
    next: int
    """the source offset to read next"""
    last: int = -1
    """source offset at which the last carried batch begins"""
    last_crc: int = 0
    """its CRC-32C in the source"""
    targets: dict[Topic, Written]
    batches: int = 0
    records: int = 0
    bytes: int = 0
    era: int = 0
    """which of the route's eras it speaks of: of an earlier one only the figures count"""
    day: str = ""
    """on which day it was committed, as YYYY-MM-DD in Asia/Shanghai"""


def written_on(day: str, old: Written, new: Written, before: str) -> Written:
    """Return what was written as it counts for a day: `old` is what stood before the transaction, and was committed on the day `before`."""
    kept = (old.day_records, old.day_bytes) if before == day else (0, 0)
    return msgspec.structs.replace(new, day_records=kept[0] + new.records - old.records, day_bytes=kept[1] + new.bytes - old.bytes)


def key_of(lane: str, route: TopicPartition) -> bytes:
    """Return the key of a route's progress record: `lane|topic|partition`."""
    return f"{lane}|{route.topic}|{route.partition}".encode()


def route_of(key: bytes, lane: str) -> TopicPartition | None:
    """Return the route that a progress key names, or None if it belongs to another lane."""
    try:
        name, topic, partition = key.decode().split("|")
        return TopicPartition(Topic(topic), int(partition)) if name == lane else None
    except ValueError as error:
        raise DataError(f"a progress record has the key {key[:80]!r}, not lane|topic|partition") from error


def encode(progress: Progress) -> bytes:
    """Return the JSON value of a progress record."""
    return msgspec.json.encode(progress)


def decode(value: bytes) -> Progress:
    """Read a progress record; DataError for a damaged one or one that a newer node wrote in a form unknown here."""
    try:
        progress = msgspec.json.decode(value, type=Progress)
    except msgspec.MsgspecError as error:
        raise DataError(f"a progress record cannot be read: {error}") from error
    if progress.version != VERSION:
        raise DataError(f"a progress record has version {progress.version}, this node reads {VERSION}: run the newer node that wrote it")
    return progress
