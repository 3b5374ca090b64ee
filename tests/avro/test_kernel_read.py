"""Answers for node/avro/kernel_read.py, run by Python: the planted bugs' test holds that against the compiled build."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from node.avro import layout
from tests.avro.interpreted import kernel
from tests.avro.writer import zigzag

KERNEL = kernel()


def _read(name: str, content: bytes, *more: Any) -> tuple[int, int]:
    function: Callable[..., Any] = KERNEL[name]
    value, after = function(np.frombuffer(content, np.uint8), 0, len(content), *more)
    return int(value), int(after)


def test_every_number_of_64_bits_is_read() -> None:
    """Around each power of two, of either sign; the place is the one after it, whatever follows."""
    for power in range(64):
        for number in {sign * (1 << power) + step for sign in (1, -1) for step in (-1, 0, 1)}:
            if -(2**63) <= number < 2**63:
                written = zigzag(number)
                assert _read("read_long", written + b"\xff") == (number, len(written))


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**70])
def test_a_number_of_more_bits_is_none(number: int) -> None:
    """Fastavro would cut it off and read on."""
    assert _read("read_long", zigzag(number))[1] == -layout.E_VARINT


def test_a_number_that_ends_too_early_is_none() -> None:
    """At each byte of the longest."""
    for length in range(10):
        assert _read("read_long", zigzag(-(2**63))[:length])[1] == -layout.E_TRUNCATED


def test_a_number_of_32_bits_has_five_bytes_at_most() -> None:
    """As Java reads it; the caller's error says what it was."""
    assert _read("read_int", zigzag(-(2**31)), 99) == (-(2**31), 5)
    assert _read("read_int", zigzag(2**31), 99)[1] == -99
    assert _read("read_int", b"\x82\x80\x80\x80\x00", 99) == (1, 5)
    assert _read("read_int", b"\x82\x80\x80\x80\x80\x00", 99)[1] == -99
    assert _read("read_int", b"\x80", 99)[1] == -layout.E_TRUNCATED


def _fault(content: bytes) -> int:
    return int(KERNEL["utf8_fault"](np.frombuffer(content, np.uint8), 0, len(content)))


def test_every_character_passes_alone_and_behind_another() -> None:
    """One of each 61 code points, among them the first and last of every length."""
    edges = [0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF]
    for point in [*range(0, 0x110000, 61), *edges]:
        if not 0xD800 <= point < 0xE000:
            written = chr(point).encode()
            assert _fault(written) == -1
            assert _fault("甲".encode() + written + b"abcdefgh") == -1


@pytest.mark.parametrize(
    "wrong",
    [b"\x80", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80", b"\xf8", b"\xe4\xb8", b"\xff"],
)
def test_the_place_of_what_is_no_character_is_told(wrong: bytes) -> None:
    """Overlong forms, surrogates, what lies beyond Unicode, what ends too early: behind text of any length."""
    for before in (b"", b"a", b"abcdefgh", "甲乙".encode(), b"abcdefghi" + "é".encode()):
        assert _fault(before + wrong) == len(before)
