"""Writing primitives of the kernel: numbers as Avro has them, and as decimal digits. Who writes has seen to the room."""

from node.avro.jit import Bytes, inlined

_ZERO, _MINUS = 0x30, 0x2D
_REST = 0x01FF_FFFF_FFFF_FFFF
"""What is left of 64 bits without a sign when seven are written."""


@inlined
def put_long(out: Bytes, at: int, value: int) -> int:
    """Write a number as a zigzag varint, at most ten bytes, and return the place after it."""
    bits = (value << 1) ^ (value >> 63)
    while bits & ~0x7F:
        out[at] = bits & 0x7F | 0x80
        bits = (bits >> 7) & _REST
        at += 1
    out[at] = bits
    return at + 1


@inlined
def put_decimal(out: Bytes, at: int, value: int) -> int:
    """Write a number in decimal digits, at most twenty bytes, and return the place after it."""
    negative = value if value < 0 else -value  # which has room for -2^63
    if value < 0:
        out[at] = _MINUS
        at += 1
    size, rest = 1, negative
    while rest <= -10:
        rest = (rest + 9) // 10  # toward zero
        size += 1
    for place in range(at + size - 1, at - 1, -1):
        tenth = (negative + 9) // 10
        out[place] = _ZERO + tenth * 10 - negative
        negative = tenth
    return at + size
