"""Whether a record's key is the text of its key fields, as `node.avro.schema.key_of` writes it; nothing is written here."""

from node.avro import layout
from node.avro.jit import Bytes, Int64s, compiled, inlined, load8, number_at
from node.avro.kernel_compare import order
from node.avro.kernel_dates import date_of
from node.avro.tables import Tables

_ZERO, _MINUS, _HYPHEN = 0x30, 0x2D, 0x2D
_DATE_LENGTH, _UUID_LENGTH = 10, 36
_LONG_MIN_TENTH, _LONG_MIN_LAST = -922_337_203_685_477_580, 8
"""-2^63 without its last digit, and that digit."""


@inlined
def has_key(tables: Tables) -> bool:
    """Tell whether the schema names key fields; without them a record needs no key."""
    return number_at(tables.numbers, layout.N_KEY_PARTS) > 0


@compiled
def key_fits(data: Bytes, start: int, end: int, tables: Tables, state: Int64s) -> bool:
    """Tell whether data[start:end] is the key of the value walked last, which passed and lies in `data` too.

    The UTF-8 text of the key fields, several joined by U+001F. No key fits where a part is empty, or several parts make the key and one
    holds the separator: two subjects would share it. Without key fields only an empty key fits.
    """
    numbers, text = tables.numbers, tables.text
    part, parts = number_at(numbers, layout.N_KEY), number_at(numbers, layout.N_KEY_PARTS)
    at = start
    for number in range(parts):
        if number > 0:
            if at >= end or load8(data, at) != layout.KEY_SEPARATOR:
                return False
            at += 1
        at = _after_part(data, at, end, numbers, text, state, part, parts)
        if at < 0:
            return False
        part += layout.KEY_WIDTH
    return at == end


@inlined
def _after_part(data: Bytes, at: int, end: int, numbers: Int64s, text: Bytes, state: Int64s, part: int, parts: int) -> int:
    """Return the place after a part of the key that stands at `at`, -1 when it is not there."""
    kind, slot = number_at(numbers, part + layout.KEY_KIND), number_at(numbers, part + layout.KEY_SLOT)
    value, place, length = state[slot + layout.SLOT_VALUE], state[slot + layout.SLOT_OFFSET], state[slot + layout.SLOT_LENGTH]
    if kind == layout.KEY_NUMBER:
        return _after_number(data, at, end, value)
    if kind == layout.KEY_DATE:
        return _after_date(data, at, end, value)
    if kind == layout.KEY_UUID:
        return _after_uuid(data, at, end, place)
    if kind == layout.KEY_ENUM:
        symbol = number_at(numbers, part + layout.KEY_SYMBOLS) + 2 * value
        return _after_text(data, at, end, text, number_at(numbers, symbol), number_at(numbers, symbol + 1))
    if parts > 1:
        for byte in range(place, place + length):
            if load8(data, byte) == layout.KEY_SEPARATOR:
                return -1
    return _after_text(data, at, end, data, place, length)


@inlined
def _after_text(data: Bytes, at: int, end: int, other: Bytes, place: int, length: int) -> int:
    if length == 0 or length > end - at or order(data, at, length, other, place, length) != 0:
        return -1
    return at + length


@inlined
def _after_number(data: Bytes, at: int, end: int, value: int) -> int:
    """Return the place after a number in decimal digits without a leading zero; it is read as a negative one, which has room for -2^63."""
    if value < 0:
        if at >= end or load8(data, at) != _MINUS:
            return -1
        at += 1
    begin, read = at, 0
    while at < end and _ZERO <= load8(data, at) < _ZERO + 10:
        digit = load8(data, at) - _ZERO
        if read < _LONG_MIN_TENTH or (read == _LONG_MIN_TENTH and digit > _LONG_MIN_LAST) or (read == 0 and at > begin):
            return -1
        read = read * 10 - digit
        at += 1
    return at if at > begin and read == (value if value < 0 else -value) else -1


@inlined
def _after_date(data: Bytes, at: int, end: int, days: int) -> int:
    """Return the place after a date in ISO 8601's extended form."""
    if end - at < _DATE_LENGTH:
        return -1
    year, month, day = date_of(days)
    if load8(data, at + 4) != _HYPHEN or load8(data, at + 7) != _HYPHEN:
        return -1
    if not (_digits(data, at, 4, year) and _digits(data, at + 5, 2, month) and _digits(data, at + 8, 2, day)):
        return -1
    return at + _DATE_LENGTH


@inlined
def _digits(data: Bytes, at: int, count: int, value: int) -> bool:
    for place in range(at + count - 1, at - 1, -1):
        if load8(data, place) != _ZERO + value % 10:
            return False
        value //= 10
    return True


@inlined
def _after_uuid(data: Bytes, at: int, end: int, place: int) -> int:
    """Return the place after a UUID in lower case: the walk has seen to its form, in either case."""
    if end - at < _UUID_LENGTH:
        return -1
    for step in range(_UUID_LENGTH):
        byte = load8(data, place + step)
        if load8(data, at + step) != (byte | 0x20 if byte >= 0x41 else byte):
            return -1
    return at + _UUID_LENGTH
