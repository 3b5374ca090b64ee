"""Answers for node/bus/sink.py too: against a broker that refuses, hangs or hangs up."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka.protocol.transaction import EndTxnResponse_v0, InitProducerIdResponse_v0

from node.batch.header import read
from node.bus.client import open_client
from node.bus.security import Security
from node.bus.sink import Sink
from node.errors import BusError, Fenced, Unavailable
from node.lane import Stop, TopicPartition
from node.model.names import Topic
from tests.bus.replies import TIME_MS, batch
from tests.bus.scripted import (
    ADD,
    END,
    INIT,
    PRODUCE,
    TOPIC,
    Answer,
    Broker,
    added,
    batches_of,
    hang_up,
    in_turn,
    open_broker,
    produced,
    silent,
)
from tests.bus.sinking import Shard, Spawn, carry, link, moved, opened

HERE = TopicPartition(Topic(TOPIC), 0)
PROGRESS = TopicPartition(Topic("445102.node.progress"), 3)


@asynccontextmanager
async def scene(spawn: Spawn, **answers: Answer) -> AsyncIterator[tuple[Broker, Sink, Shard]]:
    """A sink on a scripted broker whose answers to some requests are given by name."""
    async with open_broker() as broker, open_client(broker.bootstrap, client_id="test", security=Security()) as client:
        broker.topics[PROGRESS.topic] = (uuid.UUID(int=8), [1] * 16)
        broker.answers |= {{"init": INIT, "add": ADD, "produce": PRODUCE, "end": END}[name]: answer for name, answer in answers.items()}
        await client.look([Topic(TOPIC)])
        async with opened(client, "id", PROGRESS, spawn) as (sink, shard):
            yield broker, sink, shard


async def lost(shard: Shard) -> BusError:
    """Wait until the producer is lost, and return why."""
    async with asyncio.timeout(15):
        while not shard.errors:
            shard.changed.clear()
            await shard.changed.wait()
    (error,) = shard.errors
    return error


def routes_sent(broker: Broker) -> list[list[str]]:
    """Return the topics of each produce request."""
    return [[topic for topic, _p, _d in batches_of(asked)] for asked in broker.asked if asked.api == PRODUCE]


@pytest.mark.parametrize("code", [51, 19])
async def test_the_first_batch_is_sent_again_before_any_other(spawn: Spawn, code: int) -> None:
    """While the first batch of a transaction is in doubt no other of its partition leaves, and it goes again unchanged."""
    answer = in_turn(lambda asked: produced(asked, [code]), lambda asked: produced(asked, [code]), produced)
    async with scene(spawn, produce=answer) as (broker, sink, shard):
        sink.begin()
        for base in range(3):
            link(sink, shard, HERE, batch(base, value=b"%d" % base))
        await shard.until(lambda: len(shard.settlements) == 3)
        data = [data for asked in broker.asked if asked.api == PRODUCE for _t, _p, data in batches_of(asked)]
        assert data[0] == data[1] == data[2]
        assert [read(one, 0).base_sequence for one in data] == [0, 0, 0, 1, 2]


async def test_a_later_batch_refused_loses_the_producer(spawn: Spawn) -> None:
    """Behind the first, a refused batch has others of its partition in flight behind it: the sequence is broken."""
    answer = in_turn(produced, lambda asked: produced(asked, [19]))
    async with scene(spawn, produce=answer) as (_broker, sink, shard):
        sink.begin()
        for base in range(3):
            link(sink, shard, HERE, batch(base))
        assert "NOT_ENOUGH_REPLICAS" in str(await lost(shard))
        assert shard.lent == 0


async def test_one_bad_batch_among_good_ones_gives_all_bytes_back(spawn: Spawn) -> None:
    """When the listener closes the sink at one batch of a reply, the others of that reply are released too, also those to send again."""
    partitions = 4

    async with scene(spawn, produce=lambda asked: produced(asked, [45, 51, 0, 51])) as (broker, sink, shard):
        broker.topics[TOPIC] = (uuid.UUID(int=7), [1] * partitions)
        await sink.client.look([Topic(TOPIC)])
        sink.begin()
        for partition in range(partitions):
            link(sink, shard, TopicPartition(Topic(TOPIC), partition), batch(partition))
        await lost(shard)
        assert shard.lent == 0
        assert shard.settlements == []


async def test_partitions_are_added_together_with_the_progress(spawn: Spawn) -> None:
    """One request adds what a transaction writes to, and the next only what is new."""
    async with scene(spawn) as (broker, sink, shard):
        sink.begin()
        link(sink, shard, HERE, batch(0))
        await shard.until(lambda: len(shard.settlements) == 1)
        sink.record([moved(HERE, 1)], TIME_MS)
        await shard.until(lambda: shard.recordings == 1)
        await sink.end(commit=True)
        assert (broker.count(ADD), broker.count(END)) == (1, 1)
        assert routes_sent(broker) == [[TOPIC], [PROGRESS.topic]]


@pytest.mark.parametrize(("code", "stop"), [(3, None)])
async def test_a_partition_that_cannot_be_added_is_told(spawn: Spawn, code: int, stop: Stop | None) -> None:
    """The fault is that route's alone, others were merely not attempted; the abort that follows has nothing to end."""
    async with scene(spawn, add=lambda asked: added(asked, code, others=55)) as (broker, sink, shard):
        sink.begin()
        link(sink, shard, HERE, batch(0))
        await shard.until(lambda: bool(shard.failures))
        assert [one[:2] for one in shard.failures] == [(HERE, stop)]
        await sink.end(commit=False)
        assert (shard.lent, broker.count(END)) == (0, 0)


async def test_a_progress_partition_that_cannot_be_added_loses_the_producer(spawn: Spawn) -> None:
    """Without it nothing can be carried: that is no single route's fault."""
    async with scene(spawn, add=lambda asked: added(asked, 29, topic=PROGRESS.topic, others=55)) as (_broker, sink, shard):
        sink.begin()
        link(sink, shard, HERE, batch(0))
        assert "TOPIC_AUTHORIZATION_FAILED" in str(await lost(shard))


async def test_a_coordinator_that_fences_is_heard(spawn: Spawn) -> None:
    """At every request of the transaction family."""
    with pytest.raises(Fenced):
        async with scene(spawn, init=lambda _asked: InitProducerIdResponse_v0(0, 90, -1, -1).encode()):
            pass
    async with scene(spawn, add=lambda asked: added(asked, 47)) as (_broker, sink, shard):
        sink.begin()
        link(sink, shard, HERE, batch(0))
        assert isinstance(await lost(shard), Fenced)
    async with scene(spawn, end=lambda _asked: EndTxnResponse_v0(0, 47).encode()) as (_broker, sink, shard):
        sink.begin()
        link(sink, shard, HERE, batch(0))
        await shard.until(lambda: len(shard.settlements) == 1)
        with pytest.raises(Fenced):
            await sink.end(commit=True)


async def test_no_leader_loses_the_producer(spawn: Spawn) -> None:
    """A batch for a partition without a leader is given back, and the shard starts anew with another look."""
    async with scene(spawn) as (broker, sink, shard):
        broker.topics[TOPIC] = (uuid.UUID(int=7), [-1])
        await sink.client.look([Topic(TOPIC)])
        sink.begin()
        link(sink, shard, HERE, batch(0))
        assert isinstance(await lost(shard), Unavailable)


async def test_a_broker_that_hangs_up_in_flight_loses_the_producer(spawn: Spawn) -> None:
    """Nobody knows what became of the batch: only a new producer can tell."""
    async with scene(spawn, produce=hang_up) as (_broker, sink, shard):
        sink.begin()
        link(sink, shard, HERE, batch(0))
        assert isinstance(await lost(shard), Unavailable)
        link(sink, shard, HERE, batch(1))
        assert shard.lent == 0


async def test_an_abort_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch, spawn: Spawn) -> None:
    """What is in flight is awaited before an abort, but only for the time that a request has."""
    monkeypatch.setattr("node.bus.leader.REQUEST_TIMEOUT_S", 0.2)
    async with scene(spawn, produce=silent) as (broker, sink, shard):
        sink.begin()
        link(sink, shard, HERE, batch(0))
        await broker.until(lambda: broker.count(PRODUCE) == 1)
        with pytest.raises(Unavailable, match="before the abort"):
            await sink.end(commit=False)
        assert broker.count(END) == 0


async def test_an_abort_does_not_insist_on_what_is_refused(spawn: Spawn) -> None:
    """A first batch that is refused for a moment was not appended: on the way to an abort it is let go, not sent until it is taken."""
    async with scene(spawn, produce=lambda asked: produced(asked, [19])) as (broker, sink, shard):
        sink.begin()
        link(sink, shard, HERE, batch(0))
        await broker.until(lambda: broker.count(PRODUCE) >= 2)
        async with asyncio.timeout(2):
            await sink.end(commit=False)
        assert (shard.lent, broker.count(END)) == (0, 1)


async def test_a_connection_closed_while_idle_is_opened_anew(spawn: Spawn) -> None:
    """Between two transactions brokers may close an idle connection: the next batch finds another."""
    async with scene(spawn) as (broker, sink, shard):
        await carry(sink, shard, HERE, batch(0))
        broker.hang_up()
        await broker.until(lambda: not broker.open)
        await carry(sink, shard, HERE, batch(1))
        assert shard.errors == []
