"""Grants that come and go while all runs: what moves follows the book, without a restart."""

import asyncio
from itertools import islice

import pytest

from node.demo.requesting import ask, consent
from node.demo.world import CITY, DISTRICT, PROVINCE, World
from node.model.names import Topic, inbox_topic
from tests.faults.flow import Face, all_arrived, end, gone, grant, is_there, offer, present, publishing, reading, versions, wanted, write

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

_TAKER = "440000.civil-affairs"


async def _routed(world: World, topic: Topic) -> list[bool]:
    """Return whether the district's and the city's links carry a topic."""
    return [bool(await Face(world.nodes[code]).routes(topic)) for code in (DISTRICT, CITY)]


async def _until_routed(world: World, topic: Topic, *, wanted: bool) -> None:
    async with asyncio.timeout(20):
        while await _routed(world, topic) != [wanted, wanted]:
            await asyncio.sleep(0.05)


async def _flows(world: World, topic: Topic) -> None:
    """Wait until every node has said of the grants on a resource what it does, and that it disposed of what it had of before."""
    async with asyncio.timeout(30):
        while any(one["value"]["resource"] == topic and one["awaited"] for one in await world.nodes[DISTRICT].get("/v1/grants")):
            await asyncio.sleep(0.05)


async def test_the_flow_follows_the_grant(world: World) -> None:
    """Nothing moves before a grant; given, all does; ended, nothing more does, routes and copies are gone; given again, all comes anew."""
    near, far = world.clusters[DISTRICT], world.clusters[PROVINCE]
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
    for code in (CITY, PROVINCE):
        await gone(world.clusters[code], topic)
    assert await is_there(near, topic), "its owner's own is no copy"
    write(near, inbox_topic(topic), islice(records, 300))
    await asyncio.sleep(1)  # far longer than a record takes
    assert not await is_there(far, topic)
    await grant(world, topic, _TAKER)
    await _until_routed(world, topic, wanted=True)
    await present(far, topic)
    with reading(far, topic) as reader:
        await all_arrived(reader, 600)


@pytest.mark.full
async def test_a_route_taken_away_in_mid_load_begins_anew(world: World) -> None:
    """Ended and given again five times while records flow, a grant neither loses nor doubles one, whatever of it was disposed of when."""
    near, far = world.clusters[DISTRICT], world.clusters[PROVINCE]
    topic = await offer(world, "fickle", "")
    given = await grant(world, topic, _TAKER)
    lines = [Face(world.nodes[code]).lines for code in (DISTRICT, CITY, PROVINCE)]
    await present(far, topic)
    with publishing(near, inbox_topic(topic), per_second=2_000) as publisher:
        for _turn in range(5):
            with reading(far, topic) as reader:
                await reader.moves()
            asked = wanted(topic, _TAKER)
            request = await ask(world, asked)
            await end(world, given)
            given = await consent(world, asked, request)
            await _flows(world, topic)
        sent = await asyncio.to_thread(publisher.stop)
    with reading(far, topic) as reader:
        await all_arrived(reader, sent)
    for code, since in zip((DISTRICT, CITY, PROVINCE), lines, strict=True):
        face = Face(world.nodes[code])
        assert [face.logged("route-stopped", since), face.not_ready(since)] == [[], []]
        assert len(face.logged("copy-disposed", since)) == (0 if code == DISTRICT else 5)
