"""A reader of Avro written from the specification for comparison, as strict as the kernel claims to be, which judges rules while it reads.

It is plain and slow: Python's own numbers, decoders, dates and decimals. What it reads is held against fastavro in the batteries, what it says
against the kernel.
"""

import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal
from typing import Any
from uuid import UUID

import msgspec

from tests.avro.ruling import Items, Rulings

ZERO_ITEMS_MAX = 4096
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Refused(Exception):
    """The bytes are no value: `word` says why, `path` where."""

    def __init__(self, word: str, path: str) -> None:
        super().__init__(word, path)
        self.word, self.path = word, path


class Broken(msgspec.Struct, frozen=True):
    """A rule that did not hold."""

    path: str
    name: str
    message: str
    warns: bool


class Reading(msgspec.Struct):
    """What a value is."""

    verdict: tuple[str, str, str] | None
    """path, word and, of a rule, message of the first fault; None: the value passes"""
    unread: str | None
    """why the bytes are no value, if they are none"""
    datum: Any
    warned: set[str]
    """messages of the rules that only warn, broken by a value that passes"""


def read(schema: dict[str, Any], named: dict[str, Any], value: bytes, rulings: Rulings) -> Reading:
    """Read one value and judge it."""
    reader = _Reader(named, value, rulings)
    datum: Any = None
    refused: tuple[str, str, str] | None = None
    try:
        datum = reader.one(schema, [], "")
        if reader.at != len(value):
            raise Refused("trailing", "")
    except Refused as fault:
        refused, datum = (fault.path, fault.word, ""), None
    else:
        reader.broken += [_broken("", rule) for rule in rulings.unfulfilled(schema, datum)]
    refusing = [(rule.path, rule.name, rule.message) for rule in reader.broken if not rule.warns]
    verdict = refusing[0] if refusing else refused
    return Reading(
        verdict, refused and refused[1], datum, {rule.message for rule in reader.broken if rule.warns} if verdict is None else set()
    )


def _broken(path: str, rule: dict[str, Any]) -> Broken:
    return Broken(path, rule["rule"], rule["message"]["en"], rule.get("severity") == "warn")


def least_bytes(node: Any, named: dict[str, Any]) -> int:
    """Return the least bytes of a type's values."""
    node = _resolved(node, named)
    if isinstance(node, list):
        return 1
    if node["type"] == "record":
        return sum(least_bytes(field["type"], named) for field in node["fields"])
    return int({"null": 0, "float": 4, "double": 8, "fixed": node.get("size")}.get(node["type"], 1))


def has_free_items(node: Any, named: dict[str, Any]) -> bool:
    """Tell whether a type has arrays whose items take no bytes: fastavro makes as many of them as a value claims."""
    node = _resolved(node, named)
    if isinstance(node, list):
        return any(has_free_items(branch, named) for branch in node)
    match node["type"]:
        case "record":
            return any(has_free_items(field["type"], named) for field in node["fields"])
        case "array":
            return least_bytes(node["items"], named) == 0 or has_free_items(node["items"], named)
        case "map":
            return has_free_items(node["values"], named)
    return False


def _resolved(node: Any, named: dict[str, Any]) -> Any:
    return named.get(node, {"type": node}) if isinstance(node, str) else node


class _Reader:
    def __init__(self, named: dict[str, Any], value: bytes, rulings: Rulings) -> None:
        self.at, self.broken = 0, list[Broken]()
        self._named, self._value, self._rulings = named, value, rulings
        self._zero_items = ZERO_ITEMS_MAX

    def type(self, node: Any, rules: list[Any], path: str) -> Any:
        """Read a value of a type, with the rules that its field gives it."""
        node = _resolved(node, self._named)
        if not isinstance(node, list):
            return self.one(node, rules, path)
        branch = self._int("union", path)
        if not 0 <= branch < len(node):
            raise Refused("union", path)
        chosen, two = _resolved(node[branch], self._named), len(node) == 2 and "null" in node
        if chosen["type"] == "null":
            self.broken += [_broken(path, rule) for rule in rules if rule["rule"] == "not-null"]
            return None
        return self.one(chosen, rules if two else [], path if two else f"{path}|{branch}")

    def one(self, node: dict[str, Any], rules: list[Any], path: str) -> Any:
        """Read a value of a type that is no union."""
        rules = [*node.get("rules", []), *rules]
        match node["type"]:
            case "record":
                return {
                    field["name"]: self.type(field["type"], field.get("rules", []), f"{path}.{field['name']}" if path else field["name"])
                    for field in node["fields"]
                }
            case "array":
                found: Any = [item for _key, item in self._items(node["items"], f"{path}[]", path, keyed=False)]
            case "map":
                pairs = self._items(node["values"], f"{path}{{}}", path, keyed=True)
                found = Items(pairs)
                found.count = len(pairs)
                self._judge(rules, path, pairs)
                return found
            case kind:
                found = self._leaf(kind, node, path)
        self._judge(rules, path, found)
        return found

    def _judge(self, rules: list[Any], path: str, value: Any) -> None:
        for rule in rules:
            if rule["rule"] != "not-null" and not self._rulings.holds(rule, value):
                self.broken.append(_broken(path, rule))

    def _long(self, path: str) -> int:
        number, shift = 0, 0
        while True:
            if self.at >= len(self._value):
                raise Refused("truncated", path)
            byte = self._value[self.at]
            self.at += 1
            number |= (byte & 0x7F) << shift
            if number >= 2**64 or (shift == 63 and byte > 1):
                raise Refused("varint", path)
            if byte < 0x80:
                return (number >> 1) ^ -(number & 1)
            shift += 7

    def _int(self, word: str, path: str) -> int:
        start = self.at
        number = self._long(path)
        if not -(2**31) <= number < 2**31 or self.at - start > 5:
            raise Refused(word, path)
        return number

    def _take(self, count: int, path: str, word: str) -> bytes:
        if count < 0 or count > len(self._value) - self.at:
            raise Refused(word, path)
        self.at += count
        return self._value[self.at - count : self.at]

    def _text(self, path: str) -> str:
        try:
            return self._take(self._long(path), path, "length-prefix").decode()
        except UnicodeDecodeError:
            raise Refused("utf8", path) from None

    def _items(self, node: Any, inner: str, path: str, *, keyed: bool) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        while count := self._long(path):
            end = None
            if count < 0:
                size = self._long(path)
                if size < 0 or size > len(self._value) - self.at or count == -(2**63):
                    raise Refused("block", path)
                count, end = -count, self.at + size
            least = least_bytes(node, self._named) + keyed
            if least == 0:
                if count > self._zero_items:
                    raise Refused("items", path)
                self._zero_items -= count
            elif count > (len(self._value) - self.at) // least:
                raise Refused("block", path)
            for _ in range(count):
                key = self._text(path) if keyed else ""
                found.append((key, self.type(node, [], inner)))
            if end not in {None, self.at}:
                raise Refused("block", path)
        return found

    def _leaf(self, kind: str, node: dict[str, Any], path: str) -> Any:
        found: Any
        match kind:
            case "null":
                return None
            case "boolean":
                byte = self._take(1, path, "truncated")[0]
                if byte > 1:
                    raise Refused("boolean", path)
                return byte == 1
            case "int":
                found = self._int("int", path)
            case "long":
                found = self._long(path)
            case "float":
                return struct.unpack("<f", self._take(4, path, "truncated"))[0]
            case "double":
                return struct.unpack("<d", self._take(8, path, "truncated"))[0]
            case "string":
                found = self._text(path)
            case "bytes":
                found = self._take(self._long(path), path, "length-prefix")
            case "fixed":
                found = self._take(node["size"], path, "truncated")
            case "enum":
                index = self._int("enum", path)
                if not 0 <= index < len(node["symbols"]):
                    raise Refused("enum", path)
                return node["symbols"][index]
        return logical(found, node, path) if "logicalType" in node else found


def logical(value: Any, node: dict[str, Any], path: str) -> Any:
    """Return the date, time, moment, decimal or UUID that a value stands for; Refused where it stands for none."""
    name = node["logicalType"]
    try:
        return _LOGICAL[name](value, node) if name in _LOGICAL else value
    except (ValueError, OverflowError):
        raise Refused(name, path) from None


def _time(microseconds: int) -> time:
    if not 0 <= microseconds < 86_400_000_000:
        raise ValueError
    return (_EPOCH + timedelta(microseconds=microseconds)).time()


def _uuid(value: str) -> UUID:
    found = UUID(value)
    if value.lower() != str(found):
        raise ValueError
    return found


def _decimal(value: bytes, node: dict[str, Any]) -> Decimal:
    number = int.from_bytes(value, "big", signed=True)
    if not value or abs(number) >= 10 ** node["precision"]:
        raise ValueError
    return Decimal(number).scaleb(-node.get("scale", 0), Context(prec=100))


_LOGICAL: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "date": lambda value, _node: date.fromordinal(_EPOCH.toordinal() + value),
    "time-millis": lambda value, _node: _time(value * 1000),
    "time-micros": lambda value, _node: _time(value),
    "timestamp-millis": lambda value, _node: _EPOCH + timedelta(microseconds=value * 1000),
    "timestamp-micros": lambda value, _node: _EPOCH + timedelta(microseconds=value),
    "local-timestamp-millis": lambda value, _node: (_EPOCH + timedelta(microseconds=value * 1000)).replace(tzinfo=None),
    "local-timestamp-micros": lambda value, _node: (_EPOCH + timedelta(microseconds=value)).replace(tzinfo=None),
    "uuid": lambda value, _node: _uuid(value),
    "decimal": _decimal,
}


def same(one: Any, other: Any) -> bool:
    """Tell whether two data are the same: numbers that are none equal themselves here, and zeros have signs."""
    if isinstance(one, float):
        return isinstance(other, float) and struct.pack("<d", one) == struct.pack("<d", other)
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)
