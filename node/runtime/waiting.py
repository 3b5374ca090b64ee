"""How many refused records wait in each quarantine, and since when: counted as `control.waiting` says, anew where something has changed.

A look costs nothing while the gate has refused nothing, and one request while neither it nor the audit has anything new. Only offsets that no note names
are read, from the first on, and no further than the first record that stands there.

Bounds: a look reads GAPS_MAX gaps of a partition; where all of them are empty it goes on at the next one.
"""

import time
from collections.abc import Mapping
from contextlib import aclosing

from node.bus.client import Client
from node.bus.inspect import LATEST, offset
from node.bus.reader import Reader, open_reader
from node.control.audit import decode_note
from node.control.checkup_moving import Waits
from node.control.waiting import Stock, Stocks
from node.lane import TopicPartition
from node.model.names import Topic, resource_of
from node.runtime.reading import NOTES_MS, Cluster

GAPS_MAX = 20
"""Each is a Fetch; between two notes lies mostly the end of one transaction, and the next look goes on."""
AGAIN_S = 3600.0
"""How often a partition is looked at in which nothing has changed: retention takes what waits for too long."""


class Waiting:
    """What waits in the quarantines of a node's own resources, as of the last look."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._stocks = Stocks()
        self._read_to = -1
        """how far the audit has been read, -1 for not yet"""
        self._known: dict[TopicPartition, tuple[int, float, Waits]] = {}
        """by partition how many the gate had refused, when it was looked at, and what was found"""

    async def look(self, client: Client, refused: Mapping[TopicPartition, int]) -> dict[Topic, Waits]:
        """Look again where something has changed; `refused` has by partition of a quarantine how many records the gate has put there.

        BusError if the cluster does not answer, DataError for a note that cannot be read.
        """
        asked = {place: count for place, count in refused.items() if count}
        if asked:
            await client.look([self._cluster.audit.topic])
            end = await offset(client, self._cluster.audit, LATEST)
            if end != self._read_to or any(self._is_due(place, count) for place, count in asked.items()):
                async with open_reader(self._cluster.bootstrap, self._cluster.name, self._cluster.security) as reader:
                    await self._look(reader, asked, end)
        return self._summed(asked)

    def _is_due(self, place: TopicPartition, count: int) -> bool:
        known = self._known.get(place)
        return known is None or known[0] != count or time.monotonic() - known[1] > AGAIN_S

    async def _look(self, reader: Reader, asked: Mapping[TopicPartition, int], end: int) -> None:
        await self._read_notes(reader, end)
        due = [place for place, count in asked.items() if self._is_due(place, count)]
        infos = await reader.look({place.topic for place in due})
        bounds = await reader.bounds([place for place in due if place.topic in infos])
        for place, (begin, stable) in bounds.items():
            stock = self._stocks.of(place, str(infos[place.topic].id))
            oldest = await _oldest(reader, place, stock, begin, stable)
            waits = Waits(0, None)
            if stock.gap(begin, stable) is not None:
                waits = Waits(max(stock.waiting(asked[place], begin, stable), 1), None if stock.blurred else oldest)
            is_done = oldest is not None or not waits.records
            self._known[place] = asked[place], time.monotonic() if is_done else -AGAIN_S, waits

    async def _read_notes(self, reader: Reader, end: int) -> None:
        """Take the notes since the last look, at first those that can name a record that is still there."""
        audit = self._cluster.audit
        begin: int | None = self._read_to
        if self._read_to < 0:
            begin = await reader.since(audit, int(time.time() * 1000) - NOTES_MS)
        async for stretch in reader.read(audit, end if begin is None else begin, end):
            # Read whole before any of it counts, and passed at once: what fails here or behind it has nothing counted twice.
            notes = [note for record in stretch.records if (note := decode_note(record.value or b"")) is not None]
            for place in self._stocks.add(notes):
                self._known.pop(TopicPartition(*place), None)
            self._read_to = stretch.position
        self._read_to = end

    def _summed(self, asked: Mapping[TopicPartition, int]) -> dict[Topic, Waits]:
        """Return what waits by resource, those of which something does."""
        found: dict[Topic, list[Waits]] = {}
        for place in asked:
            known = self._known.get(place)
            if known is not None and known[2].records:
                found.setdefault(resource_of(place.topic), []).append(known[2])
        return {topic: Waits(sum(one.records for one in some), _least(some)) for topic, some in found.items()}


def _least(some: list[Waits]) -> int | None:
    return min((one.oldest_ms for one in some if one.oldest_ms is not None), default=None)


async def _oldest(reader: Reader, place: TopicPartition, stock: Stock, begin: int, end: int) -> int | None:
    """Return when the first record that waits was refused (ms), None if none does, or none was come to; empty gaps before it are settled."""
    for _number in range(GAPS_MAX):
        gap = stock.gap(begin, end)
        if gap is None:
            break
        async with aclosing(reader.read(place, *gap)) as stretches:
            async for stretch in stretches:
                if stretch.records:
                    stock.settle(stretch.records[0].offset)
                    return int(stretch.records[0].timestamp)
        stock.settle(gap[1])
    return None
