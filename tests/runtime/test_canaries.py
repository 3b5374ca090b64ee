"""Answers for node/runtime/canaries.py."""

import asyncio
import time
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from node.bus.canary import open_canaries
from node.bus.client import open_client
from node.bus.topics import make_topics
from node.control import Book, topics_here
from node.control.canary import Canary
from node.model.names import Division, Topic, canary_topic
from node.runtime.canaries import Heard
from node.runtime.reading import Cluster
from tests.conftest import Kafka
from tests.control.worlds import TODAY
from tests.runtime.conftest import until

PARENT, CHILD = Division("978000"), Division("978100")


def canary(code: Division) -> Canary:
    """Return a canary of now."""
    return Canary(division=code, made_ms=int(time.time() * 1000), software="1.2.3", ready=True)


@dataclass
class Stand:
    """A child that hears its parent, and their topics in one cluster."""

    heard: Heard
    cluster: Cluster


@pytest.fixture
async def stand(kafka: Kafka) -> Stand:
    """Make the topics, and nothing that speaks."""
    specs = [spec for spec in topics_here(Book(), CHILD, PARENT, TODAY).values() if spec.topic.endswith(".canary")]
    async with open_client(kafka.bootstrap, client_id="test", security=kafka.security) as client:
        await make_topics(client, specs, replication=1, security=kafka.security)
    cluster = Cluster(CHILD, kafka.bootstrap, kafka.security)
    heard = Heard(cluster, PARENT, Book)
    heard.there = {spec.topic for spec in specs}
    return Stand(heard, cluster)


async def test_a_node_speaks_and_hears(stand: Stand) -> None:
    """Its own canary stands in its topic; its parent's is heard as it comes, and what is none is passed over and told."""
    cluster, heard = stand.cluster, stand.heard
    async with open_canaries(cluster.bootstrap, "test", cluster.security) as bus:
        keeping = asyncio.create_task(heard.keep(lambda: canary(CHILD), lambda: None))
        with capture_logs() as logged:
            await bus.write(canary_topic(PARENT), b"{}", 5)
            await until(lambda: any(one["event"] == "canary-unreadable" and one["division"] == PARENT for one in logged))
        assert heard.canaries == {}
        said = canary(PARENT)
        await bus.write(
            canary_topic(PARENT), b'{"division":"%s","made_ms":%d,"software":"1.2.3","ready":true}' % (PARENT.encode(), said.made_ms), 5
        )
        await until(lambda: heard.canaries.get(PARENT) == said)
        own: dict[Topic, bytes] = {}
        async with asyncio.timeout(20):
            while not own:
                own = await bus.read({canary_topic(CHILD)})
        assert b'"software":"1.2.3"' in own[canary_topic(CHILD)]
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def test_who_was_never_heard_counts_from_the_start(stand: Stand) -> None:
    """A silence has to be seen though it began before anything was said; the own canary counts by what stands in the parent's cluster."""
    now = int(time.time() * 1000)
    (down, up) = stand.heard.ages(now - 7000)
    assert (down.origin, down.link, down.direction) == (PARENT, f"{CHILD}-{PARENT}", "down")
    assert 0 <= down.seconds < 5
    assert (up.origin, up.link, up.direction) == (CHILD, f"{CHILD}-{PARENT}", "up")
    assert 7 <= up.seconds < 12
    stand.heard.canaries[PARENT] = canary(PARENT)
    assert stand.heard.heard_ms(PARENT) == stand.heard.canaries[PARENT].made_ms
