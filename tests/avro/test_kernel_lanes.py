"""Answers for node/avro/kernel_lanes.py."""

import hmac
from random import Random

import numpy as np

from node.avro.kernel_lanes import LANES, MESSAGE_BYTES_MAX, new_lanes, put_hmacs, put_message
from node.avro.kernel_sha import hmac_tables
from node.avro.program import read_only

SECRET = bytes(range(100, 132))
_DIGITS = 32


def digits(message: bytes) -> bytes:
    """The HMAC by Python's own module, as a view has it."""
    return hmac.new(SECRET, message, "sha256").hexdigest()[:_DIGITS].encode()


def test_eight_messages_have_the_digests_that_python_finds() -> None:
    """Of every length that fits, whatever stood in the lanes before, each where it is to stand."""
    table, lanes, dice = hmac_tables(SECRET), new_lanes(), Random(1)
    for length in range(MESSAGE_BYTES_MAX + 1):
        messages = [dice.randbytes(length if lane == 3 else dice.randrange(MESSAGE_BYTES_MAX + 1)) for lane in range(LANES)]
        out = np.zeros(LANES * _DIGITS, np.uint8)
        for lane, message in enumerate(messages):
            data = read_only(np.frombuffer(b"before" + message, np.uint8))
            put_message(data, 6, len(message), lanes, lane, (LANES - 1 - lane) * _DIGITS)
        put_hmacs(lanes, LANES, table, out)
        assert out.tobytes() == b"".join(map(digits, reversed(messages)))


def test_of_fewer_messages_no_more_is_written() -> None:
    """Lanes behind them still hold what was in them."""
    table, lanes, data = hmac_tables(SECRET), new_lanes(), read_only(np.frombuffer(b"445102", np.uint8))
    for lane in range(LANES):
        put_message(data, 0, 6, lanes, lane, 0)
    for count in range(LANES + 1):
        out = np.zeros((LANES + 1) * _DIGITS, np.uint8)
        for lane in range(count):
            put_message(data, 0, 1 + lane % 6, lanes, lane, lane * _DIGITS)
        put_hmacs(lanes, count, table, out)
        expected = b"".join(digits(b"445102"[: 1 + lane % 6]) for lane in range(count))
        assert out.tobytes() == expected + bytes((LANES + 1 - count) * _DIGITS)


def test_a_message_may_end_where_its_buffer_does() -> None:
    """No word is read beyond it: the checked build would say so."""
    table, lanes, out = hmac_tables(SECRET), new_lanes(), np.zeros(_DIGITS, np.uint8)
    for length in range(MESSAGE_BYTES_MAX + 1):
        put_message(read_only(np.full(length, 7, np.uint8)), 0, length, lanes, 0, 0)
        put_hmacs(lanes, 1, table, out)
        assert out.tobytes() == digits(bytes([7] * length))
