"""A source's surroundings: a taker that notes what it hears and gives the bytes back, or keeps them."""

import asyncio
from collections.abc import Callable
from itertools import takewhile

from node.batch.header import read
from node.batch.records import Record, records
from node.bus.client import Client
from node.bus.fetch import Piece, topic_id
from node.bus.follower import Following
from node.lane import Stop, TopicPartition
from node.lane.facts import Batch
from node.model.names import Topic
from node.transform import Care


class Taker:
    """Who follows routes: keeps the records of each, and the batches themselves until they are released.

    `again` is called with a route that only a look at both sides can tell of, and may follow it anew from its position.
    """

    def __init__(self, *, keeps: bool = False) -> None:
        self.keeps = keeps
        self.again: Callable[[TopicPartition], object] = lambda _route: None
        self.records: dict[TopicPartition, list[Record]] = {}
        self.positions: dict[TopicPartition, int] = {}
        self.held: list[Batch] = []
        self.failures: list[tuple[TopicPartition, int, Stop | None, str]] = []
        self.replies = 0
        self.changed = asyncio.Event()

    def fetched(self, route: TopicPartition, generation: int, batches: list[Batch], position: int, end: int) -> None:
        """Read the records and give the bytes back, or keep them."""
        assert generation > 0
        assert self.positions.get(route, 0) <= position <= end
        self.replies += 1
        self.positions[route] = position
        for batch in batches:
            piece = batch.handle
            assert isinstance(piece, Piece)
            data = piece.buffer.view[piece.start : piece.start + batch.size]
            self.records.setdefault(route, []).extend(records(data, read(data, 0)))
        self.held += batches
        if not self.keeps:
            self.release()
        self.changed.set()

    def source_failed(self, route: TopicPartition, generation: int, stop: Stop | None, detail: str) -> None:
        """Take note."""
        self.failures.append((route, generation, stop, detail))
        self.changed.set()
        if stop is None:
            self.again(route)

    def release(self) -> None:
        """Give back what is kept."""
        held, self.held = self.held, []
        for batch in held:
            assert isinstance(batch.handle, Piece)
            batch.handle.release()

    @property
    def held_bytes(self) -> tuple[int, int]:
        """Bytes of the batches that are kept, and of the buffers that they lie in."""
        buffers = {id(piece.buffer): len(piece.buffer.bytes) for batch in self.held if isinstance(piece := batch.handle, Piece)}
        return sum(batch.size for batch in self.held), sum(buffers.values())

    def values(self, route: TopicPartition) -> list[bytes | None]:
        """Return the values of a route's records so far."""
        return [record.value for record in self.records.get(route, [])]

    async def until(self, there: Callable[[], bool]) -> None:
        """Wait until something has been told."""
        async with asyncio.timeout(15):
            while not there():
                self.changed.clear()
                await self.changed.wait()


class Noting(Taker):
    """Keeps in mind, too, which batches each route got."""

    def __init__(self, *, keeps: bool = False) -> None:
        super().__init__(keeps=keeps)
        self.batches: dict[TopicPartition, list[Batch]] = {}

    def fetched(self, route: TopicPartition, generation: int, batches: list[Batch], position: int, end: int) -> None:
        """Take note."""
        self.batches.setdefault(route, []).extend(batches)
        super().fetched(route, generation, batches, position, end)

    def offsets(self, route: TopicPartition) -> list[int]:
        """Return the offsets of a route's records so far, where their keys tell them: `k<offset>`."""
        return [int((record.key or b"k-1")[1:]) for record in self.records.get(route, [])]

    def shared(self, one: TopicPartition, other: TopicPartition) -> int:
        """Return how many of the batches that came last are the same for both."""
        pairs = zip(reversed(self.batches.get(one, [])), reversed(self.batches.get(other, [])), strict=False)
        return sum(1 for _pair in takewhile(lambda pair: pair[0] is pair[1], pairs))


def view_of(topic: Topic, number: int) -> TopicPartition:
    """Return a route that is read from a topic's partition 0."""
    return TopicPartition(Topic(f"{topic}.v-{number:012x}"), 0)


def following(
    client: Client,
    route: TopicPartition,
    taker: Taker,
    *,
    source: TopicPartition | None = None,
    position: int = 0,
    generation: int = 1,
    care: Care = Care.RAW,
) -> Following:
    """Return what a shard hands to the source after it has looked at both sides; without a source a route is its own."""
    source = source or route
    info = client.topic(source.topic)
    assert info is not None
    number = topic_id(str(info.id))
    return Following(route=route, source=source, topic_id=number, generation=generation, position=position, care=care, listener=taker)
