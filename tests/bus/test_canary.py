"""Answers for node/bus/canary.py, on a real cluster."""

import asyncio
from collections.abc import Callable

import pytest

from node.bus.canary import open_canaries
from node.bus.client import open_client
from node.bus.security import Security
from node.bus.topics import make_topics
from node.control import TopicSpec
from node.errors import Unavailable
from node.model.names import Topic
from tests.conftest import Kafka


@pytest.fixture
async def topics(kafka: Kafka, topic_name: Callable[[], str]) -> tuple[Topic, Topic]:
    """Two topics of canaries."""
    found = Topic(topic_name()), Topic(topic_name())
    async with open_client(kafka.bootstrap, client_id="test", security=kafka.security) as client:
        specs = [TopicSpec(topic, 1, {"cleanup.policy": "compact"}) for topic in found]
        await make_topics(client, specs, replication=1, security=kafka.security)
    return found


async def test_the_newest_of_each_is_read(kafka: Kafka, topics: tuple[Topic, Topic]) -> None:
    """Also of what was written before somebody followed; what came meanwhile is passed over for the last of it."""
    one, other = topics
    async with (
        open_canaries(kafka.bootstrap, "writer", kafka.security) as writer,
        open_canaries(kafka.bootstrap, "reader", kafka.security) as reader,
    ):
        for number in range(40):
            await writer.write(one, b"%d" % number, 1_770_000_000_000 + number)
        await writer.write(other, b"only", 1_770_000_000_000)
        found: dict[Topic, bytes] = {}
        async with asyncio.timeout(20):
            while found != {one: b"39", other: b"only"}:
                found |= await reader.read(topics)
        await writer.write(other, b"next", 1_770_000_000_000)
        async with asyncio.timeout(20):
            while found[other] != b"next":
                found |= await reader.read(topics)
        assert await reader.read(()) == {}


async def test_a_cluster_that_is_away_is_unavailable() -> None:
    """The supervisor tries again."""
    with pytest.raises(Unavailable, match="no Kafka broker answers"):
        async with open_canaries("127.0.0.1:1", "test", Security()):
            pass
