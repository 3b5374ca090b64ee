"""The header of a batch: read, checked, stamped anew, walked; and what damage does to it."""

import struct
from collections.abc import Callable

import pytest
from aiokafka.record._crecords import DefaultRecordBatch as AiokafkaC
from aiokafka.record.control_record import ABORT_MARKER, COMMIT_MARKER, ControlRecord
from aiokafka.record.default_records import _DefaultRecordBatchPy as AiokafkaPython
from aiokafka.record.util import calc_crc32c, encode_varint_py
from hypothesis import given, settings
from hypothesis import strategies as st

from node.batch.build import build
from node.batch.header import HEADER, HEADER_BYTES, LZ4, NONE, ZSTD, Header, check, marker, read, restamp, seal, varint, walk
from node.batch.records import Record, records
from node.errors import BatchError

CODECS = range(NONE, ZSTD + 1)
FIELDS = Header.__struct_fields__
CONTENT = [Record(i, 1_700_000_000_000 - i, b"k%d" % i, b"value " * i, (("h", None),)) for i in range(6)]


def changed(batch: bytes | bytearray, **fields: int) -> bytearray:
    """Return the batch with other header fields and a CRC that fits them."""
    new = bytearray(batch)
    values = dict(zip(FIELDS, HEADER.unpack_from(new), strict=True)) | fields
    HEADER.pack_into(new, 0, *values.values())
    seal(new, 0, len(new))
    return new


def control(key: bytes, **fields: int) -> bytearray:
    """Return a control batch with this key, as a coordinator would write it."""
    return changed(build([Record(0, 5, key, b"\0\0\0\0\0\0")], codec=NONE), attributes=0x30, **fields)


def test_a_header_says_what_aiokafka_reads() -> None:
    """Every field that aiokafka knows must have the same value here."""
    batch = changed(build(CONTENT, codec=LZ4, producer_id=9, producer_epoch=2, base_sequence=7, transactional=True), base_offset=40)
    header, other = read(batch, 0), AiokafkaPython(batch)
    for name in FIELDS:
        theirs = {"base_timestamp": "first_timestamp"}.get(name, name)
        if hasattr(other, theirs):
            assert getattr(header, name) == getattr(other, theirs), name
    assert (header.next_offset, header.codec, header.is_transactional) == (other.next_offset, other.compression_type, True)
    assert (header.size, header.count, header.length) == (len(batch), 6, len(batch) - 12)
    assert not any((header.is_control, header.has_holes, header.log_append_time, header.has_delete_horizon))


def test_attribute_bits_mean_what_kafka_says() -> None:
    """Each bit must show in its own property and in no other."""
    batch = build(CONTENT, codec=NONE)
    bits = {"log_append_time": 0x08, "is_transactional": 0x10, "is_control": 0x20, "has_delete_horizon": 0x40}
    for name, bit in bits.items():
        header = read(changed(batch, attributes=bit), 0)
        assert [other for other in bits if getattr(header, other)] == [name]
        assert header.codec == NONE
    assert read(changed(batch, last_offset_delta=9), 0).has_holes
    assert read(changed(batch, last_offset_delta=9, base_offset=100), 0).next_offset == 110


@pytest.mark.parametrize("size", [0, 1, 128 * 1024 - 50, 128 * 1024 + 1, 3 * 128 * 1024, 1_000_000])
def test_the_crc_is_aiokafkas_at_any_length(size: int) -> None:
    """A CRC taken in pieces must be the CRC of the whole, in front of other bytes too."""
    batch = build([Record(0, 0, None, bytes(range(256)) * (size // 256) + b"x" * (size % 256))], codec=NONE)
    assert read(batch, 0).crc == calc_crc32c(bytes(batch[21:]))
    buffer = b"before!" + batch + b"after"
    for kind in (bytes, bytearray, memoryview):
        check(kind(buffer), 7, read(buffer, 7))


@pytest.mark.parametrize("codec", CODECS)
def test_every_flipped_byte_is_refused_or_harmless(codec: int) -> None:
    """No flipped byte may pass `check` but in base offset and leader epoch, and those must leave the records as they are."""
    batch = build(CONTENT, codec=codec)
    for place in range(len(batch)):
        for bits in (0x01, 0x80, 0xFF):
            damaged = bytearray(batch)
            damaged[place] ^= bits
            try:
                header = read(damaged, 0)
                check(damaged, 0, header)
            except BatchError:
                continue
            assert place < 8 or 12 <= place < 16
            found = [(r.timestamp, r.key, r.value, r.headers) for r in records(damaged, header)]
            assert found == [(r.timestamp, r.key, r.value, r.headers) for r in CONTENT]


def test_a_batch_cut_at_any_length_is_refused() -> None:
    """What `read` still accepts of a cut batch must be refused by `check`, and no walk may yield it."""
    batch = build(CONTENT, codec=NONE)
    for length in range(len(batch)):
        with pytest.raises(BatchError):
            check(batch[:length], 0, read(batch[:length], 0))
        assert list(walk(batch[:length], 0, length)) == []


def test_a_walk_stops_cleanly_before_a_cut_batch() -> None:
    """Whole batches must come with their places, wherever the reply was cut after them."""
    first, second, third = (bytes(changed(build(CONTENT[:n], codec=LZ4), base_offset=10 * n)) for n in (1, 2, 3))
    buffer = b"head" + first + second + third
    places = [4, 4 + len(first), 4 + len(first) + len(second)]
    assert [(at, h.base_offset, h.count) for at, h in walk(buffer, 4, len(buffer))] == list(
        zip(places, (10, 20, 30), (1, 2, 3), strict=True)
    )
    for end in range(places[2], len(buffer)):
        assert [at for at, _ in walk(buffer, 4, end)] == places[:2]


@pytest.mark.parametrize("magic", [0, 1, 3, 127, 255])
def test_other_formats_are_refused_even_when_shorter_than_a_header(magic: int) -> None:
    """Messages of another format must be an error at once: taken for a cut batch they would be waited for without end."""
    old = bytes(8) + struct.pack(">i", 20) + bytes(4) + bytes([magic]) + bytes(15)
    for buffer in (old, old + build(CONTENT, codec=NONE), build(CONTENT, codec=NONE) + old):
        with pytest.raises(BatchError, match="format"):
            list(walk(buffer, 0, len(buffer)))
    with pytest.raises(BatchError, match="format"):
        read(old + bytes(61), 0)


@pytest.mark.parametrize("length", [-(2**31), -1, 0, 48, 2**31 - 1])
def test_a_length_that_lies_is_refused_or_taken_for_a_cut(length: int) -> None:
    """A walk must neither go backwards nor past its end, whatever the length field says."""
    batch = build(CONTENT, codec=NONE)
    struct.pack_into(">i", batch, 8, length)
    if length >= HEADER_BYTES - 12:
        assert list(walk(batch, 0, len(batch))) == []
        with pytest.raises(BatchError):
            check(batch, 0, read(batch, 0))
    else:
        with pytest.raises(BatchError):
            list(walk(batch, 0, len(batch)))


@pytest.mark.parametrize(
    "fields",
    [
        {"attributes": 5},
        {"attributes": 7},
        {"count": -1},
        {"count": 7},
        {"last_offset_delta": -1, "count": 0},
        {"last_offset_delta": 2},
        {"base_offset": -1},
    ],
)
def test_fields_that_cannot_be_are_refused_though_the_crc_fits(fields: dict[str, int]) -> None:
    """An intact batch with an unknown codec, a count above its offsets or negative numbers must be refused."""
    batch = changed(build(CONTENT, codec=NONE), **fields)
    with pytest.raises(BatchError):
        check(batch, 0, read(batch, 0))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("batch_of", [AiokafkaPython, AiokafkaC])
def test_restamp_keeps_record_bytes_and_seals_the_batch(codec: int, batch_of: Callable[[bytes], AiokafkaPython]) -> None:
    """Only the 61 bytes may change, and aiokafka must find the new producer, the codec, the records and a valid CRC."""
    batch = changed(build(CONTENT, codec=codec), base_offset=2**40, leader_epoch=8, producer_id=5, producer_epoch=1, base_sequence=3)
    buffer = bytearray(b"before" + batch + b"after")
    crc = restamp(buffer, 6, read(buffer, 6), 77, 4, 2**31 - 1)
    stamped = buffer[6:-5]
    assert buffer[:6] == b"before"
    assert buffer[-5:] == b"after"
    assert stamped[HEADER_BYTES:] == batch[HEADER_BYTES:]
    header = read(stamped, 0)
    check(stamped, 0, header)
    assert (header.base_offset, header.leader_epoch, header.attributes, header.crc) == (0, -1, codec | 0x10, crc)
    assert (header.producer_id, header.producer_epoch, header.base_sequence, header.count) == (77, 4, 2**31 - 1, 6)
    other = batch_of(bytes(stamped))
    assert other.validate_crc()
    assert (other.is_transactional, other.is_control_batch, other.producer_id) == (True, False, 77)
    assert [(r.offset, r.timestamp, r.key, r.value) for r in other] == [(r.offset, r.timestamp, r.key, r.value) for r in CONTENT]


def test_restamp_drops_a_delete_horizon_and_keeps_the_times() -> None:
    """Deltas start from base_timestamp with and without the horizon's bit, so times must not move when it goes (KIP-534)."""
    batch = changed(build(CONTENT, codec=ZSTD), attributes=0x40 | ZSTD, base_timestamp=1_800_000_000_000)
    before = list(records(batch, read(batch, 0)))
    restamp(batch, 0, read(batch, 0), 1, 0, 0)
    assert not read(batch, 0).has_delete_horizon
    assert list(records(batch, read(batch, 0))) == before


@pytest.mark.parametrize("fields", [{"attributes": 0x20}, {"attributes": 0x08}, {"last_offset_delta": 6}])
def test_restamp_refuses_what_it_would_spoil(fields: dict[str, int]) -> None:
    """A control batch, LogAppendTime and holes must be refused, and the bytes left alone."""
    batch = changed(build(CONTENT, codec=NONE), **fields)
    before = bytes(batch)
    with pytest.raises(BatchError):
        restamp(batch, 0, read(batch, 0), 1, 0, 0)
    assert batch == before


@pytest.mark.parametrize("expected", [ABORT_MARKER, COMMIT_MARKER])
def test_a_marker_says_what_aiokafka_reads(expected: ControlRecord) -> None:
    """Abort is 0, commit 1, in front of other bytes and with a delete horizon's long timestamp delta too."""
    key = struct.pack(">hh", expected.version, expected.type_)
    assert marker(control(key), 0) == expected.type_
    assert marker(b"xy" + control(key) + b"z", 2) == expected.type_
    assert marker(control(key, base_timestamp=2**60), 0) == expected.type_
    (record,) = AiokafkaPython(control(key))
    assert ControlRecord.parse(record.key or b"") == expected


@pytest.mark.parametrize("key", [b"", b"\0\0\0", b"\0\0\0\2", b"\xff\xff\0\1", b"\0\0\xff\xff"])
def test_a_marker_that_ends_no_transaction_is_refused(key: bytes) -> None:
    """Short keys, negative versions and types other than 0 and 1 must be errors."""
    with pytest.raises(BatchError):
        marker(control(key), 0)


def test_a_damaged_marker_is_refused_or_read_within_bounds() -> None:
    """Whatever byte is flipped or missing, a marker must be 0, 1 or a BatchError."""
    batch = control(b"\0\0\0\1")
    for length in range(len(batch)):
        with pytest.raises(BatchError):
            marker(batch[:length], 0)
    key_ends = batch.index(b"\0\0\0\1", HEADER_BYTES) + 4
    for length in range(HEADER_BYTES, key_ends):
        for after in (b"", b"\0" * 20):
            with pytest.raises(BatchError):
                marker(changed(batch[:length], length=length - 12) + after, 0)
    for place in range(len(batch)):
        for value in range(256):
            damaged = bytearray(batch)
            damaged[place] = value
            try:
                assert marker(damaged, 0) in {0, 1}
            except BatchError:
                continue


def test_only_a_control_batch_has_a_marker() -> None:
    """A department's record that looks like a marker must not end a transaction, nor may a compressed one."""
    key = b"\0\0\0\1"
    for fields in ({"attributes": 0}, {"attributes": 0x10}, {"attributes": 0x20 | ZSTD}):
        with pytest.raises(BatchError):
            marker(changed(control(key), **fields), 0)


@given(st.one_of(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**63), 2**63 - 1)), st.binary(max_size=3))
@settings(derandomize=True, max_examples=200)
def test_numbers_are_read_as_aiokafka_writes_them(number: int, after: bytes) -> None:
    """A number that fits must come back with the place behind it; one that does not fit 32 bits must be refused there."""
    written = bytearray()
    encode_varint_py(number, written.append)
    end = len(written)
    assert varint(written + after, 0, end + len(after), bits=64) == (number, end)
    with pytest.raises(BatchError):
        varint(written + after, 0, end - 1, bits=64)
    if -(2**31) <= number < 2**31:
        assert varint(b"." + written, 1, end + 1) == (number, end + 1)
    else:
        with pytest.raises(BatchError):
            varint(written, 0, end)


@pytest.mark.parametrize(
    ("written", "bits"),
    [
        (b"", 32),
        (b"\x80", 32),
        (b"\xff\xff\xff\xff\x1f", 32),
        (b"\x80\x80\x80\x80\x80\x00", 32),
        (b"\xff" * 9 + b"\x02", 64),
        (b"\x80" * 10 + b"\x00", 64),
        (b"\xff" * 100_000, 64),
    ],
)
def test_overlong_numbers_are_refused(written: bytes, bits: int) -> None:
    """More bytes or more bits than the type has must be an error, found without reading on."""
    with pytest.raises(BatchError):
        varint(written, 0, len(written), bits=64 if bits == 64 else 32)
