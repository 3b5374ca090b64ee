"""What flows through a faulty world: publishers who write records with a version for each key to inboxes, and readers who check them."""

import asyncio
import contextlib
import io
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count, islice
from typing import Any

import confluent_kafka
import fastavro
import httpx
from confluent_kafka import IsolationLevel
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.cimpl import NewTopic
from prometheus_client.parser import text_string_to_metric_families

from node.avro import encode, frame, parse, schema_id
from node.bus.client import open_client
from node.bus.embedded import Cluster
from node.control import ApplyCatalogue, CatalogueItem, EndGrant, NewRequest
from node.demo.requesting import AUTHORITY, come_to, steward
from node.demo.world import DISTRICT, NodeProcess, World
from node.model.names import Department, Topic
from node.model.values import EventRef, Kind

OWNER = "445102.civil-affairs"
_SCHEMA: dict[str, object] = {
    "type": "record",
    "name": "Fact",
    "key": ["code"],
    "fields": [{"name": "code", "type": "string"}, {"name": "version", "type": "long"}, {"name": "pad", "type": "bytes"}],
}
_PARSED, _FOREIGN, _ID = parse(_SCHEMA), fastavro.parse_schema(_SCHEMA), schema_id(_SCHEMA)
_KEYS = 100
_POLL_S = 0.05
_FRAME = 5
"""Bytes of Confluent's framing before the Avro binary."""
Place = tuple[str, int]
"""metric and all its labels' values, sorted by label"""


async def until(holds: Callable[[], bool], what: str, within_s: float = 30.0) -> None:
    """Wait until something holds; AssertionError with `what` if it does not in time."""
    try:
        async with asyncio.timeout(within_s):
            while not holds():
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise AssertionError(f"after {within_s:.0f} s still not: {what}") from error


async def offer(world: World, name: str, taker: str, *, partitions: int = 2, schema: dict[str, object] = _SCHEMA) -> Topic:
    """Let the district describe a resource of facts and grant it to a taker (empty: to nobody yet); return its topic."""
    topic, district = Topic(f"{OWNER}.{name}"), world.nodes[DISTRICT]
    item = CatalogueItem(name=topic, title=name, kind=Kind.FACTS, schema=schema, partitions=partitions)
    await district.command(ApplyCatalogue(resources=(item,)))
    if taker:
        await grant(world, topic, taker)
    await present(world.clusters[DISTRICT], topic)
    return topic


_PURPOSES = count(1)


def wanted(topic: Topic, taker: str, **parts: Any) -> NewRequest:
    """Return what a taker's steward asks for of a resource; each has a purpose of its own, so that none is taken for an earlier one."""
    department = Department(taker)
    purpose = f"test {next(_PURPOSES)}"
    return NewRequest(by=steward(department), resource=topic, taker=department, basis="test", purpose=purpose, **parts)


async def grant(world: World, topic: Topic, taker: str) -> EventRef:
    """Let a taker ask for a resource of the district, and all heads decide; return the grant."""
    return await come_to(world, wanted(topic, taker))


async def end(world: World, ref: EventRef) -> None:
    """Let the authority end a grant of the district's."""
    await world.nodes[DISTRICT].command(EndGrant(by=AUTHORITY, grant=ref))


def way_in(cluster: Cluster) -> dict[str, Any]:
    """Return what a client of librdkafka needs to get into a cluster, as one who may do everything."""
    return dict(cluster.way.librdkafka())


async def present(cluster: Cluster, topic: Topic, *, other_than: str = "") -> str:
    """Wait until a topic is there (with another id than `other_than`) and return its id."""
    async with open_client(cluster.bootstrap, client_id="test", security=cluster.security) as client, asyncio.timeout(30):
        while True:
            await client.look([topic])
            info = client.topic(topic)
            if info is not None and len(info.leaders) == info.partitions and str(info.id) != other_than:
                return str(info.id)
            await asyncio.sleep(_POLL_S)


async def is_there(cluster: Cluster, topic: str) -> bool:
    """Tell whether a cluster has a topic."""
    admin = AdminClient(way_in(cluster), logger=None)
    return topic in (await asyncio.to_thread(admin.list_topics, timeout=10)).topics


async def gone(cluster: Cluster, topic: str, within_s: float = 20.0) -> float:
    """Wait until a cluster has a topic no more; return how long that took (s)."""
    began = time.monotonic()
    async with asyncio.timeout(within_s):
        while await is_there(cluster, topic):
            await asyncio.sleep(_POLL_S)
    return time.monotonic() - began


async def recreate(cluster: Cluster, topic: Topic) -> None:
    """Delete a topic of one partition and make it anew, unless its node was faster."""
    before = await present(cluster, topic)
    admin = AdminClient(way_in(cluster), logger=None)
    await asyncio.to_thread(admin.delete_topics([topic])[topic].result)
    made = admin.create_topics([NewTopic(topic, 1, 1)])[topic]
    with contextlib.suppress(confluent_kafka.KafkaException):
        await asyncio.to_thread(made.result)
    await present(cluster, topic, other_than=before)


def versions() -> Iterator[tuple[bytes, bytes]]:
    """Yield records of some 200 bytes for ever, as the default schema of `offer` has them; the n-th of a key carries the version n."""
    for number in count():
        version, key = divmod(number, _KEYS)
        datum = {"code": str(key), "version": version + 1, "pad": bytes(190)}
        yield b"%d" % key, frame(_ID, encode(_PARSED, datum))


def version_of(value: bytes) -> int:
    """Return the version in such a record, read by another decoder than ours."""
    return version_in(_FOREIGN, value)


def version_in(schema: Any, value: bytes) -> int:
    """Return the field `version` of a framed record of a schema that fastavro has parsed."""
    datum = fastavro.schemaless_reader(io.BytesIO(value[_FRAME:]), schema, None)
    assert isinstance(datum, dict)
    return int(datum["version"])


_CLIENT = {"compression.type": "lz4", "partitioner": "murmur2_random", "log_level": 0}


class Publisher(threading.Thread):
    """Writes records to a topic, so many a second, until there are no more or it is stopped."""

    def __init__(
        self, cluster: Cluster, topic: str, records: Iterable[tuple[bytes, bytes | None]], *, per_second: int, compression: str = "lz4"
    ) -> None:
        super().__init__(name=f"publisher {topic}", daemon=True)
        self.sent = 0
        self._topic, self._records, self._rate = topic, iter(records), per_second
        self._ending = threading.Event()
        self._producer = confluent_kafka.Producer(
            _CLIENT | {**way_in(cluster), "enable.idempotence": True, "linger.ms": 50, "compression.type": compression},
            logger=None,
        )

    def run(self) -> None:
        """Write until the end, and until Kafka has all of it."""
        began = time.monotonic()
        while not self._ending.is_set():
            due = int((time.monotonic() - began) * self._rate) - self.sent
            written = 0
            for key, value in islice(self._records, due):
                self._producer.produce(self._topic, value, key)
                written += 1
            self.sent += written
            if written < due:
                break
            self._producer.poll(0)
            self._ending.wait(0.01)
        assert self._producer.flush(60) == 0

    def stop(self) -> int:
        """Write no more; return how many records were written in all."""
        self._ending.set()
        self.join()
        return self.sent


def write(cluster: Cluster, topic: str, records: Iterable[tuple[bytes, bytes]]) -> None:
    """Write some records and wait until they stand."""
    producer = confluent_kafka.Producer(_CLIENT | {**way_in(cluster), "linger.ms": 5}, logger=None)
    for key, value in records:
        producer.produce(topic, value, key)
    assert producer.flush(60) == 0


class Reader(threading.Thread):
    """Reads committed records of a topic from its beginning, and checks that each key's versions are 1, 2, 3 and so on."""

    def __init__(self, cluster: Cluster, topic: str, version: Callable[[bytes], int]) -> None:
        super().__init__(name=f"reader {topic}", daemon=True)
        self.records = 0
        self.wrong: list[str] = []
        self.last_at = 0.0
        self._topic, self._version = topic, version
        self._newest: dict[bytes, int] = {}
        self._ending = threading.Event()
        self._consumer = confluent_kafka.Consumer(
            {
                **way_in(cluster),
                "group.id": "test",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 50,
                "log_level": 0,
            },
            logger=None,
        )

    def run(self) -> None:
        """Read until stopped, from as soon as the topic is there."""
        while not self._ending.is_set() and not (partitions := self._partitions()):
            self._ending.wait(_POLL_S)
        self._consumer.assign([confluent_kafka.TopicPartition(self._topic, number, 0) for number in partitions])
        while not self._ending.is_set():
            message = self._consumer.poll(0.1)
            if message is not None and not message.error():
                self._take(message)
        self._consumer.close()

    def _partitions(self) -> list[int]:
        try:
            found = self._consumer.list_topics(self._topic, timeout=2).topics[self._topic]
        except confluent_kafka.KafkaException:
            return []
        return sorted(found.partitions) if found.error is None else []

    def _take(self, message: confluent_kafka.Message) -> None:
        key, version = message.key() or b"", self._version(message.value() or b"")
        due = self._newest.get(key, 0) + 1
        if version != due:
            self.wrong.append(f"{key!r} has version {version} where {due} is due, at {message.partition()}:{message.offset()}")
        self._newest[key] = version
        self.records += 1
        self.last_at = time.time()

    async def moves(self, why: str = "records flow", within_s: float = 30.0) -> None:
        """Wait until one more record has come."""
        came = self.records
        await until(lambda: self.records > came, f"{why}: {came} came", within_s)

    def stop(self) -> None:
        """End the reading."""
        self._ending.set()
        self.join()


@contextmanager
def reading(cluster: Cluster, topic: str, version: Callable[[bytes], int] = version_of) -> Iterator[Reader]:
    """Read a topic while this is open."""
    reader = Reader(cluster, topic, version)
    reader.start()
    try:
        yield reader
    finally:
        reader.stop()


@contextmanager
def publishing(
    cluster: Cluster, topic: str, *, per_second: int, records: Iterable[tuple[bytes, bytes]] | None = None
) -> Iterator[Publisher]:
    """Publish to a topic while this is open."""
    publisher = Publisher(cluster, topic, versions() if records is None else records, per_second=per_second)
    publisher.start()
    try:
        yield publisher
    finally:
        publisher.stop()


async def all_arrived(reader: Reader, sent: int, within_s: float = 40.0) -> None:
    """Wait for the last record, then for one too many; each must have come once, in order for its key."""
    await until(lambda: reader.records >= sent or bool(reader.wrong), f"{sent} records of {reader.name}, {reader.records} came", within_s)
    await asyncio.sleep(0.6)  # a commit interval: what is carried twice would be committed by now
    told = f"{reader.records} records came of {sent}; {len(reader.wrong)} wrong: {'; '.join(reader.wrong[:5])}"
    assert (reader.wrong, reader.records) == ([], sent), told


async def in_transaction(cluster: Cluster, topic: Topic, partitions: int) -> bool:
    """Tell whether a transaction is open on a topic: committed records end before the written ones do."""
    admin = AdminClient(way_in(cluster), logger=None)
    latest: Any = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # of confluent_kafka
    asked = {confluent_kafka.TopicPartition(topic, number): latest for number in range(partitions)}
    ends = []
    for isolation in (IsolationLevel.READ_COMMITTED, IsolationLevel.READ_UNCOMMITTED):
        answers = admin.list_offsets(asked, isolation_level=isolation)
        ends.append([(await asyncio.to_thread(answer.result)).offset for answer in answers.values()])
    return ends[0] != ends[1]


_WATCHED = {"/metrics", "/livez", "/readyz"}


class Face:
    """What a node shows over HTTP, errors included."""

    def __init__(self, node: NodeProcess) -> None:
        self.node = node

    async def text(self, path: str, *, body: Any = None) -> tuple[int, str]:
        """Return status and body of a path."""
        async with httpx.AsyncClient(timeout=15) as http:
            method = "GET" if body is None else "POST"
            answer = await http.request(
                method, self._url(path), content=None if body is None else json.dumps(body).encode(), headers=self.node.headers()
            )
        return answer.status_code, answer.text

    def _url(self, path: str) -> str:
        return (self.node.probes_url if path in _WATCHED else self.node.url) + path

    async def ready(self) -> bool:
        """Tell whether the node is there and says that it is ready."""
        try:
            return (await self.text("/readyz"))[0] == 200
        except httpx.HTTPError:
            return False

    async def until_ready(self, within_s: float = 30.0) -> None:
        """Wait until the node is ready."""
        async with asyncio.timeout(within_s):
            while not await self.ready():
                self.node.check()
                await asyncio.sleep(_POLL_S)

    async def routes(self, topic: str) -> list[dict[str, Any]]:
        """Return the routes of a topic as `status` shows them."""
        return [route for route in (await self.status())["routes"] if route["topic"] == topic]

    async def status(self) -> Any:
        """Return what `status` shows."""
        return json.loads((await self.text("/v1/status"))[1])

    async def metric(self, name: str, **labels: str) -> float:
        """Return the sum of a metric's samples that have these labels."""
        families = text_string_to_metric_families((await self.text("/metrics"))[1])
        samples = (sample for family in families for sample in family.samples if sample.name == name)
        return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())

    def logged(self, event: str, since: int = 0) -> list[dict[str, Any]]:
        """Return the log events of one name, those behind the first `since` lines."""
        lines = self.node.log.read_text().splitlines(keepends=True)[since:]
        found = [json.loads(line) for line in lines if line.endswith("\n") and line.startswith("{")]
        return [one for one in found if one["event"] == event]

    def not_ready(self, since: int = 0) -> list[dict[str, Any]]:
        """Return why the node was not ready, but for what passes by itself when it starts."""
        passing = {"the record kernel is being loaded", "its control logs are being read"}
        return [one for one in self.logged("not-ready", since) if one["cause"] not in passing]

    @property
    def lines(self) -> int:
        """How many lines its log has."""
        return self.node.log.read_text().count("\n")
