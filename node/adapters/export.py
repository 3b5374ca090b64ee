"""Records of a topic go to a file: those of a time, each as the newest version of the schema has it."""

import hashlib
import time
from codecs import BOM_UTF8
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import msgspec

from node.adapters.newest import Newest, open_newest
from node.adapters.whole import open_whole
from node.adapters.writing import Write, writer_for
from node.avro import ParsedSchema, parse, resolver, unframe
from node.batch.records import Record
from node.bus.reader import Reader, open_reader
from node.bus.security import Security
from node.control.exporting import Export
from node.errors import DataError, Unavailable
from node.lane import TopicPartition
from node.model.values import Kind

UNDECODED_TOLD = 100
"""Of records that cannot be decoded the first tell what is wrong."""


class Undecoded(msgspec.Struct, frozen=True):
    """A record that is not in the file: where it stands and why."""

    partition: int
    offset: int
    reason: str


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the file, and what of the records of that time is not: all that were read are `records` and those left out."""

    records: int
    superseded: int
    """of state: a newer one of the same key is there"""
    deleted: int
    """deletions, which a row cannot tell; of state they are the newest of their keys"""
    undecoded: int
    undecoded_first: tuple[Undecoded, ...]
    formulas: int
    """texts in CSV that a spreadsheet program takes for formulas"""
    bytes: int
    sha256: str
    positions: dict[int, tuple[int, int]]
    """by partition: the offset at which reading began, and that at which it ended"""
    seconds: float


Progress = Callable[[int, int, int], None]
"""Called again and again with offsets done, offsets in all, and records written."""


async def export(
    path: Path,
    *,
    wanted: Export,
    bootstrap: str,
    security: Security | None = None,
    replace: bool = False,
    on_progress: Progress = lambda _done, _all, _records: None,
) -> Exported:
    """Write what is committed in a topic to a new CSV, NDJSON or Avro file, by its extension: partition by partition, each in its order.

    Of facts that is every record, of state the newest of each key. The file is there when all of it is, see `open_whole`; a record that cannot
    be decoded is left out and told. Run again while the topic stands still, the same file comes of it.

    DataError: no such kind of file, or no schema that can be used. OSError: the file cannot be written, or is there and may not be replaced.
    Unavailable: the topic is not there, or Kafka did not answer.
    """
    began = time.monotonic()
    open_writer, schema = writer_for(path), parse(wanted.schemas[wanted.schema_id])
    with open_whole(path, replace=replace) as file:
        if path.suffix.lower() == ".csv":
            file.write(BOM_UTF8)  # by which spreadsheet programs know UTF-8; whoever reads it back passes it by
        newest = open_newest() if wanted.kind is Kind.STATE else nullcontext()
        with open_writer(file, schema) as write, newest as kept:
            sheet = _Sheet(wanted, schema, write, kept)
            async with open_reader(bootstrap, "export", security or Security()) as reader:
                positions = await _positions(reader, wanted)
                await _read(reader, wanted, positions, sheet, on_progress)
        file.seek(0)
        sha256, size = hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
    told = {name: getattr(sheet, name) for name in ("records", "superseded", "deleted", "undecoded", "formulas")}
    return Exported(
        **told,
        undecoded_first=tuple(sheet.undecoded_first),
        bytes=size,
        sha256=sha256,
        positions=positions,
        seconds=time.monotonic() - began,
    )


class _Sheet:
    """Writes records, and counts what becomes of them."""

    def __init__(self, wanted: Export, schema: ParsedSchema, write: Write, newest: Newest | None) -> None:
        self.records = self.superseded = self.deleted = self.undecoded = self.formulas = 0
        self.undecoded_first: list[Undecoded] = []
        self._newest_id, self._write, self._newest = wanted.schema_id, write, newest
        self._schemas, self._schema = wanted.schemas, schema
        self._resolvers: dict[int, Callable[[memoryview], dict[str, Any]]] = {}

    def take(self, partition: int, record: Record) -> None:
        """Take a record of the time that is asked for."""
        if self._newest is None:
            self._put(partition, record.offset, record.value)
        else:
            self._newest.put(record.offset, record.key, record.value)
            self.superseded += 1  # until it proves to be the newest of its key

    def end(self, partition: int) -> None:
        """Write what was kept of a partition, all of which is read."""
        for offset, value in self._newest.drawn() if self._newest is not None else ():
            self.superseded -= 1
            self._put(partition, offset, value)

    def _put(self, partition: int, offset: int, value: bytes | None) -> None:
        if value is None:
            self.deleted += 1
            return
        try:
            number, payload = unframe(value)
            datum = self._resolver(number)(payload)
            self.formulas += self._write(datum, payload if number == self._newest_id else None)
            self.records += 1
        except DataError as error:
            self.undecoded += 1
            if self.undecoded <= UNDECODED_TOLD:
                self.undecoded_first.append(Undecoded(partition, offset, str(error)))

    def _resolver(self, number: int) -> Callable[[memoryview], dict[str, Any]]:
        if number not in self._resolvers:
            if number not in self._schemas:
                raise DataError(f"schema {number} is of no version that was registered when the export began")
            self._resolvers[number] = resolver(parse(self._schemas[number]), self._schema)
        return self._resolvers[number]


async def _positions(reader: Reader, wanted: Export) -> dict[int, tuple[int, int]]:
    """Return for each partition where to begin, and its end: Kafka's times are in no order, so any record up to there may be of the time."""
    if wanted.topic not in await reader.look([wanted.topic]):
        raise Unavailable(f"{wanted.topic} is not in this node's cluster, or not yet")
    places = [TopicPartition(wanted.topic, partition) for partition in range(wanted.partitions)]
    found = {}
    for place, (begin, end) in (await reader.bounds(places)).items():
        first = begin if wanted.from_ms is None else await reader.since(place, wanted.from_ms)
        found[place.partition] = (end if first is None else max(begin, min(first, end)), end)
    return found


async def _read(reader: Reader, wanted: Export, positions: dict[int, tuple[int, int]], sheet: _Sheet, on_progress: Progress) -> None:
    done, total = 0, sum(end - begin for begin, end in positions.values())
    for partition, (begin, end) in positions.items():
        async for stretch in reader.read(TopicPartition(wanted.topic, partition), begin, end):
            for record in stretch.records:
                if _is_within(record.timestamp, wanted):
                    sheet.take(partition, record)
            on_progress(done + stretch.position - begin, total, sheet.records)
        sheet.end(partition)
        done += end - begin
    on_progress(total, total, sheet.records)


def _is_within(timestamp_ms: int, wanted: Export) -> bool:
    return (wanted.from_ms is None or wanted.from_ms <= timestamp_ms) and (wanted.to_ms is None or timestamp_ms < wanted.to_ms)
