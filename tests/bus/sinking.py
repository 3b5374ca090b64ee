"""A sink's surroundings: a shard that takes note of what it hears, batches whose bytes are counted, transactions in one call."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from node.batch.header import read
from node.bus.client import Client
from node.bus.fetch import Piece
from node.bus.sink import Sink
from node.bus.wire import Buffer
from node.errors import BusError
from node.lane import Progress, Stop, TopicPartition
from node.lane.facts import Batch, Moved
from tests.bus.replies import TIME_MS

Spawn = Callable[[Coroutine[Any, Any, None]], object]
LANE = "link-up"


class Shard:
    """Takes note of what a sink tells, and of the buffers that came back."""

    def __init__(self) -> None:
        self.settlements: list[tuple[TopicPartition, int, int]] = []
        self.recordings = 0
        self.failures: list[tuple[TopicPartition, Stop | None, str]] = []
        self.errors: list[BusError] = []
        self.settled_bytes = 0
        self.lent = 0
        self.changed = asyncio.Event()

    def settled(self, route: TopicPartition | int, generation: int = 0, offset: int = 0) -> None:
        """As a listener take a batch that stands; as the feed that lent the bytes take their count."""
        if isinstance(route, int):
            self.settled_bytes += route
        else:
            self.settlements.append((route, generation, offset))
        self.changed.set()

    def recorded(self) -> None:
        """Count."""
        self.recordings += 1
        self.changed.set()

    def target_failed(self, route: TopicPartition, stop: Stop | None, detail: str) -> None:
        """Take note."""
        self.failures.append((route, stop, detail))
        self.changed.set()

    def lost(self, error: BusError) -> None:
        """Take note."""
        self.errors.append(error)
        self.changed.set()

    def lend(self, data: bytearray) -> Batch:
        """Return a batch as the source hands it on."""
        header = read(data, 0)
        buffer = Buffer(data, lambda _buffer: setattr(self, "lent", self.lent - 1))
        buffer.use()
        self.lent += 1
        return Batch(
            base=header.base_offset, next=header.next_offset, count=header.count, size=header.size, crc=header.crc,
            timestamp=TIME_MS, newest=TIME_MS, handle=Piece(buffer, 0, header, self, header.size),
        )  # fmt: skip

    async def until(self, there: Callable[[], bool]) -> None:
        """Wait until something has been told; losing the producer ends the wait as well."""
        async with asyncio.timeout(15):
            while not there():
                assert not self.errors, self.errors
                self.changed.clear()
                await self.changed.wait()


def moved(route: TopicPartition, after: int) -> Moved:
    """Return progress that stands behind `after` source offsets."""
    progress = Progress(source_id=str(uuid.UUID(int=1)), next=after, target_id=str(uuid.UUID(int=2)))
    return Moved(route=route, progress=progress, batches=1, records=1, bytes=1, ages=())


@asynccontextmanager
async def opened(client: Client, transactional_id: str, progress: TopicPartition, spawn: Spawn) -> AsyncIterator[tuple[Sink, Shard]]:
    """Open a sink that is closed at the end, and see that it has let go of all bytes then."""
    shard = Shard()
    sink = Sink(client, transactional_id, progress=progress, lane=LANE, listener=shard, spawn=spawn)
    await client.look([progress.topic])
    await sink.open()
    try:
        yield sink, shard
    finally:
        sink.close()
        assert shard.lent == 0


async def carry(sink: Sink, shard: Shard, route: TopicPartition, *data: bytearray) -> None:
    """Write batches and progress in one transaction and commit it."""
    settled, recorded = len(shard.settlements), shard.recordings
    sink.begin()
    for one in data:
        sink.produce(route, 1, shard.lend(one))
    await shard.until(lambda: len(shard.settlements) == settled + len(data))
    sink.record([moved(route, 9)], TIME_MS)
    await shard.until(lambda: shard.recordings == recorded + 1)
    await sink.end(commit=True)
