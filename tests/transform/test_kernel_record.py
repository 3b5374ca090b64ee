"""Answers for node/transform/kernel_record.py: heads of records are read as they were written, and what is no head is seen."""

from random import Random

import numpy as np
import pytest

from node.avro.jit import Bytes
from node.avro.program import read_only
from node.batch.build import zigzag
from node.transform import kernel_record as kernel
from tests.avro.ruling import NOW_MS
from tests.transform.wire import Row, body, section

_ENDS = [0, 1, -1, 63, 64, -64, -65, 8191, 8192, 2**31 - 1, -(2**31), 2**62, 2**63 - 1, -(2**63)]


def _bytes(content: bytes) -> Bytes:
    return read_only(np.frombuffer(content, np.uint8))


def _read(content: bytes) -> tuple[int, ...]:
    return kernel.read_head(_bytes(content), 0, len(content))


@pytest.mark.parametrize("number", [*_ENDS, *(Random(1).randrange(-(2**40), 2**40) for _ in range(20))])
def test_a_number_takes_as_many_bytes_as_kafka_writes_of_it(number: int) -> None:
    """The fewest."""
    assert kernel.size_of(number) == len(zigzag(number))


@pytest.mark.parametrize("key", [None, b"", b"k" * 70])
@pytest.mark.parametrize("value", [None, b"", b"v" * 9000])
def test_a_head_tells_where_key_and_value_are(key: bytes | None, value: bytes | None) -> None:
    """By their places and lengths, whatever headers follow."""
    content = body(700, Row(NOW_MS - 99, key, value, (("traceparent", b"00"),)))
    delta, number, rest, at, length, place, size = _read(content)
    assert (delta, number, content[1:rest]) == (-99, 700, zigzag(-99) + zigzag(700))
    assert (None if length < 0 else content[at : at + length]) == key
    assert (None if size < 0 else content[place : place + size]) == value


@pytest.mark.parametrize("delta", _ENDS)
def test_a_head_that_is_written_is_read(delta: int) -> None:
    """With the record's length before it."""
    for number in (0, 64, 2**31 - 1):
        rest = zigzag(3) + b"abc" + zigzag(-1) + b"\0"
        out = np.zeros(kernel.HEAD_BYTES + len(rest), np.uint8)
        end = kernel.put_head(out, 0, delta, number, len(rest))
        content = bytes(out[:end]) + rest
        begin, after = kernel.read_length(_bytes(content), 0, len(content))
        assert after == len(content)
        found = kernel.read_head(_bytes(content), begin, after)
        assert (found[0], found[1], content[found[3] :][: found[4]], found[6]) == (delta, number, b"abc", -1)


def test_a_head_that_is_cut_or_garbled_is_none() -> None:
    """Wherever it ends up to its value's end, and whatever goes beyond it."""
    content = body(7, Row(NOW_MS, b"key", b"value"))
    assert _read(content)[2] > 0
    assert _read(content[:-1])[2] > 0, "headers are not looked at"
    for size in range(1, len(content) - 1):
        assert _read(content[:size])[2] == -1
    for spoilt in (b"\1" + content[1:], content[:1] + b"\x80" * 10 + b"\0" + content[2:], content[:3] + zigzag(100) + content[4:]):
        assert _read(spoilt)[2] == -1


@pytest.mark.parametrize("content", [b"", b"\0", b"\1", b"\x04a", zigzag(2**31), zigzag(-5) + b"abc", b"\x80"])
def test_a_length_that_does_not_fit_is_seen(content: bytes) -> None:
    """Of nothing, less than nothing, more than there is."""
    assert kernel.read_length(_bytes(content), 0, len(content))[0] == -1
    two = section([b"abc", b"d"])
    assert [kernel.read_length(_bytes(two), at, len(two)) for at in (0, 4)] == [(1, 4), (5, 6)]
