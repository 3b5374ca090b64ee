"""A lane over a narrow cable: what of a bulk and of daily records comes through, and how old each daily record is by then."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import confluent_kafka
import msgspec

from node.bus.client import open_client
from node.bus.embedded import Cluster
from node.model.names import Topic
from node.runtime.lane import Lane, LaneSpec, open_lane
from node.telemetry import Metrics
from node.transform import Care
from tests.conftest import Kafka
from tests.runtime.conftest import Bench

MEGABITS_10 = 1_250_000.0
"""Bytes a second of 10 Mbit/s."""
_PERIOD_S = 0.1
_WARM_S = 3.0
"""Until a lane knows how fast its link is."""


class Sides(msgspec.Struct, frozen=True):
    """A lane's two clusters by the ways that the lane takes, and by those of whoever is beside them."""

    source: Kafka
    target: Kafka
    lane_source: str
    lane_target: str


def sides(lane: str, near: Kafka, far: Cluster) -> Sides:
    """Return the sides of a lane between a node's own cluster and its parent's, which stands behind a cable."""
    parents = Kafka(far.bootstrap, far.security)
    if lane == "link-up":
        return Sides(near, parents, near.bootstrap, far.link_bootstrap)
    return Sides(parents, near, far.link_bootstrap, near.bootstrap)


@asynccontextmanager
async def narrow_lane(between: Sides, spec: LaneSpec, metrics: Metrics) -> AsyncIterator[Lane]:
    """Open a lane between two clusters."""
    async with (
        open_client(between.lane_source, client_id="test", security=between.source.security) as source,
        open_client(between.lane_target, client_id="test", security=between.target.security) as target,
        open_lane(spec, source, target, metrics) as lane,
    ):
        yield lane


def spec_of(lane: str, node: str, progress: Topic) -> LaneSpec:
    """Return what a lane is called."""
    return LaneSpec(node=node, lane=lane, progress_topic=progress, care=lambda _topic: Care.RAW)


def load(kafka: Kafka, topic: Topic, partitions: int, size: int, batch_bytes: int) -> None:
    """Write so many bytes that no codec makes smaller into each partition, in batches of some size, all acknowledged."""
    settings = {"batch.size": batch_bytes, "linger.ms": 100, "batch.num.messages": 100_000, "enable.idempotence": True}
    producer = confluent_kafka.Producer({**kafka.librdkafka(), **settings})
    for number in range(size // 1000):
        for partition in range(partitions):
            producer.produce(topic, os.urandom(960), b"%d" % number, partition)
        producer.poll(0)
    assert producer.flush(60) == 0


class Daily:
    """Writes a record into each partition of a topic ten times a second and sees how old each is when it can be read at the target."""

    def __init__(self, source: Kafka, target: Kafka, topic: Topic, partitions: int) -> None:
        self.ages: list[float] = []
        self.written = 0
        self._ending, self._written_all = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(source, topic, partitions)),
            threading.Thread(target=self._read, args=(target, topic, partitions)),
        ]

    def _write(self, kafka: Kafka, topic: Topic, partitions: int) -> None:
        producer = confluent_kafka.Producer({**kafka.librdkafka(), "linger.ms": 0})
        while not self._ending.wait(_PERIOD_S):
            for partition in range(partitions):
                producer.produce(topic, b"%.6f" % time.time(), b"key", partition)
                self.written += 1
            producer.poll(0)
        assert producer.flush(20) == 0
        self._written_all.set()

    def _read(self, kafka: Kafka, topic: Topic, partitions: int) -> None:
        consumer = confluent_kafka.Consumer({**kafka.librdkafka(), "group.id": "none", "isolation.level": "read_committed"})
        consumer.assign([confluent_kafka.TopicPartition(topic, partition, 0) for partition in range(partitions)])
        end = None
        while (end is None or time.monotonic() < end) and not (self._written_all.is_set() and len(self.ages) == self.written):
            if end is None and self._ending.is_set():
                end = time.monotonic() + 30
            message = consumer.poll(0.05)
            if message is not None and not message.error():
                self.ages.append(time.time() - float(message.value() or b"0"))
        consumer.close()

    async def during(self, seconds: float) -> None:
        """Run for a time, and then until all that was written has come, within half a minute."""
        for thread in self._threads:
            thread.start()
        await asyncio.sleep(seconds)
        self._ending.set()
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def age(self, part: float) -> float:
        """Return the age (s) that so many records do not exceed."""
        found = sorted(self.ages)
        return found[min(int(len(found) * part), len(found) - 1)]


class Both(msgspec.Struct, frozen=True):
    """What came of a bulk and of daily records that shared a narrow link."""

    daily: Daily
    bulk_bytes_per_s: float


def carried(lane: Lane, topic: Topic) -> int:
    """Return the bytes of a topic that the lane has carried."""
    return sum(one.bytes for one in lane.status() if one.topic == topic)


async def share(lane: Lane, between: Sides, bulk: tuple[Topic, int], daily: tuple[Topic, int], seconds: float) -> Both:
    """Let a bulk that is there flow, and after a moment daily records beside it."""
    lane.route([bulk, daily])
    await asyncio.sleep(_WARM_S)
    before, began = carried(lane, bulk[0]), time.monotonic()
    one = Daily(between.source, between.target, *daily)
    await one.during(seconds)
    return Both(one, (carried(lane, bulk[0]) - before) / (time.monotonic() - began))


def make_all(between: Sides, progress: Topic, topics: dict[Topic, int]) -> None:
    """Make the topics of a lane on both sides."""
    Bench.make(between.target, progress, 16, {"cleanup.policy": "compact"})
    for topic, partitions in topics.items():
        Bench.make(between.source, topic, partitions)
        Bench.make(between.target, topic, partitions)
