"""What a gate should make of a batch, told by plain Python: Kafka's layout from its documentation, Avro and rules by the kernel's own judge.

Keys are placed by aiokafka's murmur2, values and rules read by `tests.avro.reference`, expressions by cel-python. Nothing of `node` takes part
but the parsed form of a schema, which fastavro made.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
from aiokafka.partitioner import murmur2

from node.avro.schema import ParsedSchema
from tests.avro.reference import Reading, read
from tests.avro.ruling import NOW_MS, Rulings
from tests.transform.wire import Row

AHEAD_MS = 3_600_000
ALLOWED = {"traceparent", "tracestate"}


class Refused(msgspec.Struct, frozen=True):
    """Why a record does not pass: a word, the field's path and the rule's message where there is one."""

    word: str
    field: str = ""
    message: str = ""


class Judged(msgspec.Struct, frozen=True):
    """A record: its bytes, length included, what is in it (None: nothing that could be read), why it is refused, which rules it only breaks."""

    raw: bytes
    row: Row | None
    why: Refused | None
    warned: frozenset[str] = frozenset()


class Resource(msgspec.Struct):
    """A resource as its gate knows it; the newest schema stands last."""

    schemas: dict[int, ParsedSchema]
    partitions: int
    is_state: bool


class GateRulings(Rulings):
    """The rules, and patterns by Python's `re`, which may be left out: the kernel's rules come first."""

    patterns = True

    def holds(self, rule: dict[str, Any], value: Any) -> bool:
        """Tell whether a rule holds."""
        if rule["rule"] != "pattern":
            return super().holds(rule, value)
        return not self.patterns or re.fullmatch(rule["pattern"], value, re.ASCII | re.DOTALL) is not None


class _Cut(Exception):
    """The bytes are no record."""


class _Cursor:
    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def varint(self, bits: int) -> int:
        value = shift = 0
        while True:
            if self.at >= len(self.data) or shift >= (35 if bits == 32 else 70):
                raise _Cut
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if value >> bits:
            raise _Cut
        return (value >> 1) ^ -(value & 1)

    def take(self, size: int) -> bytes:
        if not 0 <= size <= len(self.data) - self.at:
            raise _Cut
        self.at += size
        return self.data[self.at - size : self.at]

    def nullable(self) -> bytes | None:
        size = self.varint(32)
        return None if size < 0 else self.take(size)


def split(section: bytes, count: int) -> list[tuple[bytes, bytes]] | None:
    """Return the records of a section, with and without their lengths; None where these do not add up to it."""
    cursor, found = _Cursor(section), []
    try:
        for _ in range(count):
            start, size = cursor.at, cursor.varint(32)
            if size < 1:
                return None
            body = cursor.take(size)
            found.append((section[start : cursor.at], body))
    except _Cut:
        return None
    return found if cursor.at == len(section) else None


def parse(body: bytes, number: int, base: int) -> Row | None:
    """Return a record's row, None where its bytes are no record as clients write them at that place."""
    cursor = _Cursor(body, 1)
    try:
        delta, place = cursor.varint(64), cursor.varint(32)
        key, value = cursor.nullable(), cursor.nullable()
        count = cursor.varint(32)
        if body[0] or place != number or not 0 <= count <= 10_000:
            return None
        headers = []
        for _ in range(count):
            name = cursor.take(cursor.varint(32)).decode()
            headers.append((name, cursor.nullable()))
    except (_Cut, UnicodeDecodeError):
        return None
    return Row(base + delta, key, value, tuple(headers)) if cursor.at == len(body) else None


class Oracle:
    """Judges records of one resource's inbox."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self._rulings = GateRulings()

    def judge(self, section: bytes, count: int, *, base: int, partition: int) -> list[Judged] | None:
        """Judge the records of a section; None where it cannot be opened."""
        bodies = split(section, count)
        if bodies is None:
            return None
        return [self._record(raw, parse(body, number, base), partition) for number, (raw, body) in enumerate(bodies)]

    def _record(self, raw: bytes, row: Row | None, partition: int) -> Judged:
        if row is None:
            return Judged(raw, None, Refused("garbled"))
        why, warned = self._why(row, partition)
        return Judged(raw, row, why, warned if why is None else frozenset())

    def _why(self, row: Row, partition: int) -> tuple[Refused | None, frozenset[str]]:
        nothing: frozenset[str] = frozenset()
        if any(name not in ALLOWED or len(value or b"") > 512 for name, value in row.headers):
            return Refused("header"), nothing
        if not 0 <= row.timestamp <= NOW_MS + AHEAD_MS:
            return Refused("timestamp"), nothing
        if row.value is not None:
            return self._of_value(row.key or b"", row.value, partition)
        if not self._resource.is_state:
            return Refused("no-value"), nothing
        return self._place(row.key or b"", partition) if self._newest.key else None, nothing

    def _of_value(self, key: bytes, value: bytes, partition: int) -> tuple[Refused | None, frozenset[str]]:
        """Judge a value, then its key, then its patterns, which cost most."""
        schema = self._resource.schemas.get(int.from_bytes(value[1:5])) if len(value) >= 5 and value[0] == 0 else None
        if schema is None:
            return Refused("no-frame" if len(value) < 5 or value[0] else "schema"), frozenset()
        reading, patterned = self._read(schema, value[5:])
        why = _refused(reading)
        if why is None and not _fits(key, schema, reading.datum):
            why = Refused("no-key" if schema.key and not key else "key")
        if why is None and schema.key:
            why = self._place(key, partition)
        return why or _refused(patterned), frozenset(patterned.warned)

    def _place(self, key: bytes, partition: int) -> Refused | None:
        if not key:
            return Refused("no-key")
        try:
            key.decode()
        except UnicodeDecodeError:
            return Refused("key-text")
        return None if (murmur2(key) & 0x7FFFFFFF) % self._resource.partitions == partition else Refused("partition")

    @property
    def _newest(self) -> ParsedSchema:
        return list(self._resource.schemas.values())[-1]

    def _read(self, schema: ParsedSchema, value: bytes) -> tuple[Reading, Reading]:
        """Read a value without patterns, and with them."""
        self._rulings.patterns = False
        reading = read(schema.avro, schema.named, value, self._rulings)
        self._rulings.patterns = True
        return reading, read(schema.avro, schema.named, value, self._rulings)


def _refused(reading: Reading) -> Refused | None:
    return None if reading.verdict is None else Refused(reading.verdict[1], reading.verdict[0], reading.verdict[2])


def _fits(key: bytes, schema: ParsedSchema, datum: Mapping[str, Any]) -> bool:
    """Tell whether a key is the text of the key fields, joined by U+001F; none is where a part is empty or holds it."""
    parts = [str(datum[name]) for name in schema.key]
    if not all(parts) or (len(parts) > 1 and any("\x1f" in part for part in parts)):
        return False
    return key == "\x1f".join(parts).encode()


def warnings(schemas: Mapping[int, ParsedSchema], judged: list[Judged]) -> Counter[str]:
    """Return how often each rule that only warns was broken by what passed, by the rule's name."""
    named: dict[str, str] = {}
    for schema in schemas.values():
        _collect(schema.avro, named)
        for node in schema.named.values():
            _collect(node, named)
    return Counter(named[message] for one in judged for message in one.warned)


def _collect(node: Any, named: dict[str, str]) -> None:
    """Put the names of all rules of a schema by their messages."""
    if isinstance(node, list):
        for item in node:
            _collect(item, named)
    elif isinstance(node, dict):
        if "rule" in node:
            named[node["message"]["en"]] = node["rule"]
        for key, item in node.items():
            if key != "__named_schemas":
                _collect(item, named)
