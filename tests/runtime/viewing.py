"""A resource on real Kafka with views of it, a lane that cuts them, and takers that read them back."""

import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import confluent_kafka

from node.avro import canonical, decode, encode, frame, parse, schema_id, unframe
from node.avro.deriving import derive
from node.avro.selection import Selection
from node.bus.client import open_client
from node.model.limits import MESSAGE_BYTES_DEFAULT
from node.model.names import Topic, resource_of, view_topic
from node.model.partition import partition_of
from node.runtime.lane import Lane, LaneSpec, open_lane
from node.telemetry import Metrics
from node.transform import Care
from node.transform.view import Views, ViewSpec, open_views
from tests.conftest import Kafka
from tests.runtime.conftest import Bench

SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Person",
    "key": ["id"],
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "name", "type": "string"},
        {"name": "street", "type": "string"},
        {"name": "phone", "type": ["null", "string"], "default": None},
    ],
}
PARTITIONS = 2
SECRET = bytes(range(32))
_PARSED, _NUMBER = parse(SCHEMA), schema_id(SCHEMA)
Seen = tuple[str, dict[str, Any] | None]
"""key and value of a record, None for a tombstone"""


def person(number: int, street: str, name: str = "某某某") -> dict[str, Any]:
    """Return a person."""
    return {"id": f"id-{number:05}", "name": name, "street": street, "phone": f"13{number:09}"}


def hidden(key: str) -> str:
    """Return the key by which a view tells a subject whose key it hides."""
    secret = hmac.digest(SECRET, b"key", "sha256")
    return hmac.new(secret, key.encode(), hashlib.sha256).hexdigest()[:32]


class Viewing:
    """One resource, its views, and their lane."""

    def __init__(self, kafka: Kafka, topic_name: Callable[[], str], *, is_state: bool) -> None:
        self.kafka, self.is_state = kafka, is_state
        self.resource = Topic(topic_name())
        self.node = self.resource.rpartition(".")[2]
        self.metrics = Metrics()
        self.specs: dict[str, ViewSpec] = {}
        self._open: Views | None = None
        Bench.make(self.kafka, f"{self.node}.progress", 16, {"cleanup.policy": "compact"})
        Bench.make(self.kafka, self.resource, PARTITIONS, {"cleanup.policy": "compact"} if is_state else {})

    def add(self, name: str, *, from_now: bool = False, make: bool = True, **selection: Any) -> Topic:
        """Add a view under a name; its topic is made."""
        topic, selected = view_topic(self.resource, name), Selection(**selection)
        number = schema_id(derive(SCHEMA, selected))
        self.specs[name] = ViewSpec(topic=topic, selection=selected, from_now=from_now, schemas={_NUMBER: number}, secret=SECRET)
        self._open = open_views(
            resource=self.resource,
            schemas={_NUMBER: canonical(SCHEMA)},
            is_state=self.is_state,
            batch_bytes_max=MESSAGE_BYTES_DEFAULT,
            views=tuple(self.specs.values()),
        )
        if make:
            Bench.make(self.kafka, topic, PARTITIONS)
        return topic

    def publish(self, people: Iterable[dict[str, Any] | str], at_a_time: int = 1000) -> None:
        """Write people, or the ids of those that are deleted, as the gate would."""
        producer = confluent_kafka.Producer(
            {**self.kafka.librdkafka(), "batch.num.messages": at_a_time, "linger.ms": 5, "compression.type": "lz4"}
        )
        for one in people:
            key = one if isinstance(one, str) else str(one["id"])
            value = None if isinstance(one, str) else frame(_NUMBER, encode(_PARSED, one))
            producer.produce(self.resource, value, key.encode(), partition=partition_of(key.encode(), PARTITIONS))
        assert producer.flush(20) == 0

    def damage(self, key: bytes) -> None:
        """Write a record that no gate lets pass."""
        producer = confluent_kafka.Producer(self.kafka.librdkafka())
        producer.produce(self.resource, b"garbled", key, partition=partition_of(key, PARTITIONS))
        assert producer.flush(20) == 0

    def route(self, lane: Lane, *names: str) -> None:
        """Cut these views and no others."""
        found = [self.specs[name] for name in names]
        lane.route([(one.topic, PARTITIONS) for one in found], [one.topic for one in found if one.from_now])

    def read(self, name: str, count: int, within_s: float = 20) -> list[Seen]:
        """Return what stands committed in a view once there are so many records and nothing more comes, partition by partition."""
        spec = self.specs[name]
        derived = parse(derive(SCHEMA, spec.selection))
        consumer = confluent_kafka.Consumer({**self.kafka.librdkafka(), "group.id": "none", "isolation.level": "read_committed"})
        consumer.assign([confluent_kafka.TopicPartition(spec.topic, partition, 0) for partition in range(PARTITIONS)])
        found: list[tuple[int, Seen]] = []
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            came = [one for one in consumer.consume(1000, 0.3) if not one.error()]
            assert not any(one.headers() for one in came)
            found += [(one.partition() or 0, _seen(one, derived)) for one in came]
            if len(found) >= count and not came:
                break
        consumer.close()
        return [one for _partition, one in sorted(found, key=lambda pair: pair[0])]

    def _views(self, resource: Topic) -> Views:
        assert resource == self.resource
        assert self._open is not None
        return self._open

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[Lane]:
        """Open the lane of views."""
        spec = LaneSpec(
            node=self.node,
            lane="view",
            progress_topic=f"{self.node}.progress",
            care=lambda _resource: Care.CUT,
            transform=self._views,
            source_topic=resource_of,
        )
        async with (
            open_client(self.kafka.bootstrap, client_id="test", security=self.kafka.security) as own,
            open_lane(spec, own, own, self.metrics) as lane,
        ):
            yield lane


def in_order(people: Sequence[Any], keep: Callable[[Any], Any]) -> list[Any]:
    """Return what `keep` makes of those that it keeps, partition by partition in order."""
    found = [(partition_of(one["id"].encode(), PARTITIONS), kept) for one in people if (kept := keep(one)) is not None]
    return [kept for _partition, kept in sorted(found, key=lambda pair: pair[0])]


def _seen(message: confluent_kafka.Message, derived: Any) -> Seen:
    key, value = (message.key() or b"").decode(), message.value()
    if value is None:
        return key, None
    _number, payload = unframe(value)
    return key, decode(derived, payload)
