"""Logins that grow old under what is at work (KIP-368): connections are renewed in time, and nobody notices (node/bus: wire, leader, source, client)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from node.bus.client import open_client
from node.bus.embedded import open_cluster
from node.bus.source import open_source
from node.bus.wire import Acks, Bulk
from node.lane import TopicPartition
from node.lane.facts import Batch
from tests.bus.conftest import Cluster, first
from tests.bus.replies import batch
from tests.bus.scripted import FETCH
from tests.bus.sharing import ONE, feed_of, log_of, scene
from tests.bus.sinking import Spawn, link, moved, opened
from tests.bus.sourcing import Taker, following
from tests.conftest import Kafka

_LIFETIME_S = 2.0
_WORK_S = 5.0


class Aging(Taker):
    """Lets the login of the connection get old as soon as anything has come over it."""

    def __init__(self) -> None:
        super().__init__()
        self.age: Callable[[], object] = lambda: None

    def fetched(self, route: TopicPartition, generation: int, batches: list[Batch], position: int, end: int) -> None:
        """Take note."""
        super().fetched(route, generation, batches, position, end)
        self.age()
        self.age = lambda: None


async def test_a_feed_is_renewed_between_fetches_without_failing_its_routes() -> None:
    """The Fetch in flight is answered on the old connection, the next one goes over a new one from there on; no listener has to look at anything."""
    log, taker, route = log_of(4, most=1), Aging(), ONE
    async with scene(log, taker, (route, 0)) as (broker, source):
        taker.age = lambda: setattr(feed_of(source).wire, "_aged_at", 0.0)
        await taker.until(lambda: len(taker.records.get(route, [])) == 8)
        connections = [asked.connection for asked in broker.asked if asked.api == FETCH]
    assert log.places[:4] == [0, 2, 4, 6]
    assert [one - connections[0] for one in connections[:4]] == [0, 0, 1, 1]
    assert (taker.failures, source.trouble) == ([], "")


@pytest.fixture(scope="module")
async def aging(work_folder: Path, topic_name: Callable[[], str]) -> AsyncIterator[Cluster]:
    """A cluster at which a login counts for 2 s."""
    settings = {"connections.max.reauth.ms": str(int(_LIFETIME_S * 1000))}
    async with open_cluster(work_folder / "aging", settings=settings) as cluster:
        yield Cluster(Kafka(cluster.bootstrap, cluster.security), topic_name)


@pytest.mark.kafka
async def test_sink_and_source_carry_on_while_their_logins_grow_old(aging: Cluster, spawn: Spawn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Transaction after transaction, longer than two logins count: no producer is lost, no route fails, and every record arrives once."""
    topic, progress = await aging.make(), await aging.make({"cleanup.policy": "compact"})
    route, taker, wires = first(topic), Taker(), []
    async with open_client(aging.bootstrap, client_id="test", security=aging.security) as client:
        original = client.connect

        async def counted(node: int, wire: Any) -> Any:
            wires.append(type(wire))
            return await original(node, wire)

        monkeypatch.setattr(client, "connect", counted)
        await client.look([topic])
        async with opened(client, f"id-{topic}", first(progress), spawn) as (sink, shard), open_source(client, "test") as source:
            source.follow(following(client, route, taker))
            loop, written = asyncio.get_running_loop(), 0
            until = loop.time() + _WORK_S
            while loop.time() < until:
                sink.begin()
                for _ in range(3):
                    link(sink, shard, route, batch(written, value=b"%d" % written))
                    written += 1
                await shard.until(lambda: len(shard.settlements) == written)  # noqa: B023 - as it is now
                sink.record([moved(route, written)], 1)
                await shard.until(lambda: shard.recordings == written // 3)  # noqa: B023 - as above
                await sink.end(commit=True)
                await asyncio.sleep(0.02)  # else it would be thousands of transactions
            await taker.until(lambda: len(taker.values(route)) >= written)
            assert taker.values(route) == [b"%d" % number for number in range(written)]
            assert (shard.errors, shard.failures, taker.failures, source.trouble) == ([], [], [], "")
    assert min(wires.count(Acks), wires.count(Bulk)) >= _WORK_S // _LIFETIME_S + 1, "else nothing was renewed"


@pytest.mark.kafka
async def test_an_ordinary_request_outlives_its_login(aging: Cluster) -> None:
    """The broker ends the idle connection with the request that comes too late: it is asked again over another."""
    topic = await aging.make()
    async with open_client(aging.bootstrap, client_id="test", security=aging.security) as client:
        await client.look([topic])
        await asyncio.sleep(_LIFETIME_S * 1.1)
        await client.look([topic])
        assert client.topic(topic) is not None
