"""A lane between two real clusters."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from node.bus import inspect
from node.lane import Machine, Resume
from node.lane import facts as f
from node.model.limits import SHARDS
from node.model.names import Topic
from node.model.partition import shard_of
from node.runtime import seen
from node.telemetry import Metrics
from tests.runtime.conftest import Bench, until

VALUES = [b"%04d" % number for number in range(1000)]


async def test_what_was_published_arrives_once_and_is_counted(bench: Bench) -> None:
    """Every record is at the target once; status, metrics and lag agree."""
    topic, metrics = bench.topic(), Metrics()
    bench.publish(topic, VALUES)
    async with bench.lane(metrics) as lane:
        lane.route([(topic, 2)])
        await until(lambda: sum(one.records for one in lane.status()) == len(VALUES))
        assert {(one.state, one.lag_records, one.lag_seconds) for one in lane.status()} == {("flowing", 0, 0.0)}
        assert lane.trouble == ""
    assert sorted(await asyncio.to_thread(bench.read, topic, len(VALUES))) == VALUES
    assert f'exchange_records_total{{lane="link-up",outcome="carried",resource="{topic}"}} 1000.0' in metrics.text().decode()


async def test_a_second_life_goes_on_where_the_first_ended(bench: Bench) -> None:
    """Progress is read back: what was carried is not carried again, what came meanwhile is."""
    topic = bench.topic()
    bench.publish(topic, VALUES[:500])
    async with bench.lane() as lane:
        lane.route([(topic, 2)])
        await until(lambda: sum(one.records for one in lane.status()) == 500)
    bench.publish(topic, VALUES[500:])
    async with bench.lane() as lane:
        lane.route([(topic, 2)])
        await until(lambda: sum(one.records for one in lane.status()) == len(VALUES))
    assert sorted(await asyncio.to_thread(bench.read, topic, len(VALUES))) == VALUES


async def test_a_route_waits_for_its_topic_and_hinders_nobody(bench: Bench) -> None:
    """A topic that the target's node has not made yet is a state, not an error; when it comes, the route flows by itself."""
    early, late = bench.topic(), bench.topic(target=False)
    bench.publish(early, VALUES[:10])
    bench.publish(late, VALUES[:10])
    async with bench.lane() as lane:
        lane.route([(early, 2), (late, 2)])
        await until(lambda: sum(one.records for one in lane.status() if one.topic == early) == 10)
        await until(lambda: {one.state for one in lane.status() if one.topic == late} == {"waiting"})
        bench.make(bench.target, late, 2)
        await until(lambda: sum(one.records for one in lane.status() if one.topic == late) == 10)


async def test_a_route_that_is_taken_away_carries_no_more(bench: Bench) -> None:
    """Routes change while the lane runs, in both directions."""
    topic = bench.topic()
    bench.publish(topic, VALUES[:10])
    async with bench.lane() as lane:
        lane.route([(topic, 2)])
        await until(lambda: sum(one.records for one in lane.status()) == 10)
        lane.route([])
        assert lane.status() == []
        bench.publish(topic, VALUES[10:20])
        assert len(await asyncio.to_thread(bench.read, topic, 11, 2.0)) == 10
        lane.route([(topic, 2)])
        await until(lambda: sum(one.records for one in lane.status()) == 20)


async def test_a_topic_made_anew_stops_its_route_until_it_is_resumed(bench: Bench) -> None:
    """The other route goes on; the operator's word lets the stopped one go on from the start of the new topic."""
    topic, other = bench.topic(), bench.topic()
    bench.publish(topic, VALUES[:10])
    async with bench.lane() as lane:
        lane.route([(topic, 2), (other, 2)])
        await until(lambda: sum(one.records for one in lane.status()) == 10)
        bench.delete(bench.source, topic)
        await until(lambda: {one.state for one in lane.status() if one.topic == topic} == {"waiting"})
        bench.make(bench.source, topic, 2)
        bench.publish(topic, VALUES[10:30])
        await until(lambda: {one.reason for one in lane.status() if one.topic == topic} == {"source-recreated"})
        bench.publish(other, VALUES[:5])
        await until(lambda: sum(one.records for one in lane.status() if one.topic == other) == 5)
        assert {route.partition for route in lane.resume(topic, Resume.FROM_START)} == {0, 1}
        await until(lambda: sum(one.records for one in lane.status() if one.topic == topic) == 30)
    assert sorted(await asyncio.to_thread(bench.read, topic, 30)) == VALUES[:30]


@pytest.mark.parametrize("sides", ["target", "both"])
async def test_a_topic_that_was_disposed_of_begins_anew(bench: Bench, sides: str) -> None:
    """By the number that the lane is told, while it runs, though the route had stopped for it; all that the source holds stands in the target once."""
    topic, metrics = bench.topic(), Metrics()
    bench.publish(topic, VALUES[:10])
    async with bench.lane(metrics) as lane:
        lane.route([(topic, 2)])
        await until(lambda: sum(one.records for one in lane.status()) == 10)
        for kafka in [bench.target] if sides == "target" else [bench.source, bench.target]:
            bench.delete(kafka, topic)
            bench.make(kafka, topic, 2)
        bench.publish(topic, VALUES[10:30])
        await until(lambda: {one.state for one in lane.status()} == {"stopped"})
        lane.route([(topic, 2)], eras={topic: 7})
        held = 30 if sides == "target" else 20
        await until(lambda: sum(one.records for one in lane.status()) == 10 + held)
        assert {(one.state, one.reason) for one in lane.status()} == {("flowing", "")}
    due = VALUES[:30] if sides == "target" else VALUES[10:30]
    assert sorted(await asyncio.to_thread(bench.read, topic, held)) == due
    async with bench.lane() as lane:
        lane.route([(topic, 2)], eras={topic: 7})
        await until(lambda: {one.state for one in lane.status()} == {"flowing"})
        bench.publish(topic, VALUES[30:40])
        await until(lambda: sum(one.records for one in lane.status()) == 20 + held)
    assert sorted(await asyncio.to_thread(bench.read, topic, held + 10)) == due + VALUES[30:40]


async def test_a_route_that_awaits_a_disposal_is_shown_and_not_carried(bench: Bench) -> None:
    """With what it waits for, until that has come."""
    topic = bench.topic()
    bench.publish(topic, VALUES[:10])
    async with bench.lane() as lane:
        lane.route([(topic, 2)], awaits={topic: "445100 has to dispose of it"})
        assert {(one.partition, one.state, one.detail) for one in lane.status()} == {
            (0, "waiting", "445100 has to dispose of it"),
            (1, "waiting", "445100 has to dispose of it"),
        }
        assert lane.carried == set()
        lane.route([(topic, 2)])
        await until(lambda: sum(one.records for one in lane.status()) == 10)
        assert lane.carried == {topic}


async def test_a_topics_partitions_are_spread_over_shards_of_their_own(bench: Bench) -> None:
    """One shard is opened for each that some route falls into, and no more."""
    topic = bench.topic()
    async with bench.lane() as lane:
        lane.route([(topic, 2)])
        assert len(lane.phases()) == len({shard_of(topic, 0), shard_of(topic, 1)}) <= SHARDS


async def test_a_stopped_route_falls_behind_for_all_to_see(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lag of a route that does not flow grows with what comes at the source: it must not vanish from the dashboards."""
    monkeypatch.setattr(seen, "WATCH_INTERVAL_S", 0.1)
    topic = bench.topic()
    bench.publish(topic, VALUES[:10])
    async with bench.lane() as lane:
        lane.route([(topic, 2)])
        await until(lambda: sum(one.records for one in lane.status()) == 10)
        bench.delete(bench.target, topic)
        bench.make(bench.target, topic, 2)
        bench.publish(topic, VALUES[10:30])
        await until(lambda: {one.state for one in lane.status()} == {"stopped"})
        await until(lambda: sum(one.lag_records for one in lane.status()) == 20)
        await until(lambda: min(one.lag_seconds for one in lane.status()) > 0.5)
        (flow,) = lane.flows()
        assert (flow.state, flow.reason, flow.stopped, flow.lag_records) == ("stopped", "target-recreated", {"target-recreated": 2}, 20)


def _break_inspection(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_arguments: object) -> None:
        raise LookupError("unforeseen")

    monkeypatch.setattr(inspect, "target_side", fail)


def _break_callbacks(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = Machine.handle

    def fail(machine: Machine, fact: f.Fact, now: float) -> list[f.Order]:
        match fact:
            case f.Settled():
                raise LookupError("unforeseen")
            case _:
                return handle(machine, fact, now)

    monkeypatch.setattr(Machine, "handle", fail)


@pytest.mark.parametrize("spoil", [_break_inspection, _break_callbacks])
async def test_a_defect_ends_the_lane_and_leaves_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """What nobody foresaw, in a task or in a callback, reaches whoever opened the lane, with no connection left; opened anew it carries on."""
    topic = bench.topic()
    bench.publish(topic, VALUES[:10])
    before = _sockets()
    with monkeypatch.context() as patch:
        spoil(patch)
        with pytest.raises(ExceptionGroup) as caught:
            await _carry(bench, topic)
    assert caught.group_contains(LookupError, match="unforeseen")
    await until(lambda: _sockets() <= before)
    async with bench.lane() as lane:
        lane.route([(topic, 2)])
        await until(lambda: sum(one.records for one in lane.status()) == 10)
    assert sorted(await asyncio.to_thread(bench.read, topic, 10)) == VALUES[:10]


async def _carry(bench: Bench, topic: Topic) -> None:
    async with bench.lane() as lane:
        lane.route([(topic, 2)])
        await asyncio.sleep(20)


def _sockets() -> int:
    """Return how many sockets this process has."""
    return sum("socket:" in str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink())


async def test_canaries_go_on_by_themselves(bench: Bench) -> None:
    """A log that is another than before stops its route for an operator; of a canary nothing can be lost, and the link would look broken."""
    canary = Topic("445102.node.canary")
    for side in (bench.source, bench.target):
        bench.make(side, canary, 1)
    bench.publish(canary, VALUES[:10])
    async with bench.lane() as lane:
        lane.route([(canary, 1)])
        await until(lambda: sum(one.records for one in lane.status()) == 10)
        bench.delete(bench.target, canary)
        bench.make(bench.target, canary, 1)
        bench.publish(canary, VALUES[10:11])
        await until(lambda: {one.state for one in lane.status()} == {"stopped"})
        lane.resume_canaries()
        bench.publish(canary, VALUES[11:20])
        await until(lambda: {one.state for one in lane.status()} == {"flowing"} and sum(one.records for one in lane.status()) >= 19)
    for side in (bench.source, bench.target):
        bench.delete(side, canary)
