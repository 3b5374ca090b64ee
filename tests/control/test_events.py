"""Answers for node/control/events.py."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.control.events import _STRING, DEPTH_MAX, Event, day_of, decode, decode_form, digest, encode, sequence_in, stamp, typed
from node.errors import EventError
from node.model.limits import CONTROL_EVENT_BYTES_MAX
from node.model.names import Department, Division
from node.model.values import DepartmentValue

EVENT = Event(
    author=Division("445102"),
    sequence=2,
    previous="0" * 64,
    answers=(Division("445100"), 3),
    at="2026-11-22T12:00:00.000Z",
    kind="department",
    body=DepartmentValue(department=Department("445102.civil-affairs"), name="民政局"),
)
BYTES = (
    '{"author":"445102","sequence":2,"previous":"' + "0" * 64 + '","answers":["445100",3],"at":"2026-11-22T12:00:00.000Z",'
    '"kind":"department","body":{"department":"445102.civil-affairs","name":"民政局"}}'
).encode()


def changed(**fields: Any) -> bytes:
    """The event with some fields of its form replaced."""
    return json.dumps(json.loads(BYTES) | fields).encode()


def test_the_form_is_fixed_for_ever() -> None:
    """The fields stand in their order, in compact UTF-8 JSON, and come back equal."""
    assert encode(EVENT) == BYTES
    assert decode(BYTES) == EVENT
    assert EVENT.ref == ("445102", 2)


def test_the_first_event_has_null_for_both() -> None:
    """`previous` and `answers` are written as null, not left out."""
    first = msgspec.structs.replace(EVENT, sequence=1, previous=None, answers=None)
    assert b'"previous":null,"answers":null' in encode(first)
    assert decode(encode(first)) == first


def test_digest_is_of_the_bytes() -> None:
    """`previous` of the next event is the SHA-256 of this one's bytes, in lower-case hexadecimal."""
    assert digest(BYTES) == hashlib.sha256(BYTES).hexdigest()


def test_an_unknown_kind_keeps_its_raw_body() -> None:
    """A newer node's event is read but for its body, and can be written again byte for byte."""
    value = BYTES.replace(b'"department","body":{', b'"objection","body":{"x": [1e400, "\\u00e9"], ')
    event = decode(value)
    assert isinstance(event.body, msgspec.Raw)
    assert bytes(event.body).startswith(b'{"x": [1e400')
    assert encode(event) == value


def test_spelling_order_and_new_fields_of_the_form_do_not_matter() -> None:
    """What another writer would spell otherwise, or a newer form adds, is no error."""
    other = json.dumps(dict(reversed(json.loads(BYTES).items())) | {"hint": 1}, indent=2).encode()
    assert decode(other) == EVENT


def test_a_body_can_be_left_unread() -> None:
    """The form alone is read where the body is wrong, so that a chain may go on past it."""
    value = changed(body={"department": 5})
    event = decode_form(value)
    assert event.ref == EVENT.ref
    with pytest.raises(EventError, match="department"):
        typed(event)
    with pytest.raises(EventError, match="department"):
        decode(value)
    assert typed(EVENT) is EVENT


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "event"),
        (b"\xff", "utf-8"),
        (b"{", "event"),
        (b"[]", "object"),
        (BYTES.replace("民".encode(), b"\\ud800"), "escape"),
        (BYTES + b" x", "Extra data"),
        (BYTES.replace(b"2,", b"NaN,", 1), "NaN"),
        (BYTES.replace(b'"kind"', b'"at":"x","kind"'), "'at' stands twice"),
        (BYTES.replace(b'"name"', b'"name":"x","name"'), "'name' stands twice"),
        (BYTES.replace(b'"answers":["445100",3],', b""), "answers"),
        (changed(author="44510"), "division code"),
        (changed(author=445102), "author"),
        (changed(sequence=0), "sequence"),
        (changed(sequence=2**53), "sequence"),
        (changed(sequence=True), "sequence"),
        (changed(sequence="2"), "sequence"),
        (changed(sequence=1), "previous"),
        (changed(previous=None), "previous"),
        (changed(previous="F" * 64), "previous"),
        (changed(previous="0" * 63), "previous"),
        (changed(answers=["445100"]), "answers"),
        (changed(answers=["445100", 0]), "answers"),
        (changed(answers=["x", 1]), "division code"),
        (changed(at="2026-11-22T12:00:00Z"), "at"),
        (changed(at="2026-11-22T12:00:00.000+08:00"), "at"),
        (changed(at="2026-13-22T12:00:00.000Z"), "month"),
        (changed(kind="Grant"), "kind"),
        (changed(kind="a" * 65), "kind"),
        (changed(body={"x": "y" * CONTROL_EVENT_BYTES_MAX}), "more than"),
        (b'{"a":' * 100_000, "nested"),
        (changed(kind="x", body=json.loads("[" * (DEPTH_MAX) + "]" * (DEPTH_MAX))), "nested"),
    ],
)
def test_what_is_wrong_is_said(value: bytes, reason: str) -> None:
    """Bytes that are no event are an EventError which says why, briefly."""
    with pytest.raises(EventError, match=reason) as error:
        decode(value)
    assert len(str(error.value)) <= 300


def test_nesting_counts_brackets_outside_of_strings_only() -> None:
    """A schema's text is full of brackets, escaped quotes among them, and is no nesting."""
    body = {"x": '[{"\\' * 200, "y": [[]] * 100}
    assert decode(changed(kind="x", body=body)).kind == "x"
    deepest = json.loads("[" * (DEPTH_MAX - 1) + "]" * (DEPTH_MAX - 1))
    assert decode(changed(kind="x", body=deepest)).kind == "x"


@given(st.text(alphabet='"\\\\[]{}a\n', max_size=200))
def test_strings_are_told_from_nesting_as_byte_after_byte_tells_them(text: str) -> None:
    """Against a reader that knows no more than this: a backslash takes its next byte with it, a quote ends a string, or the value does."""
    left, inside, escaped = bytearray(), False, False
    for byte in text.encode():
        if inside:
            escaped, inside = (not escaped and byte == ord("\\")), escaped or byte != ord('"')
        elif byte == ord('"'):
            inside = True
        else:
            left.append(byte)
    assert _STRING.sub(b"", text.encode()) == left


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (BYTES, 2),
        (b"", 0),
        (b"[]", 0),
        (b"{}", 0),
        (b'{"sequence":"2"}', 0),
        (b'{"sequence":2', 0),
        (b'{"x":' + b"[" * 500_000, 0),
        (b"\xff", 0),
    ],
)
def test_a_glance_sees_a_sequence_or_none(value: bytes, seen: int) -> None:
    """It never raises, whatever it is shown."""
    assert sequence_in(value) == seen


@given(st.binary() | st.builds(lambda cut, byte: BYTES[:cut] + byte + BYTES[cut + 1 :], st.integers(0, len(BYTES)), st.binary(max_size=2)))
def test_any_bytes_are_an_event_or_an_event_error(value: bytes) -> None:
    """Nothing else is ever raised, and what is accepted is written and read again as the same event."""
    try:
        event = decode(value)
    except EventError:
        return
    assert decode(encode(event)) == event


@pytest.mark.parametrize("value", [b'"' + b'\\"' * 500_000, b"[" * 40 + b'"' + b"\\" * 1_000_000, b'{"a":1,' * 1 + b'"b":1,' * 150_000])
def test_hostile_bytes_cost_no_more_than_their_length(value: bytes) -> None:
    """Values made to send a reader back over them again and again are refused in linear time (the test's own time-out)."""
    with pytest.raises(EventError):
        decode(value)


def test_a_stamp_is_utc_in_milliseconds() -> None:
    """Any zone is written as UTC, cut to milliseconds."""
    at = datetime(2026, 11, 22, 20, 0, 0, 1999, tzinfo=timezone(timedelta(hours=8)))
    assert stamp(at) == "2026-11-22T12:00:00.001Z"
    assert stamp(datetime(2026, 11, 22, 12, tzinfo=UTC)) == EVENT.at


def test_a_legal_day_is_shanghais() -> None:
    """The day turns at midnight in Shanghai, 16:00 UTC."""
    assert day_of(datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC)) == date(2026, 11, 22)
    assert day_of(datetime(2026, 11, 22, 16, 0, 0, tzinfo=UTC)) == date(2026, 11, 23)
