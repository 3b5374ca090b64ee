"""Answers for node/avro/kernel_rules.py: one value on each side of every rule. Identifiers are answered for with `kernel_codes`."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from node.avro import layout
from node.avro.program import compile_program
from node.avro.schema import encode, parse
from node.avro.values import check_values
from tests.avro.ruling import NOW_MS

NOW = datetime.fromtimestamp(NOW_MS / 1000, UTC)
DAY = {"type": "int", "logicalType": "date"}
MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
LOCAL = {"type": "long", "logicalType": "local-timestamp-micros"}
MONEY = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
INTS = {"type": "array", "items": "int"}

CASES: list[tuple[Any, dict[str, Any], list[Any], list[Any]]] = [
    ("int", {"rule": "minimum", "value": -5}, [-5, 0], [-6]),
    ("long", {"rule": "maximum", "value": 2**62}, [2**62], [2**62 + 1]),
    ("double", {"rule": "minimum", "value": 0.5}, [0.5, float("inf")], [0.25, float("nan"), float("-inf")]),
    ("float", {"rule": "maximum", "value": 1}, [1.0, -5.0], [1.5, float("nan")]),
    (MONEY, {"rule": "minimum", "value": "-12.50"}, [Decimal("-12.50"), Decimal(0)], [Decimal("-12.51")]),
    (MONEY, {"rule": "maximum", "value": 100}, [Decimal(100), Decimal("-1000000.00")], [Decimal("100.01")]),
    ("string", {"rule": "length", "min": 1, "max": 2}, ["甲", "😀b"], ["", "甲乙丙"]),
    ("bytes", {"rule": "length", "max": 2}, [b"", b"\xff\xff"], [b"abc"]),
    (INTS, {"rule": "length", "min": 1}, [[1], [1, 2]], [[]]),
    ({"type": "map", "values": "int"}, {"rule": "length", "max": 1}, [{}, {"a": 1}], [{"a": 1, "b": 2}]),
    ("string", {"rule": "set", "values": ["男", "女"]}, ["男", "女"], ["", "男女", "N"]),
    ("int", {"rule": "set", "values": [3, 1, -7]}, [1, 3, -7], [0, 2, 4, -8]),
    ({"type": "enum", "name": "E", "symbols": ["A", "B", "C"]}, {"rule": "set", "values": ["C", "A"]}, ["A", "C"], ["B"]),
    ("string", {"rule": "code-list", "name": "x", "values": ["01"]}, ["01"], ["1", "010"]),
    ("string", {"rule": "prefix", "values": ["44", "粤"]}, ["44", "445102", "粤A"], ["4", "", "45", "A粤"]),
    ("string", {"rule": "digits"}, ["0", "9" * 50], ["", "１", "1a", "-1"]),
    ("string", {"rule": "digits", "min": 2, "max": 3}, ["12", "123"], ["1", "1234"]),
    (DAY, {"rule": "date-window", "from": "1949-10-01"}, [date(1949, 10, 1)], [date(1949, 9, 30)]),
    (
        MILLIS,
        {"rule": "date-window", "to": "2020-01-01T08:00:00+08:00"},
        [datetime(2020, 1, 1, tzinfo=UTC)],
        [datetime(2020, 1, 1, 0, 0, 1, tzinfo=UTC)],
    ),
    (DAY, {"rule": "not-future"}, [date(2026, 1, 1)], [date(2026, 1, 2)]),
    (DAY, {"rule": "not-future", "days": 30}, [date(2026, 1, 31)], [date(2026, 2, 1)]),
    (MILLIS, {"rule": "not-future"}, [NOW], [NOW.replace(microsecond=1000)]),
    (LOCAL, {"rule": "not-future"}, [datetime(2026, 1, 1, 8)], [datetime(2026, 1, 1, 8, 0, 0, 1)]),  # noqa: DTZ001  # local: no zone
    (["null", "string"], {"rule": "not-null"}, ["", "a"], [None]),
    (["null", INTS], {"rule": "not-null"}, [[], [1]], [None]),
    (["int", "null", "string"], {"rule": "not-null"}, [1, "a"], [None]),
    (["null", "int"], {"rule": "minimum", "value": 0}, [None, 0], [-1]),
]


@pytest.mark.parametrize(("kind", "rule", "good", "bad"), CASES, ids=lambda part: part.get("rule") if isinstance(part, dict) else None)
def test_a_rule_holds_on_one_side_of_its_bound(kind: Any, rule: dict[str, Any], good: list[Any], bad: list[Any]) -> None:
    """The bound itself is inside; what is refused is refused by this rule and no other."""
    program = compile_program(parse({"type": "record", "name": "R", "fields": [{"name": "a", "type": kind, "rules": [rule]}]}))
    for values, expected in ((good, layout.OK), (bad, layout.E_RULE)):
        for value in values:
            written = encode(program.schema, {"a": value})
            verdicts = check_values(program, written, np.array([0, len(written)]), NOW_MS)
            assert verdicts.found[0, :3].tolist() == [expected, *([0, 0] if expected == layout.OK else [1, 0])], value


def test_a_uuid_has_one_form() -> None:
    """RFC 9562: five groups of hexadecimal digits of either case."""
    program = compile_program(
        parse({"type": "record", "name": "R", "fields": [{"name": "a", "type": {"type": "string", "logicalType": "uuid"}}]})
    )
    right = str(UUID(int=0xABCDEF << 90))
    for text, expected in (
        (right, layout.OK),
        (right.upper(), layout.OK),
        (right.replace("-", ""), layout.E_LOGICAL),
        ("{" + right[1:-1] + "}", layout.E_LOGICAL),
    ):
        written = bytes((2 * len(text),)) + text.encode()
        assert check_values(program, written, np.array([0, len(written)]), 0).found[0, 0] == expected
