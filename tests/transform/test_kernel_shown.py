"""Answers for node/transform/kernel_shown.py: hashes as their authors publish them, and a table that loses and invents nothing."""

from random import Random

import numpy as np
import pytest

from node.avro.jit import Bytes
from node.avro.program import read_only
from node.transform import kernel_shown as kernel

SEED = read_only(np.frombuffer(bytes(range(16)), "<i8").astype(np.int64))


def _bytes(content: bytes) -> Bytes:
    return read_only(np.frombuffer(content + b"?", np.uint8))


def _keys(seats: int, changes: int) -> kernel.Keys:
    return kernel.Keys(SEED, np.zeros(seats, np.int64), np.zeros(changes, np.int64), np.zeros(kernel.COUNT_WIDTH, np.int64))


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, 0x726FDB47DD0E0E31),
        (1, 0x74F839C593DC67FD),
        (7, 0xAB0200F58B01D137),
        (8, 0x93F5F5799A932462),
        (9, 0x9E0082DF0BA9E4B0),
        (15, 0xA129CA6149BE45E5),
    ],
)
def test_hashes_are_those_that_siphash_publishes(size: int, expected: int) -> None:
    """SipHash-2-4 of 0, 1, 2 … under the key 0 to 15, wherever they stand."""
    for before in (0, 3):
        data = _bytes(bytes(before) + bytes(range(size)))
        assert kernel.hash_of(data, before, before + size, SEED) & (2**64 - 1) == expected


def _mixed(word: int) -> int:
    """Return one of few hashes that share their seats, at the end of a table and at its beginning."""
    return (word % 5 + 6) % 8 + ((word // 5 + 1) << 8)


def test_a_crowded_table_is_a_set() -> None:
    """Where all keys want the same seats, around the end too, each is found while it is there and not when it is gone."""
    rng, keys, model = Random(1), _keys(8, 100_000), set[int]()
    for _ in range(20_000):
        key, there = _mixed(rng.randrange(40)), len(model) < 7 and rng.random() < 0.6
        assert kernel.put(keys, key, there) == (key in model)
        (model.add if there else model.discard)(key)
        assert {_mixed(word) for word in range(40) if kernel.is_there(keys.seats, _mixed(word))} == model
        assert keys.counts[kernel.COUNT_KEYS] == len(model) == np.count_nonzero(keys.seats)


def test_only_changes_are_noted_and_any_number_of_them_is_undone() -> None:
    """From the last one back to whichever: the table is what it was before."""
    rng, keys = Random(2), _keys(64, 1000)
    models, model = [set[int]()], set[int]()
    while len(models) < 500:
        key, there = _mixed(rng.randrange(40)), rng.random() < 0.5
        if kernel.put(keys, key, there) != there:
            model = model ^ {key}
            models.append(model)
        assert keys.counts[kernel.COUNT_CHANGES] == len(models) - 1
    while len(models) > 1:
        del models[max(1, len(models) - rng.randrange(1, 30)) :]
        kernel.undo(keys, len(models) - 1)
        assert {int(key) for key in keys.seats if key} == models[-1]
        assert keys.counts.tolist() == [len(models[-1]), len(models) - 1]


def test_a_larger_table_holds_the_same() -> None:
    """Nothing is lost on the way."""
    keys = _keys(64, 64)
    for word in range(40):
        kernel.put(keys, _mixed(word), True)
    larger = np.zeros(256, np.int64)
    kernel.move(keys.seats, larger)
    assert sorted(larger[larger != 0]) == sorted(_mixed(word) for word in range(40))
    assert all(kernel.is_there(larger, _mixed(word)) for word in range(40))
