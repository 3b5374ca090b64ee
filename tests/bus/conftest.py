"""What tests of the bus share: clients of the two clusters, topics of their own, and records written by an independent client."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from node.bus.client import Client, open_client
from node.bus.embedded import open_cluster
from node.lane import TopicPartition
from node.model.names import Topic
from tests.conftest import Kafka, KafkaPair

_QUIET = {"log_level": 0}
"""librdkafka writes to standard error by itself, most of it when the brokers are gone."""


class Cluster:
    """One shared cluster, as an independent client (librdkafka) works it."""

    def __init__(self, kafka: Kafka, topic_name: Callable[[], str]) -> None:
        self.kafka, self.bootstrap, self.security = kafka, kafka.bootstrap, kafka.security
        self.admin = AdminClient({**kafka.librdkafka(), **_QUIET})
        self._topic_name = topic_name
        self._reader = Consumer({**kafka.librdkafka(), "group.id": "none", "isolation.level": "read_uncommitted", **_QUIET})

    async def make(self, settings: Mapping[str, str] = MappingProxyType({}), *, partitions: int = 1, name: str = "") -> Topic:
        """Make a topic."""
        name = name or self._topic_name()
        config = dict(settings)
        await asyncio.to_thread(self.admin.create_topics([NewTopic(name, partitions, 1, config=config)])[name].result, 30)
        await self._until(name, there=True)
        await asyncio.to_thread(self._until_led, name, partitions)
        return Topic(name)

    def _until_led(self, topic: str, partitions: int) -> None:
        """Wait until the broker leads what its metadata says it leads: for a moment it answers NOT_LEADER_OR_FOLLOWER."""
        until, waiting = time.monotonic() + 10, set(range(partitions))
        while waiting:
            assert time.monotonic() < until, f"{topic} has no leader for {waiting}"
            for partition in list(waiting):
                with contextlib.suppress(KafkaException):
                    _end(self._reader, topic, partition)
                    waiting.remove(partition)

    async def drop(self, topic: Topic) -> None:
        """Delete a topic."""
        await asyncio.to_thread(self.admin.delete_topics([topic])[topic].result, 30)
        await self._until(topic, there=False)

    async def _until(self, topic: str, *, there: bool) -> None:
        """Wait until the broker, too, knows what the controller has done: some milliseconds."""
        async with asyncio.timeout(10):
            while ((await asyncio.to_thread(self.admin.list_topics, topic, 10)).topics[topic].error is None) is not there:
                await asyncio.sleep(0.01)

    async def delete_before(self, topic: Topic, offset: int) -> None:
        """Delete the records of partition 0 below an offset."""
        place = Place(topic, 0, offset)
        await asyncio.to_thread(self.admin.delete_records([place])[place].result, 30)

    async def until_settled(self, topic: Topic) -> None:
        """Wait until all transactions in partition 0 are ended: EndTxn is answered before the markers are written."""
        committed = Consumer({**self.kafka.librdkafka(), "group.id": "none", "isolation.level": "read_committed", **_QUIET})
        async with asyncio.timeout(10):
            while await asyncio.to_thread(_end, self._reader, topic) != await asyncio.to_thread(_end, committed, topic):
                await asyncio.sleep(0.005)
        committed.close()

    async def write(self, topic: Topic, *values: bytes | None, partition: int = 0, **settings: Any) -> None:
        """Write records, key `k<n>`, outside any transaction."""
        await asyncio.to_thread(self._write, topic, values, partition, settings)

    def _write(self, topic: Topic, values: tuple[bytes | None, ...], partition: int, settings: dict[str, Any]) -> None:
        producer = Producer({**self.kafka.librdkafka(), **_QUIET, **{key.replace("_", "."): value for key, value in settings.items()}})
        for number, value in enumerate(values):
            producer.produce(topic, value, key=b"k%d" % number, partition=partition)
        assert producer.flush(30) == 0


def _end(consumer: Consumer, topic: str, partition: int = 0) -> int:
    """Return a partition's end as this consumer may see it."""
    end: int = consumer.get_watermark_offsets(Place(topic, partition), 10)[1]
    return end


class Transactions:
    """A transactional producer of librdkafka, in a thread."""

    def __init__(self, kafka: Kafka, transactional_id: str) -> None:
        self.producer = Producer({**kafka.librdkafka(), "transactional.id": transactional_id, "linger.ms": 0, **_QUIET})
        self.producer.init_transactions(30)

    def run(self, topic: str, values: list[bytes], *, commit: bool | None, keys: list[bytes] | None = None) -> None:
        """Write a transaction and end it; None leaves it open."""
        self.producer.begin_transaction()
        self.run_on(topic, values, keys)
        if commit is not None:
            self.end(commit=commit)

    def run_on(self, topic: str, values: list[bytes], keys: list[bytes] | None = None) -> None:
        """Write one more batch in the open transaction."""
        for number, value in enumerate(values):
            self.producer.produce(topic, value, key=keys[number] if keys else None, partition=0)
        assert self.producer.flush(30) == 0

    def end(self, *, commit: bool) -> None:
        """End the open transaction."""
        if commit:
            self.producer.commit_transaction(30)
        else:
            self.producer.abort_transaction(30)


@pytest.fixture(scope="session")
def near(kafka: Kafka, topic_name: Callable[[], str]) -> Cluster:
    """The one cluster, or of two the source."""
    return Cluster(kafka, topic_name)


@pytest.fixture(scope="session")
def far(kafka_pair: KafkaPair, topic_name: Callable[[], str]) -> Cluster:
    """The target."""
    return Cluster(kafka_pair.target, topic_name)


@pytest.fixture(scope="session")
async def compacting(work_folder: Path, topic_name: Callable[[], str]) -> AsyncIterator[Cluster]:
    """A cluster of its own that compacts all the time (Kafka waits 15 s by default)."""
    async with open_cluster(work_folder / "compacting", settings={"log.cleaner.backoff.ms": "50"}) as cluster:
        yield Cluster(Kafka(cluster.bootstrap, cluster.security), topic_name)


@pytest.fixture
async def client(near: Cluster) -> AsyncIterator[Client]:
    """The node's own client of `near`."""
    async with open_client(near.bootstrap, client_id="test", security=near.security) as opened:
        yield opened


@pytest.fixture
async def far_client(far: Cluster) -> AsyncIterator[Client]:
    """The node's own client of `far`."""
    async with open_client(far.bootstrap, client_id="test", security=far.security) as opened:
        yield opened


@pytest.fixture
def transactions(near: Cluster, topic_name: Callable[[], str]) -> Callable[[], Transactions]:
    """Return a maker of transactional producers on `near`."""
    return lambda: Transactions(near.kafka, topic_name())


@pytest.fixture
async def spawn() -> AsyncIterator[Callable[[Coroutine[Any, Any, None]], object]]:
    """Run what a sink starts in a group of tasks that ends with the test."""
    async with asyncio.TaskGroup() as tasks:
        yield tasks.create_task


COMPACTED = {"cleanup.policy": "compact", "segment.ms": "50", "min.cleanable.dirty.ratio": "0", "delete.retention.ms": "0"}
"""Settings of a topic that is compacted as soon as its segment is 50 ms old and another record comes."""


def first(topic: Topic) -> TopicPartition:
    """Return a topic's partition 0."""
    return TopicPartition(topic, 0)
