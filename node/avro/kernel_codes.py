"""Identifiers that carry their own proof: resident identity numbers, unified social credit codes, division codes, telephone numbers."""

from node.avro.jit import Bytes, Int64s, compiled, inlined, load8, number_at
from node.avro.kernel_compare import is_number_member
from node.avro.kernel_dates import days_of, is_date
from node.avro.layout import CHINA_MS, DAY_MS, T_CREDIT

_ZERO, _X, _HYPHEN = 0x30, 0x58, 0x2D
_IDENTIFIER_LENGTH = 18
_BIRTH_YEAR_MIN = 1800
_CREDIT_VALUES = 31


@inlined
def digits_at(data: Bytes, at: int, count: int) -> int:
    """Return the number that `count` decimal digits write, -1 when one of them is none."""
    value = 0
    for place in range(at, at + count):
        digit = load8(data, place) - _ZERO
        if digit < 0 or digit > 9:
            return -1
        value = 10 * value + digit
    return value


@compiled
def is_resident_id(data: Bytes, at: int, length: int, now_ms: int) -> bool:
    """Tell whether a text is a citizen's identity number (GB 11643-1999).

    17 digits and a check character by ISO 7064 MOD 11-2, X standing for 10; digits 7 to 14 are a date of birth that exists, from 1800
    to today in China. The division in the first six digits may long be abolished and is not looked up.
    """
    if length != _IDENTIFIER_LENGTH:
        return False
    remainder = 0
    for place in range(at, at + _IDENTIFIER_LENGTH - 1):  # each digit times 2^(17 - its place), in Horner's form
        digit = load8(data, place) - _ZERO
        if digit < 0 or digit > 9:
            return False
        remainder = (remainder + digit) * 2
    last = load8(data, at + _IDENTIFIER_LENGTH - 1)
    check = 10 if last == _X else last - _ZERO if _ZERO <= last < _ZERO + 10 else -1
    if check < 0 or (remainder + check) % 11 != 1:
        return False
    year, month, day = digits_at(data, at + 6, 4), digits_at(data, at + 10, 2), digits_at(data, at + 12, 2)
    return year >= _BIRTH_YEAR_MIN and is_date(year, month, day) and days_of(year, month, day) <= (now_ms + CHINA_MS) // DAY_MS


@compiled
def is_credit_code(data: Bytes, at: int, length: int, text: Bytes) -> bool:
    """Tell whether a text is a unified social credit code (GB 32100-2015).

    18 characters of digits and capitals without I, O, S, V, Z; the third to eighth, a division, are digits. The sum of their values
    times 3^(place - 1) mod 31, the last one's taken once, is a multiple of 31.
    """
    if length != _IDENTIFIER_LENGTH:
        return False
    total, weight = 0, 1
    for place in range(_IDENTIFIER_LENGTH):
        value = load8(text, T_CREDIT + load8(data, at + place))
        if value >= _CREDIT_VALUES or (2 <= place < 8 and value > 9):
            return False
        total += value * (weight if place < _IDENTIFIER_LENGTH - 1 else 1)
        weight = weight * 3 % _CREDIT_VALUES
    return total % _CREDIT_VALUES == 0


@compiled
def is_division(data: Bytes, at: int, length: int, numbers: Int64s, tables: int, lengths: int) -> bool:
    """Tell whether a text is a division's code; bit n of `lengths` allows n digits.

    At `tables` stand the places of two sets: the codes that are known, and the provinces of which none is known, whose codes
    are taken by their first two digits.
    """
    if length > 12 or (lengths >> length) & 1 == 0:
        return False
    code = digits_at(data, at, 6)
    if code < 0 or digits_at(data, at + 6, length - 6) < 0:
        return False
    known, elsewhere = number_at(numbers, tables), number_at(numbers, tables + 1)
    return is_number_member(code, numbers, known) or is_number_member(code // 10_000, numbers, elsewhere)


@compiled
def is_phone(data: Bytes, at: int, length: int) -> bool:
    """Tell whether a text is a mainland telephone number as it is dialled within the country (numbering plan of 2017, MIIT).

    Mobile: 11 digits, 13 to 19 first. Fixed: area code (010, 02x, or 03xx to 09xx), perhaps a hyphen, then a number of 8 digits, or 7 or 8
    where the area code has four, that begins with 2 to 8.
    """
    if length < 10 or length > 13:
        return False
    if load8(data, at) == _ZERO + 1:
        return length == 11 and load8(data, at + 1) >= _ZERO + 3 and digits_at(data, at, 11) >= 0
    second = load8(data, at + 1) - _ZERO
    area = 3 if second in (1, 2) else 4
    if load8(data, at) != _ZERO or second < 1 or digits_at(data, at, area) < 0 or (second == 1 and load8(data, at + 2) != _ZERO):
        return False
    begin = area + (1 if load8(data, at + area) == _HYPHEN else 0)
    rest = length - begin
    first = load8(data, at + begin) - _ZERO
    return (rest == 8 or (rest == 7 and area == 4)) and 2 <= first <= 8 and digits_at(data, at + begin, rest) >= 0
