"""What the tests of the runtime share: topics on a pair of real clusters, a producer, a reader, a lane between the two."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from node.bus.client import open_client
from node.model.names import Topic
from node.runtime.lane import Lane, LaneSpec, open_lane
from node.telemetry import Metrics
from node.transform import Care
from tests.conftest import Kafka, KafkaPair
from tests.runtime.refusing import Desk, open_desk

PROGRESS = Topic("445102.node.progress")


class Bench:
    """Two clusters and what a test does with them."""

    def __init__(self, pair: KafkaPair, topic_name: Callable[[], str]) -> None:
        self.source, self.target = pair.source, pair.target
        self.node = topic_name().rpartition(".")[2]
        """a node's name of its own: transactional ids and progress of other tests are not touched"""
        self.progress = Topic(f"{self.node}.progress")
        self._topic_name = topic_name
        self.make(self.target, self.progress, 16, {"cleanup.policy": "compact"})

    @staticmethod
    def make(kafka: Kafka, topic: str, partitions: int, config: dict[str, str] | None = None) -> None:
        """Make a topic, and wait until the broker knows what the controller has made."""
        admin = AdminClient(kafka.librdkafka())
        admin.create_topics([NewTopic(topic, partitions, 1, config=config or {})])[topic].result()
        end = time.monotonic() + 10
        while len(admin.list_topics(topic, timeout=10).topics[topic].partitions) != partitions:
            assert time.monotonic() < end
            time.sleep(0.02)

    @staticmethod
    def delete(kafka: Kafka, topic: str) -> None:
        """Delete a topic."""
        admin = AdminClient(kafka.librdkafka())
        admin.delete_topics([topic])[topic].result()

    def topic(self, *, source: bool = True, target: bool = True) -> Topic:
        """Return a new topic of two partitions, made on the sides asked for."""
        topic = Topic(self._topic_name())
        if source:
            self.make(self.source, topic, 2)
        if target:
            self.make(self.target, topic, 2)
        return topic

    def publish(self, topic: str, values: Iterable[bytes]) -> None:
        """Write values as keys and values to the source, all acknowledged."""
        producer = confluent_kafka.Producer({**self.source.librdkafka(), "enable.idempotence": True})
        for value in values:
            producer.produce(topic, value, value)
        assert producer.flush(20) == 0

    def read(self, topic: str, count: int, within_s: float = 20) -> list[bytes]:
        """Read committed values from the target until there are `count` and for a moment longer; partition by partition in order."""
        consumer = confluent_kafka.Consumer({**self.target.librdkafka(), "group.id": "none", "isolation.level": "read_committed"})
        consumer.assign([confluent_kafka.TopicPartition(topic, partition, 0) for partition in range(2)])
        found: list[tuple[int, bytes]] = []
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            came = [one for one in consumer.consume(1000, 0.3) if not one.error()]
            found += [(one.partition() or 0, one.value() or b"") for one in came]
            if len(found) >= count and not came:
                break
        consumer.close()
        return [value for _partition, value in sorted(found, key=lambda one: one[0])]

    @asynccontextmanager
    async def lane(self, metrics: Metrics | None = None) -> AsyncIterator[Lane]:
        """Open a lane from the source to the target."""
        spec = LaneSpec(node=self.node, lane="link-up", progress_topic=self.progress, care=lambda _topic: Care.RAW)
        async with (
            open_client(self.source.bootstrap, client_id="test", security=self.source.security) as source,
            open_client(self.target.bootstrap, client_id="test", security=self.target.security) as target,
            open_lane(spec, source, target, metrics or Metrics()) as lane,
        ):
            yield lane


@pytest.fixture
def bench(kafka_pair: KafkaPair, topic_name: Callable[[], str]) -> Bench:
    """Return a bench of the test's own on the shared clusters."""
    return Bench(kafka_pair, topic_name)


@pytest.fixture(scope="package")  # it ends here: two nodes that keep the rights of one cluster would undo each other's work
async def desk(kafka: Kafka, topic_name: Callable[[], str]) -> AsyncIterator[Desk]:
    """A node whose gate refuses what is wrong."""
    async with open_desk(kafka, topic_name) as opened:
        yield opened


async def until(condition: Callable[[], bool], within_s: float = 20) -> None:
    """Wait for something that must come."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.02)
