"""What a grant would give, before there is one: the view's schema, and a few rows as its takers would see them. Nothing is written."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from node.avro import decode, parse, readable, unframe
from node.avro.deriving import derive
from node.batch.build import build
from node.batch.header import NONE, read
from node.batch.records import Record, records
from node.bus.reader import Reader, open_reader
from node.control import Book
from node.control.naming import selection_of
from node.lane import TopicPartition
from node.model.names import Topic, view_topic
from node.model.values import RequestValue, ResourceValue
from node.runtime.reading import Cluster
from node.runtime.views import Plan, open_plan
from node.transform import Write
from node.transform.view import Views, ViewSpec

ROWS_MAX = 10
READ_MAX = 200_000
"""Records that are looked at: where so few fit the filter, its author sees that too."""
_SECONDS_MAX = 10.0


class Preview(msgspec.Struct, frozen=True):
    """A view's schema, its first rows as JSON can hold them, and how many records of the resource were looked at for them."""

    schema: dict[str, Any]
    rows: list[dict[str, Any]]
    read: int


async def preview(cluster: Cluster, book: Book, asked: RequestValue) -> Preview:
    """Return what a grant of what is asked for would give. SchemaError where it does not fit the resource, BusError if the cluster cannot be read.

    Where the grant hides values by an HMAC, those shown here are under a secret of the moment: the real ones are for its takers alone.
    """
    resource = book.resources[asked.resource]
    texts = book.schemas_of(resource.name)
    selection = selection_of(asked)
    derived = {number: derive(msgspec.json.decode(text), selection) for number, text in texts}
    topic = view_topic(resource.name, "preview")
    # Each version's rows are told by the resource's own schema id, for the derived ones may not be registered.
    spec = ViewSpec(topic=topic, selection=selection, from_now=False, schemas={one: one for one in derived}, secret=os.urandom(32))
    views = await asyncio.to_thread(open_plan, Plan(resource, texts, (spec,)))
    readers = {number: parse(schema) for number, schema in derived.items()}

    def cut(partition: int, found: list[Record]) -> list[dict[str, Any]]:
        return [readable(decode(readers[number], payload)) for number, payload in map(unframe, _cut(views, topic, partition, found))]

    async with open_reader(cluster.bootstrap, f"{cluster.division}.preview", cluster.security) as reader:
        rows, looked = await _first_rows(reader, resource, cut)
    return Preview(derived[resource.schema], rows, looked)


async def _first_rows(
    reader: Reader, resource: ResourceValue, cut: Callable[[int, list[Record]], list[dict[str, Any]]]
) -> tuple[list[dict[str, Any]], int]:
    """Return the first rows that `cut` leaves of a partition's records, and how many records were looked at for them."""
    rows: list[dict[str, Any]] = []
    looked, until = 0, time.monotonic() + _SECONDS_MAX
    places = [TopicPartition(resource.name, partition) for partition in range(resource.partitions)]
    for place, (begin, end) in (await reader.bounds(places)).items():
        async for stretch in reader.read(place, begin, end):
            rows += await asyncio.to_thread(cut, place.partition, stretch.records)
            looked += len(stretch.records)
            if len(rows) >= ROWS_MAX or looked >= READ_MAX or time.monotonic() > until:
                return rows[:ROWS_MAX], looked
    return rows, looked


def _cut(views: Views, topic: Topic, partition: int, found: list[Record]) -> Iterator[bytes]:
    """Yield the values that a view has of records."""
    alive = [record for record in found if record.value is not None]
    if not alive:
        return
    data = build(alive, codec=NONE)
    made = views.make(partition, [Write(topic, data, 0, read(data, 0))], 0, {topic: None})
    for write in made[topic].writes:
        yield from (record.value for record in records(memoryview(write.data)[write.start :], write.header) if record.value is not None)
