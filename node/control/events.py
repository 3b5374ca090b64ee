"""The event: one Kafka record without key, and the form in which it is written for ever.

`{author, sequence, previous, answers, at, kind, body}` as UTF-8 JSON in that order. `previous` chains an author's events
by SHA-256 of the value before; `answers` names the event of another author without which this one has no meaning.
"""

import hashlib
import json
import re
from datetime import UTC, date, datetime, timedelta, timezone

import msgspec

from node.control.bodies import REASON_MAX, SEQUENCE_MAX, Body, read_body
from node.errors import EventError
from node.model import names
from node.model.limits import CONTROL_EVENT_BYTES_MAX
from node.model.names import Division
from node.model.values import EventRef

DEPTH_MAX = 32
"""Nesting of an event's JSON, a body's known and unknown fields alike: far above need, and far below where any parser's own
stack would decide instead, at a depth of its own on each machine."""
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Legal days are counted here; no summer time since 1991."""

_PREVIOUS = re.compile(r"[0-9a-f]{64}")
_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_KIND = re.compile(r"[a-z](?:[a-z0-9-]{0,62}[a-z0-9])?")
# One pass, whatever it is given: a string without an end reaches to the end of the value instead of being tried again.
# Runs without a backslash are taken whole: a schema is one long string, and most of the bytes of a catalogue.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What one node said. `body` is a value where it was read, the raw JSON where its kind is unknown or it was not read yet."""

    author: Division
    sequence: int
    previous: str | None
    answers: EventRef | None
    at: str
    kind: str
    body: Body | msgspec.Raw

    @property
    def ref(self) -> EventRef:
        """How other events name it."""
        return (self.author, self.sequence)


class _Form(msgspec.Struct, frozen=True):
    author: Division
    sequence: int
    previous: str | None
    answers: EventRef | None
    at: str
    kind: str
    body: msgspec.Raw


class Place(msgspec.Struct, frozen=True):
    """What a value seems to be, at a glance that vouches for nothing else."""

    sequence: int = 0
    previous: str | None = None
    kind: str = ""


def encode(event: Event) -> bytes:
    """Return the event as a record's value; equal events give equal bytes."""
    return msgspec.json.encode(event, order="deterministic")


def digest(value: bytes) -> str:
    """Return the SHA-256 of an event's bytes as lower-case hexadecimal: what the next event's `previous` holds."""
    return hashlib.sha256(value).hexdigest()


def decode(value: bytes) -> Event:
    """Return the event with its body read; an unknown kind keeps its raw body. EventError says what is wrong."""
    return typed(decode_form(value))


def typed(event: Event) -> Event:
    """Return the event with its body read from raw JSON; unchanged if its kind is unknown. EventError says what is wrong."""
    if not isinstance(event.body, msgspec.Raw):
        return event
    body = read_body(event.kind, event.body)
    return event if body is None else msgspec.structs.replace(event, body=body)


def decode_form(value: bytes) -> Event:
    """Return the event with its body left raw, so that a body we cannot read need not break its author's chain.

    EventError when the value is too long or too deep, no JSON of RFC 8259, names a field twice, or a field of the form
    is missing or wrong. Fields that the form does not know are kept out.
    """
    if len(value) > CONTROL_EVENT_BYTES_MAX:
        raise EventError(f"the event has {len(value)} bytes, more than {CONTROL_EVENT_BYTES_MAX}")
    if _too_deep(value):
        raise EventError(f"the event is nested deeper than {DEPTH_MAX}")
    try:
        _JSON.decode(value.decode())
        form = _FORM.decode(value)
        _check(form)
    except (msgspec.DecodeError, ValueError) as error:
        raise EventError(f"event: {error}"[:REASON_MAX]) from error
    return Event(
        author=form.author,
        sequence=form.sequence,
        previous=form.previous,
        answers=form.answers,
        at=form.at,
        kind=form.kind,
        body=form.body,
    )


def place_in(value: bytes) -> Place:
    """Return what a value seems to be, sequence 0 where nothing can be seen."""
    try:
        return _PLACE.decode(value)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return Place()


def sequence_in(value: bytes) -> int:
    """Return the sequence that a value seems to have, 0 where none can be seen."""
    return place_in(value).sequence


def kind_in(value: bytes) -> str:
    """Return the kind that a value seems to be of, empty where none can be seen."""
    return place_in(value).kind


def stamp(at: datetime) -> str:
    """Return a moment as events carry it: RFC 3339, UTC, milliseconds. `at` must know its time zone."""
    assert at.tzinfo is not None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day_of(at: datetime) -> date:
    """Return the legal day of a moment, which is the day in Shanghai. `at` must know its time zone."""
    assert at.tzinfo is not None
    return at.astimezone(SHANGHAI).date()


def _check(form: _Form) -> None:
    names.division(form.author)
    if not 1 <= form.sequence <= SEQUENCE_MAX:
        raise ValueError(f"sequence: {form.sequence} is not within 1 and {SEQUENCE_MAX}")
    if (form.previous is None) is not (form.sequence == 1):
        raise ValueError("previous: the first event has null, every other the SHA-256 of the one before")
    if form.previous is not None and not _PREVIOUS.fullmatch(form.previous):
        raise ValueError("previous: no SHA-256 in 64 hexadecimal digits")
    if form.answers is not None:
        names.division(form.answers[0])
        if not 1 <= form.answers[1] <= SEQUENCE_MAX:
            raise ValueError(f"answers: {form.answers[1]} is not within 1 and {SEQUENCE_MAX}")
    if not _AT.fullmatch(form.at):
        raise ValueError(f"at: {form.at!r} is not of the form 2026-11-22T12:00:00.000Z")
    datetime.fromisoformat(form.at)
    if not _KIND.fullmatch(form.kind):
        raise ValueError(f"kind: {form.kind!r} is no word of a-z, 0-9 and -")


def _too_deep(value: bytes) -> bool:
    if value.count(b"{") + value.count(b"[") <= DEPTH_MAX:
        return False
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", value)):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEPTH_MAX:
            return True
    return False


def _once(pairs: list[tuple[str, object]]) -> None:
    # Readers differ in which of two equal names they take; an event must mean the same to all.
    names_seen: set[str] = set()
    for name, _ in pairs:
        if name in names_seen:
            raise ValueError(f"field {name!r} stands twice")
        names_seen.add(name)


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON number")


_FORM = msgspec.json.Decoder(_Form)
_PLACE = msgspec.json.Decoder(Place)
# Reads for the sake of its objections alone: numbers stay text, or Python's limit on digits would be a rule of the log.
_JSON = json.JSONDecoder(object_pairs_hook=_once, parse_int=str, parse_float=str, parse_constant=_no_number)
