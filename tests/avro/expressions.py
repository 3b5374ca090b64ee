"""Random expressions of the CEL subset over a schema's fields."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import msgspec

_ORDERS = ["==", "!=", "<", "<=", ">", ">="]
_ALIKE = {
    "timestamp-millis": "timestamp",
    "timestamp-micros": "timestamp",
    "local-timestamp-millis": "local",
    "local-timestamp-micros": "local",
    "time-millis": "time",
    "time-micros": "time",
    "date": "date",
    "uuid": "uuid",
}
_KINDS = {"int": "whole", "long": "whole", "float": "real", "double": "real"}


class Field(msgspec.Struct):
    """A field that an expression may name."""

    path: str
    kind: str
    node: Any


def fields(node: dict[str, Any], prefix: str = "") -> Iterator[Field]:
    """Yield the fields of a record that a value has at most once."""
    for one in node["fields"]:
        path, inner = prefix + one["name"], one["type"]
        if isinstance(inner, list):
            others = [branch for branch in inner if branch != "null"]
            if len(others) != 1 or len(inner) != 2:
                continue
            inner = others[0]
        inner = inner if isinstance(inner, dict) else {"type": inner}
        if inner["type"] == "record":
            yield from fields(inner, f"{path}.")
            if isinstance(one["type"], list):
                yield Field(path, "record", inner)
        else:
            yield Field(path, _kind(inner), inner)


def _kind(node: dict[str, Any]) -> str:
    logical = node.get("logicalType")
    if logical == "decimal":
        return f"decimal-{node['scale']}"
    return str(_ALIKE.get(logical or "", _KINDS.get(node["type"], node["type"])))


_CONSTANTS = {
    "whole": ["0", "18", "-1", "64", "0x40", "9223372036854775807"],
    "real": ["0.0", "-1.5", "2.25", "1e30", ".5"],
    "decimal": ["0.0", "-1.0", "100.0", "7.0"],
    "string": ['""', '"4"', "'445102'", '"张"', 'r"\\x"', '"\\u5f20"', '"X"'],
    "boolean": ["true", "false"],
    "date": [f'date("{day}")' for day in ("1949-10-01", "2000-02-29", "2026-01-01")],
    "timestamp": [f'timestamp("{at}")' for at in ("2020-01-01T00:00:00Z", "2026-01-01T08:00:00+08:00", "2025-12-31T23:59:59.125Z")],
}


def _constant(rng: Random, field: Field) -> str | None:
    if field.kind == "enum":
        return f'"{rng.choice(field.node["symbols"])}"'
    constants = _CONSTANTS.get(field.kind.partition("-")[0])
    return rng.choice(constants) if constants else None


def _comparison(rng: Random, field: Field, others: list[Field]) -> str | None:
    alike = [
        one
        for one in others
        if one.kind == field.kind and one is not field and (one.kind != "enum" or one.node["symbols"] == field.node["symbols"])
    ]
    order = rng.choice(_ORDERS[:2] if field.kind in {"enum", "boolean"} else _ORDERS)
    if alike and rng.random() < 0.6 and field.kind not in {"bytes", "fixed", "uuid", "array", "map", "record"}:
        return f"{field.path} {order} {rng.choice(alike).path}"
    constant = _constant(rng, field)
    if constant is None:
        return None
    return f"{field.path} {order} {constant}" if rng.random() < 0.8 else f"{constant} {order} {field.path}"


def _special(rng: Random, field: Field) -> str | None:
    if field.kind in {"string", "bytes", "fixed", "array", "map"} and rng.random() < 0.6:
        return f"size({field.path}) {rng.choice(_ORDERS)} {rng.choice([0, 2, 6, 18])}"
    if field.kind == "string":
        return f"{field.path}.startsWith({_constant(rng, field)})"
    if field.kind in {"whole", "enum", "date", "timestamp"}:
        return f"{field.path} in [{', '.join(str(_constant(rng, field)) for _ in range(rng.randint(1, 4)))}]"
    return field.path if field.kind == "boolean" else None


def _test(rng: Random, known: list[Field]) -> str:
    field = rng.choice(known)
    makers: list[Callable[[], str | None]] = [
        lambda: _comparison(rng, field, known),
        lambda: _comparison(rng, field, known),
        lambda: _special(rng, field),
        lambda: f"{field.path} {rng.choice(_ORDERS[:2])} null",
    ]
    return rng.choice(makers)() or f"has({field.path})"


def _tree(rng: Random, known: list[Field], depth: int) -> str:
    roll = rng.random()
    if depth == 0 or roll < 0.35:
        return _test(rng, known)
    if roll < 0.5:
        return f"!({_tree(rng, known, depth - 1)})"
    return f"({_tree(rng, known, depth - 1)}) {rng.choice(['&&', '||'])} ({_tree(rng, known, depth - 1)})"


def expression(rng: Random, schema: dict[str, Any]) -> str | None:
    """Return a random expression over a record's fields, None where it has none that can be named."""
    known = list(fields(schema))
    return _tree(rng, known, rng.randint(0, 4)) if known else None
