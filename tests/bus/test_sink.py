"""Answers for node/bus/sink.py: batches and progress in one transaction, on real brokers (on one that misbehaves: test_sink_faults)."""

import asyncio

import pytest
from confluent_kafka import Consumer
from confluent_kafka import TopicPartition as Place

from node.batch.header import ZSTD
from node.bus.client import Client
from node.bus.inspect import LATEST, offset
from node.bus.progress import read_progress
from node.errors import Fenced
from node.lane import Stop, TopicPartition
from node.model.names import Topic
from tests.bus.conftest import Cluster, first
from tests.bus.replies import TIME_MS, batch
from tests.bus.sinking import LANE, Spawn, carry, link, opened
from tests.conftest import Kafka

pytestmark = pytest.mark.kafka


async def consume(far: Cluster, topic: Topic) -> list[tuple[int, int, bytes | None, bytes | None]]:
    """Return offset, timestamp, key and value of all committed records, by an independent client."""
    await far.until_settled(topic)
    return await asyncio.to_thread(_consume, far.kafka, topic)


def _consume(kafka: Kafka, topic: str) -> list[tuple[int, int, bytes | None, bytes | None]]:
    how = {"enable.partition.eof": True, "isolation.level": "read_committed", "fetch.wait.max.ms": 10}
    consumer = Consumer({**kafka.librdkafka(), "group.id": "none", **how})
    consumer.assign([Place(topic, 0, 0)])
    found = []
    while (message := consumer.poll(10)) is not None and message.error() is None:
        found.append((message.offset() or 0, message.timestamp()[1], message.key(), message.value()))
    consumer.close()
    assert message is not None, "the end of the partition was not reached"
    return found


@pytest.fixture
async def there(far: Cluster, far_client: Client) -> tuple[TopicPartition, TopicPartition, str]:
    """A topic and a progress partition in the target, and a transactional.id of the test's own."""
    topic, progress = await far.make(), await far.make({"cleanup.policy": "compact"})
    await far_client.look([topic, progress])
    return first(topic), first(progress), f"id-{topic}"


async def test_records_arrive_as_they_were_with_their_progress(
    far: Cluster, far_client: Client, there: tuple[TopicPartition, TopicPartition, str], spawn: Spawn
) -> None:
    """All codecs, keys, values and timestamps as given; the progress stands with them; more than five batches of a partition are in order."""
    route, progress, name = there
    data = [batch(100 + 2 * number, 2, codec=number % (ZSTD + 1), value=b"value %d" % number) for number in range(23)]
    async with opened(far_client, name, progress, spawn) as (sink, shard):
        await carry(sink, shard, route, *[bytearray(one) for one in data[:20]])
        await carry(sink, shard, route, *[bytearray(one) for one in data[20:]])
        assert shard.offsets == [*range(0, 40, 2), 41, 43, 45]
        assert sink.answered_at is not None
    found = await consume(far, route.topic)
    expected = [(TIME_MS + 100 + i, b"k%d" % (100 + i), b"value %d" % (i // 2)) for i in range(46)]
    assert [one[1:] for one in found] == expected
    assert (await read_progress(far_client, progress, LANE))[route].next == 9


async def test_an_abort_leaves_nothing(
    far: Cluster, far_client: Client, there: tuple[TopicPartition, TopicPartition, str], spawn: Spawn
) -> None:
    """What was written, recorded or still waiting is not there for any reader, and all bytes are given back."""
    route, progress, name = there
    async with opened(far_client, name, progress, spawn) as (sink, shard):
        sink.begin()
        for number in range(10):
            link(sink, shard, route, batch(number))
        await shard.until(lambda: bool(shard.settlements))
        await sink.end(commit=False)
        assert shard.lent == 0
        assert shard.lender.bytes == 10 * len(batch(1))
    assert await consume(far, route.topic) == []
    assert await read_progress(far_client, progress, LANE) == {}


async def test_an_abort_of_nothing_asks_nobody(far_client: Client, there: tuple[TopicPartition, TopicPartition, str], spawn: Spawn) -> None:
    """Kafka never heard of a transaction without partitions: there is nothing to end."""
    async with opened(far_client, there[2], there[1], spawn) as (sink, _shard):
        sink.begin()
        await sink.end(commit=False)
        assert sink.answered_at is None


async def test_sequences_wrap_at_two_to_the_31(
    far: Cluster, far_client: Client, there: tuple[TopicPartition, TopicPartition, str], spawn: Spawn
) -> None:
    """Before, over and behind the wrap the broker must take each batch: 0 follows 2^31 - 1."""
    route, progress, name = there
    async with opened(far_client, name, progress, spawn) as (sink, shard):
        sink._sequences[route] = 2**31 - 5
        await carry(sink, shard, route, batch(0, 3), batch(3, 4), batch(7, 2))
        assert sink._sequences[route] == 4
        await carry(sink, shard, route, batch(9, 1))
    assert len(await consume(far, route.topic)) == 10


async def test_a_successor_fences_and_ends_the_transaction(
    far: Cluster, far_client: Client, there: tuple[TopicPartition, TopicPartition, str], spawn: Spawn
) -> None:
    """Whoever takes the transactional.id ends what was open; the former owner hears Fenced, whether it writes or commits."""
    route, progress, name = there
    for writes in (True, False):
        async with opened(far_client, name, progress, spawn) as (old, shard), opened(far_client, f"{name}-other", progress, spawn):
            old.begin()
            link(old, shard, route, batch(0))
            await shard.until(lambda shard=shard: bool(shard.settlements))  # type: ignore[misc]  # bound now
            async with opened(far_client, name, progress, spawn):
                if writes:
                    link(old, shard, route, batch(1))
                    async with asyncio.timeout(10):
                        while not shard.errors:
                            await shard.changed.wait()
                            shard.changed.clear()
                    assert [type(error) for error in shard.errors] == [Fenced]
                else:
                    with pytest.raises(Fenced):
                        await old.end(commit=True)
    assert await consume(far, route.topic) == []


async def test_a_message_too_large_for_the_target_stops_its_route(
    far: Cluster, far_client: Client, there: tuple[TopicPartition, TopicPartition, str], spawn: Spawn
) -> None:
    """The target's limit is the route's fault: TOO_LARGE is told, the producer is not lost, and the abort goes through."""
    _, progress, name = there
    small = first(await far.make({"max.message.bytes": "1000"}))
    await far_client.look([small.topic])
    async with opened(far_client, name, progress, spawn) as (sink, shard):
        sink.begin()
        link(sink, shard, small, batch(0, value=b"v" * 2000))
        await shard.until(lambda: bool(shard.failures))
        assert shard.failures == [(small, Stop.TOO_LARGE, f"{small}: MESSAGE_TOO_LARGE")]
        await sink.end(commit=False)


async def test_a_topic_that_is_gone_needs_a_look(
    far: Cluster, far_client: Client, there: tuple[TopicPartition, TopicPartition, str], spawn: Spawn
) -> None:
    """A target topic deleted under the sink is told for its route, without a reason of its own."""
    route, progress, name = there
    await far.drop(route.topic)
    async with opened(far_client, name, progress, spawn) as (sink, shard):
        sink.begin()
        link(sink, shard, route, batch(0))
        await shard.until(lambda: bool(shard.failures))
        assert shard.failures == [(route, None, f"{route}: UNKNOWN_TOPIC_OR_PARTITION")]


async def test_nothing_leaks_over_thousands_of_batches(
    far_client: Client, there: tuple[TopicPartition, TopicPartition, str], spawn: Spawn
) -> None:
    """Every byte lent is given back, whatever the end of the transaction."""
    route, progress, name = there
    async with opened(far_client, name, progress, spawn) as (sink, shard):
        for _ in range(2):
            await carry(sink, shard, route, *[batch(base) for base in range(400)])
            assert shard.lent == 0
        sink.begin()
        for base in range(400):
            link(sink, shard, route, batch(base))
        await shard.until(lambda: len(shard.settlements) > 800)
        await sink.end(commit=False)
        assert shard.lent == 0
        end = await offset(far_client, route, LATEST)
        assert end >= 802
