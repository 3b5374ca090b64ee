"""Answers for node/demo/generate/choosing.py: fields of which a schema says nothing but type and rules."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from node.demo.generate.judging import broken
from node.errors import SchemaError
from tests.demo.generate.schemas import drawn, field

DATE = {"type": "int", "logicalType": "date"}
MONEY = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("string", {"rule": "cn-resident-id"}),
        ("string", {"rule": "cn-uscc"}),
        ("string", {"rule": "cn-phone"}),
        ("string", {"rule": "cn-division", "values": ["445102"]}),
        ("string", {"rule": "cn-division", "digits": [9], "values": ["445102"]}),
        ("string", {"rule": "cn-division", "digits": [12], "values": ["445102"]}),
        ("string", {"rule": "set", "values": ["x", "y"]}),
        ("string", {"rule": "code-list", "name": "codes", "values": ["1", "2"]}),
        ("string", {"rule": "digits", "min": 4, "max": 4}),
        ("string", {"rule": "digits"}),
        ("string", {"rule": "length", "min": 5, "max": 6}),
        ("string", {"rule": "length", "max": 2}),
        ("int", {"rule": "minimum", "value": 5000}),
        ("int", {"rule": "maximum", "value": -5}),
        ("double", {"rule": "minimum", "value": 2.5}),
        (MONEY, {"rule": "minimum", "value": "12.50"}),
        (DATE, {"rule": "date-window", "from": "1980-01-01", "to": "1980-12-31"}),
        (DATE, {"rule": "date-window", "from": "2030-01-01"}),
        (DATE, {"rule": "not-future"}),
    ],
    ids=str,
)
def test_a_rule_alone_makes_values_that_keep_it(tmp_path: Path, kind: Any, rule: dict[str, Any]) -> None:
    """Also where no `generate` property helps."""
    rows = drawn(tmp_path, field("it", kind, ..., rule), count=100)
    assert [row for row in rows if broken([rule], row["it"])] == []


def test_types_without_rules_have_values_of_their_kind(tmp_path: Path) -> None:
    """Each type of Avro; a name that says what a field holds is believed."""
    rows = drawn(
        tmp_path,
        field("flag", "boolean"),
        field("kind", {"type": "enum", "name": "E", "symbols": ["A", "B"]}),
        field("day", DATE),
        field("raw", "bytes"),
        field("key", {"type": "string", "logicalType": "uuid"}),
        field("whole", "long"),
        field("phone", "string"),
        field("name", "string"),
    )
    assert {row["flag"] for row in rows} == {True, False}
    assert {row["kind"] for row in rows} == {"A", "B"}
    assert all(date(2015, 1, 1) <= row["day"] <= date(2024, 12, 31) for row in rows)
    assert all(isinstance(row["key"], UUID) and isinstance(row["raw"], bytes) and type(row["whole"]) is int for row in rows)
    assert all(row["phone"][0] in "01" and 2 <= len(row["name"]) <= 12 for row in rows)


@pytest.mark.parametrize("rule", [{"rule": "pattern", "pattern": "[A-Z]+"}, {"rule": "prefix", "values": ["X"]}])
def test_a_pattern_alone_needs_a_maker(tmp_path: Path, rule: dict[str, Any]) -> None:
    """Nothing here writes texts for a regular expression; the place is told and what to do."""
    with pytest.raises(SchemaError, match=r"^it: .*name a maker, such as text"):
        drawn(tmp_path, field("it", "string", ..., rule))
