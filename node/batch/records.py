"""The records inside a batch, opened one by one. Lanes do not need this: it is for what must be rebuilt or looked at.

Layout: Kafka's DefaultRecord. Every number and length is checked against the record, the record against its section.
"""

from collections.abc import Iterator

import msgspec

from node.batch.codec import decompress
from node.batch.header import HEADER_BYTES, Buffer, Header, varint
from node.errors import BatchError

_HEADERS_MAX = 10_000
"""Kafka sets no bound, but a header of two bytes takes 64 in memory: without one a batch of 64 MiB could fill 2 GiB."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record; the timestamp in ms since 1970. A value of None is a tombstone."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


def records(batch: Buffer, header: Header) -> Iterator[Record]:
    """Yield the records of the batch that begins at the first byte of `batch`, by ascending offset.

    BatchError for anything garbled: lengths, numbers, compression, text that is not UTF-8, a count that is not kept,
    bytes left over. It may come after some records have been yielded, for nothing is read ahead.
    """
    data = _section(batch, header)
    at = 0
    offset = header.base_offset
    for _ in range(header.count):
        record, at = _record(data, at, header)
        if not offset <= record.offset < header.next_offset:
            raise BatchError(f"a record has offset {record.offset}, out of order or outside its batch")
        offset = record.offset + 1
        yield record
    if at != len(data):
        raise BatchError(f"{len(data) - at} bytes are left after the last of {header.count} records")


def _section(batch: Buffer, header: Header) -> bytes:
    if header.count < 0 or not HEADER_BYTES <= header.size <= len(batch):
        raise BatchError(f"a batch of {header.size} bytes and {header.count} records cannot be read from {len(batch)} bytes")
    return bytes(decompress(header.codec, memoryview(batch)[HEADER_BYTES : header.size]))


def _record(data: Buffer, at: int, header: Header) -> tuple[Record, int]:
    length, at = varint(data, at, len(data))
    end = at + length
    if not 0 < length <= len(data) - at:
        raise BatchError(f"a record of {length} bytes in a section that has {len(data) - at} left")
    timestamp_delta, at = varint(data, at + 1, end, bits=64)  # the byte before it, the record's attributes, means nothing yet
    offset_delta, at = varint(data, at, end)
    key, at = _nullable(data, at, end)
    value, at = _nullable(data, at, end)
    headers, at = _headers(data, at, end)
    if at != end:
        raise BatchError(f"{end - at} bytes are left at the end of a record")
    timestamp = header.max_timestamp if header.log_append_time else header.base_timestamp + timestamp_delta
    if not -(2**63) <= timestamp < 2**63:
        raise BatchError(f"a timestamp of {timestamp} ms does not fit 64 bits")
    return Record(header.base_offset + offset_delta, timestamp, key, value, headers), end


def _nullable(data: Buffer, at: int, end: int) -> tuple[bytes | None, int]:
    """Return the bytes that follow their length, or None where it is -1 (Kafka takes every negative length for it)."""
    length, at = varint(data, at, end)
    if length < 0:
        return None, at
    if length > end - at:
        raise BatchError(f"a key, value or header of {length} bytes in a record that has {end - at} left")
    return bytes(data[at : at + length]), at + length


def _headers(data: Buffer, at: int, end: int) -> tuple[tuple[tuple[str, bytes | None], ...], int]:
    count, at = varint(data, at, end)
    if not 0 <= count <= min(_HEADERS_MAX, end - at):
        raise BatchError(f"{count} headers in a record that has {end - at} bytes left and may have {_HEADERS_MAX}")
    headers = []
    for _ in range(count):
        name, at = _nullable(data, at, end)
        value, at = _nullable(data, at, end)
        if name is None:
            raise BatchError("a header has no name")
        try:
            headers.append((name.decode(), value))
        except UnicodeDecodeError as e:
            raise BatchError(f"a header's name is not UTF-8: {e}") from e
    return tuple(headers), at
