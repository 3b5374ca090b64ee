"""A generated record, and the road from a schema's name to a stream of them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec

from node.avro import encode, frame
from node.avro.schema import KEY_SEPARATOR
from node.demo.generate.dice import Dice
from node.demo.generate.lives import lives, tell
from node.demo.generate.malformed import malforming
from node.demo.generate.source import Source, load
from node.demo.generate.wrong import breaking
from node.errors import ConfigError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Made(msgspec.Struct, frozen=True):
    """A generated record: valid, or wrong in one known way."""

    datum: dict[str, Any]
    """as fastavro and `node.avro.encode` take it; of a malformed record, what it was before"""
    key: str | None
    """text of the record's key; None where its schema has none"""
    timestamp_ms: int
    wrong: tuple[str, str] | None = None
    """path of the field (empty: the record as a whole) and name of the rule that is broken, or the word for what is wrong with the bytes"""
    value: bytes | None = None
    """of a malformed record, its value in Confluent's frame; None where `datum` says all"""


def framed(made: Made, source: Source) -> bytes:
    """Return the value of a record as it goes into Kafka: Avro in Confluent's frame, damaged where it is malformed."""
    return frame(source.schema_id, encode(source.schema, made.datum)) if made.value is None else made.value


def records(resource: str | Path, *, count: int, seed: int, wrong: float = 0.0, malformed: float = 0.0) -> Iterator[Made]:
    """Yield `count` records of a resource in the order of their timestamps: the same for the same seed, on every machine.

    `resource` is the path of a catalogue item (.yaml) or schema (.avsc), or the name of a shipped folder. Of the records a share `wrong`
    breaks one rule of the schema, and a share `malformed` of the others is damaged as bytes. ConfigError when there is no such resource or
    a share is impossible, SchemaError when the schema cannot be used or a field cannot be made up.
    """
    return stream(load(resource), count=count, seed=seed, wrong=wrong, malformed=malformed)


def stream(source: Source, *, count: int, seed: int, wrong: float = 0.0, malformed: float = 0.0) -> Iterator[Made]:
    """Yield records of a source that was loaded before; see `records`."""
    if count < 0 or not (0 <= wrong <= 1 and 0 <= malformed <= 1):
        raise ConfigError([f"{source.name}: count must be at least 0, wrong and malformed shares from 0 to 1"])
    how = lives(source)
    spoil = breaking(source) if wrong else None
    damage = malforming(source) if malformed else None
    start = seed ^ crc32(source.schema.name.encode())
    # What is wrong has dice of its own: the records that stay right are the same with every share.
    faulty = Dice(start + 1)
    return _made(source.schema.key, tell(how, Dice(start), count), faulty, (wrong, spoil), (malformed, damage))


def _made(key: tuple[str, ...], told: Iterator[tuple[datetime, dict[str, Any]]], dice: Dice, *faults: tuple[float, Any]) -> Iterator[Made]:
    (wrong, spoil), (malformed, damage) = faults
    name = key[0] if len(key) == 1 else None
    for at, datum in told:
        text = str(datum[name]) if name else KEY_SEPARATOR.join([str(datum[part]) for part in key]) if key else None
        timestamp_ms = (at - _EPOCH) // _MILLISECOND
        if spoil and dice.roll() < wrong:
            spoilt, why = spoil(dice, datum)
            key_text = KEY_SEPARATOR.join([str(spoilt[part]) for part in key]) if key else None
            yield Made(spoilt, key_text, timestamp_ms, why)
        elif damage and dice.roll() < malformed:
            value, why = damage(dice, datum)
            yield Made(datum, text, timestamp_ms, why, value)
        else:
            yield Made(datum, text, timestamp_ms)
