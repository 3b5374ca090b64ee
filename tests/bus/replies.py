"""Fetch v13 replies written by hand from Kafka's protocol description, and batches to put into them."""

import struct
from collections.abc import Mapping, Sequence

import msgspec

from node.batch.build import build
from node.batch.header import HEADER, NONE, Header, seal
from node.batch.records import Record

FIELDS = Header.__struct_fields__
TIME_MS = 1_750_000_000_000


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One partition of a reply; `aborted` None is a null list."""

    partition: int = 0
    error: int = 0
    stable: int = 0
    aborted: Sequence[tuple[int, int]] | None = None
    data: bytes | None = b""
    tags: bytes = b"\0"


def batch(base: int, count: int = 1, *, codec: int = NONE, producer: int = -1, value: bytes = b"v", **fields: int) -> bytearray:
    """Return a batch as it stands in a log from offset `base` on; other header fields by name."""
    records = [Record(0, TIME_MS + base + i, b"k%d" % (base + i), value, ()) for i in range(count)]
    return changed(build(records, codec=codec, producer_id=producer, transactional=producer >= 0), base_offset=base, **fields)


def changed(data: bytearray, **fields: int) -> bytearray:
    """Return the batch with other header fields and a CRC that fits them."""
    new = bytearray(data)
    HEADER.pack_into(new, 0, *(dict(zip(FIELDS, HEADER.unpack_from(new), strict=True)) | fields).values())
    seal(new, 0, len(new))
    return new


def marker(base: int, producer: int, *, commit: bool) -> bytearray:
    """Return the control batch that ends a producer's transaction."""
    data = build([Record(0, TIME_MS, struct.pack(">hh", 0, int(commit)), b"\0\0\0\0\0\0", ())], codec=NONE, producer_id=producer)
    return changed(data, base_offset=base, attributes=0x30)


def uvarint(number: int) -> bytes:
    """Encode an unsigned varint."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def fetch_body(topics: Mapping[bytes, Sequence[Part]], *, error: int = 0) -> bytes:
    """Return a reply's body, behind the header with its tags: throttle time, error, session, topics, tags."""
    out = bytearray(struct.pack(">ihi", 0, error, 0)) + uvarint(len(topics) + 1)
    for topic_id, parts in topics.items():
        out += topic_id + uvarint(len(parts) + 1)
        for part in parts:
            out += struct.pack(">ihqqq", part.partition, part.error, part.stable, part.stable, 0)
            out += uvarint(0 if part.aborted is None else len(part.aborted) + 1)
            for producer, first in part.aborted or ():
                out += struct.pack(">qq", producer, first) + b"\0"
            out += struct.pack(">i", -1)
            out += (uvarint(0) if part.data is None else uvarint(len(part.data) + 1) + part.data) + part.tags
        out += b"\0"
    return bytes(out + b"\0")


def fetch_reply(correlation: int, topics: Mapping[bytes, Sequence[Part]], *, error: int = 0) -> bytearray:
    """Return a whole reply, without its size."""
    return bytearray(struct.pack(">i", correlation) + b"\0" + fetch_body(topics, error=error))
