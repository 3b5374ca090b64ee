"""Records inside a batch: what others wrote is read, and garbage never gets past BatchError."""

import itertools
from collections.abc import Iterator

import pytest
from aiokafka.record._crecords import DefaultRecordBatchBuilder as BuilderC
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy as BuilderPython
from hypothesis import given, settings
from hypothesis import strategies as st

from node.batch import codec as codec_module
from node.batch.build import build, rebuild
from node.batch.header import HEADER, HEADER_BYTES, LZ4, NONE, ZSTD, Header, check, read, seal
from node.batch.records import Record, records
from node.errors import BatchError

CODECS = range(NONE, ZSTD + 1)
FIELDS = Header.__struct_fields__
CONTENT = [
    Record(
        i,
        1_700_000_000_000 + (-7) ** i,
        None if i % 3 == 0 else b"key%d" % i,
        None if i % 4 == 0 else b"value " * 9 * i,
        (("名", b"x"), ("n", None)) * (i % 3),
    )
    for i in range(8)
]


@pytest.fixture(autouse=True)
def small_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the bound: thousands of garbled sections need not be tried with 64 MiB of room."""
    monkeypatch.setattr(codec_module, "DECOMPRESSED_BYTES_MAX", 64 * 1024)


def batch_of(section: bytes, **fields: int) -> bytearray:
    """Return a batch with these bytes as its record section and a CRC that fits."""
    given = {"length": len(section) + HEADER_BYTES - 12, "leader_epoch": -1, "magic": 2, "max_timestamp": 99, "count": 1}
    values = [(given | fields).get(name, 0) for name in FIELDS]
    batch = bytearray(HEADER.pack(*values)) + section
    seal(batch, 0, len(batch))
    return batch


def opened(batch: bytes | bytearray) -> list[Record]:
    """Return all records of a batch."""
    return list(records(batch, read(batch, 0)))


def resealed(batch: bytes | bytearray) -> Iterator[bytearray]:
    """Yield the batch with each byte after the CRC flipped and the CRC made to fit: garbage that `check` may let pass."""
    for place, bits in itertools.product(range(21, len(batch)), (0x01, 0x80, 0xFF)):
        garbled = bytearray(batch)
        garbled[place] ^= bits
        seal(garbled, 0, len(garbled))
        yield garbled


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("builder_of", [BuilderPython, BuilderC])
def test_what_aiokafka_built_is_read(codec: int, builder_of: type[BuilderPython]) -> None:
    """Keys, values, headers, timestamps and offsets must be those that aiokafka's producer wrote."""
    builder = builder_of(
        magic=2, compression_type=codec, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1, batch_size=1 << 20
    )
    for record in CONTENT:
        assert builder.append(record.offset, record.timestamp, record.key, record.value, list(record.headers)) is not None
    batch = bytes(builder.build())
    check(batch, 0, read(batch, 0))
    assert read(batch, 0).codec == codec
    assert opened(batch) == CONTENT


def test_offsets_and_timestamps_follow_the_header() -> None:
    """Offsets start from the base; LogAppendTime gives every record the broker's time; a horizon is only a base for deltas."""
    batch = build(CONTENT, codec=NONE)
    for fields, shift, time in (
        ({"base_offset": 1000}, 1000, None),
        ({"attributes": 0x08, "max_timestamp": 5}, 0, 5),
        ({"attributes": 0x40}, 0, None),
    ):
        values = dict(zip(FIELDS, HEADER.unpack_from(batch), strict=True)) | fields
        found = opened(bytearray(HEADER.pack(*values.values())) + batch[HEADER_BYTES:])
        assert [r.offset for r in found] == [r.offset + shift for r in CONTENT]
        assert [r.timestamp for r in found] == [r.timestamp if time is None else time for r in CONTENT]


def test_bytes_after_the_batch_are_not_read() -> None:
    """The batch ends where its header says, in any kind of buffer."""
    batch = build(CONTENT, codec=LZ4)
    for buffer in (bytes(batch) + b"next", bytearray(batch + b"next"), memoryview(batch + b"next")):
        assert list(records(buffer, read(buffer, 0))) == CONTENT


@pytest.mark.parametrize("codec", CODECS)
def test_garbage_with_a_fitting_crc_ends_in_records_or_batch_error(codec: int) -> None:
    """Every byte flipped in three ways: nothing but BatchError may escape, of reading and of rebuilding."""
    for garbled in resealed(build(CONTENT, codec=codec)):
        try:
            header = read(garbled, 0)
            check(garbled, 0, header)
            assert len(list(records(garbled, header))) == header.count
            rebuild(garbled, header, header.base_offset + 3)
        except BatchError:
            continue


@pytest.mark.parametrize("codec", CODECS)
def test_a_cut_section_with_a_fitting_header_is_refused(codec: int) -> None:
    """However much is missing at the end, with length and CRC made to fit, the count cannot be kept."""
    batch = build(CONTENT, codec=codec)
    times = {"base_timestamp": CONTENT[0].timestamp, "attributes": codec, "last_offset_delta": 7, "count": 8}
    for length in range(HEADER_BYTES, len(batch)):
        with pytest.raises(BatchError):
            opened(batch_of(bytes(batch[HEADER_BYTES:length]), **times))
        with pytest.raises(BatchError):
            list(records(batch[:length], read(batch, 0)))


@pytest.mark.parametrize("count", [-(2**31), -1, 0, 1, 7, 9, 2**31 - 1])
def test_a_count_that_lies_is_refused(count: int) -> None:
    """Fewer records than there are, more, and negative counts must be errors, and a great count must cost nothing."""
    batch = build(CONTENT, codec=NONE)
    with pytest.raises(BatchError):
        opened(batch_of(bytes(batch[HEADER_BYTES:]), last_offset_delta=2**31 - 1, count=count))
    if count:
        with pytest.raises(BatchError):
            opened(batch_of(b"", last_offset_delta=2**31 - 1, count=count))


def test_a_batch_that_compaction_emptied_has_no_records() -> None:
    """Kafka keeps such headers for their sequence numbers."""
    assert opened(batch_of(b"", count=0, last_offset_delta=4)) == []


# A record: length, attributes, timestamp delta, offset delta, key, value, headers. Each of these breaks one rule.
BROKEN = {
    "no length": b"",
    "negative length": b"\x01",
    "zero length": b"\x00",
    "length beyond the section": b"\x0e\0\0\0\1\1\0",
    "length short of its content": b"\x0a\0\0\0\1\1\0",
    "bytes left in the record": b"\x0e\0\0\0\1\1\0\0",
    "bytes left in the section": b"\x0c\0\0\0\1\1\0\0",
    "length of six bytes": b"\x8c\x80\x80\x80\x80\x00\0\0\0\1\1\0",
    "key beyond the record": b"\x0c\0\0\0\x0a\1\0",
    "value beyond the record": b"\x0c\0\0\0\1\x0a\0",
    "greatest value length": b"\x14\0\0\0\1\xfe\xff\xff\xff\x0f\0",
    "negative header count": b"\x0c\0\0\0\1\1\1",
    "header count beyond the record": b"\x0c\0\0\0\1\1\x04",
    "greatest header count": b"\x14\0\0\0\1\1\xfe\xff\xff\xff\x0f",
    "header without a name": b"\x10\0\0\0\1\1\2\1\0",
    "header name that is not UTF-8": b"\x12\0\0\0\1\1\2\2\xff\0",
    "negative offset": b"\x0c\0\0\1\1\1\0",
    "offset beyond the batch": b"\x0c\0\0\2\1\1\0",
    "timestamp delta of eleven bytes": b"\x20\0" + b"\x80" * 10 + b"\0\0\1\1\0",
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_rule_is_refused(name: str) -> None:
    """A record that breaks one rule must be a BatchError; the same record unbroken is read."""
    assert opened(batch_of(b"\x0c\0\0\0\1\1\0")) == [Record(0, 0, None, None)]
    with pytest.raises(BatchError):
        opened(batch_of(BROKEN[name]))


def test_offsets_that_do_not_ascend_are_refused() -> None:
    """The second record must come after the first."""
    one, two = b"\x0c\0\0\0\1\1\0", b"\x0c\0\0\2\1\1\0"
    assert [r.offset for r in opened(batch_of(one + two, count=2, last_offset_delta=1))] == [0, 1]
    for section in (one + one, two + one):
        with pytest.raises(BatchError):
            opened(batch_of(section, count=2, last_offset_delta=1))


def test_a_timestamp_beyond_64_bits_is_refused() -> None:
    """Base and delta each fit 64 bits, their sum must too."""
    with pytest.raises(BatchError):
        opened(batch_of(b"\x0c\0\2\0\1\1\0", base_timestamp=2**63 - 1))


def test_a_record_of_countless_headers_is_refused() -> None:
    """Two bytes of a batch must not become 64 of memory without end."""
    headers = 10_001
    body = b"\0\0\0\1\1" + b"\xa2\x9c\x01" + b"\0\0" * headers
    length = (len(body)) << 1
    section = bytes([length & 0x7F | 0x80, length >> 7 & 0x7F | 0x80, length >> 14]) + body
    with pytest.raises(BatchError, match="10001 headers"):
        opened(batch_of(section))


@given(st.binary(max_size=60), st.integers(0, 0x4F), st.integers(-1, 4), st.integers(-1, 4))
@settings(derandomize=True, max_examples=300, deadline=None)
def test_random_sections_end_in_records_or_batch_error(section: bytes, attributes: int, count: int, last: int) -> None:
    """No bytes at all may make reading raise anything but BatchError."""
    try:
        opened(batch_of(section, attributes=attributes, count=count, last_offset_delta=last))
    except BatchError:
        return
