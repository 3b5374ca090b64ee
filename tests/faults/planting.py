"""Values that cannot be mistaken for anything else, and the search for them in raw bytes.

Each holds a number that is drawn once. A text repeats it, so that any piece of 15 bytes gives it away, wherever a cut went wrong; a number has it
in its low bits below a sign that only planted ones have, so that what rounding leaves of it is another. Dates, enums and booleans are too short
to be known again, and are not planted.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from struct import pack, unpack
from typing import Any
from uuid import UUID

_BITS = 27
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_TEXT = re.compile(rb"~[a-z2-7]{7}")
_UUID = re.compile(rb"5eca1ed0-0000-4000-8000-[0-9a-f]{12}")
_LONG, _MOMENT, _DECIMAL, _DOUBLE = 0x5_ECA1_ED05, 1_600_000_000_000_000 >> _BITS, 0x0A5EC1A5, 0x42A5EC1D
"""The signs: what stands above the low bits. A moment's is its time, in microseconds; a decimal's unscaled value has 18 digits."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _varint(number: int) -> bytes:
    """Return the bytes of a varint without its first four, which hold the low 28 bits."""
    groups = [] if number else [0]
    while number:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*groups[:-1], groups[-1] & 0x7F))


_SIGNS = (_varint(_LONG), _varint(_MOMENT), pack("<I", _DOUBLE))
"""What stands behind four bytes of the number's own; a decimal's, big-endian, before them."""
_DECIMAL_SIGN = pack(">I", _DECIMAL)


def needles(data: bytes) -> set[bytes]:
    """Return all that looks planted in some bytes."""
    found = {*_TEXT.findall(data), *_UUID.findall(data)}
    for sign in _SIGNS:
        found.update(data[at - 4 : at + len(sign)] for at in _places(data, sign) if at >= 4)
    found.update(data[at : at + 8] for at in _places(data, _DECIMAL_SIGN))
    return found


def _places(data: bytes, sign: bytes) -> Iterator[int]:
    at = data.find(sign)
    while at >= 0:
        yield at
        at = data.find(sign, at + 1)


def written(value: Any) -> bytes:
    """Return the bytes that stand for a decoded value's leaves wherever it is written, apart from each other."""
    match value:
        case str():
            found = value.encode()
        case bytes():
            found = value
        case bool() | None:
            found = b""
        case int():
            found = _varint_of(value)
        case float():
            found = pack("<d", value)
        case Decimal():
            found = int(value.scaleb(2)).to_bytes(16, signed=True)
        case UUID():
            found = str(value).encode()
        case datetime():
            found = _varint_of((value - _EPOCH) // timedelta(microseconds=1))
        case dict():
            found = b"".join(map(written, (*value, *value.values())))
        case list():
            found = b"".join(map(written, value))
        case _:
            found = b""
    return found + b"\0" * 4


def _varint_of(number: int) -> bytes:
    zigzag = (number << 1) ^ (number >> 63)
    return bytes(zigzag >> shift & 0x7F | 0x80 for shift in range(0, 28, 7)) + _varint(zigzag >> 28)


class Mint:
    """Makes planted values, each with a number of its own."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._drawn: set[int] = set()

    def _number(self, fits: Callable[[int], bool] = lambda _number: True) -> int:
        while True:
            number = self._rng.getrandbits(_BITS)
            if number not in self._drawn and fits(number):
                self._drawn.add(number)
                return number

    def _word(self) -> str:
        number = self._number()
        return "~" + "".join(_LETTERS[number >> shift & 31] for shift in range(30, -1, -5))

    def text(self) -> str:
        """Return a text with a character of three bytes at each end, which a mask may show."""
        return self._rng.choice("王李张刘陈") + self._word() * self._rng.choice((2, 3)) + self._rng.choice("明华强丽𝄞")

    def data(self) -> bytes:
        """Return some bytes."""
        return self._word().encode() * 2

    def uuid(self) -> UUID:
        """Return a UUID."""
        return UUID(f"5eca1ed0-0000-4000-8000-{self._number():012x}")

    def whole(self) -> int:
        """Return a number of 62 bits, no multiple of ten."""
        return (_LONG << _BITS) + self._number(lambda number: ((_LONG << _BITS) + number) % 10 > 0)

    def moment(self) -> datetime:
        """Return a moment, in microseconds."""
        return _EPOCH + timedelta(microseconds=(_MOMENT << _BITS) + self._number())

    def decimal(self) -> Decimal:
        """Return a decimal of scale 2 and 18 digits, the last of them no 0."""
        return Decimal((_DECIMAL << 32) + self._number(lambda number: ((_DECIMAL << 32) + number) % 10 > 0)).scaleb(-2)

    def double(self) -> float:
        """Return a double with a fraction, so that no rounded one is like it."""
        found: float = unpack("<d", pack("<II", self._number(lambda number: bool(number & 1)), _DOUBLE))[0]
        return found
