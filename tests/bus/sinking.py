"""A sink's surroundings: a shard that takes note of what it hears, batches whose bytes are counted, transactions in one call."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from node.batch.header import read
from node.bus.client import Client
from node.bus.fetch import Piece
from node.bus.sink import Sink
from node.bus.wire import Buffer
from node.errors import BusError
from node.lane import Progress, Stop, TopicPartition, Written
from node.lane.facts import Batch, Moved, Wrote
from node.model.names import Topic
from node.transform import Write
from tests.bus.replies import TIME_MS

Spawn = Callable[[Coroutine[Any, Any, None]], object]
LANE = "link-up"


class Lender:
    """Counts the bytes that were given back."""

    def __init__(self) -> None:
        self.bytes = 0

    def settled(self, size: int, _sent_at: float) -> None:
        """Count them."""
        self.bytes += size


class Shard:
    """Takes note of what a sink tells, and of the buffers that came back."""

    def __init__(self) -> None:
        self.settlements: list[tuple[TopicPartition, int, Sequence[Wrote]]] = []
        self.recordings = 0
        self.failures: list[tuple[TopicPartition, Stop | None, str]] = []
        self.errors: list[BusError] = []
        self.lender = Lender()
        self.lent = 0
        self.changed = asyncio.Event()
        self.at_settled: Callable[[], object] = lambda: None
        """done whenever a batch is settled"""

    def settled(self, route: TopicPartition, generation: int, wrote: Sequence[Wrote]) -> None:
        """Take a batch that stands."""
        self.settlements.append((route, generation, wrote))
        self.at_settled()
        self.changed.set()

    @property
    def offsets(self) -> list[int]:
        """Return the target offsets of all that was settled, in the order in which it was told."""
        return [one.offset for _route, _generation, wrote in self.settlements for one in wrote]

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
            timestamp=TIME_MS, newest=TIME_MS, handle=Piece(buffer, 0, header, self.lender, header.size),
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
    before = Progress(source_id=str(uuid.UUID(int=1)), next=0, targets={route.topic: Written(id=str(uuid.UUID(int=2)))})
    return Moved(route=route, before=before, progress=msgspec.structs.replace(before, next=after), ages=())


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


def raw(batch: Batch, topic: Topic) -> Write:
    """Return the write that carries a batch as it is."""
    piece = batch.handle
    assert isinstance(piece, Piece)
    return Write(topic, piece.buffer.bytes, piece.start, piece.header)


def link(sink: Sink, shard: Shard, route: TopicPartition, data: bytearray) -> None:
    """Produce a batch as a link does: as it is, to the topic of the same name."""
    batch = shard.lend(data)
    sink.produce(route, 1, (batch,), (raw(batch, route.topic),))


async def carry(sink: Sink, shard: Shard, route: TopicPartition, *data: bytearray) -> None:
    """Write batches and progress in one transaction and commit it."""
    settled, recorded = len(shard.settlements), shard.recordings
    sink.begin()
    for one in data:
        link(sink, shard, route, one)
    await shard.until(lambda: len(shard.settlements) == settled + len(data))
    sink.record([moved(route, 9)], TIME_MS)
    await shard.until(lambda: shard.recordings == recorded + 1)
    await sink.end(commit=True)
