"""Generated records as a file that `exchange-node publish` reads: NDJSON, CSV or an Avro container."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal

from node.adapters.writing import WRITERS
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
def writer(file: BinaryIO, source: Source, form: Format) -> Iterator[Put]:
    """Give the function that writes a record into `file`; on leaving, all of it is written. The file stays open."""
    with WRITERS[f".{form}"](file, source.schema) as write:
        yield lambda datum: write(datum, None)
