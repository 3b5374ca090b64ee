"""A look at a whole cluster: who answers, what requests it takes, how its brokers and topics are set, who has their copies, how full its disks are.

What cannot be told, for time or for rights, leaves a gap that is named; what was found stands.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any

from aiokafka.protocol.admin import ApiVersionRequest_v0

from node.bus import metadata
from node.bus.client import Client, open_client
from node.bus.configs import broker_settings, topic_settings
from node.bus.disks import spaces
from node.bus.metadata import Prepared
from node.bus.security import Way
from node.control.checkup import Said
from node.control.checkup_cluster import BROKER_SETTINGS, Broker, ClusterFacts, Copies, Need, Space
from node.errors import BusError
from node.model.names import Topic

LOOK_S = 5.0
"""For one cluster: what answers at all, answers within milliseconds."""
OWN_LOOK_S = 2 * LOOK_S
"""For the own one, whose settings are looked at as well: enough for 15,000 topics."""
_MANY = 200
"""Topics in a request: some 10 ms to read the answer, and then the loop turns. Of 1,500 both requests together took a second."""

NEEDS_OF_A_LINK = (
    Need("Produce", 0, 7, 7),
    Need("Fetch", 1, 11, 11),
    Need("ListOffsets", 2, 0, 3),
    Need("Metadata", 3, 12, 12),
    Need("FindCoordinator", 10, 0, 1),
    Need("InitProducerId", 22, 0, 0),
    Need("AddPartitionsToTxn", 24, 0, 0),
    Need("EndTxn", 26, 0, 0),
)
"""What a node sends to its parent's cluster: our own requests in one version, aiokafka's in those that it has."""
NEEDS = (
    *NEEDS_OF_A_LINK,
    Need("CreateTopics", 19, 0, 3),
    Need("DeleteTopics", 20, 0, 3),
    Need("DescribeAcls", 29, 1, 1),
    Need("CreateAcls", 30, 1, 1),
    Need("DeleteAcls", 31, 1, 1),
    Need("DescribeConfigs", 32, 1, 1),
    Need("DescribeUserScramCredentials", 50, 0, 0),
    Need("AlterUserScramCredentials", 51, 0, 0),
)
"""What it sends to its own."""


async def look_at(
    way: Way, client_id: str, wanted: Mapping[Topic, Collection[str]], *, whole: bool, within_s: float = LOOK_S
) -> ClusterFacts:
    """Look at a cluster, and at these topics with these settings; where it is not the own one (`whole`), at nothing that takes rights of its own."""
    facts = ClusterFacts(bootstrap=way.bootstrap, brokers=[], copies=[], missing=[], topic_settings={}, spaces=[], untold=[])
    try:
        async with asyncio.timeout(within_s), open_client(way.bootstrap, client_id=client_id, security=way.security) as client:
            await _look(client, facts, wanted, whole=whole)
    except TimeoutError:
        facts.trouble = f"{way.bootstrap} {'has not told all' if facts.brokers else 'does not answer'} within {within_s:g} s"
    except BusError as error:
        facts.trouble = str(error)
    return facts


async def _look(client: Client, facts: ClusterFacts, wanted: Mapping[Topic, Collection[str]], *, whole: bool) -> None:
    await _copies(client, facts, list(wanted))
    await asyncio.gather(*(_broker(client, facts, broker, whole=whole) for broker in facts.brokers))
    for some in _portions(list(wanted)) if whole else ():
        facts.topic_settings |= await topic_settings(client, {topic: wanted[topic] for topic in some})


def _portions(topics: list[Topic]) -> Iterator[list[Topic]]:
    """Yield topics a few at a time; none at all once."""
    return (topics[at : at + _MANY] for at in range(0, max(len(topics), 1), _MANY))


async def _copies(client: Client, facts: ClusterFacts, topics: list[Topic]) -> None:
    """Ask for the brokers, and who has which partition."""
    for some in _portions(topics):
        answer = await client.call_any(metadata.request(some))
        facts.brokers = [Broker(id=number, address=f"{host}:{port}") for number, host, port, _rack, _tags in answer.brokers]
        for code, name, _id, _internal, partitions, _operations, _tags in answer.topics:
            if code:
                facts.missing.append(Topic(name))
            facts.copies += [_copy(Topic(name), one) for one in partitions]


def _copy(topic: Topic, told: Any) -> Copies:
    _code, partition, leader, _epoch, replicas, in_sync, _offline, _tags = told
    return Copies(topic, partition, leader, tuple(replicas), tuple(in_sync))


async def _broker(client: Client, facts: ClusterFacts, broker: Broker, *, whole: bool) -> None:
    """Ask one broker what it takes, and, of the own cluster, how it is set and how full it is; one that does not answer stays without versions."""
    with suppress(BusError):
        answer = await client.call(broker.id, Prepared(ApiVersionRequest_v0()))
        broker.versions = {key: (low, high) for key, low, high in answer.api_versions}
        if whole:
            broker.settings = await broker_settings(client, broker.id, BROKER_SETTINGS)
            facts.spaces += await _spaces(client, broker.id, facts.untold)


async def glance(client: Client) -> tuple[list[Space], list[Said]]:
    """Return the room on the disks of a cluster's brokers, and of which it is not told."""
    answer = await client.call_any(metadata.request([]))
    untold: list[Said] = []
    found = await asyncio.gather(*(_spaces(client, broker[0], untold) for broker in answer.brokers))
    return [one for some in found for one in some], untold


async def _spaces(client: Client, broker: int, untold: list[Said]) -> list[Space]:
    """Return the room of a broker's disks; of one that does not tell it, nothing, and that goes into `untold`."""
    found: list[Space] = []
    with suppress(BusError):
        found = await spaces(client, broker)
    if not found:
        en = f"broker {broker} does not tell how full its disks are: that takes Kafka 3.3 or newer"
        untold.append(Said(en, f"broker {broker} 未提供磁盘余量：需 Kafka 3.3 或更新"))
    return found
