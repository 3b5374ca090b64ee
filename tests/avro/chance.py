"""Avro schemas by chance, without logical types: made, changed, and written in another way."""

from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

Json = Any


class Chance:
    """Makes schemas without logical types, and changes them."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self._names = 0

    def name(self, kind: str) -> str:
        """A name that no other type of this schema has."""
        self._names += 1
        return f"{kind}{self._names}"

    def schema(self) -> dict[str, Json]:
        """A record."""
        return self.record(0)

    def record(self, depth: int) -> dict[str, Json]:
        """A record of up to four fields, some with a default."""
        fields = [{"name": name, "type": self.type(depth + 1)} for name in "abcd"[: self.random.randint(1, 4)]]
        for one in fields:
            if one["type"] in ("int", "long") and self.random.random() < 0.5:
                one["default"] = 0
        return {"type": "record", "name": self.name("R"), "namespace": self.random.choice(("x", "y.z")), "fields": fields}

    def type(self, depth: int) -> Json:
        """Any type, deep ones seldom."""
        kinds = [self.primitive, self.primitive, self.enum, self.fixed]
        if depth < 3:
            kinds += [lambda: self.record(depth), self.union, lambda: {"type": "array", "items": self.type(depth + 1)}]
            kinds += [lambda: {"type": "map", "values": self.type(depth + 1)}]
        return self.random.choice(kinds)()

    def primitive(self) -> str:
        """A primitive type."""
        return self.random.choice(("int", "long", "float", "double", "string", "bytes", "boolean", "null"))

    def enum(self) -> Json:
        """An enum, sometimes with a default."""
        symbols = self.random.sample("PQRST", self.random.randint(1, 4))
        default = {"default": symbols[0]} if self.random.random() < 0.3 else {}
        return {"type": "enum", "name": self.name("E"), "symbols": symbols} | default

    def fixed(self) -> Json:
        """A fixed."""
        return {"type": "fixed", "name": self.name("F"), "size": self.random.randint(1, 3)}

    def union(self) -> Json:
        """A union of different types."""
        branches = self.random.sample(("null", "int", "long", "string", "double"), self.random.randint(1, 3))
        return [*branches, *([self.enum()] if self.random.random() < 0.3 else [])]

    def changed(self, schema: Json) -> Json:
        """The schema after up to three changes, each of something that stands in it."""
        schema = deepcopy(schema)
        for _ in range(self.random.randint(1, 3)):
            self._change(self.random.choice(list(nodes(schema))))
        return schema

    def _change(self, node: Json) -> None:
        match node:
            case {"type": "record", "fields": fields}:
                self._change_fields(fields)
            case {"type": "enum", "symbols": symbols}:
                spare = [one for one in "PQRST" if one not in symbols]
                if spare and self.random.random() < 0.5:
                    symbols.append(self.random.choice(spare))
                elif len(symbols) > 1:
                    symbols.pop()
            case {"type": "fixed"}:
                node["size"] = self.random.randint(1, 3)
            case {"type": "array"}:
                node["items"] = self.primitive()
            case {"type": "map"}:
                node["values"] = self.primitive()
            case list() if len(node) > 1:
                node.pop(self.random.randrange(len(node)))

    def _change_fields(self, fields: list[Json]) -> None:
        one = self.random.choice(fields)
        match self.random.randrange(6):
            case 0:
                fields.append({"name": self.name("n"), "type": "int"} | ({"default": 1} if self.random.random() < 0.5 else {}))
            case 1 if len(fields) > 1:
                fields.remove(one)
            case 2:
                one |= {"name": self.name("m"), "aliases": [one["name"]]}
            case 3:
                self.random.shuffle(fields)
            case _:
                one.pop("default", None)
                one["type"] = self.primitive() if self.random.random() < 0.5 else ["null", self.primitive_but_null()]

    def primitive_but_null(self) -> str:
        """What may stand beside null in a union."""
        return self.random.choice(("int", "long", "string", "bytes"))

    def respelled(self, schema: Json) -> Json:
        """The same schema with keys in another order, and docs, defaults, aliases and foreign properties that say nothing of bytes."""
        match schema:
            case list():
                return [self.respelled(branch) for branch in schema]
            case dict():
                pass
            case _:
                return schema if self.random.random() < 0.5 else {"type": schema, "avro.java.string": "String"}
        items = [(key, self._inner(key, value)) for key, value in schema.items() if key != "default" or "symbols" not in schema]
        items += [("doc", "说明"), ("x-owner", ["民政局"])]
        if schema["type"] in ("record", "enum", "fixed"):
            items += [("aliases", ["Old", "other.Older"])]
        self.random.shuffle(items)
        return dict(items)

    def _inner(self, key: str, value: Json) -> Json:
        match key:
            case "fields":
                return [{"doc": "字段", "type": self.respelled(one["type"]), "aliases": ["old"], "name": one["name"]} for one in value]
            case "items" | "values":
                return self.respelled(value)
        return value


def nodes(schema: Json) -> Iterator[Json]:
    """Every type that is more than a word."""
    if isinstance(schema, list):
        yield schema
        for branch in schema:
            yield from nodes(branch)
    elif isinstance(schema, dict):
        yield schema
        for one in schema.get("fields", ()):
            yield from nodes(one["type"])
        yield from nodes(schema.get("items", schema.get("values")))
