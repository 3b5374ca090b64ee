"""A target of three brokers: the partition's leader and the transaction's coordinator are killed while a transaction is open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from node.bus.client import Client, open_client
from node.bus.embedded import Cluster, open_cluster
from node.demo.world import DISTRICT, World
from node.lane import Phase
from node.model.limits import SHARDS
from node.model.names import Division, Topic, progress_topic
from node.model.partition import shard_of
from node.runtime.lane import Lane, LaneSpec, open_lane
from node.telemetry import Metrics
from node.transform import Care
from tests.faults.flow import Reader, all_arrived, present, publishing, reading, until, way_in

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

_NODE = Division("990001")
_TOPIC = Topic("990001.test.led")
_PROGRESS = progress_topic(_NODE)
_PARTITIONS = 2


@pytest.fixture
async def target(cluster_folder: Path) -> AsyncIterator[Cluster]:
    """Three brokers; what is written has three copies, two of which must be in sync."""
    async with open_cluster(cluster_folder, brokers=3) as cluster:
        yield cluster


async def _make(cluster: Cluster, copies: int) -> None:
    admin = AdminClient(way_in(cluster), logger=None)
    topics = [NewTopic(_TOPIC, _PARTITIONS, copies), NewTopic(_PROGRESS, SHARDS, copies, config={"cleanup.policy": "compact"})]
    for made in admin.create_topics(topics).values():
        await asyncio.to_thread(made.result)
    for topic in (_TOPIC, _PROGRESS):
        await present(cluster, topic)


@pytest.mark.full
async def test_leader_and_coordinator_killed_in_mid_transaction(world: World, target: Cluster) -> None:
    """Each killed while a transaction that it serves is open, the first started again: each record arrives once, in order for its key."""
    near, far = world.clusters[DISTRICT], target
    await asyncio.gather(_make(near, 1), _make(far, 3))
    spec = LaneSpec(node=_NODE, lane="link-up", progress_topic=_PROGRESS, care=lambda _topic: Care.RAW)
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        source, sink = [
            await stack.enter_async_context(open_client(cluster.bootstrap, client_id="test", security=cluster.security))
            for cluster in (near, far)
        ]
        lane = await stack.enter_async_context(open_lane(spec, source, sink, metrics))
        reader = stack.enter_context(reading(far, _TOPIC))
        publisher = stack.enter_context(publishing(near, _TOPIC, per_second=2_000))
        lane.route([(_TOPIC, _PARTITIONS)])
        leader = await _leader(sink)
        await _kill_in_transaction(lane, target, reader, leader)
        await target.start(leader)
        coordinator = await _coordinator(sink)
        await _kill_in_transaction(lane, target, reader, coordinator)
        sent = await asyncio.to_thread(publisher.stop)
        await all_arrived(reader, sent, 60)
    lost = metrics.registry.get_sample_value("exchange_transactions_total", {"lane": "link-up", "outcome": "lost"})
    assert lost, "no transaction was hit"


async def _kill_in_transaction(lane: Lane, target: Cluster, reader: Reader, broker: int) -> None:
    await reader.moves()
    await until(lambda: _is_open(lane), "a transaction is open")
    await target.kill(broker)
    await reader.moves(f"records flow without broker {broker}", 60)


def _is_open(lane: Lane) -> bool:
    """Tell whether partition 0's shard has a transaction open, with batches in it."""
    machine = lane._shards[shard_of(_TOPIC, 0)].machine
    return machine.phase in {Phase.RUNNING, Phase.CLOSING} and machine._outstanding > 0


async def _leader(client: Client) -> int:
    await client.look([_TOPIC])
    leader = client.leader(_TOPIC, 0)
    assert leader is not None
    return leader


async def _coordinator(client: Client) -> int:
    return await client.coordinator(f"{_NODE}.link-up.{shard_of(_TOPIC, 0)}")
