"""Grants that come and go while all runs: what moves follows the book, without a restart."""

import asyncio
from itertools import islice

import pytest

from node.demo.requesting import ask, consent
from node.demo.world import CITY, DISTRICT, PROVINCE, World
from node.model.names import Topic, inbox_topic
from tests.faults.flow import Face, all_arrived, end, grant, offer, present, publishing, reading, until, versions, wanted, write

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

_TAKER = "440000.civil-affairs"


async def _routed(world: World, topic: Topic) -> list[bool]:
    """Return whether the district's and the city's links carry a topic."""
    return [bool(await Face(world.nodes[code]).routes(topic)) for code in (DISTRICT, CITY)]


async def _until_routed(world: World, topic: Topic, *, wanted: bool) -> None:
    async with asyncio.timeout(20):
        while await _routed(world, topic) != [wanted, wanted]:
            await asyncio.sleep(0.05)


async def test_the_flow_follows_the_grant(world: World) -> None:
    """Nothing moves before a grant; given, all does; ended, nothing more does and the routes are gone; given again, it goes on where it stopped."""
    near, far = world.clusters[DISTRICT].bootstrap, world.clusters[PROVINCE].bootstrap
    records = versions()
    topic = await offer(world, "granted", "")
    write(near, inbox_topic(topic), islice(records, 300))
    assert await _routed(world, topic) == [False, False]
    given = await grant(world, topic, _TAKER)
    await present(far, topic)
    with reading(far, topic) as reader:
        await all_arrived(reader, 300)
        await end(world, given)
        await _until_routed(world, topic, wanted=False)
        write(near, inbox_topic(topic), islice(records, 300))
        await asyncio.sleep(1)  # far longer than a record takes
        assert reader.records == 300
        await grant(world, topic, _TAKER)
        await _until_routed(world, topic, wanted=True)
        await until(lambda: reader.records > 300, "the flow goes on")
        await all_arrived(reader, 600)


async def test_a_route_taken_away_in_mid_load_keeps_its_place(world: World) -> None:
    """Ended and given again five times while records flow, a grant neither loses nor doubles one."""
    near, far = world.clusters[DISTRICT].bootstrap, world.clusters[PROVINCE].bootstrap
    topic = await offer(world, "fickle", "")
    given = await grant(world, topic, _TAKER)
    with reading(far, topic) as reader, publishing(near, inbox_topic(topic), per_second=2_000) as publisher:
        for _turn in range(5):
            await reader.moves()
            asked = wanted(topic, _TAKER)
            request = await ask(world, asked)
            await end(world, given)
            given = await consent(world, asked, request)
        sent = await asyncio.to_thread(publisher.stop)
        await all_arrived(reader, sent)
