"""A node whose gate refuses what is wrong, and what tests of its quarantine do with it."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from confluent_kafka import Producer

from node.avro import decode, encode, frame, parse, schema_id, unframe
from node.batch.records import Record
from node.bus.reader import open_reader
from node.control import AddDepartment, ApplyCatalogue, CatalogueItem
from node.control.quarantine import Advanced, Asked, Ended, Kept, Line, Selection
from node.lane import TopicPartition
from node.model.limits import DECOMPRESSED_BYTES_MAX
from node.model.names import Department, Division, Topic, audit_topic, inbox_topic
from node.model.partition import partition_of
from node.model.values import Actor, Kind
from node.runtime import Node, NodeSettings, run_node
from node.runtime.quarantine import Quarantine, quarantine_of
from node.telemetry import Metrics
from tests.conftest import Kafka, data_folder

HERE = Division("996000")
"""A division that no other test uses: the cluster is shared."""
OWNER = Department(f"{HERE}.tax")
STEWARD = Actor(name="李", role="steward", department=OWNER)
PARTITIONS = 2
_AT_A_TIME = 8
SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Fee",
    "key": ["code"],
    "fields": [
        {"name": "code", "type": "string"},
        {"name": "amount", "type": "int", "rules": [{"rule": "minimum", "value": 0}]},
    ],
}
NEXT: dict[str, Any] = SCHEMA | {"doc": "The next version."}
"""What is written with it before it is registered is refused, and passes when it is."""
PARSED, NOW_ID, NEXT_ID = parse(SCHEMA), schema_id(SCHEMA), schema_id(NEXT)
ALL = Selection(all=True)
T0 = 1_795_000_000_000
"""A moment (ms), from which tests count."""


class Fee(NamedTuple):
    """A record that is published: with a negative amount it is wrong, and `early` if the schema that it names is not registered yet."""

    code: str
    amount: int
    at: int = 0
    """ms behind T0"""
    early: bool = False

    @property
    def value(self) -> bytes:
        """Its value, framed."""
        return frame(NEXT_ID if self.early else NOW_ID, encode(PARSED, {"code": self.code, "amount": self.amount}))


class Desk:
    """A running node and the quarantines of its resources."""

    def __init__(self, node: Node, kafka: Kafka, topic_name: Callable[[], str]) -> None:
        self.node, self.kafka = node, kafka
        self.quarantine: Quarantine = quarantine_of(node)
        self._producer = Producer({**kafka.librdkafka(), "linger.ms": 5, "enable.idempotence": True})
        self._topic_name = topic_name
        self._ready: dict[Kind, list[Topic]] = {kind: [] for kind in Kind}

    async def resource(self, kind: Kind = Kind.STATE) -> Topic:
        """Return a resource that no other test has, whose gate stands; some are made at a time."""
        if not self._ready[kind]:
            made = [Topic(f"{OWNER}.{self._topic_name().rpartition('.')[2]}") for _ in range(_AT_A_TIME)]
            await self._apply(kind, SCHEMA, *made)
            for topic in made:
                await self.passed(topic, 0)
            self._ready[kind] = made
        return self._ready[kind].pop()

    async def register(self, topic: Topic) -> None:
        """Register the next version of a resource's schema: what names it passes from now on."""
        await self._apply(self.node.ledger.book.resources[topic].kind, NEXT, topic)

    async def _apply(self, kind: Kind, schema: dict[str, Any], *topics: Topic) -> None:
        items = [CatalogueItem(name=topic, title="规费", kind=kind, schema=schema, partitions=PARTITIONS) for topic in topics]
        await self.node.command(ApplyCatalogue(resources=tuple(items)))

    async def publish(self, topic: Topic, *fees: Fee) -> None:
        """Publish as a department does, and wait until the gate has judged it."""
        before = self.judged(topic)
        for fee in fees:
            await self.put(topic, fee.code.encode(), fee.value, partition_of(fee.code.encode(), PARTITIONS), T0 + fee.at)
        assert await asyncio.to_thread(self._producer.flush, 20) == 0
        await self.passed(topic, before + len(fees))

    async def put(self, topic: Topic, key: bytes | None, value: bytes | None, partition: int, at: int) -> None:
        """Write a record into an inbox."""
        self._producer.produce(inbox_topic(topic), value, key, partition, timestamp=at)

    async def bomb(self, topic: Topic, partition: int) -> None:
        """Write a batch of some KiB that unfolds to more than a gate takes, as a client may, and wait until the gate has judged it."""
        before = self.judged(topic)
        room = 2 * DECOMPRESSED_BYTES_MAX
        producer = AIOKafkaProducer(
            **self.kafka.aiokafka(), compression_type="zstd", max_request_size=room, max_batch_size=room, acks="all"
        )
        await producer.start()
        await producer.send_and_wait(inbox_topic(topic), bytes(DECOMPRESSED_BYTES_MAX), b"k", partition)
        await producer.stop()
        await self.passed(topic, before + 1)

    def judged(self, topic: Topic) -> int:
        """How many records of an inbox the gate has judged."""
        return sum(one.records for one in self.node.shown.routes() if one.topic == inbox_topic(topic))

    async def passed(self, topic: Topic, records: int) -> None:
        """Wait until the gate stands and has judged so many records."""
        async with asyncio.timeout(30):
            while self.judged(topic) < records or self.flowing(topic) < PARTITIONS:
                await asyncio.sleep(0.02)

    def flowing(self, topic: Topic) -> int:
        """How many partitions of an inbox the gate carries."""
        return sum(one.topic == inbox_topic(topic) and one.state == "flowing" for one in self.node.shown.routes())

    async def records(self, topic: Topic, partitions: int = PARTITIONS) -> list[Record]:
        """The committed records of a topic, partition by partition."""
        found: list[Record] = []
        async with open_reader(self.kafka.bootstrap, "test", self.kafka.security) as reader:
            await reader.look([topic])
            for partition in range(partitions):
                place = TopicPartition(topic, partition)
                async for stretch in reader.read(place, 0, await reader.high(place)):
                    found += stretch.records
        return found

    async def fees(self, topic: Topic) -> list[Fee]:
        """The committed records of a topic as they were published."""
        return [_fee(record) for record in await self.records(topic)]

    async def notes(self, about: Topic) -> list[dict[str, Any]]:
        """The notes about a quarantine, as they stand in the audit topic."""
        values = [json.loads(record.value or b"") for record in await self.records(audit_topic(HERE), 1)]
        return [value for value in values if value.get("topic") == about]

    async def replay(
        self, topic: Topic, selection: Selection = ALL, *, force: bool = False, dry_run: bool = False
    ) -> tuple[Ended, list[Kept]]:
        """Replay; return how it ended and what was kept back."""
        asked = Asked(selection=selection, force=force, dry_run=dry_run)
        return ended(await told(self.quarantine.replay(topic, asked, STEWARD)))

    async def discard(self, topic: Topic, selection: Selection = ALL, *, dry_run: bool = False) -> tuple[Ended, list[Kept]]:
        """Discard; return how it ended and what was kept back."""
        asked = Asked(selection=selection, why="测试", dry_run=dry_run)
        return ended(await told(self.quarantine.discard(topic, asked, STEWARD)))


def _fee(record: Record) -> Fee:
    number, payload = unframe(record.value or b"")
    datum = decode(PARSED, payload)
    assert record.key == datum["code"].encode()
    return Fee(datum["code"], datum["amount"], record.timestamp - T0, number == NEXT_ID)


async def told(lines: AsyncGenerator[Line, None]) -> list[Line]:
    """All lines of an answer but those that tell how far it has come, which never goes back or beyond."""
    found: list[Line] = []
    done = 0
    async for line in lines:
        if isinstance(line, Advanced):
            assert done <= line.done <= line.total
            done = line.done
        else:
            found.append(line)
    return found


def ended(lines: Iterable[Line]) -> tuple[Ended, list[Kept]]:
    """How an answer ended, and what it tells before."""
    *before, last = lines
    assert isinstance(last, Ended)
    kept = [line for line in before if isinstance(line, Kept)]
    assert len(kept) == len(before) == last.kept
    return last, kept


def lasting(kept: Iterable[Kept]) -> list[tuple[int, int, str]]:
    """What was kept, by place and reason."""
    return [(one.partition, one.offset, one.code) for one in kept]


@asynccontextmanager
async def open_desk(kafka: Kafka, topic_name: Callable[[], str]) -> AsyncIterator[Desk]:
    """Run a node with a department."""
    node = Node(
        NodeSettings(division=HERE, bootstrap=kafka.bootstrap, security=kafka.security, replication=1, data_dir=data_folder(HERE)),
        Metrics(),
    )
    running = asyncio.create_task(run_node(node))
    async with asyncio.timeout(60):
        while node.reasons:
            await asyncio.sleep(0.02)
    await node.command(AddDepartment(department=OWNER, name="税务局"))
    yield Desk(node, kafka, topic_name)
    node.stopping.set()
    await running
