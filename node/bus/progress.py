"""Reading a shard's progress from its partition of the progress topic."""

import asyncio

from node.batch.records import records
from node.bus.client import Client
from node.bus.fetch import walk_committed
from node.bus.inspect import EARLIEST, LATEST, fetch, offset
from node.errors import BusError, DataError, Unavailable
from node.lane import Progress, TopicPartition
from node.lane.progress import decode, route_of
from node.model.limits import BACKOFF_FIRST_S, TRANSACTION_TIMEOUT_S

_WAIT_S = TRANSACTION_TIMEOUT_S + 5.0
"""Another lane's open transaction may hold the stable offset back: until it commits, or its coordinator aborts it."""


async def read_progress(client: Client, partition: TopicPartition, lane: str) -> dict[TopicPartition, Progress]:
    """Return the newest committed progress of each of a lane's routes in this partition.

    Call it after InitProducerId only: it reads up to the high watermark of now, and nothing of a former owner can come behind
    that. Unavailable if another transaction holds the stable offset below it for too long.
    """
    await client.look([partition.topic])
    found: dict[TopicPartition, Progress] = {}
    position, end = await offset(client, partition, EARLIEST), await offset(client, partition, LATEST)
    try:
        async with asyncio.timeout(_WAIT_S) as limit:
            while position < end:
                reached = await _read(client, partition, position, lane, found)
                if reached == position:
                    await asyncio.sleep(BACKOFF_FIRST_S)
                else:  # a partition that was not compacted for long may take long to read: only standing still is limited
                    limit.reschedule(asyncio.get_running_loop().time() + _WAIT_S)
                position = reached
    except TimeoutError as error:
        raise Unavailable(f"{partition}: an open transaction holds readers back at offset {position} of {end}") from error
    except DataError as error:
        raise BusError(f"{partition}: {error}") from error
    return found


async def _read(client: Client, partition: TopicPartition, start: int, lane: str, found: dict[TopicPartition, Progress]) -> int:
    stretch = await fetch(client, partition, start, committed=True)
    position = start
    for at, header, alive in walk_committed(stretch.data, 0, len(stretch.data), stretch.aborted):
        if alive:
            for record in records(memoryview(stretch.data)[at : at + header.size], header):
                route = route_of(record.key or b"", lane)
                if route is not None and record.value is None:
                    found.pop(route, None)
                elif route is not None and record.value is not None:
                    found[route] = decode(record.value)
        position = max(position, header.next_offset)
    return position
