"""Answers for node/bus/source.py too: routes that share a source, by chance."""

import asyncio
import random
from collections.abc import Iterator, Sequence

import pytest

from node.batch.header import read
from node.bus.fetch import Piece
from node.bus.source import Source
from node.lane import TopicPartition
from node.transform import Care
from tests.bus.replies import batch, marker
from tests.bus.scripted import FETCH, Asked
from tests.bus.sharing import HERE, Log, feed_of, scene, viewing
from tests.bus.sourcing import Noting, view_of


def _random_log(dice: random.Random) -> Iterator[bytearray]:
    """Yield batches of one to four records, some of them behind holes, and markers of committed transactions between."""
    offset = 0
    while offset < 200:
        offset += dice.choice((0, 0, 0, 1, 3))
        one = batch(offset, dice.randint(1, 4), producer=7) if dice.random() < 0.8 else marker(offset, 7, commit=True)
        yield one
        offset = read(one, 0).next_offset


class Chance:
    """Holds, releases, follows, lets go and gives back at random; what each route must have got in the end follows from where it began."""

    def __init__(self, dice: random.Random, log: Log) -> None:
        self.dice, self.log = dice, log
        self.taker = Noting(keeps=True)
        self.began: dict[TopicPartition, int] = {}
        self.gone: set[TopicPartition] = set()

    def step(self, source: Source) -> None:
        """Do something, or nothing."""
        dice, here = self.dice, [route for route in self.began if route not in self.gone]
        match dice.randrange(8):
            case 0 if len(self.began) < 8:
                route = view_of(HERE.topic, len(self.began))
                self.began[route] = dice.randrange(self.log.end)
                source.follow(viewing(source.client, self.taker, route, self.began[route], care=Care.CUT))
            case 1 if len(here) > 2:
                gone = dice.choice(here)
                self.gone.add(gone)
                source.unfollow(gone)
            case 2 | 3 if here:
                source.hold(dice.choice(here), held=dice.random() < 0.5)
            case 4 if held := self.taker.held:
                piece = held.pop(dice.randrange(len(held))).handle
                assert isinstance(piece, Piece)
                piece.release()
            case _:
                pass

    def expected(self, route: TopicPartition) -> list[int]:
        """Return the offsets of all records from where a route began."""
        headers = [read(one, 0) for one in self.log.batches]
        every = [offset for one in headers if not one.is_control for offset in range(one.base_offset, one.next_offset)]
        return [offset for offset in every if offset >= self.began[route]]

    def check(self) -> None:
        """See that each got everything once and in order, and who was let go a beginning of it."""
        for route in self.began:
            got, all_of_it = self.taker.offsets(route), self.expected(route)
            assert got == (all_of_it[: len(got)] if route in self.gone else all_of_it), route


@pytest.mark.parametrize("seed", range(20))
async def test_each_gets_everything_once_whatever_the_others_do(seed: int) -> None:
    """Routes that come, go, rest and give back at any moment of a Fetch: in order, nothing twice, nothing missing, no byte left over."""
    dice = random.Random(seed)
    log = Log(*_random_log(dice))
    chance = Chance(dice, log)
    async with scene(log, chance.taker) as (broker, source):

        def answer(asked: Asked) -> bytes | None:
            log.most = dice.randint(1, 12)
            if len(log.places) < 150:
                chance.step(source)
            return log.answer(asked)

        broker.answers[FETCH] = answer
        while not chance.began:
            chance.step(source)
        staying: Sequence[TopicPartition] = ()
        async with asyncio.timeout(15):
            while not staying or any(chance.taker.positions.get(route, 0) < log.end for route in staying):
                await asyncio.sleep(0.001)
                chance.step(source)
                staying = [route for route in chance.began if route not in chance.gone]
                if len(log.places) >= 150 or dice.random() < 0.01:
                    for route in staying:
                        source.hold(route, held=False)
        chance.check()
        for route in staying:
            source.unfollow(route)
        chance.taker.release()
        assert (feed_of(source)._unsettled, feed_of(source).followers) == (0, {})
