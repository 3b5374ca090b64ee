"""What a grant would give, before it is given: the view's schema, and a few rows as its takers would see them. Nothing is written."""

import asyncio
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from node.avro import decode, parse, readable, unframe
from node.avro.deriving import derive
from node.avro.selection import Selection
from node.batch.build import build
from node.batch.header import NONE, read
from node.batch.records import Record, records
from node.bus.reader import open_reader
from node.control import Book, GiveGrant, decide
from node.lane import TopicPartition
from node.model.names import Topic, view_topic
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


async def preview(cluster: Cluster, book: Book, command: GiveGrant) -> Preview:
    """Return what a grant would give now. CommandRefused where it would not be given, BusError if the cluster cannot be read.

    Where the grant hides values by an HMAC, those shown here are under a secret of the moment: the real ones are for its takers alone.
    """
    decide(command, book, cluster.division, datetime.now(UTC))
    resource = book.resources[command.resource]
    texts = book.schemas_of(resource.name)
    selection = Selection(fields=command.fields, rows=command.rows, masks=command.masks)
    derived = {number: derive(msgspec.json.decode(text), selection) for number, text in texts}
    readers = {number: parse(schema) for number, schema in derived.items()}
    topic = view_topic(resource.name, "preview")
    # Each version's rows are told by the resource's own schema id, for the derived ones may not be registered.
    spec = ViewSpec(topic=topic, selection=selection, from_now=False, schemas={one: one for one in derived}, secret=os.urandom(32))
    views = await asyncio.to_thread(open_plan, Plan(resource, texts, (spec,)))
    rows: list[dict[str, Any]] = []
    looked = 0
    until = time.monotonic() + _SECONDS_MAX
    async with open_reader(cluster.bootstrap, f"{cluster.division}.preview", cluster.security) as reader:
        places = [TopicPartition(resource.name, partition) for partition in range(resource.partitions)]
        for place, (begin, end) in (await reader.bounds(places)).items():
            async for stretch in reader.read(place, begin, end):
                cut = await asyncio.to_thread(lambda: list(_cut(views, topic, place.partition, stretch.records)))  # noqa: B023 - awaited at once
                rows += [readable(decode(readers[number], payload)) for number, payload in map(unframe, cut)]
                looked += len(stretch.records)
                if len(rows) >= ROWS_MAX or looked >= READ_MAX or time.monotonic() > until:
                    break
            if len(rows) >= ROWS_MAX or looked >= READ_MAX or time.monotonic() > until:
                break
    return Preview(derived[resource.schema], rows[:ROWS_MAX], looked)


def _cut(views: Views, topic: Topic, partition: int, found: list[Record]) -> Iterator[bytes]:
    """Yield the values that a view has of records."""
    alive = [record for record in found if record.value is not None]
    if not alive:
        return
    data = build(alive, codec=NONE)
    made = views.make(partition, [Write(topic, data, 0, read(data, 0))], 0, {topic: None})
    for write in made[topic].writes:
        yield from (record.value for record in records(memoryview(write.data)[write.start :], write.header) if record.value is not None)
