"""Answers for node/adapters/files.py."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import fastavro
import pytest

from node.adapters import files
from node.adapters.files import Row, read_rows, survey, unchanged
from node.avro import parse
from node.errors import DataError, RowError

PLACE = {
    "type": "record",
    "name": "Place",
    "fields": [
        {"name": "code", "type": "string"},
        {"name": "level", "type": "int"},
        {"name": "name", "type": ["null", "string"], "default": None},
    ],
}
SCHEMA = parse(PLACE)
XIANGQIAO = {"code": "445102", "level": 3, "name": "湘桥区"}
NAMELESS = {"code": "1", "level": 1, "name": None}


def _written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _container(path: Path, data: list[dict[str, Any]], schema: dict[str, Any] = PLACE, **how: Any) -> Path:
    with path.open("wb") as file:
        fastavro.writer(file, fastavro.parse_schema(schema), data, **how)
    return path


def _told(rows: list[Row]) -> list[tuple[int, int, Any]]:
    return [(row.number, row.line, str(row.datum) if isinstance(row.datum, RowError) else row.datum) for row in rows]


CSV = 'code,level,name\n445102,3,湘桥区\n\n445103,three,潮安区\n1,1,""\n2,2\n"a\nb",4,"say ""x"""\n'
CSV_ROWS = [
    (0, 2, XIANGQIAO),
    (1, 4, "level: expected a whole number from -2147483648 to 2147483647, got text of 5 characters"),
    (2, 5, NAMELESS),
    (3, 6, ": expected 3 cells, got 2"),
    (4, 7, {"code": "a\nb", "level": 4, "name": 'say "x"'}),
]


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_csv_rows_come_typed_with_their_lines(tmp_path: Path, bom: str, ends: str) -> None:
    """With BOM or without, good rows are data, bad ones errors with their line, and the rest follows; blank lines are no rows."""
    path = _written(tmp_path, "a.csv", bom + CSV.replace("\n", ends))
    expected = [
        (number, line, {**datum, "code": datum["code"].replace("\n", ends)} if isinstance(datum, dict) else datum)
        for number, line, datum in CSV_ROWS
    ]
    assert _told(list(read_rows(path, SCHEMA))) == expected
    assert survey(path).rows == len(expected)


@pytest.mark.parametrize("start", range(6))
def test_reading_goes_on_from_any_row(tmp_path: Path, start: int) -> None:
    """From row n on the rows are those of the whole file, with the same numbers and lines, in every kind of file."""
    csv = _written(tmp_path, "a.csv", CSV)
    ndjson = _written(tmp_path, "a.ndjson", "\n".join(json.dumps({**NAMELESS, "level": level}) for level in range(5)))
    avro = _container(tmp_path / "a.avro", [{**NAMELESS, "level": level} for level in range(5)], sync_interval=1)
    for path in (csv, ndjson, avro):
        assert _told(list(read_rows(path, SCHEMA, start))) == _told(list(read_rows(path, SCHEMA)))[start:]


def test_a_csv_column_with_default_may_be_missing(tmp_path: Path) -> None:
    """Columns stand in any order, and one that has a default may be absent."""
    path = _written(tmp_path, "a.CSV", "level,code\n1,1\n")
    assert _told(list(read_rows(path, SCHEMA))) == [(0, 2, NAMELESS)]


def test_broken_quoting_is_one_bad_row(tmp_path: Path) -> None:
    """A row that is no CSV is refused by its line, and the next line is read."""
    path = _written(tmp_path, "a.csv", 'code,level\n"a"b,1\n1,1\n"open,1\n')
    rows = list(read_rows(path, SCHEMA))
    assert [(row.number, row.line, isinstance(row.datum, RowError)) for row in rows] == [(0, 2, True), (1, 3, False), (2, 4, True)]
    assert survey(path).rows == 3


@pytest.mark.parametrize("name", ["a.ndjson", "a.jsonl"])
def test_json_rows_come_typed_with_their_lines(tmp_path: Path, name: str) -> None:
    """Each line is a row; one that is no JSON, or not of the schema, is an error with its line."""
    path = _written(tmp_path, name, "\ufeff" + json.dumps(XIANGQIAO, ensure_ascii=False) + '\n\n{"code": \n[]\n{"code": "1", "level": 1}')
    expected = [(0, 1, XIANGQIAO), (1, 3, ": not JSON: 10 bytes"), (2, 4, ": expected an object, got a list of 0"), (3, 5, NAMELESS)]
    assert _told(list(read_rows(path, SCHEMA))) == expected
    assert survey(path).rows == 4


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_container_records_come_with_their_number(tmp_path: Path, codec: str) -> None:
    """An Avro container gives its records, numbered from 1 where text has lines."""
    path = _container(tmp_path / "a.avro", [XIANGQIAO, NAMELESS], codec=codec)
    assert _told(list(read_rows(path, SCHEMA))) == [(0, 1, XIANGQIAO), (1, 2, NAMELESS)]
    assert survey(path).rows == 2


def test_a_container_of_an_older_schema_is_resolved(tmp_path: Path) -> None:
    """Fields that the writer did not have take their default, and its numbers are widened (Avro schema resolution)."""
    older = {**PLACE, "fields": PLACE["fields"][:2]}
    path = _container(tmp_path / "a.avro", [{"code": "1", "level": 1}], older)
    assert _told(list(read_rows(path, SCHEMA))) == [(0, 1, NAMELESS)]


def test_a_container_of_an_older_schema_has_defaults_as_data(tmp_path: Path) -> None:
    """Bytes and dates stand in a schema as text and numbers; in a row they are bytes and dates."""
    fields = [
        {"name": "raw", "type": "bytes", "default": "\u00ff"},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}, "default": 0},
    ]
    path = _container(tmp_path / "a.avro", [NAMELESS])
    newer = parse({**PLACE, "fields": [*PLACE["fields"], *fields]})
    assert _told(list(read_rows(path, newer))) == [(0, 1, {**NAMELESS, "raw": b"\xff", "day": date(1970, 1, 1)})]


@pytest.mark.parametrize("name", ["a.csv", "a.ndjson", "a.avro"])
def test_an_empty_file_of_rows_has_none(tmp_path: Path, name: str) -> None:
    """A header, a container's head, or nothing at all without rows is no error, except that CSV needs its header."""
    path = _container(tmp_path / name, []) if name == "a.avro" else _written(tmp_path, name, "code,level\n" if name == "a.csv" else "")
    assert survey(path).rows == 0
    assert list(read_rows(path, SCHEMA)) == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xlsx", b"PK", r"a.xlsx: unknown kind of file '.xlsx'; what can be read: .csv, .ndjson, .jsonl, .avro"),
        ("a.csv", b"", "a.csv, line 1: expected a header"),
        ("a.csv", b"code,code\n", "a.csv, line 1: the header has a column twice"),
        ("a.csv", "code,level\n1,1\n2,2,湘桥\n".encode("gb18030"), "a.csv, line 3: not UTF-8"),
        ("a.ndjson", b'{"code": "1", "level": 1}\n{"code": "\xff", "level": 1}\n', "a.ndjson, line 2: not UTF-8"),
        ("a.avro", b"PK\x03\x04", "a.avro: damaged, or no Avro container"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_before_anything_else(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """The survey finds what makes a file unreadable and says where."""
    with pytest.raises(DataError, match=message):
        survey(_written(tmp_path, name, content))


def test_a_file_that_is_not_there_is_a_data_error(tmp_path: Path) -> None:
    """A missing file is told with its path and the system's reason."""
    with pytest.raises(DataError, match=r"none.csv: No such file"):
        survey(tmp_path / "none.csv")
    with pytest.raises(DataError, match=r"none.csv: No such file"):
        list(read_rows(tmp_path / "none.csv", SCHEMA))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("code,level,colour", "unknown columns: colour; the schema has code, level, name"),
        ("code", "missing columns: level; the schema has"),
        ("codes,level", "unknown columns: codes; missing columns: code; the schema has"),
    ],
)
def test_a_header_that_does_not_fit_says_all_at_once(tmp_path: Path, header: str, message: str) -> None:
    """Unknown and missing columns are told together, before any row."""
    with pytest.raises(DataError, match=message):
        list(read_rows(_written(tmp_path, "a.csv", header + "\n"), SCHEMA))


def test_not_utf8_in_the_middle_stops_the_reading_too(tmp_path: Path) -> None:
    """A file that changes to another encoding after its survey is a DataError with the line, not rubbish."""
    rows = read_rows(_written(tmp_path, "a.ndjson", b'{"code": "1", "level": 1}\n{"code": "\xff"}'), SCHEMA)
    assert next(rows).datum == NAMELESS
    with pytest.raises(DataError, match="line 2: not UTF-8"):
        next(rows)


def test_a_damaged_container_names_the_record(tmp_path: Path) -> None:
    """A container cut or overwritten is refused by its survey and, at the record, by its reader."""
    whole = _container(tmp_path / "a.avro", [{**NAMELESS, "level": level} for level in range(50)], sync_interval=20).read_bytes()
    cut = _written(tmp_path, "cut.avro", whole[:-30])
    with pytest.raises(DataError, match=r"cut.avro: damaged, or no Avro container, at record \d+"):
        survey(cut)
    rows = read_rows(cut, SCHEMA)
    with pytest.raises(DataError, match=r"cut.avro, record \d+: damaged"):
        list(rows)


def test_a_container_of_another_schema_is_refused(tmp_path: Path) -> None:
    """Records that cannot be resolved to the schema are a DataError."""
    other = {"type": "record", "name": "Place", "fields": [{"name": "colour", "type": "string"}]}
    path = _container(tmp_path / "a.avro", [{"colour": "red"}], other)
    with pytest.raises(DataError, match="not of Place"):
        list(read_rows(path, SCHEMA))


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is not made of lines does not fill the memory."""
    monkeypatch.setattr(files, "LINE_BYTES_MAX", 100)
    with pytest.raises(DataError, match="line 1: longer than 100 bytes"):
        survey(_written(tmp_path, "a.ndjson", b"x" * 200))


def test_a_survey_knows_the_content_and_notices_a_change(tmp_path: Path) -> None:
    """The hash is SHA-256 of the content; a file that grew or went away is not the one surveyed."""
    path = _written(tmp_path, "a.csv", "code,level\n")
    seen = survey(path)
    assert seen.sha256 == "b22d57f6949cb56d41b4898db8c2dfceaa37815a5d7232193f59b7b04b0bb327"
    assert unchanged(path, seen)
    path.write_text("code,level\n1,1\n")
    assert not unchanged(path, seen)
    path.unlink()
    assert not unchanged(path, seen)
