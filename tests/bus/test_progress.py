"""Answers for node/bus/progress.py: the newest committed progress, whatever else goes on in the partition."""

import asyncio
import uuid
from collections.abc import Callable

import pytest

from node.batch.header import walk
from node.bus import progress as module
from node.bus.client import Client, open_client
from node.bus.inspect import fetch
from node.bus.progress import read_progress
from node.errors import BusError, Unavailable
from node.lane import Progress, TopicPartition, Written
from node.lane.progress import encode, key_of
from node.model.names import Topic
from tests.bus.conftest import COMPACTED, Cluster, Transactions, first

pytestmark = pytest.mark.kafka
LANE = "link-up"
A, B = TopicPartition(Topic("445102.civil-affairs.villages"), 0), TopicPartition(Topic("445102.civil-affairs.streets"), 4)


def stands(after: int) -> bytes:
    """Return the value of a progress that stands behind some source offsets."""
    return encode(Progress(source_id=str(uuid.UUID(int=1)), next=after, targets={A.topic: Written(id=str(uuid.UUID(int=2)))}))


async def test_the_newest_of_each_route_counts(near: Cluster, client: Client, transactions: Callable[[], Transactions]) -> None:
    """Committed records only, the last of each key, of this lane alone."""
    topic = await near.make()
    producer = await asyncio.to_thread(transactions)

    def write() -> None:
        producer.run(topic, [stands(1), stands(5)], commit=True, keys=[key_of(LANE, A), key_of(LANE, B)])
        producer.run(topic, [stands(2)], commit=True, keys=[key_of(LANE, A)])
        producer.run(topic, [stands(3)], commit=False, keys=[key_of(LANE, A)])
        producer.run(topic, [stands(99)], commit=True, keys=[key_of("link-down", A)])

    await asyncio.to_thread(write)
    found = await read_progress(client, first(topic), LANE)
    assert {route: one.next for route, one in found.items()} == {A: 2, B: 5}


async def test_nothing_yet_is_nothing(near: Cluster, client: Client) -> None:
    """An empty partition is the state of a node that has carried nothing."""
    assert await read_progress(client, first(await near.make()), LANE) == {}


async def test_a_tombstone_forgets_a_route(near: Cluster, client: Client, transactions: Callable[[], Transactions]) -> None:
    """A disposed route has no progress; written again it has its new one."""
    topic = await near.make()
    producer = await asyncio.to_thread(transactions)

    def write(value: bytes | None) -> None:
        producer.producer.begin_transaction()
        producer.producer.produce(topic, value, key=key_of(LANE, A), partition=0)
        producer.end(commit=True)

    for value, left in ((stands(4), {A}), (None, set()), (stands(6), {A})):
        await asyncio.to_thread(write, value)
        assert (await read_progress(client, first(topic), LANE)).keys() == left


async def test_another_lanes_open_transaction_is_waited_for(
    near: Cluster, client: Client, transactions: Callable[[], Transactions]
) -> None:
    """It holds the stable offset below the high watermark: what lies behind it must not be missed, so reading waits until it ends."""
    topic = await near.make()
    ours, others = await asyncio.gather(asyncio.to_thread(transactions), asyncio.to_thread(transactions))
    await asyncio.to_thread(others.run, topic, [stands(7)], commit=None, keys=[key_of("gate", A)])
    await asyncio.to_thread(ours.run, topic, [stands(3)], commit=True, keys=[key_of(LANE, A)])
    reading = asyncio.create_task(read_progress(client, first(topic), LANE))
    await asyncio.sleep(0.3)
    assert not reading.done()
    await asyncio.to_thread(others.end, commit=True)
    assert (await reading)[A].next == 3


async def test_the_wait_for_another_ends(
    near: Cluster, client: Client, transactions: Callable[[], Transactions], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that is never ended is reported with its place, and the shard tries again."""
    monkeypatch.setattr(module, "_WAIT_S", 0.3)
    topic = await near.make()
    other = await asyncio.to_thread(transactions)
    await asyncio.to_thread(other.run, topic, [stands(7)], commit=None, keys=[key_of("gate", A)])
    with pytest.raises(Unavailable, match="offset 0 of 1"):
        await read_progress(client, first(topic), LANE)
    await asyncio.to_thread(other.end, commit=False)


async def test_a_long_partition_may_take_long(
    near: Cluster, client: Client, transactions: Callable[[], Transactions], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only standing still is limited: a partition that was not compacted for weeks must not keep its shard closed for ever."""
    topic = await near.make()
    producer = await asyncio.to_thread(transactions)
    for number in range(5):
        await asyncio.to_thread(producer.run, topic, [stands(number)], commit=True, keys=[key_of(LANE, A)])
    original = module._read

    async def slowly(there: Client, partition: TopicPartition, start: int, lane: str, found: dict[TopicPartition, Progress]) -> int:
        await asyncio.sleep(0.15)
        await original(there, partition, start, lane, found)
        return start + 2

    monkeypatch.setattr(module, "_read", slowly)
    monkeypatch.setattr(module, "_WAIT_S", 0.4)
    assert (await read_progress(client, first(topic), LANE))[A].next == 4


@pytest.mark.parametrize(
    ("key", "value"), [(b"no key of ours", b"{}"), (key_of(LANE, A), b"not json"), (key_of(LANE, A), b'{"version":2}')]
)
async def test_what_cannot_be_read_is_told_with_its_partition(near: Cluster, client: Client, key: bytes, value: bytes) -> None:
    """Garbage, or a newer node's form: the shard stays closed and says why, instead of starting anew from nothing."""
    topic = await near.make()
    producer = await asyncio.to_thread(Transactions, near.kafka, f"id-{topic}")
    await asyncio.to_thread(producer.run, topic, [value], commit=True, keys=[key])
    with pytest.raises(BusError, match=f"{topic}-0"):
        await read_progress(client, first(topic), LANE)


async def test_compaction_leaves_nothing_that_cannot_be_read(compacting: Cluster) -> None:
    """A killed node's abort marker loses its record to compaction, but its batch stays, empty: that must not close the shard for ever."""
    topic = await compacting.make(COMPACTED)
    partition, name = first(topic), f"id-{topic}"
    killed = await asyncio.to_thread(Transactions, compacting.kafka, name)
    await asyncio.to_thread(killed.run, topic, [stands(1)], commit=None, keys=[key_of(LANE, A)])
    await asyncio.to_thread(Transactions, compacting.kafka, name)  # InitProducerId: the marker bears a new epoch
    another = await asyncio.to_thread(Transactions, compacting.kafka, f"{name}-another")
    async with open_client(compacting.bootstrap, client_id="test", security=compacting.security) as client:
        await client.look([topic])
        number = 0
        async with asyncio.timeout(20):
            while not await _has_empty_marker(client, partition):
                number += 1
                await asyncio.to_thread(another.run, topic, [stands(number)], commit=True, keys=[key_of(LANE, B)])
                await asyncio.sleep(0.06)
        assert (await read_progress(client, partition, LANE))[B].next == number


async def _has_empty_marker(client: Client, partition: TopicPartition) -> bool:
    data = (await fetch(client, partition, 0, committed=False)).data
    return any(header.is_control and not header.count for _at, header in walk(data, 0, len(data)))
