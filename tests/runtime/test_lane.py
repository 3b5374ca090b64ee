"""A lane between two real clusters."""

import asyncio

from node.lane import Resume
from node.model.limits import SHARDS
from node.model.partition import shard_of
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
        assert {one.state for one in lane.status() if one.topic == late} == {"waiting"}
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


async def test_a_topics_partitions_are_spread_over_shards_of_their_own(bench: Bench) -> None:
    """One shard is opened for each that some route falls into, and no more."""
    topic = bench.topic()
    async with bench.lane() as lane:
        lane.route([(topic, 2)])
        assert len(lane.phases()) == len({shard_of(topic, 0), shard_of(topic, 1)}) <= SHARDS
