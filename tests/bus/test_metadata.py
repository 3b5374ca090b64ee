"""Answers for node/bus/metadata.py: topic ids and leaders as the cluster has them."""

import asyncio
import uuid
from io import BytesIO
from typing import Any

import pytest
from confluent_kafka import TopicCollection

from node.bus import metadata
from node.bus.client import Client
from node.bus.metadata import TopicInfo, parse, request
from node.errors import ProtocolError
from node.model.names import Topic
from tests.bus.conftest import Cluster

HERE, GONE = Topic("445102.test.here"), Topic("445102.test.gone")
ID = uuid.UUID("01234567-89ab-cdef-0123-456789abcdef")


def _answer() -> metadata._Answer:
    partitions: list[Any] = [(0, 0, 2, 5, [2, 1], [2], [], {}), (5, 1, -1, 5, [1], [], [1], {}), (0, 2, 1, 5, [1], [1], [], {})]
    topics: list[Any] = [(0, HERE, ID, False, partitions, 0, {}), (3, GONE, uuid.UUID(int=0), False, [], 0, {})]
    brokers: list[Any] = [(1, "one.example", 9092, None, {}), (2, "two.example", 9093, "r", {})]
    return metadata._Answer(0, brokers, "cluster", 1, topics, {})


def test_an_answer_says_brokers_topics_and_errors() -> None:
    """Addresses, topic ids and leaders are read; a partition without a leader has none, a topic that is not there its error code."""
    found = parse(metadata._Answer.decode(BytesIO(_answer().encode())))
    assert found.brokers == {1: ("one.example", 9092), 2: ("two.example", 9093)}
    assert found.topics == {HERE: TopicInfo(ID, {0: 2, 2: 1}, 3)}
    assert found.errors == {GONE: 3}


def test_a_request_never_makes_topics() -> None:
    """The second last byte but one of a v12 request says whether brokers may create what is asked for: it must be no."""
    asked = request([HERE, GONE]).prepare({3: (0, 12)})
    assert (asked.API_KEY, asked.API_VERSION) == (3, 12)
    decoded = asked.decode(BytesIO(asked.encode()))
    assert [name for _id, name, _tags in decoded.topics] == [HERE, GONE]
    assert not decoded.allow_auto_topic_creation
    assert not decoded.include_operations


@pytest.mark.parametrize("versions", [{}, {3: (0, 11)}, {3: (13, 20)}])
def test_a_broker_without_topic_ids_is_told(versions: dict[int, tuple[int, int]]) -> None:
    """A broker that does not speak the version must be refused in words that say what is needed."""
    with pytest.raises(ProtocolError, match=r"Kafka 3\.1"):
        request([HERE]).prepare(versions)


@pytest.mark.kafka
async def test_a_real_cluster_says_the_same_to_another_client(near: Cluster, client: Client) -> None:
    """Topic id, partition count and leaders must be those that librdkafka is told; a topic made anew has another id."""
    topic = await near.make(partitions=3)
    seen = []
    for _ in range(2):
        await client.look([topic, GONE])
        described = near.admin.describe_topics(TopicCollection([topic]))[topic]
        theirs = await asyncio.to_thread(described.result, 30)
        info = client.topic(topic)
        assert info is not None
        assert (
            info.id.int
            == (theirs.topic_id.get_most_significant_bits() % 2**64 << 64) + theirs.topic_id.get_least_significant_bits() % 2**64
        )
        assert info.leaders == {one.id: one.leader.id for one in theirs.partitions}
        assert info.partitions == 3
        assert client.topic(GONE) is None
        seen.append(info.id)
        await near.drop(topic)
        await near.make(partitions=3, name=topic)
    assert seen[0] != seen[1]
