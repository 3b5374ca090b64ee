"""What tests of routes that share a source have in common: a log on a scripted broker, and a source that follows several routes of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from node.batch.header import read
from node.bus.client import Client, open_client
from node.bus.feed import Feed
from node.bus.follower import Following
from node.bus.security import Security
from node.bus.source import Source, open_source
from node.lane import TopicPartition
from node.model.limits import FETCH_WAIT_S
from node.model.names import Topic
from node.transform import Care
from tests.bus.replies import Part, batch, fetch_body
from tests.bus.scripted import FETCH, TOPIC, TOPIC_ID, Asked, Broker, open_broker, wanted_of
from tests.bus.sourcing import Taker, following, view_of

HERE = TopicPartition(Topic(TOPIC), 0)
ONE, OTHER, THIRD = (view_of(HERE.topic, number) for number in range(3))


class Log:
    """What the scripted broker holds of the one partition. A Fetch brings at most `most` batches, `growth` batches are written at each."""

    def __init__(self, *batches: bytearray, most: int = 1000) -> None:
        self.batches = list(batches)
        self.most = most
        self.growth = 0
        self.places: list[int] = []
        """the offset of each Fetch, in turn"""
        self.waits_ms: list[int] = []
        self.mute = False
        """as a broker that waits for what comes"""

    @property
    def end(self) -> int:
        """Where the next batch begins."""
        return read(self.batches[-1], 0).next_offset

    def grow(self, count: int) -> None:
        """Write batches of two records."""
        for _ in range(count):
            self.batches.append(batch(self.end, 2))

    def answer(self, asked: Asked) -> bytes | None:
        """Answer as a broker does, but for what it would wait: at once where somebody waits for the reply, else when something is there."""
        wait_ms, ((partition, offset),) = wanted_of(asked)  # one entry for the partition, whoever follows it
        assert partition == 0
        self.waits_ms.append(wait_ms)
        self.places.append(offset)
        self.grow(self.growth)
        part = self.part(offset)
        return None if self.mute and not part.data and wait_ms == FETCH_WAIT_S * 1000 else fetch_body({TOPIC_ID.bytes: [part]})

    def part(self, offset: int) -> Part:
        """Return what a Fetch from an offset brings."""
        rest = [one for one in self.batches if read(one, 0).next_offset > offset]
        return Part(stable=self.end, data=b"".join(rest[: self.most]))


@asynccontextmanager
async def scene(log: Log, taker: Taker, *routes: tuple[TopicPartition, int], care: Care = Care.RAW) -> AsyncIterator[tuple[Broker, Source]]:
    """A source on a scripted broker that follows these routes, all read from the one partition, from these offsets on."""
    async with open_broker() as broker, open_client(broker.bootstrap, client_id="test", security=Security()) as client:
        broker.answers[FETCH] = log.answer
        await client.look([HERE.topic])
        async with open_source(client, "test") as source:
            for route, position in routes:
                source.follow(viewing(client, taker, route, position, care=care))
            yield broker, source


def viewing(client: Client, taker: Taker, route: TopicPartition, position: int, *, care: Care = Care.RAW) -> Following:
    """Return a route that is read from the one partition."""
    return following(client, route, taker, source=HERE, position=position, care=care)


def feed_of(source: Source) -> Feed:
    """Return the one connection."""
    (feed,) = source._feeds.values()
    return feed


async def until_placed(source: Source) -> None:
    """Wait until all routes are on their connections."""
    async with asyncio.timeout(5):
        while source._unplaced:
            await asyncio.sleep(0)


def log_of(count: int, *, most: int = 1000, mute: bool = True) -> Log:
    """Return a log of batches of two records."""
    log = Log(batch(0, 2), most=most)
    log.mute = mute
    log.grow(count - 1)
    return log
