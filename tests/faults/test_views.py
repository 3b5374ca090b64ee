"""Views in a faulty world: takers have what was granted, each record once and in order, and nothing else of it left the owner's topics.

What a resource holds at its owner is read by fastavro, filtered by cel-python and masked in plain Python. Then the raw segments of all clusters
are searched for what was not granted.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from random import Random
from typing import Any, get_args

import pytest
from confluent_kafka.admin import AdminClient

from node.avro.selection import MaskKind
from node.demo.world import CITY, DISTRICT, World
from node.model.names import inbox_topic
from tests.faults.flow import Face, Publisher, in_transaction, way_in
from tests.faults.planting import needles
from tests.faults.subjects import Row, Subject
from tests.faults.viewed import PARTITIONS, View, Viewed, elsewhere

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

_TAKERS = ("445100.taxation", "445100.civil-affairs", "440000.market-regulation", "440000.civil-affairs")
_FIRST = 60
_PER_SECOND = 40
_SLOWLY = 12
"""For long runs: so few that plain Python tells what is due within seconds, so many that a transaction is open most of the time."""


class Run:
    """Resources of facts and of state, who publishes them, and what befalls the world."""

    def __init__(self, world: World, seed: int, name: str = "viewed", *, per_second: int = _PER_SECOND) -> None:
        self.world, self.random, self._per_second = world, Random(seed), per_second
        self.resources = [
            Viewed(world, f"{name}-{kind}-{seed}", Subject(f"{seed} {kind}", is_state=kind == "state")) for kind in ("facts", "state")
        ]
        self._rows = [one.subject.rows() for one in self.resources]

    async def open(self) -> None:
        """Describe the resources, put the first records in, and give the first grants."""
        await asyncio.gather(*(self._open(*one) for one in zip(self.resources, self._rows, strict=True)))

    async def _open(self, resource: Viewed, rows: Iterator[Row]) -> None:
        await resource.describe()
        await asyncio.to_thread(self._publisher(resource, islice(rows, _FIRST)).run)
        await resource.consumed(_FIRST)
        await self.give(resource, shows_key=True, shared=True)
        await self.give(resource, shows_key=False)
        await self.give(resource, shows_key=True, filtered=False, masks=0.9)
        await self.give(resource, shows_key=False, filtered=False, history="from-now")

    async def give(self, resource: Viewed, *, shows_key: bool, masks: float = 0.4, **more: Any) -> View:
        """Give somebody a grant."""
        asked = resource.subject.grant(resource.topic, resource.subject.random.choice(_TAKERS), shows_key=shows_key, masks=masks, **more)
        return await resource.give(asked)

    def _publisher(self, resource: Viewed, rows: Iterator[Row]) -> Publisher:
        return Publisher(resource.cluster, inbox_topic(resource.topic), rows, per_second=self._per_second, compression="none")

    @asynccontextmanager
    async def publishing(self) -> AsyncIterator[None]:
        """Publish while this is open; then read what the resources hold."""
        publishers = [self._publisher(resource, rows) for resource, rows in zip(self.resources, self._rows, strict=True)]
        for one in publishers:
            one.start()
        try:
            yield
        finally:
            sent = [await asyncio.to_thread(one.stop) for one in publishers]
        for resource, count in zip(self.resources, sent, strict=True):
            await resource.consumed(_FIRST + count)

    async def moves(self) -> None:
        """Wait until more of each resource is cut and carried."""
        for one in self.resources:
            await one.moves()

    # ---- what befalls the world

    async def kill_in_transaction(self) -> None:
        """Kill the district's node at a moment at which a transaction is open on a view."""
        node, resource = self.world.nodes[DISTRICT], self.random.choice(self.resources)
        topics = [one.topic for one in resource.views if not one.ended]
        async with asyncio.timeout(30):
            while True:
                os.kill(node.pid, signal.SIGSTOP)
                if await in_transaction(resource.cluster, self.random.choice(topics), PARTITIONS):
                    break
                os.kill(node.pid, signal.SIGCONT)
                await asyncio.sleep(0.02)
        await node.kill()
        await node.start()

    async def kill_node(self) -> None:
        """Kill the district's node, whatever it does."""
        await self.world.nodes[DISTRICT].kill()
        await self.world.nodes[DISTRICT].start()

    async def kill_broker(self) -> None:
        """Kill the district's broker."""
        await self.world.clusters[DISTRICT].kill(1)
        await self.world.clusters[DISTRICT].start(1)

    async def kill_city(self) -> None:
        """Cut the district's link and kill the city's node; both come back."""
        self.world.cut(DISTRICT)
        await self.world.nodes[CITY].kill()
        await self.world.nodes[CITY].start()
        self.world.mend(DISTRICT)
        await Face(self.world.nodes[CITY]).until_ready()

    async def kill_city_broker(self) -> None:
        """Kill the city's broker, into which the district's link writes."""
        await self.world.clusters[CITY].kill(1)
        await self.world.clusters[CITY].start(1)

    async def kill_broker_and_city(self) -> None:
        """Kill the district's broker, and while it is down the city's node."""
        await asyncio.gather(self.kill_broker(), self.kill_city())

    # ---- what it comes to

    async def prove(self) -> None:
        """Hold all views against what they are to have, and search what is written anywhere."""
        await asyncio.gather(*(one.check() for one in self.resources))
        for one in self.resources:
            await asyncio.to_thread(one.search)
        planted = set[bytes]().union(*(one.planted() for one in self.resources))
        asked = needles("\0".join(view.asked.rows for one in self.resources for view in one.views).encode())
        for where, found in (await elsewhere(self.world)).items():
            allowed = asked if "control" in where or "/v1/" in where else set()
            assert not (found & planted) - allowed, f"values of records in {where}"

    async def befall(self, *strikes: Callable[[], Awaitable[None]]) -> None:
        """Let one after the other befall the world, each while records move, and wait until they move again."""
        await self.moves()
        for one in strikes:
            await one()
            await self.moves()


@pytest.mark.full
async def test_takers_have_what_was_granted_and_nothing_else_whatever_is_killed(world: World) -> None:
    """Both kinds, views that come, go and come back, and a second version of the schema, while nodes and a broker are killed and a link is cut."""
    run = Run(world, 8)
    await run.open()
    facts, state = run.resources
    ended = [one.views[0] for one in run.resources]
    async with run.publishing():
        await run.befall(run.kill_in_transaction)
        await run.give(facts, shows_key=True)
        await run.give(state, shows_key=True, history="from-now")
        await asyncio.gather(*(one.end(view) for one, view in zip(run.resources, ended, strict=True)))
        await asyncio.gather(*(one.follow() for one in run.resources))
        await run.befall(run.kill_broker_and_city)
        for resource, view in zip(run.resources, ended, strict=True):
            assert await resource.give_again(view) is view, "the same grant has the same view"
    masks = {mask.partition(":")[0] for one in run.resources for view in one.views for mask in view.asked.masks.values()}
    assert masks == set(get_args(MaskKind)), "the seed has all masks"
    await run.prove()


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(2, 5))
async def test_whatever_befalls_in_whatever_order(world: World, seed: int) -> None:
    """The same for other resources, grants and versions, with a dozen strikes in an order from dice."""
    run = Run(world, seed, per_second=_SLOWLY)
    await run.open()
    strikes = [run.kill_in_transaction] * 5 + [run.kill_node, run.kill_node, run.kill_broker, run.kill_broker_and_city]
    strikes += [run.kill_city, run.kill_city_broker, run.kill_city_broker]
    run.random.shuffle(strikes)
    async with run.publishing():
        for number, strike in enumerate(strikes):
            await run.befall(strike)
            for resource in run.resources:
                await _changes(run, resource, number)
    await run.prove()


async def _changes(run: Run, resource: Viewed, number: int) -> None:
    """Let something happen to a resource's versions or grants."""
    rng, ended = run.random, [one for one in resource.views if one.ended]
    match number % 4:
        case 0:
            await run.give(resource, shows_key=rng.random() < 0.5, filtered=rng.random() < 0.8, history=rng.choice(["all", "from-now"]))
        case 1:
            await resource.end(rng.choice([one for one in resource.views if not one.ended and one.asked.history == "all"]))
        case 2:
            await resource.follow()
        case _:
            for view in ended:
                await resource.give_again(view)


@pytest.mark.full
async def test_a_view_whose_topic_is_deleted_stops_alone(world: World) -> None:
    """Its owner's node makes the topic anew, empty, and says what is wrong; others go on; from the start, all of it stands there again."""
    run = Run(world, 100, "deleted")
    await run.open()
    resource = run.resources[1]
    lost = resource.views[1]
    async with run.publishing():
        await run.moves()
        admin = AdminClient(way_in(resource.cluster), logger=None)
        await asyncio.to_thread(admin.delete_topics([lost.topic])[lost.topic].result)
        async with asyncio.timeout(30):
            while await _states(resource, lost, "view") != {("stopped", "target-recreated")}:
                await asyncio.sleep(0.05)
        for one in resource.views:
            if one is not lost:
                assert await _states(resource, one, "view") == {("flowing", "")}
        await run.moves()
    await resource.check([one for one in resource.views if one is not lost])
    await run.resources[0].check()
    async with asyncio.timeout(30):
        while await _states(resource, lost, "link-up") != {("stopped", "source-recreated")}:
            await asyncio.sleep(0.05)
    status, _body = await resource.face.text("/v1/routes/resume", body={"topic": lost.topic, "mode": "from-start"})
    assert status == 200
    await resource.flows(lost.topic)
    await resource.check([lost], [DISTRICT])


async def _states(resource: Viewed, view: View, lane: str) -> set[tuple[str, str]]:
    return {(one["state"], one["reason"]) for one in await resource.face.routes(view.topic) if one["lane"] == lane}
