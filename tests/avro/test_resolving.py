"""Answers for node/avro/resolving.py."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.avro.resolving import resolver
from node.avro.schema import ParsedSchema, encode, parse
from node.errors import DataError


def schema(*fields: dict[str, Any]) -> ParsedSchema:
    """A record of some fields."""
    return parse({"type": "record", "name": "R", "namespace": "cn.gov", "fields": list(fields)})


CODE = {"name": "code", "type": "string"}
PART = {
    "type": "record",
    "name": "Part",
    "fields": [{"name": "raw", "type": "bytes", "default": "\u00ff"}, {"name": "n", "type": "long", "default": 7}],
}
OLD = schema(CODE, {"name": "gone", "type": ["null", "int"], "default": None})
DEFAULTS: list[tuple[Any, Any, Any]] = [
    ("bytes", "\u0001\u00ff", b"\x01\xff"),
    ({"type": "fixed", "name": "F", "size": 2}, "ab", b"ab"),
    ({"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}, "\u0001", Decimal("0.01")),
    ({"type": "int", "logicalType": "date"}, 20_000, date(2024, 10, 4)),
    ({"type": "long", "logicalType": "timestamp-millis"}, 1000, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
    ("double", 1, 1.0),
    (["null", "string"], None, None),
    (["string", "null"], "x", "x"),
    (["null", "boolean", "long"], True, True),
    ({"type": "array", "items": "bytes"}, ["\u00ff"], [b"\xff"]),
    ({"type": "map", "values": {"type": "int", "logicalType": "date"}}, {"k": 0}, {"k": date(1970, 1, 1)}),
    (PART, {"n": 8}, {"raw": b"\xff", "n": 8}),
    ({"type": "enum", "name": "E", "symbols": ["A", "B"]}, "B", "B"),
]


@pytest.mark.parametrize(("kind", "default", "expected"), DEFAULTS)
def test_a_field_that_was_not_there_has_its_default(kind: Any, default: Any, expected: Any) -> None:
    """As a datum, not as JSON has it: what comes out can be written in the newer schema."""
    new = schema(CODE, {"name": "more", "type": kind, "default": default})
    datum = resolver(OLD, new)(encode(OLD, {"code": "1", "gone": 3}))
    assert datum == {"code": "1", "more": expected}
    assert resolver(new, new)(encode(new, datum)) == datum


def test_defaults_reach_into_types_that_are_named_again() -> None:
    """A record that is defined in one field and named in another has its defaults in both."""
    bare = {"type": "record", "name": "Part", "fields": [{"name": "n", "type": "long", "default": 7}]}
    old = schema({"name": "a", "type": bare}, {"name": "b", "type": {"type": "array", "items": "Part"}})
    new = schema({"name": "a", "type": PART}, {"name": "b", "type": {"type": "array", "items": "Part"}})
    payload = encode(old, {"a": {"n": 1}, "b": [{"n": 2}]})
    assert resolver(old, new)(payload) == {"a": {"n": 1, "raw": b"\xff"}, "b": [{"n": 2, "raw": b"\xff"}]}


@given(st.text(), st.none() | st.integers(-(2**31), 2**31 - 1))
def test_both_versions_read_each_other(code: str, number: int | None) -> None:
    """What both have is the same, whichever is the older."""
    new = schema(CODE, {"name": "more", "type": "bytes", "default": ""})
    assert resolver(OLD, new)(encode(OLD, {"code": code, "gone": number})) == {"code": code, "more": b""}
    assert resolver(new, OLD)(encode(new, {"code": code, "more": b"x"})) == {"code": code, "gone": None}


def test_bytes_that_are_no_record_are_told() -> None:
    """Cut short or with something behind, of the same version as of another; and what no rule of Avro resolves."""
    new = schema(CODE, {"name": "more", "type": "bytes", "default": ""})
    payload = encode(OLD, {"code": "1", "gone": 3})
    for wanted in (OLD, new):
        for broken in (payload[:-1], payload + b"\x00"):
            with pytest.raises(DataError):
                resolver(OLD, wanted)(broken)
    for strange in (schema({"name": "code", "type": "long"}), schema(CODE, {"name": "needed", "type": "int"})):
        with pytest.raises(DataError, match="of another version"):
            resolver(OLD, strange)(payload)
