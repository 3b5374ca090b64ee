"""What a stranger may send to an inbox takes neither time nor memory beyond bounds, and never brings the gate down."""

import tracemalloc
from collections.abc import Callable
from random import Random
from time import process_time

import pytest

from node.batch import codec as codec_module
from node.batch.header import LZ4, NONE, SNAPPY, ZSTD
from node.model.limits import MIB
from node.transform import Made, Write
from node.transform import gate as gate_module
from tests.avro.ruling import NOW_MS
from tests.avro.writer import zigzag
from tests.transform.desk import ID, SCHEMA, good, opened_gate, passed, quarantined
from tests.transform.wire import CODECS, Row, batch, body, opened, rows, sealed, section, write

_GATE = opened_gate()
_PEAK_MIB = 400
"""A batch of 64 MiB, what becomes of it, and copies on the way to being compressed; seen: 316."""


def _measured(raw: Write, *, seconds: float = 3.0, mebibytes: float = _PEAK_MIB) -> Made:
    """Let the gate make what it makes of a batch, within so much CPU time and memory."""
    start = process_time()
    tracemalloc.start()
    try:
        made = _GATE.judge(0, [raw], NOW_MS)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert process_time() - start < seconds
    assert peak < mebibytes * MIB
    return made


def _one(size: int, codec: int) -> Write:
    """Return a batch of one record that unfolds to so many bytes, all of them 0."""
    return write(batch(section([body(0, Row(NOW_MS, b"7", bytes(size)))]), 1, codec=codec))


@pytest.fixture
def small_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the bounds to a 64th: what they are bounds of is the same."""
    monkeypatch.setattr(codec_module, "DECOMPRESSED_BYTES_MAX", MIB)
    monkeypatch.setattr(gate_module, "_SECTION_BYTES_MAX", MIB - 64 * 1024)


def _hold_bomb(raw: Write, mebibytes: float) -> None:
    made = _measured(raw, mebibytes=mebibytes)
    assert made.refused == {"unreadable": 1}
    (kept,) = quarantined(made)
    assert kept.row.value == bytes(raw.data)


@pytest.mark.usefixtures("small_room")
@pytest.mark.parametrize("codec", CODECS[1:])
def test_a_bomb_is_refused_unopened(codec: int) -> None:
    """A few KiB that would unfold to more than the bound lie in the quarantine as they came."""
    _hold_bomb(_one(5 * MIB, codec), 3)


@pytest.mark.parametrize("codec", [pytest.param(one, marks=[] if one == ZSTD else pytest.mark.full) for one in CODECS[1:]])
def test_a_bomb_of_80_mebibytes_is_refused_unopened(codec: int) -> None:
    """The same at the bound that holds: 64 MiB, of which two rooms are held at most."""
    _hold_bomb(_one(80 * MIB, codec), 130)


def _hold_largest(codec: int, most: int) -> None:
    around = len(section([body(0, Row(NOW_MS, b"7", bytes(most * 15 // 16)))])) - most * 15 // 16
    made = _measured(_one(most - around, codec))
    assert made.refused == {"schema": 1}
    (found,) = made.writes
    assert len(opened(found)[0].value or b"") == most - around
    assert _measured(_one(most - around + 1, codec)).refused == {"unreadable": 1}


@pytest.mark.usefixtures("small_room")
@pytest.mark.parametrize("codec", CODECS[1:])
def test_the_largest_record_that_is_opened_can_be_kept(codec: int) -> None:
    """With the headers that tell why it was refused it is still within what is unfolded; one byte more, and the batch is kept as it came."""
    _hold_largest(codec, MIB - 64 * 1024)


@pytest.mark.full
@pytest.mark.parametrize("codec", CODECS[1:])
def test_the_largest_record_at_the_bound_that_holds(codec: int) -> None:
    """The same with a record of nearly 64 MiB."""
    _hold_largest(codec, 64 * MIB - 64 * 1024)


@pytest.mark.parametrize("count", [2**31 - 1, 1 << 17, 3])
def test_a_forged_count_sets_nothing_aside(count: int) -> None:
    """A batch of one record that says it has two billion is refused without room for as many."""
    raw = write(batch(section([body(0, good(0))]), count))
    assert _measured(raw, seconds=0.1, mebibytes=1).refused == {"unreadable": count}


def _hold_count(most: int) -> None:
    bare = [body(number, Row(NOW_MS, None, b"")) for number in range(most + 1)]
    made = _GATE.judge(0, [write(batch(section(bare[:-1]), most, codec=ZSTD))], NOW_MS)
    assert made.refused == {"no-frame": most}
    assert sum(found.header.count for found in made.writes) == most
    made = _measured(write(batch(section(bare), len(bare), codec=ZSTD)), seconds=0.1, mebibytes=10)
    assert made.refused == {"unreadable": len(bare)}


def test_a_batch_has_a_bounded_number_of_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few KiB may hold a million records of no use: so many are refused one by one, more with their batch."""
    monkeypatch.setattr(gate_module, "_RECORDS_MAX", 2000)
    _hold_count(2000)


@pytest.mark.full
def test_a_batch_may_have_131_072_records() -> None:
    """The bound that holds."""
    start = process_time()
    _hold_count(1 << 17)
    assert process_time() - start < 10


GARBAGE: dict[str, Callable[[int], bytes]] = {
    "nothing": lambda _codec: b"",
    "noise": lambda _codec: Random(0).randbytes(MIB),
    "the beginning of a frame": lambda codec: bytes(rows([good(0)], codec=codec).data[61:71]),
    "a frame without its end": lambda codec: bytes(rows([good(0)], codec=codec).data[61:-3]),
}


@pytest.mark.usefixtures("small_room")
@pytest.mark.parametrize("codec", CODECS[1:])
@pytest.mark.parametrize("name", GARBAGE)
def test_garbled_compression_is_refused_whole(codec: int, name: str) -> None:
    """Whatever it is that does not unfold."""
    assert _measured(write(sealed(GARBAGE[name](codec), 1, codec=codec)), mebibytes=8).refused == {"unreadable": 1}


def test_snappy_that_claims_gigabytes_sets_nothing_aside() -> None:
    """Its length stands before it, and may say anything."""
    claimed = b"\xff\xff\xff\xff\x0f" + bytes(10)
    framed = b"\x82SNAPPY\0\0\0\0\1\0\0\0\1" + len(claimed).to_bytes(4) + claimed
    for content in (claimed, framed):
        assert _measured(write(sealed(content, 1, codec=SNAPPY)), mebibytes=1).refused == {"unreadable": 1}


def test_bombs_that_come_together_are_taken_one_after_the_other() -> None:
    """A Fetch of 2 MiB may hold a thousand of them: what one call opens is bounded."""
    lesser = _one(12 * MIB, ZSTD)
    assert _GATE.judge(0, [lesser] * 5, NOW_MS).taken == 3


def test_deep_and_hollow_values_are_refused_in_time() -> None:
    """Blocks in blocks to the greatest depth, items of no bytes, counts beyond the value."""
    node: object = {"type": "record", "name": "Nothing", "fields": []}
    for _ in range(16):
        node = {"type": "array", "items": node}
    gate = opened_gate(SCHEMA | {"key": [], "fields": [{"name": "a", "type": node}]})
    for content in (b"\2" * 16 * 6250, zigzag(2**62) + b"\2" * 100_000, zigzag(-(2**63)) + b"\2" * 9, (b"\2" * 15 + zigzag(4097)) * 99):
        start = process_time()
        made = gate.judge(0, [rows([Row(NOW_MS, None, ID.to_bytes(5) + content)] * 10)], NOW_MS)
        assert sum(made.refused.values()) == 10
        assert process_time() - start < 1


def test_a_forged_form_does_not_change_how_it_is_kept() -> None:
    """A record whose own headers are named like ours is kept as any other, compressed, ours behind its own."""
    forged = Row(NOW_MS, b"7", bytes(3 * MIB), (("exchange.form", b"batch"), ("exchange.reason", b"none")))
    made = _GATE.judge(0, [rows([forged], codec=LZ4)], NOW_MS)
    (found,) = made.writes
    assert found.header.codec == LZ4
    (row,) = opened(found)
    assert row.headers[:2] == forged.headers
    assert dict(row.headers)["exchange.reason"] == b"header"


@pytest.mark.parametrize("codec", [NONE, ZSTD])
def test_texts_of_a_schema_are_told_within_bounds(codec: int) -> None:
    """A message of a megabyte, beside every record that it is said of, would be another bomb."""
    rule = {"rule": "maximum", "value": 1, "message": {"zh": "大" * 1_000_000, "en": "x" * 1_000_000}}
    name = "a" * 5000
    gate = opened_gate(SCHEMA | {"key": [], "fields": [{"name": name, "type": "int", "rules": [rule]}]})
    made = gate.judge(0, [rows([Row(NOW_MS, None, ID.to_bytes(5) + b"\4")] * 3, codec=codec)], NOW_MS)
    told = quarantined(made)[2].told
    assert (told["message.zh"], told["message.en"], told["field"]) == ("大" * 4096, "x" * 4096, "a" * 4096)


def test_the_worst_of_times_do_not_stop_the_gate() -> None:
    """Timestamps and deltas at both ends of 64 bits, in batches that are rebuilt together."""
    ends = [0, -1, 2**63 - 1, -(2**63), 2**62, NOW_MS]
    raws = []
    for base in ends:
        for delta in (0, -1, 1, 2**63 - 1, -(2**63)):
            content = zigzag(delta).join((b"\0", zigzag(0) + b"\1\1\0"))
            raws.append(write(batch(section([content]), 1, base=base)))
    made = _GATE.judge(0, [*raws, rows([good(1)])], NOW_MS)
    assert made.taken == len(raws) + 1
    assert passed(made) == [[good(1)]]
    assert sum(made.refused.values()) == len(raws)
