"""A schema ready for use, and values under it: encoding, decoding, keys, and the rendering that people read."""

import base64
import math
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import UUID

import fastavro
import msgspec
from fastavro.schema import SchemaParseException, UnknownType

from node.avro.check import check, check_extent
from node.avro.encoder import MISFITS, Write, encoder
from node.errors import DataError, RowError, SchemaError

KEY_SEPARATOR = "\x1f"
"""Stands between the parts of a key that has several fields (U+001F, unit separator)."""

DECODING = (EOFError, ValueError, IndexError, KeyError, TypeError, OverflowError)
"""What fastavro raises on bytes that are not the schema's: it has no error of its own for them."""


class ParsedSchema(msgspec.Struct, frozen=True):
    """A record schema: `avro` is fastavro's parsed form, with all names written in full."""

    name: str
    key: tuple[str, ...]
    """top-level fields whose text is the record's key, in this order; empty: records have no key"""
    avro: dict[str, Any]
    write: Write
    """a datum's Avro binary; use `encode`, which says what went wrong"""

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The record's fields, each with name, type and perhaps default."""
        return list(self.avro["fields"])

    @property
    def named(self) -> dict[str, Any]:
        """The named types of the schema by full name."""
        return dict(self.avro["__named_schemas"])


def parse(schema: object) -> ParsedSchema:
    """Return the schema that `schema` (decoded JSON) describes; SchemaError names the place of the first fault."""
    try:
        check(schema)
        # Forced, or a schema that calls itself parsed would be believed.
        avro = fastavro.parse_schema(schema, _force=True)  # type: ignore[arg-type]  # check refuses what is no object
    except RecursionError as fault:
        raise SchemaError("schema: it is nested too deeply") from fault
    except (SchemaParseException, UnknownType) as fault:
        raise SchemaError(f"schema: {fault}") from fault
    assert isinstance(avro, dict)
    check_extent(avro, avro["__named_schemas"])
    return ParsedSchema(avro["name"], tuple(avro.get("key", ())), avro, encoder(avro, avro["__named_schemas"]))


def encode(schema: ParsedSchema, datum: dict[str, Any]) -> bytes:
    """Return the Avro binary of a datum that has all fields, as `decode` gives it; RowError when it does not fit."""
    try:
        return schema.write(datum)
    except MISFITS as fault:
        raise RowError("", f"the record does not fit {schema.name} ({type(fault).__name__})") from None


def decode(schema: ParsedSchema, payload: bytes | memoryview) -> dict[str, Any]:
    """Return the datum that `payload` is, logical types as Python's; DataError when it is not exactly one record."""
    source = BytesIO(payload)
    try:
        datum = fastavro.schemaless_reader(source, schema.avro, None)
    except DECODING as fault:
        raise DataError(f"the {len(payload)} bytes are no {schema.name} ({type(fault).__name__} at byte {source.tell()})") from None
    if source.tell() != len(payload):
        raise DataError(f"{len(payload) - source.tell()} bytes follow a whole {schema.name}")
    assert isinstance(datum, dict)
    return datum


def key_of(schema: ParsedSchema, datum: dict[str, Any]) -> bytes | None:
    """Return a datum's key: the UTF-8 text of the key fields, several joined by U+001F; None when the schema names none.

    RowError when a key field is empty or holds the separator: two subjects would then share a key.
    """
    key = schema.key
    if not key:
        return None
    parts = [str(datum[name]) for name in key]
    text = KEY_SEPARATOR.join(parts)
    if not all(parts) or (len(parts) > 1 and text.count(KEY_SEPARATOR) != len(parts) - 1):
        name = next(name for name, part in zip(key, parts, strict=True) if not part or KEY_SEPARATOR in part)
        raise RowError(name, "a key field must not be empty, nor hold U+001F where several fields make the key")
    return text.encode()


def readable(value: Any) -> Any:
    """Return a decoded value as JSON can hold it: dates and times in ISO 8601, decimals and UUIDs as text, bytes as base64.

    What comes out reads in again by `node.avro.rows.json_rows`; only floats that are no number become text.
    """
    render = _READABLE.get(type(value))
    return render(value) if render else value


_READABLE: dict[type, Callable[[Any], Any]] = {
    dict: lambda value: {name: readable(item) for name, item in value.items()},
    list: lambda value: [readable(item) for item in value],
    bytes: lambda value: base64.b64encode(value).decode(),
    Decimal: lambda value: format(value, "f"),
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    UUID: str,
    float: lambda value: value if math.isfinite(value) else str(value),
}
