"""A look at one side of a route with ordinary requests: what stands at an offset, where the log begins and ends."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest

from node.batch.header import Header, read
from node.bus.client import Client
from node.bus.faults import of_route, raised, speaks_of_route
from node.bus.fetch import walk_committed
from node.errors import BatchError, BusError, Unavailable
from node.lane import Progress, Side, TopicPartition, Written
from node.model.limits import FETCH_PARTITION_BYTES_MAX

EARLIEST, LATEST = -2, -1
_UNCOMMITTED, _COMMITTED = 0, 1


class Stretch(msgspec.Struct, frozen=True):
    """What one ordinary Fetch returned."""

    data: bytearray
    aborted: list[tuple[int, int]]
    high: int
    stable: int


async def offset(client: Client, route: TopicPartition, when: int, isolation: int = _UNCOMMITTED) -> int:
    """Return a log's start (EARLIEST) or its high watermark (LATEST); of what is committed, its last stable offset."""
    request = OffsetRequest(-1, isolation, [(route.topic, [(route.partition, when)])])
    answer = await client.call(_leader(client, route), request)
    place = answer.topics[0][1][0]
    _raise(place[1], route)
    found: int = place[3]
    return found


async def fetch(client: Client, route: TopicPartition, start: int, *, committed: bool, size: int = FETCH_PARTITION_BYTES_MAX) -> Stretch:
    """Fetch once from `start` on, without waiting; at least one whole batch if there is one."""
    isolation = _COMMITTED if committed else _UNCOMMITTED
    request = FetchRequest(0, 0, size, isolation, [(route.topic, [(route.partition, start, size)])])
    answer = await client.call(_leader(client, route), request)
    _partition, code, high, stable, _log_start, aborted, _preferred, data = _fields(answer.topics[0][1][0])
    _raise(code, route)
    return Stretch(bytearray(data or b""), list(aborted or ()), high, stable)


def _fields(partition: Any) -> Any:
    return partition


def _leader(client: Client, route: TopicPartition) -> int:
    node = client.leader(*route)
    if node is None:
        raise raised(5, str(route))
    return node


def _raise(code: int, route: TopicPartition) -> None:
    if code:
        raise of_route(code, *route) if speaks_of_route(code) else raised(code, str(route))


async def source_side(client: Client, route: TopicPartition, progress: Progress | None) -> Side:
    """Look at a route's source. BusError if it cannot be seen now."""
    info = client.topic(route.topic)
    if info is None or route.partition >= info.partitions:
        return Side(topic_id="", hidden=client.is_hidden(route.topic))
    start, end = await offset(client, route, EARLIEST), await offset(client, route, LATEST)
    last = progress.last if progress else -1
    crc = await _crc_at(client, route, last) if start <= last < end else None
    return Side(topic_id=str(info.id), start=start, end=end, last_crc=crc)


async def target_side(client: Client, route: TopicPartition, written: Written | None) -> Side:
    """Look at a target of a route. BusError if it cannot be seen now, BatchError if a batch behind our last one is damaged."""
    info = client.topic(route.topic)
    if info is None or route.partition >= info.partitions:
        return Side(topic_id="", hidden=client.is_hidden(route.topic))
    start, end = await offset(client, route, EARLIEST), await offset(client, route, LATEST)
    # After a commit the markers come one by one: a batch that was written by the name of a topic that is made anew may not be seen yet.
    undecided = written is None and await offset(client, route, LATEST, _COMMITTED) < end
    last = written.last if written else -1
    crc = await _crc_at(client, route, last) if start <= last < end else None
    behind = max(start, written.next if written else 0)
    beyond = await first_committed(client, route, behind) is not None if behind < end else False
    return Side(topic_id=str(info.id), start=start, end=end, last_crc=crc, beyond=beyond, undecided=undecided)


async def _crc_at(client: Client, route: TopicPartition, where: int) -> int | None:
    """Return the CRC of the batch that begins at an offset, None if it no longer stands there as it was written."""
    stretch = await fetch(client, route, where, committed=False, size=1)
    try:
        header = read(stretch.data, 0)
    except BatchError:
        return None
    rewritten = header.has_holes or header.has_delete_horizon
    return None if header.base_offset > where or rewritten else header.crc


async def first_committed(client: Client, route: TopicPartition, start: int) -> int | None:
    """Return the timestamp (ms) of the first committed record from `start` on, None if there is none below the stable offset.

    BatchError for a damaged batch.
    """
    position = start
    while True:
        before = position
        stretch = await fetch(client, route, position, committed=True)
        for _at, header, alive in walk_committed(stretch.data, 0, len(stretch.data), stretch.aborted):
            if header.next_offset <= position:
                continue
            if alive:
                return header.base_timestamp
            position = header.next_offset
        if position >= stretch.stable or position == before:
            return None


class Batches(msgspec.Struct, frozen=True):
    """Committed batches of records as one ordinary Fetch brought them: their bytes, and where each begins."""

    data: bytearray
    places: Sequence[tuple[int, Header]]


async def committed_below(client: Client, route: TopicPartition, end: int) -> AsyncIterator[Batches]:
    """Yield what stands committed in a log below an offset, in order. BusError where it cannot be read, BatchError for a damaged batch."""
    await client.look([route.topic])
    position = await offset(client, route, EARLIEST) if end > 0 else 0
    while position < end:
        before = position
        stretch = await fetch(client, route, position, committed=True)
        places = []
        for at, header, alive in walk_committed(stretch.data, 0, len(stretch.data), stretch.aborted):
            if position < header.next_offset <= end and alive:
                places.append((at, header))
            position = max(position, header.next_offset)
        if places:
            yield Batches(stretch.data, places)
        if position == before:
            if position >= stretch.stable:
                raise Unavailable(f"{route}: read_committed ends at {stretch.stable}, below {end}: another transaction is still open there")
            return


async def oldest(client: Client, route: TopicPartition, start: int) -> tuple[int, int | None]:
    """Return how many offsets lie behind `start`, and the timestamp (ms) of the first committed record there."""
    await client.look([route.topic])
    try:
        end = await offset(client, route, LATEST)
        return max(end - start, 0), await first_committed(client, route, start) if end > start else None
    except BatchError as error:
        raise BusError(f"{route}: {error}") from error
