"""Answers for node/bus/health.py, on a real cluster: everything is found in one look, and what is not found in time or by right is named."""

import asyncio

import pytest
from aiokafka.protocol import admin, coordination, fetch, metadata, offset, produce, transaction

from node.bus import health
from node.bus.client import Client
from node.bus.health import NEEDS, NEEDS_OF_A_LINK, glance, look_at
from node.bus.security import Security, Way
from node.control.checkup_cluster import BROKER_SETTINGS, Copies, versions
from node.model.names import Topic
from tests.bus.conftest import Cluster

NOWHERE = Topic("445102.test.nowhere")
AIOKAFKAS = (
    produce.ProduceRequest,
    fetch.FetchRequest,
    offset.OffsetRequest,
    coordination.FindCoordinatorRequest,
    transaction.InitProducerIdRequest,
    transaction.AddPartitionsToTxnRequest,
    transaction.EndTxnRequest,
    admin.CreateTopicsRequest,
    admin.DeleteTopicsRequest,
)


@pytest.mark.kafka
async def test_all_of_the_own_cluster_is_found(near: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Brokers with what they take and how they are set, partitions, topics' settings, those that are missing, and disks; in several requests."""
    monkeypatch.setattr(health, "_MANY", 1)
    topic = await near.make({"retention.ms": "5000"}, partitions=2)
    found = await look_at(near.kafka.way, "test", dict.fromkeys([topic, NOWHERE], ("retention.ms",)), whole=True)
    (broker,) = found.brokers
    assert (found.trouble, found.missing, found.untold) == ("", [NOWHERE], [])
    assert broker.settings.keys() == set(BROKER_SETTINGS)
    assert sorted(found.copies, key=lambda one: one.partition) == [Copies(topic, number, 1, (1,), (1,)) for number in range(2)]
    assert found.topic_settings == {topic: {"retention.ms": "5000"}}
    assert [one.broker for one in found.spaces] == [1]
    assert [one.state for one in versions("cluster", found, NEEDS)] == ["ok"]


@pytest.mark.kafka
async def test_of_another_cluster_nothing_is_asked_that_takes_rights(near: Cluster) -> None:
    """Its brokers, what they take, and who has the partitions that are carried."""
    topic = await near.make()
    found = await look_at(near.kafka.way, "test", {topic: ()}, whole=False)
    (broker,) = found.brokers
    assert (broker.settings, found.topic_settings, found.spaces, len(found.copies)) == ({}, {}, [], 1)
    assert [one.state for one in versions("parent", found, NEEDS_OF_A_LINK)] == ["ok"]


@pytest.mark.kafka
async def test_disks_are_seen_at_a_glance(client: Client) -> None:
    """Of each broker; all of them tell."""
    found, untold = await glance(client)
    assert ([one.broker for one in found], untold) == ([1], [])


async def test_a_cluster_that_is_away_is_told_with_the_cause() -> None:
    """And one that takes the connection and says nothing, in the time that it is given."""
    found = await look_at(Way("127.0.0.1:1", Security()), "test", {}, whole=True)
    assert (found.brokers, "nothing listens at 127.0.0.1:1" in found.trouble) == ([], True)
    held: list[asyncio.StreamWriter] = []
    async with await asyncio.start_server(lambda _reader, writer: held.append(writer), "127.0.0.1", 0) as server:
        deaf = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        found = await look_at(Way(deaf, Security()), "test", {}, whole=True, within_s=0.2)
        for writer in held:
            writer.close()
    assert found.trouble == f"{deaf} does not answer within 0.2 s"


def test_needs_are_those_versions_that_aiokafka_has() -> None:
    """Another release of it may speak others: then what brokers are asked for is another thing too."""
    needs = {need.key: need for need in NEEDS}
    for request in AIOKAFKAS:
        spoken = [one.API_VERSION for one in request._CLASSES]
        assert needs[request.API_KEY].low in spoken
        assert needs[request.API_KEY].high == max(spoken)
    assert metadata.MetadataRequest.API_KEY in needs
    assert set(NEEDS_OF_A_LINK) < set(NEEDS)
