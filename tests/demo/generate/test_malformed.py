"""Answers for node/demo/generate/malformed.py: each kind of damage at the place that is said."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from node.avro import decode, encode, unframe
from node.demo.generate.dice import Dice
from node.demo.generate.malformed import malforming
from node.errors import DataError
from tests.demo.generate.schemas import field, source

DATUM = {"flag": True, "kind": "B", "text": "潮州", "maybe": "x" * 70, "none": None, "number": 300, "day": date(2025, 1, 1)}
FIELDS = (
    field("flag", "boolean"),
    field("kind", ["null", {"type": "enum", "name": "E", "symbols": ["A", "B"]}]),
    field("text", "string"),
    field("maybe", ["null", "string"]),
    field("none", ["null", "string"]),
    field("number", "long"),
    field("day", {"type": "int", "logicalType": "date"}),
)


def test_the_damage_is_where_it_is_said_to_be(tmp_path: Path) -> None:
    """Bytes before the field are untouched, and the field's own are damaged in the way of the word."""
    here = source(tmp_path, *FIELDS)
    damage, whole, seen = malforming(here), encode(here.schema, DATUM), Counter[tuple[str, str]]()
    starts = {"flag": 0, "kind": 1, "text": 3, "maybe": 10, "none": 83, "number": 84, "day": 86}
    for seed in range(600):
        value, (path, word) = damage(Dice(seed), DATUM)
        seen[path, word] += 1
        if path:
            start = 5 + starts[path]
            assert value[5:start] == whole[: starts[path]]
        match word:
            case "truncated":
                assert len(value) == start
            case "length-prefix":
                assert len(value) < 5 + len(whole)
            case "utf8":
                with pytest.raises(UnicodeDecodeError):
                    value[start : start + 7 if path == "text" else start + 73].rstrip(b"\x00").decode()
            case "boolean":
                assert value[start] == 2
            case "enum":
                assert value[start : start + 2] == b"\x02\x04"
            case "varint":
                assert value[start : start + 10] == b"\xff" * 10
            case "trailing":
                assert value[5:].startswith(whole)
                assert len(value) > 5 + len(whole)
            case "schema-id":
                assert unframe(value)[0] != here.schema_id
                assert value[5:] == whole
            case "frame":
                assert value[0] != 0
    words = {word for _, word in seen}
    assert words == {"truncated", "length-prefix", "varint", "utf8", "boolean", "enum", "trailing", "schema-id", "frame"}
    assert {path for path, word in seen if word == "utf8"} == {"text", "maybe"}
    assert {path for path, word in seen if word == "truncated"} == starts.keys()


def test_no_damaged_value_is_a_record_of_its_schema(tmp_path: Path) -> None:
    """What claims the right schema cannot be decoded, or encodes to other bytes."""
    here = source(tmp_path, *FIELDS)
    damage = malforming(here)
    for seed in range(300):
        value, (_, word) = damage(Dice(seed), DATUM)
        if word in {"schema-id", "frame"}:
            continue
        try:
            datum = decode(here.schema, unframe(value)[1])
        except DataError:
            continue
        assert encode(here.schema, datum) != value[5:]


def test_a_record_without_such_fields_gets_bytes_too_many(tmp_path: Path) -> None:
    """What a schema has no field for is replaced by what every schema can have."""
    here = source(tmp_path, field("list", {"type": "array", "items": "int"}))
    words = {malforming(here)(Dice(seed), {"list": [1]})[1] for seed in range(100)}
    assert words == {("", "trailing"), ("", "schema-id"), ("", "frame")}
