"""Answers for node/avro/frame.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.avro.frame import frame, frame_header, unframe
from node.errors import DataError


def test_frame_is_a_zero_byte_a_big_endian_id_and_the_payload() -> None:
    """The frame is byte for byte Confluent's."""
    assert frame(258, b"avro") == b"\x00\x00\x00\x01\x02avro"


@given(schema_id=st.integers(0, 2**31 - 1), payload=st.binary())
def test_unframe_undoes_frame(schema_id: int, payload: bytes) -> None:
    """What was framed comes back: the same id, the same bytes."""
    found, rest = unframe(frame(schema_id, payload))
    assert (found, bytes(rest)) == (schema_id, payload)


def test_unframe_does_not_copy() -> None:
    """The payload is a view into the value."""
    value = frame(1, b"avro")
    assert unframe(value)[1].obj is value


@pytest.mark.parametrize("value", [b"", b"\x00\x00\x00\x01", b"\x01\x00\x00\x00\x01x", b"\x00\x80\x00\x00\x00x"])
def test_unframe_refuses_what_is_not_framed(value: bytes) -> None:
    """A short value, another first byte and a negative id are DataErrors."""
    with pytest.raises(DataError):
        unframe(value)


@pytest.mark.parametrize("schema_id", [-1, 2**31])
def test_ids_outside_of_positive_int32_are_refused(schema_id: int) -> None:
    """An id that readers would see as negative is never written."""
    with pytest.raises(ValueError, match="schema id"):
        frame_header(schema_id)
