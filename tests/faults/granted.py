"""What takers are to have of a resource, told by plain Python: fastavro reads, cel-python filters, `hmac`, Decimal and datetime mask.

Of the node only the form of a grant is known here, and the rule by which a view's secret follows from the node's.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from io import BytesIO
from typing import Any

import fastavro
import msgspec

from node.control import NewRequest
from tests.avro.ruling import Rulings, cel_value
from tests.faults.subjects import Json, inner_of, is_in, kind_of, named_in

_RULINGS = Rulings()
_SINCE = re.compile("since[0-9]+")
"""Of all fields that filters ask for, only these are not in every version."""
_CHINA = timedelta(hours=8)


class Held(msgspec.Struct, frozen=True):
    """A committed record as it stands in a topic."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class Due(msgspec.Struct, frozen=True):
    """A record that a view is to have, or has; a tombstone has no datum."""

    timestamp: int
    key: bytes | None
    datum: dict[str, Any] | None


def unpacked(value: bytes, parsed: Any) -> dict[str, Any]:
    """Return what is in a framed value, all of which must be it."""
    stream = BytesIO(value[5:])
    datum: Any = fastavro.schemaless_reader(stream, parsed, None)
    assert not stream.read(), "bytes are left behind a value"
    return dict(datum)


class Telling:
    """Tells what one view has of a resource, whose schemas stand by their ids, the newest last.

    A view's secret is the HMAC of its topic under the node's, which is given here.
    """

    def __init__(self, schemas: Mapping[int, Json], asked: NewRequest, secret: bytes, topic: str, *, is_state: bool) -> None:
        self._schemas = {number: (schema, fastavro.parse_schema(deepcopy(schema))) for number, schema in schemas.items()}
        self._asked, self._is_state = asked, is_state
        self._named = named_in(list(schemas.values())[-1])
        own = hmac.new(secret, topic.encode(), hashlib.sha256).digest()
        self._field, self._key = (hmac.new(own, use, hashlib.sha256).digest() for use in (b"field", b"key"))
        names = next(iter(schemas.values()))["key"]
        self.shows_key = all(self._is_granted(name) and name not in asked.masks for name in names)
        self._filtered: dict[bytes, bool] = {}
        self._cuts: dict[Held, Due] = {}

    def _is_granted(self, path: str) -> bool:
        return self._asked.fields is None or any(is_in(path, one) for one in self._asked.fields)

    def _read(self, value: bytes) -> tuple[Json, dict[str, Any]]:
        """Return a value's schema and what is in it."""
        schema, parsed = self._schemas[int.from_bytes(value[:5])]
        return schema, unpacked(value, parsed)

    def is_in_rows(self, value: bytes) -> bool:
        """Tell whether a record is in the view's rows."""
        if not self._asked.rows:
            return True
        if value not in self._filtered:
            _schema, datum = self._read(value)
            asks = _SINCE.findall(self._asked.rows)
            activation = {name: cel_value(one) for name, one in datum.items() if name in self._asked.rows}
            # A version that lacks a field which is asked for is in no rows, whatever stands beside it.
            self._filtered[value] = all(one in datum for one in asks) and _RULINGS.is_true(self._asked.rows, activation)
        return self._filtered[value]

    def key_of(self, key: bytes | None) -> bytes | None:
        """Return the key under which the view has a record."""
        return key if self.shows_key or key is None else hmac.new(self._key, key, hashlib.sha256).hexdigest()[:32].encode()

    def due(self, records: Sequence[Held], begin: int = 0) -> list[Due]:
        """Return what the view has of a partition, where it begins at an offset of the resource."""
        return [self._cut(one) for one in self._sent(records, begin)]

    def _sent(self, records: Sequence[Held], begin: int) -> Iterator[Held]:
        """Yield the records that are sent, those that are taken back without their value."""
        remembers = self._is_state and (bool(self._asked.rows) or self._asked.history == "from-now")
        shown = set[bytes | None]()
        for one in records:
            if one.offset < begin:
                continue
            if one.value is not None and self.is_in_rows(one.value):
                shown.add(one.key)
                yield one
            elif self._is_state and (one.key in shown if remembers else one.value is None):
                shown.discard(one.key)
                yield msgspec.structs.replace(one, value=None)

    def state(self, records: Sequence[Held], begin: int = 0) -> dict[bytes | None, dict[str, Any]]:
        """Return what the view has of a partition of state in the end, by the view's keys: nothing of its history goes into this."""
        newest = {one.key: one for one in records if one.offset >= begin}
        cuts = [self._cut(one) for one in newest.values() if one.value is not None and self.is_in_rows(one.value)]
        return {one.key: one.datum for one in cuts if one.datum is not None}

    def _cut(self, one: Held) -> Due:
        if one not in self._cuts:
            self._cuts[one] = self._cut_anew(one)
        return self._cuts[one]

    def _cut_anew(self, one: Held) -> Due:
        key = self.key_of(one.key)
        if one.value is None:
            return Due(one.timestamp, key, None)
        schema, datum = self._read(one.value)
        return Due(one.timestamp, key, self._left(schema, datum, ""))

    def _left(self, record: Json, datum: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        """Return what is granted of a record that is not granted itself."""
        found = {}
        for field in record["fields"]:
            path = prefix + field["name"]
            if self._is_granted(path):
                found[field["name"]] = self._masked(field["type"], datum[field["name"]], path)
            elif any(is_in(one, path) for one in self._asked.fields or ()):
                found[field["name"]] = self._parts(field["type"], datum[field["name"]], path)
        return found

    def _parts(self, node: Json, value: Any, path: str) -> Any:
        """Return what is granted within a place that is not granted itself."""
        node = self._resolved(node)
        if value is None:
            return None
        match kind_of(node):
            case "record":
                return self._left(node, value, f"{path}.")
            case "array":
                inner = f"{path}[]"
                return [self._one(node["items"], one, inner) for one in value]
            case kind:
                assert kind == "map"
                return {name: self._one(node["values"], one, f"{path}{{}}") for name, one in value.items()}

    def _one(self, node: Json, value: Any, path: str) -> Any:
        return self._masked(node, value, path) if self._is_granted(path) else self._parts(node, value, path)

    def _masked(self, node: Json, value: Any, path: str) -> Any:
        node = self._resolved(node)
        if value is None:
            return None
        if mask := self._asked.masks.get(path):
            return self._mask(value, *mask.partition(":")[::2])
        match kind_of(node):
            case "record":
                return {one["name"]: self._masked(one["type"], value[one["name"]], f"{path}.{one['name']}") for one in node["fields"]}
            case "array":
                return [self._masked(node["items"], one, f"{path}[]") for one in value]
            case "map":
                return {name: self._masked(node["values"], one, f"{path}{{}}") for name, one in value.items()}
            case _:
                return value

    def _resolved(self, node: Json) -> Json:
        node = inner_of(node)
        return self._named.get(node, node) if isinstance(node, str) else node

    def _mask(self, value: Any, kind: str, number: str) -> Any:
        n = int(number or 1)
        match kind:
            case "hide":
                return None
            case "keep-first":
                return value[:n] + "*" * (len(value) - n)
            case "keep-last":
                return "*" * (len(value) - n) + value[max(len(value) - n, 0) :]
            case "hmac":
                return hmac.new(self._field, str(value).encode(), hashlib.sha256).hexdigest()[:32]
            case "year":
                return (value + _CHINA).year if hasattr(value, "hour") else value.year
            case _:
                rounded = (Decimal(value) / n).quantize(Decimal(1), ROUND_HALF_UP) * n
                return type(value)(rounded)
