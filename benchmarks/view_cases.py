"""What the benchmark of views cuts: the views of each case as grants ask for them, and the same rows in plain Python.

Python decides by datums as fastavro decodes them from a schema without logical types, which is its fastest way: dates are numbers of days and
moments of milliseconds.
"""

import contextlib
import itertools
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from io import BytesIO
from typing import Any

import fastavro
import msgspec

from benchmarks import flat, nested
from benchmarks.bench import PARTITIONS
from benchmarks.carry import NODE
from node.avro.frame import HEADER_BYTES
from node.avro.selection import Selection
from node.control import (
    AddDepartment,
    AddDivision,
    AnswerRequest,
    ApplyCatalogue,
    ApproveRequest,
    Book,
    CatalogueItem,
    Command,
    NewRequest,
    decide,
    encode,
)
from node.model.names import Department, Division, Topic
from node.model.values import Actor, EventRef, Kind, RequestValue

HERE = Division(NODE)
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
_OWNER = Department(f"{NODE}.public-security")
_EPOCH = date(1970, 1, 1)
_BESIDE_AVRO = {"rules", "key", "logicalType", "precision", "scale"}

Datum = dict[str, Any]
Telling = Generator[Command, EventRef, None]


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """A view as a grant asks for it, and which datums are in its rows."""

    fields: tuple[str, ...] | None = None
    rows: str
    passes: Callable[[Datum], bool]
    masks: dict[str, str] = {}

    @property
    def selection(self) -> Selection:
        """Return what a view is made by."""
        return Selection(fields=self.fields, rows=self.rows, masks=self.masks)


class Source(msgspec.Struct, frozen=True):
    """A resource of facts: its schema, and the distinct records of which its topic is filled."""

    topic: Topic
    schema: dict[str, Any]
    content: Callable[..., list[tuple[bytes, bytes]]]
    """called, if it is to be fewer, with how many"""


PEOPLE = Source(Topic(f"{_OWNER}.people"), flat.SCHEMA, partial(flat.people, 0))
ENTERPRISES = Source(Topic(f"{_OWNER}.enterprises"), nested.SCHEMA, nested.keyed)


def _day(year: int, month: int, day: int) -> int:
    return (date(year, month, day) - _EPOCH).days


_1960, _1981, _2002 = _day(1960, 7, 15), _day(1981, 1, 26), _day(2002, 1, 1)
_2024_MS = 1_720_000_000_000
_MOMENT = 'timestamp("2024-07-03T09:46:40Z")'

THREE_OF_EIGHT = Cut(
    fields=("id", "name", "phone"),
    rows='sex == "FEMALE" && born_on >= date("1981-01-26")',
    passes=lambda one: one["sex"] == "FEMALE" and one["born_on"] >= _1981,
)
EIGHT_OF_THIRTY = Cut(
    fields=(
        "uscc",
        "name",
        "kind",
        "address.division",
        "address.street",
        "legal_person.name",
        "shareholders[].name",
        "shareholders[].share",
    ),
    rows='kind == "COMPANY" && version <= 22',
    passes=lambda one: one["kind"] == "COMPANY" and one["version"] <= 22,
)
TEN = (
    THREE_OF_EIGHT,
    Cut(fields=("id", "address"), rows='born_on < date("1960-07-15")', passes=lambda one: one["born_on"] < _1960),
    Cut(
        fields=("name", "sex", "born_on"),
        rows='sex == "MALE" && phone != null',
        passes=lambda one: one["sex"] == "MALE" and one["phone"] is not None,
    ),
    Cut(
        fields=("id", "division", "phone"),
        rows='phone != null && born_on >= date("2002-01-01")',
        passes=lambda one: one["phone"] is not None and one["born_on"] >= _2002,
        masks={"phone": "keep-last:4"},
    ),
    Cut(
        fields=("id", "name", "changed_at"),
        rows=f"changed_at >= {_MOMENT}",
        passes=lambda one: one["changed_at"] >= _2024_MS,
        masks={"name": "keep-first:1"},
    ),
    Cut(fields=("id", "sex"), rows="phone == null", passes=lambda one: one["phone"] is None),
    Cut(
        fields=("division", "address", "born_on"),
        rows=f'sex == "FEMALE" && changed_at < {_MOMENT}',
        passes=lambda one: one["sex"] == "FEMALE" and one["changed_at"] < _2024_MS,
        masks={"born_on": "year"},
    ),
    Cut(
        fields=("id", "name"),
        rows='name.startsWith("王") || name.startsWith("李") || name.startsWith("张")',
        passes=lambda one: one["name"][0] in "王李张",
    ),
    Cut(
        fields=("id", "name", "born_on", "sex"),
        rows=f'born_on >= date("1960-07-15") && born_on < date("1981-01-26") && changed_at < {_MOMENT}',
        passes=lambda one: _1960 <= one["born_on"] < _1981 and one["changed_at"] < _2024_MS,
    ),
    Cut(
        fields=("id", "phone", "changed_at"),
        rows='sex == "MALE" && born_on < date("1981-01-26")',
        passes=lambda one: one["sex"] == "MALE" and one["born_on"] < _1981,
    ),
)
"""Each of a seventh to a third of the rows; three with a mask, two of them without the key."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """What one of our processes cuts: the views of a source, each granted to so many takers."""

    source: Source
    cuts: tuple[Cut, ...]
    takers: int = 1

    def told(self) -> Telling:
        """Yield what people tell a node, from the beginning; it is sent the last event of what each command makes."""
        takers = [Department(f"{NODE}.taker-{number}") for number in range(1, self.takers + 1)]
        yield AddDivision(code=HERE, name="湘桥区", level="county")
        for department in (_OWNER, *takers):
            yield AddDepartment(department=department, name=department)
        source = self.source
        item = CatalogueItem(name=source.topic, title=source.topic, kind=Kind.FACTS, schema=source.schema, partitions=PARTITIONS)
        yield ApplyCatalogue(resources=(item,))
        for cut in self.cuts:
            for taker in takers:
                yield from _granted(source.topic, taker, cut)

    def views(self) -> list[Topic]:
        """Return the topics of the views, in the order of their cuts."""
        book = Book()
        tell(book, self)
        topics = [book.grants[ref].view for ref in sorted(book.grants)]
        return [topic for topic in dict.fromkeys(topics) if topic is not None]


SIDES = {
    "flat": Side(source=PEOPLE, cuts=(THREE_OF_EIGHT,)),
    "nested": Side(source=ENTERPRISES, cuts=(EIGHT_OF_THIRTY,)),
    "ten": Side(source=PEOPLE, cuts=TEN),
    "grants": Side(source=PEOPLE, cuts=(THREE_OF_EIGHT,), takers=500),
}


def _granted(topic: Topic, taker: Department, cut: Cut) -> Telling:
    """A request for a view, up to its grant."""
    head = Actor(name="benchmark", role="head", department=taker)
    request = yield NewRequest(
        by=head, resource=topic, taker=taker, basis="benchmark", purpose="benchmark", fields=cut.fields, rows=cut.rows, masks=cut.masks
    )
    yield ApproveRequest(by=head, request=request, version=1)
    yield AnswerRequest(by=msgspec.structs.replace(head, department=_OWNER), request=request, version=1, answer="consent")


def tell(book: Book, side: Side, prepare: Callable[[RequestValue], None] = lambda _asked: None) -> None:
    """Let a book have what a node is made to say of a side; `prepare` sees each request before it is answered."""
    told = side.told()
    with contextlib.suppress(StopIteration):
        command = next(told)
        while True:
            if isinstance(command, NewRequest):
                prepare(command.value)
            events = decide(command, book, HERE, AT)
            for event in events:
                book.fold(HERE, encode(event))
            command = told.send(events[-1].ref)
    assert not book.refused


def plain(schema: Any) -> Any:
    """Return a schema without logical types, and without what Avro knows nothing of."""
    match schema:
        case list():
            return [plain(one) for one in schema]
        case dict():
            return {name: plain(one) for name, one in schema.items() if name not in _BESIDE_AVRO}
    return schema


def decoder(schema: Mapping[str, Any]) -> Callable[[bytes], Datum]:
    """Return what decodes a framed value, in fastavro's fastest way."""
    parsed, read = fastavro.parse_schema(plain(schema)), fastavro.schemaless_reader

    def decode(value: bytes) -> Datum:
        source = BytesIO(value)
        source.seek(HEADER_BYTES)
        datum: Any = read(source, parsed, None)
        return datum  # type: ignore[no-any-return]  # a record's

    return decode


def passing(cuts: Iterable[Cut], schema: Mapping[str, Any], content: Sequence[tuple[bytes, bytes]], count: int) -> list[int]:
    """Return how many of `count` records, those of `content` in turn, are in each view's rows."""
    decode = decoder(schema)
    datums = [decode(value) for _key, value in content]
    times, rest = divmod(count, len(datums))
    found = []
    for cut in cuts:
        inside = list(itertools.accumulate((cut.passes(one) for one in datums), initial=0))
        found.append(times * inside[-1] + inside[rest])
    return found
