"""Answers for node/bus/configs.py, on a real broker: settings as they are now, by name."""

import pytest

from node.bus.client import Client
from node.bus.configs import broker_settings, topic_settings
from node.errors import BusError
from node.model.names import Topic
from tests.bus.conftest import Cluster

pytestmark = pytest.mark.kafka


async def test_a_broker_tells_its_settings(client: Client) -> None:
    """Those that are asked for, whether they were set or not; a broker is asked itself."""
    found = await broker_settings(client, 1, ["auto.create.topics.enable", "min.insync.replicas"])
    assert found == {"auto.create.topics.enable": "false", "min.insync.replicas": "1"}
    with pytest.raises(BusError):
        await broker_settings(client, 7, ["min.insync.replicas"])


async def test_topics_tell_their_settings(near: Cluster, client: Client) -> None:
    """Each those that are asked for; a topic that is not there is left out."""
    topics = [await near.make({"retention.ms": str(number)}) for number in (1000, 2000, 3000)]
    wanted = dict.fromkeys([*topics, Topic("445102.test.nowhere")], ("retention.ms", "cleanup.policy"))
    found = await topic_settings(client, wanted)
    assert found == {topic: {"retention.ms": f"{number}000", "cleanup.policy": "delete"} for number, topic in enumerate(topics, 1)}
    assert await topic_settings(client, {}) == {}
