"""A cutter of decoded records, written from what a grant says: plain recursion, and Python's own hmac, dates, decimals and fractions."""

import hmac
import math
import re
import struct
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from node.avro.selection import Selection

GONE = object()
"""what is not in the view"""
Path = tuple[str, ...]
_LONG = (-(2**63), 2**63 - 1)


def steps(path: str) -> Path:
    """A path's names, `[]` and `{}`."""
    return tuple(re.findall(r"[^.\[\]{}]+|\[\]|\{\}", path))


def kind(node: Any) -> str:
    """What a mask looks at: a logical type, else the type."""
    if isinstance(node, list):
        return "union"
    logical = str(node.get("logicalType", ""))
    return next((one for one in ("local", "timestamp", "time", "date", "decimal", "uuid") if logical.startswith(one)), node["type"])


class Cutter(msgspec.Struct):
    """A selection over a schema in fastavro's parsed form."""

    named: dict[str, Any]
    fields: list[Path] | None
    masks: dict[Path, str]
    secret: bytes

    def cut(self, schema: Any, record: dict[str, Any]) -> Any:
        """What the view has of a record."""
        return self._of(schema, record, ())

    def _resolved(self, node: Any) -> Any:
        return node if isinstance(node, list) else self.named.get(node, {"type": node}) if isinstance(node, str) else node

    def _split(self, node: Any) -> Any:
        """The type beside null, in a union of two; a union of several is left as it is."""
        node = self._resolved(node)
        if isinstance(node, list) and len(node) == 2:
            others = [one for one in map(self._resolved, node) if one["type"] != "null"]
            return others[0] if len(others) == 1 else node
        return node

    def _granted(self, path: Path) -> bool:
        return self.fields is None or any(path[: len(one)] == one for one in self.fields)

    def _below(self, path: Path) -> bool:
        return self.fields is not None and any(one[: len(path)] == path for one in self.fields)

    def _changed(self, path: Path) -> bool:
        return not self._granted(path) or any(one[: len(path)] == path for one in self.masks)

    def _there(self, node: Any, path: Path) -> bool:
        """Tell whether the view's schema has the place at all."""
        if not (self._granted(path) or self._below(path)):
            return False
        inner = self._split(node)
        if self._granted(path) and path in self.masks:
            return masks(self.masks[path], inner)
        if not self._changed(path):
            return True
        if kind(inner) == "record":
            return True
        step, name = {"array": ("[]", "items"), "map": ("{}", "values")}.get(kind(inner), ("", ""))
        return bool(step) and self._there(inner[name], (*path, step))

    def _of(self, node: Any, value: Any, path: Path) -> Any:
        if not self._there(node, path):
            return GONE
        if path in self.masks and self._granted(path):
            return None if value is None else masked(self.masks[path], self._split(node), value, self.secret)
        if value is None or not self._changed(path):
            return value
        inner = self._split(node)
        if kind(inner) == "array":
            return [self._of(inner["items"], item, (*path, "[]")) for item in value]
        if kind(inner) == "map":
            return {key: self._of(inner["values"], item, (*path, "{}")) for key, item in value.items()}
        found = {one["name"]: self._of(one["type"], value[one["name"]], (*path, one["name"])) for one in inner["fields"]}
        return {name: item for name, item in found.items() if item is not GONE}


def cutter(parsed: Any, selection: Selection, secret: bytes) -> Cutter:
    """The cutter of a selection; `secret` is the view's for fields."""
    fields = None if selection.fields is None else [steps(one) for one in selection.fields]
    return Cutter(parsed["__named_schemas"], fields, {steps(path): mask for path, mask in selection.masks.items()}, secret)


def masks(mask: str, node: Any) -> bool:
    """Tell whether a mask fits a type."""
    name, _, number = mask.partition(":")
    n, what = int(number or 1), kind(node)
    if name == "round" and what == "decimal":
        scale, precision = int(node.get("scale", 0)), int(node["precision"])
        return node["type"] == "bytes" and precision <= 18 and n * 10**scale <= 2 * 10**precision
    fits = {
        "hide": [what],
        "keep-first": ["string"],
        "keep-last": ["string"],
        "hmac": ["string", "uuid", "int", "long"],
        "year": ["date", "timestamp", "local"],
        "round": ["float", "double", *(["int", "long"] if n > 1 else [])],
    }
    return what in fits[name]


def masked(mask: str, node: Any, value: Any, secret: bytes) -> Any:
    """A value that is not null, masked."""
    name, _, number = mask.partition(":")
    n = int(number or 1)
    make: dict[str, Callable[[], Any]] = {
        "hide": lambda: None,
        "keep-first": lambda: value[:n] + "*" * len(value[n:]),
        "keep-last": lambda: "*" * max(len(value) - n, 0) + (value[-n:] if n else ""),
        "hmac": lambda: hmac.new(secret, str(value).encode(), "sha256").hexdigest()[:32],
        "year": lambda: _year(node, value),
        "round": lambda: _rounded(node, value, n),
    }
    return make[name]()


def _year(node: Any, value: Any) -> int:
    if kind(node) != "timestamp":
        return int(value.year)
    naive: datetime = value.replace(tzinfo=None)
    return 10_000 if naive.timetuple()[:4] >= (9999, 12, 31, 16) else (naive + timedelta(hours=8)).year


def nearest(value: Fraction, n: int) -> int:
    """The nearest multiple, halves away from zero."""
    size = math.floor(abs(value) / n + Fraction(1, 2)) * n
    return size if value >= 0 else -size


def _rounded(node: Any, value: Any, n: int) -> Any:
    what = kind(node)
    if what == "decimal":
        return Decimal(nearest(Fraction(value), n))
    if what in {"int", "long"}:
        low, high = (abs(edge) // n * n for edge in _LONG)
        return max(-low, min(high, nearest(Fraction(value), n)))
    if not math.isfinite(value):
        return value
    found = float(nearest(Fraction(value), n))
    return struct.unpack("<f", struct.pack("<f", found))[0] if what == "float" else found


def places(parsed: Any) -> Iterator[tuple[str, Any]]:
    """Yield the paths of a schema's places with their types beside null; nothing within a union of several types."""
    finder = Cutter(parsed["__named_schemas"], None, {}, b"")

    def walk(node: Any, path: str) -> Iterator[tuple[str, Any]]:
        inner = finder._split(node)
        if path:
            yield path, inner
        match kind(inner):
            case "record":
                for one in inner["fields"]:
                    yield from walk(one["type"], f"{path}.{one['name']}" if path else one["name"])
            case "array":
                yield from walk(inner["items"], f"{path}[]")
            case "map":
                yield from walk(inner["values"], f"{path}{{}}")

    yield from walk(parsed, "")
