"""Answers for node/avro/kernel_sha.py."""

import hmac
from random import Random

import numpy as np

from node.avro import layout
from node.avro.kernel_sha import hmac_tables, put_hmac
from node.avro.program import read_only

SECRET = bytes(range(200, 232))


def digits(secret: bytes, message: bytes) -> bytes:
    """The HMAC by Python's own module, as a view has it."""
    return hmac.new(secret, message, "sha256").hexdigest()[:32].encode()


def test_messages_of_all_lengths_have_the_digest_that_python_finds() -> None:
    """Of 0 to 300 bytes: blocks that are full, that lack room for the length, and that hold it alone; nothing beyond the digits is written."""
    table, text = hmac_tables(SECRET), Random(1).randbytes(400)
    data, out = read_only(np.frombuffer(text, np.uint8)), np.zeros(48, np.uint8)
    for length in range(301):
        at = length % 7
        assert put_hmac(data, at, length, table, out, 8) == 40
        assert out.tobytes() == bytes(8) + digits(SECRET, text[at : at + length]) + bytes(8)


def test_a_message_may_end_where_its_buffer_does() -> None:
    """No word is read beyond it: the checked build would say so."""
    table, out = hmac_tables(SECRET), np.zeros(32, np.uint8)
    for length in range(70):
        put_hmac(read_only(np.full(length, 7, np.uint8)), 0, length, table, out, 0)
        assert out.tobytes() == digits(SECRET, bytes([7] * length))


def test_digits_may_be_written_over_their_message() -> None:
    """A number's digits are laid out where the digest will stand."""
    out = np.frombuffer(b"1234567890" + bytes(30), np.uint8).copy()
    assert put_hmac(out, 0, 10, hmac_tables(SECRET), out, 0) == 32
    assert out[:32].tobytes() == digits(SECRET, b"1234567890")


def test_keys_of_every_length_are_padded() -> None:
    """A key of a whole block as well as none at all."""
    for length in (0, 1, 32, 63, 64):
        secret, out = bytes(range(length)), np.zeros(32, np.uint8)
        table = hmac_tables(secret)
        assert not table.flags.writeable
        assert table.shape == (layout.H_WORDS,)
        put_hmac(read_only(np.frombuffer(b"abc", np.uint8)), 0, 3, table, out, 0)
        assert out.tobytes() == digits(secret, b"abc")
