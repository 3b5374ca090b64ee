"""Reading primitives of the kernel: varints and UTF-8, each refusing where fastavro and Java's reader would guess."""

from node.avro.jit import Bytes, inlined, load8, load32, load64
from node.avro.layout import E_TRUNCATED, E_VARINT

_INT_BYTES = 5
"""The most bytes of a 32-bit varint; Java's reader refuses a sixth too."""
_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1
_LONG_SHIFT = 63
"""The tenth byte of a varint holds bit 63 alone."""
_POSITIVE = 0x7FFF_FFFF_FFFF_FFFF
_HIGH_BITS = -0x7F7F_7F7F_7F7F_7F80
"""The highest bit of each of eight bytes: none is set in ASCII."""


@inlined
def read_long(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """Return a zigzag varint of at most 64 bits and the place after it; the place is minus an error code where there is none."""
    if at >= end:
        return 0, -E_TRUNCATED
    byte = load8(data, at)
    at += 1
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), at
    bits, shift = byte & 0x7F, 7
    while True:
        if at >= end:
            return 0, -E_TRUNCATED
        byte = load8(data, at)
        at += 1
        if shift == _LONG_SHIFT and byte > 1:
            return 0, -E_VARINT
        bits |= (byte & 0x7F) << shift
        if byte < 0x80:
            return ((bits >> 1) & _POSITIVE) ^ -(bits & 1), at
        shift += 7


@inlined
def read_int(data: Bytes, at: int, end: int, wrong: int) -> tuple[int, int]:
    """Return a zigzag varint of at most 32 bits and 5 bytes and the place after it; `wrong` is the error code of a longer one."""
    value, after = read_long(data, at, end)
    if after >= 0 and (value < _INT_MIN or value > _INT_MAX or after - at > _INT_BYTES):
        return 0, -wrong
    return value, after


@inlined
def utf8_fault(data: Bytes, at: int, end: int) -> int:
    """Return the place of the first byte that begins no UTF-8 character (RFC 3629), -1 when all do."""
    while at < end:
        first = load8(data, at)
        if first < 0x80:
            at += 8 if at + 8 <= end and (load64(data, at) & _HIGH_BITS) == 0 else 1
            continue
        length = _character(data, at, end, first)
        if length == 0:
            return at
        at += length
    return -1


@inlined
def _character(data: Bytes, at: int, end: int, first: int) -> int:
    """Return the bytes of the character of several bytes that begins at `at` with `first`; 0 where none does."""
    if 0xE1 <= first < 0xF0 and first != 0xED and at + 4 <= end:  # nearly all Chinese characters, in one load
        return 3 if (load32(data, at) & 0xC0C000) == 0x808000 else 0
    if first < 0xC2 or first > 0xF4:
        return 0
    length = 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    if at + length > end:
        return 0
    second = load8(data, at + 1)
    for place in range(at + 1, at + length):
        if (load8(data, place) & 0xC0) != 0x80:
            return 0
    # Overlong forms, surrogates and what lies beyond U+10FFFF are told by the second byte alone.
    if (
        (first == 0xE0 and second < 0xA0)
        or (first == 0xED and second > 0x9F)
        or (first == 0xF0 and second < 0x90)
        or (first == 0xF4 and second > 0x8F)
    ):
        return 0
    return length
