"""Records written in one transaction, on real brokers."""

import asyncio
import os

import pytest

from node.batch.records import Record
from node.bus import writer as module
from node.bus.reader import open_reader
from node.bus.security import Security
from node.bus.writer import Writer, open_writer
from node.errors import BusError, Fenced, Unavailable
from node.lane import TopicPartition
from node.model.names import Topic
from tests.bus.conftest import Cluster

pytestmark = pytest.mark.kafka
BATCH_BYTES = 1000


def record(value: bytes | None, *, key: bytes | None = b"k", at: int = 1_000_000) -> Record:
    """A record."""
    return Record(0, at, key, value, (("traceparent", b"00"),))


async def committed(cluster: Cluster, topic: Topic) -> list[Record]:
    """What is committed in a topic."""
    async with open_reader(cluster.bootstrap, "test", cluster.security) as reader:
        place = TopicPartition(topic, 0)
        await reader.look([topic])
        return [one async for stretch in reader.read(place, 0, await reader.high(place)) for one in stretch.records]


async def test_both_topics_have_all_or_nothing(near: Cluster) -> None:
    """What is sent within a transaction stands as it was given, in order and over several batches; what is abandoned does not."""
    one, other = await near.make({"max.message.bytes": "4000000"}), await near.make()
    records = [record(os.urandom(300), key=b"%d" % number, at=1_000_000 + number) for number in range(8)]
    records += [record(None), record(None, key=None), record(bytes(5000)), record(os.urandom(3_000_000))]
    async with open_writer(near.bootstrap, f"{one}.id", batch_bytes=BATCH_BYTES, security=near.security) as writer:
        async with writer.transaction():
            assert await writer.send(TopicPartition(one, 0), records) == 0
            assert await writer.send(TopicPartition(other, 0), records[:1]) == 0
        async with writer.transaction():
            assert await writer.send(TopicPartition(one, 0), records) > len(records)
            writer.abandon()
        async with writer.transaction():
            await writer.send(TopicPartition(other, 0), records[:1])
    assert [(r.timestamp, r.key, r.value, r.headers) for r in await committed(near, one)] == [
        (r.timestamp, r.key, r.value, r.headers) for r in records
    ]
    assert len(await committed(near, other)) == 2


async def _left(near: Cluster, topic: Topic, failure: BaseException) -> None:
    async with open_writer(near.bootstrap, f"{topic}.id", batch_bytes=BATCH_BYTES, security=near.security) as writer, writer.transaction():
        await writer.send(TopicPartition(topic, 0), [record(b"no")])
        raise failure


async def test_an_error_within_aborts(near: Cluster) -> None:
    """At once, so that readers are not held back; the error comes out as it is."""
    topic = await near.make()
    with pytest.raises(KeyError):
        await _left(near, topic, KeyError())
    await near.until_settled(topic)
    assert await committed(near, topic) == []


async def test_a_cancellation_within_aborts(near: Cluster) -> None:
    """Whoever asked has hung up: the transaction is aborted all the same where the cancellation comes again at every step (as anyio's does)."""
    topic, sent = await near.make(), asyncio.Event()

    async def write() -> None:
        async with (
            open_writer(near.bootstrap, f"{topic}.id", batch_bytes=BATCH_BYTES, security=near.security) as writer,
            writer.transaction(),
        ):
            await writer.send(TopicPartition(topic, 0), [record(b"no")])
            sent.set()
            await asyncio.Event().wait()

    writing = asyncio.create_task(write())
    await sent.wait()
    while not writing.done():
        writing.cancel()
        await asyncio.sleep(0)
    await near.until_settled(topic)
    assert await committed(near, topic) == []


async def test_a_transaction_that_takes_too_long_is_given_up(near: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """By us, before its coordinator does."""
    monkeypatch.setattr(module, "DEADLINE_S", 0.1)
    topic = await near.make()

    async def stand_still(writer: Writer) -> None:
        async with writer.transaction():
            await writer.send(TopicPartition(topic, 0), [record(b"no")])
            await asyncio.sleep(5)

    with pytest.raises(Unavailable, match="was not committed"):
        async with open_writer(near.bootstrap, f"{topic}.id", batch_bytes=BATCH_BYTES, security=near.security) as writer:
            await stand_still(writer)
    assert await committed(near, topic) == []


async def test_the_next_one_fences_and_settles_the_former(near: Cluster) -> None:
    """A former writer's open transaction is ended when the next one opens, and it can commit nothing any more."""
    topic = await near.make()

    async def overtaken(former: Writer) -> None:
        async with former.transaction():
            await former.send(TopicPartition(topic, 0), [record(b"no")])
            async with open_writer(near.bootstrap, f"{topic}.id", batch_bytes=BATCH_BYTES, security=near.security) as later:
                assert await committed(near, topic) == []
                async with later.transaction():
                    await later.send(TopicPartition(topic, 0), [record(b"yes")])

    async with open_writer(near.bootstrap, f"{topic}.id", batch_bytes=BATCH_BYTES, security=near.security) as former:
        with pytest.raises(Fenced, match="running twice"):
            await overtaken(former)
    assert [one.value for one in await committed(near, topic)] == [b"yes"]


async def test_a_record_that_is_too_large_is_told(near: Cluster) -> None:
    """Waiting would not mend it; nothing is committed."""
    topic = await near.make({"max.message.bytes": "2000"})
    with pytest.raises(BusError, match="larger than its topic takes") as raised:
        async with (
            open_writer(near.bootstrap, f"{topic}.id", batch_bytes=BATCH_BYTES, security=near.security) as writer,
            writer.transaction(),
        ):
            await writer.send(TopicPartition(topic, 0), [record(b"small"), record(os.urandom(5000))])
    assert not isinstance(raised.value, Unavailable)
    assert await committed(near, topic) == []


async def test_a_cluster_that_is_not_there_is_unavailable() -> None:
    """At once."""
    with pytest.raises(Unavailable):
        async with open_writer("127.0.0.1:1", "id", batch_bytes=BATCH_BYTES, security=Security()):
            pass
