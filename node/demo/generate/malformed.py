"""Malformed records: values that are no Avro of their schema, damaged at one known place.

The words are those of `node.avro.program` (truncated, length-prefix, varint, utf8, boolean, enum, trailing); `schema-id` and `frame` stand for
the five bytes before the Avro. Only leaves at the top of the record are damaged: its fields are written one by one, and one is changed.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from node.avro import frame_header
from node.avro.encoder import Write, encoder, varint
from node.demo.generate.dice import Dice
from node.demo.generate.source import Source

Why = tuple[str, str]

_TRAILING_BYTES_MAX = 8
_ENDLESS = b"\xff" * 10 + b"\x01"
"""A variable-length number that goes on beyond its 64 bits."""
_TEXTS, _INTEGERS, _ENDING = ("string", "bytes"), ("int", "long"), {"truncated", "length-prefix"}
_LEAVES = (*_TEXTS, *_INTEGERS, "boolean", "float", "double", "fixed", "enum")


class _Field(msgspec.Struct, frozen=True):
    name: str
    write: Write
    kind: str
    """Avro's type; empty for a union of several"""
    branch_bytes: int
    """before the value, to say which branch of a union it is"""
    symbols: int


class _Flaw(msgspec.Struct, frozen=True):
    """What can be damaged: a kind of leaf, in values that are there (a null has no content), and how its bytes change."""

    kinds: tuple[str, ...]
    change: Callable[[bytes, _Field], bytes]
    content: bool = True


_FLAWS: dict[str, _Flaw] = {
    "truncated": _Flaw(_LEAVES, lambda _part, _field: b"", content=False),
    "length-prefix": _Flaw(_TEXTS, lambda part, _field: part[:-1]),
    "varint": _Flaw(_INTEGERS, lambda part, field: part[: field.branch_bytes] + _ENDLESS),
    "utf8": _Flaw(("string",), lambda part, _field: part[:-1] + b"\xff"),
    "boolean": _Flaw(("boolean",), lambda part, _field: part[:-1] + b"\x02"),
    "enum": _Flaw(("enum",), lambda part, field: part[: field.branch_bytes] + varint(2 * field.symbols)),
}
_WORDS = (*_FLAWS, "trailing", "schema-id", "frame")


def malforming(source: Source) -> Callable[[Dice, dict[str, Any]], tuple[bytes, Why]]:
    """Return the function from a record to a framed value that is damaged, and what is wrong with it."""
    fields = [_field(field, source) for field in source.schema.fields]
    header = frame_header(source.schema_id)

    def damage(dice: Dice, datum: dict[str, Any]) -> tuple[bytes, Why]:
        parts = [field.write(datum) for field in fields]
        word = dice.pick(_WORDS)
        places = [at for at, field in enumerate(fields) if word in _FLAWS and _can(_FLAWS[word], field, datum[field.name], parts[at])]
        if places:
            at = dice.pick(places)
            changed = _FLAWS[word].change(parts[at], fields[at])
            rest = [] if word in _ENDING else parts[at + 1 :]
            return header + b"".join([*parts[:at], changed, *rest]), (fields[at].name, word)
        whole = b"".join(parts)
        match word:
            case "schema-id":
                return frame_header(source.schema_id ^ 1 << dice.below(31)) + whole, ("", word)
            case "frame":
                return bytes((dice.between(1, 255),)) + header[1:] + whole, ("", word)
        return header + whole + bytes(dice.below(256) for _ in range(dice.between(1, _TRAILING_BYTES_MAX))), ("", "trailing")

    return damage


def _can(flaw: _Flaw, field: _Field, value: Any, part: bytes) -> bool:
    """Tell whether a field can have a flaw: of a text, its last byte must be content and not its length."""
    if field.kind not in flaw.kinds:
        return False
    return not flaw.content or (value is not None and (field.kind not in _TEXTS or len(part) > field.branch_bytes + 1))


def _field(field: Mapping[str, Any], source: Source) -> _Field:
    named = source.schema.named
    write = encoder({"fields": [field]}, named)
    node, branch_bytes = field["type"], 0
    if isinstance(node, list):
        others = [branch for branch in node if branch != "null"]
        node, branch_bytes = (others[0], 1) if len(others) == 1 else ({"type": ""}, 0)
    node = named.get(node, {"type": node}) if isinstance(node, str) else node
    kind = node["type"] if isinstance(node["type"], str) else ""
    return _Field(field["name"], write, kind, branch_bytes, len(node.get("symbols", ())))
