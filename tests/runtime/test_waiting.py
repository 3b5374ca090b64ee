"""Answers for node/runtime/waiting.py, on a real node: what waits is counted as it stands there, and only looked at anew where something has changed."""

from collections.abc import AsyncIterator

import pytest

from node.bus.client import Client, open_client
from node.control.checkup_moving import Waits
from node.control.quarantine import Selection
from node.lane import TopicPartition
from node.model.names import Topic, inbox_topic, quarantine_topic
from node.runtime import waiting as module
from node.runtime.reading import Cluster
from node.runtime.waiting import Waiting
from tests.runtime.refusing import HERE, Desk, Fee

pytestmark = pytest.mark.kafka


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[Client]:
    """A client of the node's cluster."""
    async with open_client(desk.kafka.bootstrap, client_id="test", security=desk.kafka.security) as opened:
        yield opened


def counting(desk: Desk) -> Waiting:
    """Who has looked at nothing yet."""
    return Waiting(Cluster(HERE, desk.kafka.bootstrap, desk.kafka.security))


def refused(desk: Desk, topic: Topic) -> dict[TopicPartition, int]:
    """How many records the gate has refused, as its progress says."""
    inbox = inbox_topic(topic)
    return {
        TopicPartition(quarantine_topic(topic), one.partition): one.outcomes.get("quarantined", 0)
        for one in desk.node.shown.routes()
        if one.topic == inbox
    }


async def test_what_waits_is_counted_whatever_was_handled(desk: Desk, client: Client) -> None:
    """By whoever was there from the beginning, and by whoever comes later; with the moment at which the oldest was refused."""
    topic, early, late = await desk.resource(), counting(desk), counting(desk)
    assert await early.look(client, refused(desk, topic)) == {}
    for number in range(4):  # each its own transaction, whose end takes an offset
        await desk.publish(topic, *(Fee(f"{number}{letter}", -1) for letter in "abc"))
    records = {one.offset: one.timestamp for one in await desk.records(quarantine_topic(topic), 1)}
    oldest = min(one.timestamp for one in await desk.records(quarantine_topic(topic)))
    assert await early.look(client, refused(desk, topic)) == {topic: Waits(12, oldest)}
    await desk.discard(topic, Selection(partition=0, offsets=frozenset(list(records)[:-1])))
    for one in (early, late):
        left = (await one.look(client, refused(desk, topic)))[topic]
        assert left.records == 12 - (len(records) - 1)
    await desk.discard(topic)
    for one in (early, late):
        assert await one.look(client, refused(desk, topic)) == {}
    await desk.publish(topic, Fee("new", -1))
    newest = max(one.timestamp for one in await desk.records(quarantine_topic(topic)))
    for one in (early, late, counting(desk)):
        assert await one.look(client, refused(desk, topic)) == {topic: Waits(1, newest)}


async def test_the_quarantine_is_not_read_again_while_nothing_changes(desk: Desk, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked for where nothing was refused, and one offset where nothing is new; after an hour it is looked at all the same."""
    topic, waiting = await desk.resource(), counting(desk)
    await desk.publish(topic, Fee("a", -1))
    found = await waiting.look(client, refused(desk, topic))
    monkeypatch.setattr(module, "open_reader", None)
    assert await waiting.look(client, refused(desk, topic)) == found
    assert await waiting.look(client, dict.fromkeys(refused(desk, topic), 0)) == {}
    monkeypatch.setattr(module, "AGAIN_S", -1.0)
    with pytest.raises(TypeError):
        await waiting.look(client, refused(desk, topic))


async def test_gaps_are_looked_through_a_few_at_a_time(desk: Desk, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then about as many wait as the gate's count says; the next look goes on."""
    monkeypatch.setattr(module, "GAPS_MAX", 1)
    topic, waiting = await desk.resource(), counting(desk)
    for number in range(3):
        await desk.publish(topic, Fee(f"{number}", -1))
        await desk.discard(topic)
    assert sum(refused(desk, topic).values()) == 3
    for _look in range(8):
        found = await waiting.look(client, refused(desk, topic))
    assert found == {}
