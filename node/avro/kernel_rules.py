"""Rules of one value: whether a row of the program's rules holds, and what follows where it does not."""

import numpy as np

from node.avro.jit import Bytes, Int64s, compiled, inlined, load8, number_at
from node.avro.kernel_codes import is_credit_code, is_division, is_phone, is_resident_id
from node.avro.kernel_compare import decimal_order, is_member, is_number_member
from node.avro.layout import (
    R_BYTES,
    R_CHARACTERS,
    R_CREDIT,
    R_DECIMAL,
    R_DIGITS,
    R_DIVISION,
    R_NOT_FUTURE,
    R_NUMBERS,
    R_PHONE,
    R_PREFIX,
    R_RANGE,
    R_REALS,
    R_RESIDENT,
    R_TEXTS,
    R_UUID,
    RULE_OP,
    RULE_X,
    RULE_Y,
)

_UUID_LENGTH = 36


@inlined
def characters(data: Bytes, at: int, length: int) -> int:
    """Return how many characters `length` bytes of UTF-8 are: those that continue one do not count."""
    count = 0
    for place in range(at, at + length):
        count += (load8(data, place) & 0xC0) != 0x80
    return count


@inlined
def _is_uuid(data: Bytes, at: int, length: int) -> bool:
    """Tell whether a text is a UUID in RFC 9562's form, 8-4-4-4-12 hexadecimal digits of either case."""
    if length != _UUID_LENGTH:
        return False
    for place in range(_UUID_LENGTH):
        byte = load8(data, at + place)
        if place in (8, 13, 18, 23):
            if byte != 0x2D:
                return False
        elif not (0x30 <= byte <= 0x39 or 0x41 <= byte <= 0x46 or 0x61 <= byte <= 0x66):
            return False
    return True


@inlined
def _has_prefix(data: Bytes, at: int, length: int, numbers: Int64s, text: Bytes, groups: int) -> bool:
    """Tell whether a text begins with a prefix: at `groups` how many lengths there are, then each with the place of its set."""
    for group in range(groups + 1, groups + 1 + 2 * number_at(numbers, groups), 2):
        prefix = number_at(numbers, group)
        if prefix <= length and is_member(data, at, prefix, numbers, text, number_at(numbers, group + 1)):
            return True
    return False


@inlined
def _within_decimals(data: Bytes, at: int, length: int, numbers: Int64s, text: Bytes, bounds: int) -> bool:
    """Tell whether a decimal lies within two: place and length of the least, then of the greatest. One without bytes never does."""
    return (
        length > 0
        and decimal_order(data, at, length, text, number_at(numbers, bounds), number_at(numbers, bounds + 1)) >= 0
        and decimal_order(data, at, length, text, number_at(numbers, bounds + 2), number_at(numbers, bounds + 3)) <= 0
    )


@inlined
def real(bits: int) -> float:
    """Return the double whose bits stand in an int64."""
    return np.int64(bits).view(np.float64)


@compiled
def holds(rule: int, data: Bytes, value: int, at: int, length: int, numbers: Int64s, text: Bytes, now_ms: int) -> bool:
    """Tell whether the rule row at `rule` holds for a leaf: its number, and its bytes in `data`."""
    op, x, y = number_at(numbers, rule + RULE_OP), number_at(numbers, rule + RULE_X), number_at(numbers, rule + RULE_Y)
    if op == R_RANGE:
        return x <= value <= y
    if op == R_TEXTS:
        return is_member(data, at, length, numbers, text, x)
    if op == R_CHARACTERS:
        return x <= characters(data, at, length) <= y
    if op == R_RESIDENT:
        return is_resident_id(data, at, length, now_ms)
    if op == R_CREDIT:
        return is_credit_code(data, at, length, text)
    if op == R_DIVISION:
        return is_division(data, at, length, numbers, x, y)
    if op == R_PREFIX:
        return _has_prefix(data, at, length, numbers, text, x)
    if op == R_DIGITS:
        return x <= length <= y and _all_digits(data, at, length)
    if op == R_NUMBERS:
        return is_number_member(value, numbers, x)
    if op == R_NOT_FUTURE:  # x > 0: milliseconds of one unit; x < 0: minus the units of a millisecond
        return value * x <= now_ms + y if x > 0 else value <= (now_ms + y) * -x
    if op == R_DECIMAL:
        return _within_decimals(data, at, length, numbers, text, x)
    if op == R_REALS:
        return real(x) <= real(value) <= real(y)
    if op == R_BYTES:
        return x <= length <= y
    if op == R_PHONE:
        return is_phone(data, at, length)
    if op == R_UUID:
        return _is_uuid(data, at, length)
    return False


@inlined
def _all_digits(data: Bytes, at: int, length: int) -> bool:
    for place in range(at, at + length):
        if load8(data, place) < 0x30 or load8(data, place) > 0x39:
            return False
    return True
