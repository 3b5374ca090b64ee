"""Answers for node/avro/encoder.py."""

import struct
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.avro.encoder import MISFITS, encoder, varint
from node.avro.schema import parse


def _logical(kind: str, logical: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "logicalType": logical, **more}


ENUM = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
POINT = {"type": "record", "name": "Point", "fields": [{"name": "x", "type": "int"}, {"name": "y", "type": ["null", "Kind"]}]}
KIND = {"type": "enum", "name": "Kind", "symbols": ["NEAR", "FAR"]}
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001

TYPES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    ("null", st.none()),
    ("boolean", st.booleans()),
    ("int", st.integers(-(2**31), 2**31 - 1)),
    ("long", st.integers(-(2**63), 2**63 - 1)),
    ("float", st.floats(width=32)),
    ("double", st.floats()),
    ("bytes", st.binary(max_size=200)),
    ("string", st.text(max_size=200)),
    (ENUM, st.sampled_from(["A", "B"])),
    ({"type": "fixed", "name": "F", "size": 3}, st.binary(min_size=3, max_size=3)),
    (_logical("int", "date"), st.dates()),
    (_logical("int", "time-millis"), st.times().map(lambda clock: clock.replace(microsecond=clock.microsecond // 1000 * 1000))),
    (_logical("long", "time-micros"), st.times()),
    (_logical("long", "timestamp-millis"), MOMENTS.map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=UTC))),
    (_logical("long", "timestamp-micros"), MOMENTS.map(lambda at: at.replace(tzinfo=UTC))),
    (_logical("long", "local-timestamp-micros"), MOMENTS),
    (_logical("bytes", "decimal", precision=20, scale=4), st.decimals(-(10**15), 10**15, places=4)),
    (_logical("fixed", "decimal", name="D", size=8, precision=18, scale=2), st.decimals(-(10**15), 10**15, places=2)),
    (_logical("string", "uuid"), st.uuids()),
    ({"type": "array", "items": ["null", "long"]}, st.lists(st.none() | st.integers(-(2**63), 2**63 - 1))),
    ({"type": "map", "values": "string"}, st.dictionaries(st.text(max_size=9), st.text(max_size=9))),
    (["string", "null"], st.none() | st.text()),
    (["null", "long", "string", ENUM, "bytes"], st.none() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.binary()),
    (
        {"type": "array", "items": {**POINT, "fields": [{"name": "x", "type": "int"}, {"name": "y", "type": ["null", KIND]}]}},
        st.just([{"x": -5, "y": "FAR"}]),
    ),
]


@pytest.mark.parametrize(("kind", "values"), TYPES, ids=str)
@given(data=st.data())
def test_what_is_written_is_what_fastavro_writes(kind: Any, values: st.SearchStrategy[Any], data: st.DataObject) -> None:
    """For every type and value the bytes are those of an independent encoder, and decode to the value."""
    schema = parse({"type": "record", "name": "R", "fields": [{"name": "a", "type": kind}, {"name": "b", "type": "int"}]})
    datum = {"a": data.draw(values), "b": 7}
    written, expected = encoder(schema.avro, schema.named)(datum), BytesIO()
    fastavro.schemaless_writer(expected, schema.avro, datum)
    assert written == expected.getvalue()


@given(st.integers(0, 2**64 - 1))
def test_a_varint_has_seven_bits_a_byte_lowest_first(value: int) -> None:
    """Groups of seven bits, all but the last marked, give the number back."""
    groups = varint(value)
    assert sum((group & 0x7F) << 7 * place for place, group in enumerate(groups)) == value
    assert [group >> 7 for group in groups] == [1] * (len(groups) - 1) + [0]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("null", 0),
        ("boolean", 1),
        ("int", 2**31),
        ("int", True),
        ("int", "1"),
        ("long", -(2**63) - 1),
        ("float", 1e300),
        ("double", "1.5"),
        ("bytes", "text"),
        ("string", b"bytes"),
        ("string", "\ud800"),
        (ENUM, "C"),
        ({"type": "fixed", "name": "F", "size": 3}, b"ab"),
        (_logical("int", "date"), datetime(2025, 1, 31, tzinfo=UTC)),
        (_logical("int", "date"), 20119),
        (_logical("int", "time-millis"), 5),
        (_logical("long", "timestamp-millis"), datetime(2025, 1, 31)),  # noqa: DTZ001
        (_logical("long", "local-timestamp-millis"), datetime(2025, 1, 31, tzinfo=UTC)),
        (_logical("bytes", "decimal", precision=4, scale=2), Decimal("100.00")),
        (_logical("bytes", "decimal", precision=4, scale=2), Decimal("0.001")),
        (_logical("bytes", "decimal", precision=4, scale=2), Decimal("NaN")),
        (_logical("bytes", "decimal", precision=4, scale=2), 1.5),
        (_logical("string", "uuid"), "123e4567-e89b-12d3-a456-426614174000"),
        ({"type": "array", "items": "int"}, ("1",)),
        ({"type": "array", "items": "int"}, [None]),
        ({"type": "map", "values": "int"}, []),
        (["null", "int"], "1"),
        (["null", "int", "bytes"], "1"),
        ({"type": "record", "name": "In", "fields": [{"name": "x", "type": "int"}]}, {}),
    ],
)
def test_a_value_that_does_not_fit_is_a_misfit(kind: Any, value: Any) -> None:
    """Nothing is written for a value outside of its type, not even where Python would see it as equal to one inside."""
    schema = parse({"type": "record", "name": "R", "fields": [{"name": "a", "type": kind}]})
    with pytest.raises(MISFITS):
        schema.write({"a": value})


def test_numbers_that_java_wrote() -> None:
    """The examples of the Avro specification are written as they stand there."""
    schema = parse({"type": "record", "name": "test", "fields": [{"name": "a", "type": "long"}, {"name": "b", "type": "string"}]})
    assert schema.write({"a": 27, "b": "foo"}) == bytes.fromhex("3606666f6f")
    numbers = {0: "00", -1: "01", 1: "02", -2: "03", 2: "04", -64: "7f", 64: "8001"}
    assert {number: schema.write({"a": number, "b": ""})[:-1].hex() for number in numbers} == numbers
    double = parse({"type": "record", "name": "D", "fields": [{"name": "a", "type": "double"}]})
    assert double.write({"a": 1.5}) == struct.pack("<d", 1.5)
