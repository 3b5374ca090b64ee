"""Schemas, views of them, values and mutants, made from a seed: what the cutting kernel is held against its reference on."""

import json
import math
from random import Random
from typing import Any

import msgspec
import numpy as np

from node.avro import layout
from node.avro.program import compile_program
from node.avro.schema import ParsedSchema, parse
from node.avro.selection import Selection
from node.avro.values import check_values
from tests.avro.cut_reference import masks, places
from tests.avro.mutants import mutant
from tests.avro.ruling import NOW_MS
from tests.avro.shapes import Draw, _record, shape
from tests.avro.writer import Writer

MASKS = ["hide", "keep-first:0", "keep-first:1", "keep-first:3", "keep-last:0", "keep-last:2", "hmac", "year"]
ROUNDS = ["round:1", "round:2", "round:7", "round:10", "round:100", "round:1000000000000"]


class CutCase(msgspec.Struct):
    """One schema with some views; of the values a gate lets all pass, of the mutants perhaps none."""

    text: str
    selections: list[Selection]
    values: list[bytes]
    mutants: list[bytes]

    @property
    def schema(self) -> dict[str, Any]:
        """The schema as it is registered."""
        return dict(json.loads(self.text))


def bare(node: Any, *drop: str) -> Any:
    """A schema without rules, and without what else is named."""
    if isinstance(node, list):
        return [bare(one, *drop) for one in node]
    if isinstance(node, dict):
        return {name: bare(one, *drop) for name, one in node.items() if name not in {"rules", *drop}}
    return node


def selection(rng: Random, parsed: Any) -> Selection:
    """A view by chance: places of all depths, masks that mostly fit."""
    found = list(places(parsed))
    fields = None if rng.random() < 0.3 else tuple({rng.choice(found)[0] for _ in range(rng.choice([1, 2, 3, 8]))})
    granted = [one for one in found if fields is None or any(one[0].startswith(field) for field in fields)]
    chosen = {}
    for path, node in rng.sample(granted, min(len(granted), rng.choice([0, 1, 2, 5]))):
        mask = rng.choice([*MASKS, *ROUNDS])
        while not masks(mask, node) and rng.random() < 0.9:
            mask = rng.choice([*MASKS, *ROUNDS])
        chosen[path] = mask
    return Selection(fields=fields, masks=chosen)


def _named_twice(rng: Random) -> tuple[list[Any], dict[str, Draw]]:
    """Fields that share a record: as it is, perhaps null, in an array."""
    node, _rules, draw = _record(rng, 2)
    name = node["name"]
    fields = [
        {"name": "one", "type": node},
        {"name": "two", "type": ["null", name]},
        {"name": "many", "type": {"type": "array", "items": name}},
    ]
    draws: dict[str, Draw] = {
        "one": draw,
        "two": lambda rng: (1, draw(rng)) if rng.random() < 0.5 else (0, None),
        "many": lambda rng: [draw(rng) for _ in range(rng.choice([0, 1, 3]))],
    }
    return fields, draws


def passing(schema: ParsedSchema, values: list[bytes]) -> list[bytes]:
    """The values whose logical types are what they claim, as a gate has seen to."""
    found = check_values(compile_program(schema), b"".join(values), np.cumsum([0, *map(len, values)]), NOW_MS).found
    return [value for value, code in zip(values, found[:, 0], strict=True) if code == layout.OK]


def cut_case(seed: int, views: int, values: int) -> CutCase:
    """The case of a seed, with as many mutants as values."""
    rng = Random(seed)
    made = shape(rng)
    schema, more, draws = bare(made.schema), *_named_twice(rng)
    if rng.random() < 0.3:
        schema["fields"] += more
    else:
        draws = {}
    parsed = parse(schema)
    written, damaged = [], []
    for _ in range(values):
        writer = Writer(parsed.named, rng)
        writer.write(parsed.avro, made.draw(rng) | {name: draw(rng) for name, draw in draws.items()})
        written.append(bytes(writer.out))
        damaged.append(mutant(written[-1], writer.marks, rng))
    selections = [selection(rng, parsed.avro) for _ in range(views)]
    return CutCase(json.dumps(schema), selections, passing(parsed, written), damaged)


WHOLE = [0, 1, -1, 3, 4, 5, -5, -4, 14, 15, 16, -14, -15, -16, 50, 500, 10**12 // 2, 3 * 10**12 // 2, 10**18]
LONGS = [
    *WHOLE,
    *(edge + step for edge in (2**63 - 1, 2**62, -(2**62)) for step in range(-12, 1)),
    *(-(2**63) + step for step in range(12)),
]
REALS = [
    0.0,
    0.5,
    1.5,
    2.5,
    3.5,
    0.3,
    0.49999999999999994,
    4999.5,
    1e12 / 2,
    2.0**52 + 0.5,
    2.0**53 - 1,
    2.0**53,
    2.0**53 + 2,
    2.0**60 + 256,
]
REALS += [float(2**70 + 2**20), 1e30, 1.7976931348623157e308, float("inf"), float("nan"), 5e-324]
TEXTS = ["", "a", "ab", "张三", "张三丰", "é߿ࠀ￿𝄞😀", "\x00", "*", *("x" * length for length in (54, 55, 56, 57, 63, 64, 65, 119, 120, 200))]
DAYS = [
    0,
    -1,
    -719_162,
    2_932_896,
    *(day + step for day in (-141_427, 10_957, 19_723, 47_482) for step in (-1, 0, 1, 58, 59, 60, 364, 365)),
]
ZONE_MS = [0, -1, 1, -28_800_000, -28_800_001, -28_799_999, 86_399_999]
UUID = "0aB9zZ8c-00FF-4abc-8DEF-0123456789aB".replace("z", "d").replace("Z", "D")


def _decimal(number: int) -> bytes:
    return number.to_bytes((number if number >= 0 else ~number).bit_length() // 8 + 1, "big", signed=True)


def _edges() -> list[tuple[Any, list[str], list[Any]]]:
    """Types, masks of them, and values at their edges."""
    numbers = [sign * number for number in (0, 49, 50, 51, 127, 128, 149, 150, 32_767, 32_768, 10**12 // 2, 10**18 - 1) for sign in (1, -1)]
    padded = [(b"\xff" if number < 0 else b"\x00") * 9 + _decimal(number) for number in numbers]
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2}
    moments = [
        day * 86_400_000 + step
        for day in DAYS[1:]
        for step in ZONE_MS
        if -719_162 <= day < 2_932_896 and day * 86_400_000 + step >= -62_135_596_800_000
    ]
    cuts = [f"keep-{side}:{n}" for side in ("first", "last") for n in (0, 1, 2, 3, 1000)]
    return [
        ("int", ["hmac", "hide", *ROUNDS[1:]], [*(one for one in WHOLE if one < 2**31), 2**31 - 1, -(2**31)]),
        ("long", ["hmac", "hide", *ROUNDS[1:]], LONGS),
        *(
            (
                kind,
                ROUNDS,
                [sign * one for one in REALS if kind == "double" or abs(one) < 1e38 or not math.isfinite(one) for sign in (1, -1)],
            )
            for kind in ("double", "float")
        ),
        (decimal, ["round:1", "round:5", "round:1000000000000", "hide"], [*map(_decimal, numbers), *padded]),
        ("string", ["hmac", "hide", *cuts], TEXTS),
        ({"type": "string", "logicalType": "uuid"}, ["hmac", "hide"], [UUID, UUID.lower(), UUID.upper()]),
        ({"type": "int", "logicalType": "date"}, ["year", "hide"], DAYS),
        *(({"type": "long", "logicalType": name + "timestamp-millis"}, ["year"], moments) for name in ("", "local-")),
        *(
            ({"type": "long", "logicalType": name + "timestamp-micros"}, ["year"], [one * 1000 for one in moments])
            for name in ("", "local-")
        ),
    ]


def cut_edges() -> list[CutCase]:
    """Each mask at the edges of its types: of a value that is there, that may be null in either order, and of the items of an array."""
    found: list[CutCase] = []
    for node, chosen, values in _edges():
        fields = [
            {"name": "a", "type": node},
            {"name": "b", "type": ["null", node]},
            {"name": "c", "type": [node, "null"]},
            {"name": "d", "type": {"type": "array", "items": {"type": "record", "name": "I", "fields": [{"name": "x", "type": node}]}}},
        ]
        parsed, rng = parse({"type": "record", "name": "Root", "fields": fields}), Random(len(found))
        written: list[bytes] = []
        for value in values:
            items = [{"x": rng.choice(values)} for _ in range(rng.randrange(4))]
            writer = Writer(parsed.named, rng)
            writer.write(parsed.avro, {"a": value, "b": (1, value), "c": rng.choice([(0, value), (1, None)]), "d": items})
            written.append(bytes(writer.out))
        selections = [Selection(masks=dict.fromkeys(("a", "b", "c", "d[].x"), mask)) for mask in chosen]
        selections.append(Selection(fields=("b", "d[].x"), masks={"b": chosen[0]}))
        text = json.dumps({"type": "record", "name": "Root", "fields": fields})
        found.append(CutCase(text, selections, written, []))
        assert passing(parsed, written) == written
    return found
