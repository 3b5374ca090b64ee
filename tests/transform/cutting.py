"""A resource of licences in three versions, its views, and what they have of a record, told by plain Python."""

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from io import BytesIO
from random import Random
from typing import Any

import fastavro
import msgspec

from node.avro.deriving import derive
from node.avro.selection import Selection, read_mask
from node.model.names import Topic, view_topic
from node.transform.view import Views, ViewSpec, open_views
from tests.transform.wire import RESOURCE, Row

SECRET = bytes(range(32))
_HOLDER = {
    "type": "record",
    "name": "Holder",
    "fields": [
        {"name": "name", "type": "string", "rules": [{"rule": "length", "max": 50}]},
        {"name": "street", "type": ["null", "string"], "default": None},
        {"name": "born", "type": [{"type": "int", "logicalType": "date"}, "null"], "default": 0},
    ],
}
_FIRST: list[dict[str, Any]] = [
    {"name": "code", "type": "string"},
    {"name": "age", "type": "int"},
    {"name": "place", "type": ["null", "string"], "default": None},
    {"name": "day", "type": {"type": "int", "logicalType": "date"}},
]
_SECOND: list[dict[str, Any]] = [
    {"name": "holder", "type": _HOLDER, "default": {"name": "", "street": None, "born": 0}},
    {"name": "tags", "type": {"type": "array", "items": "string"}, "default": []},
    {"name": "paid", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}, "default": "\x00"},
]
_THIRD: list[dict[str, Any]] = [
    {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "BB", "C_C"]}, "default": "A"},
    {"name": "extra", "type": {"type": "map", "values": ["null", "string"]}, "default": {}},
    {"name": "level", "type": ["null", "long"], "default": None},
]
VERSIONS: dict[int, dict[str, Any]] = {
    number: {"type": "record", "name": "Licence", "namespace": "cn.gov", "key": ["code"], "fields": fields}
    for number, fields in ((5, _FIRST), (2**31 - 1, _FIRST + _SECOND), (1_000_000, _FIRST + _SECOND + _THIRD))
}
"""Schemas by id, the newest last."""
NEWEST = list(VERSIONS)[-1]
_VIEW_IDS = 7
"""What a view's schema id is greater by than the resource's."""
_EPOCH = date(1970, 1, 1)


def spec(number: int = 0, *, from_now: bool = False, secret: bytes | None = None, **selection: Any) -> ViewSpec:
    """Return a view of some fields, rows and masks."""
    return ViewSpec(
        topic=topic(number),
        selection=Selection(**selection),
        from_now=from_now,
        schemas={one: (one + _VIEW_IDS) % 2**31 for one in VERSIONS},
        secret=SECRET[:31] + bytes((number,)) if secret is None else secret,
    )


def topic(number: int) -> Topic:
    """Return the topic of a view."""
    return view_topic(RESOURCE, f"{number:012x}")


def opened_views(*specs: ViewSpec, versions: int = 3, is_state: bool = True, batch_bytes_max: int = 1 << 20) -> Views:
    """Return views of the resource in its first versions."""
    schemas = {number: json.dumps(schema) for number, schema in list(VERSIONS.items())[:versions]}
    return open_views(resource=RESOURCE, schemas=schemas, is_state=is_state, batch_bytes_max=batch_bytes_max, views=specs)


# ---- records


@cache
def _written(number: int) -> Any:
    return fastavro.parse_schema(VERSIONS[number])


def value(datum: Mapping[str, Any], number: int) -> bytes:
    """Return a framed value of a version."""
    out = BytesIO()
    fastavro.schemaless_writer(out, _written(number), dict(datum))
    return number.to_bytes(5) + out.getvalue()


def licence(code: str, number: int = NEWEST, **fields: Any) -> dict[str, Any]:
    """Return a licence that has all fields of its version."""
    whole = {
        "code": code,
        "age": 30,
        "place": "潮州湘桥",
        "day": date(2020, 5, 17),
        "holder": {"name": "王小明", "street": "太平街道", "born": date(1980, 2, 29)},
        "tags": ["one", "two"],
        "paid": Decimal("1234.56"),
        "kind": "BB",
        "extra": {"k": "v", "n": None},
        "level": 7,
    }
    return {field["name"]: fields.get(field["name"], whole[field["name"]]) for field in VERSIONS[number]["fields"]}


def row(code: str, number: int = NEWEST, *, at: int = 0, **fields: Any) -> Row:
    """Return the record of a licence."""
    return Row(1_767_225_600_000 + at, code.encode(), value(licence(code, number, **fields), number))


def gone(code: str, *, at: int = 0) -> Row:
    """Return the tombstone of a licence."""
    return Row(1_767_225_600_000 + at, code.encode(), None)


class Maker:
    """Licences made from dice: each text occurs once, so that whoever finds it knows where it came from."""

    def __init__(self, rng: Random, codes: int = 12) -> None:
        self.rng = rng
        self._codes = [self._text(9) for _ in range(codes)]

    def _text(self, most: int) -> str:
        return "".join(self.rng.choices("abcdefghijkmnpqrstuvwxyz湘桥太平磷溪官塘", k=self.rng.randrange(6, most + 6)))

    def _maybe(self, found: Any) -> Any:
        return None if self.rng.random() < 0.25 else found

    def _day(self) -> date:
        return _EPOCH + timedelta(days=self.rng.randrange(-30_000, 30_000))

    def datum(self, number: int) -> dict[str, Any]:
        """Return a licence of a version."""
        rng = self.rng
        return licence(
            rng.choice(self._codes),
            number,
            age=rng.choice([0, -1, 17, 18, 60, 2**31 - 1, -(2**31), rng.randrange(100)]),
            place=self._maybe(self._text(20)),
            day=self._day(),
            holder={"name": self._text(4), "street": self._maybe(self._text(8)), "born": self._maybe(self._day())},
            tags=[self._text(3) for _ in range(rng.choice([0, 1, 2, 5]))],
            paid=Decimal(rng.randrange(-(10**10), 10**10)).scaleb(-2),
            kind=rng.choice(["A", "BB", "C_C"]),
            extra={self._text(2): self._maybe(self._text(3)) for _ in range(rng.choice([0, 1, 3]))},
            level=self._maybe(rng.choice([0, 5, -5, 2**63 - 1, -(2**63), rng.randrange(1000)])),
        )

    def record(self, number: int) -> tuple[Row, dict[str, Any] | None]:
        """Return a record, and the licence in it unless it is a tombstone."""
        rng = self.rng
        if rng.random() < 0.2:
            return gone(rng.choice(self._codes), at=rng.randrange(-(10**7), 10**7)), None
        datum = self.datum(number)
        return Row(1_767_225_600_000 + rng.randrange(10**7), datum["code"].encode(), value(datum, number)), datum


# ---- what a view has


Asked = Callable[[Mapping[str, Any]], bool | None]
"""Whether a licence is in a view's rows; None: the expression has no answer, and it is not."""


def _of(datum: Mapping[str, Any], path: str) -> Any:
    for step in path.split("."):
        datum = datum[step]
    return datum


def _less(path: str, bound: Any) -> Asked:
    return lambda datum: None if _of(datum, path) is None else bool(_of(datum, path) < bound)


def _starts(path: str, start: str) -> Asked:
    return lambda datum: None if _of(datum, path) is None else bool(_of(datum, path).startswith(start))


_TESTS: list[tuple[str, int, Asked]] = [
    ("age < 18", 0, _less("age", 18)),
    ("place != null", 0, lambda datum: datum["place"] is not None),
    ('place.startsWith("a")', 0, _starts("place", "a")),
    ('day < date("1980-01-01")', 0, _less("day", date(1980, 1, 1))),
    ("size(code) >= 10", 0, lambda datum: len(datum["code"]) >= 10),
    ('code < "m"', 0, lambda datum: datum["code"].encode() < b"m"),
    ('holder.street < "m"', 1, lambda datum: None if datum["holder"]["street"] is None else datum["holder"]["street"].encode() < b"m"),
    ("size(tags) > 1", 1, lambda datum: len(datum["tags"]) > 1),
    ("paid < 0.0", 1, _less("paid", 0)),
    ('holder.born < date("1980-01-01")', 1, _less("holder.born", date(1980, 1, 1))),
    ('kind in ["A", "C_C"]', 2, lambda datum: datum["kind"] in {"A", "C_C"}),
    ("level == null", 2, lambda datum: datum["level"] is None),
    ("level < 6", 2, _less("level", 6)),
]
"""Expressions, the version that has their fields, and what they mean."""


class Rows(msgspec.Struct, frozen=True):
    """An expression and its meaning; of older versions than `since` no record is in the rows."""

    text: str
    since: int
    asked: Asked


def rows_of(rng: Random, depth: int = 2) -> Rows:
    """Return a random expression over licences."""
    roll = rng.random()
    if depth == 0 or roll < 0.4:
        return Rows(*rng.choice(_TESTS))
    one = rows_of(rng, depth - 1)
    if roll < 0.55:
        return Rows(f"!({one.text})", one.since, lambda datum: None if (found := one.asked(datum)) is None else not found)
    other, settles = rows_of(rng, depth - 1), rng.random() < 0.5

    def asked(datum: Mapping[str, Any]) -> bool | None:
        found = {one.asked(datum), other.asked(datum)}
        return settles if settles in found else None if None in found else not settles

    return Rows(f"({one.text}) {'||' if settles else '&&'} ({other.text})", max(one.since, other.since), asked)


_FIELDS = ["code", "age", "place", "day", "holder", "holder.name", "holder.street", "holder.born", "tags", "paid", "kind", "extra", "level"]
_MASKS: dict[str, list[str]] = {
    "code": ["hide", "keep-last:2", "hmac"],
    "age": ["hide", "hmac", "round:5", "round:7"],
    "place": ["hide", "keep-first:1", "keep-last:0", "hmac"],
    "day": ["hide", "year"],
    "holder": ["hide"],
    "holder.name": ["hide", "keep-first:1", "hmac"],
    "holder.street": ["hide", "keep-first:2", "hmac"],
    "holder.born": ["hide", "year"],
    "tags": ["hide"],
    "tags[]": ["keep-first:1", "hmac", "hide"],
    "paid": ["hide", "round:1", "round:1000"],
    "kind": ["hide"],
    "extra": ["hide"],
    "extra{}": ["keep-last:1", "hide"],
    "level": ["hide", "hmac", "round:10"],
}


def selection_of(rng: Random) -> tuple[Selection, Rows | None]:
    """Return a random selection and the meaning of its rows."""
    fields = None if rng.random() < 0.2 else tuple(rng.sample(_FIELDS, rng.randrange(1, 5)))
    if fields is not None:  # none lies within another
        fields = tuple(one for one in fields if one.partition(".")[0] == one or one.partition(".")[0] not in fields)
    masks = {path: rng.choice(_MASKS[path]) for path in rng.sample(list(_MASKS), rng.randrange(4))}
    granted = {path: mask for path, mask in masks.items() if _granted(fields, path)}
    alone = {path: mask for path, mask in granted.items() if not any(path != one and path.startswith(one) for one in granted)}
    rows = rows_of(rng) if rng.random() < 0.7 else None
    return Selection(fields=fields, rows=rows.text if rows else "", masks=alone), rows


def _granted(fields: Sequence[str] | None, path: str) -> bool:
    return fields is None or any(path == one or (path.startswith(one) and path[len(one)] in ".[{") for one in fields)


class Telling:
    """What one view has of licences, told by plain Python."""

    def __init__(self, selection: Selection, rows: Rows | None, secret: bytes) -> None:
        self._selection, self._rows = selection, rows
        self._field, self._key = (hmac.digest(secret, use, "sha256") for use in (b"field", b"key"))
        self._whole_key = _granted(selection.fields, "code") and "code" not in selection.masks

    def has(self, datum: Mapping[str, Any], number: int) -> bool:
        """Tell whether a licence of a version is in the view's rows."""
        if self._rows is None:
            return True
        return list(VERSIONS).index(number) >= self._rows.since and self._rows.asked(datum) is True

    def key(self, key: bytes | None) -> bytes | None:
        """Return the view's key of a record."""
        return key if self._whole_key or key is None else self._hmac(self._key, key).encode()

    def cut(self, datum: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the view has of a licence."""
        return self._record(datum, "")

    def _record(self, datum: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        found = {}
        for name, inner in datum.items():
            path = prefix + name
            if _granted(self._selection.fields, path):
                found[name] = self._masked(inner, path)
            elif any(one.startswith(f"{path}.") for one in self._selection.fields or ()):
                found[name] = self._record(inner, f"{path}.")
        return found

    def _masked(self, inner: Any, path: str) -> Any:
        if inner is None:
            return None
        if text := self._selection.masks.get(path):
            return self._mask(inner, text)
        if path == "holder":
            return {name: self._masked(one, f"holder.{name}") for name, one in inner.items()}
        if isinstance(inner, list):
            return [self._masked(one, f"{path}[]") for one in inner]
        if isinstance(inner, dict):
            return {name: self._masked(one, f"{path}{{}}") for name, one in inner.items()}
        return inner

    def _mask(self, inner: Any, text: str) -> Any:
        mask = read_mask(text)
        match mask.kind:
            case "hide":
                return None
            case "keep-first":
                return inner[: mask.n] + "*" * (len(inner) - mask.n)
            case "keep-last":
                kept = min(mask.n, len(inner))
                return "*" * (len(inner) - kept) + inner[len(inner) - kept :]
            case "hmac":
                return self._hmac(self._field, str(inner).encode())
            case "year":
                return inner.year
            case "round":
                return _rounded(inner, mask.n)

    def _hmac(self, secret: bytes, message: bytes) -> str:
        return hmac.digest(secret, message, "sha256")[:16].hex()


def _rounded(number: Any, n: int) -> Any:
    if isinstance(number, Decimal):
        return (number / n).quantize(Decimal(1), ROUND_HALF_UP) * n
    times, rest = divmod(abs(number), n)
    most = (2**63 - (number >= 0)) // n
    return (1 if number >= 0 else -1) * min(times + (2 * rest >= n), most) * n


# ---- what is read of a view


class Reader:
    """Reads a view's values by its derived schemas, with fastavro."""

    def __init__(self, selection: Selection) -> None:
        self._schemas = {number: fastavro.parse_schema(derive(schema, selection)) for number, schema in VERSIONS.items()}

    def read(self, content: bytes) -> tuple[int, dict[str, Any]]:
        """Return the resource's version that a value was cut from, and its fields."""
        number = (int.from_bytes(content[:5]) - _VIEW_IDS) % 2**31
        stream = BytesIO(content[5:])
        datum: Any = fastavro.schemaless_reader(stream, self._schemas[number], None)
        assert not stream.read(), "bytes are left behind a value"
        return number, datum
