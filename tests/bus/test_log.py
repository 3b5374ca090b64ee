"""Answers for node/bus/log.py: one writer, committed runs only, every log in its order."""

import asyncio
import time
from collections.abc import Callable

import pytest

from node.bus import log as module
from node.bus.log import LogReader, open_log_reader, open_log_writer
from node.bus.security import Security
from node.errors import BusError, Fenced, Unavailable
from node.model.keys import Signed
from node.model.names import Topic
from tests.bus.conftest import Cluster, Transactions
from tests.bus.scripted import PRODUCE, TOPIC, open_broker, silent

pytestmark = pytest.mark.kafka
NONE = Security()


@pytest.fixture(autouse=True)
def _short_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that brings nothing takes 0.2 s here instead of a second."""
    monkeypatch.setattr(module, "_POLL_S", 0.2)


async def read(reader: LogReader, count: int) -> list[tuple[Topic, bytes]]:
    """Read until so many events have come."""
    found: list[tuple[Topic, bytes]] = []
    async with asyncio.timeout(15):
        while len(found) < count:
            found += [(topic, one.value) for topic, records in (await reader.read()).items() for one in records]
    return found


def bare(*values: bytes) -> list[Signed]:
    """Events without a signature."""
    return [Signed(value) for value in values]


async def test_runs_are_read_as_they_were_written(near: Cluster) -> None:
    """Two logs, each in its order, from the beginning; a second run of the same writer behind the first."""
    one, other = await near.make(), await near.make()
    async with open_log_reader(near.bootstrap, near.security) as reader:
        reader.follow({one, other})
        async with open_log_writer(near.bootstrap, one, f"id-{one}", near.security) as writer:
            await writer.append(bare(b"1", b"2"))
            async with open_log_writer(near.bootstrap, other, f"id-{other}", near.security) as second:
                await second.append(bare(b"a"))
            await writer.append(bare(b"3"))
        found = await read(reader, 4)
    assert [value for topic, value in found if topic == one] == [b"1", b"2", b"3"]
    assert [value for topic, value in found if topic == other] == [b"a"]


async def test_a_signature_stands_beside_its_event(near: Cluster) -> None:
    """In a header of the record, which is handed on; nothing else of the record is changed, and what has none has none."""
    topic = await near.make()
    run = [Signed(b"1"), Signed(b"2", b"signed")]
    async with open_log_reader(near.bootstrap, near.security) as reader:
        reader.follow({topic})
        async with open_log_writer(near.bootstrap, topic, f"id-{topic}", near.security) as writer:
            await writer.append(run)
        found: list[Signed] = []
        async with asyncio.timeout(15):
            while len(found) < len(run):
                found += (await reader.read()).get(topic, [])
    assert found == run


async def test_only_committed_events_are_read(near: Cluster, transactions: Callable[[], Transactions]) -> None:
    """A run that was aborted, or is still open, is nobody's word."""
    topic = await near.make()
    producer = await asyncio.to_thread(transactions)
    await asyncio.to_thread(producer.run, topic, [b"aborted"], commit=False)
    async with open_log_reader(near.bootstrap, near.security) as reader:
        reader.follow({topic})
        async with open_log_writer(near.bootstrap, topic, f"id-{topic}", near.security) as writer:
            await writer.append(bare(b"1"))
        await asyncio.to_thread(producer.run, topic, [b"open"], commit=None)
        assert await read(reader, 1) == [(topic, b"1")]
        assert await reader.read() == {}
        await asyncio.to_thread(producer.end, commit=False)
        await near.until_settled(topic)
        async with asyncio.timeout(10):
            while not await reader.at_end(topic):
                assert await reader.read() == {}


async def test_a_reader_knows_when_it_has_read_all(near: Cluster) -> None:
    """Before a command is decided everything that stands must have been folded: at_end says when; not for logs it does not follow."""
    topic = await near.make()
    async with open_log_reader(near.bootstrap, near.security) as reader:
        assert not await reader.at_end(topic)
        reader.follow({topic})
        assert await reader.at_end(topic)
        async with open_log_writer(near.bootstrap, topic, f"id-{topic}", near.security) as writer:
            await writer.append(bare(b"1", b"2"))
        await near.until_settled(topic)
        assert not await reader.at_end(topic)
        await read(reader, 2)
        async with asyncio.timeout(10):
            while not await reader.at_end(topic):
                await reader.read()


async def test_following_more_goes_on_where_each_was_left(near: Cluster) -> None:
    """A topic that joins is read from its beginning, the others are not read again; one that leaves is silent, and back it goes on anew."""
    one, other = await near.make(), await near.make()
    await near.write(one, b"1")
    await near.write(other, b"a")
    async with open_log_reader(near.bootstrap, near.security) as reader:
        assert await reader.read() == {}
        reader.follow({one})
        assert await read(reader, 1) == [(one, b"1")]
        reader.follow({one, other})
        assert await read(reader, 1) == [(other, b"a")]
        reader.follow({one, other})
        reader.follow({other})
        await near.write(one, b"2")
        await near.write(other, b"b")
        assert await read(reader, 1) == [(other, b"b")]


async def test_rewinding_reads_a_log_again(near: Cluster) -> None:
    """From its beginning, and only that one; a log that is not followed cannot be rewound."""
    one, other = await near.make(), await near.make()
    await near.write(one, b"1", b"2")
    await near.write(other, b"a")
    async with open_log_reader(near.bootstrap, near.security) as reader:
        reader.follow({one, other})
        await read(reader, 3)
        reader.rewind(one)
        reader.rewind(Topic("445102.node.unknown"))
        assert await read(reader, 2) == [(one, b"1"), (one, b"2")]


async def test_a_log_that_lost_what_was_read_is_told(near: Cluster) -> None:
    """Made anew under its name it ends before the place where it was left: no automatic reset may hide that."""
    topic = await near.make()
    await near.write(topic, b"1", b"2", b"3")
    async with open_log_reader(near.bootstrap, near.security) as reader:
        reader.follow({topic})
        await read(reader, 3)
        await near.drop(topic)
        await near.make(name=topic)
        with pytest.raises(BusError, match="cannot be read"):
            await read(reader, 1)


async def test_a_successor_fences_the_writer(near: Cluster) -> None:
    """Who opens the log last writes it; the former writer hears that another process does, and nothing of it is read."""
    topic = await near.make()
    async with open_log_writer(near.bootstrap, topic, f"id-{topic}", near.security) as old:
        await old.append(bare(b"1"))
        async with open_log_writer(near.bootstrap, topic, f"id-{topic}", near.security) as new:
            with pytest.raises(Fenced, match="running twice"):
                await old.append(bare(b"never"))
            await new.append(bare(b"2"))
    async with open_log_reader(near.bootstrap, near.security) as reader:
        reader.follow({topic})
        assert [value for _topic, value in await read(reader, 2)] == [b"1", b"2"]


async def test_a_run_is_written_whole_or_not_at_all(near: Cluster) -> None:
    """One event that the log does not take leaves none of its run, and holds no reader back."""
    topic = await near.make({"max.message.bytes": "1000"})
    async with open_log_reader(near.bootstrap, near.security) as reader:
        reader.follow({topic})
        async with open_log_writer(near.bootstrap, topic, f"id-{topic}", near.security) as writer:
            with pytest.raises(Unavailable, match=topic):
                await writer.append(bare(b"small", b"x" * 5000))
        async with open_log_writer(near.bootstrap, topic, f"id-{topic}", near.security) as writer:
            await writer.append(bare(b"next"))
        assert await read(reader, 1) == [(topic, b"next")]


async def test_no_cluster_is_unavailable(topic_name: Callable[[], str]) -> None:
    """Both ways, by the address."""
    async with open_broker() as broker:
        bootstrap = broker.bootstrap
    with pytest.raises(Unavailable, match=bootstrap):
        async with open_log_reader(bootstrap, NONE):
            pass
    with pytest.raises(Unavailable, match=bootstrap):
        async with open_log_writer(bootstrap, Topic(topic_name()), "id", NONE):
            pass


async def test_a_broker_that_swallows_events_does_not_hold_the_steward(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the events nor the abort that follows nor the stop may be waited for without end, and nothing goes on behind it."""
    monkeypatch.setattr(module, "REQUEST_TIMEOUT_S", 0.6)
    monkeypatch.setattr("node.bus.client.STOP_S", 0.4)
    async with open_broker() as broker:
        broker.answers[PRODUCE] = silent
        began = time.monotonic()
        with pytest.raises(Unavailable, match=TOPIC):
            async with open_log_writer(broker.bootstrap, Topic(TOPIC), "id", NONE) as writer:
                await writer.append(bare(b"1"))
        assert time.monotonic() - began < 3
        await broker.until(lambda: not broker.open)
        asked = len(broker.asked)
        await asyncio.sleep(0.3)  # aiokafka repeats after 0.1 s
        assert (len(broker.asked), broker.open) == (asked, set())
