"""Inboxes made from a seed: a resource with one to three schemas, and batches that came together, most of their records good."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec
from aiokafka.partitioner import murmur2

from node.avro.schema import ParsedSchema, parse
from node.transform import Write
from node.transform.gate import Gate, open_gate
from tests.avro.corpus import named
from tests.avro.mutants import mutant
from tests.avro.reference import read
from tests.avro.ruling import NOW_MS
from tests.avro.shapes import Draw, shape, words
from tests.avro.writer import Mark, Writer
from tests.transform.oracle import AHEAD_MS, GateRulings, Resource
from tests.transform.wire import CODECS, OFFSET, RESOURCE, Row, batch, body, sealed, section, write

ROOM_BYTES = 256 * 1024
"""What is unfolded at most where thousands of garbled sections are tried: each would be given 64 MiB of room in the end."""
_VALUES = 40
_ENUM = {"type": "enum", "name": "Kind", "symbols": ["A", "BB", "C_C"]}
_UUIDS = ["0188f4a0-1234-4abc-8def-0123456789ab", "0188F4A0-1234-4ABC-8DEF-0123456789AB"]
_KEY_FIELDS: list[tuple[str, Any, Draw]] = [
    ("code", "string", lambda rng: rng.choice([words(rng), f"{rng.randrange(10**6):06}", f"{rng.randrange(40)}"])),
    ("number", "long", lambda rng: rng.choice([0, -1, 2**63 - 1, -(2**63), rng.randrange(10**6)])),
    ("day", {"type": "int", "logicalType": "date"}, lambda rng: rng.randrange(-700_000, 2_900_000)),
    ("kind", _ENUM, lambda rng: rng.randrange(3)),
    ("id", {"type": "string", "logicalType": "uuid"}, lambda rng: rng.choice(_UUIDS)),
    ("short", "int", lambda rng: rng.choice([0, 7, -(2**31), 2**31 - 1])),
]
_PATTERNS = ["[A-Z]{2}[0-9]+", "[^0-9]*", "(a|b|张)*"]
_TEXTS = ["AB12", "", "ab", "张a", "7", "AB12\n", "A1"]
_STAMPS = [0, NOW_MS + AHEAD_MS, NOW_MS + AHEAD_MS + 1, -1, -(2**40), 2**62, -(2**63), 2**63 - 1]
_CONTEXT = ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
_HEADERS: list[tuple[tuple[str, bytes | None], ...]] = [
    (_CONTEXT,),
    (_CONTEXT, ("tracestate", b"x" * 512)),
    (("tracestate", None),),
    (("tracestate", b"x" * 513),),
    (("__value_schema_id", b"\0\0\0\7"),),
    (("exchange.form", b"batch"), ("exchange.reason", b"forged")),
    (("tracestatf", b""), _CONTEXT),
    (("traceparenu", b""),),
    (("", b""), ("名", b"x")),
]


class Value(msgspec.Struct):
    """A value, where its numbers stand, its key, and whether all rules hold and the key belongs to the partition."""

    content: bytes
    marks: list[Mark]
    key: bytes | None
    good: bool


class Kept(msgspec.Struct):
    """A schema with values, drawn once: those that are good are used again and again."""

    number: int
    schema: ParsedSchema
    values: list[Value]


class Inbox(msgspec.Struct):
    """An inbox's partition, its gate, and batches that came together."""

    resource: Resource
    gate: Gate
    partition: int
    raws: list[Write]


class _Maker:
    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.is_state = rng.random() < 0.4
        keyed = self.is_state or rng.random() < 0.85
        self.partitions = rng.choice([1, 1, 2, 3, 6])
        self.partition = rng.randrange(self.partitions)
        made = [self._schema(keyed=keyed) for _ in range(rng.choice([1, 1, 2, 3]))]
        texts = [json.dumps(one) for one in named([schema for schema, _draw in made])]
        numbers = rng.sample(range(1, 2**31), len(made))
        self.texts = dict(zip(numbers, texts, strict=True))
        self._rulings = GateRulings()
        self.kept = []
        for (number, text), (_schema, draw) in zip(self.texts.items(), made, strict=True):
            schema = parse(json.loads(text))
            self.kept.append(Kept(number, schema, [self._value(schema, draw) for _ in range(_VALUES)]))

    def _schema(self, *, keyed: bool) -> tuple[dict[str, Any], Draw]:
        rng, inner = self.rng, shape(self.rng)
        names = rng.sample(_KEY_FIELDS, rng.choice([1, 1, 1, 2, 3])) if keyed else []
        fields = [{"name": name, "type": kind} for name, kind, _draw in names]
        draws: list[tuple[str, Draw]] = [(name, draw) for name, _kind, draw in names]
        for number in range(rng.choice([0, 0, 1, 2])):
            rule = {"rule": "pattern", "pattern": rng.choice(_PATTERNS)} | ({"severity": "warn"} if rng.random() < 0.5 else {})
            nullable = rng.random() < 0.5
            kind: Any = ["null", "string"] if nullable else "string"
            fields.append({"name": f"p{number}", "type": kind, "rules": [rule]})
            draws.append((f"p{number}", _nullable_text if nullable else lambda rng: rng.choice(_TEXTS)))
        schema = inner.schema | {"fields": [*inner.schema["fields"], *fields]} | ({"key": [name for name, *_ in names]} if keyed else {})
        if rng.random() < 0.7:  # seldom fulfilled by chance, and slow to judge in Python
            schema.pop("rules", None)
        return schema, lambda rng: inner.draw(rng) | {name: draw(rng) for name, draw in draws}

    def gate(self) -> Gate:
        return open_gate(resource=RESOURCE, schemas=self.texts, partitions=self.partitions, is_state=self.is_state, batch_bytes_max=1 << 20)

    def row(self) -> Row:
        """Return a record, most often a good one."""
        rng, kept = self.rng, self.rng.choice(self.kept)
        good = [value for value in kept.values if value.good]
        value = rng.choice(good if good and rng.random() < 0.9 else kept.values)
        timestamp = NOW_MS - rng.randrange(10**7)
        found = Row(timestamp, value.key, b"\0" + kept.number.to_bytes(4) + value.content)
        if rng.random() < 0.85:
            return found
        wrong = rng.choice(_WRONGS)(found, rng)
        if wrong is not None:
            return wrong
        return msgspec.structs.replace(found, value=b"\0" + kept.number.to_bytes(4) + mutant(value.content, value.marks, rng))

    def _value(self, schema: ParsedSchema, draw: Draw) -> Value:
        writer = Writer(schema.named, self.rng)
        writer.write(schema.avro, draw(self.rng))
        content = bytes(writer.out)
        reading = read(schema.avro, schema.named, content, self._rulings)
        texts = [str(reading.datum[name]) for name in schema.key] if reading.datum else []
        key = "\x1f".join(texts).encode() if texts else None
        placed = key is None or (murmur2(key) & 0x7FFFFFFF) % self.partitions == self.partition
        return Value(content, writer.marks, key, reading.verdict is None and placed)

    def batch(self, offset: int, sizes: list[int]) -> bytearray:
        """Return a batch of records, most often a sound one."""
        rng = self.rng
        rows = [self.row() for _ in range(rng.choice(sizes))]
        base = rows[0].timestamp if rng.random() < 0.93 else rng.choice(_STAMPS)
        bodies = [body(number, row, base=base) for number, row in enumerate(rows)]
        if rng.random() < 0.2:
            self._damage(bodies)
        content, codec = section(bodies), rng.choice(CODECS)
        if rng.random() < 0.5:  # as the broker of an inbox leaves it
            return batch(content, len(rows), codec=codec, base=base, latest=NOW_MS + 77, offset=offset, append_time=True)
        latest = max(row.timestamp for row in rows)
        return batch(content, len(rows), codec=codec, base=base, latest=latest, offset=offset)

    def _damage(self, bodies: list[bytes]) -> None:
        """Garble some records within their lengths."""
        rng = self.rng
        for number in rng.sample(range(len(bodies)), max(1, len(bodies) // 10)):
            bodies[number] = mutant(bodies[number], [], rng) or b"\0"


def _nullable_text(rng: Random) -> Any:
    return (0, None) if rng.random() < 0.3 else (1, rng.choice(_TEXTS))


_WRONGS: list[Callable[[Row, Random], Row | None]] = [
    lambda row, rng: msgspec.structs.replace(
        row, key=rng.choice([None, b"", b"x", b"\xff", (row.key or b"") + b"\0", (row.key or b"")[:-1]])
    ),
    lambda row, rng: msgspec.structs.replace(row, headers=rng.choice(_HEADERS)),
    lambda row, rng: msgspec.structs.replace(row, timestamp=rng.choice(_STAMPS)),
    lambda row, rng: msgspec.structs.replace(
        row, value=rng.choice([b"", b"\0\0\0\0", b"\1" + (row.value or b"")[1:], (row.value or b"")[1:]])
    ),
    lambda row, rng: msgspec.structs.replace(row, value=b"\0" + rng.randbytes(4) + (row.value or b"")[5:]),
    lambda row, rng: msgspec.structs.replace(row, value=None, key=rng.choice([row.key, None, b"", b"\xff\xfe"])),
    lambda _row, _rng: None,
    lambda _row, _rng: None,
]


def inbox(seed: int, *, batches: int = 4, sizes: tuple[int, ...] = (1, 3, 12, 20, 110)) -> Inbox:
    """Return the inbox of a seed, with at most so many batches, each of one of these sizes."""
    rng = Random(seed)
    maker = _Maker(rng)
    raws, offset = [], OFFSET
    for _ in range(rng.randint(1, batches)):
        data = maker.batch(offset, list(sizes))
        raws.append(write(data, before=rng.randbytes(rng.randrange(99)), behind=rng.randbytes(rng.randrange(99))))
        offset = raws[-1].header.next_offset
    resource = Resource({kept.number: kept.schema for kept in maker.kept}, maker.partitions, maker.is_state)
    return Inbox(resource, maker.gate(), maker.partition, raws)


def damaged(raw: Write, content: bytes, rng: Random) -> Write:
    """Return a batch whose section is damaged before it is compressed, or behind; then it is sealed again."""
    header = raw.header
    told: Any = {"base": header.base_timestamp, "latest": header.max_timestamp, "offset": header.base_offset}
    count = header.count if rng.random() < 0.9 else rng.choice([0, 1, header.count + 1, header.count - 1, 2**31 - 1])
    count = max(count, 1)
    if rng.random() < 0.8:
        return write(batch(mutant(content, [], rng), count, codec=rng.choice(CODECS), **told))
    packed = bytes(raw.data[raw.start + 61 : raw.start + header.size])
    return write(sealed(mutant(packed, [], rng), count, codec=header.codec, **told))
