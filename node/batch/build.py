"""New batches from records: what a producer sends, and what stands for a batch that cannot be carried as it is."""

from collections.abc import Iterable
from itertools import chain

from node.batch.codec import compress
from node.batch.header import HEADER, HEADER_BYTES, MAGIC, Buffer, Header, seal
from node.batch.records import Record, records
from node.errors import BatchError
from node.model.limits import DECOMPRESSED_BYTES_MAX

_CODEC_BITS, _TRANSACTIONAL = 0x07, 0x10
_ONE_BYTE = [bytes((number << 1,)) for number in range(64)] + [bytes(((~number << 1) | 1,)) for number in range(-64, 0)]
"""By number, negative ones from the end: most lengths and deltas take one byte."""


def build(
    content: Iterable[Record],
    *,
    codec: int,
    producer_id: int = -1,
    producer_epoch: int = -1,
    base_sequence: int = -1,
    transactional: bool = False,
) -> bytearray:
    """Return one batch of these records, numbered from offset 0 without holes; their own offsets count for nothing.

    BatchError when there are none, when they are more than any reader of ours would unfold, or when two timestamps lie
    further apart than 64 bits can say.
    """
    section = bytearray()
    count = first = latest = 0
    for record in content:
        if not count:
            first = latest = record.timestamp
        latest = max(latest, record.timestamp)
        _put_record(section, record, record.timestamp - first, count)
        count += 1
    if not count or len(section) > DECOMPRESSED_BYTES_MAX:
        raise BatchError(f"no batch can be built of {count} records with {len(section)} bytes")
    attributes = codec | (_TRANSACTIONAL if transactional else 0)
    return assemble(section, count, first, latest, attributes=attributes, producer=(producer_id, producer_epoch, base_sequence))


def assemble(
    section: Buffer, count: int, first: int, latest: int, *, attributes: int, producer: tuple[int, int, int] = (-1, -1, -1)
) -> bytearray:
    """Return a batch of `count` records that stand uncompressed in `section`, numbered from 0.

    `first` is what their timestamp deltas start from, `latest` the greatest timestamp (ms); `attributes` say the codec, `producer` is id,
    epoch and base sequence.
    """
    batch = bytearray(HEADER_BYTES) + compress(attributes & _CODEC_BITS, section)
    HEADER.pack_into(batch, 0, 0, len(batch) - 12, -1, MAGIC, 0, attributes, count - 1, first, latest, *producer, count)
    seal(batch, 0, len(batch))
    return batch


def rebuild(batch: Buffer, header: Header, from_offset: int) -> bytearray | None:
    """Return a new batch of the records at or after `from_offset`, or None when none is left.

    Codec, order, timestamps, keys, values and headers stay; offsets begin at 0, holes close, and it belongs to no
    producer until `restamp`. BatchError for garbled and for control batches.
    """
    if header.is_control:
        raise BatchError(f"the control batch at offset {header.base_offset} belongs to its own log")
    kept = (record for record in records(batch, header) if record.offset >= from_offset)
    first = next(kept, None)
    return None if first is None else build(chain((first,), kept), codec=header.codec)


def _put_record(section: bytearray, record: Record, timestamp_delta: int, offset_delta: int) -> None:
    if not -(2**63) <= timestamp_delta < 2**63:
        raise BatchError(f"a timestamp of {record.timestamp} ms is too far from its batch's first")
    body = bytearray(1)  # attributes, which mean nothing yet
    _put_varint(body, timestamp_delta)
    _put_varint(body, offset_delta)
    _put_nullable(body, record.key)
    _put_nullable(body, record.value)
    _put_varint(body, len(record.headers))
    for name, value in record.headers:
        _put_nullable(body, name.encode())
        _put_nullable(body, value)
    _put_varint(section, len(body))
    section += body


def _put_nullable(out: bytearray, content: bytes | None) -> None:
    if content is None:
        out.append(1)  # -1
        return
    _put_varint(out, len(content))
    out += content


def zigzag(number: int) -> bytes:
    """Return a number as Kafka writes those of records: zigzag, seven bits a byte, the lowest first."""
    if -64 <= number < 64:
        return _ONE_BYTE[number]
    out = bytearray()
    _put_varint(out, number)
    return bytes(out)


def _put_varint(out: bytearray, number: int) -> None:
    rest = number << 1 if number >= 0 else (~number << 1) | 1
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
