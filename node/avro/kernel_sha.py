"""SHA-256 (FIPS 180-4) and HMAC (RFC 2104), with nothing kept outside of registers.

A word of 32 bits stands in an int64, its upper half clear. The secret of an HMAC is a table of H_WORDS int64 (see `hmac_tables`), which holds
the hash's own constants as well: so no key is hashed twice, and a digest costs a block less at either end.
"""

from math import isqrt

import numpy as np

from node.avro import layout
from node.avro.jit import Bytes, Int64s, compiled, inlined, load8, load32, number_at

_WORD = 0xFFFF_FFFF
_BLOCK_BYTES, _TAIL_BYTES = 64, 9
"""A message's last block has room for the bit that ends it and for its length."""
_DIGEST_BYTES = 32
_HEX = 16
"""bytes of a digest that are told: 128 bits, which no two subjects of any country share by chance"""
_TEN = 10
_ZERO, _A = 0x30, 0x61

Words8 = tuple[int, int, int, int, int, int, int, int]


@compiled
def put_hmac(data: Bytes, at: int, length: int, secret: Int64s, out: Bytes, where: int) -> int:
    """Write 32 lower-case hexadecimal digits, the first 128 bits of HMAC-SHA-256 of data[at:at + length], and return the place after them.

    The digits may be written over the message.
    """
    a, b, c, d, e, f, g, h = _digest(data, at, length, secret)
    i = layout.H_OUTER
    bits = (_BLOCK_BYTES + _DIGEST_BYTES) * 8
    a, b, c, d, _, _, _, _ = block(
        secret, number_at(secret, i), number_at(secret, i + 1), number_at(secret, i + 2), number_at(secret, i + 3),
        number_at(secret, i + 4), number_at(secret, i + 5), number_at(secret, i + 6), number_at(secret, i + 7),
        a, b, c, d, e, f, g, h, 0x8000_0000, 0, 0, 0, 0, 0, 0, bits,
    )  # fmt: skip
    return put_word(out, put_word(out, put_word(out, put_word(out, where, a), b), c), d)


@inlined
def _digest(data: Bytes, at: int, length: int, secret: Int64s) -> Words8:
    """Return the inner hash of a message: the key's block came before it."""
    i = layout.H_INNER
    a, b, c, d = number_at(secret, i), number_at(secret, i + 1), number_at(secret, i + 2), number_at(secret, i + 3)
    e, f, g, h = number_at(secret, i + 4), number_at(secret, i + 5), number_at(secret, i + 6), number_at(secret, i + 7)
    bits = (length + _BLOCK_BYTES) * 8
    for begin in range(0, length + _TAIL_BYTES, _BLOCK_BYTES):
        last = begin + _BLOCK_BYTES >= length + _TAIL_BYTES
        left = length - begin
        place = at + begin
        a, b, c, d, e, f, g, h = block(
            secret, a, b, c, d, e, f, g, h,
            word_at(data, place, left), word_at(data, place + 4, left - 4),
            word_at(data, place + 8, left - 8), word_at(data, place + 12, left - 12),
            word_at(data, place + 16, left - 16), word_at(data, place + 20, left - 20),
            word_at(data, place + 24, left - 24), word_at(data, place + 28, left - 28),
            word_at(data, place + 32, left - 32), word_at(data, place + 36, left - 36),
            word_at(data, place + 40, left - 40), word_at(data, place + 44, left - 44),
            word_at(data, place + 48, left - 48), word_at(data, place + 52, left - 52),
            bits >> 32 if last else word_at(data, place + 56, left - 56),
            bits & _WORD if last else word_at(data, place + 60, left - 60),
        )  # fmt: skip
    return a, b, c, d, e, f, g, h


@inlined
def word_at(data: Bytes, at: int, left: int) -> int:
    """Return four bytes of a message, highest first, of which `left` are left: behind its end come one bit and zeros."""
    if left >= 4:
        bits = load32(data, at)
        return (bits & 0xFF) << 24 | (bits & 0xFF00) << 8 | (bits >> 8) & 0xFF00 | bits >> 24
    if left < 0:
        return 0
    bits = 0x80 << (24 - 8 * left)
    for step in range(left):
        bits |= load8(data, at + step) << (24 - 8 * step)
    return bits


@inlined
def put_word(out: Bytes, at: int, word: int) -> int:
    """Write a word in eight hexadecimal digits and return the place after them."""
    for step in range(8):
        digit = (word >> (28 - 4 * step)) & 15
        out[at + step] = digit + (_ZERO if digit < _TEN else _A - _TEN)
    return at + 8


@compiled
def block(
    secret: Int64s, a: int, b: int, c: int, d: int, e: int, f: int, g: int, h: int,
    w0: int, w1: int, w2: int, w3: int, w4: int, w5: int, w6: int, w7: int,
    w8: int, w9: int, w10: int, w11: int, w12: int, w13: int, w14: int, w15: int,
) -> Words8:  # fmt: skip
    """Return the hash's state after a block of sixteen words. Names stay and registers turn: each round says which word is which."""
    state = (a, b, c, d, e, f, g, h)
    for at in range(layout.H_ROUNDS, layout.H_WORDS, 16):
        d, h = _round(a, b, c, d, e, f, g, h, number_at(secret, at) + w0)
        c, g = _round(h, a, b, c, d, e, f, g, number_at(secret, at + 1) + w1)
        b, f = _round(g, h, a, b, c, d, e, f, number_at(secret, at + 2) + w2)
        a, e = _round(f, g, h, a, b, c, d, e, number_at(secret, at + 3) + w3)
        h, d = _round(e, f, g, h, a, b, c, d, number_at(secret, at + 4) + w4)
        g, c = _round(d, e, f, g, h, a, b, c, number_at(secret, at + 5) + w5)
        f, b = _round(c, d, e, f, g, h, a, b, number_at(secret, at + 6) + w6)
        e, a = _round(b, c, d, e, f, g, h, a, number_at(secret, at + 7) + w7)
        d, h = _round(a, b, c, d, e, f, g, h, number_at(secret, at + 8) + w8)
        c, g = _round(h, a, b, c, d, e, f, g, number_at(secret, at + 9) + w9)
        b, f = _round(g, h, a, b, c, d, e, f, number_at(secret, at + 10) + w10)
        a, e = _round(f, g, h, a, b, c, d, e, number_at(secret, at + 11) + w11)
        h, d = _round(e, f, g, h, a, b, c, d, number_at(secret, at + 12) + w12)
        g, c = _round(d, e, f, g, h, a, b, c, number_at(secret, at + 13) + w13)
        f, b = _round(c, d, e, f, g, h, a, b, number_at(secret, at + 14) + w14)
        e, a = _round(b, c, d, e, f, g, h, a, number_at(secret, at + 15) + w15)
        w0 = _later(w0, w1, w9, w14)
        w1 = _later(w1, w2, w10, w15)
        w2 = _later(w2, w3, w11, w0)
        w3 = _later(w3, w4, w12, w1)
        w4 = _later(w4, w5, w13, w2)
        w5 = _later(w5, w6, w14, w3)
        w6 = _later(w6, w7, w15, w4)
        w7 = _later(w7, w8, w0, w5)
        w8 = _later(w8, w9, w1, w6)
        w9 = _later(w9, w10, w2, w7)
        w10 = _later(w10, w11, w3, w8)
        w11 = _later(w11, w12, w4, w9)
        w12 = _later(w12, w13, w5, w10)
        w13 = _later(w13, w14, w6, w11)
        w14 = _later(w14, w15, w7, w12)
        w15 = _later(w15, w0, w8, w13)
    return (
        (state[0] + a) & _WORD,
        (state[1] + b) & _WORD,
        (state[2] + c) & _WORD,
        (state[3] + d) & _WORD,
        (state[4] + e) & _WORD,
        (state[5] + f) & _WORD,
        (state[6] + g) & _WORD,
        (state[7] + h) & _WORD,
    )


@inlined
def _round(a: int, b: int, c: int, d: int, e: int, f: int, g: int, h: int, more: int) -> tuple[int, int]:
    """Return the words that a round changes, the fourth and the last; `more` is its constant and the message's word."""
    twice = e | e << 32  # whose bits from any of the lower 32 on are the word turned right
    h += more + (twice >> 6 ^ twice >> 11 ^ twice >> 25) + (g ^ e & (f ^ g))
    twice = a | a << 32
    return (d + h) & _WORD, (h + (twice >> 2 ^ twice >> 13 ^ twice >> 22) + (a & b | c & (a | b))) & _WORD


@inlined
def _later(w: int, next_w: int, ninth: int, fourteenth: int) -> int:
    """Return the word of the message's schedule that comes sixteen after `w`."""
    one, two = next_w | next_w << 32, fourteenth | fourteenth << 32
    return (w + (one >> 7 ^ one >> 18 ^ next_w >> 3) + ninth + (two >> 17 ^ two >> 19 ^ fourteenth >> 10)) & _WORD


def hmac_tables(secret: bytes) -> Int64s:
    """Return what `put_hmac` needs of a secret of at most 64 bytes, read-only: threads may share it."""
    assert len(secret) <= _BLOCK_BYTES, "a longer key would have to be hashed first"
    table = np.zeros(layout.H_WORDS, np.int64)
    table[layout.H_ROUNDS :] = ROUNDS
    for place, pad in ((layout.H_INNER, 0x36), (layout.H_OUTER, 0x5C)):
        padded = bytes(byte ^ pad for byte in secret.ljust(_BLOCK_BYTES, b"\0"))
        words = (int.from_bytes(padded[at : at + 4], "big") for at in range(0, _BLOCK_BYTES, 4))
        given = table.view()
        given.flags.writeable = False
        table[place : place + 8] = block(given, *_START, *words)
    table.flags.writeable = False
    return table


_PRIMES = [number for number in range(2, 312) if all(number % other for other in range(2, isqrt(number) + 1))]
"""The first 64."""


def _cube_root(number: int) -> int:
    """Return the first 32 bits behind the point of a cube root (FIPS 180-4, 4.2.2)."""
    root = max(guess for guess in range(7) if guess**3 <= number) << 32
    for bit in (1 << step for step in range(31, -1, -1)):
        if (root + bit) ** 3 <= number << 96:
            root += bit
    return root & _WORD


ROUNDS = [_cube_root(prime) for prime in _PRIMES]
_START = [isqrt(prime << 64) & _WORD for prime in _PRIMES[:8]]
"""The first 32 bits behind the points of square roots (FIPS 180-4, 5.3.3)."""
