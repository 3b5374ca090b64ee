"""Answers for node/avro/schema.py."""

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from node.avro.check import NESTING_MAX
from node.avro.rows import json_rows
from node.avro.schema import decode, encode, key_of, parse, readable
from node.errors import DataError, RowError, SchemaError

PLACE = parse(
    {
        "type": "record",
        "name": "Place",
        "namespace": "cn.gov",
        "key": ["code", "year"],
        "fields": [
            {"name": "code", "type": "string"},
            {"name": "year", "type": "int"},
            {"name": "remark", "type": ["null", "string"], "default": None},
        ],
    }
)
DATUM = {"code": "445102", "year": 2023, "remark": None}

WIDE = parse(
    {
        "type": "record",
        "name": "Wide",
        "fields": [
            {"name": "day", "type": {"type": "int", "logicalType": "date"}},
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
            {"name": "clock", "type": {"type": "int", "logicalType": "time-millis"}},
            {"name": "local", "type": {"type": "long", "logicalType": "local-timestamp-millis"}},
            {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}},
            {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
            {"name": "raw", "type": "bytes"},
            {"name": "tags", "type": {"type": "array", "items": "string"}},
            {"name": "extra", "type": {"type": "map", "values": ["null", "double"]}},
            {"name": "flag", "type": "boolean"},
        ],
    }
)
WIDE_DATUM = {
    "day": date(2025, 1, 31),
    "at": datetime(2025, 1, 31, 8, 30, 0, 125, tzinfo=UTC),
    "clock": time(8, 30, 0, 125000),
    "local": datetime(2025, 1, 31, 8, 30),  # noqa: DTZ001  # local timestamps have no zone
    "amount": Decimal("-1234567.50"),
    "id": UUID("123e4567-e89b-12d3-a456-426614174000"),
    "raw": b"\x00\xff",
    "tags": ["甲", "乙"],
    "extra": {"x": 0.5, "y": None},
    "flag": True,
}


def test_parse_gives_the_full_name_and_the_key() -> None:
    """A schema knows its name with namespace and the fields of its key in order."""
    assert (PLACE.name, PLACE.key) == ("cn.gov.Place", ("code", "year"))
    assert [field["name"] for field in PLACE.fields] == ["code", "year", "remark"]


def test_parse_refuses_a_faulty_schema() -> None:
    """A fault is a SchemaError with its place."""
    with pytest.raises(SchemaError, match=r"^a: unknown type"):
        parse({"type": "record", "name": "R", "fields": [{"name": "a", "type": "strnig"}]})


def test_parse_refuses_nesting_without_end() -> None:
    """A schema nested more deeply than we can walk is a SchemaError, not the end of the process."""
    nested: Any = "int"
    for _ in range(100_000):
        nested = {"type": "array", "items": nested}
    with pytest.raises(SchemaError, match="nested too deeply"):
        parse({"type": "record", "name": "R", "fields": [{"name": "a", "type": nested}]})


def _chain(levels: int, width: int) -> dict[str, Any]:
    """Return a schema of types of which each holds the one before several times: as large as width to the power of levels."""
    types: list[dict[str, Any]] = [{"type": "record", "name": "T0", "fields": []}]
    for level in range(1, levels):
        inner = [{"name": f"x{index}", "type": f"T{level - 1}"} for index in range(width)]
        types.append({"type": "record", "name": f"T{level}", "fields": inner})
    return {"type": "record", "name": "R", "fields": [{"name": f"t{level}", "type": one} for level, one in enumerate(types)]}


def test_parse_refuses_types_that_multiply() -> None:
    """A schema of a few lines may unfold to more than any memory holds, even if no value of it has a byte."""
    with pytest.raises(SchemaError, match=r"^T8: it unfolds to 9841 places, 9 deep; at most 8000"):
        parse(_chain(40, 3))


def test_parse_refuses_types_that_lie_too_deep() -> None:
    """Names make a schema deep without nesting its text."""
    assert parse(_chain(NESTING_MAX - 1, 1)).name == "R"
    with pytest.raises(SchemaError, match=rf"{NESTING_MAX + 1} deep"):
        parse(_chain(NESTING_MAX + 1, 1))


@pytest.mark.parametrize(("schema", "datum"), [(PLACE, DATUM), (WIDE, WIDE_DATUM)])
def test_decode_undoes_encode(schema: Any, datum: dict[str, Any]) -> None:
    """What was encoded comes back, from bytes and from a view of them."""
    payload = encode(schema, datum)
    assert decode(schema, payload) == datum
    assert decode(schema, memoryview(payload)) == datum


def test_every_cut_of_a_record_is_a_data_error() -> None:
    """Bytes that are cut short or go on are refused with a DataError and nothing else."""
    payload = encode(WIDE, WIDE_DATUM)
    for length in range(len(payload)):
        with pytest.raises(DataError):
            decode(WIDE, payload[:length])
    with pytest.raises(DataError, match="1 bytes follow"):
        decode(WIDE, payload + b"\x00")


def test_a_damaged_record_is_a_data_error_or_another_record() -> None:
    """A changed byte never raises anything but DataError."""
    payload = encode(WIDE, WIDE_DATUM)
    for place in range(len(payload)):
        for value in (0x00, 0x7F, 0x80, 0xFF):
            try:
                decode(WIDE, payload[:place] + bytes((value,)) + payload[place + 1 :])
            except DataError:
                continue


def test_a_datum_that_does_not_fit_is_a_row_error_without_its_values() -> None:
    """The error of a datum that does not fit never repeats a value."""
    with pytest.raises(RowError) as caught:
        encode(PLACE, {"code": "secret", "year": "secret"})
    assert "secret" not in str(caught.value)


def test_the_key_is_the_text_of_its_fields() -> None:
    """Several key fields are joined by U+001F in the schema's order; without key fields there is no key."""
    assert key_of(PLACE, DATUM) == b"445102\x1f2023"
    assert key_of(WIDE, WIDE_DATUM) is None


@pytest.mark.parametrize("code", ["", "a\x1fb"])
def test_keys_that_two_subjects_could_share_are_refused(code: str) -> None:
    """An empty key field and one that holds the separator are RowErrors of that field."""
    with pytest.raises(RowError) as caught:
        key_of(PLACE, {"code": code, "year": 1})
    assert caught.value.field == "code"


def test_readable_is_json_and_reads_in_again() -> None:
    """A decoded record becomes JSON, and that JSON is a row that makes the same record."""
    text = json.dumps(readable(WIDE_DATUM))
    assert json.loads(text)["at"] == "2025-01-31T08:30:00.000125+00:00"
    assert json_rows(WIDE)(json.loads(text)) == WIDE_DATUM


def test_readable_spells_floats_that_json_lacks() -> None:
    """Infinite numbers and NaN become text, for JSON has no such numbers."""
    assert readable({"a": float("inf"), "b": float("nan"), "c": 1.5}) == {"a": "inf", "b": "nan", "c": 1.5}
