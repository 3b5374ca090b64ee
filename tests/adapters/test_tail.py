"""Reading a topic's committed records, from real brokers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from node.adapters.tail import Start, Tailed, tail
from node.errors import Unavailable
from node.model.names import Topic
from node.model.values import Kind, ResourceValue
from tests.conftest import Kafka

pytestmark = pytest.mark.kafka


@asynccontextmanager
async def producing(kafka: Kafka, name: str) -> AsyncIterator[AIOKafkaProducer]:
    """Open a transactional producer."""
    producer = AIOKafkaProducer(**kafka.aiokafka(), transactional_id=name)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@pytest.fixture
async def topic(kafka: Kafka, topic_name: Callable[[], str]) -> Topic:
    """Return a topic of two partitions: committed 0 and 1, aborted 2 and 3, committed 4 in each, every run with its marker."""
    topic = Topic(topic_name())
    admin = AIOKafkaAdminClient(**kafka.aiokafka())
    await admin.start()
    await admin.create_topics([NewTopic(topic, 2, 1)])
    await admin.close()
    async with producing(kafka, f"{topic}.writer") as producer:
        for values in ((b"0", b"1"), (b"2", b"3"), (b"4",)):
            await producer.begin_transaction()
            for value in values:
                for partition in (0, 1):
                    await producer.send_and_wait(topic, value, key=b"k" + value, partition=partition, timestamp_ms=1000 + int(value))
            await (producer.abort_transaction() if values[0] == b"2" else producer.commit_transaction())
    return topic


def resource(topic: Topic, partitions: int = 2) -> ResourceValue:
    """Return the resource of a topic."""
    return ResourceValue(name=topic, title="t", kind=Kind.FACTS, schema=1, partitions=partitions)


async def read(kafka: Kafka, topic: Topic, start: Start) -> list[Tailed]:
    """Read to the end."""
    async with asyncio.timeout(20):
        return [record async for record in tail(kafka.bootstrap, resource(topic), start=start, security=kafka.security)]


async def test_all_committed_records_come_in_order_and_then_it_ends(kafka: Kafka, topic: Topic) -> None:
    """Aborted records and transaction markers are passed by, those at the very end too."""
    records = await read(kafka, topic, "start")
    for partition in (0, 1):
        own = [record for record in records if record.partition == partition]
        assert [(record.key, record.value, record.timestamp_ms) for record in own] == [
            (b"k0", b"0", 1000),
            (b"k1", b"1", 1001),
            (b"k4", b"4", 1004),
        ]
        assert [record.offset for record in own] == [0, 1, 6]


async def test_an_open_transaction_is_not_waited_for(kafka: Kafka, topic: Topic) -> None:
    """The end is the last stable offset: what may still be aborted is not there yet."""
    async with producing(kafka, f"{topic}.writer") as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"5", partition=0)
        assert [record.value for record in await read(kafka, topic, "start")].count(b"5") == 0
        await producer.abort_transaction()


@pytest.mark.parametrize(("start", "offsets"), [("now", []), (1, [1, 1, 6, 6]), (2, [6, 6]), (10**12, [])])
async def test_reading_begins_where_it_is_told_to(kafka: Kafka, topic: Topic, start: Start, offsets: list[int]) -> None:
    """An offset counts in every partition; one behind the end is the end."""
    assert sorted(record.offset for record in await read(kafka, topic, start)) == offsets


async def test_following_waits_for_what_comes(kafka: Kafka, topic: Topic) -> None:
    """From now on, only what is written from now on."""
    async with (
        asyncio.timeout(20),
        aclosing(tail(kafka.bootstrap, resource(topic), start="now", follow=True, security=kafka.security)) as records,
    ):
        coming = asyncio.ensure_future(anext(records))
        async with producing(kafka, f"{topic}.writer") as producer:
            while not coming.done():
                await producer.begin_transaction()
                await producer.send_and_wait(topic, b"new", partition=1)
                await producer.commit_transaction()
                await asyncio.wait([coming], timeout=0.1)
        assert (await coming).value == b"new"


async def test_topic_that_is_not_there_is_told_and_not_made(kafka: Kafka, topic_name: Callable[[], str]) -> None:
    """Asking for a name must not make a topic of it."""
    name = Topic(topic_name())
    for _ in range(2):
        with pytest.raises(Unavailable, match="is not in the cluster"):
            await read(kafka, name, "start")


async def test_cluster_that_is_away_is_told() -> None:
    """Port 1 of loopback: nobody listens."""
    with pytest.raises(Unavailable):
        await anext(tail("127.0.0.1:1", resource(Topic("445102.a.b")), start="start"))
