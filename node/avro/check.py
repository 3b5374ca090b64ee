"""The check of a schema before it is used: every fault is named with its place.

A place is the path of fields from the record's root: `holder.street`, `tags[]` (items of an array), `extra{}` (values
of a map), `amount|1` (the second branch of a union). Rules are those of the Avro specification 1.12; on purpose a
recursive type is refused as well, for its records have no bound. The rules of fields and types are those of `node.avro.rules`.
"""

import re
from typing import Any

from node.avro.rule_kinds import Target, kind_of
from node.avro.rules import read_rules
from node.errors import SchemaError

PRIMITIVES = frozenset(("null", "boolean", "int", "long", "float", "double", "bytes", "string"))

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LOGICAL_BASES: dict[str, tuple[str, ...]] = {
    "date": ("int",),
    "time-millis": ("int",),
    "time-micros": ("long",),
    "timestamp-millis": ("long",),
    "timestamp-micros": ("long",),
    "local-timestamp-millis": ("long",),
    "local-timestamp-micros": ("long",),
    "decimal": ("bytes", "fixed"),
    "uuid": ("string",),
}
PLACES_MAX = 8000
"""Places of a schema, named types unfolded; a hundred times what the widest of the catalogue's schemas has."""
NESTING_MAX = 64
"""Types within each other: whoever writes or reads a record goes down with them."""
_KEY_TYPES = ("string", "enum", "int", "long")
_KEY_LOGICAL = (None, "date", "uuid")
_NULLS = ("null", {"type": "null"})
_INT_RANGE = (-(2**31), 2**31 - 1)
_LONG_RANGE = (-(2**63), 2**63 - 1)


def check(schema: object) -> None:
    """Return when `schema` (decoded JSON) is a record that we can use; SchemaError names the first fault and its place."""
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise SchemaError('schema: expected an object with "type": "record"')
    _Walk().type(schema, "", "")
    _check_key(schema)


def check_extent(schema: dict[str, Any], named: dict[str, Any]) -> None:
    """Return when a schema in parsed form is bounded; SchemaError names the record in which it becomes too large or too deep.

    Types that name each other multiply: a few lines may unfold to more places than any memory holds.
    """
    _extent(schema, named, {})


def _extent(node: Any, named: dict[str, Any], known: dict[str, tuple[int, int]]) -> tuple[int, int]:
    """Return how many places a type unfolds to, and how deep they lie; `known` has what named types do."""
    if isinstance(node, str):
        if node not in known:
            known[node] = _extent(named[node], named, known) if node in named else (1, 1)
        return known[node]
    inner = node if isinstance(node, list) else []
    if isinstance(node, dict):
        inner = (
            [field["type"] for field in node["fields"]]
            if node["type"] == "record"
            else [node[key] for key in ("items", "values") if key in node]
        )
    extents = [_extent(one, named, known) for one in inner]
    places, nesting = 1 + sum(one for one, _ in extents), 1 + max((one for _, one in extents), default=0)
    if places > PLACES_MAX or nesting > NESTING_MAX:
        name = node.get("name", "schema") if isinstance(node, dict) else "schema"
        raise SchemaError(f"{name}: it unfolds to {places} places, {nesting} deep; at most {PLACES_MAX} and {NESTING_MAX} are supported")
    return places, nesting


def _check_key(schema: dict[str, Any]) -> None:
    key = schema.get("key", [])
    if not isinstance(key, list) or not all(isinstance(name, str) for name in key) or len(set(key)) != len(key):
        raise SchemaError('schema: "key" must be a list of different field names')
    types = {field["name"]: field["type"] for field in schema["fields"]}
    for name in key:
        if name not in types:
            raise SchemaError(f'schema: "key" names the field {name}, which the record does not have')
        node = types[name] if isinstance(types[name], dict) else {"type": types[name]}
        if node["type"] not in _KEY_TYPES or node.get("logicalType") not in _KEY_LOGICAL:
            raise SchemaError(
                f"{name}: a key field must be a string, enum, int, long, date or UUID and never null, for its text is the record's key"
            )


class _Walk:
    """One walk over a schema; it remembers the named types that it has passed, and which of them are still open."""

    def __init__(self) -> None:
        self._named: dict[str, Any] = {}
        self._open: set[str] = set()

    def type(self, node: Any, place: str, namespace: str) -> None:
        match node:
            case str():
                self._reference(node, place, namespace)
            case list():
                self._union(node, place, namespace)
            case {"type": "record" | "enum" | "fixed" | "array" | "map" as kind}:
                {"record": self._record, "enum": self._enum, "fixed": self._fixed, "array": self._array, "map": self._map}[kind](
                    node, place, namespace
                )
                _check_logical(node, kind, place)
                _check_rules(node, Target(kind_of(node), node, outermost=not place), place)
            case {"type": str(kind)} if kind in PRIMITIVES:
                _check_logical(node, kind, place)
                _check_rules(node, Target(kind_of(node), node), place)
            case {"type": str(kind)}:
                self._reference(kind, place, namespace)
                raise _fault(place, f"the type {kind} is named already: write its name alone")
            case {"type": dict() | list()}:
                raise _fault(place, 'a type stands in an object of its own: write what its "type" holds')
            case _:
                raise _fault(place, 'a type is a name, a union in [ ], or an object with "type"')

    def _reference(self, name: str, place: str, namespace: str) -> None:
        if name in PRIMITIVES:
            return
        full = _full(name, namespace)
        if full in self._open:
            raise _fault(place, f"{full} contains itself; recursive types are refused, for their records have no bound")
        if full not in self._named:
            raise _fault(place, f"unknown type {name!r}")

    def _union(self, branches: list[Any], place: str, namespace: str) -> None:
        if not branches:
            raise _fault(place, "a union needs at least one type")
        kinds = set()
        for index, branch in enumerate(branches):
            at = f"{place}|{index}"
            if isinstance(branch, list):
                raise _fault(at, "a union does not stand directly in a union")
            self.type(branch, at, namespace)
            kind = _kind(branch, namespace)
            if kind in kinds:
                raise _fault(at, f"the union has {kind} twice")
            kinds.add(kind)

    def _record(self, node: dict[str, Any], place: str, namespace: str) -> None:
        full = self._define(node, place, namespace)
        fields = node.get("fields")
        if not isinstance(fields, list):
            raise _fault(place, 'a record needs "fields", a list')
        self._open.add(full)
        seen = set()
        for index, field in enumerate(fields):
            name = field.get("name") if isinstance(field, dict) else None
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise _fault(f"{place}fields[{index}]", 'a field needs a "name" of letters, digits and _, not beginning with a digit')
            at = f"{place}.{name}" if place else name
            if name in seen:
                raise _fault(at, "the record has two fields of this name")
            seen.add(name)
            if "type" not in field:
                raise _fault(at, 'a field needs a "type"')
            space = full.rpartition(".")[0]
            self.type(field["type"], at, space)
            if "default" in field and not self._fits(field["type"], field["default"], space):
                raise _fault(at, "the default does not fit the field's type")
            if "rule" in field:
                raise _fault(at, 'rules stand in "rules", a list of objects such as {"rule": "not-null"}')
            _check_rules(field, self._target(field["type"], space), at)
        self._open.discard(full)

    def _target(self, node: Any, namespace: str) -> Target:
        """Return what the rules of a field stand on, its type having been walked: of a union with null the other type, if only one is left."""
        nullable = False
        if isinstance(node, list):
            others = [branch for branch in node if branch not in _NULLS]
            nullable = len(others) < len(node)
            if not nullable or len(others) != 1:
                return Target("union", {}, nullable=nullable)
            node = others[0]
        resolved = self._named.get(_full(node, namespace), {"type": node}) if isinstance(node, str) else node
        return Target(kind_of(resolved), resolved, nullable=nullable)

    def _enum(self, node: dict[str, Any], place: str, namespace: str) -> None:
        self._define(node, place, namespace)
        symbols = node.get("symbols")
        if not isinstance(symbols, list) or not symbols or not all(isinstance(s, str) and _NAME.fullmatch(s) for s in symbols):
            raise _fault(place, 'an enum needs "symbols", a list of names of letters, digits and _')
        if len(set(symbols)) != len(symbols):
            raise _fault(place, "the enum has a symbol twice")
        if "default" in node and node["default"] not in symbols:
            raise _fault(place, "the enum's default is none of its symbols")

    def _fixed(self, node: dict[str, Any], place: str, namespace: str) -> None:
        self._define(node, place, namespace)
        size = node.get("size")
        if type(size) is not int or size < 1:
            raise _fault(place, 'a fixed needs a "size" in bytes, at least 1')

    def _array(self, node: dict[str, Any], place: str, namespace: str) -> None:
        if "items" not in node:
            raise _fault(place, 'an array needs "items"')
        self.type(node["items"], f"{place}[]", namespace)

    def _map(self, node: dict[str, Any], place: str, namespace: str) -> None:
        if "values" not in node:
            raise _fault(place, 'a map needs "values"')
        self.type(node["values"], f"{place}{{}}", namespace)

    def _define(self, node: dict[str, Any], place: str, namespace: str) -> str:
        name, space = node.get("name"), node.get("namespace", namespace)
        if (
            not isinstance(name, str)
            or not isinstance(space, str)
            or not all(_NAME.fullmatch(part) for part in _full(name, space).split("."))
        ):
            raise _fault(place, f'the {node["type"]} needs a "name" of letters, digits and _, not beginning with a digit')
        full = _full(name, space)
        if full in self._named:
            raise _fault(place, f"the name {full} is defined twice")
        self._named[full] = node
        return full

    def _fits(self, node: Any, value: Any, namespace: str) -> bool:
        """Tell whether a default (JSON) fits a type that was walked already."""
        match node:
            case list():
                fits = any(self._fits(branch, value, namespace) for branch in node)
            case {"type": "enum"}:
                fits = value in node["symbols"]
            case {"type": "array"}:
                fits = isinstance(value, list) and all(self._fits(node["items"], item, namespace) for item in value)
            case {"type": "map"}:
                fits = isinstance(value, dict) and all(self._fits(node["values"], item, namespace) for item in value.values())
            case {"type": "fixed"}:
                fits = _primitive_fits("bytes", value) and len(value) == node["size"]
            case {"type": "record"}:
                space = _full(node["name"], node.get("namespace", namespace)).rpartition(".")[0]
                fits = isinstance(value, dict) and all(self._field_fits(field, value, space) for field in node["fields"])
            case {"type": str(inner)}:
                fits = self._fits(inner, value, namespace)
            case _ if node in PRIMITIVES:
                fits = _primitive_fits(node, value)
            case _:  # what a definition leaves unsaid it takes from where it stands, not from where it is named
                full = _full(node, namespace)
                fits = self._fits(self._named[full], value, full.rpartition(".")[0])
        return fits

    def _field_fits(self, field: dict[str, Any], value: dict[str, Any], namespace: str) -> bool:
        return self._fits(field["type"], value[field["name"]], namespace) if field["name"] in value else "default" in field


def _primitive_fits(kind: str, value: Any) -> bool:
    match kind:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "int" | "long":
            low, high = _INT_RANGE if kind == "int" else _LONG_RANGE
            return type(value) is int and low <= value <= high
        case "float" | "double":
            return type(value) in {int, float}
        case "bytes":
            return isinstance(value, str) and all(character < "\u0100" for character in value)
    return isinstance(value, str)


def _check_logical(node: dict[str, Any], kind: str, place: str) -> None:
    """Refuse a logical type on a base that cannot carry it; an unknown one is ignored, as the specification asks."""
    logical = node.get("logicalType")
    bases = _LOGICAL_BASES.get(logical) if isinstance(logical, str) else None
    if bases is None:
        return
    if kind not in bases:
        raise _fault(place, f"{logical} stands on {' or '.join(bases)}, not on {kind}")
    if logical == "decimal":
        precision, scale = node.get("precision"), node.get("scale", 0)
        if type(precision) is not int or type(scale) is not int or not 0 <= scale <= precision or precision < 1:
            raise _fault(place, "a decimal needs a precision of at least 1 and a scale from 0 to the precision")


def _check_rules(node: dict[str, Any], target: Target, place: str) -> None:
    read_rules(node.get("rules", []), target, place)


def _kind(branch: Any, namespace: str) -> str:
    kind = branch["type"] if isinstance(branch, dict) else branch
    if isinstance(branch, dict) and kind in {"record", "enum", "fixed"}:
        return _full(branch["name"], branch.get("namespace", namespace))
    return str(kind) if kind in PRIMITIVES or kind in {"array", "map"} else _full(str(kind), namespace)


def _full(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _fault(place: str, reason: str) -> SchemaError:
    return SchemaError(f"{place or 'schema'}: {reason}")
