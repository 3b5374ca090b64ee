"""Writing wire values (see `shapes`) as Avro, in any form that the specification allows, and where each number of it stands."""

from random import Random
from typing import Any

import msgspec

from tests.avro.shapes import real_bytes


class Mark(msgspec.Struct, frozen=True):
    """A varint in what was written: `kind` is length, count, size, branch, enum or number."""

    kind: str
    start: int
    end: int


def zigzag(value: int) -> bytes:
    """Return a number of up to 64 bits as Avro writes it; beyond that too, for what no reader should take."""
    bits, groups = value << 1 if value >= 0 else (-value << 1) - 1, bytearray()
    while bits > 0x7F:
        groups.append(bits & 0x7F | 0x80)
        bits >>= 7
    groups.append(bits)
    return bytes(groups)


class Writer:
    """One value on its way to bytes. Arrays come in one block, or in several of which some say their size."""

    def __init__(self, named: dict[str, Any], rng: Random) -> None:
        self.out = bytearray()
        self.marks: list[Mark] = []
        self._named, self._rng = named, rng

    def write(self, node: Any, value: Any) -> None:
        """Append a value of a type."""
        if isinstance(node, list):
            branch, inner = value
            self._number("branch", branch)
            self.write(node[branch], inner)
            return
        node = self._named.get(node, {"type": node}) if isinstance(node, str) else node
        match node["type"]:
            case "record":
                for field in node["fields"]:
                    self.write(field["type"], value[field["name"]])
            case "array":
                self._blocks([(None, item) for item in value], node["items"])
            case "map":
                self._blocks(list(value.items()), node["values"])
            case "int" | "long":
                self._number("number", value)
            case "enum":
                self._number("enum", value)
            case "boolean":
                self.out.append(value)
            case "float" | "double" as kind:
                self.out += real_bytes(kind, value)
            case "string" | "bytes":
                content = value.encode() if isinstance(value, str) else value
                self._number("length", len(content))
                self.out += content
            case "fixed":
                self.out += value

    def _number(self, kind: str, value: int) -> None:
        start = len(self.out)
        self.out += zigzag(value)
        self.marks.append(Mark(kind, start, len(self.out)))

    def _blocks(self, items: list[tuple[Any, Any]], node: Any) -> None:
        while items:
            count = self._rng.randint(1, len(items)) if self._rng.random() < 0.3 else len(items)
            block, items = items[:count], items[count:]
            sized = self._rng.random() < 0.3
            inner = Writer(self._named, self._rng)
            for key, item in block:
                if key is not None:
                    inner.write("string", key)
                inner.write(node, item)
            self._number("count", -count if sized else count)
            if sized:
                self._number("size", len(inner.out))
            self.marks += [Mark(mark.kind, mark.start + len(self.out), mark.end + len(self.out)) for mark in inner.marks]
            self.out += inner.out
        self._number("count", 0)
