"""One cell of text, or one JSON value, becomes a value of an Avro type that holds no other.

Text and JSON differ in numbers and booleans only, which are JSON's own there. In both, dates are `2025-01-31`, times of
day and timestamps follow RFC 3339 (a timestamp with its offset), decimals are text, bytes are base64 (RFC 4648).
"""

import base64
import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from node.errors import RowError

Convert = Callable[[Any], Any]
"""Turns one value into Avro's; RowError, its field being the path below the value, when that cannot be."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MILLIS, _MICROS = (rf"[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]{{1,{digits}}}0{{0,6}})?" for digits in (3, 6))
_OFFSET = r"(?:Z|[+-][0-9]{2}:[0-9]{2})"
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False, "是": True, "否": False}
_GREATEST = {"int": 2**31 - 1, "long": 2**63 - 1, "float": 3.4028234663852886e38, "double": 1.7976931348623157e308}
"""The float is the greatest finite number of IEEE 754 binary32, the double that of binary64."""
_SYMBOLS_SHOWN = 20
_DAYS_KEPT = 4096
"""Eleven years of days: rows of one file share most of theirs, and a day read before costs a tenth."""


def leaf(node: dict[str, Any], *, text: bool) -> Convert:
    """Return the conversion to a type (in parsed form) other than record, array, map and union."""
    make = _MAKERS.get(node.get("logicalType", "")) or _MAKERS[node["type"]]
    return make(node, text)


def misfit(expected: str, value: Any) -> RowError:
    """Return the error for a value that is not what was expected: it tells the value's shape, never the value."""
    return RowError("", f"expected {expected}, got {_shape(value)}")


def _shape(value: Any) -> str:
    match value:
        case str():
            return f"text of {len(value)} characters" if value else "nothing"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "an object"
    return "null" if value is None else "true or false" if isinstance(value, bool) else "a number"


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise misfit("text", value)


def _null(value: Any) -> None:
    if value is not None and value != "":
        raise misfit("nothing", value)


def _boolean(_node: dict[str, Any], text: bool) -> Convert:  # noqa: FBT001  # a maker's arguments stand in one order
    def from_text(cell: str) -> bool:
        found = _BOOLEANS.get(cell.lower())
        if found is None:
            raise misfit("true, false, 1, 0, 是 or 否", cell)
        return found

    def from_json(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        raise misfit("true or false", value)

    return from_text if text else from_json


def _integer(node: dict[str, Any], text: bool) -> Convert:  # noqa: FBT001
    greatest = _GREATEST[node["type"]]
    least = -greatest - 1

    def convert_integer(value: Any) -> int:
        number = int(value) if text and _INTEGER.fullmatch(value) else value
        if type(number) is not int or not least <= number <= greatest:
            raise misfit(f"a whole number from {least} to {greatest}", value)
        return number

    return convert_integer


def _number(node: dict[str, Any], text: bool) -> Convert:  # noqa: FBT001
    greatest = _GREATEST[node["type"]]

    def convert_number(value: Any) -> float:
        number = float(value) if text and _NUMBER.fullmatch(value) else value
        if type(number) not in {int, float} or not -greatest <= number <= greatest:
            raise misfit(f"a number from {-greatest} to {greatest}", value)
        return float(number)

    return convert_number


def _enum(node: dict[str, Any], _text: bool) -> Convert:  # noqa: FBT001
    symbols = node["symbols"]
    allowed = frozenset(symbols)
    expected = "one of " + ", ".join(symbols[:_SYMBOLS_SHOWN]) + (" and more" if len(symbols) > _SYMBOLS_SHOWN else "")

    def convert_enum(value: Any) -> Any:
        if isinstance(value, str) and value in allowed:
            return value
        raise misfit(expected, value)

    return convert_enum


def _bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(_string(value), validate=True)
    except ValueError:
        raise misfit("bytes as base64", value) from None


def _fixed(node: dict[str, Any], _text: bool) -> Convert:  # noqa: FBT001
    size = node["size"]

    def convert_fixed(value: Any) -> bytes:
        content = _bytes(value)
        if len(content) != size:
            raise RowError("", f"expected {size} bytes as base64, got {len(content)} bytes")
        return content

    return convert_fixed


def _decimal(node: dict[str, Any], _text: bool) -> Convert:  # noqa: FBT001
    scale = node.get("scale", 0)
    whole_digits = node["precision"] - scale
    expected = f"a decimal as text with at most {whole_digits} digits before the point and {scale} after it"

    def convert_decimal(value: Any) -> Decimal:
        if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
            raise misfit(expected, value)
        whole, _, rest = value.lstrip("+-").partition(".")
        if len(whole.lstrip("0")) > whole_digits or len(rest) > scale:
            raise misfit(expected, value)
        return Decimal(value)

    return convert_decimal


def _iso(parse: Callable[[str], Any], expected: str) -> Convert:
    def convert_iso(value: Any) -> Any:
        if isinstance(value, str):
            try:
                return parse(value)
            except ValueError:
                pass
        raise misfit(expected, value)

    return convert_iso


def _of_form(pattern: str, parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return `parse` for texts of a form alone: Python's own parsers take more than ISO 8601's extended format."""
    matches = re.compile(pattern).fullmatch

    def parse_form(text: str) -> Any:
        if not matches(text):
            raise ValueError
        return parse(text)

    return parse_form


def _moment(clock: str, offset: str, example: str) -> Convert:
    return _iso(_of_form(f"{_DATE}[Tt ]{clock}{offset}", datetime.fromisoformat), f"a timestamp such as {example}")


def _always(convert: Convert) -> Callable[[dict[str, Any], bool], Convert]:
    return lambda _node, _text: convert


_MAKERS: dict[str, Callable[[dict[str, Any], bool], Convert]] = {
    "null": _always(_null),
    "boolean": _boolean,
    "int": _integer,
    "long": _integer,
    "float": _number,
    "double": _number,
    "bytes": _always(_bytes),
    "string": _always(_string),
    "enum": _enum,
    "fixed": _fixed,
    "decimal": _decimal,
    "date": _always(_iso(lru_cache(_DAYS_KEPT)(_of_form(_DATE, date.fromisoformat)), "a date such as 2025-01-31")),
    "time-millis": _always(_iso(_of_form(_MILLIS, time.fromisoformat), "a time such as 08:30:00.125")),
    "time-micros": _always(_iso(_of_form(_MICROS, time.fromisoformat), "a time such as 08:30:00.125")),
    "timestamp-millis": _always(_moment(_MILLIS, _OFFSET, "2025-01-31T08:30:00.125+08:00")),
    "timestamp-micros": _always(_moment(_MICROS, _OFFSET, "2025-01-31T08:30:00.125+08:00")),
    "local-timestamp-millis": _always(_moment(_MILLIS, "", "2025-01-31T08:30:00.125")),
    "local-timestamp-micros": _always(_moment(_MICROS, "", "2025-01-31T08:30:00.125")),
    "uuid": _always(_iso(_of_form(_UUID, UUID), "a UUID such as 123e4567-e89b-12d3-a456-426614174000")),
}
