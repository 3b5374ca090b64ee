"""The driver of one shard, on real Kafka."""

import asyncio
from typing import Any

import pytest

from node.bus import inspect
from node.errors import BatchError
from node.lane import Side, TopicPartition
from node.telemetry import Metrics
from tests.runtime.conftest import Bench, until

VALUES = [b"%03d" % number for number in range(100)]


async def test_a_second_owner_fences_the_first_which_gives_its_shards_up(bench: Bench) -> None:
    """Two processes of one node do not fight: the first says that it was fenced, and nothing is doubled."""
    topic, metrics = bench.topic(), Metrics()
    bench.publish(topic, VALUES[:50])
    async with bench.lane(metrics) as first:
        first.route([(topic, 2)])
        await until(lambda: sum(one.records for one in first.status()) == 50)
        async with bench.lane() as second:
            second.route([(topic, 2)])
            await until(lambda: {one.state for one in second.status()} == {"flowing"})
            bench.publish(topic, VALUES[50:])
            await until(lambda: sum(one.records for one in second.status()) == len(VALUES))
            await until(lambda: {one.state for one in first.status()} == {"given-up"})
    assert 'exchange_transactions_total{lane="link-up",outcome="fenced"} 2.0' in metrics.text().decode()
    assert sorted(await asyncio.to_thread(bench.read, topic, len(VALUES))) == VALUES


async def test_a_shard_waits_for_the_progress_topic_and_says_so(bench: Bench) -> None:
    """Until the target's node knows this one there is nowhere to write progress: that is told, and nothing is carried."""
    topic = bench.topic()
    bench.publish(topic, VALUES)
    bench.delete(bench.target, bench.progress)
    async with bench.lane() as lane:
        lane.route([(topic, 2)])
        await until(lambda: bench.progress in lane.trouble)
        assert {one.state for one in lane.status()} == {"opening"}
        bench.make(bench.target, bench.progress, 16, {"cleanup.policy": "compact"})
        await until(lambda: sum(one.records for one in lane.status()) == len(VALUES))
        assert lane.trouble == ""


async def test_a_batch_that_the_target_does_not_take_stops_its_route_alone(bench: Bench) -> None:
    """A batch larger than the target's max.message.bytes is told as such; the other route goes on."""
    topic, other = bench.topic(target=False), bench.topic()
    bench.make(bench.target, topic, 2, {"max.message.bytes": "200"})
    bench.publish(topic, [b"x" * 500])
    async with bench.lane() as lane:
        lane.route([(topic, 2), (other, 2)])
        await until(lambda: "too-large" in {one.reason for one in lane.status()})
        bench.publish(other, VALUES)
        await until(lambda: sum(one.records for one in lane.status() if one.topic == other) == len(VALUES))


async def test_a_damaged_batch_behind_the_last_one_stops_its_route_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a look at a side meets bytes that are no batch, that route stops as corrupt; the lane goes on."""
    topic, other = bench.topic(), bench.topic()
    look = inspect.target_side

    async def damaged(client: Any, route: TopicPartition, progress: Any) -> Side:
        if route.topic == topic:
            raise BatchError("the CRC is wrong")
        return await look(client, route, progress)

    monkeypatch.setattr(inspect, "target_side", damaged)
    bench.publish(other, VALUES)
    async with bench.lane() as lane:
        lane.route([(topic, 2), (other, 2)])
        await until(lambda: {(one.reason, one.detail) for one in lane.status() if one.topic == topic} == {("corrupt", "the CRC is wrong")})
        await until(lambda: sum(one.records for one in lane.status() if one.topic == other) == len(VALUES))
