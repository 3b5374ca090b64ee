"""Records into a CSV, NDJSON or Avro container file, by the file's extension, so that `node.adapters.files` reads the same back.

CSV is RFC 4180 in UTF-8; arrays, maps and records stand as JSON in their cell. Values are written as they are, those too that a spreadsheet
program takes for formulas: a quote before them would be another value to whoever reads the file. They are counted instead.

An Avro container is compressed with deflate, which every reader must have (Avro specification 1.12, "Required Codecs"). Equal records
make an equal file: the mark between blocks follows from the schema.
"""

import csv
import hashlib
from codecs import getwriter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import fastavro
import msgspec

from node.avro import ParsedSchema, canonical, encode, readable, text_cell
from node.errors import DataError
from node.model.limits import KIB

BLOCK_BYTES = 64 * KIB
"""A container's block before compression: as far as deflate looks back twice over, and little for a reader to hold."""
_FORMULAS = frozenset("=+-@\t\r")
"""With these begin the texts that spreadsheet programs take for formulas (OWASP, "CSV Injection")."""

Write = Callable[[dict[str, Any], bytes | memoryview | None], int]
"""Writes a datum, whose Avro binary may be given with it; returns how many of its texts a spreadsheet program would take for formulas.
RowError, and nothing written, where the datum does not fit the schema."""


def writer_for(path: Path) -> Callable[[BinaryIO, ParsedSchema], AbstractContextManager[Write]]:
    """Return what opens a file for the records of a schema. DataError for an unknown extension."""
    found = WRITERS.get(path.suffix.lower())
    if found is None:
        raise DataError(f"{path.name}: unknown kind of file {path.suffix!r}; what can be written: {', '.join(WRITERS)}")
    return found


@contextmanager
def _csv(file: BinaryIO, schema: ParsedSchema) -> Iterator[Write]:
    names = [one["name"] for one in schema.fields]
    rows = csv.writer(getwriter("utf-8")(file))
    rows.writerow(names)

    def write(datum: dict[str, Any], _payload: bytes | memoryview | None) -> int:
        values = [datum[name] for name in names]
        rows.writerow([text_cell(one) for one in values])
        return len([one for one in values if type(one) is str and one[:1] in _FORMULAS])

    yield write


@contextmanager
def _ndjson(file: BinaryIO, _schema: ParsedSchema) -> Iterator[Write]:
    def write(datum: dict[str, Any], _payload: bytes | memoryview | None) -> int:
        file.write(msgspec.json.encode(readable(datum)) + b"\n")
        return 0

    yield write


@dataclass
class _Block:
    """Records in their binary form, as fastavro takes a block that is there already."""

    bytes_: BytesIO = field(default_factory=BytesIO)
    num_records: int = 0


@contextmanager
def _avro(file: BinaryIO, schema: ParsedSchema) -> Iterator[Write]:
    bare = {name: one for name, one in schema.avro.items() if not name.startswith("__")}
    marker = hashlib.sha256(canonical(bare).encode()).digest()[:16]
    container = fastavro.write.Writer(file, schema.avro, codec="deflate", sync_marker=marker)
    block = _Block()

    def write(datum: dict[str, Any], payload: bytes | memoryview | None) -> int:
        nonlocal block
        # As it stands where that is known: of a union, a datum does not tell which of its types it was.
        block.bytes_.write(encode(schema, datum) if payload is None else payload)
        block.num_records += 1
        if block.bytes_.tell() >= BLOCK_BYTES:
            container.write_block(block)
            block = _Block()
        return 0

    yield write
    if block.num_records:
        container.write_block(block)
    container.flush()


WRITERS: dict[str, Callable[[BinaryIO, ParsedSchema], AbstractContextManager[Write]]] = {
    ".csv": _csv,
    ".ndjson": _ndjson,
    ".jsonl": _ndjson,
    ".avro": _avro,
}
"""What opens a file of each extension; the file stays open when that is left, and is complete."""
