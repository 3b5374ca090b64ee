"""What a schema says of its fields to people: the data items of a catalogue item (State Council Decree 809, Art. 13).

Each has a name, a type in few words, a title, a meaning and a grade. They are read where they stand already: the meaning is the field's
`doc`; its title is the property `title`, or else the first clause of the doc, in each of its languages; its grade is the property `grade`
of the field, or else of the nearest record, array or field around it.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from node.avro.check import PLACES_MAX

_CLAUSE = re.compile(r"[。，：；（,:;]|\.(?=\s|$)| \(")
_BETWEEN = " / "


class DataItem(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a record; `name` is its path, as in `holder.street` and `files[].name`. What the schema does not tell is empty."""

    name: str
    type: str
    title: str = ""
    meaning: str = ""
    grade: str = ""


def data_items(schema: dict[str, Any]) -> tuple[DataItem, ...]:
    """Return the data items of a schema (decoded JSON) that `parse` takes, the parts of a record after the record itself, in order.

    Named types count wherever they are named: there are as many items as a schema has places, at most PLACES_MAX.
    """
    return tuple(islice(_Walk().of(schema, "", "", ""), PLACES_MAX))


def in_words(avro: Any) -> str:
    """Return an Avro type in few words: `null | string`, `date (int)`, `array of string`, an enum's symbols."""
    match avro:
        case str():
            told = avro
        case list():
            told = " | ".join(in_words(branch) for branch in avro)
        case {"type": base, "logicalType": logical}:
            told = f"{logical} ({in_words(base)})"
        case {"type": "array", "items": inner} | {"type": "map", "values": inner}:
            told = f"{avro['type']} of {in_words(inner)}"
        case {"type": "enum", "symbols": list(symbols)}:
            told = "enum " + "|".join(map(str, symbols))
        case {"type": "record" | "fixed" as base, "name": name}:
            told = f"{base} {name}"
        case {"type": base}:
            told = in_words(base)
        case _:
            told = "?"
    return told


def title_of(node: dict[str, Any]) -> str:
    """Return the title of a schema or field: the property `title`, or else the first clause of its doc in each language."""
    title = _text(node, "title")
    return title or _BETWEEN.join(_CLAUSE.split(part, maxsplit=1)[0].strip() for part in _text(node, "doc").split(_BETWEEN, 1))


class _Walk:
    """Knows the named types met so far, by their full names (Avro specification 1.12, "Names")."""

    def __init__(self) -> None:
        self._named: dict[str, tuple[Any, str]] = {}

    def of(self, node: Any, path: str, grade: str, space: str) -> Iterator[DataItem]:
        """Yield the data items below a type; `grade` and `space`, a namespace, are those of what stands around it."""
        match node:
            case str():
                named, space = self._named.get(_full(node, space), (None, ""))
                yield from self.of(named, path, grade, space)
            case list():
                for branch in node:
                    yield from self.of(branch, path, grade, space)
            case {"type": "record", "name": name, "fields": fields}:
                full = _full(name, node.get("namespace", space))
                self._named[full] = (node, space)
                for field in fields:
                    yield from self._field(field, path, _text(node, "grade") or grade, full.rpartition(".")[0])
            case {"items": inner}:
                yield from self.of(inner, f"{path}[]", _text(node, "grade") or grade, space)
            case {"values": inner}:
                yield from self.of(inner, f"{path}{{}}", _text(node, "grade") or grade, space)
            case _:
                pass

    def _field(self, field: dict[str, Any], path: str, grade: str, space: str) -> Iterator[DataItem]:
        name = f"{path}.{field['name']}" if path else str(field["name"])
        grade = _text(field, "grade") or grade
        yield DataItem(name=name, type=in_words(field["type"]), title=title_of(field), meaning=_text(field, "doc"), grade=grade)
        yield from self.of(field["type"], name, grade, space)


def _full(name: str, space: str) -> str:
    return name if "." in name or not space else f"{space}.{name}"


def _text(node: dict[str, Any], name: str) -> str:
    """Return a property that is a text; of any other kind it tells people nothing."""
    found = node.get(name)
    return found if isinstance(found, str) else ""
