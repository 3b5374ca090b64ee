"""Answers for benchmarks/records.py."""

from itertools import chain
from pathlib import Path

from benchmarks.records import SEED, VALUE_BYTES, Stored, events, stored
from node.batch.build import build
from node.batch.codec import compress
from node.batch.header import HEADER, LZ4, read, seal
from node.batch.records import Record

_TRANSACTIONAL_CONTROL = 0x30


def _batch(count: int, producer: int = -1) -> bytes:
    content = [Record(0, 1_700_000_000_000, b"key", b"value %d" % at) for at in range(count)]
    return bytes(build(content, codec=LZ4, producer_id=producer, transactional=producer >= 0))


def _marker(producer: int, *, commits: bool) -> bytes:
    """Return an end-of-transaction marker: its key holds version and type (KIP-98)."""
    key = bytes((0, 0, 0, int(commits)))
    batch = bytearray(build([Record(0, 0, key, b"\0" * 6)], codec=0, producer_id=producer))
    fields = list(HEADER.unpack_from(batch, 0))
    fields[5] = _TRANSACTIONAL_CONTROL
    HEADER.pack_into(batch, 0, *fields)
    seal(batch, 0, len(batch))
    return bytes(batch)


def test_events_are_200_bytes_keyed_and_the_same_for_a_seed() -> None:
    """What is carried must not differ from run to run; keys are licence numbers, several events share one."""
    found = list(events(SEED, 2000))
    assert found == list(events(SEED, 2000))
    assert 1000 < len(found) < 2000
    assert {len(value) for _key, value in found} == {VALUE_BYTES}
    assert 1 < len({key for key, _value in found}) < len(found)


def test_events_compress_as_real_ones_do() -> None:
    """Neither zeros nor noise: lz4 must take a batch to between a fifth and three quarters."""
    section = bytearray().join(chain.from_iterable(list(events(SEED, 2000))[:1000]))
    assert 0.2 < len(compress(LZ4, section)) / len(section) < 0.75


def test_a_log_is_counted_as_a_committed_reader_sees_it(tmp_path: Path) -> None:
    """Markers, aborted and open transactions and removed topics must not count; plain batches count at once."""
    first, second = tmp_path / "a.b.c-0", tmp_path / "a.b.c-1"
    first.mkdir()
    second.mkdir()
    pieces = [_batch(5), _batch(7, 1), _batch(11, 2), _marker(1, commits=True), _marker(2, commits=False), _batch(13, 2)]
    (first / "00.log").write_bytes(b"".join(pieces[:3]))
    (first / "05.log").write_bytes(b"".join(pieces[3:]))
    (second / "00.log").write_bytes(_batch(3, 2) + _marker(2, commits=True))
    for other in ("other-0", "a.b.c-0.8c3b5c2a9d5e4f0f9a51-delete", "a.b.c-d-0"):
        (tmp_path / other).mkdir()
        (tmp_path / other / "00.log").write_bytes(_batch(100))
    size = sum(read(piece, 0).size for piece in (*pieces[:3], pieces[5], _batch(3, 2)))
    assert stored(tmp_path, "a.b.c") == Stored(batches=5, bytes=size, records=5 + 7 + 3)
