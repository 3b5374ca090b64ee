"""Comparing bytes: order of texts and of decimals, membership in the program's sets. Nothing is copied."""

from node.avro.jit import Bytes, Int64s, compiled, load8, number_at

_FNV_BASIS, _FNV_PRIME, _FNV_BITS = 0x811C_9DC5, 0x0100_0193, 0xFFFF_FFFF
"""FNV-1a of 32 bits: a product stays within 64."""


@compiled
def order(data: Bytes, at: int, length: int, other: Bytes, there: int, other_length: int) -> int:
    """Return a negative number, 0 or a positive one as the first text is less, equal or greater, byte by byte.

    In UTF-8 that is the order of code points.
    """
    for place in range(min(length, other_length)):
        difference = load8(data, at + place) - load8(other, there + place)
        if difference != 0:
            return difference
    return length - other_length


@compiled
def decimal_order(data: Bytes, at: int, length: int, other: Bytes, there: int, other_length: int) -> int:
    """Return a negative number, 0 or a positive one as the first decimal is less, equal or greater.

    Both are two's complement of at least one byte, highest first, of one scale, whatever bytes of mere sign they begin with.
    """
    negative, other_negative = load8(data, at) >> 7, load8(other, there) >> 7
    if negative != other_negative:
        return other_negative - negative
    sign = 0xFF * negative
    while length > 1 and load8(data, at) == sign and load8(data, at + 1) >> 7 == negative:
        at += 1
        length -= 1
    while other_length > 1 and load8(other, there) == sign and load8(other, there + 1) >> 7 == negative:
        there += 1
        other_length -= 1
    if length != other_length:
        return other_length - length if negative else length - other_length
    return order(data, at, length, other, there, other_length)


@compiled
def is_member(data: Bytes, at: int, length: int, numbers: Int64s, text: Bytes, members: int) -> bool:
    """Tell whether a text is in the set at `members`: a mask, then place and length of each member, at its hash or after it."""
    mask = number_at(numbers, members)
    digest = _FNV_BASIS
    for place in range(at, at + length):
        digest = ((digest ^ load8(data, place)) * _FNV_PRIME) & _FNV_BITS
    seat = (digest ^ digest >> 16) & mask
    while True:
        there = number_at(numbers, members + 1 + 2 * seat)
        if there < 0:
            return False
        if number_at(numbers, members + 2 + 2 * seat) == length and order(data, at, length, text, there, length) == 0:
            return True
        seat = (seat + 1) & mask


@compiled
def is_number_member(value: int, numbers: Int64s, members: int) -> bool:
    """Tell whether a number is in the set at `members`: how many there are, then all in ascending order."""
    low = members + 1
    beyond = low + number_at(numbers, members)
    last = beyond
    while low < last:
        middle = (low + last) >> 1
        if number_at(numbers, middle) < value:
            low = middle + 1
        else:
            last = middle
    return low < beyond and number_at(numbers, low) == value
