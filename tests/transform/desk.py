"""A gate of a simple resource for tests that look at one thing, and records for it."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from node.transform import Made, Write
from node.transform.gate import Gate, open_gate
from node.transform.quarantine import PREFIX
from tests.avro.ruling import NOW_MS
from tests.avro.writer import zigzag
from tests.transform.wire import RESOURCE, Row, opened

ID, NEWER = 1_234_567_890, 77

SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Marriage",
    "key": ["code"],
    "fields": [
        {"name": "code", "type": "string"},
        {"name": "age", "type": "int", "rules": [{"rule": "maximum", "value": 150}, {"rule": "minimum", "value": 22, "severity": "warn"}]},
        {
            "name": "place",
            "type": ["null", "string"],
            "rules": [
                {"rule": "pattern", "pattern": "[A-Z]{2}.*"},
                {"rule": "pattern", "pattern": "..[0-9]*", "severity": "warn", "message": {"zh": "地点", "en": "a place has digits"}},
            ],
        },
    ],
}


def opened_gate(*schemas: dict[str, Any], partitions: int = 1, is_state: bool = False, batch_bytes_max: int = 1 << 20) -> Gate:
    """Return a gate; with two schemas the second is the newer one."""
    texts = dict(zip((ID, NEWER), map(json.dumps, schemas or (SCHEMA,)), strict=False))
    return open_gate(resource=RESOURCE, schemas=texts, partitions=partitions, is_state=is_state, batch_bytes_max=batch_bytes_max)


def value(code: str = "1", age: int = 30, place: str | None = None, *, schema_id: int = ID) -> bytes:
    """Return a framed value."""
    text = code.encode()
    more = b"\0" if place is None else b"\2" + zigzag(len(place.encode())) + place.encode()
    return schema_id.to_bytes(5) + zigzag(len(text)) + text + zigzag(age) + more


def good(number: int, *, at: int = 0, **fields: Any) -> Row:
    """Return a good record, the one of a number; its timestamp is so many milliseconds after now."""
    code = fields.pop("code", f"{number}")
    return Row(NOW_MS + at, code.encode(), value(code, **fields))


def goods(count: int, *, first: int = 0) -> list[Row]:
    """Return good records."""
    return [good(number) for number in range(first, first + count)]


def passed(made: Made) -> list[list[Row]]:
    """Return the records of each batch that goes on."""
    return [opened(write) for write in made.writes if write.topic == RESOURCE]


class Kept(msgspec.Struct):
    """A record in the quarantine: as it came, and what is told of it."""

    row: Row
    told: dict[str, str]


def quarantined(made: Made) -> list[Kept]:
    """Return all records that lie in the quarantine."""
    return [_kept(row) for write in made.writes if write.topic != RESOURCE for row in opened(write)]


def _kept(row: Row) -> Kept:
    own = next(number for number, (name, _value) in enumerate(row.headers) if name == f"{PREFIX}reason")
    told = {name.removeprefix(PREFIX): (content or b"").decode() for name, content in row.headers[own:]}
    return Kept(msgspec.structs.replace(row, headers=row.headers[:own]), told)


def pass_through(gate: Gate, *raws: Write, partition: int = 0) -> Made:
    """Return what a gate makes of batches that come together, all of which it takes."""
    made = gate.judge(partition, raws, NOW_MS)
    assert made.taken == len(raws)
    return made


def flat(batches: Sequence[list[Row]]) -> list[Row]:
    """Return the records of batches in order."""
    return [row for batch in batches for row in batch]
