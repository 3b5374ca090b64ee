"""Refused records sent back and given up, through a real gate: each once, and none over a later one."""

import asyncio
from typing import Any

import pytest

from node.batch.records import Record
from node.control.quarantine import Asked, Selection
from node.control.replay import Later
from node.errors import CommandRefused, Unavailable
from node.lane import TopicPartition
from node.model.names import Topic, inbox_topic, quarantine_topic
from node.model.values import Kind
from node.runtime import repair
from node.runtime.quarantine import Quarantine
from node.runtime.reading import Cluster
from tests.bus.conftest import Transactions
from tests.runtime.refusing import ALL, STEWARD, T0, Desk, Fee, ended, lasting, told

pytestmark = pytest.mark.kafka
A, B = "a", "d"
"""Keys of partition 0 and 1."""
EARLY = Selection(reason="schema")


async def test_replayed_records_pass_once_what_refused_them_is_mended(desk: Desk) -> None:
    """They come into the resource as they were published, in their order, once; only those that are meant, and a second call does nothing."""
    topic = await desk.resource()
    early = [Fee(A, 1, 1, early=True), Fee(A, 2, 3, early=True), Fee(B, 3, 4, early=True)]
    await desk.publish(topic, early[0], Fee(A, -1, 2), *early[1:], Fee("b", 5))
    await desk.register(topic)
    done, kept = await desk.replay(topic, EARLY)
    assert (done.records, kept, done.handled_before) == (3, [], 0)
    done, kept = await desk.replay(topic, EARLY)
    assert (done.records, kept, done.handled_before) == (0, [], 3)
    await desk.passed(topic, 8)
    assert await desk.fees(topic) == [Fee("b", 5), *early]
    notes = await desk.notes(quarantine_topic(topic))
    assert [(note["kind"], note["partition"], note["offsets"]) for note in notes] == [
        ("quarantine-replayed", 0, [[0, 0], [2, 2]]),
        ("quarantine-replayed", 1, [[0, 0]]),
    ]


async def test_what_is_refused_again_waits_again(desk: Desk) -> None:
    """At an offset of its own, untouched: it may be replayed again from there, and not from the old one."""
    topic = await desk.resource()
    await desk.publish(topic, Fee(A, -1, 1))
    (first,) = await desk.records(quarantine_topic(topic))
    assert (await desk.replay(topic))[0].records == 1
    await desk.passed(topic, 2)
    done, kept = await desk.replay(topic, Selection(partition=0, offsets=frozenset({first.offset})))
    assert (done.records, lasting(kept)) == (0, [(0, first.offset, "handled-before")])
    *_, second = await desk.records(quarantine_topic(topic))
    told_apart = {"exchange.inbox.offset"}
    assert (second.key, second.value) == (first.key, first.value)
    assert second.timestamp > first.timestamp, "each bears the time of its own refusal"
    assert [one for one in second.headers if one[0] not in told_apart] == [one for one in first.headers if one[0] not in told_apart]
    done, kept = await desk.replay(topic, Selection(partition=0, offsets=frozenset({second.offset})))
    assert (done.records, kept) == (1, [])


async def test_old_timestamps_outlive_retention(desk: Desk) -> None:
    """What is published with a timestamp of years ago passes with it, however short the inbox's retention: that goes by the broker's clock."""
    topic = await desk.resource(Kind.FACTS)
    await desk.publish(topic, Fee(A, 1, -400 * 86_400_000), Fee(A, -1, -400 * 86_400_000))
    (passed,) = await desk.records(topic)
    assert passed.timestamp == T0 - 400 * 86_400_000
    held, *_ = await desk.records(inbox_topic(topic))
    assert held.timestamp > T0 - 86_400_000, "the inbox tells when it came"


async def test_a_later_record_is_not_overwritten(desk: Desk) -> None:
    """What has a later record of its key in the resource is kept back, told, and replayed only by force; what is later itself goes."""
    topic = await desk.resource(Kind.FACTS)
    await desk.publish(topic, Fee(A, 1, 10, early=True), Fee(B, 2, 10, early=True), Fee(A, 3, 20), Fee(B, 4, 9))
    await desk.register(topic)
    done, kept = await desk.replay(topic, dry_run=True)
    assert (done.records, lasting(kept)) == (1, [(0, 0, "later-record")])
    assert await desk.notes(quarantine_topic(topic)) == []
    done, kept = await desk.replay(topic)
    assert (done.records, lasting(kept)) == (1, [(0, 0, "later-record")])
    await desk.passed(topic, 5)
    assert await desk.fees(topic) == [Fee(A, 3, 20), Fee(B, 4, 9), Fee(B, 2, 10, early=True)]
    done, kept = await desk.replay(topic, force=True)
    assert (done.records, kept, done.handled_before) == (1, [], 1)
    await desk.passed(topic, 6)
    assert (await desk.fees(topic))[1] == Fee(A, 1, 10, early=True)
    assert [note["forced"] for note in await desk.notes(quarantine_topic(topic))] == [False, True]


async def test_a_later_record_that_the_gate_has_not_reached_counts_too(desk: Desk) -> None:
    """It lies in the inbox, where a gate that stands still has not looked yet."""
    topic = await desk.resource()
    await desk.publish(topic, Fee(A, 1, 10, early=True), Fee("b", 1, 10, early=True))
    behind = TopicPartition(inbox_topic(topic), 0)
    standing = Quarantine(
        Cluster(desk.node.settings.division, desk.kafka.bootstrap, desk.node.settings.security),
        lambda: desk.node.ledger.book,
        {behind: 2}.get,
    )
    await desk.publish(topic, Fee(A, -7, 20))  # refused as well: the resource has nothing of it
    done, kept = ended(await told(standing.replay(topic, Asked(selection=EARLY, dry_run=True), STEWARD)))
    assert (done.records, lasting(kept)) == (1, [(0, 0, "later-record")])


async def test_a_later_record_that_is_not_committed_yet_is_waited_for(desk: Desk) -> None:
    """A commit is answered before its markers stand in the resource: what is written there now counts, though nobody can read it yet."""
    topic = await desk.resource()
    await desk.publish(topic, Fee(A, 1, 10, early=True))
    other = await asyncio.to_thread(Transactions, desk.kafka, f"{topic}.id")
    await asyncio.to_thread(other.run, topic, [Fee(A, 2).value], commit=None, keys=[A.encode()])
    replaying = asyncio.create_task(desk.replay(topic, dry_run=True))
    await asyncio.sleep(0.3)
    assert not replaying.done()
    await asyncio.to_thread(other.end, commit=True)
    done, kept = await replaying
    assert (done.records, lasting(kept)) == (0, [(0, 0, "later-record")])


async def test_without_a_gate_nothing_is_replayed(desk: Desk) -> None:
    """Nobody knows what it will pass; by force it may be."""
    topic = await desk.resource()
    await desk.publish(topic, Fee(A, -1))
    gateless = Quarantine(
        Cluster(desk.node.settings.division, desk.kafka.bootstrap, desk.node.settings.security),
        lambda: desk.node.ledger.book,
        lambda _place: None,
    )
    with pytest.raises(CommandRefused, match=r"gate of .* does not stand"):
        await told(gateless.replay(topic, Asked(selection=ALL), STEWARD))
    assert await desk.notes(quarantine_topic(topic)) == []


class _Race:
    """Publishes a record behind the last look at the inbox and before the replay's own records: `write` is put in front of the real one."""

    def __init__(self, desk: Desk, topic: Topic, fees: list[Fee]) -> None:
        self.desk, self.topic, self.fees = desk, topic, fees
        self._real = repair.Repair._write

    async def write(self, one: repair.Repair, *arguments: Any) -> bool:
        """Publish the next one, if there is one left, then write."""
        if self.fees:
            await self.desk.publish(self.topic, self.fees.pop(0))
        return await self._real(one, *arguments)


def _between(race: _Race) -> Any:
    async def write(one: repair.Repair, *arguments: Any) -> bool:
        return await race.write(one, *arguments)

    return write


async def test_a_record_that_gets_in_between_holds_its_key_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transaction is abandoned and judged anew: the other keys go, and nothing is doubled."""
    topic = await desk.resource()
    await desk.publish(topic, Fee(A, 1, 10, early=True), Fee("b", 1, 10, early=True))
    race = _Race(desk, topic, [Fee(A, 3, 20)])
    await desk.register(topic)
    monkeypatch.setattr(repair.Repair, "_write", _between(race))
    done, kept = await desk.replay(topic)
    assert (done.records, lasting(kept)) == (1, [(0, 0, "later-record")])
    await desk.passed(topic, 4)
    assert await desk.fees(topic) == [Fee(A, 3, 20), Fee("b", 1, 10, early=True)]


async def test_keys_that_are_published_without_end_end_the_replay(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not try for ever, and leaves nothing behind."""
    topic = await desk.resource()
    keys = ("a", "b", "c", "e")
    await desk.publish(topic, *(Fee(key, 1, 10, early=True) for key in keys))
    race = _Race(desk, topic, [Fee(key, 3, 20) for key in keys])
    monkeypatch.setattr(repair.Repair, "_write", _between(race))
    with pytest.raises(Unavailable, match="again and again"):
        await desk.replay(topic)
    assert await desk.notes(quarantine_topic(topic)) == []


async def test_what_cannot_be_opened_is_told_and_may_be_discarded(desk: Desk) -> None:
    """Its bytes are no record that the inbox could take; its neighbours are replayed."""
    topic = await desk.resource()
    await desk.publish(topic, Fee(A, -1))
    await desk.bomb(topic, 0)
    done, kept = await desk.replay(topic)
    assert (done.records, lasting(kept)) == (1, [(0, 2, "cannot-be-opened")])
    done, kept = await desk.discard(topic)
    assert (done.records, kept) == (2, [])
    done, kept = await desk.discard(topic)
    assert (done.records, done.handled_before) == (0, 3)  # the replayed one was refused again


async def test_offsets_are_handled_one_by_one(desk: Desk) -> None:
    """Those named and no others; of each that is not replayed it is told why."""
    topic = await desk.resource()
    await desk.publish(topic, *(Fee(A, -1, at) for at in range(5)))
    offsets = [record.offset for record in await desk.records(quarantine_topic(topic))]
    await desk.discard(topic, Selection(partition=0, offsets=frozenset(offsets[1:2])))
    done, kept = await desk.replay(topic, Selection(partition=0, offsets=frozenset({*offsets[:2], *offsets[3:4], 999})))
    assert (done.records, lasting(kept)) == (2, [(0, offsets[1], "handled-before"), (0, 999, "not-there")])
    notes = await desk.notes(quarantine_topic(topic))
    assert [(note["kind"], note["offsets"]) for note in notes] == [
        ("quarantine-discarded", [[offsets[1]] * 2]),
        ("quarantine-replayed", [[offsets[0]] * 2, [offsets[3]] * 2]),
    ]
    assert notes[0]["why"] == "测试"


async def test_chunks_are_transactions_of_their_own(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many records there are, memory and transactions stay small; a note has one range for neighbours."""
    monkeypatch.setattr(repair, "CHUNK_RECORDS", 3)
    topic = await desk.resource(Kind.FACTS)
    fees = [Fee(A, number, number, early=True) for number in range(8)]
    await desk.publish(topic, *fees)
    await desk.register(topic)
    assert (await desk.replay(topic))[0].records == 8
    await desk.passed(topic, 16)
    assert await desk.fees(topic) == fees
    notes = await desk.notes(quarantine_topic(topic))
    assert [len(note["offsets"]) for note in notes] == [1, 1, 1]


async def test_one_that_breaks_off_is_taken_up_by_the_next(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever hangs up between two chunks, or in the middle of one, leaves what was committed and nothing else."""
    monkeypatch.setattr(repair, "CHUNK_RECORDS", 2)
    topic = await desk.resource(Kind.FACTS)
    fees = [Fee(A, number, number, early=True) for number in range(6)]
    await desk.publish(topic, *fees)
    await desk.register(topic)
    real, notes = repair.Repair._note, 0

    async def cut_off(one: repair.Repair, *arguments: Any) -> None:
        nonlocal notes
        notes += 1
        if notes == 2:
            raise asyncio.CancelledError
        await real(one, *arguments)

    monkeypatch.setattr(repair.Repair, "_note", cut_off)
    with pytest.raises(asyncio.CancelledError):
        await desk.replay(topic)
    assert (await desk.replay(topic))[0].records == 4
    await desk.passed(topic, 12)
    assert await desk.fees(topic) == fees


async def test_a_look_reads_no_more_of_the_resource_than_it_must(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the time of the oldest record that is meant: what is older need not be read, however much it is."""
    topic = await desk.resource(Kind.FACTS)
    await desk.publish(topic, *(Fee(A, 1, at) for at in range(5)), Fee(B, -1, 10), Fee(A, -1, 10), Fee(A, 1, 20))
    seen: list[int] = []
    real = Later.see

    def see(later: Later, records: list[Record]) -> None:
        seen.extend(one.timestamp - T0 for one in records)
        real(later, records)

    monkeypatch.setattr(Later, "see", see)
    done, kept = await desk.replay(topic, dry_run=True)
    assert (done.records, lasting(kept)) == (1, [(0, 0, "later-record")])
    assert seen == [20]
