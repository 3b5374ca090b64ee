"""Answers for node/avro/rows.py."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.avro.rows import json_rows, text_cell, text_rows
from node.avro.schema import ParsedSchema, decode, encode, parse
from node.errors import RowError


def _schema(*fields: dict[str, Any]) -> ParsedSchema:
    return parse({"type": "record", "name": "R", "fields": list(fields)})


ADDRESS = {
    "type": "record",
    "name": "Address",
    "fields": [{"name": "street", "type": "string"}, {"name": "no", "type": ["null", "int"], "default": None}],
}
MIXED = _schema(
    {"name": "code", "type": "string"},
    {"name": "until", "type": ["null", {"type": "int", "logicalType": "date"}]},
    {"name": "level", "type": "int", "default": 3},
    {"name": "tags", "type": {"type": "array", "items": "string"}, "default": []},
    {"name": "home", "type": ["null", ADDRESS], "default": None},
    {"name": "more", "type": {"type": "map", "values": "Address"}, "default": {}},
    {"name": "salt", "type": "bytes", "default": "\u00ff"},
    {"name": "any", "type": ["null", "long", "string"], "default": None},
)
DEFAULTS = {"level": 3, "tags": [], "home": None, "more": {}, "salt": b"\xff", "any": None}


def test_a_row_of_text_follows_the_schema() -> None:
    """Cells become typed values; empty is null where null may stand; missing columns take their default."""
    assert text_rows(MIXED)({"code": "445102", "until": ""}) == {"code": "445102", "until": None, **DEFAULTS}
    assert text_rows(MIXED)({"code": "", "until": "2030-12-31", "level": "1"}) == {
        **DEFAULTS,
        "code": "",
        "until": date(2030, 12, 31),
        "level": 1,
    }


def test_nested_values_stand_as_json_in_a_cell() -> None:
    """Arrays, maps and records in a CSV cell are JSON, with JSON's own numbers."""
    row = {"code": "x", "until": "", "tags": '["a"]', "home": '{"street": "城西街道", "no": 4}', "more": '{"k": {"street": "s"}}'}
    datum = text_rows(MIXED)(row)
    assert (datum["tags"], datum["home"], datum["more"]) == (["a"], {"street": "城西街道", "no": 4}, {"k": {"street": "s", "no": None}})


def test_a_json_row_follows_the_schema() -> None:
    """A JSON object gives the same datum as text does."""
    row = {"code": "x", "until": None, "home": {"street": "s"}, "any": 5}
    assert json_rows(MIXED)(row) == {**DEFAULTS, "code": "x", "until": None, "home": {"street": "s", "no": None}, "any": 5}


def test_of_several_types_the_first_that_fits_counts() -> None:
    """In a union the types are tried in the schema's order."""
    assert [text_rows(MIXED)({"code": "x", "until": "", "any": cell})["any"] for cell in ("", "7", "seven")] == [None, 7, "seven"]


def test_defaults_can_be_written() -> None:
    """A datum full of defaults is encoded and comes back as it was."""
    datum = json_rows(MIXED)({"code": "x", "until": None})
    assert decode(MIXED, encode(MIXED, datum)) == datum


def test_a_default_in_numbers_of_days_is_not_a_date() -> None:
    """A default that the schema writes as a number but rows as a date counts as none."""
    schema = _schema({"name": "day", "type": {"type": "int", "logicalType": "date"}, "default": 0})
    with pytest.raises(RowError, match="missing"):
        json_rows(schema)({})


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ({"until": None}, "code", "missing"),
        ({"code": "x", "until": None, "agee": 1}, "agee", "unknown; the schema has code, until"),
        ({"code": "x", "until": "2030"}, "until", "expected a date"),
        ({"code": None, "until": None}, "code", "expected text, got null"),
        ({"code": "x", "until": None, "home": {"street": 5}}, "home.street", "expected text, got a number"),
        ({"code": "x", "until": None, "home": {}}, "home.street", "missing"),
        ({"code": "x", "until": None, "home": []}, "home", "expected an object, got a list of 0"),
        ({"code": "x", "until": None, "tags": ["a", 5]}, "tags[1]", "expected text"),
        ({"code": "x", "until": None, "tags": "a"}, "tags", "expected a list"),
        ({"code": "x", "until": None, "more": {"k": {"street": "s", "no": "1"}}}, "more{}.no", "expected a whole number"),
        ({"code": "x", "until": None, "more": []}, "more", "expected an object"),
        ({"code": "x", "until": None, "any": True}, "any", "expected a value of one of the union's 3 types, got true or false"),
        ([], "", "expected an object, got a list of 0"),
    ],
)
def test_an_error_names_field_and_reason(row: Any, field: str, reason: str) -> None:
    """The path leads to the value inside arrays, maps and records; the reason says what was expected."""
    with pytest.raises(RowError) as caught:
        json_rows(MIXED)(row)
    assert caught.value.field == field
    assert caught.value.reason.startswith(reason)


def test_a_cell_that_is_no_json_is_an_error() -> None:
    """Broken JSON in a cell is a RowError of that column, without the text."""
    with pytest.raises(RowError, match=r"^home: expected the record as JSON, got text of 5 characters$"):
        text_rows(MIXED)({"code": "x", "until": "", "home": "{name"})


@given(
    code=st.text(),
    until=st.none() | st.dates(),
    level=st.integers(-(2**31), 2**31 - 1),
    tags=st.lists(st.text(), max_size=4),
)
def test_whatever_is_converted_is_encoded_as_it_was(code: str, until: date | None, level: int, tags: list[str]) -> None:
    """Every row that conversion accepts survives encoding, decoded value for value."""
    datum = json_rows(MIXED)({"code": code, "until": until.isoformat() if until else None, "level": level, "tags": tags})
    assert decode(MIXED, encode(MIXED, datum)) == datum == {**DEFAULTS, "code": code, "until": until, "level": level, "tags": tags}


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        ("", ""),
        ("=1+1", "=1+1"),
        ("0012", "0012"),
        (True, "true"),
        (-5, "-5"),
        (1e300, "1e+300"),
        (0.1, "0.1"),
        (b"\x00\xff", "AP8="),
        (date(2025, 1, 31), "2025-01-31"),
        ([date(2025, 1, 31), None], '["2025-01-31",null]'),
        ({"a": "甲", "b": [False]}, '{"a":"甲","b":[false]}'),
    ],
)
def test_a_value_becomes_the_cell_that_is_read_as_it(value: Any, cell: str) -> None:
    """Nested values are JSON in their cell; nothing and an empty text are the same cell."""
    assert text_cell(value) == cell
