"""Real brokers: they start, keep data, fail as told, and never outlive us."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError

from node.bus.embedded import Cluster, open_cluster
from node.errors import ConfigError, Unavailable

pytestmark = pytest.mark.kafka

_TOPIC = "445102.test.cluster"
_DEATH_S = 10

_PARENT = """
import asyncio, sys
from pathlib import Path
from node.bus.embedded import open_cluster

async def main():
    async with open_cluster(Path(sys.argv[1])) as cluster:
        print(cluster.pid(1), flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
async def cabled(work_folder: Path) -> AsyncIterator[Cluster]:
    """One broker behind a cable."""
    async with open_cluster(work_folder / "cabled", cable=True) as cluster:
        yield cluster


def _way_in(cluster: Cluster, bootstrap: str = "") -> dict[str, Any]:
    return {"bootstrap_servers": bootstrap or cluster.bootstrap, **cluster.security.aiokafka()}


async def _create(cluster: Cluster, copies: int = 1) -> None:
    admin = AIOKafkaAdminClient(**_way_in(cluster))
    await admin.start()
    answer = await admin.create_topics([NewTopic(_TOPIC, 1, copies)])
    await admin.close()
    assert [code for _, code, _ in answer.topic_errors] == [0]


async def _produce(cluster: Cluster, *values: bytes) -> None:
    async with AIOKafkaProducer(**_way_in(cluster), acks="all", enable_idempotence=True) as producer:
        for value in values:
            await producer.send_and_wait(_TOPIC, value, partition=0)


async def _consume(cluster: Cluster, bootstrap: str = "") -> list[bytes]:
    place = TopicPartition(_TOPIC, 0)
    async with AIOKafkaConsumer(**_way_in(cluster, bootstrap), isolation_level="read_committed", auto_offset_reset="earliest") as consumer:
        consumer.assign([place])
        end = (await consumer.end_offsets([place]))[place]
        return [(await consumer.getone()).value for _ in range(end)]


def _processes_in(folder: Path) -> list[int]:
    """Return the processes that work in a folder: brokers do in their own."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if entry.readlink().is_relative_to(folder):
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


async def test_records_go_in_and_come_out_by_either_way(cabled: Cluster) -> None:
    """What is produced beside the cluster is read over the cable; the log has the broker's words."""
    await _create(cabled)
    await _produce(cabled, b"one", b"two")
    assert await _consume(cabled, cabled.link_bootstrap) == [b"one", b"two"]
    assert cabled.bootstrap != cabled.link_bootstrap
    assert "Kafka Server started" in cabled.log(1).read_text()


async def test_a_cut_cable_parts_only_those_behind_it(cabled: Cluster) -> None:
    """While cut, the cluster is out of reach over the link and in reach beside it; mended, it is back."""
    assert cabled.cable is not None
    cabled.cable.cut()
    with pytest.raises(KafkaConnectionError):
        await _consume(cabled, cabled.link_bootstrap)
    await _produce(cabled, b"three")
    cabled.cable.mend()
    assert (await _consume(cabled, cabled.link_bootstrap))[-1] == b"three"


async def test_a_cluster_opened_again_has_its_data(cluster_folder: Path) -> None:
    """A folder used before brings its records along, on other ports, even from a path with blanks, commas and Chinese."""
    folder = cluster_folder / "省 平台, 一"
    async with open_cluster(folder, settings={"num.io.threads": "3"}) as cluster:
        await _create(cluster)
        await _produce(cluster, b"kept")
        assert "num.io.threads = 3" in cluster.log(1).read_text()
    assert _processes_in(cluster_folder) == []
    async with open_cluster(folder) as cluster:
        assert await _consume(cluster) == [b"kept"]


@pytest.mark.full
async def test_one_of_three_may_be_killed_and_come_back(cluster_folder: Path) -> None:
    """With a broker killed, writes go on; started again it serves its old ports, and no record is lost."""
    async with open_cluster(cluster_folder, brokers=3) as cluster:
        await _create(cluster, copies=3)
        await _produce(cluster, b"before")
        killed = cluster.pid(2)
        await cluster.kill(2)
        assert not Path(f"/proc/{killed}").exists()
        await _produce(cluster, b"during")
        await cluster.start(2)
        await _produce(cluster, b"after")
        assert await _consume(cluster, cluster.bootstrap.split(",")[1]) == [b"before", b"during", b"after"]
    assert _processes_in(cluster_folder) == []


async def test_killing_us_takes_the_brokers_along(cluster_folder: Path) -> None:
    """After kill -9 of the process that opened a cluster its broker is gone."""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", _PARENT, str(cluster_folder), stdout=subprocess.PIPE)
    assert parent.stdout is not None
    broker = os.pidfd_open(int(await parent.stdout.readline()))
    try:
        parent.send_signal(signal.SIGKILL)
        await parent.wait()
        assert select.select([broker], [], [], _DEATH_S)[0], "the broker outlived its parent"
    finally:
        os.close(broker)


async def test_cancelling_the_opening_leaves_nothing(cluster_folder: Path) -> None:
    """An opening that is cancelled half-way ends the brokers it has started."""

    async def hold() -> None:
        async with open_cluster(cluster_folder):
            await asyncio.sleep(600)

    opening = asyncio.create_task(hold())
    async with asyncio.timeout(30):
        while not _processes_in(cluster_folder):
            await asyncio.sleep(0.01)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert _processes_in(cluster_folder) == []


async def test_a_broker_that_fails_is_reported_with_its_words(cluster_folder: Path) -> None:
    """A broker that ends instead of coming up is an error at once, with the end of its log."""
    with pytest.raises(Unavailable, match=r"broker 1 ended with exit status 1; [\s\S]*num\.io\.threads"):
        async with open_cluster(cluster_folder, settings={"num.io.threads": "none"}):
            pytest.fail("it came up")


async def test_without_jars_nothing_is_begun(cluster_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing jars are a clear error before anything is written or started."""
    monkeypatch.setenv("EXCHANGE_NODE_KAFKA_LIBS", str(tmp_path))
    with pytest.raises(ConfigError, match="run `make demo`"):
        async with open_cluster(cluster_folder):
            pytest.fail("it came up")
    assert not cluster_folder.exists()
