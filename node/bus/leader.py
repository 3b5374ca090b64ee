"""One broker that leads partitions of a sink: batches out, answers in.

- Up to five requests are in flight, each with at most one batch of a partition.
- The first batch of a partition in a transaction may be refused for a moment (`Producer.answered` tells); it is sent again
  unchanged, after pauses that grow from 2 ms to 0.1 s.
- A batch that is not settled 10 s after it was first sent, unanswered or refused, costs the producer its life.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol

import msgspec

from node.batch.header import Header
from node.bus.client import Client
from node.bus.faults import raised
from node.bus.produce import Packer, parse
from node.bus.wire import Acks
from node.errors import BusError, ProtocolError
from node.lane import TopicPartition
from node.lane.facts import Batch, Wrote
from node.model.limits import BACKOFF_FIRST_S, INFLIGHT_MAX, MESSAGE_BYTES_MAX, REQUEST_TIMEOUT_S

_AGAIN_S = 0.002
"""The first pause before a batch is sent again: the markers of the last transaction take about a millisecond."""
_BATCHES_MAX = 200
"""In a request: its reply has up to 249 bytes of topic name and 36 more for each, and must fit the 64 KiB of `Acks`."""
_TIMED_OUT, _CUT_OFF = 7, 13


class Group(msgspec.Struct, eq=False):
    """Fetched batches of a route that are settled together, once all that was made of them is written."""

    route: TopicPartition
    generation: int
    batches: Sequence[Batch]
    left: int
    """batches made of them that are not acknowledged yet"""
    wrote: list[Wrote]


class Item(msgspec.Struct, eq=False):
    """A batch to be written to a partition: one of a group's, or progress records (`group` is None)."""

    route: TopicPartition
    buffer: bytearray
    start: int
    header: Header
    group: Group | None
    crc: int = 0
    """CRC-32C as written"""
    since: float = 0.0
    """loop time (s) at which it was first sent"""
    hidden: int = 0
    """records that it stands for beside its own"""


class Producer(Protocol):
    """The sink that a leader works for."""

    def may_send(self, route: TopicPartition) -> bool:
        """Tell whether the next batch of a route may go."""

    def stamp(self, item: Item) -> None:
        """Give a batch its place in the partition's sequence."""

    def answered(self, item: Item, code: int, offset: int) -> bool:
        """Take the broker's answer for one batch; False: send it again as it is."""

    def dated(self, appended_ms: int, took_s: float) -> None:
        """Take the time of the broker's clock at which it appended a batch that was sent `took_s` ago."""

    def lose(self, error: BusError) -> None:
        """Say that the producer is of no use any more; it closes its leaders."""

    def connect(self, leader: "Leader") -> None:
        """Open a leader's connection, beside all else."""

    def forget(self, leader: "Leader") -> None:
        """Drop a leader whose idle connection ended."""


class _Sent(msgspec.Struct, eq=False):
    correlation: int
    items: list[Item]


class Leader:
    """A broker's connection: what waits for it and what is in flight to it."""

    def __init__(self, producer: Producer, packer: Packer, node: int) -> None:
        self.node = node
        self._producer = producer
        self._packer = packer
        self._waiting: dict[TopicPartition, deque[Item]] = {}
        self._sent: deque[_Sent] = deque()
        self._again: list[Item] = []
        self._wire: Acks | None = None
        self._closed = False
        self._correlation = 0
        self._pause_s = _AGAIN_S
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    async def connect(self, client: Client) -> None:
        """Open the connection and send what waits. Unavailable if the broker cannot be reached."""
        wire = Acks(self._on_frame, self._on_lost)
        await client.connect(self.node, wire)
        if self._closed:  # meanwhile: nobody else knows of this connection
            wire.close()
            return
        self._wire = wire
        self.pump()

    def take(self, item: Item) -> None:
        """Send a batch as soon as those before it allow."""
        self._waiting.setdefault(item.route, deque()).append(item)
        self.pump()

    def pump(self) -> None:
        """Send what waits, as far as it may go."""
        if self._wire is not None and self._wire.aged:
            self._renew()
        while self._wire is not None and not self._wire.aged and len(self._sent) < INFLIGHT_MAX:
            items = self._next()
            if not items:
                return
            now = self._loop.time()
            for item in items:
                self._producer.stamp(item)
                item.since = now
            self._send(items)

    def _renew(self) -> None:
        """Put a new connection in the place of one whose login soon counts no more: as soon as nothing is in flight, and nothing is sent before."""
        assert self._wire is not None
        if not self.busy:
            self._wire.close()
            self._wire = None
            self._producer.connect(self)

    def _next(self) -> list[Item]:
        items: list[Item] = []
        size = 0
        for route in list(self._waiting):
            if size >= MESSAGE_BYTES_MAX or len(items) == _BATCHES_MAX:
                break
            if not self._producer.may_send(route):
                continue
            queue = self._waiting[route]
            items.append(queue.popleft())
            size += items[-1].header.size
            if not queue:
                del self._waiting[route]
        return items

    def _send(self, items: list[Item]) -> None:
        assert self._wire is not None
        self._correlation += 1
        self._sent.append(_Sent(self._correlation, items))
        if self._timer is None:
            self._timer = self._loop.call_later(REQUEST_TIMEOUT_S, self._check)
        bodies = [(item.route, memoryview(item.buffer)[item.start : item.start + item.header.size]) for item in items]
        self._wire.send(self._packer.pack(self._correlation, bodies))

    def _on_frame(self, data: bytearray, start: int, end: int) -> None:
        try:
            correlation, found = parse(data, start, end)
            if not self._sent or correlation != self._sent[0].correlation:
                raise ProtocolError(f"a produce reply numbered {correlation} that is not due")
        except ProtocolError as error:
            self._producer.lose(error)
            return
        sent = self._sent.popleft()
        refused = [item for item in sent.items if not self._answered(item, *found.get(item.route, (-1, -1, -1)))]
        if refused:
            if not self._again:
                self._loop.call_later(self._pause_s, self._resend)
                self._pause_s = min(2 * self._pause_s, BACKOFF_FIRST_S)
            self._again += refused
        else:
            self._pause_s = _AGAIN_S
        self.pump()

    def _answered(self, item: Item, code: int, offset: int, appended_ms: int) -> bool:
        if appended_ms >= 0:
            self._producer.dated(appended_ms, self._loop.time() - item.since)
        return self._producer.answered(item, code, offset)

    def _resend(self) -> None:
        items, self._again = self._again, []
        if items and self._wire is not None:
            self._send(items)

    def _check(self) -> None:
        """Give the producer up when a batch has been unsettled for too long."""
        self._timer = None
        oldest = min((item.since for item in self._unsettled()), default=None)
        if oldest is None:
            return
        rest_s = oldest + REQUEST_TIMEOUT_S - self._loop.time()
        if rest_s > 0:
            self._timer = self._loop.call_later(rest_s, self._check)
        else:
            self._producer.lose(raised(_TIMED_OUT, f"produce to broker {self.node}"))

    def _unsettled(self) -> list[Item]:
        return [*self._again, *(item for sent in self._sent for item in sent.items)]

    @property
    def busy(self) -> bool:
        """Something is in flight or about to be sent again."""
        return bool(self._sent or self._again)

    def drop_unsent(self) -> None:
        """Forget what is not in flight: what waits, and what was refused for a moment (nothing of it was appended)."""
        self._waiting = {}
        self._again = []

    def close(self) -> None:
        """End the connection and forget everything."""
        self._closed = True
        self.drop_unsent()
        self._sent.clear()
        if self._timer is not None:
            self._timer.cancel()
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def _on_lost(self, error: Exception | None) -> None:
        self._wire = None
        if self.busy or self._waiting:
            self._producer.lose(raised(_CUT_OFF, f"connection to broker {self.node} ended: {error or 'closed by the broker'}"))
        else:
            self._producer.forget(self)  # an idle connection that the broker closed is opened again when it is needed
