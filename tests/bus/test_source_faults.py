"""Answers for node/bus/source.py too: against brokers that hang, hang up, have moved or talk nonsense."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from node.bus import feed
from node.bus import source as module
from node.bus.client import Client, open_client
from node.bus.security import Security
from node.bus.source import Source, open_source
from node.errors import Unavailable
from node.lane import Stop, TopicPartition
from node.lane.facts import Batch
from node.model.names import Topic
from tests.bus.replies import Part, batch, fetch_body
from tests.bus.scripted import FETCH, TOPIC, TOPIC_ID, Answer, Asked, Broker, hang_up, in_turn, open_broker, silent
from tests.bus.sourcing import Taker, following

HERE = TopicPartition(Topic(TOPIC), 0)
THERE = TopicPartition(Topic(TOPIC), 1)
NOT_LEADER = 6


def replied(*parts: Part) -> Answer:
    """Answer a Fetch with these partitions of the one topic."""
    return lambda _asked: fetch_body({TOPIC_ID.bytes: parts})


def records(base: int, count: int = 1) -> Part:
    """Return a partition with one batch."""
    return Part(stable=base + count, data=bytes(batch(base, count)))


@asynccontextmanager
async def scene(*fetches: Answer) -> AsyncIterator[tuple[Broker, Client, Source, Taker]]:
    """A source on a scripted broker that follows one route, anew where it is told to look; after the answers given it is silent."""
    async with open_broker() as broker, open_client(broker.bootstrap, client_id="test", security=Security()) as client:
        broker.answers[FETCH] = in_turn(*fetches, silent)
        await client.look([HERE.topic])
        taker = Taker()
        async with open_source(client, "test") as source:
            taker.again = lambda route: source.follow(following(client, route, taker, position=taker.positions.get(route, 0)))
            source.follow(following(client, HERE, taker))
            yield broker, client, source, taker


def fetch_connections(broker: Broker) -> list[int]:
    """Return over which connection each Fetch came."""
    return [asked.connection for asked in broker.asked if asked.api == FETCH]


async def test_a_lost_connection_is_replaced_and_both_sides_are_looked_at() -> None:
    """Nothing is fetched over the new connection on the old one's word: the log behind it may be another."""
    async with scene(replied(records(0)), hang_up, replied(records(1))) as (broker, _client, source, taker):
        await taker.until(lambda: len(taker.values(HERE)) == 2)
        assert [record.key for record in taker.records[HERE]] == [b"k0", b"k1"]
        assert len(set(fetch_connections(broker))) == 2
        assert source.trouble == ""
        assert taker.failures == [(HERE, 1, None, "connection to broker 1 ended: closed by the broker")]


async def test_a_route_that_lost_its_connection_is_not_fetched_until_it_is_followed_anew() -> None:
    """A listener that says nothing gets nothing more, whatever the broker would answer."""
    async with scene(replied(records(0)), hang_up, replied(records(1))) as (broker, client, source, taker):
        taker.again = lambda _route: None
        await taker.until(lambda: bool(taker.failures))
        source.follow(following(client, THERE, taker))  # placed behind whatever the first route would have asked for
        await asyncio.sleep(0.1)
        assert (len(taker.values(HERE)), broker.count(FETCH), source.trouble) == (1, 2, "")


async def test_a_connection_closed_while_idle_is_no_alarm() -> None:
    """With no route on it, its end concerns nobody: no trouble, no new connection."""
    async with scene(replied(records(0))) as (broker, _client, source, taker):
        await taker.until(lambda: bool(taker.values(HERE)))
        source.unfollow(HERE)
        (feed,) = source._feeds.values()
        connections = broker.connections
        broker.hang_up()
        async with asyncio.timeout(5):
            while not feed.wire.closed:
                await asyncio.sleep(0)
        assert (source.trouble, source._feeds, broker.connections) == ("", {}, connections)


async def test_a_broker_that_never_answers_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time that a Fetch may take the connection is given up for another."""
    monkeypatch.setattr(feed, "REQUEST_TIMEOUT_S", 0.1)
    monkeypatch.setattr(feed, "FETCH_WAIT_S", 0.0)
    monkeypatch.setattr(module, "_CHECK_S", 0.02)
    async with scene(silent, replied(records(0))) as (broker, _client, _source, taker):
        await taker.until(lambda: bool(taker.values(HERE)))
        assert len(set(fetch_connections(broker))) >= 2


@pytest.mark.parametrize(
    "answer",
    [replied(Part(error=NOT_LEADER)), hang_up, lambda _asked: b"nonsense", lambda _asked: fetch_body({}, error=76)],
    ids=["not-leader", "hangs-up", "nonsense", "refuses"],
)
async def test_what_fails_again_and_again_is_asked_once_each_time_it_is_followed(answer: Answer) -> None:
    """A broker that fails at once must not be asked in a tight loop: the pace is the listener's, and when the broker recovers all is well."""
    async with scene(answer) as (broker, client, source, taker):
        taker.again = lambda _route: None
        broker.answers[FETCH] = answer
        for times in (1, 2, 3):
            await taker.until(lambda times=times: len(taker.failures) == times)  # type: ignore[misc]  # bound as it is now
            assert (broker.count(FETCH), source.trouble, source._unplaced) == (times, "", {})
            source.follow(following(client, HERE, taker))
        broker.answers[FETCH] = in_turn(replied(records(0)), silent)
        await taker.until(lambda: bool(taker.values(HERE)))


async def test_a_broker_that_is_away_is_tried_ever_more_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting has pauses that grow, and the trouble is shown; when the broker is there the listener looks once and reading begins."""
    monkeypatch.setattr("node.lane.route.BACKOFF_FIRST_S", 0.02)
    tried = 0
    async with scene(replied(records(0))) as (broker, client, source, taker):
        connect = client.connect

        async def refused(*_arguments: object) -> None:
            nonlocal tried
            tried += 1
            raise Unavailable("connection refused")

        await taker.until(lambda: bool(taker.values(HERE)))
        monkeypatch.setattr(client, "connect", refused)
        broker.answers[FETCH] = in_turn(replied(records(1)), silent)
        broker.hang_up()
        await asyncio.sleep(0.3)  # at once, then after 0.02, 0.04, 0.08 and 0.16 s, each time a little later
        assert 3 <= tried <= 6
        assert source.trouble == "connection refused"
        assert taker.failures == []
        monkeypatch.setattr(client, "connect", connect)
        await taker.until(lambda: len(taker.values(HERE)) == 2)
        assert taker.failures == [(HERE, 1, None, "connection refused")]
        assert source.trouble == ""


async def test_a_leader_that_moved_is_followed_at_once() -> None:
    """The first failure of a route that was fetched costs no pause: leaders move in milliseconds."""
    loop = asyncio.get_running_loop()
    async with scene(replied(records(0)), replied(Part(error=NOT_LEADER)), replied(records(1))) as (_broker, _client, _source, taker):
        await taker.until(lambda: bool(taker.values(HERE)))
        began = loop.time()
        await taker.until(lambda: len(taker.values(HERE)) == 2)
        assert loop.time() - began < 0.1


async def test_a_partition_without_a_leader_waits() -> None:
    """That is told as trouble; once there is a leader its log may be another, and the listener looks before anything is fetched."""
    async with open_broker() as broker, open_client(broker.bootstrap, client_id="test", security=Security()) as client:
        broker.topics[TOPIC] = (TOPIC_ID, [-1])
        broker.answers[FETCH] = in_turn(replied(records(0)), silent)
        await client.look([HERE.topic])
        taker = Taker()
        async with open_source(client, "test") as source:
            source.follow(following(client, HERE, taker))
            async with asyncio.timeout(5):
                while "no leader" not in source.trouble:
                    await asyncio.sleep(0.01)
            broker.topics[TOPIC] = (TOPIC_ID, [1])
            await taker.until(lambda: bool(taker.failures))
            assert broker.count(FETCH) == 0
            source.follow(following(client, HERE, taker))
            await taker.until(lambda: bool(taker.values(HERE)))
        assert len(taker.failures) == 1


@pytest.mark.parametrize("left", [{}, {TOPIC: (TOPIC_ID, [])}], ids=["topic", "partition"])
async def test_a_topic_that_vanished_while_nothing_was_connected_is_told(left: dict[str, tuple[uuid.UUID, list[int]]]) -> None:
    """Without a leader there is nobody to answer UNKNOWN_TOPIC_ID: the look for one must tell, else the route would wait in silence."""
    async with scene(replied(records(0)), hang_up) as (broker, _client, source, taker):
        taker.again = lambda _route: None
        broker.topics = left
        await taker.until(lambda: bool(taker.failures))
        assert taker.failures == [(HERE, 1, None, "no such topic")]
        assert (source.trouble, source._unplaced) == ("", {})


async def test_one_dead_broker_holds_up_no_other() -> None:
    """While connections to a broker time out, routes that others lead are placed and read."""
    deaf = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    async with open_broker() as broker, open_client(broker.bootstrap, client_id="test", security=Security()) as client:
        broker.others[2] = deaf.sockets[0].getsockname()[1]
        broker.topics[TOPIC] = (TOPIC_ID, [1, *[2] * 5])
        broker.answers[FETCH] = in_turn(replied(records(0)), silent)
        await client.look([HERE.topic])
        taker = Taker()
        async with open_source(client, "test") as source:
            for partition in (5, 4, 3, 2, 1, 0):
                source.follow(following(client, TopicPartition(HERE.topic, partition), taker))
            async with asyncio.timeout(3):
                await taker.until(lambda: bool(taker.values(HERE)))
    deaf.close()


async def test_damage_stops_a_route_behind_what_is_whole() -> None:
    """What came before the damaged batch is delivered, then the route fails with its reason and is asked for no more."""
    damaged = batch(2)
    damaged[-1] ^= 1
    data = bytes(batch(0, 2) + damaged)
    async with scene(replied(Part(stable=3, data=data))) as (broker, _client, _source, taker):
        await taker.until(lambda: bool(taker.failures))
        assert len(taker.values(HERE)) == 2
        ((route, _generation, stop, detail),) = taker.failures
        assert (route, stop) == (HERE, Stop.CORRUPT)
        assert detail.startswith("offset 2: ")
        assert broker.count(FETCH) <= 2


async def test_an_error_of_a_route_that_was_let_go_is_nobodys() -> None:
    """A listener that lets one route go while another of the same reply is handed to it must not have it placed again."""
    parts = (records(0), Part(partition=1, error=NOT_LEADER))
    async with open_broker() as broker, open_client(broker.bootstrap, client_id="test", security=Security()) as client:
        broker.topics[TOPIC] = (TOPIC_ID, [1, 1])
        broker.answers[FETCH] = in_turn(replied(*parts), silent)
        await client.look([HERE.topic])
        async with open_source(client, "test") as source:

            class LettingGo(Taker):
                def fetched(self, route: TopicPartition, generation: int, batches: list[Batch], position: int, end: int) -> None:
                    source.unfollow(THERE)
                    super().fetched(route, generation, batches, position, end)

            taker = LettingGo()
            source.follow(following(client, HERE, taker))
            source.follow(following(client, THERE, taker))
            await taker.until(lambda: bool(taker.values(HERE)))
            assert source._unplaced == {}
            assert source.trouble == ""


async def test_many_small_replies_do_not_hold_large_buffers() -> None:
    """While a target stands still, what is kept must be of the size of the batches, not of the buffers they came in."""
    numbers = iter(range(100_000))

    def one_more(_asked: Asked) -> bytes:
        return fetch_body({TOPIC_ID.bytes: [records(next(numbers))]})

    async with scene() as (broker, _client, _source, taker):
        taker.keeps = True
        broker.answers[FETCH] = one_more
        broker.hang_up()
        await taker.until(lambda: taker.replies >= 300)
        held, memory = taker.held_bytes
        assert memory <= 4 * held
        taker.release()


@pytest.mark.parametrize("steps", range(8))
async def test_leaving_never_hangs(steps: int) -> None:
    """Whatever the source is about to do at that moment, leaving it ends it: an event and a cancellation may come together."""
    async with open_broker() as broker, open_client(broker.bootstrap, client_id="test", security=Security()) as client:
        await client.look([HERE.topic])
        async with asyncio.timeout(5):
            async with open_source(client, "test") as source:
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                source._wake.set()
                for _ in range(steps):
                    await asyncio.sleep(0)


@pytest.mark.parametrize("steps", range(0, 60, 4))
async def test_leaving_while_connecting_leaves_no_connection(steps: int) -> None:
    """At whatever step a connection is being opened, it is closed when the source is left."""
    async with open_broker() as broker, open_client(broker.bootstrap, client_id="test", security=Security()) as client:
        await client.look([HERE.topic])
        kept = len(broker.open)
        async with asyncio.timeout(5):
            async with open_source(client, "test") as source:
                source.follow(following(client, HERE, Taker()))
                for _ in range(steps):
                    await asyncio.sleep(0)
        await broker.until(lambda: len(broker.open) <= kept)
