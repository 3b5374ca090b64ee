"""Rows of text or JSON become data of a schema, or an error that names field and reason.

A reason says what was expected and the shape of what came (how many characters, which JSON type), never the value
itself: rows hold personal data, and reasons go to screens and logs.

In text an empty cell is null where the field may be null, and arrays, maps and records stand as JSON in their cell. A
field that is missing takes its default. In a union of several types the first that fits counts. See `node.avro.cells`
for the single values.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from node.avro.cells import Convert, leaf, misfit
from node.avro.schema import ParsedSchema, readable
from node.errors import RowError

_MISSING = object()
_NAME_SHOWN = 64
"""Characters of an unknown column's name that an error repeats: a shifted file may have values there."""


def text_rows(schema: ParsedSchema) -> Callable[[Any], dict[str, Any]]:
    """Return the function that turns a row, a dict of column name to text, into a datum; it raises RowError."""
    return _Compiler(schema, text=True).record(schema.avro)


def json_rows(schema: ParsedSchema) -> Callable[[Any], dict[str, Any]]:
    """Return the function that turns a decoded JSON object into a datum; it raises RowError."""
    return _Compiler(schema, text=False).record(schema.avro)


def text_cell(value: Any) -> str:
    """Return a value of a datum as `text_rows` reads it; of an empty text it makes null where that may stand, for CSV has but one of them."""
    shown = readable(value)
    if isinstance(shown, str):
        return shown
    if shown is None:
        return ""
    return msgspec.json.encode(shown).decode() if isinstance(shown, bool | list | dict) else str(shown)


class _Compiler:
    """Makes one closure for each type of a schema, so that a row costs calls and no decisions about the schema."""

    def __init__(self, schema: ParsedSchema, *, text: bool) -> None:
        self._schema, self._named, self._text = schema, schema.named, text

    def convert(self, node: Any) -> Convert:
        if isinstance(node, list):
            return self._union(node)
        node = self._resolved(node)
        if node["type"] not in {"record", "array", "map"}:
            return leaf(node, text=self._text)
        inner = _Compiler(self._schema, text=False) if self._text else self
        nested: Convert = {"record": inner.record, "array": inner.array, "map": inner.map}[node["type"]](node)
        return _json_cell(nested, node["type"]) if self._text else nested

    def record(self, node: dict[str, Any]) -> Callable[[Any], dict[str, Any]]:
        fields = [(field["name"], self.convert(field["type"]), self._default(field)) for field in node["fields"]]
        pairs = [(name, convert) for name, convert, _ in fields]
        width = len(fields)

        def convert_record(row: Any) -> dict[str, Any]:
            if not isinstance(row, dict):
                raise misfit("an object", row)
            if len(row) == width:
                # Nearly every row is whole and right; only the others are worth a look at each field.
                try:
                    return {name: convert(row[name]) for name, convert in pairs}
                except (KeyError, RowError):
                    pass
            return _field_by_field(row, fields)

        return convert_record

    def array(self, node: dict[str, Any]) -> Convert:
        convert = self.convert(node["items"])

        def convert_array(value: Any) -> list[Any]:
            if not isinstance(value, list):
                raise misfit("a list", value)
            return [_at(f"[{index}]", convert, item) for index, item in enumerate(value)]

        return convert_array

    def map(self, node: dict[str, Any]) -> Convert:
        convert = self.convert(node["values"])

        def convert_map(value: Any) -> dict[str, Any]:
            if not isinstance(value, dict):
                raise misfit("an object", value)
            return {name: _at("{}", convert, item) for name, item in value.items()}

        return convert_map

    def _union(self, branches: list[Any]) -> Convert:
        converts = [self.convert(branch) for branch in branches if branch != "null"]
        nullable, empty = "null" in branches, "" if self._text else None
        if len(converts) == 1 and nullable:
            only = converts[0]
            return lambda value: None if value is None or value == empty else only(value)

        def first_that_fits(value: Any) -> Any:
            if nullable and (value is None or value == empty):
                return None
            for convert in converts:
                try:
                    return convert(value)
                except RowError:
                    continue
            raise misfit(f"a value of one of the union's {len(branches)} types", value)

        return first_that_fits

    def _default(self, field: dict[str, Any]) -> Any:
        """Return a field's default as a datum has it: the schema writes bytes as text of code points up to 255.

        Defaults of dates, decimals and the like, numbers and bytes in the schema, count as none: rows must say these.
        """
        value = field.get("default", _MISSING)
        branches = [self._resolved(branch) for branch in (field["type"] if isinstance(field["type"], list) else [field["type"]])]
        if value is not None and any("logicalType" in branch for branch in branches):
            return _MISSING
        kinds = {branch["type"] for branch in branches}
        return value.encode("latin-1") if isinstance(value, str) and not kinds & {"string", "enum"} else value

    def _resolved(self, node: Any) -> dict[str, Any]:
        resolved: dict[str, Any] = self._named.get(node, {"type": node}) if isinstance(node, str) else node
        return resolved if isinstance(resolved["type"], str) else self._resolved(resolved["type"])


def _field_by_field(row: dict[str, Any], fields: list[tuple[str, Convert, Any]]) -> dict[str, Any]:
    """Convert a row that may lack fields or have others; the RowError names the field."""
    datum = {}
    for name, convert, default in fields:
        if name in row:
            datum[name] = _at(name, convert, row[name])
        elif default is not _MISSING:
            datum[name] = default
        else:
            raise RowError(name, "missing, and the schema has no default for it")
    for name in row:
        if name not in datum:
            raise RowError(str(name)[:_NAME_SHOWN], f"unknown; the schema has {', '.join(datum)}")
    return datum


def _at(step: str, convert: Convert, value: Any) -> Any:
    try:
        return convert(value)
    except RowError as error:
        raise RowError(_path(step, error.field), error.reason) from None


def _path(name: str, below: str) -> str:
    return name + below if not below or below[0] in "[{" else f"{name}.{below}"


def _json_cell(convert: Convert, kind: str) -> Convert:
    def convert_cell(cell: str) -> Any:
        try:
            value = msgspec.json.decode(cell)
        except msgspec.DecodeError:
            raise misfit(f"the {kind} as JSON", cell) from None
        return convert(value)

    return convert_cell
