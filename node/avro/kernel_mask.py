"""Masks: what stands in a view in the place of a field's value. What each yields, `node.avro.selection` says.

The bytes are those of a value that a walk has found well formed; a decimal, date or moment may be any number all the same.
"""

import math

import numpy as np

from node.avro import layout
from node.avro.jit import Bytes, Int64s, compiled, copy_bytes, inlined, load8, load32, load64, number_at
from node.avro.kernel_dates import date_of
from node.avro.kernel_read import read_long
from node.avro.kernel_rules import characters, real
from node.avro.kernel_sha import put_hmac
from node.avro.kernel_write import put_decimal, put_long

_STAR = 0x2A
_LONG_MIN, _LONG_MAX = -(2**63), 2**63 - 1
_EXACT = 2.0**53
"""below it doubles hold every whole number"""
_HMAC_DIGITS = 32


@compiled
def put_masked(data: Bytes, at: int, end: int, actions: Int64s, action: int, secret: Int64s, out: Bytes, where: int) -> int:
    """Write what the action at `action`, neither DROP nor KEEP, makes of what stands at `at`; return the place after it in `out`."""
    op, null, x = number_at(actions, action), number_at(actions, action + layout.ACTION_NULL), number_at(actions, action + layout.ACTION_X)
    if op == layout.A_HIDE:
        return put_long(out, where, x)
    if null >= 0:
        branch, at = read_long(data, at, end)
        where = put_long(out, where, branch)
        if branch == null:
            return where
    if op == layout.A_ROUND_FLOAT:
        return _put_float(data, at, x, out, where)
    if op == layout.A_ROUND_DOUBLE:
        return _put_double(data, at, x, out, where)
    value, after = read_long(data, at, end)
    if op == layout.A_RECOUNT:
        return put_long(out, where, abs(value))
    if op == layout.A_YEAR:
        year, _, _ = date_of((value + number_at(actions, action + layout.ACTION_Y)) // x)
        return put_long(out, where, year)
    if op == layout.A_ROUND:
        return put_long(out, where, nearest(value, x))
    if op == layout.A_ROUND_DECIMAL:
        return _put_unscaled(out, where, nearest(_unscaled(data, after, value), x))
    if op == layout.A_FIRST:
        return _put_first(data, after, value, x, out, where)
    if op == layout.A_LAST:
        return _put_last(data, after, value, x, out, where)
    where = put_long(out, where, _HMAC_DIGITS)
    if op == layout.A_HMAC_TEXT:
        return put_hmac(data, after, value, secret, out, where)
    if op == layout.A_HMAC_UUID:
        _put_lower(data, after, value, out, where)
        return put_hmac(out, where, value, secret, out, where)
    return put_hmac(out, where, put_decimal(out, where, value) - where, secret, out, where)


@inlined
def nearest(value: int, n: int) -> int:
    """Return the multiple of `n` nearest to a number, halves away from zero; where that has more than 64 bits, the next one toward zero."""
    if value >= 0:
        over = value % n
        low = value - over
        return low + n if over >= n - over and low <= _LONG_MAX - n else low
    over = n - value % n
    low = value + over
    return low - n if over >= n - over and low >= _LONG_MIN + n else low


@inlined
def _nearest_real(value: float, n: int) -> float:
    """Return the double nearest to that multiple of `n`; zero has no sign, for it would tell on which side the value lay."""
    size, step = abs(value), np.float64(n)
    over = size % step
    if over < step - over:
        size -= over
    elif size < _EXACT:  # so is the difference, a whole number
        size = size - over + step
    else:  # and here each of the three
        size += step - over
    return (size if value >= 0 else -size) + 0.0


@inlined
def _put_double(data: Bytes, at: int, n: int, out: Bytes, where: int) -> int:
    value = real(load64(data, at))
    if not math.isfinite(value):
        copy_bytes(out, where, data, at, 8)
        return where + 8
    bits = np.float64(_nearest_real(value, n)).view(np.int64)
    for step in range(8):
        out[where + step] = (bits >> (8 * step)) & 0xFF
    return where + 8


@inlined
def _put_float(data: Bytes, at: int, n: int, out: Bytes, where: int) -> int:
    value = np.float64(np.uint32(load32(data, at)).view(np.float32))
    if not math.isfinite(value):
        copy_bytes(out, where, data, at, 4)
        return where + 4
    bits = np.float32(_nearest_real(value, n)).view(np.int32)
    for step in range(4):
        out[where + step] = (bits >> (8 * step)) & 0xFF
    return where + 4


@inlined
def _unscaled(data: Bytes, at: int, length: int) -> int:
    """Return the number of a decimal: two's complement, highest byte first (Avro 1.12); bytes beyond eight only repeat its sign."""
    if length == 0:
        return 0
    value = -(load8(data, at) >> 7)
    for place in range(at, at + length):
        value = value << 8 | load8(data, place)
    return value


@inlined
def _put_unscaled(out: Bytes, at: int, value: int) -> int:
    """Write a number as the least bytes of a decimal."""
    size = 1
    while size < 8 and value >> (8 * size - 1) != value >> 63:
        size += 1
    at = put_long(out, at, size)
    for step in range(size):
        out[at + step] = (value >> (8 * (size - 1 - step))) & 0xFF
    return at + size


@inlined
def _put_first(data: Bytes, at: int, length: int, n: int, out: Bytes, where: int) -> int:
    """Write the first `n` characters of a text, and a star for each other one."""
    kept = _after(data, at, length, n) - at
    stars = characters(data, at + kept, length - kept)
    where = put_long(out, where, kept + stars)
    copy_bytes(out, where, data, at, kept)
    return _put_stars(out, where + kept, stars)


@inlined
def _put_last(data: Bytes, at: int, length: int, n: int, out: Bytes, where: int) -> int:
    """Write the last `n` characters of a text, and a star for each other one."""
    stars = max(characters(data, at, length) - n, 0)
    begin = _after(data, at, length, stars)
    kept = at + length - begin
    where = _put_stars(out, put_long(out, where, stars + kept), stars)
    copy_bytes(out, where, data, begin, kept)
    return where + kept


@inlined
def _after(data: Bytes, at: int, length: int, n: int) -> int:
    """Return the place after the first `n` characters of a text, or after all."""
    end = at + length
    while at < end and n > 0:
        at += 1
        while at < end and (load8(data, at) & 0xC0) == 0x80:
            at += 1
        n -= 1
    return at


@inlined
def _put_stars(out: Bytes, at: int, stars: int) -> int:
    for place in range(at, at + stars):
        out[place] = _STAR
    return at + stars


@inlined
def _put_lower(data: Bytes, at: int, length: int, out: Bytes, where: int) -> None:
    """Write a UUID in lower case: of its characters only letters change."""
    for step in range(length):
        byte = load8(data, at + step)
        out[where + step] = byte | 0x20 if byte >= 0x41 else byte
