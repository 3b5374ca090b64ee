"""A resource made from dice: a schema with records in records, arrays, maps and nullable fields, a second version of it, records, and grants on it."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import date, timedelta
from io import BytesIO
from random import Random
from typing import Any

import fastavro

from node.avro import schema_id
from node.control import NewRequest
from node.model.names import Topic
from tests.faults.flow import wanted
from tests.faults.planting import Mint

Json = Any
Row = tuple[bytes, bytes | None]
"""key and value as a department publishes them, None to delete"""

_LEAVES: list[Json] = [
    "string",
    "string",
    "bytes",
    "int",
    "long",
    "double",
    "boolean",
    {"type": "string", "logicalType": "uuid"},
    {"type": "int", "logicalType": "date"},
    {"type": "long", "logicalType": "timestamp-micros"},
    {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2},
]
_MASKS: dict[str, list[str]] = {
    "string": ["keep-first:1", "keep-last:2", "hmac"],
    "uuid": ["hmac"],
    "int": ["hmac", "round:10"],
    "long": ["hmac", "round:1000"],
    "double": ["round:10"],
    "date": ["year"],
    "timestamp-micros": ["year"],
    "decimal": ["round:1", "round:1000"],
}
"""What fits a type, besides `hide`. They leave so little of a planted value that it is not known again."""
_BORN = date(1940, 1, 1)


def kind_of(node: Json) -> str:
    """Return a type's logical type, or else its type."""
    return node if isinstance(node, str) else str(node.get("logicalType", node["type"]))


def inner_of(node: Json) -> Json:
    """Return a type without the null that it may be in a union with."""
    return next(one for one in node if one != "null") if isinstance(node, list) else node


def named_in(node: Json) -> dict[str, Json]:
    """Return the named types of a schema."""
    found: dict[str, Json] = {}
    for one in node if isinstance(node, list) else node.values() if isinstance(node, dict) else ():
        found |= named_in(one) if isinstance(one, dict | list) else {}
    return (
        found | {node["name"]: node} if isinstance(node, dict) and node.get("type") in ("record", "enum") else found
    )  # a field's type may be a dict


class Subject:
    """A resource of either kind, the same for one seed."""

    def __init__(self, seed: str, *, is_state: bool, keys: int = 40) -> None:
        self.random = Random(seed)
        """for versions and grants; records have dice of their own, so that these are the same however many there were"""
        self._dice = Random(f"records of {seed}")
        self.is_state = is_state
        self.mint = Mint(self._dice)
        self.streets = [self.mint.text() for _ in range(4)]
        """names that filters ask for: they stand in grants, so not everywhere should they be missing"""
        self._records: list[Json] = []
        self.versions = [self._first()]
        self.named = named_in(self.versions[0])
        self._known = [tuple(self.mint.text() for _ in self.versions[0]["key"]) for _ in range(keys)]

    # ---- schemas

    def _first(self) -> dict[str, Json]:
        rng, day = self.random, {"type": "int", "logicalType": "date"}
        makers: dict[str, Callable[[], Json]] = {
            "code": lambda: "string",
            "part": lambda: "string",
            "kind": lambda: {"type": "enum", "name": "Kind", "symbols": ["A", "BB", "C"]},
            "level": lambda: "int",
            "street": lambda: ["null", "string"],
            "born": lambda: day,
            "paid": lambda: {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2},
            "home": lambda: self._record({"number": "int", "street": "string"}, 1),
            "owner": lambda: ["null", self._record({"name": "string", "born": day}, 1)],
            "phones": lambda: {"type": "array", "items": "string"},
            "members": lambda: {"type": "array", "items": self._record({"name": "string"}, 1)},
            "extra": lambda: {"type": "map", "values": ["null", "string"]},
        }
        makers |= {f"f{number}": lambda: self._type(2) for number in range(rng.randint(2, 5))}
        fields = [_field((name, makers[name]())) for name in rng.sample(list(makers), len(makers))]
        key = rng.choice([["code"], ["code"], ["code", "part"]])
        return {"type": "record", "name": "Subject", "namespace": "cn.gov.test", "key": key, "fields": fields}

    def _type(self, depth: int) -> Json:
        rng, roll = self.random, self.random.random()
        if depth and roll < 0.2:
            return {"type": "array", "items": self._type(depth - 1)}
        if depth and roll < 0.3:
            return {"type": "map", "values": self._type(depth - 1)}
        if depth and roll < 0.5:
            return self._record({}, depth - 1)
        node = rng.choice(_LEAVES)
        if rng.random() < 0.3:
            return ["null", node] if rng.random() < 0.5 else [node, "null"]
        return deepcopy(node)

    def _record(self, fixed: dict[str, Json], depth: int) -> Json:
        """Return a new record, now and then one that is defined already."""
        if not fixed and self._records and self.random.random() < 0.4:
            return self.random.choice(self._records)
        fields = [*fixed.items(), *((name, self._type(depth)) for name in "abc"[: self.random.randint(1, 3)])]
        made = {"type": "record", "name": f"R{len(self._records)}", "fields": list(map(_field, fields))}
        self._records.append(made["name"])
        return made

    def next_version(self) -> Json:
        """Return a version that has two fields more, somewhere. Records are written under it as soon as it is among the `versions`."""
        newest, number = deepcopy(self.versions[-1]), len(self.versions)
        added: list[Json] = [
            {"name": f"since{number}", "type": ["null", {"type": "int", "logicalType": "date"}], "default": None},
            {"name": f"remark{number}", "type": "string", "default": "無"},
        ]
        for one in added:
            newest["fields"].insert(self.random.randrange(len(newest["fields"]) + 1), one)
        return newest

    # ---- records

    def rows(self) -> Iterator[Row]:
        """Yield records for ever: subjects come, change, and of state are deleted, also some that are not there."""
        written = [(schema_id(one), fastavro.parse_schema(deepcopy(one))) for one in self.versions]
        while True:
            if len(written) < len(self.versions):
                newest = self.versions[-1]
                written.append((schema_id(newest), fastavro.parse_schema(deepcopy(newest))))
            which = self._dice.randrange(len(self._known))
            names = self.versions[0]["key"]
            key = "\x1f".join(self._known[which]).encode()
            if self.is_state and self._dice.random() < 0.2:
                yield key, None
                continue
            version = self._dice.randrange(len(written))
            number, schema = written[version]
            datum = self._draw(self.versions[version]) | dict(zip(names, self._known[which], strict=True))
            out = BytesIO()
            fastavro.schemaless_writer(out, schema, datum)
            yield key, number.to_bytes(5) + out.getvalue()

    def _draw(self, node: Json, name: str = "") -> Any:  # noqa: PLR0911  # one return for each kind of type
        rng, mint = self._dice, self.mint
        if isinstance(node, list):
            return None if rng.random() < 0.25 else self._draw(inner_of(node), name)
        node = self.named.get(node, node) if isinstance(node, str) else node
        match kind_of(node):
            case "record":
                return {one["name"]: self._draw(one["type"], one["name"]) for one in node["fields"]}
            case "array":
                return [self._draw(node["items"]) for _ in range(rng.randrange(4))]
            case "map":
                return {mint.text(): self._draw(node["values"]) for _ in range(rng.randrange(3))}
            case "string":
                return rng.choice(self.streets) if name == "street" else mint.text()
            case "bytes":
                return mint.data()
            case "uuid":
                return mint.uuid()
            case "int":
                return rng.randrange(10)
            case "long":
                return mint.whole()
            case "double":
                return mint.double()
            case "boolean":
                return rng.random() < 0.5
            case "enum":
                return rng.choice(node["symbols"])
            case "date":
                return _BORN + timedelta(days=rng.randrange(30_000))
            case "timestamp-micros":
                return mint.moment()
            case kind:
                assert kind == "decimal"
                return mint.decimal()

    # ---- grants

    def places(self, node: Json, path: str = "") -> Iterator[tuple[str, Json]]:
        """Yield the places that a grant may name, with their types, null aside."""
        node = inner_of(node)
        node = self.named.get(node, node) if isinstance(node, str) else node
        if path:
            yield path, node
        match kind_of(node):
            case "record":
                for one in node["fields"]:
                    yield from self.places(one["type"], f"{path}.{one['name']}" if path else one["name"])
            case "array":
                yield from self.places(node["items"], f"{path}[]")
            case "map":
                yield from self.places(node["values"], f"{path}{{}}")

    def grant(
        self, topic: Topic, taker: str, *, shows_key: bool, filtered: bool = True, masks: float = 0.4, shared: bool = False, **more: Any
    ) -> NewRequest:
        """Return what somebody asks for, so that its view has the record's key, or another in its place; `masks` is the share of places that are masked.

        Now and then it names no fields, and so gives all that is not masked. A view that may be `shared` has no `hmac`.
        """
        rng, key = self.random, self.versions[0]["key"]
        places = [(path, node) for path, node in self.places(self.versions[-1]) if path not in key]
        fields: list[str] | None = None
        if masks and rng.random() < 0.3:
            given, chosen = [path for path, _node in places], None
        else:
            chosen = _apart(rng, [path for path, _node in rng.sample(places, rng.randint(3, 8))])
            given = [path for path, _node in places if any(is_in(path, one) for one in chosen)]
            fields = chosen + (key if shows_key else key[1:])
        masked = {path: node for path, node in places if path in given and rng.random() < masks}
        masked = {path: masked[path] for path in _apart(rng, list(masked))}
        fit = {path: [one for one in _MASKS.get(kind_of(node), []) if one != "hmac" or not shared] for path, node in masked.items()}
        found = {path: rng.choice([*one * 2, "hide"]) for path, one in fit.items()}
        if fields is None and not shows_key:
            found[key[0]] = rng.choice(["hmac", "keep-first:1", "hide"])
        if fields is None and not found:
            found["home"] = "hide"
        rows = self._rows() if filtered else ""
        return wanted(topic, taker, rows=rows, masks=found, fields=None if fields is None else tuple(fields), **more)

    def _rows(self) -> str:
        rng = self.random
        street, other = (f'"{one}"' for one in rng.sample(self.streets, 2))
        tests = [
            rng.choice(['kind == "A"', 'kind != "BB"', 'kind in ["A", "C"]']),
            rng.choice(["level >= 4", "level < 7", "level in [1, 2, 3, 5, 8]"]),
            rng.choice([f"street == {street}", f"street in [{street}, {other}]", "street != null", f"!(street == {street})"]),
            rng.choice(['born >= date("1975-06-01")', 'born < date("1990-01-01")']),
            f"home.number {rng.choice(['>', '<='])} 4",
            f"home.street != {street}",
            "paid > 7472475021000000.00",
            "has(owner.name)",
            "size(phones) > 1",
        ]
        # Records of versions that have no such field are in no rows that ask for it.
        tests += [f"since{number} != null" for number in range(1, len(self.versions))]
        first, second, third = rng.sample(tests, 3)
        return rng.choice([first, f"{first} || {second}", f"{first} && ({second} || {third})", f"!({first} && {second})"])


def _field(named: tuple[str, Json]) -> Json:
    return {"name": named[0], "type": named[1]}


def is_in(path: str, outer: str) -> bool:
    """Tell whether a place is another or lies in it."""
    return path == outer or (path.startswith(outer) and path[len(outer)] in ".[{")


def _apart(rng: Random, paths: list[str]) -> list[str]:
    """Return some of the paths, of which none lies in another."""
    found: list[str] = []
    for path in rng.sample(paths, len(paths)):
        if not any(is_in(path, one) or is_in(one, path) for one in found):
            found.append(path)
    return found
