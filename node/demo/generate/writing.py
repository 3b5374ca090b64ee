"""Generated records as a file that `exchange-node publish` reads: NDJSON, CSV or an Avro container."""

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, Literal

import msgspec
from fastavro.write import Writer

from node.avro import readable
from node.demo.generate.made import Made
from node.demo.generate.source import Source, load

Format = Literal["ndjson", "csv", "avro"]

Put = Callable[[dict[str, Any]], object]


def write_rows(path: Path, resource: str | Path | Source, made: Iterable[Made]) -> int:
    """Write records into a file, in the format that its ending says (.ndjson, .csv, .avro), and return their number."""
    source = resource if isinstance(resource, Source) else load(resource)
    count = 0
    with path.open("wb") as file, writer(file, source, format_of(path)) as put:
        for one in made:
            put(one.datum)
            count += 1
    return count


def format_of(path: Path | None) -> Format:
    """Return the format that a file's ending says; NDJSON where it says none."""
    return {".csv": "csv", ".avro": "avro"}.get(path.suffix if path else "", "ndjson")  # type: ignore[return-value]


@contextmanager
def writer(file: IO[bytes], source: Source, form: Format) -> Iterator[Put]:
    """Give the function that writes a record into `file`; on leaving, all of it is written. The file stays open."""
    match form:
        case "ndjson":
            encode = msgspec.json.Encoder().encode
            yield lambda datum: file.write(encode(readable(datum)) + b"\n")
        case "csv":
            yield from _csv(file, source)
        case "avro":
            yield from _avro(file, source)


def _csv(file: IO[bytes], source: Source) -> Iterator[Put]:
    """RFC 4180 with a header; null is an empty cell, arrays, maps and records are JSON in their cell."""
    names = [field["name"] for field in source.schema.fields]
    text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    rows = csv.writer(text)
    rows.writerow(names)
    try:
        yield lambda datum: rows.writerow([_cell(readable(datum[name])) for name in names])
    finally:
        text.detach()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value


def _avro(file: IO[bytes], source: Source) -> Iterator[Put]:
    """Write an Avro object container with deflate."""
    container = Writer(file, source.schema.avro, codec="deflate")
    yield container.write
    container.flush()
