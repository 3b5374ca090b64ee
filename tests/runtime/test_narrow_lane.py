"""A lane over a narrow link, and within limits, between real clusters: a bulk takes what is left, daily records are not kept waiting."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from node.bus.embedded import Cluster, open_cluster
from node.lane.pace import Limits
from node.model.names import Topic
from node.telemetry import Metrics
from tests.conftest import Kafka
from tests.runtime.conftest import Bench, until
from tests.runtime.narrow import MEGABITS_10, carried, load, make_all, narrow_lane, share, sides, spec_of


@pytest.fixture(scope="module")
async def far(work_folder: Path) -> AsyncIterator[Cluster]:
    """A parent's cluster behind a cable."""
    async with open_cluster(work_folder / "far", cable=True) as cluster:
        yield cluster


@pytest.mark.full
@pytest.mark.parametrize("lane", ["link-up", "link-down"])
@pytest.mark.parametrize("bulk_in", [(16, 65_536), (4, 16_384), (16, 1_000_000)], ids=str)
async def test_an_initial_load_does_not_starve_the_daily_path(
    kafka: Kafka, far: Cluster, topic_name: Callable[[], str], lane: str, bulk_in: tuple[int, int]
) -> None:
    """Over 10 Mbit/s, in the same shards and in others: daily records are there within 3 s, the load has the rest, and no transaction is lost."""
    (partitions, batch_bytes), between, metrics = bulk_in, sides(lane, kafka, far), Metrics()
    bulk, daily, node = Topic(topic_name()), Topic(topic_name()), topic_name().rpartition(".")[2]
    progress = Topic(f"{node}.progress")
    await asyncio.to_thread(make_all, between, progress, {bulk: partitions, daily: 3})
    await asyncio.to_thread(load, between.source, bulk, partitions, 26_000_000 // partitions, batch_bytes)
    assert far.cable is not None
    far.cable.bytes_per_s, far.cable.delay_s = MEGABITS_10, 0.01
    try:
        async with narrow_lane(between, spec_of(lane, node, progress), metrics) as opened:
            came = await share(opened, between, (bulk, partitions), (daily, 3), 10)
    finally:
        far.cable.bytes_per_s, far.cable.delay_s = float("inf"), 0.0
    assert len(came.daily.ages) == came.daily.written
    assert came.daily.age(0.99) <= 3.0
    # One request brings five batches of a partition at most: four of 16 KiB do not quite fill the link all the time.
    assert came.bulk_bytes_per_s >= (0.8 if batch_bytes > 16_384 else 0.7) * MEGABITS_10
    assert 'outcome="lost"' not in metrics.text().decode()


async def test_a_limit_is_kept_and_may_be_lifted_while_the_lane_runs(bench: Bench) -> None:
    """A resource has what it is allowed, another one all that it can; without the limit the rest comes at once, everything once."""
    slow, other = bench.topic(), bench.topic()
    await asyncio.to_thread(load, bench.source, slow, 2, 1_000_000, 16_384)
    await asyncio.to_thread(load, bench.source, other, 2, 1_000_000, 16_384)
    async with bench.lane() as lane:
        pace = lane.spec.pace
        pace.limit(Limits(resources={slow: 200_000}), time.monotonic())
        began = time.monotonic()
        lane.route([(slow, 2), (other, 2)])
        await until(lambda: sum(one.records for one in lane.status() if one.topic == other) == 2000, 5)
        await until(lambda: carried(lane, slow) >= 250_000)
        took = time.monotonic() - began
        assert 0.8 <= took <= 4.0
        assert carried(lane, slow) <= 200_000 * (took + 1) + 65_536
        assert pace.throttled_s(time.monotonic()) > 0
        pace.limit(Limits(), time.monotonic())
        await until(lambda: sum(one.records for one in lane.status()) == 4000, 5)
