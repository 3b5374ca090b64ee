"""Batches built here: readable by aiokafka as by ourselves, and rebuilt without holes."""

from collections.abc import Callable

import pytest
from aiokafka.record._crecords import DefaultRecordBatch as AiokafkaC
from aiokafka.record._crecords import MemoryRecords as MemoryRecordsC
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy as AiokafkaBuilder
from aiokafka.record.default_records import _DefaultRecordBatchPy as AiokafkaPython
from aiokafka.record.memory_records import _MemoryRecordsPy as MemoryRecordsPython
from aiokafka.record.util import decode_varint
from hypothesis import given, settings
from hypothesis import strategies as st

from node.batch.build import assemble, build, rebuild, zigzag
from node.batch.header import LZ4, NONE, ZSTD, check, read, seal
from node.batch.records import Record, records
from node.errors import BatchError

CODECS = range(NONE, ZSTD + 1)
CONTENT = [Record(i, 1_700_000_000_000 - i, b"key", b"value %d" % i) for i in range(20)]

NULLABLE = st.one_of(st.none(), st.binary(max_size=200))
HEADERS = st.lists(st.tuples(st.text(max_size=8), NULLABLE), max_size=4).map(tuple)
# aiokafka, as Java's producer, knows no negative timestamps.
RECORD = st.builds(Record, st.integers(0, 2**62), st.integers(0, 2**62), NULLABLE, NULLABLE, HEADERS)


def with_holes(offsets: list[int], codec: int) -> bytearray:
    """Return a batch in which compaction left only these of CONTENT's records, as it stands at offset 500."""
    builder = AiokafkaBuilder(
        magic=2, compression_type=codec, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1, batch_size=1 << 20
    )
    for offset in offsets:
        builder.append(offset, CONTENT[offset].timestamp, CONTENT[offset].key, CONTENT[offset].value, [])
    batch = bytearray(builder.build())
    batch[:8] = (500).to_bytes(8)
    return batch


@given(st.lists(RECORD, min_size=1, max_size=12), st.sampled_from(CODECS))
@settings(derandomize=True, max_examples=100, deadline=None)
def test_any_records_are_read_back_by_aiokafka_and_by_us(content: list[Record], codec: int) -> None:
    """Keys, values, headers, timestamps and order must survive, offsets become 0 and up, whatever their own were."""
    batch = build(content, codec=codec)
    header = read(batch, 0)
    check(batch, 0, header)
    expected = [(i, r.timestamp, r.key, r.value, r.headers) for i, r in enumerate(content)]
    assert [(r.offset, r.timestamp, r.key, r.value, r.headers) for r in records(batch, header)] == expected
    for other in (AiokafkaPython(batch), AiokafkaC(bytes(batch))):
        assert other.validate_crc()
        assert [(r.offset, r.timestamp, r.key, r.value, tuple(r.headers)) for r in other] == expected
        assert other.max_timestamp == max(r.timestamp for r in content)
    assert (header.base_timestamp, header.count, header.has_holes) == (content[0].timestamp, len(content), False)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("memory_of", [MemoryRecordsPython, MemoryRecordsC])
def test_batches_side_by_side_are_walked_by_aiokafka(codec: int, memory_of: Callable[[bytes], MemoryRecordsPython]) -> None:
    """Aiokafka's reader of Fetch replies must find each batch, large ones too, with the producer we gave it."""
    large = [Record(0, 5, None, b"abc %d " % i * 1000) for i in range(60)]
    first = build(large, codec=codec, producer_id=3, producer_epoch=1, base_sequence=2**31 - 1, transactional=True)
    found = memory_of(bytes(first + build(CONTENT, codec=codec)))
    batch = found.next_batch()
    assert (batch.is_transactional, batch.producer_id, batch.compression_type) == (True, 3, codec)
    assert [r.value for r in batch] == [r.value for r in large]
    assert [r.value for r in found.next_batch()] == [r.value for r in CONTENT]
    assert not found.has_next()


def test_a_batch_belongs_to_no_producer_unless_one_is_named() -> None:
    """The defaults must be those of Kafka for a producer without transactions."""
    header = read(build(CONTENT, codec=LZ4), 0)
    assert (header.base_offset, header.leader_epoch, header.attributes) == (0, -1, LZ4)
    assert (header.producer_id, header.producer_epoch, header.base_sequence) == (-1, -1, -1)


def test_records_may_come_from_a_generator_once() -> None:
    """A batch must be built in one pass."""
    batch = build((record for record in CONTENT), codec=NONE)
    assert list(records(batch, read(batch, 0))) == CONTENT


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_is_assembled_of_records_that_stand_already(codec: int) -> None:
    """What is said of them goes into the header; the section may be any kind of buffer and is not altered."""
    section = bytearray(build(CONTENT, codec=NONE)[61:])
    before, latest = bytes(section), CONTENT[0].timestamp
    for kind in (before, section, memoryview(section)):
        batch = assemble(kind, 20, CONTENT[0].timestamp, latest, attributes=codec | 0x10, producer=(9, 2, 2**31 - 1))
        header = read(batch, 0)
        check(batch, 0, header)
        assert (header.base_offset, header.leader_epoch, header.last_offset_delta, header.count) == (0, -1, 19, 20)
        assert (header.base_timestamp, header.max_timestamp) == (CONTENT[0].timestamp, latest)
        assert (header.codec, header.is_transactional) == (codec, True)
        assert (header.producer_id, header.producer_epoch, header.base_sequence) == (9, 2, 2**31 - 1)
        assert list(records(batch, header)) == CONTENT
    assert bytes(section) == before
    assert read(assemble(before, 20, 5, 6, attributes=codec), 0).producer_id == -1


@given(st.integers(-(2**63), 2**63 - 1))
def test_numbers_are_written_as_others_read_them(number: int) -> None:
    """Zigzag, as aiokafka's own decoder takes it, in as few bytes as it needs."""
    written = zigzag(number)
    assert decode_varint(bytearray(written), 0) == (number, len(written))
    assert len(written) == max(1, -(-(2 * abs(number) - (number < 0)).bit_length() // 7))


def test_no_batch_is_built_of_nothing() -> None:
    """An empty batch must be refused: brokers would."""
    with pytest.raises(BatchError):
        build([], codec=NONE)


def test_timestamps_may_lie_as_far_apart_as_64_bits_say() -> None:
    """The whole range of a delta must work both ways, and one more must be refused."""
    for first, second in ((2**63 - 1, 0), (0, 2**63 - 1), (-1, 2**63 - 2), (-(2**63), -1), (5, -(2**63) + 5)):
        batch = build([Record(0, first, None, None), Record(1, second, None, None)], codec=NONE)
        assert [r.timestamp for r in records(batch, read(batch, 0))] == [first, second]
    for first, second in ((-1, 2**63 - 1), (1, -(2**63))):
        with pytest.raises(BatchError):
            build([Record(0, first, None, None), Record(1, second, None, None)], codec=NONE)


def test_more_than_a_reader_would_unfold_is_refused() -> None:
    """What is built must be readable again, so the bound of unfolding is the bound of building."""
    value = bytes(2**24)
    with pytest.raises(BatchError):
        build([Record(0, 0, None, value)] * 4, codec=ZSTD)


@pytest.mark.parametrize("codec", CODECS)
def test_holes_close_when_a_batch_is_rebuilt(codec: int) -> None:
    """The records left must stand in order from offset 0 in a batch of the same codec that brokers accept."""
    left = [1, 2, 5, 9, 19]
    batch = with_holes(left, codec)
    header = read(batch, 0)
    assert header.has_holes
    new = rebuild(batch, header, 0)
    assert new is not None
    check(new, 0, read(new, 0))
    assert not read(new, 0).has_holes
    assert read(new, 0).codec == header.codec
    expected = [(i, CONTENT[n].timestamp, CONTENT[n].key, CONTENT[n].value) for i, n in enumerate(left)]
    assert [(r.offset, r.timestamp, r.key, r.value) for r in records(new, read(new, 0))] == expected


@pytest.mark.parametrize(("from_offset", "left"), [(0, 5), (501, 5), (502, 4), (503, 3), (509, 2), (519, 1), (520, 0), (2**62, 0)])
def test_a_batch_is_rebuilt_from_an_offset_on(from_offset: int, left: int) -> None:
    """Only records at or after the offset may be in it; when none is left there is no batch."""
    batch = with_holes([1, 2, 5, 9, 19], ZSTD)
    new = rebuild(batch, read(batch, 0), from_offset)
    kept = [1, 2, 5, 9, 19][5 - left :]
    assert (new is None) == (left == 0)
    if new is not None:
        assert [r.value for r in records(new, read(new, 0))] == [CONTENT[n].value for n in kept]


def test_a_batch_that_compaction_emptied_is_rebuilt_to_nothing() -> None:
    """A header without records must give no batch, and no error."""
    batch = bytearray(with_holes([3], NONE)[:61])
    batch[8:12] = (49).to_bytes(4)
    batch[57:61] = bytes(4)
    seal(batch, 0, len(batch))
    assert rebuild(batch, read(batch, 0), 0) is None


def test_a_control_batch_is_not_rebuilt() -> None:
    """A marker belongs to the log it stands in."""
    batch = with_holes([3], NONE)
    batch[22] |= 0x20
    with pytest.raises(BatchError):
        rebuild(batch, read(batch, 0), 0)
