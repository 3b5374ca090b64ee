"""Records of one version of a schema read as another's, as Avro's schema resolution has it.

fastavro resolves, but takes the default of a field that the writer did not have as it stands in JSON: bytes as text, a date as a number.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from io import BytesIO
from typing import Any

import fastavro

from node.avro.schema import DECODING, ParsedSchema, decode
from node.errors import DataError

_JSON_OF: dict[str, type | tuple[type, ...]] = {
    "null": type(None),
    "boolean": bool,
    "int": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "array": list,
    "map": dict,
    "record": dict,
}
"""What a default of a type is in JSON; of all others it is text."""


def resolver(written: ParsedSchema, wanted: ParsedSchema) -> Callable[[bytes | memoryview], dict[str, Any]]:
    """Return the function that reads what was written under one schema as a datum of another; it raises DataError as `decode` does."""
    if written.avro == wanted.avro:
        return lambda payload: decode(wanted, payload)
    reader = reading(wanted)

    def resolve(payload: bytes | memoryview) -> dict[str, Any]:
        decode(written, payload)  # what is no record of its own schema is told as that
        try:
            datum = fastavro.schemaless_reader(BytesIO(payload), written.avro, reader)
        except (*DECODING, fastavro.read.SchemaResolutionError) as fault:
            raise DataError(f"a {written.name} of another version cannot be read as {wanted.name} ({type(fault).__name__})") from None
        assert isinstance(datum, dict)
        return datum

    return resolve


def reading(schema: ParsedSchema) -> dict[str, Any]:
    """Return a schema for fastavro to read into: its defaults are datums."""
    avro: dict[str, Any] = deepcopy(schema.avro)
    named = avro["__named_schemas"]
    places = {id(field): field for node in (avro, *named.values()) for field in _with_default(node)}
    # All are converted before any is changed: a record's default takes from those of its fields.
    datums = [(field, _datum(field["type"], field["default"], named)) for field in places.values()]
    for field, datum in datums:
        field["default"] = datum
    return avro


def _with_default(node: Any) -> Iterator[dict[str, Any]]:
    match node:
        case list():
            for branch in node:
                yield from _with_default(branch)
        case {"type": "record", "fields": fields}:
            for field in fields:
                if "default" in field:
                    yield field
                yield from _with_default(field["type"])
        case {"items": inner} | {"values": inner} | {"type": dict() | list() as inner}:
            yield from _with_default(inner)


def _datum(node: Any, value: Any, named: dict[str, Any]) -> Any:
    node = _resolved(node, named)
    if isinstance(node, list):
        return _datum(next(branch for branch in node if _fits(_resolved(branch, named), value)), value, named)
    kind = node["type"]
    match kind:
        case "record":
            return {field["name"]: _datum(field["type"], value.get(field["name"], field.get("default")), named) for field in node["fields"]}
        case "array":
            return [_datum(node["items"], one, named) for one in value]
        case "map":
            return {name: _datum(node["values"], one, named) for name, one in value.items()}
    raw = value.encode("latin-1") if kind in {"bytes", "fixed"} else float(value) if kind in {"float", "double"} else value
    logical = fastavro.read.LOGICAL_READERS.get(f"{kind}-{node.get('logicalType')}")
    return logical(raw, node, None) if logical else raw


def _resolved(node: Any, named: dict[str, Any]) -> Any:
    if isinstance(node, str):
        return named.get(node, {"type": node})
    return _resolved(node["type"], named) if isinstance(node, dict) and not isinstance(node["type"], str) else node


def _fits(node: dict[str, Any], value: Any) -> bool:
    """Tell whether a default may be of a union's branch, by its kind in JSON; among several the first counts (Avro 1.12, "Unions")."""
    return isinstance(value, _JSON_OF.get(node["type"], str)) and not (isinstance(value, bool) and node["type"] != "boolean")
