"""Stretches of topics, read once and in order, on real brokers."""

import asyncio
from collections.abc import Callable

import pytest
from confluent_kafka import Producer

from node.batch.records import Record
from node.bus import reader as module
from node.bus.reader import Reader, open_reader
from node.bus.security import Security
from node.errors import Unavailable
from node.lane import TopicPartition
from node.model.names import Topic
from tests.bus.conftest import Cluster, Transactions

pytestmark = pytest.mark.kafka


async def values(reader: Reader, topic: Topic, begin: int, end: int) -> tuple[list[bytes | None], int]:
    """What a stretch of partition 0 holds, and the position behind it."""
    found, position = list[bytes | None](), begin
    async for stretch in reader.read(TopicPartition(topic, 0), begin, end):
        found += [record.value for record in stretch.records]
        position = stretch.position
    return found, position


async def test_a_stretch_is_read_whole_and_nothing_else(near: Cluster) -> None:
    """From its first offset up to its last, whatever stands before and behind; one after another with the same reader."""
    topic, other = await near.make(), await near.make()
    await near.write(topic, *(b"%d" % number for number in range(10)))
    await near.write(other, b"x", None)
    async with open_reader(near.bootstrap, "test", near.security) as reader:
        assert await values(reader, topic, 2, 5) == ([b"2", b"3", b"4"], 5)
        assert await values(reader, other, 0, 2) == ([b"x", None], 2)
        assert await values(reader, topic, 5, 5) == ([], 5)
        assert (await values(reader, topic, 0, 10))[0] == [b"%d" % number for number in range(10)]


async def test_records_come_with_all_they_have(near: Cluster) -> None:
    """Offset, timestamp, key, value and headers, as `node.batch` has them."""
    topic = await near.make()
    producer = Producer(near.kafka.librdkafka())
    producer.produce(topic, b"v", b"k", timestamp=1_000_000, headers=[("a", b"1"), ("a", None)])
    assert producer.flush(10) == 0
    async with open_reader(near.bootstrap, "test", near.security) as reader:
        found = [one async for stretch in reader.read(TopicPartition(topic, 0), 0, 1) for one in stretch.records]
    assert found == [Record(0, 1_000_000, b"k", b"v", (("a", b"1"), ("a", None)))]


async def test_only_what_is_committed_is_read_and_the_end_is_reached_all_the_same(
    near: Cluster, transactions: Callable[[], Transactions]
) -> None:
    """Aborted records and markers stand in the stretch: none is handed on, and the position gets behind them."""
    topic = await near.make()
    writer = await asyncio.to_thread(transactions)
    await asyncio.to_thread(writer.run, topic, [b"yes"], commit=True)
    await asyncio.to_thread(writer.run, topic, [b"no", b"no"], commit=False)
    await near.until_settled(topic)
    async with open_reader(near.bootstrap, "test", near.security) as reader:
        place = TopicPartition(topic, 0)
        await reader.look([topic])
        end = await reader.high(place)
        assert (await reader.bounds([place]))[place] == (0, end)
        assert await values(reader, topic, 0, end) == ([b"yes"], end)


async def test_an_open_transaction_is_waited_for(near: Cluster, transactions: Callable[[], Transactions]) -> None:
    """What is written before the high watermark is read once it is committed; the committed end comes before it."""
    topic = await near.make()
    writer = await asyncio.to_thread(transactions)
    await asyncio.to_thread(writer.run, topic, [b"late"], commit=None)
    async with open_reader(near.bootstrap, "test", near.security) as reader:
        place = TopicPartition(topic, 0)
        await reader.look([topic])
        high = await reader.high(place)
        assert ((await reader.bounds([place]))[place], high) == ((0, 0), 1)
        reading = asyncio.create_task(values(reader, topic, 0, high))
        await asyncio.sleep(0.1)
        assert not reading.done()
        await asyncio.to_thread(writer.end, commit=True)
        assert (await reading)[0] == [b"late"]


async def test_a_transaction_that_stays_open_ends_the_waiting(
    near: Cluster, transactions: Callable[[], Transactions], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the place, and the likely cause."""
    monkeypatch.setattr(module, "_WAIT_S", 0.2)
    topic = await near.make()
    writer = await asyncio.to_thread(transactions)
    await asyncio.to_thread(writer.run, topic, [b"late"], commit=None)
    async with open_reader(near.bootstrap, "test", near.security) as reader:
        with pytest.raises(Unavailable, match=rf"{topic}-0: nothing came .* at offset 0 of 1: an open transaction"):
            await values(reader, topic, 0, 1)
    await asyncio.to_thread(writer.end, commit=False)


async def test_a_moment_is_found_by_timestamps(near: Cluster) -> None:
    """The first record that is no earlier; none if all are earlier; moments before 1970 are before all."""
    topic = await near.make()
    await near.write(topic, b"a")
    async with open_reader(near.bootstrap, "test", near.security) as reader:
        place = TopicPartition(topic, 0)
        (record,) = [one async for stretch in reader.read(place, 0, 1) for one in stretch.records]
        assert [await reader.since(place, record.timestamp + step) for step in (-1, 0, 1)] == [0, 0, None]
        assert await reader.since(place, -5) == 0


async def test_asking_makes_no_topic(near: Cluster) -> None:
    """A topic that is not there is not there afterwards either."""
    async with open_reader(near.bootstrap, "test", near.security) as reader:
        assert await reader.look([Topic("445102.test.never")]) == {}
        assert await reader.bounds([]) == {}
    assert "445102.test.never" not in (await asyncio.to_thread(near.admin.list_topics, timeout=10)).topics


async def test_a_cluster_that_is_not_there_is_unavailable() -> None:
    """At once, with its address."""
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"):
        async with open_reader("127.0.0.1:1", "test", Security()):
            pass
