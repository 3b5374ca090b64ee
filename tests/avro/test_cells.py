"""Answers for node/avro/cells.py."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from node.avro.cells import leaf
from node.errors import RowError

BEIJING = timezone(timedelta(hours=8))
DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2}
ENUM = {"type": "enum", "symbols": ["ISSUED", "REVOKED"]}
UUID_TEXT = "123e4567-e89b-12d3-a456-426614174000"


def _logical(kind: str, logical: str) -> dict[str, Any]:
    return {"type": kind, "logicalType": logical}


EITHER: list[tuple[dict[str, Any], str, Any]] = [
    ({"type": "string"}, " 湘桥 ", " 湘桥 "),
    (ENUM, "ISSUED", "ISSUED"),
    ({"type": "bytes"}, "AP8=", b"\x00\xff"),
    ({"type": "fixed", "size": 2}, "AP8=", b"\x00\xff"),
    (DECIMAL, "-123.45", Decimal("-123.45")),
    (DECIMAL, "00123", Decimal(123)),
    (_logical("int", "date"), "2024-02-29", date(2024, 2, 29)),
    (_logical("int", "time-millis"), "23:59:59.999", time(23, 59, 59, 999000)),
    (_logical("long", "time-micros"), "23:59:59.999999", time(23, 59, 59, 999999)),
    (_logical("long", "timestamp-millis"), "2025-01-31T08:30:00.125+08:00", datetime(2025, 1, 31, 8, 30, 0, 125000, BEIJING)),
    (_logical("long", "timestamp-millis"), "2025-01-31T08:30:00.125000Z", datetime(2025, 1, 31, 8, 30, 0, 125000, UTC)),
    (_logical("long", "timestamp-micros"), "2025-01-31 08:30:00.000125Z", datetime(2025, 1, 31, 8, 30, 0, 125, UTC)),
    (_logical("long", "local-timestamp-millis"), "2025-01-31T08:30:00", datetime(2025, 1, 31, 8, 30)),  # noqa: DTZ001
    (_logical("string", "uuid"), UUID_TEXT, UUID(UUID_TEXT)),
    ({"type": "string", "logicalType": "not-known-here"}, "x", "x"),
    ({"type": "null"}, "", None),
]

TEXT: list[tuple[dict[str, Any], str, Any]] = [
    ({"type": "int"}, "-2147483648", -(2**31)),
    ({"type": "long"}, "+9223372036854775807", 2**63 - 1),
    ({"type": "double"}, "-1.5e3", -1500.0),
    ({"type": "float"}, ".5", 0.5),
    *[
        ({"type": "boolean"}, cell, value)
        for cell, value in (("true", True), ("FALSE", False), ("1", True), ("0", False), ("是", True), ("否", False))
    ],
]

JSON: list[tuple[dict[str, Any], Any, Any]] = [
    ({"type": "int"}, 2**31 - 1, 2**31 - 1),
    ({"type": "long"}, -(2**63), -(2**63)),
    ({"type": "double"}, 3, 3.0),
    ({"type": "boolean"}, False, False),
    ({"type": "null"}, None, None),
]

NEITHER: list[tuple[dict[str, Any], str]] = [
    (ENUM, "issued"),
    ({"type": "bytes"}, "AP8"),
    ({"type": "bytes"}, "中文"),
    ({"type": "fixed", "size": 2}, "AP8A"),
    (DECIMAL, "1234.5"),
    (DECIMAL, "1.234"),
    (DECIMAL, "1e2"),
    (DECIMAL, "１２"),
    (DECIMAL, "NaN"),
    (_logical("int", "date"), "2025-02-29"),
    (_logical("int", "date"), "2025/01/31"),
    (_logical("int", "date"), "20250131"),
    (_logical("int", "date"), "2025-W01-1"),
    (_logical("int", "time-millis"), "24:00:00"),
    (_logical("long", "timestamp-millis"), "2025-01-31T08:30:00"),
    (_logical("long", "timestamp-millis"), "2025-01-31T08:30:00.1255Z"),
    (_logical("long", "timestamp-micros"), "2025-01-31"),
    (_logical("long", "local-timestamp-millis"), "2025-01-31T08:30:00Z"),
    (_logical("string", "uuid"), UUID_TEXT[:-1]),
    ({"type": "null"}, "x"),
]

NOT_TEXT: list[tuple[dict[str, Any], str]] = [
    ({"type": "int"}, "2147483648"),
    ({"type": "int"}, ""),
    ({"type": "int"}, "1.0"),
    ({"type": "int"}, "1_000"),
    ({"type": "int"}, "９"),
    ({"type": "long"}, "9" * 5000),
    ({"type": "double"}, "nan"),
    ({"type": "double"}, "1e400"),
    ({"type": "float"}, "3.5e38"),
    ({"type": "boolean"}, "yes"),
]

NOT_JSON: list[tuple[dict[str, Any], Any]] = [
    ({"type": "string"}, 1),
    ({"type": "int"}, True),
    ({"type": "int"}, 1.0),
    ({"type": "int"}, "1"),
    ({"type": "long"}, 2**63),
    ({"type": "double"}, "1.5"),
    ({"type": "double"}, True),
    ({"type": "boolean"}, 1),
    ({"type": "boolean"}, "true"),
    ({"type": "null"}, 0),
    (ENUM, ["ISSUED"]),
    ({"type": "bytes"}, {}),
    (DECIMAL, 1.5),
    (_logical("int", "date"), 20119),
]


@pytest.mark.parametrize(("node", "cell", "value"), EITHER + TEXT)
def test_a_cell_of_text_becomes_the_value(node: dict[str, Any], cell: str, value: Any) -> None:
    """A cell that fits its type gives the value that it means, of exactly its Python type."""
    found = leaf(node, text=True)(cell)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(("node", "given", "value"), EITHER + JSON)
def test_a_json_value_becomes_the_value(node: dict[str, Any], given: Any, value: Any) -> None:
    """A JSON value that fits its type gives the value that it means, of exactly its Python type."""
    found = leaf(node, text=False)(given)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(("node", "cell"), NEITHER + NOT_TEXT)
def test_a_cell_that_does_not_fit_is_refused(node: dict[str, Any], cell: str) -> None:
    """A cell outside its type is a RowError that does not repeat the cell."""
    with pytest.raises(RowError) as caught:
        leaf(node, text=True)(cell)
    assert caught.value.reason.endswith((f"got text of {len(cell)} characters", "got nothing", "got 3 bytes"))


@pytest.mark.parametrize(("node", "given"), NEITHER + NOT_JSON)
def test_a_json_value_that_does_not_fit_is_refused(node: dict[str, Any], given: Any) -> None:
    """A JSON value outside its type is a RowError, also where Python would see numbers as equal."""
    with pytest.raises(RowError, match="expected"):
        leaf(node, text=False)(given)


def test_the_error_tells_the_shape_and_not_the_value() -> None:
    """What came is described by type and length alone."""
    with pytest.raises(RowError, match=r"^: expected one of ISSUED, REVOKED, got text of 18 characters$"):
        leaf(ENUM, text=True)("445102199001011234")
    with pytest.raises(RowError, match=r"got nothing$"):
        leaf({"type": "int"}, text=True)("")
