"""Power cuts: nodes and a broker are killed while licences are on their way from the district to the province."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial

import fastavro
import pytest

from node.avro import encode, frame, key_of, parse, schema_id
from node.avro.files import read_schema
from node.bus.embedded import Cluster
from node.bus.security import Way
from node.demo.generate import records
from node.demo.story import SEED
from node.demo.takers import Received, Taker
from node.demo.world import CITY, DISTRICT, PROVINCE, World
from node.model.names import Topic, inbox_topic
from node.model.shipped import shipped
from tests.faults.flow import all_arrived, offer, publishing, reading, until, version_in, version_of, versions

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

_ROWS = 100_000


async def test_killed_nodes_and_brokers_lose_and_double_nothing(world: World) -> None:
    """Each node is killed in the middle, and the city's broker too: each of 100,000 records and more arrives once, in order for its key."""
    topic = await offer(world, "struck", "440000.market-regulation", partitions=4)
    await _strike_on_the_way(world, topic, versions(), version_of, per_second=8_000)


@pytest.mark.full
async def test_licences_arrive_once_whatever_is_killed(world: World) -> None:
    """The same with 100,000 real events of licences, whose versions are read out of their Avro by another decoder than ours."""
    schema = read_schema(shipped("schemas/licences/licences.avsc"))
    records = await asyncio.to_thread(lambda: list(_records(schema)))
    topic = await offer(world, "struck-licences", "440000.market-regulation", partitions=4, schema=schema)
    await _strike_on_the_way(world, topic, records, partial(version_in, fastavro.parse_schema(schema)), per_second=3_000)


async def _strike_on_the_way(
    world: World, topic: Topic, records: Iterable[tuple[bytes, bytes]], version: Callable[[bytes], int], per_second: int
) -> None:
    strikes = (_node(world, DISTRICT), _node(world, CITY), _broker(world, CITY), _node(world, PROVINCE))
    far, near = world.clusters[PROVINCE], world.clusters[DISTRICT]
    with reading(far, topic, version) as reader, publishing(near, inbox_topic(topic), per_second=per_second, records=records) as publisher:
        for strike in strikes:
            await reader.moves()
            assert publisher.is_alive(), "too late: all is published"
            await strike()
        await until(lambda: publisher.sent >= _ROWS, f"{_ROWS} records published")
        sent = await asyncio.to_thread(publisher.stop)
        await all_arrived(reader, sent, 60)
    owners, takers = await asyncio.gather(*(_digest(cluster, topic, sent) for cluster in (near, far)))
    assert owners == takers


def _records(schema: dict[str, object]) -> Iterator[tuple[bytes, bytes]]:
    parsed = parse(schema)
    for made in records("licences", count=_ROWS, seed=SEED):
        yield key_of(parsed, made.datum) or b"", frame(schema_id(schema), encode(parsed, made.datum))


def _node(world: World, code: str) -> Callable[[], Awaitable[None]]:
    async def strike() -> None:
        await world.nodes[code].kill()
        await world.nodes[code].start()

    return strike


def _broker(world: World, code: str) -> Callable[[], Awaitable[None]]:
    async def strike() -> None:
        await world.clusters[code].kill(1)
        await world.clusters[code].start(1)

    return strike


async def _digest(cluster: Cluster, topic: str, sent: int) -> Received:
    taker = Taker("test", Way(cluster.bootstrap, cluster.security), topic)
    taker.start()
    try:
        await until(lambda: taker.records >= sent, f"{sent} records at {cluster.bootstrap}")
    finally:
        await asyncio.to_thread(taker.stop)
    return taker.received()
