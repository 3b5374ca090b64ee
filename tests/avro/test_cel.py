"""Answers for node/avro/cel.py. What expressions mean is answered for by the kernel's battery; here stands what is refused."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from node.avro import layout
from node.avro.program import Program, compile_program
from node.avro.schema import parse
from node.avro.values import check_values
from node.errors import SchemaError
from tests.avro.writer import zigzag

MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
KINDS: dict[str, Any] = {
    "whole": "int",
    "real": "double",
    "text": ["null", "string"],
    "flag": "boolean",
    "kind": {"type": "enum", "name": "K", "symbols": ["A", "B"]},
    "other": {"type": "enum", "name": "O", "symbols": ["B", "A"]},
    "day": {"type": "int", "logicalType": "date"},
    "at": MILLIS,
    "local": {"type": "long", "logicalType": "local-timestamp-micros"},
    "clock": {"type": "int", "logicalType": "time-millis"},
    "money": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
    "rate": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 4},
    "raw": "bytes",
    "id": {"type": "string", "logicalType": "uuid"},
    "list": {"type": "array", "items": {"type": "record", "name": "Item", "fields": [{"name": "x", "type": "int"}]}},
    "many": ["int", "string"],
    "holder": {"type": "record", "name": "Holder", "fields": [{"name": "street", "type": "string"}]},
}


def _compile(expression: str, **kinds: Any) -> Program:
    fields = [{"name": name, "type": kind} for name, kind in (kinds or KINDS).items()]
    rules = [{"rule": "cel", "expression": expression}]
    return compile_program(parse({"type": "record", "name": "R", "fields": fields, "rules": rules}))


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("nowhere == 1", "column 1: nowhere is no field"),
        ("holder == null", "column 1: holder is a record that is never null"),
        ("list.x == 1", "column 1: list.x is no field"),
        ("many == 1", "column 1: many stands in an array, a map or a union"),
        ("whole == 1.0", "column 10: whole is int: compare it with a whole number"),
        ('whole == "1"', "column 10: whole is int: compare it with a whole number"),
        ("whole == 9223372036854775808", "column 10: the number has more than 64 bits"),
        ("real > 1", "column 8: real is a double: compare it with a number such as 1.0"),
        ("text == 1", "column 9: here stands a text"),
        ("flag == 1", "column 9: flag is boolean: compare it with true or false"),
        ("flag < true", "column 1: flag is boolean, which has no order"),
        ("flag == true && whole", "column 17: whole is int; here it must be boolean"),
        ('kind == "C"', "column 9: kind is enum: compare it with one of its symbols, such as 'A'"),
        ('kind < "B"', "column 1: kind is enum, which has no order"),
        ("kind == other", "column 1: kind is enum and other is enum: only what is alike"),
        ('day >= "2020-01-01"', "column 8: day is date: compare it with a date such as date"),
        ('day >= date("2020-02-30")', "column 8: date takes a date such as"),
        ('at >= date("2020-01-01")', "column 7: at is timestamp: compare it with a moment"),
        ('at >= timestamp("2020-01-01T00:00:00.0005Z")', "column 7: timestamp takes a moment in whole milliseconds"),
        ("at == local", "column 1: at is timestamp and local is local-timestamp"),
        ('local > timestamp("2020-01-01T00:00:00Z")', "column 9: local is local-timestamp: compare it with null or its like"),
        ("clock < 5", "column 9: clock is time: compare it with null or its like"),
        ("money > 0.001", "column 9: money is decimal of scale 2: compare it with a number of at most 2 digits"),
        ("money > rate", "column 1: money is decimal of scale 2 and rate is decimal of scale 4"),
        ("money > 1e3", "column 9: money is decimal"),
        ("raw == raw", "column 1: raw is bytes, which can only be compared with null"),
        ('id == "x"', "column 1: id is uuid, which can only be compared with null"),
        ("list == list", "column 1: list is array, which can only be compared with null"),
        ("whole < null", "column 9: null is equal or not, never less or greater"),
        ("size(whole) == 1", "column 6: whole is int; here it must be string or bytes or fixed or array or map"),
        ("size(text) == 1.0", "column 15: size\\(\\) is compared with a whole number"),
        ("size(text) == whole", "column 15: size\\(\\) is compared with a whole number"),
        ('whole.startsWith("1")', "column 1: whole is int; here it must be string"),
        ("text.startsWith(1)", "column 17: here stands a text"),
        ("real in [1.0]", "column 1: real is double: `in` is for"),
        ("flag in [true]", "column 1: flag is boolean: `in` is for"),
        ('kind in ["A", "C"]', "column 15: kind is enum: compare it with one of its symbols"),
        ("whole == real", "column 1: whole is int and real is double"),
    ],
)
def test_what_is_unlike_is_not_compared(expression: str, message: str) -> None:
    """The error names the place in the expression, both types, and what could stand there."""
    with pytest.raises(SchemaError, match=f"^schema: rule cel: {message}"):
        _compile(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "whole == 1 && real < -1.5 && money >= 12.50 && money > 7 && flag != false",
        'kind == "A" || kind in ["A", "B"] || day in [date("2020-01-01")] || at in [timestamp("2020-01-01T00:00:00Z")]',
        "size(raw) < 5 || size(list) == 0 || size(text) > 2 || text == null || has(holder.street) || has(text)",
        "local >= local && clock != clock && at == at && day <= day && text < text && money == money && kind == kind",
        "id != null || list != null || raw == null || holder.street != null",
    ],
)
def test_what_is_alike_is_compared(expression: str) -> None:
    """Everything that the subset has, on the types that have it."""
    assert _compile(expression).rules[0].name == "cel"


def test_an_expression_that_takes_too_many_tests_is_refused() -> None:
    """Each row is walked for each record."""
    with pytest.raises(SchemaError, match="it takes more than 500 tests"):
        _compile(" || ".join(["(a && a && a && a && a && a && a && a)"] * 36), a="boolean")


def test_rows_are_put_down_once_for_the_same_ends() -> None:
    """A chain grows with its length, not with its possible outcomes."""
    short, long = (len(_compile(" && ".join(["whole == 1"] * count)).tables.numbers) for count in (10, 40))
    assert long - short <= 30 * 2 * layout.TEST_WIDTH


@pytest.mark.parametrize(("left", "right"), [*product(("t", "f", "e"), repeat=2)])
def test_an_error_is_absorbed_as_cel_has_it(left: str, right: str) -> None:
    """CEL: `false && error` is false and `true || error` true, from either side; else the error stays, and its opposite is an error too."""
    words = {"t": "(a == 1)", "f": "(a == 2)", "e": "(n < 1)"}
    values = {"t": True, "f": False, "e": None}
    one, other = values[left], values[right]
    both = False if False in (one, other) else None if None in (one, other) else True
    either = True if True in (one, other) else None if None in (one, other) else False
    for word, outcome in (("&&", both), ("||", either)):
        for negated, expected in ((False, outcome), (True, None if outcome is None else not outcome)):
            expression = f"{'!' * negated}({words[left]} {word} {words[right]})"
            program = _compile(expression, a="int", n=["null", "int"])
            value = zigzag(1) + zigzag(0)
            found = check_values(program, value, np.array([0, len(value)]), 0).found[0, 0]
            assert (found == layout.OK) == (expected is True), expression
