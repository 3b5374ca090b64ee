"""Damaged values: bytes flipped, cut, put in, copied; varints lengthened; counts, lengths and branches forged."""

from collections.abc import Callable
from random import Random

from tests.avro.writer import Mark, zigzag

_FORGED = [
    0,
    1,
    -1,
    2,
    3,
    63,
    64,
    127,
    128,
    300,
    4097,
    2**31 - 1,
    2**31,
    -(2**31),
    2**32,
    2**53,
    2**62,
    2**63 - 1,
    -(2**63),
    2**63,
    2**64,
    -(2**63) - 1,
]


def _flip(value: bytearray, _marks: list[Mark], rng: Random) -> None:
    value[rng.randrange(len(value))] ^= 1 << rng.randrange(8)


def _byte(value: bytearray, _marks: list[Mark], rng: Random) -> None:
    value[rng.randrange(len(value))] = rng.choice([0, 1, 2, 0x7F, 0x80, 0xC0, 0xE0, 0xED, 0xF4, 0xFF, rng.randrange(256)])


def _cut(value: bytearray, _marks: list[Mark], rng: Random) -> None:
    del value[rng.randrange(len(value)) :]


def _drop(value: bytearray, _marks: list[Mark], rng: Random) -> None:
    at = rng.randrange(len(value))
    del value[at : at + rng.choice([1, 1, 2, 5])]


def _insert(value: bytearray, _marks: list[Mark], rng: Random) -> None:
    at = rng.randrange(len(value) + 1)
    value[at:at] = rng.randbytes(rng.choice([1, 1, 2, 9]))


def _copy(value: bytearray, _marks: list[Mark], rng: Random) -> None:
    start, at = rng.randrange(len(value)), rng.randrange(len(value) + 1)
    value[at:at] = value[start : start + rng.choice([1, 4, 20])]


def _lengthen(value: bytearray, marks: list[Mark], rng: Random) -> None:
    """Write a number in more bytes than it needs: what it says stays, up to ten bytes, or eleven."""
    mark = rng.choice(marks)
    more = rng.choice([1, 1, 2, 4, 9 - (mark.end - mark.start), 10 - (mark.end - mark.start), 11])
    value[mark.end - 1] |= 0x80
    value[mark.end : mark.end] = b"\x80" * max(more - 1, 0) + rng.choice([b"\x00", b"\x00", b"\x01", b"\x7f"])


def _forge(value: bytearray, marks: list[Mark], rng: Random) -> None:
    mark = rng.choice([mark for mark in marks if mark.kind != "number"] or marks)
    value[mark.start : mark.end] = zigzag(rng.choice(_FORGED))


def _number(value: bytearray, marks: list[Mark], rng: Random) -> None:
    mark = rng.choice(marks)
    value[mark.start : mark.end] = zigzag(rng.choice(_FORGED))


_WAYS: list[Callable[[bytearray, list[Mark], Random], None]] = [_flip, _byte, _cut, _drop, _insert, _copy]
_MARKED: list[Callable[[bytearray, list[Mark], Random], None]] = [_lengthen, _forge, _number]


def mutant(value: bytes, marks: list[Mark], rng: Random) -> bytes:
    """Return a value with one damage, sometimes two."""
    found = bytearray(value)
    if marks and rng.random() < 0.5:
        rng.choice(_MARKED)(found, marks, rng)
    elif found:
        rng.choice(_WAYS)(found, marks, rng)
    else:
        found += b"\x00"
    if found and rng.random() < 0.2:
        rng.choice(_WAYS)(found, marks, rng)
    return bytes(found)
