"""Random resources, versions of them, grants on them and data for them, for the battery of derived schemas.

Types are used twice, in one namespace and another; fields have defaults; a grant names places without overlap and masks that fit.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from node.avro.selection import Selection
from tests.avro.shapes import two_complement

Json = Any
Steps = tuple[str, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = _EPOCH.replace(tzinfo=None)
_LEAVES: list[Json] = [
    "string",
    {"type": "string", "rules": [{"rule": "length", "max": 99}]},
    "int",
    "long",
    "double",
    "boolean",
    "bytes",
    {"type": "int", "logicalType": "date"},
    {"type": "long", "logicalType": "timestamp-millis"},
    {"type": "long", "logicalType": "local-timestamp-micros"},
    {"type": "string", "logicalType": "uuid"},
    {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2},
]
_UNIONS = [["null", "int", "string"], ["string"]]
_DRAWS: dict[str, Callable[[Random], Any]] = {
    "null": lambda _rng: None,
    "string": lambda rng: "".join(rng.choices("ab潮州𝄞", k=rng.randrange(5))),
    "int": lambda rng: rng.choice([0, 4, 5, -5, 15, -(2**31), 2**31 - 1]),
    "long": lambda rng: rng.choice([0, 3, 4, -4, 2**63 - 1, -(2**63)]),
    "double": lambda rng: rng.choice([0.0, 0.5, -0.5, 49.5, 150.0, -1e300]),
    "boolean": lambda rng: rng.random() < 0.5,
    "bytes": lambda rng: rng.randbytes(rng.randrange(3)),
    "date": lambda rng: date(rng.randint(1, 9999), rng.choice([1, 2, 3, 12]), rng.choice([1, 28])),
    "timestamp-millis": lambda rng: _EPOCH + timedelta(hours=rng.choice([0, 15, 16, -1, -8, 8775, 8776, 10**6])),
    "local-timestamp-micros": lambda rng: _LOCAL_EPOCH + timedelta(hours=rng.choice([0, 23, -1, 8759, 8760])),
    "uuid": lambda rng: UUID(bytes=rng.randbytes(16)),
    "decimal": lambda rng: Decimal(rng.choice([0, 49, 50, -50, 549, 999_999, -999_999])).scaleb(-2),
}
_JSON: dict[type, Callable[[Any], Json]] = {
    bytes: lambda value: value.decode("latin-1"),
    date: lambda value: (value - _EPOCH.date()).days,
    datetime: lambda value: (
        (value - _EPOCH) // timedelta(milliseconds=1) if value.tzinfo else (value - _LOCAL_EPOCH) // timedelta(microseconds=1)
    ),
    UUID: str,
    Decimal: lambda value: two_complement(int(value.scaleb(2))).decode("latin-1"),
    list: lambda value: [as_json(one) for one in value],
    dict: lambda value: {name: as_json(one) for name, one in value.items()},
}
MASKS: dict[str, list[str]] = {
    "string": ["keep-first:1", "keep-last:2", "hmac"],
    "uuid": ["hmac"],
    "int": ["hmac", "round:10"],
    "long": ["hmac", "round:7"],
    "double": ["round", "round:100"],
    "date": ["year"],
    "timestamp-millis": ["year"],
    "local-timestamp-micros": ["year"],
    "decimal": ["round:1", "round:10"],
}
"""Masks by kind; anything can be hidden."""


def as_json(value: Any) -> Json:
    """Return a decoded value as a default has it."""
    return _JSON[type(value)](value) if type(value) in _JSON else value


def kind_of(node: Json) -> str:
    """Return a type's logical type, or else its type."""
    return "union" if isinstance(node, list) else node if isinstance(node, str) else str(node.get("logicalType", node["type"]))


class Maker:
    """Makes a schema, its versions, grants on it and data for it; the same for one seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.types: dict[str, Json] = {}
        self.defaults: list[tuple[dict[str, Json], Any]] = []
        """fields that have a default, with what it is when it is decoded"""
        space = self.random.choice(["", "cn.gov", "cn.gov"])
        self.schema = dict[str, Json](type="record", name="Root", doc="根 / Root") | ({"namespace": space} if space else {})
        self.schema["fields"] = self._fields(space, 0)
        texts = [one["name"] for one in self.schema["fields"] if one["type"] == "string"]
        if texts:
            self.schema["key"] = self.random.sample(texts, self.random.randint(1, len(texts)))

    def _fields(self, space: str, depth: int) -> list[dict[str, Json]]:
        return [self._field(name, space, depth) for name in "abcdefg"[: self.random.randint(2, max(2, 6 - 2 * depth))]]

    def _field(self, name: str, space: str, depth: int) -> dict[str, Json]:
        made = {"name": name, "type": self._type(space, depth)}
        if self.random.random() < 0.5:
            made["doc"] = f"字段 {name}"
        if self.random.random() < 0.5:
            value = self.value(made["type"], first=True)
            made["default"] = as_json(value)
            self.defaults.append((made, value))
        return made

    def _default(self, node: Json) -> Json:
        return as_json(self.value(node, first=True))

    def _type(self, space: str, depth: int) -> Json:  # noqa: PLR0911  # one return for each kind of type
        rng = self.random
        roll = rng.random() if depth < 3 else 0.0
        known = [full for full in self.types if "." in full or not space]
        if 0.5 <= roll < 0.6 and known:
            return rng.choice(known)
        if 0.6 <= roll < 0.7:
            one = rng.choice(_LEAVES) if rng.random() < 0.5 else self._record(space, depth)
            return ["null", one] if rng.random() < 0.5 else [one, "null"]
        if 0.7 <= roll < 0.75:
            return ["int", self._named(space, "enum", symbols=["P", "Q"])] if rng.random() < 0.4 else rng.choice(_UNIONS)[:]
        if 0.75 <= roll < 0.85:
            inner = self._type(space, depth + 1)
            return {"type": "array", "items": inner} if rng.random() < 0.5 else {"type": "map", "values": inner}
        if roll >= 0.85:
            return self._record(space, depth)
        if 0.4 <= roll < 0.5:
            return (
                self._named(space, "fixed", size=2) if rng.random() < 0.3 else self._named(space, "enum", symbols=["P", "Q"], default="P")
            )
        return rng.choice(_LEAVES)

    def _record(self, space: str, depth: int) -> Json:
        inner = self.random.choice(["cn.other", "cn.gov.view"]) if space and self.random.random() < 0.3 else space
        return self._named(space, "record", inner, fields=self._fields(inner, depth + 1))

    def _named(self, space: str, kind: str, own: str | None = None, **more: Json) -> dict[str, Json]:
        own = space if own is None else own
        name = f"N{len(self.types)}"
        made: dict[str, Json] = {"type": kind, "name": name} | ({"namespace": own} if own != space else {}) | more
        self.types[f"{own}.{name}" if own else name] = made
        return made

    def value(self, node: Json, *, first: bool = False) -> Any:  # noqa: PLR0911  # one return for each kind of type
        """Return a value as fastavro decodes it; of a union's types perhaps always the first, as a default has it."""
        rng = self.random
        node = self.types.get(node, node) if isinstance(node, str) else node
        if isinstance(node, list):
            return self.value(node[0] if first else rng.choice(node), first=first)
        match kind_of(node):
            case "record":
                return {one["name"]: self.value(one["type"], first=first) for one in node["fields"]}
            case "array":
                return [self.value(node["items"], first=first) for _ in range(rng.randrange(3))]
            case "map":
                return {key: self.value(node["values"], first=first) for key in "xy"[: rng.randrange(3)]}
            case "enum":
                return rng.choice(node["symbols"])
            case "fixed":
                return rng.randbytes(node["size"])
            case kind:
                value = _DRAWS[kind](rng)
                return value % 1000 if first and kind == "long" else value

    def grant(self) -> Selection:
        """Return a selection that fits the schema."""
        rng = self.random
        places = [(path, node) for path, node in self.places(self.schema, ()) if path]
        fields = None
        if rng.random() < 0.7:
            fields = _apart([path for path, _ in rng.sample(places, min(len(places), rng.randint(1, 6)))])
            places = [(path, node) for path, node in places if any(path[: len(one)] == one for one in fields)]
        masked = _apart([path for path, _ in rng.sample(places, min(len(places), rng.choice([0, 1, 1, 3, 5])))])
        masks = {path: rng.choice(["hide", *MASKS.get(kind_of(node), []) * 2]) for path, node in places if path in masked}
        return Selection(
            fields=None if fields is None else tuple(map(written, fields)), masks={written(path): mask for path, mask in masks.items()}
        )

    def places(self, node: Json, path: Steps) -> Iterator[tuple[Steps, Json]]:
        """Yield the places that may be granted or masked, with their types, null aside."""
        node = one if isinstance(node, list) and (one := other_than_null(node)) is not None else node
        node = self.types.get(node, node) if isinstance(node, str) else node
        yield path, node
        match kind_of(node):
            case "record":
                for field in node["fields"]:
                    yield from self.places(field["type"], (*path, field["name"]))
            case "array":
                yield from self.places(node["items"], (*path, "[]"))
            case "map":
                yield from self.places(node["values"], (*path, "{}"))

    def know(self, schema: dict[str, Json]) -> None:
        """Make grants and data for another schema from now on."""
        self.schema, self.types = schema, dict(definitions(schema, ""))

    def next_version(self) -> None:
        """Change the schema by what is often compatible both ways; whether it is, the registry tells."""
        self.schema = deepcopy(self.schema)
        self.know(self.schema)
        for _ in range(self.random.randint(1, 3)):
            _, node = self.random.choice([("", self.schema), *((full, one) for full, one in self.types.items() if one["type"] == "record")])
            self._change(node["fields"])

    def _change(self, fields: list[Json]) -> None:
        rng = self.random
        match rng.randrange(5):
            case 0:
                fields.insert(
                    rng.randrange(len(fields) + 1),
                    {"name": f"n{rng.randrange(10**6)}", "type": (kind := rng.choice(_LEAVES)), "default": self._default(kind)},
                )
            case 1:
                spare = [
                    one
                    for one in fields
                    if "default" in one and not [*definitions(one["type"], "")] and one["name"] not in self.schema.get("key", ())
                ]
                if spare and len(fields) > 1:
                    fields.remove(rng.choice(spare))
            case 2:
                rng.shuffle(fields)
            case 3:
                for one in fields:
                    if isinstance(one["type"], list):
                        one["type"].reverse()
                self._change_defaults(fields)
            case _:
                for one in fields:
                    one.pop("doc", None)
                self._change_defaults(fields)

    def _change_defaults(self, fields: list[Json]) -> None:
        for one in fields:
            if "default" in one:
                one["default"] = self._default(one["type"])


def definitions(node: Json, space: str) -> Iterator[tuple[str, Json]]:
    """Yield the named types of a schema with their full names."""
    for one in node if isinstance(node, list) else [node] if isinstance(node, dict) else []:
        if isinstance(one, dict):
            inner = one.get("namespace", space)
            if "name" in one:
                yield (f"{inner}.{one['name']}" if inner else one["name"]), one
            for below in [*(field["type"] for field in one.get("fields", [])), one.get("items"), one.get("values")]:
                yield from definitions(below, inner)


def other_than_null(node: list[Json]) -> Json:
    """Return what stands beside null in a union of two, None for another union."""
    return next(one for one in node if one != "null") if len(node) == 2 and "null" in node else None


def written(path: Steps) -> str:
    """Return a path as grants write it."""
    return "".join(step if step in {"[]", "{}"} else f".{step}" for step in path).removeprefix(".")


def _apart(paths: list[Steps]) -> list[Steps]:
    """Return the paths that stand within no other."""
    return [path for path in paths if not any(path[:count] in paths for count in range(len(path)))]
