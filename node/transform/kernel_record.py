"""A record as Kafka lays it out, read and written by kernels (DefaultRecord, KIP-98)."""

from node.avro.jit import Bytes, inlined, load8
from node.avro.kernel_read import read_int, read_long
from node.avro.kernel_write import put_long
from node.avro.layout import E_LENGTH

HEAD_BYTES = 21
"""What `put_head` writes at most: length (5), attributes (1), timestamp delta (10), offset delta (5)."""


@inlined
def read_length(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """Return where the body of the record at `at` begins and ends; the beginning is -1 where it does not fit."""
    length, body = read_int(data, at, end, E_LENGTH)
    if body < 0 or length < 1 or length > end - body:
        return -1, at
    return body, body + length


@inlined
def read_head(data: Bytes, body: int, end: int) -> tuple[int, int, int, int, int, int, int]:
    """Return timestamp delta, offset delta, the place behind them, place and length of key and of value (length below 0: there is none).

    The place behind the deltas is -1 where data[body:end] is garbled up to the value's end. Attributes other than 0, which nobody writes, are
    garbled too: readers differ in how they skip them.
    """
    if load8(data, body) != 0:
        return 0, 0, -1, 0, 0, 0, 0
    delta, at = read_long(data, body + 1, end)
    if at < 0:
        return 0, 0, -1, 0, 0, 0, 0
    number, rest = read_int(data, at, end, E_LENGTH)
    if rest < 0:
        return 0, 0, -1, 0, 0, 0, 0
    key_length, key = read_int(data, rest, end, E_LENGTH)
    if key < 0 or key_length > end - key:
        return 0, 0, -1, 0, 0, 0, 0
    value_length, value = read_int(data, key + max(key_length, 0), end, E_LENGTH)
    if value < 0 or value_length > end - value:
        return 0, 0, -1, 0, 0, 0, 0
    return delta, number, rest, key, key_length, value, value_length


@inlined
def put_head(out: Bytes, at: int, delta: int, number: int, size: int) -> int:
    """Write what stands before the key of a record whose key, value and headers take `size` bytes; return the place after it."""
    at = put_long(out, at, 1 + size_of(delta) + size_of(number) + size)
    out[at] = 0
    return put_long(out, put_long(out, at + 1, delta), number)


@inlined
def size_of(value: int) -> int:
    """Return the bytes of a zigzag varint."""
    bits, size = (value << 1) ^ (value >> 63), 1
    while bits & ~0x7F:
        bits = (bits >> 7) & 0x01FF_FFFF_FFFF_FFFF
        size += 1
    return size
