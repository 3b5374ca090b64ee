"""Answers for node/bus/leader.py: one broker's batches out and answers in, with bounds on all that waits."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from node.batch.header import read
from node.bus import leader as module
from node.bus.client import Client, open_client
from node.bus.leader import Item, Leader
from node.bus.produce import Packer
from node.bus.security import Security
from node.errors import BusError, ProtocolError, Unavailable
from node.lane import TopicPartition
from node.model.limits import INFLIGHT_MAX
from node.model.names import Topic
from tests.bus.replies import batch
from tests.bus.scripted import PRODUCE, TOPIC, Answer, Asked, Broker, batches_of, hang_up, in_turn, open_broker, produced, silent

AGAIN = 51


class Owner:
    """A sink that lets everything pass and takes note."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.leader: Leader | None = None
        self.answers: list[tuple[int, int, int]] = []
        self.lost: list[BusError] = []
        self.dates: list[tuple[int, float]] = []
        self.forgotten = 0
        self.connecting: list[asyncio.Future[None]] = []
        self.changed = asyncio.Event()
        self.may: Callable[[TopicPartition], bool] = lambda _route: True

    def may_send(self, route: TopicPartition) -> bool:
        """As told."""
        return self.may(route)

    def stamp(self, item: Item) -> None:
        """Leave the batch as it is."""

    def answered(self, item: Item, code: int, offset: int) -> bool:
        """Send again what is refused for a moment."""
        self.changed.set()
        if code == AGAIN:
            return False
        self.answers.append((item.route.partition, code, offset))
        return True

    def dated(self, appended_ms: int, took_s: float) -> None:
        """Take note."""
        self.dates.append((appended_ms, took_s))

    def lose(self, error: BusError) -> None:
        """Close the leader, as the sink does."""
        self.lost.append(error)
        assert self.leader is not None
        self.leader.close()
        self.changed.set()

    def connect(self, leader: Leader) -> None:
        """Take note, and open it as the sink does."""
        self.connecting.append(asyncio.ensure_future(leader.connect(self.client)))

    def forget(self, leader: Leader) -> None:
        """Count."""
        assert leader is self.leader
        self.forgotten += 1
        self.changed.set()

    async def until(self, there: Callable[[], bool]) -> None:
        """Wait until something has been told."""
        async with asyncio.timeout(10):
            while not there():
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def _scene(answer: Answer = produced) -> AsyncIterator[tuple[Broker, Client, Owner, Leader]]:
    async with open_broker() as broker, open_client(broker.bootstrap, client_id="test", security=Security()) as client:
        broker.answers[PRODUCE] = answer
        await client.look([Topic(TOPIC)])
        owner = Owner(client)
        owner.leader = Leader(owner, Packer("test", "test"), 1)
        try:
            yield broker, client, owner, owner.leader
        finally:
            owner.leader.close()


def items(partitions: Iterable[int]) -> list[Item]:
    """Return a batch for each partition."""
    made = []
    for partition in partitions:
        data = batch(0, value=b"partition %d" % partition)
        made.append(Item(TopicPartition(Topic(TOPIC), partition), data, 0, read(data, 0), None))
    return made


def sent(broker: Broker) -> list[list[int]]:
    """Return the partitions of each produce request."""
    return [[partition for _topic, partition, _data in batches_of(asked)] for asked in broker.asked if asked.api == PRODUCE]


async def test_what_waits_for_the_connection_goes_together() -> None:
    """Batches of different partitions share a request, each as it was given; each is answered with its offset."""
    async with _scene(lambda asked: produced(asked, offset=70)) as (broker, client, owner, leader):
        given = items([0, 1, 2])
        for item in given:
            leader.take(item)
        await leader.connect(client)
        await owner.until(lambda: len(owner.answers) == 3)
        assert sent(broker) == [[0, 1, 2]]
        assert [data for asked in broker.asked if asked.api == PRODUCE for _t, _p, data in batches_of(asked)] == [
            item.buffer for item in given
        ]
        assert owner.answers == [(0, 0, 70), (1, 0, 70), (2, 0, 70)]
        assert not leader.busy


async def test_a_request_has_one_batch_of_a_partition_and_five_are_in_flight() -> None:
    """Brokers refuse two batches of a partition in a request, and remember five batches of a producer."""
    async with _scene(silent) as (broker, client, _owner, leader):
        for item in items([0] * 9):
            leader.take(item)
        await leader.connect(client)
        await broker.until(lambda: broker.count(PRODUCE) == INFLIGHT_MAX)
        assert sent(broker) == [[0]] * INFLIGHT_MAX
        assert leader.busy


async def test_what_may_not_go_waits_without_holding_up_others() -> None:
    """A route whose first batch is in doubt is passed by until it may go."""
    async with _scene() as (broker, client, owner, leader):
        owner.may = lambda route: route.partition != 0
        await leader.connect(client)
        for item in items([0, 1]):
            leader.take(item)
        await owner.until(lambda: len(owner.answers) == 1)
        owner.may = lambda _route: True
        leader.pump()
        await owner.until(lambda: len(owner.answers) == 2)
        assert sent(broker) == [[1], [0]]


async def test_a_reply_never_outgrows_its_buffer() -> None:
    """A thousand topics of the longest names that Kafka allows are asked in as many requests as their replies need."""
    async with _scene() as (broker, client, owner, leader):
        for number in range(1000):
            (item,) = items([number])
            item.route = TopicPartition(Topic(f"{number:0>249}"), number)
            leader.take(item)
        await leader.connect(client)
        await owner.until(lambda: len(owner.answers) == 1000 or bool(owner.lost))
        assert owner.lost == []
        assert max(map(len, sent(broker))) <= 200


async def test_a_batch_refused_for_a_moment_is_sent_again_unchanged() -> None:
    """The same bytes go again, with others between, after a pause that grows."""
    async with _scene(in_turn(*[lambda asked: produced(asked, [AGAIN, 0])] * 4, produced)) as (broker, client, owner, leader):
        for item in items([0, 1]):
            leader.take(item)
        began = asyncio.get_running_loop().time()
        await leader.connect(client)
        await owner.until(lambda: len(owner.answers) == 2)
        assert sent(broker) == [[0, 1], [0], [0], [0], [0]]
        assert len({data for asked in broker.asked if asked.api == PRODUCE for _t, p, data in batches_of(asked) if p == 0}) == 1
        assert owner.answers == [(1, 0, 0), (0, 0, 0)]
        assert asyncio.get_running_loop().time() - began >= 0.002 + 0.004 + 0.008 + 0.016


@pytest.mark.parametrize("answer", [silent, lambda asked: produced(asked, [AGAIN])], ids=["never-answered", "always-refused"])
async def test_a_batch_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    """The very first batch over a new connection too: after the limit the producer is lost, and few requests were spent on it."""
    monkeypatch.setattr(module, "REQUEST_TIMEOUT_S", 0.3)
    async with _scene(answer) as (broker, client, owner, leader):
        leader.take(*items([0]))
        await leader.connect(client)
        await owner.until(lambda: bool(owner.lost))
        assert [type(error) for error in owner.lost] == [Unavailable]
        assert "REQUEST_TIMED_OUT" in str(owner.lost[0])
        assert not leader.busy
        assert broker.count(PRODUCE) < 15


async def test_settled_batches_set_no_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is a batch's own: traffic that goes on for longer than it is no reason to give up."""
    monkeypatch.setattr(module, "REQUEST_TIMEOUT_S", 0.1)
    async with _scene() as (_broker, client, owner, leader):
        await leader.connect(client)
        loop = asyncio.get_running_loop()
        until = loop.time() + 0.35
        while loop.time() < until:
            count = len(owner.answers)
            leader.take(*items([0]))
            await owner.until(lambda count=count: len(owner.answers) > count)  # type: ignore[misc]  # bound now
        assert owner.lost == []


async def test_a_connection_closed_while_idle_is_no_alarm() -> None:
    """Brokers close idle connections after ten minutes: that costs nothing."""
    async with _scene() as (broker, client, owner, leader):
        leader.take(*items([0]))
        await leader.connect(client)
        await owner.until(lambda: len(owner.answers) == 1)
        broker.hang_up()
        await owner.until(lambda: owner.forgotten == 1)
        assert owner.lost == []


async def test_a_connection_lost_in_flight_loses_the_producer() -> None:
    """Nobody knows whether the batch was written: that is told once, and nothing is sent any more."""
    async with _scene(hang_up) as (_broker, client, owner, leader):
        leader.take(*items([0]))
        await leader.connect(client)
        await owner.until(lambda: bool(owner.lost))
        assert isinstance(owner.lost[0], Unavailable)
        assert "broker 1" in str(owner.lost[0])
        assert (len(owner.lost), owner.answers, leader.busy) == (1, [], False)


async def test_closing_while_connecting_leaves_no_connection() -> None:
    """A connection that comes when the producer is gone must be closed, for nobody else knows of it."""
    async with _scene() as (broker, client, _owner, leader):
        raw, before = [], broker.connections
        original = client.connect

        async def close_as_it_comes(node: int, wire: Any) -> Any:
            await original(node, wire)
            raw.append(wire)
            leader.close()
            return wire

        client.connect = close_as_it_comes  # type: ignore[method-assign]  # the moment that matters
        await leader.connect(client)
        assert broker.connections == before + 1
        assert raw[0].closed


@pytest.mark.parametrize("sent_again", [True, False])
async def test_closing_forgets_all_that_is_unsettled(sent_again: bool) -> None:  # noqa: FBT001 - a case
    """What waits, what is in flight and what is about to be sent again: the buffers are others' from then on, so nothing of it may leave."""
    answer: Answer = (lambda asked: produced(asked, [AGAIN])) if sent_again else silent
    async with _scene(answer) as (broker, client, owner, leader):
        before = len(broker.open)
        owner.may = lambda route: route.partition == 0
        for item in items([0, 1, 1, 1]):
            leader.take(item)
        await leader.connect(client)
        await broker.until(lambda: broker.count(PRODUCE) == 1)
        if sent_again:
            await owner.until(lambda: bool(leader._again))
        owner.may = lambda _route: True
        leader.close()
        assert not leader.busy
        leader.close()
        leader.pump()
        leader._resend()
        await broker.until(lambda: len(broker.open) == before)
        assert (broker.count(PRODUCE), owner.answers, owner.lost) == (1, [], [])


@pytest.mark.parametrize(
    "answer",
    [lambda asked: produced(asked)[:-1], lambda _asked: b"\xff" * 40, lambda asked: produced(asked) + b"\0"],
    ids=["cut", "garbage", "too-long"],
)
async def test_a_reply_that_cannot_be_read_loses_the_producer(answer: Answer) -> None:
    """It is not guessed at what it might have said."""
    async with _scene(answer) as (_broker, client, owner, leader):
        leader.take(*items([0]))
        await leader.connect(client)
        await owner.until(lambda: bool(owner.lost))
        assert [type(error) for error in owner.lost] == [ProtocolError]


async def test_a_reply_to_another_request_loses_the_producer() -> None:
    """Replies come in the order of the requests: any other number means that the two sides have lost each other."""
    async with _scene() as (broker, client, owner, leader):

        def misnumbered(asked: Asked) -> None:
            reply = produced(asked)
            (writer,) = [one for one in broker.open if one.get_extra_info("peername") == raw_address()]
            writer.write(struct.pack(">ii", len(reply) + 4, asked.correlation + 1) + reply)

        def raw_address() -> object:
            assert leader._wire is not None
            assert leader._wire._transport is not None
            return leader._wire._transport.get_extra_info("sockname")

        broker.answers[PRODUCE] = misnumbered
        await leader.connect(client)
        leader.take(*items([0]))
        await owner.until(lambda: bool(owner.lost))
        assert [type(error) for error in owner.lost] == [ProtocolError]


async def test_a_batch_that_a_reply_leaves_out_has_an_unknown_error() -> None:
    """Silence about a batch is no success."""
    empty = struct.pack(">ii", 0, 0)
    async with _scene(lambda _asked: empty) as (_broker, client, owner, leader):
        leader.take(*items([3]))
        await leader.connect(client)
        await owner.until(lambda: bool(owner.answers))
        assert owner.answers == [(3, -1, -1)]


def over(broker: Broker) -> list[int]:
    """Return over which connection each produce request came."""
    return [asked.connection for asked in broker.asked if asked.api == PRODUCE]


def age(leader: Leader) -> None:
    """Let the login of a leader's connection have got old."""
    assert leader._wire is not None
    leader._wire._aged_at = 0.0


async def test_an_aged_connection_is_renewed_when_nothing_is_in_flight_and_before_anything_is_sent() -> None:
    """What is in flight is still answered, nothing new goes on the old connection, nothing is lost and the order is kept."""
    async with _scene() as (broker, client, owner, leader):
        broker.waits[PRODUCE] = asyncio.Event()
        await leader.connect(client)
        first = broker.connections
        for item in items([0, 1]):
            leader.take(item)
        await broker.until(lambda: broker.count(PRODUCE) == 1)
        age(leader)
        for item in items([2, 3]):
            leader.take(item)
        assert (len(leader._sent), owner.connecting) == (2, []), "the second one was on its way before"
        broker.waits[PRODUCE].set()
        await owner.until(lambda: len(owner.answers) == 4)
        assert [partition for partition, _code, _offset in owner.answers] == [0, 1, 2, 3]
        assert over(broker) == [first, first, first + 1]
        assert (len(owner.connecting), owner.lost, owner.forgotten) == (1, [], 0)
        await broker.until(lambda: len(broker.open) == 2)  # the client's own, and the new one


async def test_an_aged_connection_is_renewed_though_a_batch_was_refused_for_a_moment() -> None:
    """It is sent again over the old one, for it is in flight as far as order goes; what comes behind it waits for the new one."""
    async with _scene(in_turn(lambda asked: produced(asked, [AGAIN]), produced)) as (broker, client, owner, leader):
        await leader.connect(client)
        first = broker.connections
        leader.take(*items([0]))
        await owner.until(lambda: bool(leader._again))
        age(leader)
        leader.take(*items([1]))
        await owner.until(lambda: len(owner.answers) == 2)
        assert (sent(broker), over(broker), owner.lost) == ([[0], [0], [1]], [first, first, first + 1], [])


async def test_an_idle_connection_that_has_aged_is_renewed_before_it_is_used() -> None:
    """The broker would end it with that very request, and nobody would know whether the batch was written."""
    async with _scene() as (broker, client, owner, leader):
        await leader.connect(client)
        first = broker.connections
        age(leader)
        leader.take(*items([0]))
        leader.take(*items([1]))
        await owner.until(lambda: len(owner.answers) == 2)
        assert (over(broker), len(owner.connecting), owner.lost) == ([first + 1], 1, [])
