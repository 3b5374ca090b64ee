"""Fetch v13 by hand (KIP-516: by topic id): requests packed, replies parsed in place into batches.

By id, not by name: a topic that was deleted and made anew under the same name can never be read as if it were the old one.
"""

import struct
import uuid
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from node.batch.header import Header, by_create_time, check, marker, read, walk
from node.bus.faults import name_of
from node.bus.wire import Buffer
from node.errors import BatchError, ProtocolError
from node.lane.checks import Stop
from node.lane.facts import Batch
from node.model.limits import FETCH_BYTES_MAX, FETCH_PARTITION_BYTES_MAX, FETCH_WAIT_S
from node.transform import Care, Verdict, judge, rebuilt

_API = struct.Struct(">hhi")
_BODY = struct.Struct(">iiiibii")
_PARTITION = struct.Struct(">iiqiqi")
_REPLY_PARTITION = struct.Struct(">ihqqq")
_ABORTED = struct.Struct(">qq")
_INT = struct.Struct(">i")
_SHORT = struct.Struct(">h")
_FETCH, _VERSION = 1, 13
_READ_COMMITTED = 1
_FILL_PART_MIN = 4


class Wanted(msgspec.Struct, frozen=True):
    """One partition to fetch."""

    topic_id: bytes
    partition: int
    offset: int
    bytes_max: int = FETCH_PARTITION_BYTES_MAX


class Reply(msgspec.Struct, frozen=True):
    """One partition of a reply: `start` and `end` bound its record batches in the buffer."""

    topic_id: bytes
    partition: int
    error: int
    stable: int
    """last stable offset: what is read_committed ends here"""
    aborted: Sequence[tuple[int, int]]
    """(producer id, first offset) of aborted transactions"""
    start: int
    end: int


class Came(Protocol):
    """Who counts what came of a partition in a reply: the next Fetch is sent when enough of it is settled."""

    def settled(self, size: int, sent_at: float, /) -> None:
        """Count bytes that nobody needs any more, written since the loop time `sent_at`; 0: dropped without."""


class Piece(msgspec.Struct, eq=False):
    """Where a batch lies, for the sink: `Batch.handle` of a fetched batch.

    Each follower that got the batch is one user and releases it once. What several use is only read: who stamps it in place must be alone.
    """

    buffer: Buffer
    start: int
    header: Header
    came: Came
    fetched_bytes: int
    users: int = 1
    sent_at: float = 0.0
    """loop time (s) at which it was handed to a sink"""

    def use(self) -> None:
        """Count one more user."""
        self.users += 1

    def release(self) -> None:
        """Count one user less; with the last one the bytes are given back: nobody reads or sends them any more."""
        left = self.users = self.users - 1
        if left > 0:
            return
        assert left == 0, "a batch was released more often than it was handed on"
        self.buffer.release()
        self.came.settled(self.fetched_bytes, self.sent_at)


class Found(msgspec.Struct):
    """What of a reply's partition is carried: batches, the position behind them, and why reading stopped there, if it did."""

    offset: int
    """from where on"""
    batches: list[Batch]
    position: int
    stop: Stop | None = None
    detail: str = ""

    def since(self, position: int) -> list[Batch] | None:
        """Return the batches for who stands at `position`; None if it lies before or behind what was read, or inside a batch.

        Who stands just behind it hears only of a stop that was found there: the batches are for those before it.
        """
        if position == self.offset:
            return list(self.batches)
        if not self.offset < position < self.position + (self.stop is not None):
            return None
        first = bisect_right(self.batches, position, key=_next)
        inside = first < len(self.batches) and self.batches[first].base < position
        return None if inside else self.batches[first:]


def _next(batch: Batch) -> int:
    return batch.next


def _uvarint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def request(
    correlation: int, client_id: str, wanted: Sequence[Wanted], wait_s: float = FETCH_WAIT_S, bytes_max: int = FETCH_BYTES_MAX
) -> bytes:
    """Pack a Fetch of these partitions, read_committed, without a session; partitions are asked for in the given order.

    Where nothing is there the broker waits `wait_s` for a first byte before it answers. The first batch of the first partition that has one comes
    whole, whatever the bounds.
    """
    name = client_id.encode()
    topics: dict[bytes, list[Wanted]] = {}
    for one in wanted:
        topics.setdefault(one.topic_id, []).append(one)
    parts = [
        _API.pack(_FETCH, _VERSION, correlation),
        _SHORT.pack(len(name)),
        name,
        b"\0",
        _BODY.pack(-1, int(wait_s * 1000), 1, bytes_max, _READ_COMMITTED, 0, -1),
        _uvarint(len(topics) + 1),
    ]
    for topic_id, partitions in topics.items():
        parts += [topic_id, _uvarint(len(partitions) + 1)]
        parts += [_PARTITION.pack(one.partition, -1, one.offset, -1, -1, one.bytes_max) + b"\0" for one in partitions]
        parts.append(b"\0")
    parts.append(b"\x01\x01\0")  # no forgotten topics, no rack, no tags
    body = b"".join(parts)
    return _INT.pack(len(body)) + body


class _Reader:
    """A cursor over a flexible reply. IndexError and struct.error mean that the reply is cut."""

    __slots__ = ("at", "bytes")

    def __init__(self, data: memoryview) -> None:
        self.bytes, self.at = data, 0

    def uvarint(self) -> int:
        value = shift = 0
        while True:
            byte = self.bytes[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
            if shift > 28:
                raise ProtocolError("a varint of more than five bytes in a fetch reply")

    def skip_tags(self) -> None:
        for _ in range(self.uvarint()):
            self.uvarint()
            size = self.uvarint()  # moves `at` itself, so it may not stand behind `+=`
            self.at += size

    def take(self, form: struct.Struct) -> tuple[int, ...]:
        values: tuple[int, ...] = form.unpack_from(self.bytes, self.at)
        self.at += form.size
        return values


def parse(data: bytearray, size: int) -> tuple[int, list[Reply]]:
    """Read a reply of `size` bytes; return its correlation id and its partitions. ProtocolError if it is no Fetch v13 reply."""
    reader = _Reader(memoryview(data)[:size])  # behind it stand the bytes of an earlier, longer reply
    try:
        (correlation,) = reader.take(_INT)
        reader.skip_tags()
        reader.take(_INT)  # throttle time
        (error,) = reader.take(_SHORT)
        if error:
            raise ProtocolError(f"the broker refuses to fetch: {name_of(error)}")
        reader.take(_INT)  # session
        replies = list(_partitions(reader, size))
        reader.skip_tags()
    except (IndexError, struct.error) as cut:
        raise ProtocolError(f"a fetch reply of {size} bytes is cut short") from cut
    if reader.at != size:
        raise ProtocolError(f"a fetch reply of {size} bytes ends at byte {reader.at}")
    return correlation, replies


def _partitions(reader: _Reader, size: int) -> Iterator[Reply]:
    for _ in range(reader.uvarint() - 1):
        topic_id = bytes(reader.bytes[reader.at : reader.at + 16])
        reader.at += 16
        for _ in range(reader.uvarint() - 1):
            partition, error, _high, stable, _start = reader.take(_REPLY_PARTITION)
            aborted = []
            for _ in range(reader.uvarint() - 1):
                producer, first = reader.take(_ABORTED)
                aborted.append((producer, first))
                reader.skip_tags()
            reader.take(_INT)  # preferred read replica
            length = max(reader.uvarint() - 1, 0)
            start, reader.at = reader.at, reader.at + length
            if reader.at > size:
                raise ProtocolError("records in a fetch reply end behind the reply")
            reader.skip_tags()
            yield Reply(topic_id, partition, error, stable, aborted, start, start + length)
        reader.skip_tags()


def walk_committed(data: bytearray, start: int, end: int, aborted: Sequence[tuple[int, int]]) -> Iterator[tuple[int, Header, bool]]:
    """Yield place and header of each whole batch, checked, and whether it holds committed records. BatchError for a damaged one.

    `aborted` is the reply's list of (producer id, first offset): a producer's batches from there on are aborted until its next abort
    marker (KIP-98). Kafka may cut the last batch of a reply: the walk ends before it.
    """
    coming = sorted(aborted, key=lambda entry: entry[1])
    aborting: set[int] = set()
    for at, header in walk(data, start, end):
        check(data, at, header)
        while coming and coming[0][1] < header.next_offset:
            aborting.add(coming.pop(0)[0])
        if header.is_control and header.count and marker(data, at) == 0:  # compaction leaves empty ones
            aborting.discard(header.producer_id)
        dead = header.is_control or (header.is_transactional and header.producer_id in aborting)
        yield at, header, bool(header.count) and not dead


def committed(buffer: Buffer, reply: Reply, offset: int, *, care: Care, came: Came) -> Found:
    """Return what of a reply is carried from `offset` on: control batches and aborted transactions are passed over.

    Reading ends before a batch that must not be carried; the caller gets what came before it and the reason.
    """
    found = Found(offset, [], offset)
    if reply.start == reply.end:
        return found
    try:
        for start, header, alive in walk_committed(buffer.bytes, reply.start, reply.end, reply.aborted):
            if header.next_offset <= offset:
                continue
            if alive:
                verdict = judge(header, offset, care)
                if verdict is Verdict.CARRY:
                    found.batches.append(_batch(buffer, start, header, header, came))
                elif verdict is Verdict.REBUILD:
                    found.batches += _rebuilt(buffer.view, start, header, offset, came)
                else:
                    found.stop, found.detail = Stop.NOT_CARRIED, f"offset {found.position}: {verdict.value}"
                    break
            found.position = header.next_offset
    except BatchError as error:
        found.stop, found.detail = Stop.CORRUPT, f"offset {found.position}: {error}"
    return found


def _rebuilt(view: memoryview, start: int, header: Header, offset: int, came: Came) -> list[Batch]:
    # Where the broker's own time stands in the header, the records' deltas still tell their producer's.
    new = rebuilt(view[start : start + header.size], by_create_time(header), offset)
    if not new:
        return []
    # Who looks into it tells its records by their offsets in the source; without holes these are known.
    own = msgspec.structs.replace(read(new, 0), base_offset=max(header.base_offset, offset))
    return [_batch(Buffer(new), 0, own, header, came)]


def _batch(buffer: Buffer, start: int, header: Header, source: Header, came: Came) -> Batch:
    """Return a batch as the machine sees it: its place in the source, and where what is to be written lies."""
    buffer.use()
    size = header.size
    return Batch(
        base=source.base_offset,
        next=source.next_offset,
        count=header.count,
        size=size,
        crc=source.crc,
        timestamp=header.base_timestamp,
        newest=header.max_timestamp,
        handle=Piece(buffer, start, header, came, size),
    )


def use(batches: Sequence[Batch]) -> None:
    """Count one more user of each batch."""
    for batch in batches:
        assert isinstance(batch.handle, Piece)
        batch.handle.use()


def unpin(buffer: Buffer, batches: Sequence[Batch]) -> None:
    """Copy batches out of a buffer of which they fill less than a quarter, so that it can be used again at once.

    A buffer is held until its last batch is settled. While a target stands still, many small replies would otherwise hold
    many times the bytes that are counted as unsettled.
    """
    inside = [(batch, piece) for batch in batches if isinstance(piece := batch.handle, Piece) and piece.buffer is buffer]
    if sum(batch.size for batch, _piece in inside) * _FILL_PART_MIN >= len(buffer.bytes):
        return
    for batch, piece in inside:
        own = Buffer(buffer.bytes[piece.start : piece.start + batch.size])
        own.use()
        piece.buffer, piece.start = own, 0
        buffer.release()


def topic_id(text: str) -> bytes:
    """Return the 16 bytes of a topic id."""
    return uuid.UUID(text).bytes
