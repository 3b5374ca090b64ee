"""Answers for node/avro/kernel_cel.py: what cel-python says of the same values. The battery has random expressions; here are the plain ones."""

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from node.avro import layout
from node.avro.program import compile_program
from node.avro.schema import decode, encode, parse
from node.avro.values import check_values
from tests.avro.ruling import Rulings, cel_value

DAY = {"type": "int", "logicalType": "date"}
MONEY = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
FIELDS: dict[str, Any] = {
    "valid_from": DAY,
    "valid_to": ["null", DAY],
    "paid": MONEY,
    "due": ["null", MONEY],
    "kind": {"type": "enum", "name": "K", "symbols": ["NATURAL", "LEGAL"]},
    "name": "string",
    "code": ["null", "string"],
    "closed": "boolean",
    "holder": ["null", {"type": "record", "name": "H", "fields": [{"name": "age", "type": ["null", "int"]}]}],
    "tags": {"type": "array", "items": "string"},
}
FIRST, LATER = date(2024, 1, 1), date(2024, 6, 1)
DATA: list[dict[str, Any]] = [
    {"valid_to": LATER, "due": Decimal("1.50"), "code": "甲", "holder": {"age": 30}, "tags": ["a", "b"]},
    {"valid_to": None, "due": None, "code": None, "holder": None, "tags": []},
    {"valid_to": FIRST, "due": Decimal("100.00"), "code": "", "holder": {"age": None}, "kind": "LEGAL", "closed": True},
]
PLAIN = {"valid_from": date(2024, 3, 1), "paid": Decimal("1.50"), "kind": "NATURAL", "name": "甲乙", "closed": False, "tags": ["a"]}
EXPRESSIONS = [
    "valid_to == null || valid_to >= valid_from",
    "valid_to >= valid_from",
    "!(valid_to < valid_from)",
    "paid >= due && due > 0.0",
    "paid == due || paid != due",
    'kind != "LEGAL" || has(code)',
    "size(name) == 2 && size(tags) <= 1",
    'name.startsWith("甲") && !closed',
    'code in ["甲", "丙"] || closed',
    "holder.age >= 18",
    "has(holder.age) && holder.age in [30]",
    "holder == null || holder.age == null || holder.age > 18",
    'valid_to == date("2024-06-01") || valid_to in [date("2024-01-01")]',
    "code < name || code == null",
    "closed || !closed",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions_say_what_cel_python_says(expression: str) -> None:
    """Of values with and without nulls, in and around a record that may be null."""
    fields = [{"name": name, "type": kind} for name, kind in FIELDS.items()]
    rules = [{"rule": "cel", "expression": expression}]
    program = compile_program(parse({"type": "record", "name": "R", "fields": fields, "rules": rules}))
    rulings, outcomes = Rulings(), []
    for datum in DATA:
        value = encode(program.schema, PLAIN | datum)
        code = check_values(program, value, np.array([0, len(value)]), 0).found[0, 0]
        activation = {name: cel_value(one) for name, one in decode(program.schema, value).items()}
        assert (code == layout.OK) == rulings.is_true(expression, activation)
        outcomes.append(int(code))
    assert set(outcomes) <= {layout.OK, layout.E_RULE}
