"""Answers for node/bus/topics.py: what is missing is made as the book says, what stands otherwise is reported, what is not to be is removed."""

import asyncio
from collections.abc import Callable, Collection

import pytest
from confluent_kafka.admin import ConfigResource  # type: ignore[attr-defined]  # it is not in its `__all__`

from node.bus import topics as module
from node.bus.client import Client, open_client
from node.bus.security import Security
from node.bus.topics import Made, make_topics, remove_topic
from node.control import TopicSpec
from node.errors import Unavailable
from node.model.names import Topic
from tests.bus.conftest import Cluster
from tests.bus.scripted import open_broker

SETTINGS = {"compression.type": "producer", "message.timestamp.after.max.ms": str(2**63 - 1), "max.message.bytes": "123456"}

pytestmark = pytest.mark.kafka


async def test_missing_topics_are_made_once_with_their_settings(near: Cluster, client: Client, topic_name: Callable[[], str]) -> None:
    """Partitions and settings are those of the book, the client knows them at once, and a second time nothing is to do."""
    specs = [TopicSpec(Topic(topic_name()), 3, SETTINGS), TopicSpec(Topic(topic_name()), 1, {"cleanup.policy": "compact"})]
    made = await make_topics(client, specs, replication=1, security=near.security)
    assert (set(made.made), made.wrong) == ({spec.topic for spec in specs}, {})
    assert [info.partitions for spec in specs if (info := client.topic(spec.topic))] == [3, 1]
    resource = ConfigResource(ConfigResource.Type.TOPIC, specs[0].topic)
    found = await asyncio.to_thread(near.admin.describe_configs([resource])[resource].result, 30)
    assert {key: found[key].value for key in SETTINGS} == SETTINGS
    assert await make_topics(client, specs, replication=1, security=near.security) == Made((), {})


async def test_many_topics_are_made_by_several_requests(
    near: Cluster, client: Client, topic_name: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A controller refuses all topics of a request that is too large, for ever: a node with a thousand resources would never have one."""
    asked, create = list[int](), module._create

    async def counted(bootstrap: str, specs: list[TopicSpec], replication: int, security: Security) -> dict[Topic, tuple[int, str]]:
        asked.append(len(specs))
        return await create(bootstrap, specs, replication, security)

    monkeypatch.setattr(module, "_create", counted)
    monkeypatch.setattr(module, "_RECORDS_MAX", 6)
    specs = [TopicSpec(Topic(topic_name()), partitions, {"cleanup.policy": "compact"}) for partitions in (1, 1, 7, 1)]
    made = await make_topics(client, specs, replication=1, security=near.security)
    assert (set(made.made), made.wrong, asked) == ({spec.topic for spec in specs}, {}, [2, 1, 1])


async def test_another_partition_count_is_reported_and_left(near: Cluster, client: Client) -> None:
    """Keys would move: the count never changes, and the others are made all the same."""
    stands, missing = await near.make(partitions=2), await near.make()
    await near.drop(missing)
    specs = [TopicSpec(stands, 4, {}), TopicSpec(missing, 1, {})]
    made = await make_topics(client, specs, replication=1, security=near.security)
    assert made == Made((missing,), {stands: "has 2 partitions, the book says 4"})
    info = client.topic(stands)
    assert info is not None
    assert info.partitions == 2


async def test_what_cannot_be_made_is_reported_with_the_reason(near: Cluster, client: Client, topic_name: Callable[[], str]) -> None:
    """More copies than brokers, a setting that Kafka does not know: by Kafka's name and in its own words, and the good ones are made."""
    good, bad = TopicSpec(Topic(topic_name()), 1, {}), TopicSpec(Topic(topic_name()), 1, {"no.such.setting": "1"})
    made = await make_topics(client, [good, bad], replication=1, security=near.security)
    assert made.made == (good.topic,)
    assert "INVALID_CONFIG" in made.wrong[bad.topic]
    assert "no.such.setting" in made.wrong[bad.topic]
    copies = TopicSpec(Topic(topic_name()), 1, {})
    made = await make_topics(client, [copies], replication=7, security=near.security)
    assert made.made == ()
    assert made.wrong[copies.topic].startswith("cannot be made: INVALID_REPLICATION_FACTOR: ")
    assert "7" in made.wrong[copies.topic]


async def test_a_topic_made_meanwhile_is_no_fault(near: Cluster, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between look and request another may have made it: that is what was wanted."""
    topic = await near.make()
    original = client.topic
    monkeypatch.setattr(client, "topic", lambda name: None if name == topic else original(name))
    assert await make_topics(client, [TopicSpec(topic, 1, {})], replication=1, security=near.security) == Made((), {})


async def test_brokers_that_never_learn_are_unavailable(
    near: Cluster, client: Client, topic_name: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait for what the controller has made must end."""
    monkeypatch.setattr(module, "REQUEST_TIMEOUT_S", 1.0)
    monkeypatch.setattr(client, "topic", lambda _name: None)
    with pytest.raises(Unavailable, match="learn"):
        await make_topics(client, [TopicSpec(Topic(topic_name()), 1, {})], replication=1, security=near.security)


async def test_a_cluster_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch, topic_name: Callable[[], str]) -> None:
    """CreateTopics is awaited only as long as any request; the broker here does not know it at all."""
    monkeypatch.setattr(module, "REQUEST_TIMEOUT_S", 0.3)
    async with open_broker() as broker, open_client(broker.bootstrap, client_id="test", security=Security()) as client:
        with pytest.raises(Unavailable, match=broker.bootstrap):
            await make_topics(client, [TopicSpec(Topic(topic_name()), 1, {})], replication=1, security=Security())


async def test_a_topic_is_gone_once_it_is_removed(near: Cluster, client: Client) -> None:
    """The client knows at once, others stay, and what is not there is no fault; made again, it is another topic."""
    topic, other = await near.make(partitions=2), await near.make()
    await client.look([topic])
    before = client.topic(topic)
    assert before is not None
    assert await remove_topic(client, topic, security=near.security)
    assert client.topic(topic) is None
    assert not await remove_topic(client, topic, security=near.security)
    await client.look([other])
    assert client.topic(other) is not None
    assert (await make_topics(client, [TopicSpec(topic, 2, {})], replication=1, security=near.security)).made == (topic,)
    after = client.topic(topic)
    assert after is not None
    assert after.id != before.id


async def test_a_topic_that_another_removed_meanwhile_is_no_fault(near: Cluster, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between look and request: that is what was wanted."""
    topic = await near.make()
    look, looked = client.look, list[Topic]()

    async def drop_after(topics: Collection[Topic]) -> None:
        await look(topics)
        if not looked:
            looked.extend(topics)
            await near.drop(topic)

    monkeypatch.setattr(client, "look", drop_after)
    assert await remove_topic(client, topic, security=near.security)


async def test_brokers_that_show_a_removed_topic_for_ever_are_unavailable(
    near: Cluster, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait for what the controller has removed must end."""
    topic = await near.make()
    await client.look([topic])
    found = client.topic(topic)
    monkeypatch.setattr(module, "REQUEST_TIMEOUT_S", 1.0)
    monkeypatch.setattr(client, "topic", lambda _name: found)
    with pytest.raises(Unavailable, match="removed"):
        await remove_topic(client, topic, security=near.security)
