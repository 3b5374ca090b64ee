"""Logs that are not the ones they were: the route stops and says why and what repairs it, the others go on, an operator's word resumes it.

All of it on the link from the district to the city. Records are counted by their versions, which go on over all that is written.
"""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path

import confluent_kafka
import pytest

from node.bus.embedded import Cluster
from node.demo.world import CITY, DISTRICT, World
from node.model.names import Topic, inbox_topic
from tests.faults.flow import Face, offer, present, recreate, version_of, versions, way_in, write

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

_TAKER = "445100.civil-affairs"


class Stream:
    """A topic of one partition that goes from the district to the city, and what was written to it."""

    def __init__(self, world: World, topic: Topic) -> None:
        self.near, self.far = world.clusters[DISTRICT], world.clusters[CITY]
        self.topic = topic
        self.written = 0
        self._records = versions()

    async def write(self, count: int, *, past_the_gate: bool = False) -> None:
        """Write the next records to the inbox, or where the gate writes them."""
        topic = self.topic if past_the_gate else inbox_topic(self.topic)
        await asyncio.to_thread(write, self.near, topic, islice(self._records, count))
        self.written += count

    async def arrives(self, wanted: Iterable[int] | None = None) -> None:
        """Wait until exactly these records (numbered from 0 as they were written; none named: all) stand in the city, in this order."""
        numbers = list(range(self.written) if wanted is None else wanted)
        assert await asyncio.to_thread(_contents, self.far, self.topic, len(numbers)) == numbers


class Road(Stream):
    """One that will stop, and another beside it that must not."""

    def __init__(self, world: World, topic: Topic, beside: Stream) -> None:
        super().__init__(world, topic)
        self.face = Face(world.nodes[DISTRICT])
        self._since = self.face.lines
        self._beside = beside

    async def stops(self, reason: str, gate: str = "") -> None:
        """Wait until the link's route has stopped, and the gate's where a reason for that is given; others go on."""
        await self._stops(self.topic, reason)
        if gate:
            await self._stops(inbox_topic(self.topic), gate)
        await self._beside.write(10)
        await self._beside.arrives()

    async def _stops(self, topic: Topic, reason: str) -> None:
        """Wait until a route has stopped; the log, the metric and the status say why, and how it is repaired."""
        async with asyncio.timeout(30):
            while [route["state"] for route in await self.face.routes(topic)] != ["stopped"]:
                await asyncio.sleep(0.1)
        (route,) = await self.face.routes(topic)
        assert route["reason"] == reason
        assert await self.face.metric("exchange_route_stopped", resource=topic, reason=reason) == 1
        told = [one for one in self.face.logged("route-stopped", self._since) if one["topic"] == topic]
        assert told[-1]["reason"] == reason
        assert told[-1]["next_step"] == f"exchange-node route resume {topic} --from-start | --from-now | --accept"

    async def resume(self, mode: str, *, gate: bool = False) -> None:
        """Give the operator's word for the link's route, or for the gate's."""
        topic = inbox_topic(self.topic) if gate else self.topic
        status, _body = await self.face.text("/v1/routes/resume", body={"topic": topic, "mode": mode})
        assert status == 200
        async with asyncio.timeout(30):
            while [route["state"] for route in await self.face.routes(topic)] != ["flowing"]:
                await asyncio.sleep(0.1)
        assert await self.face.metric("exchange_route_stopped", resource=topic) == 0


def _contents(cluster: Cluster, topic: Topic, wanted: int) -> list[int]:
    """Return the numbers of all committed records of a topic's only partition as soon as there are so many, or after 20 s."""
    consumer = confluent_kafka.Consumer(
        {
            **way_in(cluster),
            "group.id": "test",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 50,
            "log_level": 0,
        },
        logger=None,
    )
    consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
    numbers: list[int] = []
    until, ended = time.monotonic() + 20, False
    while time.monotonic() < until and (len(numbers) < wanted or not ended):
        message = consumer.poll(1)
        if message is not None and message.error() is None:
            numbers.append((version_of(message.value() or b"") - 1) * 100 + int(message.key() or b""))
        else:
            ended = True
    consumer.close()
    return numbers


@pytest.fixture(scope="module")
async def beside(shared_world: World) -> Stream:
    """The topic that goes on whatever happens to others."""
    return Stream(shared_world, await offer(shared_world, "beside", _TAKER, partitions=1))


@pytest.fixture
async def road(world: World, beside: Stream, request: pytest.FixtureRequest) -> Road:
    """Let ten records of a topic arrive in the city."""
    name = request.node.name.removeprefix("test_").replace("_", "-")[:60]
    found = Road(world, await offer(world, name, _TAKER, partitions=1), beside)
    await found.write(10)
    await present(found.far, found.topic)
    await found.arrives()
    return found


async def test_a_source_made_anew_stops_its_route(road: Road) -> None:
    """A topic that was deleted and made again under its name is another log: from the start, all of it comes behind the old records.

    To the gate it is a target: taken as it is, it gets what comes next.
    """
    await recreate(road.near, road.topic)
    await road.write(20)
    await road.stops("source-recreated", gate="target-recreated")
    await road.resume("accept", gate=True)
    await road.resume("from-start")
    await road.arrives(range(30))


async def test_a_target_made_anew_stops_its_route(road: Road) -> None:
    """Each word does what it says: accept goes on where it stood, from-start sends all again, from-now leaves out what waits."""
    await recreate(road.far, road.topic)
    await road.write(5)
    await road.stops("target-recreated")
    await road.resume("accept")
    await road.arrives(range(10, 15))
    await recreate(road.far, road.topic)
    await road.write(5)
    await road.stops("target-recreated")
    await road.resume("from-start")
    await road.arrives(range(20))
    await recreate(road.far, road.topic)
    await road.write(5)
    await road.stops("target-recreated")
    await road.resume("from-now")
    await road.write(5)
    await road.arrives(range(25, 30))


@pytest.mark.full
async def test_a_target_restored_from_an_older_copy_stops_its_route(world: World, road: Road, tmp_path: Path) -> None:
    """A log that is shorter than what was written to it: from the start, what the copy still had is doubled.

    Meanwhile the city's node is started without its broker: it says so at each attempt and in readiness, and comes up with the broker.
    """
    city = Face(world.nodes[CITY])
    since = city.lines
    await city.node.kill()
    async with _restored(world, CITY, road, tmp_path):
        await city.node.start()
        async with asyncio.timeout(30):
            while len(told := city.not_ready(since)) < 9:
                await asyncio.sleep(0.1)
        cause = f"no Kafka broker answers at {world.clusters[CITY].bootstrap}"
        assert all(cause in one["cause"] for one in told)
        # For its own cluster, its canary, the link that begins there, and once the kernel is loaded its gate and its views.
        async with asyncio.timeout(30):
            while (found := await city.text("/readyz"))[1].count(cause) < 5:
                await asyncio.sleep(0.1)
        assert found[0] == 503
    await city.until_ready()
    await road.write(5)
    await road.stops("target-truncated")
    await road.resume("from-start")
    await road.arrives([*range(10), *range(35)])


@pytest.mark.full
async def test_a_source_restored_from_an_older_copy_stops_its_route(world: World, road: Road, tmp_path: Path) -> None:
    """A log that ends before what was carried of it: from now on what is written behind its end is carried. So it is for the gate."""
    async with _restored(world, DISTRICT, road, tmp_path):
        pass
    await road.stops("source-truncated", gate="target-truncated")
    await road.resume("accept", gate=True)
    await road.resume("from-now")
    await road.write(5)
    await road.arrives(range(35))


@pytest.mark.full
async def test_a_source_restored_and_grown_while_nobody_looked_stops_its_route(world: World, road: Road, tmp_path: Path) -> None:
    """The node runs on, and when it reaches the broker again a batch begins just where it stood: the log before it is another all the same."""
    async with _restored(world, DISTRICT, road, tmp_path, paused=road.face.node.pid):
        pass
    await road.write(20, past_the_gate=True)
    await road.write(5, past_the_gate=True)
    os.kill(road.face.node.pid, signal.SIGCONT)
    await road.stops("source-altered", gate="target-altered")
    await road.resume("from-start")
    await road.arrives([*range(30), *range(10), *range(30, 55)])


@asynccontextmanager
async def _restored(world: World, code: str, road: Road, spare: Path, *, paused: int | None = None) -> AsyncIterator[None]:
    """Carry twenty records more, then put the topic's log in one cluster back to what it was before; meanwhile its broker is down.

    A process to be paused is paused before the broker goes, so that it finds it back as if it had never been away.
    """
    log = world.folder / f"kafka-{code}" / "broker-1" / "data" / f"{road.topic}-0"
    shutil.copytree(log, spare / "copy")
    await road.write(20)
    await road.arrives()
    if paused is not None:
        os.kill(paused, signal.SIGSTOP)
    await world.clusters[code].kill(1)
    shutil.rmtree(log)
    shutil.copytree(spare / "copy", log)
    yield
    await world.clusters[code].start(1)
