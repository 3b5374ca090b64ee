"""Rows of a CSV, NDJSON or Avro container file, typed by a schema, one at a time.

The kind follows the file's extension: `.csv` (RFC 4180, with a header, UTF-8 with or without BOM), `.ndjson` or
`.jsonl` (one JSON object a line, UTF-8), `.avro` (Avro object container, resolved to the schema). Memory holds one row,
or one block of a container. Blank lines are no rows.
"""

import csv
import hashlib
import os
import zlib
from codecs import BOM_UTF8
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import cramjam
import fastavro
import msgspec
from fastavro.schema import SchemaParseException

from node.avro import ParsedSchema, json_rows, text_rows
from node.avro.resolving import reading
from node.errors import DataError, RowError
from node.model.limits import MESSAGE_BYTES_MAX

LINE_BYTES_MAX = 4 * MESSAGE_BYTES_MAX
"""Memory stays bounded on a file without line ends. Text may be longer than the record that it makes: field names,
numbers in digits, and escapes, which double Chinese text; four times covers all that is not built to be longer."""

_BROKEN_AVRO = (
    EOFError,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    zlib.error,
    cramjam.DecompressionError,
    fastavro.read.SchemaResolutionError,
    SchemaParseException,
)
"""What fastavro raises on a container that is damaged or of another schema: it has no error of its own for them."""


class Row(NamedTuple):
    """One row: its number from 0, the line on which it begins (from 1; a container has its record's number there), its datum or what is wrong with it."""

    number: int
    line: int
    datum: dict[str, Any] | RowError


class Survey(msgspec.Struct, frozen=True):
    """A file seen once from end to end: the SHA-256 of its content in hex, how many rows it has, bad ones included, and its state on disk."""

    sha256: str
    rows: int
    size: int
    modified_ns: int


def survey(path: Path) -> Survey:
    """Read a file through without converting its rows; DataError, with the line, when it cannot be read to its end."""
    with _opened(path) as file:
        state = os.fstat(file.fileno())
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        rows = _reader(path).total(file, path)
    return Survey(sha256, rows, state.st_size, state.st_mtime_ns)


def unchanged(path: Path, seen: Survey) -> bool:
    """Tell whether the file is still the one that was surveyed, by size and time of change."""
    try:
        state = path.stat()
    except OSError:
        return False
    return (state.st_size, state.st_mtime_ns) == (seen.size, seen.modified_ns)


def read_rows(path: Path, schema: ParsedSchema, start: int = 0) -> Generator[Row, None, None]:
    """Yield the rows from number `start` on. A row that does not fit comes as its RowError, and the next one follows.

    DataError when the file cannot be read as what its extension says: not there, unknown extension, no or wrong header,
    not UTF-8 (with the line), a damaged container (with the record).
    """
    with _opened(path) as file:
        yield from _reader(path).rows(file, path, schema, start)


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error


class _Reader(NamedTuple):
    total: Callable[[BufferedReader, Path], int]
    rows: Callable[[BufferedReader, Path, ParsedSchema, int], Iterator[Row]]


def _reader(path: Path) -> _Reader:
    found = _READERS.get(path.suffix.lower())
    if found is None:
        raise DataError(f"{path.name}: unknown kind of file {path.suffix!r}; what can be read: {', '.join(_READERS)}")
    return found


def _lines(file: BufferedReader, path: Path) -> Iterator[bytes]:
    """Yield the lines of a file with their ends, without a BOM."""
    number = 0
    while line := file.readline(LINE_BYTES_MAX + 1):
        number += 1
        if len(line) > LINE_BYTES_MAX:
            raise DataError(f"{path.name}, line {number}: longer than {LINE_BYTES_MAX} bytes; is this file made of lines?")
        yield line.removeprefix(BOM_UTF8) if number == 1 else line


def _texts(file: BufferedReader, path: Path) -> Iterator[str]:
    for number, line in enumerate(_lines(file, path), 1):
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            raise _not_utf8(path, number, error) from None


def _not_utf8(path: Path, line: int, error: UnicodeDecodeError) -> DataError:
    return DataError(f"{path.name}, line {line}: not UTF-8 ({error.reason}); GB 18030, perhaps? Save the file as UTF-8")


def _cells(file: BufferedReader, path: Path) -> Iterator[tuple[int, list[str] | RowError]]:
    """Yield line and cells of each row, header included; quoting that breaks RFC 4180 is that row's error."""
    reader = csv.reader(_texts(file, path), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, RowError("", f"not CSV: {error}")
        else:
            if cells:
                yield line, cells


def _csv_header(rows: Iterator[tuple[int, list[str] | RowError]], path: Path) -> list[str]:
    line, header = next(rows, (1, []))
    if isinstance(header, RowError) or not header:
        raise DataError(f"{path.name}, line {line}: expected a header, a line of column names")
    if len(set(header)) != len(header):
        raise DataError(f"{path.name}, line {line}: the header has a column twice")
    return header


def _check_header(header: list[str], schema: ParsedSchema, path: Path) -> None:
    names = [field["name"] for field in schema.fields]
    unknown = [name for name in header if name not in names]
    missing = [field["name"] for field in schema.fields if field["name"] not in header and "default" not in field]
    if unknown or missing:
        told = [f"unknown columns: {', '.join(unknown)}"] * bool(unknown) + [f"missing columns: {', '.join(missing)}"] * bool(missing)
        raise DataError(f"{path.name}: the header does not fit {schema.name}; {'; '.join(told)}; the schema has {', '.join(names)}")


def _count_csv(file: BufferedReader, path: Path) -> int:
    rows = _cells(file, path)
    _csv_header(rows, path)
    return sum(1 for _ in rows)


def _csv_rows(file: BufferedReader, path: Path, schema: ParsedSchema, start: int) -> Iterator[Row]:
    rows = _cells(file, path)
    header = _csv_header(rows, path)
    _check_header(header, schema, path)
    convert = text_rows(schema)
    for number, (line, cells) in enumerate(islice(rows, start, None), start):
        if isinstance(cells, RowError):
            yield Row(number, line, cells)
        elif len(cells) != len(header):
            yield Row(number, line, RowError("", f"expected {len(header)} cells, got {len(cells)}"))
        else:
            yield Row(number, line, _converted(convert, dict(zip(header, cells, strict=True))))


def _count_json(file: BufferedReader, path: Path) -> int:
    return sum(1 for text in _texts(file, path) if not text.isspace())


def _json_rows(file: BufferedReader, path: Path, schema: ParsedSchema, start: int) -> Iterator[Row]:
    decode, convert = msgspec.json.Decoder().decode, json_rows(schema)
    lines = ((line, content) for line, content in enumerate(_lines(file, path), 1) if not content.isspace())
    for number, (line, content) in enumerate(islice(lines, start, None), start):
        try:
            row = decode(content)
        except UnicodeDecodeError as error:
            raise _not_utf8(path, line, error) from None
        except (msgspec.DecodeError, RecursionError):
            yield Row(number, line, RowError("", f"not JSON: {len(content)} bytes"))
        else:
            yield Row(number, line, _converted(convert, row))


def _converted(convert: Callable[[Any], dict[str, Any]], row: Any) -> dict[str, Any] | RowError:
    try:
        return convert(row)
    except RowError as error:
        return error


def _count_avro(file: BufferedReader, path: Path) -> int:
    rows = 0
    try:
        for block in fastavro.block_reader(file):
            rows += block.num_records
    except _BROKEN_AVRO as error:
        raise DataError(f"{path.name}: damaged, or no Avro container, at record {rows + 1} ({type(error).__name__})") from None
    return rows


def _avro_rows(file: BufferedReader, path: Path, schema: ParsedSchema, start: int) -> Iterator[Row]:
    number = 0
    try:
        blocks = fastavro.block_reader(file)
        if not _same(blocks.writer_schema, schema.avro):
            file.seek(0)
            blocks = fastavro.block_reader(file, reading(schema))
        for block in blocks:
            if number + block.num_records <= start:
                number += block.num_records
                continue
            for datum in block:
                if number >= start:
                    assert isinstance(datum, dict)
                    yield Row(number, number + 1, datum)
                number += 1
    except _BROKEN_AVRO as error:
        raise DataError(f"{path.name}, record {number + 1}: damaged, or not of {schema.name} ({type(error).__name__})") from None


def _same(written: Any, ours: dict[str, Any]) -> bool:
    """Tell whether a container was written with our very schema: reading it without resolution takes half the time."""
    return isinstance(written, dict) and all(written.get(name) == ours.get(name) for name in (*written, *ours) if not name.startswith("__"))


_READERS = {
    ".csv": _Reader(_count_csv, _csv_rows),
    ".ndjson": _Reader(_count_json, _json_rows),
    ".jsonl": _Reader(_count_json, _json_rows),
    ".avro": _Reader(_count_avro, _avro_rows),
}
