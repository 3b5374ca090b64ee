"""Record batches byte by byte, as a stranger might write them, and read by another reader than ours: aiokafka's, written in C.

Nothing of `node.batch` takes part but the layout of a header, so that what it does wrong is not done wrong here too.
"""

import gzip
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from aiokafka import codec as codecs
from aiokafka.record._crecords import DefaultRecordBatch
from aiokafka.record.util import calc_crc32c

from node.batch.header import GZIP, HEADER, HEADER_BYTES, LZ4, NONE, SNAPPY, ZSTD, read, restamp
from node.model.names import Topic, inbox_topic
from node.transform.writes import Write
from tests.avro.ruling import NOW_MS
from tests.avro.writer import zigzag

RESOURCE = Topic("445102.civil-affairs.marriages")
CODECS = (NONE, GZIP, SNAPPY, LZ4, ZSTD)
OFFSET = 7_000_000_000
"""Where the batches of a test begin in their inbox."""
_APPEND_TIME = 0x08

Headers = tuple[tuple[str, bytes | None], ...]
_ENCODE: dict[int, Callable[[bytes], bytes]] = {
    GZIP: lambda content: gzip.compress(content, mtime=0),
    SNAPPY: codecs.snappy_encode,
    LZ4: codecs.lz4_encode,
    ZSTD: codecs.zstd_encode,
}


class Row(msgspec.Struct, frozen=True):
    """A record as a reader sees it."""

    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


def nullable(content: bytes | None) -> bytes:
    """Return bytes behind their length, or -1 for none."""
    return zigzag(-1) if content is None else zigzag(len(content)) + content


def body(number: int, row: Row, *, base: int = NOW_MS, attributes: int = 0) -> bytes:
    """Return a record without its length: the one of that number in a batch whose deltas start from `base`."""
    headers = b"".join(nullable(name.encode()) + nullable(value) for name, value in row.headers)
    deltas = zigzag(row.timestamp - base) + zigzag(number)
    return bytes((attributes,)) + deltas + nullable(row.key) + nullable(row.value) + zigzag(len(row.headers)) + headers


def section(bodies: Iterable[bytes]) -> bytes:
    """Return records behind their lengths, uncompressed."""
    return b"".join(zigzag(len(one)) + one for one in bodies)


def batch(
    content: bytes,
    count: int,
    *,
    codec: int = NONE,
    base: int = NOW_MS,
    latest: int | None = None,
    offset: int = OFFSET,
    append_time: bool = False,
) -> bytearray:
    """Return a batch with this section, whatever it holds, compressed and sealed; `latest` is the broker's own time with `append_time`."""
    packed = _ENCODE[codec](content) if codec else content
    return sealed(packed, count, codec=codec | (_APPEND_TIME if append_time else 0), base=base, latest=latest, offset=offset)


def sealed(packed: bytes, count: int, *, codec: int, base: int = NOW_MS, latest: int | None = None, offset: int = OFFSET) -> bytearray:
    """Return a batch with a section that is compressed already, or says so."""
    producer = 4711, 3, 99
    fields = codec, count - 1, base, base if latest is None else latest, *producer, count
    data = bytearray(HEADER.pack(offset, len(packed) + HEADER_BYTES - 12, 5, 2, 0, *fields) + packed)
    data[17:21] = calc_crc32c(bytes(data[21:])).to_bytes(4)
    return data


def write(data: bytes | bytearray, *, before: bytes = b"", behind: bytes = b"") -> Write:
    """Return a batch as a lane hands it to a transform: somewhere in the buffer of a Fetch reply."""
    return Write(inbox_topic(RESOURCE), bytearray(before + data + behind), len(before), read(data, 0))


def rows(rows: Sequence[Row], *, codec: int = NONE, offset: int = OFFSET) -> Write:
    """Return a sound batch of these records as a lane hands it over."""
    base = rows[0].timestamp
    content = section(body(number, row, base=base) for number, row in enumerate(rows))
    return write(batch(content, len(rows), codec=codec, base=base, latest=max(row.timestamp for row in rows), offset=offset))


def opened(write: Write, *, stamped: bool = True) -> list[Row]:
    """Return the records of a batch, stamped as the sink does it, as aiokafka reads them.

    Its offsets go up from 0, its greatest timestamp is true.
    """
    stamp = bytearray(write.data[write.start : write.start + write.header.size])
    restamp(stamp, 0, write.header, 1, 0, 0)
    data = bytes(stamp)
    other: Any = DefaultRecordBatch(data)
    assert other.validate_crc()
    found = list(other)
    assert [one.offset - other.base_offset for one in found] == list(range(write.header.count))
    assert not stamped or max(one.timestamp for one in found) == write.header.max_timestamp
    return [Row(one.timestamp, one.key, one.value, tuple(one.headers)) for one in found]
