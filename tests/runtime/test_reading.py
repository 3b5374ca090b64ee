"""What lies in quarantines and what became of it, read from topics that a test writes itself."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest
from confluent_kafka import Producer

from node.bus.client import open_client
from node.control.quarantine import Advanced, Selection
from node.errors import DataError
from node.model.names import Division, Topic, quarantine_topic
from node.model.values import Kind, ResourceValue
from node.runtime.reading import ALL, NOTES_MS, Cluster, Reading, open_reading
from tests.conftest import Kafka
from tests.runtime.conftest import Bench

pytestmark = pytest.mark.kafka


class Written:
    """A resource's quarantine of two partitions and a node's audit topic, both written by hand."""

    def __init__(self, kafka: Kafka, topic_name: Callable[[], str]) -> None:
        name = topic_name()
        self.kafka = kafka
        self.resource = ResourceValue(name=Topic(name), title="规费", kind=Kind.FACTS, schema=1, partitions=2)
        self.quarantine = quarantine_topic(self.resource.name)
        # A division of the test's own: transactional ids and notes of other tests are not touched.
        self.cluster = Cluster(Division(name.rpartition(".")[2]), kafka.bootstrap, kafka.security)
        self._producer = Producer(kafka.librdkafka())
        Bench.make(kafka, self.cluster.audit.topic, 1, {"retention.ms": "-1"})
        Bench.make(kafka, self.quarantine, 2)

    async def refuse(self, partition: int, count: int) -> None:
        """Write refused records."""
        for number in range(count):
            headers: list[Any] = [("exchange.reason", b"minimum"), ("exchange.inbox.offset", b"%d" % number)]
            self._producer.produce(self.quarantine, b"v", b"k", partition, headers=headers)
        assert await asyncio.to_thread(self._producer.flush, 10) == 0

    async def note(self, value: bytes, at_ms: int = 0) -> None:
        """Write a note."""
        self._producer.produce(self.cluster.audit.topic, value, timestamp=at_ms)
        assert await asyncio.to_thread(self._producer.flush, 10) == 0

    async def replayed(self, partition: int, *offsets: tuple[int, int], age_ms: int = 0) -> None:
        """Note that records were replayed, some time ago."""
        said = {"version": 1, "at": "", "kind": "quarantine-replayed", "topic": self.quarantine, "topic_id": await self.id()}
        now = _now_ms()
        await self.note(json.dumps(said | {"partition": partition, "offsets": offsets, "why": ""}).encode(), now - age_ms)

    async def id(self) -> str:
        """The quarantine's id."""
        async with open_client(self.kafka.bootstrap, client_id="test", security=self.kafka.security) as client:
            await client.look([self.quarantine])
            info = client.topic(self.quarantine)
            assert info is not None
            return str(info.id)

    async def waiting(self, partition: int = 0) -> list[int]:
        """The offsets that wait."""
        async with open_reading(self.cluster, [self.resource]) as reading:
            return await waiting(reading, self.resource, partition)


async def waiting(reading: Reading, resource: ResourceValue, partition: int, selection: Selection = ALL) -> list[int]:
    """The offsets of a partition that wait."""
    async with aclosing(reading.refusals(resource, partition, selection)) as stretches:
        return [one.offset async for found in stretches for one, state in found if state == "waiting"]


@pytest.fixture
def written(kafka: Kafka, topic_name: Callable[[], str]) -> Written:
    """Return topics of the test's own."""
    return Written(kafka, topic_name)


async def test_what_the_notes_name_waits_no_more(written: Written) -> None:
    """By partition; a note as old as the oldest record can be still counts, an older one names records that are gone."""
    await written.refuse(0, 6)
    await written.refuse(1, 2)
    await written.replayed(0, (5, 5), age_ms=NOTES_MS + 60_000)
    await written.replayed(0, (1, 2), age_ms=NOTES_MS - 60_000)
    await written.replayed(0, (4, 4))
    await written.note(b'{"version":1,"kind":"signed-in"}', _now_ms())
    assert (await written.waiting(0), await written.waiting(1)) == ([0, 3, 5], [0, 1])


async def test_only_the_stretch_that_is_meant_is_read(written: Written) -> None:
    """It is told before how much that is, and on the way how far it has come."""
    await written.refuse(0, 9)
    await written.refuse(1, 4)
    async with open_reading(written.cluster, [written.resource]) as reading:
        assert reading.plan([written.resource], ALL) == Advanced(0, 13)
        for partition, done in ((0, 9), (1, 13)):
            await waiting(reading, written.resource, partition)
            assert reading.advanced == Advanced(done, 13)
    some = Selection(partition=0, offsets=frozenset({3, 5}))
    async with open_reading(written.cluster, [written.resource]) as reading:
        assert reading.plan([written.resource], some) == Advanced(0, 3)
        assert await waiting(reading, written.resource, 0, some) == [3, 4, 5]
        assert await waiting(reading, written.resource, 1, some) == []
        assert reading.advanced == Advanced(3, 3)


async def test_what_comes_while_it_is_read_is_left_for_the_next(written: Written) -> None:
    """Else a replay of what is refused again would never end."""
    await written.refuse(0, 2)
    async with open_reading(written.cluster, [written.resource]) as reading:
        await written.refuse(0, 2)
        assert await waiting(reading, written.resource, 0) == [0, 1]
    assert await written.waiting() == [0, 1, 2, 3]


async def test_a_quarantine_that_was_made_anew_has_other_records(written: Written) -> None:
    """Notes about the former one name none of them."""
    await written.refuse(0, 1)
    await written.replayed(0, (0, 0))
    assert await written.waiting() == []
    Bench.delete(written.kafka, written.quarantine)
    Bench.make(written.kafka, written.quarantine, 2)
    await written.refuse(0, 1)
    assert await written.waiting() == [0]


async def test_a_note_that_cannot_be_read_ends_the_reading(written: Written) -> None:
    """Nobody knows then what was done."""
    await written.note(b'{"version":9,"kind":"quarantine-replayed"}', _now_ms())
    with pytest.raises(DataError, match="version 9"):
        await written.waiting()


async def test_topics_that_are_not_there_yet_hold_nothing(kafka: Kafka) -> None:
    """A node that has only begun."""
    resource = ResourceValue(name=Topic("445102.test.never"), title="", kind=Kind.FACTS, schema=1, partitions=2)
    async with open_reading(Cluster(Division("445999"), kafka.bootstrap, kafka.security), [resource]) as reading:
        assert reading.plan([resource], ALL) == Advanced(0, 0)
        assert await waiting(reading, resource, 0) == []


def _now_ms() -> int:
    return int(time.time() * 1000)
