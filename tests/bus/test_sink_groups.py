"""Answers for node/bus/sink.py too: batches that are settled together, and targets that different brokers lead."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from confluent_kafka import Consumer
from confluent_kafka import TopicPartition as Place
from confluent_kafka.cimpl import NewTopic

from node.batch.header import read
from node.bus.client import open_client
from node.bus.embedded import open_cluster
from node.bus.security import Security
from node.bus.sink import Sink
from node.lane import Stop, TopicPartition
from node.lane.facts import Wrote
from node.model.names import Topic
from node.transform import Write
from tests.bus.conftest import Cluster
from tests.bus.replies import TIME_MS, batch
from tests.bus.scripted import ADD, PRODUCE, TOPIC, Asked, Broker, added, batches_of, framed, open_broker, produced, serving
from tests.bus.sinking import Shard, Spawn, moved, opened
from tests.conftest import Kafka

INBOX = TopicPartition(Topic(f"{TOPIC}.inbox"), 0)
GOOD, BAD = Topic(TOPIC), Topic(f"{TOPIC}.quarantine")
PROGRESS = TopicPartition(Topic("445102.node.progress"), 3)
SIZE = len(batch(0))


class Holding(Broker):
    """A broker that answers produce requests when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Asked] = []
        self.answers[PRODUCE] = self._hold

    def _hold(self, asked: Asked) -> None:
        self.held.append(asked)

    def answer(self, *codes: int, offset: int = 0) -> None:
        """Answer the oldest request that is held, with a code for each of its batches."""
        asked = self.held.pop(0)
        (writer,) = self.open
        writer.write(framed(asked, produced(asked, codes or (0,), offset)))


def writes(*topics: Topic, count: int = 1) -> tuple[Write, ...]:
    """Return a batch for each of these topics."""
    return tuple(Write(topic, data, 0, read(data, 0)) for topic in topics for data in [batch(0, count)])


def take(sink: Sink, shard: Shard, made: Sequence[Write], *, batches: int = 1, route: TopicPartition = INBOX) -> None:
    """Produce what was made of so many batches of the inbox."""
    sink.produce(route, 1, [shard.lend(batch(base)) for base in range(batches)], made)


def told(shard: Shard) -> list[list[tuple[Topic, int]]]:
    """Return topic and offset of what each settlement names."""
    return [[(one.topic, one.offset) for one in wrote] for _route, _generation, wrote in shard.settlements]


@asynccontextmanager
async def scene(spawn: Spawn) -> AsyncIterator[tuple[Broker, Holding, Sink, Shard]]:
    """A sink on two scripted brokers: the first leads the resource and answers at once, the second leads the quarantine and is told to."""
    async with (
        open_broker() as broker,
        serving(Holding()) as second,
        open_client(broker.bootstrap, client_id="test", security=Security()) as client,
    ):
        broker.others = {2: second.port}
        broker.topics |= {BAD: (uuid.UUID(int=9), [2]), PROGRESS.topic: (uuid.UUID(int=8), [1] * 16)}
        await client.look([GOOD, BAD])
        async with opened(client, "id", PROGRESS, spawn) as (sink, shard):
            sink.begin()
            yield broker, second, sink, shard


async def acknowledged(sink: Sink, shard: Shard, *left: int) -> None:
    """Wait until the oldest groups of the inbox lack so many acknowledgements each."""
    async with asyncio.timeout(10):
        while [group.left for group in sink._groups[INBOX]][: len(left)] != list(left):
            assert not shard.errors
            await asyncio.sleep(0.001)


async def test_a_group_is_settled_once_when_all_of_it_stands_and_in_its_turn(spawn: Spawn) -> None:
    """What one broker has long acknowledged waits for what another one leads, and later groups wait for earlier ones."""
    async with scene(spawn) as (_broker, second, sink, shard):
        take(sink, shard, writes(GOOD, BAD))
        take(sink, shard, writes(GOOD, GOOD), batches=3)
        take(sink, shard, writes(GOOD))
        await acknowledged(sink, shard, 1, 0, 0)
        assert (shard.settlements, shard.lent, shard.lender.bytes) == ([], 5, 0)
        second.answer(offset=70)
        await shard.until(lambda: len(shard.settlements) == 5)
        assert told(shard) == [[(GOOD, 0), (BAD, 70)], [], [], [(GOOD, 0), (GOOD, 0)], [(GOOD, 0)]]
        assert {(route, generation) for route, generation, _wrote in shard.settlements} == {(INBOX, 1)}
        assert (shard.lent, shard.lender.bytes) == (0, 5 * SIZE)


async def test_what_stands_is_told_with_its_count_size_and_crc(spawn: Spawn) -> None:
    """As it was written: with the header that the sink has given it."""
    async with scene(spawn) as (broker, second, sink, shard):
        take(sink, shard, (*writes(GOOD, count=3), *writes(BAD, count=2)))
        await second.until(lambda: len(second.held) == 1)
        second.answer(offset=7)
        await shard.until(lambda: len(shard.settlements) == 1)
        sent = {
            topic: data for one in (broker, second) for asked in one.asked if asked.api == PRODUCE for topic, _p, data in batches_of(asked)
        }
        expected = [
            Wrote(topic, at, count, len(sent[topic]), read(bytearray(sent[topic]), 0).crc)
            for topic, at, count in ((GOOD, 0, 3), (BAD, 7, 2))
        ]
        assert sorted(shard.settlements[0][2], key=lambda one: one.topic) == sorted(expected, key=lambda one: one.topic)


async def test_a_group_without_writes_is_settled_behind_those_before_it(spawn: Spawn) -> None:
    """At once where nothing is before it; nobody is asked for it."""
    async with scene(spawn) as (broker, second, sink, shard):
        take(sink, shard, (), batches=2)
        assert (told(shard), shard.lent) == ([[], []], 0)
        take(sink, shard, writes(BAD))
        take(sink, shard, ())
        await second.until(lambda: len(second.held) == 1)
        assert (len(shard.settlements), shard.lent) == (2, 2)
        second.answer(offset=5)
        await shard.until(lambda: len(shard.settlements) == 4)
        assert told(shard)[2:] == [[(BAD, 5)], []]
        assert (broker.count(PRODUCE), shard.lent) == (0, 0)


async def test_routes_do_not_wait_for_each_other(spawn: Spawn) -> None:
    """The order is that of each route alone."""
    other = TopicPartition(Topic(f"{TOPIC}.other"), 0)
    async with scene(spawn) as (_broker, second, sink, shard):
        take(sink, shard, writes(BAD))
        take(sink, shard, writes(GOOD), route=other)
        await shard.until(lambda: len(shard.settlements) == 1)
        assert shard.settlements[0][0] == other
        await second.until(lambda: len(second.held) == 1)


async def test_closing_gives_all_bytes_back_once(spawn: Spawn) -> None:
    """Whatever of a group is acknowledged, in flight, waiting or not yet added; what comes after that is told to nobody."""
    async with scene(spawn) as (_broker, second, sink, shard):
        take(sink, shard, writes(GOOD))
        await shard.until(lambda: len(shard.settlements) == 1)
        take(sink, shard, writes(GOOD, BAD, BAD), batches=2)
        take(sink, shard, writes(GOOD))
        await acknowledged(sink, shard, 2, 0)
        await second.until(lambda: len(second.held) == 1)
        tasks: list[asyncio.Task[None]] = []
        sink._spawn = lambda coroutine: tasks.append(asyncio.create_task(coroutine))
        take(sink, shard, writes(Topic("late")))
        assert (shard.lent, shard.lender.bytes) == (4, SIZE)
        sink.close()
        assert (shard.lent, shard.lender.bytes) == (0, 5 * SIZE)
        sink.close()
        take(sink, shard, writes(GOOD))
        take(sink, shard, ())
        assert (shard.lent, shard.lender.bytes) == (0, 7 * SIZE)
        await asyncio.gather(*tasks)
        assert (len(shard.settlements), shard.failures, shard.errors) == (1, [], [])


async def test_an_abort_gives_all_bytes_back_once(spawn: Spawn) -> None:
    """What is in flight is awaited, what waits is dropped; neither is anybody's any more when the abort is answered."""
    async with scene(spawn) as (_broker, second, sink, shard):
        take(sink, shard, writes(GOOD, BAD))
        take(sink, shard, writes(BAD), batches=2)
        await acknowledged(sink, shard, 1, 1)
        await second.until(lambda: len(second.held) == 1)
        aborting = asyncio.create_task(sink.end(commit=False))
        await asyncio.sleep(0)
        second.answer()
        await aborting
        assert (shard.lent, shard.lender.bytes, second.count(PRODUCE)) == (0, 3 * SIZE, 1)
        sink.close()
        assert shard.lender.bytes == 3 * SIZE


async def test_nothing_is_told_of_a_group_once_its_sink_is_closed(spawn: Spawn) -> None:
    """The listener may close it at any settlement: the rest of that group and all later ones are nobody's business then."""
    async with scene(spawn) as (_broker, second, sink, shard):
        take(sink, shard, writes(BAD), batches=3)
        take(sink, shard, ())
        take(sink, shard, ())
        await second.until(lambda: len(second.held) == 1)
        shard.at_settled = sink.close
        second.answer()
        await shard.until(lambda: bool(shard.settlements))
        assert (told(shard), shard.lent, shard.lender.bytes) == ([[]], 0, 5 * SIZE)


@pytest.mark.parametrize(("code", "stop"), [(10, Stop.TOO_LARGE), (3, None)])
async def test_a_second_target_that_refuses_sets_the_source_aside_and_is_named(spawn: Spawn, code: int, stop: Stop | None) -> None:
    """The route is the inbox, whatever of it stands elsewhere; nothing of the group is settled, and the abort goes through."""
    async with scene(spawn) as (_broker, second, sink, shard):
        take(sink, shard, writes(GOOD, BAD))
        await acknowledged(sink, shard, 1)
        await second.until(lambda: len(second.held) == 1)
        second.answer(code)
        await shard.until(lambda: bool(shard.failures))
        (failure,) = shard.failures
        assert failure[:2] == (INBOX, stop)
        assert failure[2].startswith(f"{BAD}-0: ")
        await sink.end(commit=False)
        assert (shard.settlements, shard.errors, shard.lent) == ([], [], 0)


async def test_a_second_target_that_cannot_be_added_sets_the_source_aside_and_is_named(spawn: Spawn) -> None:
    """Each target is told of once, however many batches were to go there."""
    async with scene(spawn) as (broker, _second, sink, shard):
        broker.answers[ADD] = lambda asked: added(asked, 29, topic=BAD, others=55)
        take(sink, shard, writes(GOOD, BAD, BAD))
        take(sink, shard, writes(BAD))
        await shard.until(lambda: bool(shard.failures))
        assert shard.failures == [(INBOX, None, f"{BAD}-0: TOPIC_AUTHORIZATION_FAILED")]
        assert broker.count(PRODUCE) == 0


@pytest.mark.kafka
async def test_groups_over_two_brokers_arrive_once_and_in_order(cluster_folder: Path, spawn: Spawn) -> None:
    """Two hundred groups of one, two or no targets, whose leaders are different brokers of a real cluster."""
    async with (
        open_cluster(cluster_folder, brokers=3) as cluster,
        open_client(cluster.bootstrap, client_id="test", security=cluster.security) as client,
    ):
        await asyncio.to_thread(_make, Kafka(cluster.bootstrap, cluster.security), {GOOD: 1, BAD: 2, PROGRESS.topic: 3})
        await client.look([GOOD, BAD])
        assert [client.leader(topic, 0) for topic in (GOOD, BAD)] == [1, 2]
        async with opened(client, "id", TopicPartition(PROGRESS.topic, 0), spawn) as (sink, shard):
            sink.begin()
            due: dict[Topic, list[bytes]] = {GOOD: [], BAD: []}
            named: list[set[Topic]] = []
            for number in range(200):
                topics = [(GOOD,), (GOOD, BAD), (), (BAD, GOOD), (BAD,)][number % 5]
                made = [Write(topic, data, 0, read(data, 0)) for topic in topics for data in [batch(0, value=b"%d" % number)]]
                take(sink, shard, made, batches=1 + number % 2)
                named += [set()] * (number % 2) + [set(topics)]
                for topic in topics:
                    due[topic].append(b"%d" % number)
            await shard.until(lambda: len(shard.settlements) == 300)
            assert [{one.topic for one in wrote} for _route, _generation, wrote in shard.settlements] == named
            sink.record([moved(INBOX, 9)], TIME_MS)
            await shard.until(lambda: shard.recordings == 1)
            await sink.end(commit=True)
            for topic in (GOOD, BAD):
                offsets = [one.offset for _route, _generation, wrote in shard.settlements for one in wrote if one.topic == topic]
                assert offsets == list(range(120))
                assert await asyncio.to_thread(_read, Kafka(cluster.bootstrap, cluster.security), topic, 120) == due[topic]


def _make(kafka: Kafka, leaders: dict[Topic, int]) -> None:
    """Make topics of one partition that have their only copy on a broker, and wait until it leads them."""
    cluster = Cluster(kafka, str)
    new = [NewTopic(topic, 1, replica_assignment=[[broker]]) for topic, broker in leaders.items()]
    for made in cluster.admin.create_topics(new).values():
        made.result(30)
    for topic in leaders:
        cluster._until_led(topic, 1)


def _read(kafka: Kafka, topic: Topic, count: int) -> list[bytes]:
    """Return the first so many committed values."""
    consumer = Consumer({**kafka.librdkafka(), "group.id": "none", "isolation.level": "read_committed"})
    consumer.assign([Place(topic, 0, 0)])
    found = consumer.consume(count, 20)
    consumer.close()
    return [message.value() or b"" for message in found]
