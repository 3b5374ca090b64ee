"""Batches on their way through a transform: made, handed back or forgotten, and their bytes given back once."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from node.batch.build import build
from node.batch.header import read
from node.batch.records import Record
from node.bus.fetch import Piece
from node.bus.wire import Buffer
from node.errors import BatchError
from node.lane import Stop, TopicPartition
from node.lane import facts as f
from node.model.limits import GROUP_BYTES_MAX
from node.model.names import Topic
from node.runtime.transforming import Making, Transforming
from node.transform import Made, Write
from node.transform.shown import Shown
from tests.runtime.conftest import until

A, B = TopicPartition(Topic("445102.a.x.inbox"), 0), TopicPartition(Topic("445102.a.y.inbox"), 3)
RESOURCE = TopicPartition(Topic("445102.a.x"), 5)
ONE, TWO, THREE = (TopicPartition(Topic(f"445102.a.x.v-{name}"), 5) for name in ("one", "two", "three"))
SOURCES = dict.fromkeys((ONE, TWO, THREE), RESOURCE)
_DATA = build([Record(0, 0, None, b"value")], codec=0)


class Feed:
    """Counts the bytes that were given back."""

    def __init__(self) -> None:
        self.bytes = 0

    def settled(self, size: int, _sent_at: float) -> None:
        """Count them."""
        self.bytes += size


class Slow:
    """A transform that stands still until it is let go, takes so many batches at a time, and raises when it is told to."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.began = 0
        self.calls: list[tuple[int, int]] = []
        """partition and number of batches of each call"""
        self.takes = 1000
        self.error: Exception | None = None
        self.guilty: Topic | None = None
        """raise for this route alone"""
        self.routes: list[list[Topic]] = []
        """of each call"""

    def outcomes(self, route: Topic) -> Mapping[Topic, str]:
        """Where a route writes to."""
        return {route: "made"}

    def memory(self, _route: Topic, _key: bytes) -> Shown | None:
        """Keep nothing."""
        return None

    def make(self, partition: int, raws: Sequence[Write], now_ms: int, routes: Mapping[Topic, Shown | None]) -> dict[Topic, Made]:
        """Write the first of what is given."""
        self.began += 1
        assert self.go.wait(10)
        self.calls.append((partition, len(raws)))
        self.routes.append(list(routes))
        assert now_ms > 1_700_000_000_000
        if self.error is not None and (self.guilty is None or self.guilty in routes):
            raise self.error
        return {route: Made(min(self.takes, len(raws)), (raws[0],), {}, {}) for route in routes}


class Owner:
    """Orders batches and hears what becomes of them."""

    def __init__(self) -> None:
        self.closing = False
        self.transform, self.feed = Slow(), Feed()
        self.heard: list[tuple[str, TopicPartition, list[int]]] = []
        self.tasks: set[asyncio.Task[None]] = set()
        making = Making(lane="gate", source_of=lambda route: SOURCES.get(route, route), transform=self._transform, kept=lambda _route: None)
        self.transforming = Transforming(making, self, self._spawn)

    def _transform(self, topic: Topic) -> Slow:
        assert topic in {A.topic, B.topic, RESOURCE.topic}
        return self.transform

    def _spawn(self, work: object) -> None:
        self.tasks.add(asyncio.create_task(work))  # type: ignore[arg-type]  # a coroutine

    def order(self, route: TopicPartition, base: int, size: int = 0) -> None:
        """Order a batch; `size` stands in for its own."""
        self.share((route,), base, size)

    def share(self, routes: Sequence[TopicPartition], base: int, size: int = 0) -> None:
        """Order the same batch for several routes."""
        buffer = Buffer(bytearray(_DATA))
        header = read(_DATA, 0)
        piece = Piece(buffer, 0, header, self.feed, header.size)
        batch = f.Batch(base=base, next=base + 1, count=1, size=size or header.size, crc=0, timestamp=0, newest=0, handle=piece)
        buffer.use()
        for _ in routes[1:]:
            piece.use()
        for route in routes:
            self.transforming.take(f.Produce(route, 1, batch))

    def made(self, orders: Sequence[f.Produce], made: Made) -> None:
        """Hear what was made; it is written and given back."""
        assert made.taken == len(orders)
        self._hear("made", orders)
        for order in orders:
            _give_back(order)

    def handed_back(self, orders: Sequence[f.Produce]) -> None:
        """Hear what was not begun."""
        self._hear("back", orders)

    def failed(self, route: TopicPartition, stop: Stop | None, detail: str) -> None:
        """Hear that nothing can be made of a route."""
        assert detail
        self.heard.append((f"failed {stop.value}" if stop else "failed", route, []))

    def _hear(self, what: str, orders: Sequence[f.Produce]) -> None:
        assert len({order.route for order in orders}) == 1
        self.heard.append((what, orders[0].route, [order.batch.base for order in orders]))

    async def done(self) -> None:
        """Let the transform go and wait until all is made."""
        self.transform.go.set()
        await asyncio.gather(*self.tasks)


def _give_back(order: f.Produce) -> None:
    assert isinstance(order.batch.handle, Piece)
    order.batch.handle.release()


@contextmanager
def _held(owner: Owner) -> Iterator[Callable[[], bool]]:
    """Give a question whether the transform stands still in its thread, and let it go at the end whatever happens."""
    try:
        yield lambda: owner.transform.began > len(owner.transform.calls)
    finally:
        owner.transform.go.set()


async def test_what_is_ordered_together_is_made_together() -> None:
    """Batches of one route that come in one go are one group, those of another route the next."""
    owner = Owner()
    for base in (0, 1, 2):
        owner.order(A, base)
    owner.order(B, 7)
    owner.order(A, 3)
    await owner.done()
    assert owner.heard == [("made", A, [0, 1, 2, 3]), ("made", B, [7])]
    assert owner.transform.calls == [(0, 4), (3, 1)]


async def test_a_group_has_an_end() -> None:
    """Batches beyond GROUP_BYTES_MAX go with the next group; one that is larger by itself goes alone."""
    owner, half = Owner(), GROUP_BYTES_MAX // 2
    for base, size in enumerate((half, half, 1, GROUP_BYTES_MAX + 1, 1)):
        owner.order(A, base, size)
    await owner.done()
    assert [bases for _what, _route, bases in owner.heard] == [[0, 1], [2], [3], [4]]


async def test_what_the_transform_does_not_take_comes_first_again() -> None:
    """A transform may take only the first of what it is given."""
    owner = Owner()
    owner.transform.takes = 2
    for base in range(5):
        owner.order(A, base)
    await owner.done()
    assert [bases for _what, _route, bases in owner.heard] == [[0, 1], [2, 3], [4]]


async def test_what_comes_later_is_made_too() -> None:
    """Also what is ordered while the thread is at work, and after it has ended."""
    owner = Owner()
    with _held(owner) as standing:
        owner.order(A, 0)
        await until(standing)
        owner.order(A, 1)
    await owner.done()
    owner.order(A, 2)
    await owner.done()
    assert [bases for _what, _route, bases in owner.heard] == [[0], [1], [2]]


async def test_what_is_not_begun_goes_back_once_the_transaction_is_to_end() -> None:
    """What was in the thread is made; the rest comes back route by route, each in its order, and nothing more of it is made."""
    owner = Owner()
    owner.transform.takes = 2
    with _held(owner) as standing:
        for route, base in ((A, 0), (A, 1), (A, 2), (B, 7), (A, 3), (B, 8)):
            owner.order(route, base)
        await until(standing)
        owner.closing = True
    await owner.done()
    assert owner.heard[0] == ("made", A, [0, 1])
    assert sorted(owner.heard[1:]) == [("back", A, [2, 3]), ("back", B, [7, 8])]


async def test_something_is_made_in_each_transaction() -> None:
    """Also where it is to end before anything was begun: else nothing would ever move."""
    owner = Owner()
    owner.closing = True
    owner.order(A, 0, GROUP_BYTES_MAX)
    owner.order(A, 1, GROUP_BYTES_MAX)
    await owner.done()
    assert owner.heard == [("made", A, [0]), ("back", A, [1])]


async def test_what_is_forgotten_is_given_back_once_and_not_heard_of() -> None:
    """What waits at once, what is in the thread when it is done; orders of the next producer are made meanwhile."""
    owner = Owner()
    with _held(owner) as standing:
        owner.order(A, 0)
        await until(standing)
        owner.order(A, 1)
        owner.transforming.forget()
        assert owner.feed.bytes == len(_DATA)
        owner.order(A, 2)
    await owner.done()
    assert owner.heard == [("made", A, [2])]
    assert owner.feed.bytes == 3 * len(_DATA)


async def test_a_transform_that_fails_fails_its_route_alone() -> None:
    """The route is told, its bytes are given back, the log says where it was raised and nothing of what the error says."""
    owner = Owner()
    owner.transform.error = ValueError("a resident's name")
    with capture_logs() as logged:
        owner.order(A, 41)
        await owner.done()
    assert owner.heard == [("failed defect", A, [])]
    assert owner.feed.bytes == len(_DATA)
    (told,) = logged
    assert (told["event"], told["topic"], told["partition"], told["offset"]) == ("transform-failed", A.topic, A.partition, 41)
    assert told["cause"].startswith("ValueError in make, test_transforming.py:")
    assert "name" not in str(told)


async def test_after_a_failure_what_waits_is_the_owners_to_forget() -> None:
    """Nothing more is made of what waited behind it: it is rolled back with the transaction."""
    owner = Owner()
    owner.transform.error = ValueError()
    with _held(owner) as standing:
        owner.order(A, 0)
        await until(standing)
        owner.order(B, 1)
    await owner.done()
    assert owner.heard == [("failed defect", A, [])]
    owner.transforming.forget()
    assert owner.feed.bytes == 2 * len(_DATA)
    owner.transform.error = None
    owner.order(B, 1)
    await owner.done()
    assert owner.heard[1:] == [("made", B, [1])]


@pytest.mark.parametrize("closing", [False, True])
async def test_a_forgotten_failure_is_not_told(closing: bool) -> None:  # noqa: FBT001 - a case
    """What was rolled back while it was in the thread fails nobody."""
    owner = Owner()
    owner.transform.error = ValueError()
    owner.closing = closing
    with _held(owner) as standing:
        owner.order(A, 0)
        await until(standing)
        owner.transforming.forget()
    await owner.done()
    assert owner.heard == []
    assert owner.feed.bytes == len(_DATA)


async def test_routes_of_one_source_are_made_for_together() -> None:
    """Where they wait with the very same batches; each is told of its own, and the batch is given back when the last of them is done with it."""
    owner = Owner()
    owner.share((ONE, TWO, THREE), 0)
    owner.share((ONE, TWO, THREE), 1)
    await owner.done()
    assert owner.heard == [("made", route, [0, 1]) for route in (ONE, TWO, THREE)]
    assert owner.transform.calls == [(5, 2)]
    assert owner.transform.routes == [[ONE.topic, TWO.topic, THREE.topic]]
    assert owner.feed.bytes == 2 * len(_DATA)


async def test_a_route_that_is_behind_is_made_for_by_itself() -> None:
    """What is not the same batch is not shared, whatever its offset; from where they are level on they go together."""
    owner = Owner()
    owner.order(ONE, 0)
    owner.order(TWO, 0)
    owner.share((ONE, TWO), 1)
    await owner.done()
    assert [(what, route, bases) for what, route, bases in owner.heard if route == ONE] == [("made", ONE, [0, 1])]
    assert [(what, route, bases) for what, route, bases in owner.heard if route == TWO] == [("made", TWO, [0, 1])]
    owner.share((ONE, TWO), 2)
    await owner.done()
    assert owner.transform.routes[-1] == [ONE.topic, TWO.topic]


async def test_what_is_not_begun_goes_back_for_each_route() -> None:
    """Also of a group of which the transform took only the first batches."""
    owner = Owner()
    owner.transform.takes = 1
    owner.closing = True
    for base in range(3):
        owner.share((ONE, TWO), base)
    await owner.done()
    assert owner.heard == [("made", ONE, [0]), ("made", TWO, [0]), ("back", ONE, [1, 2]), ("back", TWO, [1, 2])]


async def test_where_several_fail_together_the_guilty_one_shows_itself() -> None:
    """Nobody is stopped for it at first; from then on each is made for alone, until the one that fails has failed alone."""
    owner = Owner()
    owner.transform.error, owner.transform.guilty = ValueError(), TWO.topic
    owner.share((ONE, TWO, THREE), 0)
    await owner.done()
    assert owner.heard == [("failed", ONE, [])]
    owner.transforming.forget()
    owner.heard.clear()
    owner.share((ONE, TWO, THREE), 0)
    await owner.done()
    assert owner.heard == [("made", ONE, [0]), ("failed defect", TWO, [])]
    owner.transforming.forget()
    owner.heard.clear()
    owner.share((ONE, THREE), 0)
    await owner.done()
    assert owner.transform.routes[-1] == [ONE.topic, THREE.topic]
    assert owner.heard == [("made", ONE, [0]), ("made", THREE, [0])]


async def test_what_a_source_cannot_hold_is_told_in_words() -> None:
    """A batch that cannot be what its source is said to hold stops its route as corrupt, not as a defect of the node."""
    owner = Owner()
    owner.transform.error = BatchError("offset 7: no record of its schema")
    owner.order(A, 7)
    await owner.done()
    assert owner.heard == [("failed corrupt", A, [])]


async def test_nothing_begins_while_what_was_forgotten_is_at_work() -> None:
    """A transform may keep something from group to group: two threads must not work on it."""
    owner = Owner()
    with _held(owner) as standing:
        owner.order(A, 0)
        await until(standing)
        owner.transforming.forget()
        owner.order(A, 1)
        rest = asyncio.create_task(owner.transforming.at_rest())
        await asyncio.sleep(0.05)
        assert owner.transform.began == 1
        assert not rest.done()
    await owner.done()
    await rest
    assert owner.heard == [("made", A, [1])]
