"""Where two schemas differ, each difference named with its place and in words of both languages.

`comparable` and `read` take a schema in; `differences` asks whether two are the same to whoever writes and reads bytes, `conflicts`
whether a new one may follow a registered one. A place is written as in `node.avro.check`: `holder.street`, `tags[]`, `extra{}`, `amount|1`.

Schemas are resolved by the rules of the `avro` package (Avro specification 1.12, "Schema Resolution"); that package says that
something does not fit, but neither where in a nested schema nor of logical types, which it does not compare. So the walk is ours,
and each pair of types that it meets is put to the package. On purpose stricter than the package: logical types must be the same,
decimals in precision and scale too (the specification asks for it), for otherwise 12.34 is read as 0.1234 and nobody notices.

Bounds: types nest at most DEPTH_MAX deep, and a pair of named types is compared once, so the work is bounded by the product of
the sizes. Failures: SchemaError for what is no record schema that we can use.
"""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple, NewType

import msgspec
from avro.compatibility import (
    ReaderWriterCompatibilityChecker,
    SchemaCompatibilityType,
    SchemaIncompatibilityType,
    check_schema_names,
    lookup_writer_field,
)
from avro.schema import make_avsc_object

from node.avro.check import PRIMITIVES, check
from node.errors import SchemaError

DEPTH_MAX = 64
"""Types within types: no form of the base data comes near it, and the `avro` package needs 8 frames of Python's stack for each."""
LEVEL = "FULL_TRANSITIVE"
"""What a resource's next schema is held to, in the registry's word: old records stand in the topic for ever and must be read by new
takers, and takers of other levels must read new records without changing their programs on the owner's day."""
TOLD_MAX = 20
"""Differences told in one message: whoever has mended so many looks again."""
_TEXT_MAX = 200

_ROOT = "_"
"""A namespace around all names: the `avro` package would put a name of the null namespace into the one around it."""


Comparable = NewType("Comparable", object)
"""A schema taken in, as the `avro` package has it."""


class Difference(msgspec.Struct, frozen=True):
    """One difference: its place, `schema` for the whole, and what it is."""

    place: str
    en: str
    zh: str


class _Side(NamedTuple):
    """How one of two schemas is called."""

    en: str
    zh: str


_READER, _WRITER = _Side("the reader's schema", "读取方的模式"), _Side("the writer's schema", "写入方的模式")
_NEW, _REGISTERED = _Side("the new schema", "新模式"), _Side("the registered schema", "已登记的模式")


def read(text: str) -> Comparable:
    """Return the schema in a JSON text; SchemaError as `comparable` raises it, and for what is no JSON."""
    try:
        return comparable(json.loads(text))
    except (ValueError, RecursionError) as fault:
        raise SchemaError(f"schema: it is no JSON that can be read ({type(fault).__name__})") from fault


def comparable(schema: object) -> Comparable:
    """Return a schema that is decoded JSON; SchemaError names the first fault and its place (`node.avro.check`), and too deep nesting."""
    try:
        check(schema)
    except RecursionError as fault:
        raise SchemaError("schema: it is nested too deeply") from fault
    return Comparable(make_avsc_object(_plain(schema, "", DEPTH_MAX)))


def differences(registered: Comparable, asked: Comparable) -> list[Difference]:
    """Return where `asked` is not `registered` in Avro's sense (parsing canonical form) or in a logical type; none when it is the same.

    Docs, defaults, aliases, order of JSON keys and properties that Avro does not know make no difference: the bytes of a record are
    the same with and without.
    """
    equality = _Equality()
    equality.compare(registered, asked, "")
    return equality.found


def conflicts(new: Comparable, registered: Comparable) -> list[Difference]:
    """Return why `new` may not follow `registered`: one of them does not read what is written with the other.

    Of each place one difference is told; none when each reads the other.
    """
    found: dict[str, Difference] = {}
    for one in (*_unreadable(new, registered, _NEW, _REGISTERED), *_unreadable(registered, new, _REGISTERED, _NEW)):
        found.setdefault(one.place, one)
    return list(found.values())


def unreadable(reader: Comparable, writer: Comparable) -> list[Difference]:
    """Return what the schema `reader` does not read of records written with `writer`."""
    return _unreadable(reader, writer, _READER, _WRITER)


def told(found: Iterable[Difference]) -> tuple[str, str]:
    """Return differences as one text in English and one in Chinese; TOLD_MAX of them, and how many more there are."""
    every = list(found)
    more = len(every) - TOLD_MAX
    en = [f"{one.place}: {one.en}" for one in every[:TOLD_MAX]] + [f"and {more} more"] * (more > 0)
    zh = [f"{one.place}：{one.zh}" for one in every[:TOLD_MAX]] + [f"另有 {more} 处"] * (more > 0)
    return "; ".join(en), "；".join(zh)


def _unreadable(reader: Comparable, writer: Comparable, reads: _Side, writes: _Side) -> list[Difference]:
    reading = _Reading(reads, writes)
    reading.compare(reader, writer, "")
    return reading.found


# ---- from JSON to what the `avro` package compares


def _plain(node: Any, namespace: str, depth: int) -> Any:
    """Return a checked type with names in full, and its logical type as the property `logical`.

    The package's own reading of logical types warns and forgets those that it does not know.
    """
    if not depth:
        raise SchemaError(f"schema: types are nested deeper than {DEPTH_MAX}")
    match node:
        case str():
            plain: Any = node if node in PRIMITIVES else f"{_ROOT}.{_full(node, namespace)}"
        case list():
            plain = [_plain(branch, namespace, depth - 1) for branch in node]
        case {"type": "record" | "enum" | "fixed"}:
            plain = _named(node, namespace, depth)
        case {"type": "array", "items": inner}:
            plain = {"type": "array", "items": _plain(inner, namespace, depth - 1)}
        case {"type": "map", "values": inner}:
            plain = {"type": "map", "values": _plain(inner, namespace, depth - 1)}
        case _:
            plain = {"type": node["type"], "logical": _logical(node)}
    return plain


def _named(node: dict[str, Any], namespace: str, depth: int) -> dict[str, Any]:
    full = _full(node["name"], node.get("namespace", namespace))
    space = full.rpartition(".")[0]
    plain = {"type": node["type"], "name": f"{_ROOT}.{full}", "aliases": [f"{_ROOT}.{_full(one, space)}" for one in _aliases(node)]}
    match node["type"]:
        case "record":
            plain["fields"] = [_field(field, space, depth - 1) for field in node["fields"]]
        case "enum":
            plain |= {name: node[name] for name in ("symbols", "default") if name in node}
        case _:
            plain |= {"size": node["size"], "logical": _logical(node)}
    return plain


def _field(field: dict[str, Any], space: str, depth: int) -> dict[str, Any]:
    plain = {"name": field["name"], "type": _plain(field["type"], space, depth), "aliases": _aliases(field)}
    return plain | ({"default": field["default"]} if "default" in field else {})


def _aliases(node: dict[str, Any]) -> list[str]:
    aliases = node.get("aliases")
    return [one for one in aliases if isinstance(one, str)] if isinstance(aliases, list) else []


def _logical(node: dict[str, Any]) -> str:
    logical = node.get("logicalType")
    if not isinstance(logical, str):
        return ""
    return f"decimal({node['precision']},{node.get('scale', 0)})" if logical == "decimal" else logical


def _full(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"


# ---- what both walks say of a type


def _type(schema: Any) -> str:
    """Return a type in a few words that are the same in both languages; two types with the same words differ only within."""
    if schema.type == "union":
        branches = " | ".join(map(_type, schema.schemas))
        return branches if len(schema.schemas) > 1 else f"[{branches}]"
    name = f" {schema.fullname.removeprefix(f'{_ROOT}.')}" if schema.type in {"record", "enum", "fixed"} else ""
    size = f" of {schema.size} bytes" if schema.type == "fixed" else ""
    logical = schema.props.get("logical")
    return f"{logical} ({schema.type}{name}{size})" if logical else f"{schema.type}{name}{size}"


def _short(text: str) -> str:
    return text if len(text) <= _TEXT_MAX else f"{text[:_TEXT_MAX]}…"


def _listed(names: Iterable[str]) -> str:
    return _short(", ".join(names))


def _within(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


class _Walk:
    """What was found, and which pairs of named types were compared already."""

    def __init__(self) -> None:
        self.found: list[Difference] = []
        self._met: set[tuple[str, str]] = set()

    def say(self, place: str, en: str, zh: str) -> None:
        self.found.append(Difference(place or "schema", en, zh))

    def met(self, one: Any, two: Any) -> bool:
        """Tell whether the pair was compared before, and remember it."""
        pair = (one.fullname, two.fullname)
        met = pair in self._met
        self._met.add(pair)
        return met


class _Equality(_Walk):
    """Compares a registered schema with the one that a client has."""

    def compare(self, ours: Any, theirs: Any, place: str) -> None:
        one, two = _type(ours), _type(theirs)
        if one != two:
            one, two = _short(one), _short(two)
            self.say(place, f"registered is {one}, yours is {two}", f"登记的是 {one}，您的是 {two}")
            if not ours.type == theirs.type == "record":  # of two records under different names the fields are told too
                return
        match ours.type:
            case "record":
                if not self.met(ours, theirs):
                    self._fields(ours.fields_dict, theirs.fields_dict, place)
            case "enum":
                self._order("symbols", "枚举值", list(ours.symbols), list(theirs.symbols), place)
            case "array":
                self.compare(ours.items, theirs.items, f"{place}[]")
            case "map":
                self.compare(ours.values, theirs.values, f"{place}{{}}")
            case "union":
                for index, (branch, other) in enumerate(zip(ours.schemas, theirs.schemas, strict=True)):
                    self.compare(branch, other, f"{place}|{index}")
            case _:
                pass

    def _fields(self, ours: dict[str, Any], theirs: dict[str, Any], place: str) -> None:
        for name, field in ours.items():
            at = _within(place, name)
            if name in theirs:
                self.compare(field.type, theirs[name].type, at)
            else:
                self.say(at, "is registered, yours has no such field", "已登记，您的模式没有该字段")
        for name in theirs:
            if name not in ours:
                self.say(_within(place, name), "is not registered, yours has such a field", "未登记，您的模式却有该字段")
        if ours.keys() == theirs.keys():
            self._order("fields", "字段", list(ours), list(theirs), place)

    def _order(self, what: str, zh: str, ours: list[str], theirs: list[str], place: str) -> None:
        if ours != theirs:
            one, two = _listed(ours), _listed(theirs)
            self.say(place, f"the {what} registered are, in this order, {one}; yours are {two}", f"登记的{zh}依次为 {one}；您的为 {two}")


class _Reading(_Walk):
    """Finds what one schema does not read of records written with another."""

    def __init__(self, reads: _Side, writes: _Side) -> None:
        super().__init__()
        self._reads, self._writes = reads, writes
        self._checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]  # it has no annotations of its own

    def compare(self, reader: Any, writer: Any, place: str) -> None:
        match reader.type, writer.type:
            case _, "union":
                for index, branch in enumerate(writer.schemas):
                    self.compare(reader, branch, f"{place}|{index}")
            case "union", _:
                self._union(reader, writer, place)
            case "record", "record":
                if not self.met(reader, writer):
                    self._record(reader, writer, place)
            case "array", "array":
                self.compare(reader.items, writer.items, f"{place}[]")
            case "map", "map":
                self.compare(reader.values, writer.values, f"{place}{{}}")
            case _:
                self._leaf(reader, writer, place)

    def _union(self, reader: Any, writer: Any, place: str) -> None:
        def fitness(branch: Any) -> tuple[bool, bool]:
            verdict = self._checker.get_compatibility(branch, writer).compatibility
            return verdict is SchemaCompatibilityType.compatible, _type(branch) == _type(writer)

        best = max(reader.schemas, key=fitness)
        if any(fitness(best)):
            self.compare(best, writer, place)
        else:
            self._unread(reader, writer, place)

    def _record(self, reader: Any, writer: Any, place: str) -> None:
        if check_schema_names(reader, writer, []).incompatibilities:
            self._unread(reader, writer, place)
        for field in reader.fields:
            written = lookup_writer_field(writer, field)
            at = _within(place, field.name)
            if written is not None:
                self.compare(field.type, written.type, at)
            elif not field.has_default:
                en = f"{self._writes.en} has no such field, and in {self._reads.en} it has no default"
                self.say(at, en, f"{self._writes.zh}没有该字段，{self._reads.zh}中又无默认值")

    def _leaf(self, reader: Any, writer: Any, place: str) -> None:
        faults = self._checker.calculate_compatibility(reader, writer, []).incompatibilities
        if faults == [SchemaIncompatibilityType.missing_enum_symbols]:
            symbols = _listed(one for one in writer.symbols if one not in reader.symbols)
            en = f"{self._reads.en} lacks the symbols {symbols} of {self._writes.en}, and has no default symbol"
            self.say(place, en, f"{self._reads.zh}缺少{self._writes.zh}的枚举值 {symbols}，又无默认枚举值")
        elif faults or reader.props.get("logical", "") != writer.props.get("logical", ""):
            self._unread(reader, writer, place)

    def _unread(self, reader: Any, writer: Any, place: str) -> None:
        one, two = _short(_type(reader)), _short(_type(writer))
        en = f"{self._reads.en} has {one}, which does not read {two} of {self._writes.en}"
        self.say(place, en, f"{self._reads.zh}为 {one}，不能读取{self._writes.zh}的 {two}")
