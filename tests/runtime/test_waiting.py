"""Answers for node/runtime/waiting.py, on a real node: what waits is counted as it stands there, and only looked at anew where something has changed."""

from collections.abc import AsyncIterator
from typing import cast

import pytest

from node.batch.records import Record
from node.bus.client import Client, open_client
from node.bus.reader import Reader, Stretch
from node.bus.security import Security
from node.control.audit import Note, encode_note
from node.control.checkup_moving import Waits
from node.control.quarantine import Selection
from node.errors import BusError, DataError
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


class Failing:
    """A reader of the audit whose cluster goes away, or that comes to a damaged note, behind the first stretch."""

    def __init__(self, *values: bytes, cause: Exception | None = None) -> None:
        self._values, self._cause = values, cause

    async def since(self, _place: TopicPartition, _moment_ms: int) -> int:
        """The first note is new enough."""
        return 0

    async def read(self, _place: TopicPartition, begin: int, end: int) -> AsyncIterator[Stretch]:
        """Two notes at a time, and the cause of the failure behind the first two."""
        for at in range(begin, end, 2):
            yield Stretch([Record(one, 0, None, self._values[one], ()) for one in range(at, min(at + 2, end))], min(at + 2, end))
            if self._cause is not None:
                raise self._cause


async def test_a_note_counts_once_whatever_fails_behind_it() -> None:
    """Also where it stands in one stretch with a damaged one, which is met anew at each look."""
    place = quarantine_topic(Topic("996000.tax.fees")), 0
    note = Note(at="", kind="quarantine-discarded", topic=place[0], topic_id="id", partition=0, offsets=((0, 0),), why="")
    values = [encode_note(note)] * 3
    waiting = Waiting(Cluster(HERE, "127.0.0.1:1", Security()))
    with pytest.raises(BusError):
        await waiting._read_notes(cast("Reader", Failing(*values, cause=BusError("away"))), 3)
    await waiting._read_notes(cast("Reader", Failing(*values)), 3)
    assert waiting._stocks.of(place, "id").handled == 3
    damaged = cast("Reader", Failing(*values, values[0], b"{"))
    for _look in range(2):
        with pytest.raises(DataError):
            await waiting._read_notes(damaged, 5)
    assert waiting._stocks.of(place, "id").handled == 3
