"""What tests of the bus share: clients of the two clusters, topics of their own, and records written by an independent client."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from node.bus.client import Client, open_client
from node.bus.security import Security
from node.lane import TopicPartition
from node.model.names import Topic
from tests.conftest import Kafka, KafkaPair

T = TypeVar("T")


class Cluster:
    """One shared cluster, as an independent client (librdkafka) works it."""

    def __init__(self, bootstrap: str, topic_name: Callable[[], str]) -> None:
        self.bootstrap = bootstrap
        self.admin = AdminClient({"bootstrap.servers": bootstrap})
        self._topic_name = topic_name

    async def make(self, *, partitions: int = 1, name: str = "", **settings: str) -> Topic:
        """Make a topic; settings with _ for the dots."""
        name = name or self._topic_name()
        config = {key.replace("_", "."): value for key, value in settings.items()}
        await asyncio.to_thread(self.admin.create_topics([NewTopic(name, partitions, 1, config=config)])[name].result, 30)
        await self._until(name, there=True)
        return Topic(name)

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
        from confluent_kafka import TopicPartition as Place  # noqa: PLC0415 - the name is taken here

        place = Place(topic, 0, offset)
        await asyncio.to_thread(self.admin.delete_records([place])[place].result, 30)

    async def write(self, topic: Topic, *values: bytes | None, partition: int = 0, **settings: Any) -> None:
        """Write records, key `k<n>`, outside any transaction."""
        await asyncio.to_thread(self._write, topic, values, partition, settings)

    def _write(self, topic: Topic, values: tuple[bytes | None, ...], partition: int, settings: dict[str, Any]) -> None:
        producer = Producer({"bootstrap.servers": self.bootstrap, **{key.replace("_", "."): value for key, value in settings.items()}})
        for number, value in enumerate(values):
            producer.produce(topic, value, key=b"k%d" % number, partition=partition)
        assert producer.flush(30) == 0


class Transactions:
    """A transactional producer of librdkafka, in a thread."""

    def __init__(self, bootstrap: str, transactional_id: str) -> None:
        self.producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": transactional_id, "linger.ms": 0})
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
    return Cluster(kafka.bootstrap, topic_name)


@pytest.fixture(scope="session")
def far(kafka_pair: KafkaPair, topic_name: Callable[[], str]) -> Cluster:
    """The target."""
    return Cluster(kafka_pair.target.bootstrap, topic_name)


@pytest.fixture
async def client(near: Cluster) -> AsyncIterator[Client]:
    """The node's own client of `near`."""
    async with open_client(near.bootstrap, client_id="test", security=Security()) as opened:
        yield opened


@pytest.fixture
async def far_client(far: Cluster) -> AsyncIterator[Client]:
    """The node's own client of `far`."""
    async with open_client(far.bootstrap, client_id="test", security=Security()) as opened:
        yield opened


@pytest.fixture
def transactions(near: Cluster, topic_name: Callable[[], str]) -> Callable[[], Transactions]:
    """Return a maker of transactional producers on `near`."""
    return lambda: Transactions(near.bootstrap, topic_name())


@pytest.fixture
async def spawn() -> AsyncIterator[Callable[[Coroutine[Any, Any, None]], object]]:
    """Run what a sink starts in a group of tasks that ends with the test."""
    async with asyncio.TaskGroup() as tasks:
        yield tasks.create_task


def first(topic: Topic) -> TopicPartition:
    """Return a topic's partition 0."""
    return TopicPartition(topic, 0)
