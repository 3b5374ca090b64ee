"""Answers for node/bus/inspect.py: each side of a route as it is, so that the checks see every difference."""

import asyncio
import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest

from node.batch.header import read
from node.bus.client import Client, open_client
from node.bus.inspect import EARLIEST, LATEST, fetch, first_committed, offset, oldest, source_side, target_side
from node.bus.security import Security
from node.errors import BatchError, BusError, RouteFault, Unavailable
from node.lane import Progress, Side, Stop, TopicPartition, Written
from node.lane.checks import compare, opened
from node.model.names import Topic
from tests.bus.conftest import COMPACTED, Cluster, Transactions
from tests.bus.conftest import first as partition_0
from tests.bus.scripted import LIST_OFFSETS, TOPIC, open_broker, silent

pytestmark = pytest.mark.kafka
GONE = TopicPartition(Topic("445102.test.gone"), 0)


async def _opened(near: Cluster, client: Client, *, batches: int = 3, settings: Mapping[str, str] = MappingProxyType({})) -> TopicPartition:
    """Make a topic with batches of two records, known to the client."""
    topic = await near.make(settings)
    for _ in range(batches):
        await near.write(topic, b"one", b"two")
    await client.look([topic])
    return partition_0(topic)


async def _header(client: Client, route: TopicPartition, where: int) -> int:
    stretch = await fetch(client, route, where, committed=False)
    return read(stretch.data, 0).crc


def _progress(client: Client, route: TopicPartition, **fields: Any) -> Progress:
    info = client.topic(route.topic)
    assert info is not None
    made: Progress = Progress(source_id=str(info.id), targets={route.topic: _written(client, route)}, **{"next": 0, **fields})
    return made


def _written(client: Client, route: TopicPartition, **fields: int) -> Written:
    info = client.topic(route.topic)
    assert info is not None
    made: Written = Written(id=str(info.id), **fields)
    return made


async def test_a_source_is_what_the_progress_remembers(near: Cluster, client: Client) -> None:
    """Topic id, beginning, end, and the CRC of the last carried batch where it stands."""
    route = await _opened(near, client)
    crc = await _header(client, route, 2)
    progress = _progress(client, route, next=4, last=2, last_crc=crc)
    side = await source_side(client, route, progress)
    assert side == Side(topic_id=progress.source_id, start=0, end=6, last_crc=crc)
    assert await source_side(client, route, None) == Side(topic_id=progress.source_id, start=0, end=6)


async def test_a_target_is_what_the_progress_remembers(near: Cluster, client: Client) -> None:
    """The same, and whether committed records stand behind our last batch."""
    route = await _opened(near, client)
    crc = await _header(client, route, 4)
    ours = _written(client, route, last=4, count=2, crc=crc)
    assert await target_side(client, route, ours) == Side(topic_id=ours.id, start=0, end=6, last_crc=crc)
    await near.write(route.topic, b"somebody else's")
    assert (await target_side(client, route, ours)).beyond
    assert (await target_side(client, route, None)).beyond


@pytest.mark.parametrize("look", [source_side, target_side])
async def test_what_is_not_there_has_no_topic_id(near: Cluster, client: Client, look: Callable[..., object]) -> None:
    """No such topic, or no such partition: the route waits, nothing is wrong."""
    topic = await near.make()
    await client.look([topic, GONE.topic])
    for route in (GONE, TopicPartition(topic, 1)):
        assert await look(client, route, None) == Side(topic_id="")  # type: ignore[misc]  # both are coroutine functions


async def test_a_topic_made_anew_has_another_id(near: Cluster, client: Client) -> None:
    """Even with the same name and records: its id is not the one that the progress keeps."""
    route = await _opened(near, client)
    progress = _progress(client, route, next=6)
    await near.drop(route.topic)
    await near.make(name=route.topic)
    await near.write(route.topic, b"one", b"two")
    await client.look([route.topic])
    source = await source_side(client, route, progress)
    targets = {route.topic: await target_side(client, route, progress.targets[route.topic])}
    assert compare(progress, source, targets) == (Stop.SOURCE_RECREATED, "")
    fresh = opened(None, source, targets)
    assert uuid.UUID(fresh.source_id) != uuid.UUID(progress.source_id)
    level = Side(topic_id=progress.source_id, end=6)
    assert compare(progress, level, targets) == (Stop.TARGET_RECREATED, route.topic)
    assert uuid.UUID(fresh.targets[route.topic].id) != uuid.UUID(progress.source_id)


async def test_deleted_records_show_at_the_start(near: Cluster, client: Client) -> None:
    """Retention that overtook the position is seen by the log's start; a batch that was deleted has no CRC, and that alone is no fault."""
    route = await _opened(near, client)
    ours = _progress(client, route, next=4, last=2, last_crc=await _header(client, route, 2))
    await near.delete_before(route.topic, 4)
    side = await source_side(client, route, ours)
    assert (side.start, side.end, side.last_crc) == (4, 6, None)
    level = {route.topic: Side(topic_id=ours.targets[route.topic].id)}
    assert compare(ours, side, level) is None
    assert compare(_progress(client, route, next=2), side, level) == (Stop.RETENTION_OVERTOOK, "")


async def test_another_batch_at_the_place_shows_by_its_crc(near: Cluster, client: Client) -> None:
    """Where a restored log holds other batches, the one at our offset begins earlier or has another CRC: either must be seen."""
    route = await _opened(near, client)
    for where in (3, 4):
        progress = _progress(client, route, next=6, last=where, last_crc=1)
        side = await source_side(client, route, progress)
        assert side.last_crc == await _header(client, route, where)
        assert compare(progress, side, {route.topic: side}) == (Stop.SOURCE_ALTERED, "")


async def test_compaction_is_no_difference(compacting: Cluster) -> None:
    """A batch in which compaction left holes, or which it took whole, has no CRC that could differ."""
    async with open_client(compacting.bootstrap, client_id="test", security=compacting.security) as client:
        route = await _opened(compacting, client, batches=1, settings=COMPACTED)
        progress = _progress(client, route, next=2, last=0, last_crc=await _header(client, route, 0))
        assert (await source_side(client, route, progress)).last_crc == progress.last_crc
        for value in (b"k0 anew", b"k0 once more"):  # the second rolls the segment with the first
            await asyncio.sleep(0.06)
            await compacting.write(route.topic, value)
        async with asyncio.timeout(15):
            while (await source_side(client, route, progress)).last_crc is not None:
                await asyncio.sleep(0.02)
                await compacting.write(route.topic, b"k0 again")
        assert read((await fetch(client, route, 0, committed=False)).data, 0).count == 1
        assert (await source_side(client, route, progress)).start == 0


async def test_aborted_records_and_markers_are_not_beyond(near: Cluster, client: Client, transactions: Callable[[], Transactions]) -> None:
    """A transaction of ours that was aborted behind the last batch leaves bytes, but nothing that a reader sees."""
    route = await _opened(near, client, batches=1)
    ours = _written(client, route, last=0, count=2, crc=await _header(client, route, 0))
    producer = await asyncio.to_thread(transactions)
    await asyncio.to_thread(producer.run, route.topic, [b"aborted"], commit=False)
    await near.until_settled(route.topic)
    side = await target_side(client, route, ours)
    assert (side.end, side.beyond) == (4, False)
    await asyncio.to_thread(producer.run, route.topic, [b"open"], commit=None)
    assert not (await target_side(client, route, ours)).beyond
    await asyncio.to_thread(producer.end, commit=True)
    await near.until_settled(route.topic)
    assert (await target_side(client, route, ours)).beyond


async def test_what_may_be_committed_yet_is_told_of_a_target_of_which_nothing_is_known(
    near: Cluster, client: Client, transactions: Callable[[], Transactions]
) -> None:
    """Until its transaction has ended, nobody can tell whether the target is empty; of one that is known, what is behind is known."""
    route = await _opened(near, client, batches=0)
    assert not (await target_side(client, route, None)).undecided
    producer = await asyncio.to_thread(transactions)
    await asyncio.to_thread(producer.run, route.topic, [b"open"], commit=None)
    side = await target_side(client, route, None)
    assert (side.undecided, side.beyond) == (True, False)
    assert not (await target_side(client, route, _written(client, route))).undecided
    await asyncio.to_thread(producer.end, commit=True)
    await near.until_settled(route.topic)
    side = await target_side(client, route, None)
    assert (side.undecided, side.beyond) == (False, True)


async def test_the_oldest_record_behind_is_found(near: Cluster, client: Client, transactions: Callable[[], Transactions]) -> None:
    """How many offsets lie behind and when the first committed one was written, past whatever was aborted; none when level."""
    topic = await near.make()
    route = partition_0(topic)
    producer = await asyncio.to_thread(transactions)
    await asyncio.to_thread(producer.run, topic, [b"aborted"] * 3, commit=False)
    await near.until_settled(topic)
    await near.write(topic, b"committed")
    behind, stamp = await oldest(client, route, 0)
    assert behind == 5
    assert stamp is not None
    assert stamp == await first_committed(client, route, 1)
    assert await oldest(client, route, 5) == (0, None)
    assert await oldest(client, route, 9) == (0, None)


async def test_a_long_stretch_of_aborted_records_is_walked_through(
    near: Cluster, client: Client, transactions: Callable[[], Transactions]
) -> None:
    """More than one Fetch brings: the search goes on until it finds a committed record or the end."""
    topic = await near.make()
    await client.look([topic])
    producer = await asyncio.to_thread(transactions)
    for _ in range(3):
        await asyncio.to_thread(producer.run, topic, [b"x" * 900_000], commit=False)
    assert await first_committed(client, partition_0(topic), 0) is None
    await near.until_settled(topic)
    await near.write(topic, b"here")
    assert await first_committed(client, partition_0(topic), 0) is not None


async def test_faults_of_the_route_and_of_the_cluster_are_told_apart(near: Cluster, client: Client) -> None:
    """An offset that the log does not have is the route's; no leader is the cluster's."""
    route = await _opened(near, client, batches=1)
    with pytest.raises(RouteFault, match="OFFSET_OUT_OF_RANGE"):
        await fetch(client, route, 99, committed=True)
    with pytest.raises(Unavailable, match="LEADER_NOT_AVAILABLE"):
        await offset(client, GONE, LATEST)
    with pytest.raises(BusError):
        await oldest(client, GONE, 0)
    assert await offset(client, route, EARLIEST) == 0


async def test_damage_behind_our_last_batch_is_told(near: Cluster, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inspecting must not end in silence there; a lag that cannot be computed is a bus error."""
    route = await _opened(near, client)
    original = fetch

    async def damaged(*arguments: object, **named: object) -> object:
        stretch = await original(*arguments, **named)  # type: ignore[arg-type]  # handed through
        stretch.data[70] ^= 1
        return stretch

    monkeypatch.setattr("node.bus.inspect.fetch", damaged)
    with pytest.raises(BatchError):
        await target_side(client, route, _written(client, route, last=0, count=2))
    with pytest.raises(BusError):
        await oldest(client, route, 0)


async def test_a_broker_that_repeats_itself_is_not_asked_for_ever(near: Cluster, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Fetch that brings only what lies before the position ends the search instead of turning in a circle."""
    route = await _opened(near, client)
    original = fetch

    async def from_zero(there: Client, which: TopicPartition, _start: int, *, committed: bool) -> object:
        return await original(there, which, 0, committed=committed)

    monkeypatch.setattr("node.bus.inspect.fetch", from_zero)
    monkeypatch.setattr("node.bus.inspect.walk_committed", lambda data, *_: [(0, read(data, 0), False)])
    async with asyncio.timeout(5):
        assert await first_committed(client, route, 4) is None


async def test_a_broker_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """An inspection waits no longer than a request may take."""
    monkeypatch.setattr("node.bus.client._ANSWER_TIMEOUT_S", 0.1)
    async with open_broker() as broker, open_client(broker.bootstrap, client_id="test", security=Security()) as client:
        broker.answers[LIST_OFFSETS] = silent
        await client.look([Topic(TOPIC)])
        with pytest.raises(Unavailable):
            await source_side(client, TopicPartition(Topic(TOPIC), 0), None)
