"""The sink of a shard: one transactional producer that writes raw batches and, with them, the progress.

One `Sink` is one life of a producer: after any failure it is closed and a new one is opened. It orders nothing by itself; the machine says
when to begin, produce, record, commit and abort.

- Up to five requests are in flight for each leading broker, each with at most one batch of a partition.
- The first batch of each partition in a transaction goes alone and is sent again unchanged on NOT_ENOUGH_REPLICAS and
  CONCURRENT_TRANSACTIONS: with a second one behind it, that one would take its place in the partition's sequence and break it.
- Sequences are ours and wrap to 0 at 2^31.
- A shard has connections of its own: a broker answers one connection's requests in turn, and a shard whose replicas are slow
  must not hold up the others.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

import msgspec
from aiokafka.protocol.transaction import AddPartitionsToTxnRequest, EndTxnRequest, InitProducerIdRequest

from node.batch.build import build
from node.batch.header import Header, read, restamp
from node.batch.records import Record
from node.bus.client import Client, Coordinator
from node.bus.faults import RETRY_FIRST_BATCH, name_of, raised, speaks_of_route, stop_of
from node.bus.fetch import Piece
from node.bus.produce import Packer, parse
from node.bus.wire import Acks
from node.errors import BusError, ProtocolError, Unavailable
from node.lane import Stop, TopicPartition
from node.lane.facts import Batch, Moved
from node.lane.progress import encode, key_of
from node.model.limits import INFLIGHT_MAX, MESSAGE_BYTES_MAX, REQUEST_TIMEOUT_S, TRANSACTION_TIMEOUT_S

_SEQUENCES = 1 << 31
_AGAIN_S = 0.002
"""Pause before a first batch is sent again: the markers of the last transaction take about a millisecond."""

Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Listener(Protocol):
    """Who owns the producer: the driver of one shard."""

    def settled(self, route: TopicPartition, generation: int, offset: int) -> None:
        """The oldest outstanding batch of a route stands in the target at `offset`."""

    def recorded(self) -> None:
        """The progress stands in the open transaction."""

    def target_failed(self, route: TopicPartition, stop: Stop | None, detail: str) -> None:
        """The target refuses a batch for a reason that lies in its route."""

    def lost(self, error: BusError) -> None:
        """The producer is of no use any more."""


class _Item(msgspec.Struct, eq=False):
    route: TopicPartition
    generation: int
    buffer: bytearray
    start: int
    header: Header
    batch: Batch | None


class _Sent(msgspec.Struct, eq=False):
    correlation: int
    at: float
    items: list[_Item]


class _Leader:
    """A broker that leads some of the shard's partitions: what waits for it and what is in flight to it."""

    def __init__(self, sink: "Sink", node: int) -> None:
        self._sink = sink
        self.node = node
        self.waiting: dict[TopicPartition, deque[_Item]] = {}
        self.sent: deque[_Sent] = deque()
        self.again: list[_Item] = []
        self.wire: Acks | None = None
        self._correlation = 0

    async def connect(self) -> None:
        wire = Acks(self._on_frame, self._on_lost)
        await self._sink.client.connect(self.node, wire)
        self.wire = wire
        self.pump()

    def pump(self) -> None:
        while self.wire is not None and len(self.sent) < INFLIGHT_MAX and not self._sink.closed:
            items = self._next()
            if not items:
                return
            self.send([self._sink.stamp(item) for item in items])

    def _next(self) -> list[_Item]:
        items, size = [], 0
        for route in list(self.waiting):
            if size >= MESSAGE_BYTES_MAX or not self._sink.may_send(route):
                continue
            queue = self.waiting[route]
            items.append(queue.popleft())
            size += items[-1].header.size
            if not queue:
                del self.waiting[route]
        return items

    def send(self, items: list[_Item]) -> None:
        assert self.wire is not None
        self._correlation += 1
        self.sent.append(_Sent(self._correlation, time.monotonic(), items))
        bodies = [(item.route, memoryview(item.buffer)[item.start : item.start + item.header.size]) for item in items]
        self.wire.send(self._sink.packer.pack(self._correlation, bodies))

    def _on_frame(self, data: bytearray, start: int, end: int) -> None:
        try:
            correlation, results = parse(data, start, end)
            if not self.sent or correlation != self.sent[0].correlation:
                raise ProtocolError(f"a produce reply numbered {correlation} that is not due")
        except ProtocolError as error:
            self._sink.lose(error)
            return
        sent = self.sent.popleft()
        found = {route: (code, offset) for route, code, offset in results}
        for item in sent.items:
            if not self._sink.answered(item, *found.get(item.route, (-1, -1))):
                if not self.again:
                    asyncio.get_running_loop().call_later(_AGAIN_S, self._resend)
                self.again.append(item)
        self.pump()

    def _resend(self) -> None:
        items, self.again = self.again, []
        if items and self.wire is not None:
            self.send(items)

    @property
    def busy(self) -> bool:
        """Something is in flight or about to be sent again."""
        return bool(self.sent or self.again)

    def held(self) -> list[_Item]:
        """Everything that is not answered yet."""
        waiting = [item for queue in self.waiting.values() for item in queue]
        return [*waiting, *self.again, *(item for sent in self.sent for item in sent.items)]

    def _on_lost(self, error: Exception | None) -> None:
        self.wire = None
        if self.busy or self.waiting:
            self._sink.lose(raised(13, f"connection to broker {self.node} ended: {error or 'closed by the broker'}"))
        else:
            self._sink.forget(self)  # an idle connection that the broker closed is opened again when it is needed


class Sink:
    """A transactional producer of one shard, for raw batches."""

    def __init__(
        self, client: Client, transactional_id: str, *, progress: TopicPartition, lane: str, listener: Listener, spawn: Spawn
    ) -> None:
        self.client = client
        self.packer = Packer(transactional_id, transactional_id)
        self.closed = False
        self.answered_at: float | None = None
        """monotonic time of the last EndTxn that was answered"""
        self._id = transactional_id
        self._progress = progress
        self._lane = lane
        self._listener = listener
        self._spawn = spawn
        self._coordinator = Coordinator(client, transactional_id)
        self._producer_id, self._epoch = -1, -1
        self._sequences: dict[TopicPartition, int] = {}
        self._leaders: dict[int, _Leader] = {}
        self._added: set[TopicPartition] = set()
        self._adding: list[_Item] = []
        self._first_out: set[TopicPartition] = set()
        self._first_settled: set[TopicPartition] = set()
        self._watching = False

    async def open(self) -> None:
        """Take the transactional.id: former owners are fenced and their transaction is ended (KIP-98)."""
        request = InitProducerIdRequest(self._id, int(TRANSACTION_TIMEOUT_S * 1000))
        answer, code = await self._coordinator.call(request)
        if code:
            raise raised(code, f"InitProducerId of {self._id}")
        self._producer_id, self._epoch = answer.producer_id, answer.producer_epoch

    def begin(self) -> None:
        """Begin a transaction: Kafka hears of it with the first partition that is added."""
        self._added.clear()
        self._first_out.clear()
        self._first_settled.clear()

    def produce(self, route: TopicPartition, generation: int, batch: Batch) -> None:
        """Write a fetched batch; its bytes are stamped in place and released when they are settled."""
        piece = batch.handle
        assert isinstance(piece, Piece)
        self._put(_Item(route, generation, piece.buffer.bytes, piece.start, piece.header, batch))

    def record(self, moved: Sequence[Moved], now_ms: int) -> None:
        """Write progress records in the open transaction."""
        records = [
            Record(offset=i, timestamp=now_ms, key=key_of(self._lane, move.route), value=encode(move.progress), headers=())
            for i, move in enumerate(moved)
        ]
        data = build(records, codec=0)
        self._put(_Item(self._progress, 0, data, 0, read(data, 0), None))

    async def end(self, *, commit: bool) -> None:
        """Commit or abort. After an exception nobody knows which of the two it was.

        Before an abort what is in flight is awaited: a batch that arrives behind the abort marker would open a transaction that
        nobody ends, on brokers without KIP-890.
        """
        if not commit:
            await self._quiesce()
        if not self._added:
            return
        _answer, code = await self._coordinator.call(EndTxnRequest(self._id, self._producer_id, self._epoch, commit))
        self.answered_at = time.monotonic()
        if code:
            raise raised(code, f"EndTxn ({'commit' if commit else 'abort'}) of {self._id}")

    def close(self) -> None:
        """Let go of all connections and of every buffer that was not settled."""
        self.closed = True
        self._drop_unsent()
        for leader in self._leaders.values():
            for item in leader.held():
                _release(item)
            leader.again = []
            if leader.wire is not None:
                leader.wire.close()
        self._leaders.clear()

    def _drop_unsent(self) -> None:
        for leader in self._leaders.values():
            for queue in leader.waiting.values():
                for item in queue:
                    _release(item)
            leader.waiting.clear()
        for item in self._adding:
            _release(item)
        self._adding = []

    async def _quiesce(self) -> None:
        self._drop_unsent()
        while any(leader.busy for leader in self._leaders.values()):  # noqa: ASYNC110 - a few ms, once, on the way to an abort
            await asyncio.sleep(_AGAIN_S)
        if self.closed:
            raise Unavailable(f"the connection of {self._id} ended before the abort")

    # ---- called by the leaders

    def may_send(self, route: TopicPartition) -> bool:
        """Tell whether the next batch of a route may go: not while its first one of the transaction is in doubt."""
        return route not in self._first_out or route in self._first_settled

    def stamp(self, item: _Item) -> _Item:
        """Give a batch its place in the partition's sequence and our header."""
        self._first_out.add(item.route)
        sequence = self._sequences.get(item.route, 0)
        crc = restamp(item.buffer, item.start, item.header, self._producer_id, self._epoch, sequence)
        self._sequences[item.route] = (sequence + item.header.count) % _SEQUENCES
        if item.batch is not None:
            item.batch.sent_crc = crc
        return item

    def answered(self, item: _Item, code: int, offset: int) -> bool:
        """Take the broker's answer for one batch; False: send it again as it is."""
        if code in RETRY_FIRST_BATCH and item.route not in self._first_settled:
            return False
        _release(item)
        if code:
            self._refused(item.route, code)
            return True
        self._first_settled.add(item.route)
        if item.batch is None:
            self._listener.recorded()
        else:
            self._listener.settled(item.route, item.generation, offset)
        return True

    def lose(self, error: BusError) -> None:
        """Say once that the producer is of no use any more."""
        if not self.closed:
            self.close()
            self._listener.lost(error)

    def forget(self, leader: _Leader) -> None:
        """Drop a leader whose idle connection ended."""
        self._leaders.pop(leader.node, None)

    # ---- partitions of the transaction

    def _put(self, item: _Item) -> None:
        if self.closed:
            _release(item)
        elif item.route in self._added:
            self._queue(item)
        else:
            self._adding.append(item)
            if len(self._adding) == 1:
                self._spawn(self._add())

    async def _add(self) -> None:
        """Add all partitions asked for by now, the progress partition with the first of them, then let their batches go."""
        await asyncio.sleep(0)
        wanted = ({item.route for item in self._adding} | {self._progress}) - self._added
        topics: dict[str, list[int]] = {}
        for route in sorted(wanted):
            topics.setdefault(route.topic, []).append(route.partition)
        try:
            request = AddPartitionsToTxnRequest(self._id, self._producer_id, self._epoch, list(topics.items()))
            answer, code = await self._coordinator.call(request)
        except BusError as error:
            self.lose(error)
            return
        if self.closed:
            return
        if code:
            self._not_added(answer, code)
            return
        self._added |= wanted
        items, self._adding = self._adding, []
        for item in items:
            self._put(item)

    def _not_added(self, answer: Any, code: int) -> None:
        codes = {TopicPartition(topic, p): c for topic, partitions in answer.errors for p, c in partitions if speaks_of_route(c)}
        for route, one in codes.items():
            self._refused(route, one)
        if not codes:
            self.lose(raised(code, f"AddPartitionsToTxn of {self._id}"))

    def _refused(self, route: TopicPartition, code: int) -> None:
        if route == self._progress or not speaks_of_route(code):
            self.lose(raised(code, f"{route}"))
        elif not self.closed:
            self._listener.target_failed(route, stop_of(code), name_of(code))

    def _queue(self, item: _Item) -> None:
        node = self.client.leader(*item.route)
        if node is None:
            _release(item)
            self.lose(raised(5, f"{item.route}"))
            return
        leader = self._leaders.get(node)
        if leader is None:
            leader = self._leaders[node] = _Leader(self, node)
            self._spawn(self._connect(leader))
        leader.waiting.setdefault(item.route, deque()).append(item)
        leader.pump()
        if not self._watching:
            self._watching = True
            self._spawn(self._watch())

    async def _connect(self, leader: _Leader) -> None:
        try:
            await leader.connect()
        except BusError as error:
            self.lose(error)

    async def _watch(self) -> None:
        """Give the producer up when a request stays unanswered."""
        while not self.closed:
            oldest = min((leader.sent[0].at for leader in self._leaders.values() if leader.sent), default=None)
            if oldest is None:
                break
            overdue = time.monotonic() - oldest
            if overdue > REQUEST_TIMEOUT_S:
                self.lose(raised(7, f"produce of {self._id}"))
            await asyncio.sleep(min(REQUEST_TIMEOUT_S - overdue + 0.01, 1.0) if overdue < REQUEST_TIMEOUT_S else 0)
        self._watching = False


def _release(item: _Item) -> None:
    if item.batch is not None:
        piece = item.batch.handle
        assert isinstance(piece, Piece)
        piece.release()
