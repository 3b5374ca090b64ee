"""Answers for node/adapters/writing.py: whoever reads a file finds what was written, by other people's readers as by our own."""

import csv
import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.adapters import read_rows, writing
from node.adapters.writing import WRITERS, writer_for
from node.avro import encode, parse, readable, text_cell
from node.errors import DataError


def field(name: str, kind: Any) -> dict[str, Any]:
    """A field."""
    return {"name": name, "type": kind}


LOGICAL = {
    "day": ("int", "date", {}),
    "at": ("long", "timestamp-micros", {}),
    "clock": ("int", "time-millis", {}),
    "sum": ("bytes", "decimal", {"precision": 18, "scale": 2}),
    "id": ("string", "uuid", {}),
}
PLAIN = {"code": "string", "count": "long", "share": "double", "open": "boolean", "raw": "bytes", "note": ["null", "string"]}
FLAT = parse(
    {
        "type": "record",
        "name": "Flat",
        "namespace": "cn.gov",
        "doc": "平 / Flat",
        "fields": [
            *(field(name, kind) for name, kind in PLAIN.items()),
            *(field(name, {"type": base, "logicalType": logical, **more}) for name, (base, logical, more) in LOGICAL.items()),
        ],
    }
)
NESTED = parse(
    {
        "type": "record",
        "name": "Nested",
        "fields": [
            field("tags", {"type": "array", "items": "string"}),
            field(
                "home", ["null", {"type": "record", "name": "Home", "fields": [field("street", "string"), field("no", ["null", "int"])]}]
            ),
            field("more", {"type": "map", "values": {"type": "array", "items": "Home"}}),
        ],
    }
)
TEXT = st.text() | st.sampled_from(
    ["", "00123", "=1+1", "+86768", "-", "@SUM(A1)", '"', "a,b", "a\nb", "a\r\nb", "\r", "潮州市", " x ", "\x00", "\ufeff"]
)
DATA = st.fixed_dictionaries(
    {
        "code": TEXT,
        "count": st.integers(-(2**63), 2**63 - 1),
        "share": st.floats(allow_nan=False, allow_infinity=False),
        "open": st.booleans(),
        "raw": st.binary(),
        "note": st.none() | TEXT.filter(bool),  # empty text and null are one cell
        "day": st.dates(),
        "at": st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # hypothesis adds the zone
        "clock": st.times().map(lambda clock: clock.replace(microsecond=clock.microsecond // 1000 * 1000)),
        "sum": st.decimals(-(10**15), 10**15, places=2),
        "id": st.uuids(),
    }
)
HOMES = st.fixed_dictionaries({"street": TEXT, "no": st.none() | st.integers(-(2**31), 2**31 - 1)})
NESTS = st.fixed_dictionaries(
    {"tags": st.lists(TEXT), "home": st.none() | HOMES, "more": st.dictionaries(TEXT, st.lists(HOMES, max_size=3))}
)
ENDINGS = sorted(WRITERS)


def written(path: Path, schema: Any, data: list[dict[str, Any]], *, bare: bool = False) -> int:
    """Write a file; return the formulas counted. Without `bare`, records' bytes are given with them."""
    with path.open("wb") as file, writer_for(path)(file, schema) as write:
        return sum(write(datum, None if bare else encode(schema, datum)) for datum in data)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all examples of a property."""
    return tmp_path_factory.mktemp("written")


@pytest.mark.parametrize("ending", ENDINGS)
@settings(max_examples=60, deadline=None)
@given(data=st.lists(DATA, max_size=5))
def test_flat_records_are_read_back_by_what_publishes_them(folder: Path, ending: str, data: list[dict[str, Any]]) -> None:
    """Quotes, line ends, zeros in front, Chinese, and what looks like a formula."""
    path = folder / f"flat{ending}"
    written(path, FLAT, data)
    assert [row.datum for row in read_rows(path, FLAT)] == data


@pytest.mark.parametrize("ending", ENDINGS)
@settings(max_examples=60, deadline=None)
@given(data=st.lists(NESTS, max_size=5))
def test_nested_records_are_read_back_as_well(folder: Path, ending: str, data: list[dict[str, Any]]) -> None:
    """In CSV they are JSON in their cells."""
    path = folder / f"nested{ending}"
    written(path, NESTED, data)
    assert [row.datum for row in read_rows(path, NESTED)] == data


DATUM = {
    "code": "=0012",
    "count": -5,
    "share": 0.5,
    "open": True,
    "raw": b"\x00\xff",
    "note": None,
    "day": date(2026, 11, 22),
    "at": datetime(2026, 11, 22, 4, 0, 0, 125, tzinfo=UTC),
    "clock": time(8, 30),
    "sum": Decimal("-12.50"),
    "id": UUID("123e4567-e89b-12d3-a456-426614174000"),
}


def test_others_read_the_same(tmp_path: Path) -> None:
    """Python's csv and json, and fastavro by the schema that stands in the file, its docs too."""
    for ending in ENDINGS:
        written(tmp_path / f"a{ending}", FLAT, [DATUM, DATUM])
    (header, first, _second) = csv.reader(StringIO((tmp_path / "a.csv").read_text("utf-8"), newline=""))
    assert dict(zip(header, first, strict=True)) == {name: text_cell(value) for name, value in DATUM.items()}
    assert [json.loads(line) for line in (tmp_path / "a.ndjson").read_text("utf-8").splitlines()] == [readable(DATUM)] * 2
    with (tmp_path / "a.avro").open("rb") as file:
        container = fastavro.reader(file)
        assert list(container) == [DATUM, DATUM]
    assert (container.metadata["avro.codec"], json.loads(container.metadata["avro.schema"])["doc"]) == ("deflate", "平 / Flat")


def test_a_container_has_the_very_bytes_of_each_record(tmp_path: Path) -> None:
    """A union's type, which a datum does not tell, is that of the record; what has no bytes of this schema is encoded."""
    schema = parse(
        {
            "type": "record",
            "name": "U",
            "fields": [field("any", ["null", "float", "double", "string", {"type": "enum", "name": "E", "symbols": ["A"]}])],
        }
    )
    payloads = [b"\x04" + b"\x9a\x99\x99\x99\x99\x99\xb9\x3f", b"\x08\x00"]
    data = [fastavro.schemaless_reader(BytesIO(one), schema.avro, None) for one in payloads]
    path = tmp_path / "a.avro"
    with path.open("wb") as file, writer_for(path)(file, schema) as write:
        for datum, payload in zip(data, payloads, strict=True):
            assert isinstance(datum, dict)
            write(datum, payload)
    with path.open("rb") as back:
        block: Any = next(fastavro.block_reader(back))
        assert block.bytes_.getvalue() == b"".join(payloads)
    written(path, FLAT, [DATUM], bare=True)
    assert [row.datum for row in read_rows(path, FLAT)] == [DATUM]


def test_a_container_has_blocks_of_a_bounded_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader holds one at a time. The same records make the same file."""
    monkeypatch.setattr(writing, "BLOCK_BYTES", 200)
    one, other = tmp_path / "one.avro", tmp_path / "other.avro"
    for path in (one, other):
        written(path, FLAT, [DATUM] * 10)
    with one.open("rb") as file:
        assert [block.num_records for block in fastavro.block_reader(file)] == [3, 3, 3, 1]
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_without_records_is_one(tmp_path: Path, ending: str) -> None:
    """Its columns or its schema are there, as far as its kind has such."""
    path = tmp_path / f"a{ending}"
    assert written(path, FLAT, []) == 0
    assert list(read_rows(path, FLAT)) == []


def test_texts_that_look_like_formulas_are_counted(tmp_path: Path) -> None:
    """Those in CSV alone, and texts alone: a number below zero is a number."""
    data = [DATUM | {"code": code} for code in ("=1", "+86", "-", "@a", "\tx", "\rx", "1=", "")]
    assert written(tmp_path / "a.csv", FLAT, data) == 6
    assert written(tmp_path / "a.ndjson", FLAT, data) == 0
    assert written(tmp_path / "a.avro", FLAT, data) == 0


def test_a_kind_that_is_not_known_is_told() -> None:
    """With those there are; the extension may be of any case."""
    with pytest.raises(DataError, match=r"a.xlsx: unknown kind of file '.xlsx'; what can be written: .csv, .ndjson, .jsonl, .avro"):
        writer_for(Path("a.xlsx"))
    assert writer_for(Path("A.CSV")) is writer_for(Path("a.csv"))
