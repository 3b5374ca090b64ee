"""The sink of a shard: one transactional producer that writes raw batches and, with them, the progress.

One `Sink` is one life of a producer: after any failure it is closed and a new one is opened. It orders nothing by itself; the machine says
when to begin, produce, record, commit and abort.

- Each leading broker has its own connection and requests in flight (see `leader`).
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

from aiokafka.protocol.transaction import AddPartitionsToTxnRequest, EndTxnRequest, InitProducerIdRequest

from node.batch.build import build
from node.batch.header import read, restamp
from node.batch.records import Record
from node.bus.client import Client, Coordinator
from node.bus.faults import RETRY_FIRST_BATCH, name_of, raised, speaks_of_route, stop_of
from node.bus.fetch import Piece
from node.bus.leader import Group, Item, Leader
from node.bus.produce import Packer
from node.errors import BusError, Unavailable
from node.lane import Stop, TopicPartition
from node.lane.facts import Batch, Moved, Wrote
from node.lane.progress import encode, key_of
from node.model.limits import TRANSACTION_TIMEOUT_S
from node.transform import Write

_SEQUENCES = 1 << 31
_QUIESCE_S = 0.002

Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Listener(Protocol):
    """Who owns the producer: the driver of one shard."""

    def settled(self, route: TopicPartition, generation: int, wrote: Sequence[Wrote]) -> None:
        """What was made of the oldest outstanding batch of a route stands in its targets."""

    def recorded(self) -> None:
        """The progress stands in the open transaction."""

    def target_failed(self, route: TopicPartition, stop: Stop | None, detail: str) -> None:
        """The target refuses a batch for a reason that lies in its route."""

    def lost(self, error: BusError) -> None:
        """The producer is of no use any more."""


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
        self._leaders: dict[int, Leader] = {}
        self._added: set[TopicPartition] = set()
        self._adding: list[Item] = []
        self._first_out: set[TopicPartition] = set()
        self._first_settled: set[TopicPartition] = set()
        self._groups: dict[TopicPartition, deque[Group]] = {}
        """by route, what is not settled yet, oldest first"""

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

    def produce(self, route: TopicPartition, generation: int, batches: Sequence[Batch], writes: Sequence[Write]) -> None:
        """Write what was made of a route's oldest batches, in order; they are settled, and their bytes released, when all of it stands.

        What is written is stamped in place.
        """
        if self.closed:
            release(batches)
            return
        now = time.monotonic()
        for batch in batches:
            assert isinstance(batch.handle, Piece)
            batch.handle.sent_at = now
        group = Group(route, generation, batches, len(writes), [])
        self._groups.setdefault(route, deque()).append(group)
        for one in writes:
            target = route if one.topic == route.topic else TopicPartition(one.topic, route.partition)
            self._put(Item(target, one.data, one.start, one.header, group, hidden=one.hidden))
        if not writes:
            self._settle(route)

    def record(self, moved: Sequence[Moved], now_ms: int) -> None:
        """Write progress records in the open transaction."""
        records = [
            Record(offset=i, timestamp=now_ms, key=key_of(self._lane, move.route), value=encode(move.progress), headers=())
            for i, move in enumerate(moved)
        ]
        data = build(records, codec=0)
        self._put(Item(self._progress, data, 0, read(data, 0), None))

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
        self._adding = []
        leaders, self._leaders = self._leaders, {}
        for leader in leaders.values():
            leader.close()
        self._release_groups()

    def _release_groups(self) -> None:
        groups, self._groups = self._groups, {}
        for queue in groups.values():
            for group in queue:
                release(group.batches)

    def _drop_unsent(self) -> None:
        for leader in self._leaders.values():
            leader.drop_unsent()
        self._adding = []

    async def _quiesce(self) -> None:
        self._drop_unsent()
        while any(leader.busy for leader in self._leaders.values()):  # a few ms, once, on the way to an abort
            await asyncio.sleep(_QUIESCE_S)
            self._drop_unsent()
        if self.closed:
            raise Unavailable(f"the connection of {self._id} ended before the abort")
        self._release_groups()

    # ---- called by the leaders

    def may_send(self, route: TopicPartition) -> bool:
        """Tell whether the next batch of a route may go: not while its first one of the transaction is in doubt."""
        return route not in self._first_out or route in self._first_settled

    def stamp(self, item: Item) -> None:
        """Give a batch its place in the partition's sequence and our header."""
        self._first_out.add(item.route)
        sequence = self._sequences.get(item.route, 0)
        crc = restamp(item.buffer, item.start, item.header, self._producer_id, self._epoch, sequence)
        self._sequences[item.route] = (sequence + item.header.count) % _SEQUENCES
        item.crc = crc

    def answered(self, item: Item, code: int, offset: int) -> bool:
        """Take the broker's answer for one batch; False: send it again as it is."""
        if code in RETRY_FIRST_BATCH and item.route not in self._first_settled and not self.closed:
            return False
        if self.closed:  # by what the listener did about another batch of the same reply
            return True
        if code:
            self._refused(item, code)
            return True
        self._first_settled.add(item.route)
        group = item.group
        if group is None:
            self._listener.recorded()
            return True
        group.wrote.append(Wrote(item.route.topic, offset, item.header.count, item.header.size, item.crc, item.hidden))
        group.left -= 1
        if not group.left:
            self._settle(group.route)
        return True

    def dated(self, appended_ms: int, took_s: float) -> None:
        """Learn how far the cluster's clock is from ours: it dates progress records itself."""
        self.client.skew.note(appended_ms, took_s)

    def _settle(self, route: TopicPartition) -> None:
        """Tell of a route's batches that are done, oldest first: a later one may be done before, where targets have different leaders."""
        queue = self._groups[route]
        while queue and not queue[0].left and not self.closed:
            self._tell_of(queue.popleft())

    def _tell_of(self, group: Group) -> None:
        release(group.batches)
        last = len(group.batches) - 1
        for i in range(len(group.batches)):
            if self.closed:  # by what the listener did about the one before
                return
            self._listener.settled(group.route, group.generation, group.wrote if i == last else ())

    def lose(self, error: BusError) -> None:
        """Say once that the producer is of no use any more."""
        if not self.closed:
            self.close()
            self._listener.lost(error)

    def connect(self, leader: Leader) -> None:
        """Open a leader's connection, beside all else."""
        self._spawn(self._connect(leader))

    def forget(self, leader: Leader) -> None:
        """Drop a leader whose idle connection ended."""
        self._leaders.pop(leader.node, None)

    # ---- partitions of the transaction

    def _put(self, item: Item) -> None:
        if self.closed:
            return
        if item.route in self._added:
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
        if not codes or self._progress in codes:
            self.lose(raised(codes.get(self._progress, code), f"AddPartitionsToTxn of {self._id}"))
        for item in {item.route: item for item in self._adding if item.route in codes}.values():
            self._refused(item, codes[item.route])

    def _refused(self, item: Item, code: int) -> None:
        if item.group is None or not speaks_of_route(code):
            self.lose(raised(code, f"{item.route}"))
        elif not self.closed:
            self._listener.target_failed(item.group.route, stop_of(code), f"{item.route}: {name_of(code)}")

    def _queue(self, item: Item) -> None:
        node = self.client.leader(*item.route)
        if node is None:
            self.lose(raised(5, f"{item.route}"))
            return
        leader = self._leaders.get(node)
        if leader is None:
            leader = self._leaders[node] = Leader(self, self.packer, node)
            self.connect(leader)
        leader.take(item)

    async def _connect(self, leader: Leader) -> None:
        try:
            await leader.connect(self.client)
        except BusError as error:
            self.lose(error)


def release(batches: Sequence[Batch]) -> None:
    """Give the bytes of fetched batches back: nobody reads or sends them any more."""
    for batch in batches:
        piece = batch.handle
        assert isinstance(piece, Piece)
        piece.release()
