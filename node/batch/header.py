"""The 61 bytes before the records of a batch: read, checked, stamped anew; and the walk over batches in a Fetch reply.

Layout and bits are those of Kafka's DefaultRecordBatch (magic 2: KIP-98; delete horizon: KIP-534). The CRC covers all
that follows its own field; base offset, length, leader epoch and magic stand before it and are nobody's promise.
"""

from collections.abc import Iterator
from struct import Struct
from typing import Literal, TypeAlias

import msgspec
from awscrt.checksums import crc32c

from node.errors import BatchError

Buffer: TypeAlias = bytes | bytearray | memoryview

HEADER = Struct(">qiibIhiqqqhii")
HEADER_BYTES = HEADER.size
MAGIC = 2

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
"""What the three codec bits of the attributes mean."""

_CODEC_BITS, _LOG_APPEND_TIME, _TRANSACTIONAL, _CONTROL, _DELETE_HORIZON = 0x07, 0x08, 0x10, 0x20, 0x40
_BEFORE_LENGTH_ENDS = 12  # base offset and the length itself are not counted in the length
_MAGIC_AT = 16
_CRC = Struct(">I")
_CRC_AT = 17
_COVERED_FROM = 21
_MARKER_KEY = Struct(">hh")


class Header(msgspec.Struct, frozen=True, gc=False):
    """The header of one batch as it stands on the wire; timestamps in ms since 1970, `length` as Kafka counts it."""

    base_offset: int
    length: int
    leader_epoch: int
    magic: int
    crc: int
    attributes: int
    last_offset_delta: int
    base_timestamp: int
    """what the records' deltas start from: the first record's, or with a delete horizon the horizon (KIP-534)"""
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    count: int

    @property
    def size(self) -> int:
        """Bytes of the whole batch."""
        return self.length + _BEFORE_LENGTH_ENDS

    @property
    def next_offset(self) -> int:
        """The offset after the batch, also where compaction took its last records."""
        return self.base_offset + self.last_offset_delta + 1

    @property
    def codec(self) -> int:
        """NONE, GZIP, SNAPPY, LZ4 or ZSTD; 5 to 7 mean nothing and `check` refuses them."""
        return self.attributes & _CODEC_BITS

    @property
    def log_append_time(self) -> bool:
        """Every record bears max_timestamp, which the broker set."""
        return bool(self.attributes & _LOG_APPEND_TIME)

    @property
    def is_transactional(self) -> bool:
        """The batch counts only when its transaction was committed."""
        return bool(self.attributes & _TRANSACTIONAL)

    @property
    def is_control(self) -> bool:
        """The batch is Kafka's own: see `marker`."""
        return bool(self.attributes & _CONTROL)

    @property
    def has_delete_horizon(self) -> bool:
        """The log cleaner put the time when tombstones go into base_timestamp (KIP-534)."""
        return bool(self.attributes & _DELETE_HORIZON)

    @property
    def has_holes(self) -> bool:
        """Compaction took records: brokers refuse such a batch from a producer, so it must be rebuilt."""
        return self.count != self.last_offset_delta + 1


def read(buffer: Buffer, offset: int) -> Header:
    """Return the header at `offset`, unchecked but for magic and least length; BatchError when it is cut or another format."""
    if len(buffer) - offset < HEADER_BYTES:
        raise BatchError(f"a batch header has {HEADER_BYTES} bytes, here are {len(buffer) - offset}")
    header = Header(*HEADER.unpack_from(buffer, offset))
    if header.magic != MAGIC:
        raise _other_format(header.magic)
    if header.size < HEADER_BYTES:
        raise BatchError(f"the batch at offset {header.base_offset} says it is {header.size} bytes long, less than its header")
    return header


def by_create_time(header: Header) -> Header:
    """Return the header of a batch as its producer meant it, where the broker wrote its own time (LogAppendTime) into it.

    The broker changes a bit and the greatest timestamp alone: the base and the records' deltas still tell the producer's times, and what the
    greatest of them is must be found there.
    """
    return msgspec.structs.replace(header, attributes=header.attributes & ~_LOG_APPEND_TIME) if header.log_append_time else header


def check(buffer: Buffer, offset: int, header: Header) -> None:
    """Check that the whole batch is there, intact by its CRC-32C, and that its counts and codec can be; else BatchError.

    Base offset and leader epoch are outside the CRC's cover: a wrong one is seen only by its neighbours.
    """
    where = f"the batch at offset {header.base_offset}"
    if header.magic != MAGIC:
        raise _other_format(header.magic)
    if not HEADER_BYTES <= header.size <= len(buffer) - offset:
        raise BatchError(f"{where} says it is {header.size} bytes long, {len(buffer) - offset} are there")
    found = _crc(buffer, offset, header.size)
    if found != header.crc:
        raise BatchError(f"{where} is damaged: its CRC-32C is {found:08x}, its header says {header.crc:08x}")
    if header.codec > ZSTD:
        raise BatchError(f"{where} is compressed by codec {header.codec}, which Kafka does not define")
    if header.base_offset < 0 or header.last_offset_delta < 0 or not 0 <= header.count <= header.last_offset_delta + 1:
        raise BatchError(f"{where} cannot be: {header.count} records up to delta {header.last_offset_delta}")


def seal(buffer: bytearray | memoryview, offset: int, size: int) -> int:
    """Write the CRC-32C of the batch of `size` bytes at `offset` into its header, and return it."""
    crc = _crc(buffer, offset, size)
    _CRC.pack_into(buffer, offset + _CRC_AT, crc)
    return crc


def restamp(  # noqa: PLR0917 - the three of the producer stand in the order of the wire
    buffer: bytearray | memoryview, offset: int, header: Header, producer_id: int, producer_epoch: int, base_sequence: int
) -> int:
    """Turn the checked batch at `offset` into a transactional producer's own, in place, and return its new CRC-32C.

    Record bytes stay as they are, and so do timestamps: a delete horizon's bit goes, the base that deltas start from
    stays. BatchError for what cannot be carried so: control batches, holes, and LogAppendTime, which would lose its times.
    """
    if header.is_control or header.has_holes or header.log_append_time:
        raise BatchError(f"the batch at offset {header.base_offset} (attributes {header.attributes:#x}) cannot be carried as it is")
    attributes = header.codec | _TRANSACTIONAL
    times = header.base_timestamp, header.max_timestamp
    producer = producer_id, producer_epoch, base_sequence
    HEADER.pack_into(buffer, offset, 0, header.length, -1, MAGIC, 0, attributes, header.last_offset_delta, *times, *producer, header.count)
    return seal(buffer, offset, header.size)


def walk(buffer: Buffer, start: int, end: int) -> Iterator[tuple[int, Header]]:
    """Yield place and header of each complete batch between `start` and `end`; BatchError for another format.

    A Fetch reply may cut its last batch: the walk ends before it, as Kafka's own clients do.
    """
    assert 0 <= start <= end <= len(buffer)
    while end - start > _MAGIC_AT:
        # Messages of the old formats may be shorter than our header: told from a cut batch by their magic alone.
        if buffer[start + _MAGIC_AT] != MAGIC:
            raise _other_format(buffer[start + _MAGIC_AT])
        if end - start < HEADER_BYTES:
            return
        header = read(buffer, start)
        if header.size > end - start:
            return
        yield start, header
        start += header.size


def marker(buffer: Buffer, offset: int) -> Literal[0, 1]:
    """Return how the control batch at `offset` ended its producer's transaction: 0 aborted, 1 committed; else BatchError."""
    header = read(buffer, offset)
    end = offset + header.size
    if end > len(buffer):
        raise BatchError(f"the control batch at offset {header.base_offset} is cut short")
    _, at = varint(buffer, offset + HEADER_BYTES, end)  # the record's length; its attributes, one byte, follow
    _, at = varint(buffer, at + 1, end, bits=64)  # timestamp delta
    _, at = varint(buffer, at, end)  # offset delta
    key_bytes, at = varint(buffer, at, end)
    if not header.is_control or header.codec != NONE or key_bytes < _MARKER_KEY.size or end - at < key_bytes:
        raise BatchError(f"the batch at offset {header.base_offset} is no control batch as Kafka writes them")
    version, kind = _MARKER_KEY.unpack_from(buffer, at)
    if version < 0 or kind not in {0, 1}:
        raise BatchError(f"the control batch at offset {header.base_offset} ends no transaction: version {version}, type {kind}")
    return 1 if kind else 0


def varint(data: Buffer, at: int, end: int, bits: Literal[32, 64] = 32) -> tuple[int, int]:
    """Return the zigzag number at `at` and the place after it; BatchError when it passes `end` or needs more than `bits`."""
    value = shift = 0
    while at < end and shift < bits:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> bits:
                break
            return (value >> 1) ^ -(value & 1), at
        shift += 7
    raise BatchError(f"the number that ends at byte {at} is cut short or needs more than {bits} bits")


def _crc(buffer: Buffer, offset: int, size: int) -> int:
    with memoryview(buffer)[offset + _COVERED_FROM : offset + size] as covered:
        crc: int = crc32c(covered)
    return crc


def _other_format(magic: int) -> BatchError:
    return BatchError(f"a batch has format {magic}, only {MAGIC} is carried (Kafka writes it since 0.11): rewrite the topic")
