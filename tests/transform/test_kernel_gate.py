"""Answers for node/transform/kernel_gate.py: where a key belongs, how records are copied, and that nothing is read beyond them."""

from random import Random

import numpy as np
import pytest
from aiokafka.partitioner import murmur2
from hypothesis import given, settings
from hypothesis import strategies as st

from node.avro import layout
from node.avro.program import read_only
from node.batch import codec
from node.model import partition
from node.transform import kernel_gate as kernel
from node.transform.kernel_record import HEAD_BYTES
from tests.avro.ruling import NOW_MS
from tests.transform.cases import ROOM_BYTES
from tests.transform.checked import checked_digests, digest
from tests.transform.desk import good, goods, opened_gate, pass_through, passed
from tests.transform.wire import Row, batch, body, rows, section, write

SEEDS, MUTANTS = 30, 10


def _bytes(content: bytes) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return read_only(np.frombuffer(content, np.uint8))


@given(st.binary(max_size=40), st.integers(1, 1024), st.binary(max_size=3))
@settings(derandomize=True, max_examples=300, deadline=None)
def test_keys_are_placed_as_kafkas_clients_place_them(key: bytes, partitions: int, before: bytes) -> None:
    """By aiokafka's murmur2 and by our own in Python, wherever the key stands; every length of what is left over occurs."""
    content = _bytes(before + key + b"more")
    found = kernel.partition_of(content, len(before), len(before) + len(key), partitions)
    assert found == (murmur2(key) & 0x7FFFFFFF) % partitions == partition.partition_of(key, partitions)


# Kafka's own UtilsTest.testMurmur2
JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


def test_keys_are_placed_as_kafkas_own_test_says() -> None:
    """Hashes that Kafka's tests name, the highest bit taken off."""
    for key, hashed in JAVA.items():
        assert kernel.partition_of(_bytes(key), 0, len(key), 1 << 31) == hashed & 0x7FFFFFFF


@pytest.mark.parametrize("most", [1, 2, 3, 7, 100])
def test_records_are_copied_in_order_up_to_as_many_as_asked(most: int) -> None:
    """Those that did not pass are left out; what is copied is numbered from 0, and may be read."""
    count = 10
    content = _bytes(section(body(number, good(number, at=-number)) for number in range(count)))
    found = np.zeros(count * kernel.FOUND_WIDTH, np.int32)
    spans = np.empty(count * kernel.SPAN_WIDTH, np.int64)
    program = opened_gate().programs[0]
    job = read_only(np.array([program[0], NOW_MS, NOW_MS, NOW_MS, 0, 1, 0, 0, 0], np.int64))
    slots, kept = read_only(np.zeros(0, np.int64)), np.zeros(0, np.int64)
    assert kernel.judge(content, count, job, program[1].tables, program[1].state(), found, spans, slots, kept) == count
    found[:: kernel.FOUND_WIDTH][[0, 4, 9]] = kernel.G_KEY
    left = [good(number, at=-number) for number in range(count) if number not in {0, 4, 9}]
    place, begin, batches = np.zeros(kernel.PUT_WIDTH, np.int64), 0, []
    while begin < count:
        out = np.zeros(len(content) + HEAD_BYTES * count, np.uint8)
        begin = kernel.put(content, found, spans, begin, most, 0, out, place)
        at, copied, latest = place.tolist()
        place[:] = 0
        if copied:
            batches.append((bytes(out[:at]), copied, latest))
    assert [copied for _content, copied, _latest in batches] == [min(most, len(left) - first) for first in range(0, len(left), most)]
    for number, (copy, copied, latest) in enumerate(batches):
        expected = left[number * most :][:copied]
        assert copy == section(body(place, row) for place, row in enumerate(expected))
        assert latest == max(row.timestamp for row in expected) - NOW_MS


def test_a_verdict_names_field_rule_and_place() -> None:
    """Of a value's fault; of all else only the verdict itself, so that nobody explains what is not there."""
    order = [good(1), good(2, age=200), Row(NOW_MS, b"3", b"")]
    content = _bytes(section(body(number, row) for number, row in enumerate(order)))
    found = np.full(3 * kernel.FOUND_WIDTH, 99, np.int32)
    spans = np.empty(3 * kernel.SPAN_WIDTH, np.int64)
    number, program = opened_gate().programs[0]
    job = read_only(np.array([number, NOW_MS, NOW_MS, NOW_MS, 0, 1, 0, 0, 0], np.int64))
    slots, kept = read_only(np.zeros(0, np.int64)), np.zeros(0, np.int64)
    assert kernel.judge(content, 3, job, program.tables, program.state(), found, spans, slots, kept) == 1
    verdicts = found.reshape(3, kernel.FOUND_WIDTH).tolist()
    assert verdicts[0] == [layout.OK, -1, -1, -1]
    code, field, rule, place = verdicts[1]
    assert (code, program.rules[rule].name, place) == (layout.E_RULE, "maximum", 7)
    assert program.explain(code, field, rule).field == "age"
    assert verdicts[2] == [kernel.G_FRAME, -1, -1, -1]
    starts = spans.reshape(3, kernel.SPAN_WIDTH)
    assert starts[:, kernel.SPAN_END].tolist()[:-1] == starts[:, kernel.SPAN_START].tolist()[1:]


def test_numbers_longer_than_they_need_be_are_read_and_written_anew() -> None:
    """Kafka takes a varint of up to five or ten bytes; what is copied has the shortest."""
    plain = body(1, good(1))
    longer = plain[:1] + b"\x80\x80\x00" + b"\x82\x80\x80\x80\x00" + plain[3:]
    raw = write(batch(section([body(0, Row(NOW_MS, None, b"")), longer]), 2))
    made = pass_through(opened_gate(), raw)
    assert passed(made) == [[good(1)]]
    assert bytes(made.writes[0].data[61:]) == section([body(0, good(1))])


def test_random_sections_end_in_verdicts() -> None:
    """Bytes that are nothing are judged as such, whatever count they come with."""
    rng, gate = Random(4), opened_gate()
    for _ in range(2000):
        count = rng.choice([1, 1, 2, 3])
        content = rng.randbytes(rng.randrange(60))
        if rng.random() < 0.7:
            content = section([bytes(1) + content] * count)
        raw = write(batch(content, count))
        assert sum(gate.judge(0, [raw], NOW_MS).refused.values()) == count


@pytest.fixture
def small_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the bound of what is unfolded, as the checked build's process does."""
    monkeypatch.setattr(codec, "DECOMPRESSED_BYTES_MAX", ROOM_BYTES)


@pytest.mark.full
@pytest.mark.usefixtures("small_room")
def test_the_checked_build_makes_the_same() -> None:
    """With every load and index checked nothing is read or written beyond what there is, of inboxes and of mutants of their batches."""
    assert checked_digests(0, SEEDS, MUTANTS) == [digest(seed, MUTANTS) for seed in range(SEEDS)]


@pytest.mark.full
@pytest.mark.usefixtures("small_room")
@pytest.mark.timeout(900)
def test_the_checked_build_makes_the_same_of_20_000_mutants() -> None:
    """The same for many more."""
    assert checked_digests(5000, 5400, 50) == [digest(seed, 50) for seed in range(5000, 5400)]


def test_a_run_of_records_of_every_size_is_copied_whole() -> None:
    """Lengths of one to four bytes, headers or none: what stands in the new batch is what stood in the old."""
    sizes = [0, 1, 60, 61, 62, 63, 64, 127, 128, 8_190, 8_191, 8_192, 1 << 20]
    order = [good(number, code=f"{number}" + "x" * size) for number, size in enumerate(sizes)]
    made = pass_through(opened_gate(batch_bytes_max=1 << 24), rows([*order, Row(NOW_MS, None, None)]), rows(goods(2, first=50)))
    assert [row for part in passed(made) for row in part] == [*order, *goods(2, first=50)]
