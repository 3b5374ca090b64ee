"""Answers for node/transform/kernel_view.py: nothing is read or written beyond what there is, and what is garbled ends in one error."""

import hmac
import tracemalloc
from collections import Counter
from random import Random
from time import process_time

import msgspec
import pytest

from node.batch import codec
from node.batch.header import LZ4, ZSTD
from node.errors import BatchError
from node.model.limits import MIB
from tests.avro.ruling import NOW_MS
from tests.transform.cases import ROOM_BYTES, damaged
from tests.transform.checked_view import checked_digests, digest
from tests.transform.cutting import SECRET, opened_views, row, spec, topic
from tests.transform.holding import content
from tests.transform.running import Running
from tests.transform.wire import batch, body, opened, rows, section, write

SEEDS, MUTANTS = 24, 40


@pytest.fixture
def small_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the bound of what is unfolded, as the checked build's process does."""
    monkeypatch.setattr(codec, "DECOMPRESSED_BYTES_MAX", ROOM_BYTES)


@pytest.mark.full
@pytest.mark.usefixtures("small_room")
def test_the_checked_build_makes_the_same() -> None:
    """With every load and index checked, of partitions and of mutants of their batches."""
    assert checked_digests(0, SEEDS, MUTANTS) == [digest(seed, MUTANTS) for seed in range(SEEDS)]


@pytest.mark.full
@pytest.mark.usefixtures("small_room")
@pytest.mark.timeout(900)
def test_the_checked_build_makes_the_same_of_20_000_mutants() -> None:
    """The same for many more."""
    assert checked_digests(5000, 5400, 50) == [digest(seed, 50) for seed in range(5000, 5400)]


@pytest.mark.usefixtures("small_room")
def test_mutants_of_batches_are_cut_or_told() -> None:
    """Whatever a batch holds, its views are readable batches, or nothing of it goes on."""
    seen = Counter[bool]()
    for seed in range(40):
        one, rng = Running(seed, batches=1, sizes=(1, 4, 10)), Random(seed)
        sound = content(one.sources[0].raw)
        assert sound is not None
        for _ in range(20):
            try:
                made = one.views.make(0, [damaged(one.sources[0].raw, sound, rng)], NOW_MS, one.memories())
            except BatchError:
                seen[False] += 1
                continue
            seen[True] += 1
            for found in made.values():
                for each in found.writes:
                    opened(each)
    assert min(seen.values()) > 50, seen


def test_random_sections_end_in_an_error() -> None:
    """Bytes that are nothing are told as such, whatever count they come with."""
    rng, views = Random(4), opened_views(spec(fields=("age",), rows="age > 1"), is_state=False)
    for _ in range(1000):
        count = rng.choice([1, 1, 2, 3])
        noise = rng.randbytes(rng.randrange(1, 60))
        if rng.random() < 0.7:
            noise = section(b"\0\0" + bytes((2 * number,)) + noise for number in range(count))
        with pytest.raises(BatchError):
            views.make(0, [write(batch(noise, count))], NOW_MS, {topic(0): None})


def test_a_forged_count_sets_nothing_aside() -> None:
    """A batch of one record that says it has two billion is refused without room for as many."""
    views = opened_views(spec())
    for count in (2**31 - 1, 1 << 17, 2):
        start = process_time()
        tracemalloc.start()
        with pytest.raises(BatchError):
            views.make(0, [write(batch(section([body(0, row("a"))]), count))], NOW_MS, {topic(0): None})
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2 * MIB
        assert process_time() - start < 0.1


def test_what_is_taken_in_one_go_is_bounded() -> None:
    """By what it unfolds to, and by the views that are made of it; what is left comes next. Nor does memory grow with what is taken."""
    wide = rows([row(f"{number}", place="x" * 60_000) for number in range(80)], codec=ZSTD)
    specs = [spec(number, fields=("code", "place")) for number in range(40)]
    views = opened_views(*specs)
    tracemalloc.start()
    assert views.make(0, [wide] * 20, NOW_MS, {topic(0): None})[topic(0)].taken == 7
    assert tracemalloc.get_traced_memory()[1] < 70 * MIB
    tracemalloc.stop()
    assert {one.taken for one in views.make(0, [wide] * 20, NOW_MS, {one.topic: None for one in specs}).values()} == {2}
    small = rows([row("a")], codec=LZ4)
    assert views.make(0, [small] * 20, NOW_MS, {one.topic: None for one in specs})[topic(0)].taken == 20


def test_keys_of_every_length_are_hidden() -> None:
    """Short ones side by side, long ones by themselves, and the last few where they are not as many as are hidden at once."""
    keys = [b"k" * length for length in range(130)]
    secret = hmac.digest(SECRET[:31] + b"\0", b"key", "sha256")
    views = opened_views(spec(fields=("age",)))
    for count in (1, 7, 8, 9, len(keys)):
        made = views.make(0, [rows([msgspec.structs.replace(row("a"), key=key) for key in keys[:count]])], NOW_MS, {topic(0): None})
        assert [one.key for write in made[topic(0)].writes for one in opened(write)] == [
            hmac.digest(secret, key, "sha256")[:16].hex().encode() for key in keys[:count]
        ]
