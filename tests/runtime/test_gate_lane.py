"""A gate's lane on real Kafka: what happens to batches that are in its thread when something goes wrong."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import confluent_kafka
import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from structlog.testing import capture_logs

from node.bus.client import open_client
from node.control import day_of
from node.lane import Phase, Resume, TopicPartition
from node.lane import facts as f
from node.model.names import Topic, inbox_topic, quarantine_topic, resource_of
from node.runtime.lane import Lane, LaneSpec, open_lane
from node.telemetry import Metrics
from node.transform import Care, Made, Write
from tests.conftest import Kafka
from tests.runtime.conftest import Bench, until
from tests.transform.desk import opened_gate, value
from tests.transform.wire import RESOURCE

CODES = [f"{number:04}" for number in range(400)]


class Watched:
    """A gate of `RESOURCE`'s schema for any resource, which raises while it is broken, and stands still while it is held."""

    def __init__(self, resource: Topic) -> None:
        self._gate, self._names = opened_gate(), {RESOURCE: resource, quarantine_topic(RESOURCE): quarantine_topic(resource)}
        self.broken = False
        self.takes = 1000
        self.taken = 0
        self.free = threading.Event()
        self.free.set()
        self.held = 0

    def outcomes(self, route: Topic) -> Mapping[Topic, str]:
        """Where it writes to."""
        return {self._names[topic]: word for topic, word in self._gate.outcomes(route).items()}

    def memory(self, _route: Topic, _key: bytes) -> None:
        """Keep nothing."""

    def make(self, partition: int, raws: Sequence[Write], now_ms: int, routes: Mapping[Topic, object]) -> dict[Topic, Made]:
        """Judge batches, unless told otherwise."""
        (inbox,) = routes
        if not self.free.is_set():
            self.held += 1
            assert self.free.wait(20)
        if self.broken:
            raise ValueError("what a record says")
        made = self._gate.judge(partition, raws[: self.takes], now_ms)
        self.taken += made.taken
        writes = tuple(msgspec.structs.replace(one, topic=self._names[one.topic]) for one in made.writes)
        return {inbox: Made(made.taken, writes, made.refused, made.warned)}


class Stand:
    """Inboxes of one partition with gates that are watched, and a lane for them."""

    def __init__(self, kafka: Kafka, topic_name: Callable[[], str]) -> None:
        self.kafka, self._name = kafka, topic_name
        self.node = topic_name().rpartition(".")[2]
        self.gates: dict[Topic, Watched] = {}
        self.metrics = Metrics()
        Bench.make(self.kafka, f"{self.node}.progress", 16, {"cleanup.policy": "compact"})

    def inbox(self) -> Topic:
        """Return a new inbox; its resource and its quarantine are there too."""
        inbox = inbox_topic(Topic(self._name()))
        resource = resource_of(inbox)
        for topic in (inbox, resource, quarantine_topic(resource)):
            Bench.make(self.kafka, topic, 1)
        self.gates[inbox] = Watched(resource)
        return inbox

    def publish(self, inbox: Topic, codes: Iterable[str], *, at_a_time: int = 1000) -> None:
        """Write records, so many in a batch; a code that ends in 9 comes without its key."""
        settings = {**self.kafka.librdkafka(), "linger.ms": 5, "batch.num.messages": at_a_time, "compression.type": "lz4"}
        producer = confluent_kafka.Producer(settings)
        for code in codes:
            producer.produce(inbox, value(code), None if code.endswith("9") else code.encode())
        assert producer.flush(20) == 0

    def read(self, topic: Topic) -> list[bytes]:
        """Return all committed values of a topic."""
        settings = {
            **self.kafka.librdkafka(),
            "group.id": "none",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 50,
        }
        consumer = confluent_kafka.Consumer(settings)
        consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
        found = []
        while (message := consumer.poll(10)) is not None and message.error() is None:
            found.append(message.value() or b"")
        consumer.close()
        return found

    async def holds(self, inbox: Topic, codes: Sequence[str]) -> None:
        """Check that an inbox's records lie in order, once each, in its resource or its quarantine."""
        for topic, wrong in ((resource_of(inbox), False), (quarantine_topic(resource_of(inbox)), True)):
            assert await asyncio.to_thread(self.read, topic) == [value(code) for code in codes if code.endswith("9") is wrong]

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[Lane]:
        """Open the gate's lane; when it is left, every byte that was fetched has been given back once."""
        spec = LaneSpec(
            node=self.node,
            lane="gate",
            progress_topic=f"{self.node}.progress",
            care=lambda _inbox: Care.OPENED,
            transform=lambda inbox: self.gates[inbox],
        )
        async with (
            open_client(self.kafka.bootstrap, client_id="test", security=self.kafka.security) as own,
            open_lane(spec, own, own, self.metrics) as lane,
        ):
            yield lane
            if lane.phases():  # a test may have stopped it
                (feed,) = lane._place.source._feeds.values()
                await until(lambda: feed._unsettled == 0)


@pytest.fixture
def stand(kafka: Kafka, topic_name: Callable[[], str]) -> Stand:
    """Return a stand of the test's own on the shared cluster."""
    return Stand(kafka, topic_name)


def _consumed(lane: Lane, inbox: Topic) -> int:
    return sum(one.records for one in lane.status() if one.topic == inbox)


async def test_a_batch_that_nothing_can_be_made_of_stops_its_route_alone(stand: Stand) -> None:
    """The gate is not started anew for ever: the log says where it failed and nothing of the record; mended, the route goes on where it stood."""
    poisoned, other = stand.inbox(), stand.inbox()
    stand.gates[poisoned].broken = True
    stand.publish(poisoned, CODES)
    async with stand.lane() as lane:
        with capture_logs() as logged:
            lane.route([(poisoned, 1), (other, 1)])
            await until(lambda: {one.reason for one in lane.status() if one.topic == poisoned} == {"defect"})
        stand.publish(other, CODES)
        await until(lambda: _consumed(lane, other) == len(CODES))
        (failed,) = [one for one in logged if one["event"] == "transform-failed"]
        assert (failed["topic"], failed["offset"]) == (poisoned, 0)
        assert "what a record says" not in str(logged)
        assert [one["next_step"] for one in logged if one["event"] == "route-stopped"]
        assert _consumed(lane, poisoned) == 0
        stand.gates[poisoned].broken = False
        lane.resume(poisoned, Resume.ACCEPT)
        await until(lambda: _consumed(lane, poisoned) == len(CODES))
    await stand.holds(poisoned, CODES)
    await stand.holds(other, CODES)


async def test_what_is_in_the_thread_at_an_abort_is_not_written(stand: Stand) -> None:
    """The transaction is rolled back while a batch is judged: what is made of it is thrown away, and it is judged again, once in all."""
    held, other = stand.inbox(), stand.inbox()
    gate = stand.gates[held]
    gate.free.clear()
    stand.publish(held, CODES)
    async with stand.lane() as lane:
        lane.route([(held, 1), (other, 1)])
        await until(lambda: gate.held == 1)
        shard = next(shard for shard in lane._shards.values() if TopicPartition(held, 0) in shard.machine.routes)
        shard.feed(f.TargetFailed(TopicPartition(held, 0), None, "a test"))
        await until(lambda: shard.machine.phase is Phase.RUNNING and shard._transforming._waiting != {})  # type: ignore[union-attr]
        await asyncio.sleep(0.05)
        assert gate.held == 1, "nothing of the next producer begins while the first thread still stands"
        gate.free.set()
        await until(lambda: _consumed(lane, held) == len(CODES))
    await stand.holds(held, CODES)


async def test_a_lost_producer_leaves_nothing_of_what_it_judged(stand: Stand) -> None:
    """Three times in a row, with records waiting behind: each lies once where it belongs."""
    inbox = stand.inbox()
    gate = stand.gates[inbox]
    stand.publish(inbox, CODES, at_a_time=7)
    async with stand.lane() as lane:
        for turn in range(1, 4):
            gate.free.clear()
            lane.route([(inbox, 1)])
            await until(lambda turn=turn: gate.held == turn)  # type: ignore[misc]  # bound at once
            for shard in lane._shards.values():
                shard.feed(f.Lost("a test"))
            gate.free.set()
            gate.free.clear()
        gate.free.set()
        await until(lambda: _consumed(lane, inbox) == len(CODES))
    await stand.holds(inbox, CODES)


async def test_small_batches_are_joined_on_their_way(stand: Stand) -> None:
    """Four hundred batches of one record become a few: each costs every hop behind the gate as much as a large one."""
    inbox = stand.inbox()
    stand.publish(inbox, CODES, at_a_time=1)
    async with stand.lane() as lane:
        lane.route([(inbox, 1)])
        await until(lambda: _consumed(lane, inbox) == len(CODES))
        (route,) = [route for shard in lane._shards.values() for route in shard.machine.routes.values()]
        assert route.progress is not None
        assert route.progress.batches == len(CODES)
        assert sum(one.batches for one in route.progress.targets.values()) < len(CODES) / 10
    await stand.holds(inbox, CODES)


async def test_a_batch_that_is_kept_whole_counts_for_all_in_it(stand: Stand) -> None:
    """One record of the quarantine stands for more records than a gate judges one by one: what was consumed is passed and quarantined."""
    inbox, count = stand.inbox(), (1 << 17) + 1
    async with AIOKafkaProducer(
        **stand.kafka.aiokafka(), compression_type="zstd", max_batch_size=1 << 24, max_request_size=1 << 25
    ) as producer:
        batch = producer.create_batch()
        for _ in range(count):
            assert batch.append(timestamp=None, key=None, value=b"") is not None
        await (await producer.send_batch(batch, inbox, partition=0))
    stand.publish(inbox, CODES)
    wrong = sum(code.endswith("9") for code in CODES)
    async with stand.lane() as lane:
        lane.route([(inbox, 1)])
        await until(lambda: _consumed(lane, inbox) == count + len(CODES))
        (status,) = lane.status()
        assert status.outcomes == {"passed": len(CODES) - wrong, "quarantined": count + wrong}
        (volume,) = lane.seen.volumes(day_of(datetime.now(UTC)).isoformat())
        assert (volume.resource, volume.direction, volume.records) == (resource_of(inbox), "published", len(CODES) - wrong)
    kept = await asyncio.to_thread(stand.read, quarantine_topic(resource_of(inbox)))
    assert len(kept) == 1 + wrong
    assert stand.metrics.registry.get_sample_value("exchange_refused_records_total", {"resource": inbox, "reason": "unreadable"}) == count


async def test_a_stop_does_not_wait_for_what_is_not_begun(stand: Stand) -> None:
    """Asked to end while batches wait, the lane commits what is made and leaves the rest to its next life."""
    inbox = stand.inbox()
    gate = stand.gates[inbox]
    gate.free.clear()
    gate.takes = 5
    stand.publish(inbox, CODES, at_a_time=1)
    async with stand.lane() as lane:
        lane.route([(inbox, 1)])
        await until(lambda: gate.held == 1)
        stopping = asyncio.create_task(lane.stop())
        await asyncio.sleep(0)
        gate.free.set()
        await stopping
    assert gate.taken == 5
    async with stand.lane() as lane:
        lane.route([(inbox, 1)])
        await until(lambda: _consumed(lane, inbox) == len(CODES))
    await stand.holds(inbox, CODES)
