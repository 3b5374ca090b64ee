"""One request's look at quarantines: what lies in them, and what became of each record by the notes of the audit topic."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec

from node.bus.reader import Reader, open_reader
from node.bus.security import Security
from node.control.audit import Handled, decode_note
from node.control.quarantine import Advanced, Selection, State
from node.lane import TopicPartition
from node.model.limits import QUARANTINE_RETENTION_MS
from node.model.names import Division, Topic, audit_topic, quarantine_topic
from node.model.values import ResourceValue
from node.transform.refusal import Refusal, read_refusal

NOTES_MS = 2 * QUARANTINE_RETENTION_MS
"""A note is no older than the records it names. These go when all of their segment, a week's at most, are past retention: long before twice that."""
ALL = Selection(all=True)


class Cluster(msgspec.Struct, frozen=True):
    """Whose cluster it is, and where it is."""

    division: Division
    bootstrap: str
    security: Security

    @property
    def name(self) -> str:
        """The name of a client of its quarantines, and the transactional.id of what is written."""
        return f"{self.division}.quarantine"

    @property
    def audit(self) -> TopicPartition:
        """The partition that has the acts, and the notes of what was repaired."""
        return TopicPartition(audit_topic(self.division), 0)


class Reading:
    """What lies in the quarantines of some resources, and how far it has been read. Made by `open_reading`."""

    def __init__(self, reader: Reader, ids: dict[Topic, str], bounds: dict[TopicPartition, tuple[int, int]], handled: Handled) -> None:
        self.ids = ids
        """of the topics that are there"""
        self.handled = handled
        self._reader = reader
        self._bounds = bounds
        self._done = self._total = 0

    def plan(self, resources: Sequence[ResourceValue], selection: Selection) -> Advanced:
        """Say what will be read, so that it can be told how far the reading has come."""
        spans = (self._span(resource, partition, selection) for resource in resources for partition in range(resource.partitions))
        self._total = sum(end - begin for begin, end in spans)
        return self.advanced

    @property
    def advanced(self) -> Advanced:
        """How far it has come."""
        return Advanced(self._done, self._total)

    def _span(self, resource: ResourceValue, partition: int, selection: Selection) -> tuple[int, int]:
        begin, end = self._bounds.get(TopicPartition(quarantine_topic(resource.name), partition), (0, 0))
        begin, end = selection.span(partition, begin, end)
        return begin, max(begin, end)

    async def refusals(
        self, resource: ResourceValue, partition: int, selection: Selection = ALL
    ) -> AsyncGenerator[list[tuple[Refusal, State]], None]:
        """Yield the records of a partition that stood there when the reading was opened, in order, each with what became of it.

        Those that the selection does not mean come too: only the stretch that it leaves out altogether is not read.
        """
        place = TopicPartition(quarantine_topic(resource.name), partition)
        begin, end = self._span(resource, partition, selection)
        before = self._done
        async for stretch in self._reader.read(place, begin, end):
            refusals = [read_refusal(record) for record in stretch.records]
            self._done = before + stretch.position - begin
            yield list(zip(refusals, self.handled.states(*place, [one.offset for one in refusals]), strict=True))


@asynccontextmanager
async def open_reading(cluster: Cluster, resources: Sequence[ResourceValue]) -> AsyncIterator[Reading]:
    """Open a reading: the notes up to now are read. BusError if the cluster does not answer, DataError for a note that cannot be read."""
    async with open_reader(cluster.bootstrap, cluster.name, cluster.security) as reader:
        topics = [quarantine_topic(resource.name) for resource in resources]
        infos = await reader.look([*topics, cluster.audit.topic])
        ids = {topic: str(info.id) for topic, info in infos.items()}
        handled = Handled(ids)
        if cluster.audit.topic in ids:
            await _read_notes(reader, cluster.audit, handled)
        places = [TopicPartition(topic, partition) for topic in topics if topic in ids for partition in range(infos[topic].partitions)]
        yield Reading(reader, ids, await reader.bounds(places), handled)


async def _read_notes(reader: Reader, place: TopicPartition, handled: Handled) -> None:
    end = await reader.high(place)
    begin = await reader.since(place, int(time.time() * 1000) - NOTES_MS)
    if begin is None:  # none is committed that is so young; another may be about to be
        begin = (await reader.bounds([place]))[place][1]
    async for stretch in reader.read(place, begin, end):
        for record in stretch.records:
            note = decode_note(record.value or b"")
            if note is not None:
                handled.add(note)
