"""Processes that stand still, exist twice or are asked to end, while records flow from the district to the province."""

import asyncio
import os
import shutil
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from node.bus.embedded.ports import reserved_ports
from node.demo.world import CITY, DISTRICT, PROVINCE, NodeProcess, World
from node.model.keys import fingerprint
from node.model.limits import STOP_S
from node.model.names import Topic, inbox_topic
from tests.faults.flow import Face, Publisher, Reader, all_arrived, in_transaction, offer, publishing, reading, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

_PARTITIONS = 2
_TAKER = "440000.civil-affairs"


@asynccontextmanager
async def _flow(world: World, name: str) -> AsyncIterator[tuple[Topic, Reader, Publisher]]:
    """Let records flow to the province; what was published until the end must have arrived once, in order."""
    topic = await offer(world, name, _TAKER, partitions=_PARTITIONS)
    with reading(world.clusters[PROVINCE], topic) as reader:
        with publishing(world.clusters[DISTRICT], inbox_topic(topic), per_second=2_000) as publisher:
            await until(lambda: reader.records > 0, "the first record")
            yield topic, reader, publisher
            await reader.moves("records flow again")
            sent = await asyncio.to_thread(publisher.stop)
        await all_arrived(reader, sent)


async def _stop_in_transaction(world: World, topic: Topic, pid: int) -> None:
    """Stop a process (SIGSTOP) at a moment at which a transaction is open in the province."""
    async with asyncio.timeout(30):
        while True:
            os.kill(pid, signal.SIGSTOP)
            if await in_transaction(world.clusters[PROVINCE], topic, _PARTITIONS):
                return
            os.kill(pid, signal.SIGCONT)
            await asyncio.sleep(0.02)


@pytest.mark.full
async def test_a_paused_node_goes_on_by_itself(world: World) -> None:
    """Stopped for longer than its transaction may last, a node loses that transaction, and carries on with another producer."""
    city = world.nodes[CITY]
    face = Face(city)
    async with _flow(world, "paused") as (topic, _reader, _publisher):
        lost = await face.metric("exchange_transactions_total", lane="link-up", outcome="lost")
        await _stop_in_transaction(world, topic, city.pid)
        async with asyncio.timeout(30):
            while await in_transaction(world.clusters[PROVINCE], topic, _PARTITIONS):
                await asyncio.sleep(0.2)
        os.kill(city.pid, signal.SIGCONT)
    assert await face.metric("exchange_transactions_total", lane="link-up", outcome="lost") > lost
    assert await face.metric("exchange_shards", phase="given-up") == 0
    assert await face.ready()


@pytest.mark.full
async def test_of_two_processes_of_a_node_the_first_gives_way(world: World) -> None:
    """A second process of the same node takes the shards over; the first says so and carries nothing more; nothing is doubled."""
    city = world.nodes[CITY]
    first, since = Face(city), Face(city).lines
    async with _flow(world, "zombie") as (topic, reader, _publisher), _rival(world) as rival:
        second = Face(rival)
        await second.until_ready()
        async with asyncio.timeout(20):
            while len(await _given_up(first, topic)) < _PARTITIONS:
                await asyncio.sleep(0.1)
        status, text = await first.text("/readyz")
        assert status == 503
        assert "held by another process with this node's name" in text
        assert await first.metric("exchange_shards", lane="link-up", phase="given-up") > 0
        assert first.logged("shard-given-up", since)
        await reader.moves("the second process carries")
        assert await second.metric("exchange_records_total", lane="link-up", resource=topic) > 0
        assert await second.metric("exchange_shards", phase="given-up") == 0
        assert await city.stop() == 0
        await reader.moves("the second process carries alone")
        await rival.kill()
        await city.start()


@asynccontextmanager
async def _rival(world: World) -> AsyncIterator[NodeProcess]:
    folder = world.folder / "rival"
    folder.mkdir(exist_ok=True)
    async with httpx.AsyncClient(timeout=15) as http:
        with reserved_ports(2) as (port, probes_port):
            rival = NodeProcess(CITY, folder, (port, probes_port), http)
            shutil.copy(world.folder / f"{CITY}-parent.login", folder)  # it is the same node, twice
            shutil.copytree(world.folder / f"data-{CITY}", folder / f"data-{CITY}", dirs_exist_ok=True)
            root = fingerprint(world.nodes[PROVINCE].key)
            await rival.configure(world.clusters[CITY], (PROVINCE, world.clusters[PROVINCE]), root)
            await rival.start()
            try:
                yield rival
            finally:
                await rival.stop()


async def _given_up(face: Face, topic: Topic) -> list[int]:
    return [route["partition"] for route in await face.routes(topic) if route["state"] == "given-up"]


async def test_nobody_takes_the_port_of_a_node_that_is_down(world: World) -> None:
    """Between a kill and the next start, the node's address is not given to anybody else."""
    city = world.nodes[CITY]
    await city.kill()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", int(city.url.rpartition(":")[2])))
    await city.start()
    await Face(city).until_ready()


async def test_sigterm_ends_the_open_transactions_and_says_how(world: World) -> None:
    """Asked to end in mid-load, a node ends within ten seconds with status 0, and its log says what became of each open transaction."""
    city = world.nodes[CITY]
    face, since = Face(city), Face(city).lines
    async with _flow(world, "ended") as (topic, reader, _publisher):
        for _attempt in range(10):
            began = time.monotonic()
            os.kill(city.pid, signal.SIGSTOP)
            caught = await in_transaction(world.clusters[PROVINCE], topic, _PARTITIONS)
            os.kill(city.pid, signal.SIGTERM)
            os.kill(city.pid, signal.SIGCONT)
            assert await city.stop() == 0
            assert time.monotonic() - began < STOP_S
            await city.start()
            await reader.moves("the flow goes on")
            if caught:
                break
        assert caught
    outcomes = [one["outcome"] for one in face.logged("transaction-ended", since)]
    assert outcomes
    assert set(outcomes) <= {"committed", "aborted"}
    assert face.logged("stopped", since)


@pytest.mark.full
async def test_sigterm_ends_in_time_though_the_parents_cluster_hangs(world: World) -> None:
    """With the parent's broker standing still, a node still ends within ten seconds with status 0, and says that the outcome is not known."""
    city, broker = world.nodes[CITY], world.clusters[PROVINCE].pid(1)
    face, since = Face(city), Face(city).lines
    async with _flow(world, "hanging") as (_topic, reader, _publisher):
        os.kill(broker, signal.SIGSTOP)
        began = time.monotonic()
        await asyncio.sleep(0.5)  # a commit interval: a transaction is open by now, with records that nobody acknowledges
        assert await city.stop() == 0
        assert time.monotonic() - began < STOP_S
        os.kill(broker, signal.SIGCONT)
        await city.start()
        await reader.moves("the flow goes on")
    assert "lost" in {one["outcome"] for one in face.logged("transaction-ended", since)}
