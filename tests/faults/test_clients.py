"""Clients of the ecosystem before and behind a gate: Confluent's serializers, and Java's consumer."""

import asyncio
import json
import os
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import confluent_kafka
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from node.batch.header import GZIP, LZ4, NONE, SNAPPY, ZSTD, walk
from node.bus import inspect
from node.bus.client import open_client
from node.bus.embedded import Cluster, find_distribution
from node.demo.world import DISTRICT, TREE, NodeProcess, World
from node.lane import TopicPartition
from node.model.names import Department, Topic, inbox_topic
from node.model.values import Actor
from tests.faults.flow import Face, offer, present, versions, way_in

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

_FACT = {
    "type": "record",
    "name": "Fact",
    "fields": [{"name": "code", "type": "string"}, {"name": "version", "type": "long"}, {"name": "pad", "type": "bytes"}],
}
"""The schema as a department's program has it, without the properties that are the catalogue's."""
_FACTS = [{"code": f"{number}", "version": 1, "pad": bytes(number)} for number in range(50)]
_CODECS = {"none": NONE, "gzip": GZIP, "snappy": SNAPPY, "lz4": LZ4, "zstd": ZSTD}
_RECORDS = 700


def _registry(node: NodeProcess) -> SchemaRegistryClient:
    """Return a client of a node's registry with the token of some department's program."""
    by = Actor(name="program", role="steward", department=Department(f"{node.division}.civil-affairs"))
    return SchemaRegistryClient({"url": node.url, "basic.auth.user.info": f"program:{node.token_file(by).read_text().strip()}"})


def _publish(cluster: Cluster, node: NodeProcess, inbox: Topic) -> None:
    """Write facts as any Python program does."""
    with _registry(node) as registry:
        serialize: Any = AvroSerializer(registry, json.dumps(_FACT))
        producer = confluent_kafka.Producer({**way_in(cluster), "partitioner": "murmur2_random", "log_level": 0}, logger=None)
        for fact in _FACTS:
            producer.produce(inbox, serialize(fact, SerializationContext(inbox, MessageField.VALUE)), str(fact["code"]).encode())
        assert producer.flush(20) == 0


def _read(cluster: Cluster, node: NodeProcess, topic: Topic) -> list[Any]:
    """Read as many facts as were written."""
    with _registry(node) as registry:
        deserialize: Any = AvroDeserializer(registry)
        consumer = confluent_kafka.Consumer(
            {
                **way_in(cluster),
                "group.id": "test",
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 50,
                "log_level": 0,
            },
            logger=None,
        )
        consumer.assign([confluent_kafka.TopicPartition(topic, number, 0) for number in range(2)])
        found: list[Any] = []
        while len(found) < len(_FACTS):
            found += [
                deserialize(message.value(), SerializationContext(topic, MessageField.VALUE))
                for message in consumer.consume(100, 0.1)
                if message.error() is None
            ]
        consumer.close()
        return found


async def test_confluents_serializers_write_an_inbox_and_read_the_resource_at_every_node(world: World) -> None:
    """What a serializer writes in the district passes the gate, and is what a deserializer reads in the district, the city and the province."""
    topic = await offer(world, "serialized", "440000.civil-affairs")
    near = world.clusters[DISTRICT]
    await present(near, inbox_topic(topic))
    await asyncio.to_thread(_publish, near, world.nodes[DISTRICT], inbox_topic(topic))
    for found in await asyncio.gather(*(_read_at(world, code, topic) for code in TREE)):
        assert sorted(found, key=lambda fact: int(fact["code"])) == _FACTS


async def _read_at(world: World, code: str, topic: Topic) -> list[Any]:
    await present(world.clusters[code], topic)
    return await asyncio.to_thread(_read, world.clusters[code], world.nodes[code], topic)


def _rows() -> Iterator[tuple[bytes, bytes]]:
    """Yield records of which each tenth is wrong, so that every batch is rebuilt."""
    for number, (key, value) in zip(range(_RECORDS), versions(), strict=False):
        yield key, value if number % 10 else value + b"\0"


def _write(cluster: Cluster, topic: Topic, codec: str) -> None:
    settings = {
        **way_in(cluster),
        "compression.type": codec,
        "linger.ms": 100,
        "partitioner": "murmur2_random",
        "log_level": 0,
    }
    producer = confluent_kafka.Producer(settings, logger=None)
    for number, (key, value) in enumerate(_rows()):
        producer.produce(topic, value, key, timestamp=1_700_000_000_000 + number)
    assert producer.flush(20) == 0


async def _codecs(cluster: Cluster, topic: Topic) -> set[int]:
    """Return the codecs of a topic's batches, markers aside."""
    async with open_client(cluster.bootstrap, client_id="test", security=cluster.security) as client:
        await client.look([topic])
        stretch = await inspect.fetch(client, TopicPartition(topic, 0), 0, committed=True)
    return {header.codec for _at, header in walk(stretch.data, 0, len(stretch.data)) if not header.is_control}


async def test_javas_consumer_reads_what_a_gate_has_rebuilt_in_every_codec(world: World) -> None:
    """Keys, values and timestamps of all records that passed, in order, whatever they are compressed by."""
    cluster, face = world.clusters[DISTRICT], Face(world.nodes[DISTRICT])
    made = await asyncio.gather(*(offer(world, f"coded-{codec}", "", partitions=1) for codec in _CODECS))
    topics = dict(zip(_CODECS, made, strict=True))
    await asyncio.gather(*(present(cluster, inbox_topic(topic)) for topic in made))
    await asyncio.gather(*(asyncio.to_thread(_write, cluster, inbox_topic(topic), codec) for codec, topic in topics.items()))
    async with asyncio.timeout(30):
        for topic in topics.values():
            while sum(route["records"] for route in await face.routes(inbox_topic(topic))) < _RECORDS:
                await asyncio.sleep(0.05)
    found = await _java(cluster, *topics.values())
    due = [(1_700_000_000_000 + number, key, value, 0) for number, (key, value) in enumerate(_rows()) if number % 10]
    for codec, topic in topics.items():
        assert await _codecs(cluster, topic) == {_CODECS[codec]}
        assert found[topic] == due


def _settings(cluster: Cluster) -> str:
    """Return with what a client of Java gets in, as properties."""
    security, module = cluster.security, "org.apache.kafka.common.security.scram.ScramLoginModule"
    settings = {
        "bootstrap.servers": cluster.bootstrap,
        "security.protocol": security.protocol,
        "sasl.mechanism": security.mechanism,
        "sasl.jaas.config": f'{module} required username="{security.username}" password="{security.password}";',
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


async def _java(cluster: Cluster, *topics: Topic) -> dict[str, list[tuple[int, bytes | None, bytes | None, int]]]:
    """Return timestamp, key, value and count of headers of all committed records, by topic, as Java's consumer reads them."""
    distribution = find_distribution(os.environ)
    program = Path(__file__).with_name("Read.java")
    command = [str(distribution.java), "-cp", f"{distribution.libs}/*", str(program), *topics]
    piped = dict.fromkeys(("stdin", "stdout", "stderr"), asyncio.subprocess.PIPE)
    process = await asyncio.create_subprocess_exec(*command, **piped)  # type: ignore[arg-type]  # as the dict says
    out, err = await process.communicate(_settings(cluster).encode())
    assert process.returncode == 0, err.decode()[-2000:]
    found: dict[str, list[tuple[int, bytes | None, bytes | None, int]]] = {topic: [] for topic in topics}
    for line in out.decode().splitlines():
        topic, timestamp, key, value, headers = line.split(" ")
        found[topic].append((int(timestamp), _content(key), _content(value), int(headers)))
    return found


def _content(text: str) -> bytes | None:
    return None if text == "-" else b64decode(text[:-1])
