"""Power cuts while refused records are being sent back to their inbox."""

import asyncio
import contextlib
import json
from collections import Counter
from typing import Any

import httpx
import pytest
from confluent_kafka import Producer

from node.avro import encode, frame, parse, schema_id
from node.bus.embedded import Cluster
from node.bus.reader import open_reader
from node.control import ApplyCatalogue, CatalogueItem
from node.demo.world import DISTRICT, NodeProcess, World
from node.lane import TopicPartition
from node.model.names import Topic, inbox_topic
from node.model.values import Kind
from tests.faults.flow import Face, offer, way_in

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300), pytest.mark.full]

RECORDS, PARTITIONS = 100_000, 2
"""Six transactions of a replay, half a second each and more."""
_SCHEMA: dict[str, Any] = {"type": "record", "name": "Fee", "key": ["code"], "fields": [{"name": "code", "type": "string"}]}
_NEXT = _SCHEMA | {"doc": "The next version."}


async def test_killed_replays_send_nothing_twice(world: World) -> None:
    """Cut while a commit is on its way, or a little later, the next takes up what is not committed: each record is sent back once, and passes."""
    node, cluster = world.nodes[DISTRICT], world.clusters[DISTRICT]
    topic = await offer(world, "refused", "", partitions=PARTITIONS, schema=_SCHEMA)
    parsed, number = parse(_NEXT), schema_id(_NEXT)
    values = {b"%d" % code: frame(number, encode(parsed, {"code": str(code)})) for code in range(RECORDS)}
    await asyncio.to_thread(_write, cluster, inbox_topic(topic), values)
    await _judged(node, topic, RECORDS)
    assert await _keys(cluster, topic) == []
    item = CatalogueItem(name=topic, title="refused", kind=Kind.FACTS, schema=_NEXT, partitions=PARTITIONS)
    await node.command(ApplyCatalogue(resources=(item,)))
    for transactions, later_s in ((1, 0.0), (1, 0.1), (1, 0.2)):
        await _cut_replay(node, topic, transactions, later_s)
    last = await _replay(node, topic)
    assert last is not None
    assert last["records"] + last["handled_before"] == RECORDS
    assert 0 < last["handled_before"] < RECORDS
    await _judged(node, topic, 2 * RECORDS)
    assert Counter(await _keys(cluster, inbox_topic(topic))) == dict.fromkeys(values, 2)
    assert Counter(await _keys(cluster, topic)) == dict.fromkeys(values, 1)


def _write(cluster: Cluster, topic: Topic, values: dict[bytes, bytes]) -> None:
    producer = Producer({**way_in(cluster), "linger.ms": 50, "compression.type": "lz4", "partitioner": "murmur2_random"})
    for key, value in values.items():
        producer.produce(topic, value, key)
    assert producer.flush(60) == 0


async def _cut_replay(node: NodeProcess, topic: Topic, transactions: int, later_s: float) -> None:
    """Kill the node when it is about to commit so many transactions of a replay, or a little later, and start it again."""
    lines = Face(node).lines
    replaying = asyncio.create_task(_replay(node, topic))
    while len(Face(node).logged("quarantine-replayed", lines)) < transactions:
        assert not replaying.done(), "too late: all was replayed"
        await asyncio.sleep(0.002)
    await asyncio.sleep(later_s)
    await node.kill()
    assert await replaying is None
    await node.start()
    await Face(node).until_ready()
    async with asyncio.timeout(60):
        while [route["state"] for route in await Face(node).routes(inbox_topic(topic))] != ["flowing"] * PARTITIONS:
            await asyncio.sleep(0.05)


async def _replay(node: NodeProcess, topic: Topic) -> dict[str, Any] | None:
    """Ask for all to be replayed; return the last line, None if the answer breaks off."""
    last: dict[str, Any] = {}
    with contextlib.suppress(httpx.HTTPError):
        async with httpx.AsyncClient(timeout=30) as http:
            path = f"{node.url}/v1/quarantine/{topic}/replay"
            async with http.stream("POST", path, json={"selection": {"reason": "schema"}}, headers=node.headers()) as answer:
                assert answer.status_code == 200
                async for line in answer.aiter_lines():
                    last = json.loads(line)
    assert last.get("line") != "problem", last
    return last if last.get("line") == "ended" else None


async def _judged(node: NodeProcess, topic: Topic, records: int) -> None:
    """Wait until the gate has judged so many records, and no more."""
    async with asyncio.timeout(60):
        while (judged := sum(route["records"] for route in await Face(node).routes(inbox_topic(topic)))) < records:
            await asyncio.sleep(0.1)
    assert judged == records


async def _keys(cluster: Cluster, topic: Topic) -> list[bytes | None]:
    """The keys of a topic's committed records."""
    found: list[bytes | None] = []
    async with open_reader(cluster.bootstrap, "test", cluster.security) as reader:
        await reader.look([topic])
        for partition in range(PARTITIONS):
            place = TopicPartition(topic, partition)
            async for stretch in reader.read(place, 0, await reader.high(place)):
                found += [record.key for record in stretch.records]
    return found
