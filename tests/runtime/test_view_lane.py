"""The lane of views on real Kafka: what takers have, what they never see, and that neighbours are unharmed."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from node.errors import CommandRefused
from node.lane import Resume
from node.runtime.lane import Lane
from tests.conftest import Kafka
from tests.runtime.conftest import Bench, until
from tests.runtime.viewing import Seen, Viewing, hidden, in_order, person

STREETS = ("太平", "西新", "桥东")


def _people(first: int, count: int) -> list[dict[str, Any]]:
    return [person(number, STREETS[number % 3]) for number in range(first, first + count)]


def _states(lane: Lane, topic: str) -> set[tuple[str, str]]:
    return {(one.state, one.reason) for one in lane.status() if one.topic == topic}


async def test_facts_are_filtered_and_cut_for_each_view(kafka: Kafka, topic_name: Callable[[], str]) -> None:
    """In order and once, whatever the batches; where the key is not granted another stands in its place. What was left out is counted."""
    stand, people = Viewing(kafka, topic_name, is_state=False), _people(0, 500)
    stand.add("a", fields=("id", "name"), rows='street == "太平"')
    stand.add("b", fields=("street",), masks={"street": "keep-first:1"})
    stand.publish(people, at_a_time=7)
    async with stand.lane() as lane:
        stand.route(lane, "a", "b")
        mine = in_order(people, lambda one: (one["id"], {"id": one["id"], "name": one["name"]}) if one["street"] == "太平" else None)
        assert await asyncio.to_thread(stand.read, "a", len(mine)) == mine
        other = in_order(people, lambda one: (hidden(one["id"]), {"street": one["street"][0] + "*"}))
        assert await asyncio.to_thread(stand.read, "b", len(other)) == other
        await until(lambda: sum(one.records for one in lane.status()) == 1000)
        outcomes = [one.outcomes for one in lane.status() if one.topic == stand.specs["a"].topic]
        assert sum(one["sent"] for one in outcomes) == len(mine)
        assert sum(one["filtered"] for one in outcomes) == 500 - len(mine)
    text = stand.metrics.text().decode()
    assert f'exchange_records_total{{lane="view",outcome="filtered",resource="{stand.specs["a"].topic}"}} {500 - len(mine)}.0' in text
    assert f'exchange_records_total{{lane="view",outcome="sent",resource="{stand.specs["a"].topic}"}} {len(mine)}.0' in text


async def test_who_leaves_the_rows_of_state_becomes_a_tombstone_if_it_was_shown(kafka: Kafka, topic_name: Callable[[], str]) -> None:
    """Also after the lane has begun anew, which learns from the view whom it has shown; whom it never showed leaves no trace."""
    stand = Viewing(kafka, topic_name, is_state=True)
    stand.add("a", fields=("id",), rows='street == "太平"')
    one, two, three = (f"id-{number:05}" for number in range(3))
    stand.publish([person(0, "太平"), person(1, "太平"), person(2, "西新")])

    def seen(*wanted: Seen) -> list[Seen]:
        return sorted(wanted, key=str)

    async with stand.lane() as lane:
        stand.route(lane, "a")
        shown: list[Seen] = [(one, {"id": one}), (two, {"id": two})]
        assert sorted(await asyncio.to_thread(stand.read, "a", 2), key=str) == seen(*shown)
    stand.publish([person(0, "西新"), person(0, "桥东"), three, person(1, "太平", name="改名")])
    async with stand.lane() as lane:
        stand.route(lane, "a")
        shown += [(one, None), (two, {"id": two})]
        assert sorted(await asyncio.to_thread(stand.read, "a", 4), key=str) == seen(*shown)
        stand.publish([two, person(2, "太平"), one])
        shown += [(two, None), (three, {"id": three})]
        assert sorted(await asyncio.to_thread(stand.read, "a", 6), key=str) == seen(*shown)


async def test_a_new_view_catches_up_while_another_runs_on(kafka: Kafka, topic_name: Callable[[], str]) -> None:
    """From the oldest record, or from now; and one that is wanted no more stays as it is."""
    stand, early, late = Viewing(kafka, topic_name, is_state=False), _people(0, 300), _people(300, 300)
    stand.add("a", fields=("id",))
    stand.publish(early)
    async with stand.lane() as lane:
        stand.route(lane, "a")
        await asyncio.to_thread(stand.read, "a", 300)
        stand.add("b", fields=("id",), rows='street == "桥东"')
        stand.add("c", from_now=True, fields=("id",))
        stand.route(lane, "a", "b", "c")
        await until(lambda: len([one for one in lane.status() if one.state == "flowing"]) == 6)
        stand.publish(late)
        all_of_them = in_order([*early, *late], lambda one: (one["id"], {"id": one["id"]}))
        assert await asyncio.to_thread(stand.read, "a", 600) == all_of_them
        mine = in_order([*early, *late], lambda one: (one["id"], {"id": one["id"]}) if one["street"] == "桥东" else None)
        assert await asyncio.to_thread(stand.read, "b", len(mine)) == mine
        assert await asyncio.to_thread(stand.read, "c", 300) == in_order(late, lambda one: (one["id"], {"id": one["id"]}))
        stand.route(lane, "a", "b")
        await until(lambda: len(lane.status()) == 4)
        stand.publish(_people(600, 10))
        assert len(await asyncio.to_thread(stand.read, "a", 610)) == 610
        assert len(await asyncio.to_thread(stand.read, "c", 300)) == 300


async def test_a_view_that_stops_harms_no_other(kafka: Kafka, topic_name: Callable[[], str]) -> None:
    """One whose topic was made anew stands until its operator's word; the others of the resource go on meanwhile."""
    stand = Viewing(kafka, topic_name, is_state=False)
    spoiled = stand.add("a", fields=("id",))
    stand.add("b", fields=("id",))
    stand.publish(_people(0, 100))
    async with stand.lane() as lane:
        stand.route(lane, "a", "b")
        for name in ("a", "b"):
            await asyncio.to_thread(stand.read, name, 100)
    Bench.delete(stand.kafka, spoiled)
    Bench.make(stand.kafka, spoiled, 2)
    async with stand.lane() as lane:
        stand.route(lane, "a", "b")
        await until(lambda: _states(lane, spoiled) == {("stopped", "target-recreated")})
        stand.publish(_people(100, 50))
        assert len(await asyncio.to_thread(stand.read, "b", 150)) == 150
        assert len(lane.resume(spoiled, Resume.FROM_START)) == 2
        assert len(await asyncio.to_thread(stand.read, "a", 150)) == 150


async def test_a_view_that_begins_now_is_never_sent_what_came_before(kafka: Kafka, topic_name: Callable[[], str]) -> None:
    """Not by an operator's word either: it was not granted. Other words let it go on."""
    stand = Viewing(kafka, topic_name, is_state=False)
    stand.publish(_people(0, 20))
    view = stand.add("a", from_now=True, fields=("id",))
    async with stand.lane() as lane:
        stand.route(lane, "a")
        await until(lambda: _states(lane, view) == {("flowing", "")})
        stand.publish(_people(20, 20))
        assert len(await asyncio.to_thread(stand.read, "a", 20)) == 20
    Bench.delete(stand.kafka, view)
    Bench.make(stand.kafka, view, 2)
    async with stand.lane() as lane:
        stand.route(lane, "a")
        await until(lambda: _states(lane, view) == {("stopped", "target-recreated")})
        with pytest.raises(CommandRefused, match="was not granted"):
            lane.resume(view, Resume.FROM_START)
        assert len(lane.resume(view, Resume.ACCEPT)) == 2
        stand.publish(_people(40, 10))
        assert len(await asyncio.to_thread(stand.read, "a", 10)) == 10


async def test_what_does_not_belong_into_a_resource_stops_its_views(kafka: Kafka, topic_name: Callable[[], str]) -> None:
    """A value that never passed the gate goes nowhere; what came before it stands."""
    stand = Viewing(kafka, topic_name, is_state=False)
    topic = stand.add("a", fields=("name",))
    stand.publish([person(0, "太平")])
    async with stand.lane() as lane:
        stand.route(lane, "a")
        assert len(await asyncio.to_thread(stand.read, "a", 1)) == 1
        stand.damage(b"id-00000")
        await until(lambda: ("stopped", "corrupt") in _states(lane, topic))
        (stopped,) = [one for one in lane.status() if one.state == "stopped"]
        assert "id-00000" not in stopped.detail
    assert len(await asyncio.to_thread(stand.read, "a", 1)) == 1
