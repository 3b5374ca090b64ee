"""Gates in a faulty world: every record of an inbox lies once in its resource or in its quarantine, whatever is killed."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any

import confluent_kafka
import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from node.avro import encode, frame, parse, schema_id
from node.bus.embedded import Cluster
from node.control import ApplyCatalogue, CatalogueItem
from node.demo.world import DISTRICT, World
from node.model.names import Topic, inbox_topic, quarantine_topic
from node.model.values import Kind
from tests.faults.flow import Face, offer, present, publishing, until, version_of, versions, way_in, write

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

_PARTITIONS = 4
_ROWS = 20_000
_SPOILT_EVERY = 7
_FLOODED = 16
"""Partitions of an inbox that is flooded: one for each shard of the gate."""


class Contents(msgspec.Struct):
    """All committed records of a topic: the versions of each key, in the order of its partition, and the reasons that are told."""

    versions: dict[bytes, list[int]]
    reasons: Counter[str]

    @property
    def records(self) -> int:
        """How many there are."""
        return sum(map(len, self.versions.values()))


def _spoilt() -> Iterator[tuple[bytes, bytes]]:
    """Yield records of which each seventh is wrong, in one of two ways; all of them can be read."""
    for number, (key, value) in enumerate(versions()):
        wrong = number % _SPOILT_EVERY == 3
        yield key, value if not wrong else value + b"\0" if number % 2 else b"\0\0\0\0\7" + value[5:]


def _contents(cluster: Cluster, topic: str, partitions: int = _PARTITIONS) -> Contents:
    """Read a topic to its end."""
    consumer = confluent_kafka.Consumer(
        {
            **way_in(cluster),
            "group.id": "test",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 50,
            "log_level": 0,
        },
        logger=None,
    )
    consumer.assign([confluent_kafka.TopicPartition(topic, number, 0) for number in range(partitions)])
    found, ended = Contents(defaultdict(list), Counter()), set[int]()
    while len(ended) < partitions:
        for message in consumer.consume(10_000, 0.2):
            error = message.error()
            if error is not None:
                assert error.code() == confluent_kafka.KafkaError._PARTITION_EOF
                ended.add(message.partition() or 0)
                continue
            found.versions[message.key() or b""].append(version_of(message.value() or b""))
            headers: Any = message.headers() or []
            found.reasons.update(value.decode() for name, value in headers if name == "exchange.reason")
    consumer.close()
    return found


async def _routes(face: Face, topic: Topic) -> list[dict[str, Any]]:
    return await face.routes(inbox_topic(topic))


async def _consumed(face: Face, topic: Topic) -> int:
    """Return how many records of an inbox are consumed, for good."""
    return sum(route["records"] for route in await _routes(face, topic))


async def _until_consumed(face: Face, topic: Topic, records: int, within_s: float = 60.0) -> None:
    async with asyncio.timeout(within_s):
        while await _consumed(face, topic) < records:
            await asyncio.sleep(0.1)


@pytest.mark.full
async def test_a_gate_killed_in_mid_load_loses_and_doubles_nothing(world: World) -> None:
    """Killed three times while records are judged: each lies once in the resource or the quarantine, in order for its key.

    Partition by partition the progress says so too: consumed is passed and quarantined.
    """
    cluster, face = world.clusters[DISTRICT], Face(world.nodes[DISTRICT])
    topic = await offer(world, "gated", "", partitions=_PARTITIONS)
    inbox = inbox_topic(topic)
    await present(cluster, inbox)
    with publishing(cluster, inbox, per_second=6_000, records=_spoilt()) as publisher:
        for _strike in range(3):
            before = await _consumed(face, topic)
            async with asyncio.timeout(30):
                while await _consumed(face, topic) == before:
                    await asyncio.sleep(0.02)
            assert publisher.is_alive()
            await face.node.kill()
            await face.node.start()
            await face.until_ready()
        await until(lambda: publisher.sent >= _ROWS, f"{_ROWS} records published")
        sent = await asyncio.to_thread(publisher.stop)
    await _until_consumed(face, topic, sent)
    routes = await _routes(face, topic)
    assert {route["partition"] for route in routes} == set(range(_PARTITIONS))
    for route in routes:
        assert route["outcomes"]["passed"] + route["outcomes"]["quarantined"] == route["records"]
    passed, kept = await asyncio.gather(*(asyncio.to_thread(_contents, cluster, one) for one in (topic, quarantine_topic(topic))))
    due = Counter((key, version_of(value)) for key, value in islice(_spoilt(), sent))
    found = Counter((key, version) for one in (passed, kept) for key, numbers in one.versions.items() for version in numbers)
    assert found == due
    assert all(numbers == sorted(numbers) for one in (passed, kept) for numbers in one.versions.values())
    assert passed.records == sum(route["outcomes"]["passed"] for route in routes)
    assert kept.records == sum(route["outcomes"]["quarantined"] for route in routes)
    wrong = [number for number in range(sent) if number % _SPOILT_EVERY == 3]
    assert kept.reasons == {"trailing": sum(number % 2 for number in wrong), "schema": sum(not number % 2 for number in wrong)}


async def test_what_a_gate_counts_adds_up(world: World) -> None:
    """Metrics and status: consumed is passed and quarantined, refused records by their reasons, and the lag is gone."""
    cluster, face = world.clusters[DISTRICT], Face(world.nodes[DISTRICT])
    topic = await offer(world, "counted", "", partitions=_PARTITIONS)
    inbox = inbox_topic(topic)
    await present(cluster, inbox)
    await asyncio.to_thread(write, cluster, inbox, islice(_spoilt(), 7_000))
    await _until_consumed(face, topic, 7_000)
    assert await face.metric("exchange_records_total", lane="gate", resource=inbox, outcome="passed") == 6_000
    assert await face.metric("exchange_records_total", lane="gate", resource=inbox, outcome="quarantined") == 1_000
    assert await face.metric("exchange_refused_records_total", resource=inbox, reason="trailing") == 500
    assert await face.metric("exchange_refused_records_total", resource=inbox, reason="schema") == 500
    assert await face.metric("exchange_refused_records_total", resource=inbox) == 1_000
    routes = await _routes(face, topic)
    assert sum(route["outcomes"]["quarantined"] for route in routes) == 1_000
    assert {(route["state"], route["lag_records"], route["lag_seconds"]) for route in routes} == {("flowing", 0, 0.0)}


async def test_records_may_follow_their_schema_at_once(world: World) -> None:
    """Five versions, each with records written under it as soon as its registration is answered: none is refused for being early."""
    cluster, face = world.clusters[DISTRICT], Face(world.nodes[DISTRICT])
    schema: dict[str, Any] = {"type": "record", "name": "Early", "key": ["code"], "fields": [{"name": "code", "type": "string"}]}
    topic = await offer(world, "early", "", partitions=1, schema=schema)
    inbox = inbox_topic(topic)
    await present(cluster, inbox)
    for version in range(1, 6):
        schema["fields"].append({"name": f"f{version}", "type": "int", "default": 0})
        await face.node.command(
            ApplyCatalogue(resources=(CatalogueItem(name=topic, title="early", kind=Kind.FACTS, schema=schema, partitions=1),))
        )
        records = [(b"%d" % code, frame(schema_id(schema), encode(parse(schema), _early(code, version)))) for code in range(20)]
        await asyncio.to_thread(write, cluster, inbox, records)
    await _until_consumed(face, topic, 100)
    (route,) = await _routes(face, topic)
    assert route["outcomes"] == {"passed": 100, "quarantined": 0}


def _early(code: int, version: int) -> dict[str, Any]:
    return {"code": str(code)} | {f"f{number}": number for number in range(1, version + 1)}


async def _flood(cluster: Cluster, inbox: Topic, batches: int) -> int:
    """Write batches of 90,000 records with nothing in them to each partition, and return how many records there are."""
    total = 0
    login: dict[str, Any] = cluster.security.aiokafka()
    async with AIOKafkaProducer(
        bootstrap_servers=cluster.bootstrap, compression_type="lz4", max_batch_size=1 << 24, max_request_size=1 << 25, **login
    ) as producer:
        for _ in range(batches):
            for partition in range(_FLOODED):
                batch = producer.create_batch()
                for _ in range(90_000):
                    assert batch.append(timestamp=None, key=None, value=b"") is not None
                total += batch.record_count()
                await (await producer.send_batch(batch, inbox, partition=partition))
    return total


@pytest.mark.full
async def test_a_backlog_of_wrong_records_alone_is_worked_off(world: World) -> None:
    """Six million records, all of them refused, found by a node that starts: more than could be refused while one transaction lasts."""
    cluster, face = world.clusters[DISTRICT], Face(world.nodes[DISTRICT])
    topic = await offer(world, "flood", "", partitions=_FLOODED)
    inbox = inbox_topic(topic)
    await present(cluster, inbox)
    await face.node.stop()
    total = await _flood(cluster, inbox, 4)
    await face.node.start()
    await face.until_ready()
    await _until_consumed(face, topic, total, 180)
    assert await face.metric("exchange_transactions_total", lane="gate", outcome="lost") == 0
    assert await face.metric("exchange_refused_records_total", resource=inbox, reason="no-frame") == total
