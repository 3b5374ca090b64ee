"""Answers for node/runtime/canaries.py."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from node.bus.canary import open_canaries
from node.bus.client import open_client
from node.bus.security import Security
from node.bus.topics import make_topics
from node.control import Book, topics_here
from node.control.canary import Canary
from node.model.names import Division, Topic, canary_topic
from node.runtime.canaries import Heard
from node.runtime.reading import Cluster
from tests.conftest import Kafka
from tests.control.worlds import CITY, CITY2, DISTRICT, PARENTS, ROOT, TODAY, World
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
async def stand(kafka: Kafka, tmp_path: Path) -> Stand:
    """Make the topics, and nothing that speaks."""
    specs = [spec for spec in topics_here(Book(), CHILD, PARENT, TODAY).values() if spec.topic.endswith(".canary")]
    async with open_client(kafka.bootstrap, client_id="test", security=kafka.security) as client:
        await make_topics(client, specs, replication=1, security=kafka.security)
    cluster = Cluster(CHILD, kafka.bootstrap, kafka.security)
    heard = Heard(cluster, PARENT, Book, tmp_path)
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
        assert heard.came == {}
        said = canary(PARENT)
        await bus.write(
            canary_topic(PARENT), b'{"division":"%s","made_ms":%d,"software":"1.2.3","ready":true}' % (PARENT.encode(), said.made_ms), 5
        )
        await until(lambda: PARENT in heard.came and heard.came[PARENT].canary == said)
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
    stand.heard.take(canary(PARENT))
    assert next(stand.heard.ages(now)).seconds < 1


def test_ages_go_by_the_own_clock(tmp_path: Path) -> None:
    """A clock that is wrong elsewhere neither hides a silence nor makes one; only the first that is read may be old."""
    heard = Heard(Cluster(CHILD, "", Security()), PARENT, Book, tmp_path)
    for off_ms in (600_000, 600_001, -600_000):
        said = canary(PARENT)
        heard.take(msgspec.structs.replace(said, made_ms=said.made_ms + off_ms))
        assert next(heard.ages(0)).seconds < 1
    again = Heard(Cluster(CHILD, "", Security()), PARENT, Book, tmp_path)
    again.take(msgspec.structs.replace(said, made_ms=said.made_ms - 600_000))
    assert 600 <= next(again.ages(0)).seconds < 605
    again.take(said)
    again.take(said)
    assert next(again.ages(0)).seconds < 1


def test_nobody_is_called_for_who_runs_no_node(tmp_path: Path) -> None:
    """Of those below who were never heard nothing is told, nor of who has left, over restarts too; until it joins again."""
    book = World(PARENTS).book
    at = Cluster(ROOT, "", Security())
    heard = Heard(at, None, lambda: book, tmp_path)
    assert list(heard.ages(0)) == []
    for code in (CITY, DISTRICT, CITY2):
        heard.take(canary(code))
    assert {one.origin for one in heard.ages(0)} == {CITY, DISTRICT, CITY2}
    heard.forget(CITY)
    heard.take(canary(CITY))
    again = Heard(at, None, lambda: book, tmp_path)
    for one in (heard, again):
        one.take(canary(DISTRICT))
        one.take(canary(CITY2))
        assert {age.origin for age in one.ages(0)} == {CITY2}
    again.expect(CITY)
    again.take(canary(CITY))
    assert {one.origin for one in again.ages(0)} == {CITY, CITY2}
