"""The batches of a shard on their way through its lane's transform: in a thread, one group after the other.

What is ordered is made, handed back or forgotten, whichever comes first:

- *made*: batches of one route that were ordered together are transformed together, up to GROUP_BYTES_MAX; routes of the same source that wait
  with the very same batches are made for in the same call, which opens each batch once for all of them;
- *handed back*: once the transaction is to end, what is not begun comes with the next one. However slow the transform is (every record
  refused takes fifty times what every record passed does), a transaction lasts no longer than it should by more than one group;
- *forgotten*: with the producer, or when its transaction is aborted. What is in the thread then is thrown away when it is done, and nothing
  else begins before: a transform may keep something of a route from group to group.

A transform that raises fails its route alone. Otherwise the lane would end, start anew, come to the same batch again, and for ever so. Where it
raises for several routes at once, they are made for one by one from the next transaction on: the route that it is about shows itself.
"""

import asyncio
import time
import traceback
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import msgspec

from node.bus.fetch import Piece
from node.bus.sink import release
from node.errors import BatchError
from node.lane import Stop, TopicPartition
from node.lane.facts import Batch, Produce
from node.model.limits import GROUP_BYTES_MAX
from node.model.names import Topic
from node.telemetry import logger
from node.transform import Made, Transform, Write
from node.transform.shown import Shown

Group = dict[TopicPartition, list[Produce]]
"""by route, orders for the same batches"""


class Listener(Protocol):
    """Who ordered: the driver of one shard."""

    @property
    def closing(self) -> bool:
        """Whether the transaction is to end as soon as what was ordered is settled."""

    def made(self, orders: Sequence[Produce], made: Made) -> None:
        """This was made of batches: write it."""

    def handed_back(self, orders: Sequence[Produce]) -> None:
        """These batches were not begun; they are of one route, and its newest."""

    def failed(self, route: TopicPartition, stop: Stop | None, detail: str) -> None:
        """Nothing can be made of a route's oldest batches. Without a stop it is not known yet whose fault it is."""


class Making(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes what: the source of a route, what a source's batches go through, and what is kept of a route."""

    lane: str
    source_of: Callable[[TopicPartition], TopicPartition]
    transform: Callable[[Topic], Transform]
    kept: Callable[[TopicPartition], Shown | None]


class Transforming:
    """What waits to be transformed. Its owner calls `forget` before the producer that the orders were for is gone."""

    def __init__(self, making: Making, listener: Listener, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._making = making
        self._listener = listener
        self._spawn = spawn
        self._waiting: dict[TopicPartition, dict[TopicPartition, deque[Produce]]] = {}
        """by source and route"""
        self._apart: set[TopicPartition] = set()
        """sources whose routes are made for one by one"""
        self._running = False
        self._turn = 0
        """counts up with each `forget`: whoever began before it has nothing to say any more"""
        self._thread = asyncio.Lock()

    def take(self, order: Produce) -> None:
        """Let a batch be transformed behind those of its route before it."""
        routes = self._waiting.setdefault(self._making.source_of(order.route), {})
        routes.setdefault(order.route, deque()).append(order)
        if not self._running:
            self._running = True
            self._spawn(self._run(self._turn))

    def forget(self) -> None:
        """Give back what waits, and let what is in the thread be given back when it is done."""
        self._turn += 1
        self._running = False
        for routes in self._waiting.values():
            for orders in routes.values():
                _release(orders)
        self._waiting.clear()

    async def at_rest(self) -> None:
        """Wait until nothing that was forgotten is in the thread any more."""
        async with self._thread:
            pass

    async def _run(self, turn: int) -> None:
        await asyncio.sleep(0)  # what came in one Fetch is ordered in one go: let all of it arrive
        while self._turn == turn and self._waiting:
            async with self._thread:
                if self._turn != turn:
                    return
                group = self._next_group()
                made = await self._made(group)
            if self._turn != turn or made is None:
                for orders in group.values():
                    _release(orders)
                return
            self._tell(group, made)
            if self._listener.closing:
                self._hand_back()
        if self._turn == turn:
            self._running = False

    def _tell(self, group: Group, made: Mapping[Topic, Made]) -> None:
        turn = self._turn
        for route, orders in group.items():
            if self._turn != turn:  # by what the listener did about the route before it
                _release(orders)
                continue
            taken = made[route.topic].taken
            self._put_back(route, orders[taken:])
            self._listener.made(orders[:taken], made[route.topic])

    async def _made(self, group: Group) -> Mapping[Topic, Made] | None:
        """Return what is made of batches, None where that fails and the listener was told."""
        first, orders = next(iter(group.items()))
        source = self._making.source_of(first)
        transform = self._making.transform(source.topic)
        kept = {route.topic: self._making.kept(route) for route in group}
        turn = self._turn
        try:
            return await asyncio.to_thread(transform.make, source.partition, [*map(raw, orders)], int(time.time() * 1000), kept)
        except BatchError as error:
            failed, detail = Stop.CORRUPT, str(error)
        except Exception as error:  # noqa: BLE001 - see the module's docstring
            frame = traceback.extract_tb(error.__traceback__)[-1]
            # What the error says may be of a record; where it was raised is not.
            cause = f"{type(error).__name__} in {frame.name}, {Path(frame.filename).name}:{frame.lineno}"
            place = {"topic": first.topic, "partition": first.partition, "offset": orders[0].batch.base, "routes": len(group)}
            logger().error("transform-failed", lane=self._making.lane, **place, cause=cause)
            failed, detail = Stop.DEFECT, "a batch could not be worked on, whatever it holds: the log says where"
        if len(group) > 1:
            self._apart.add(source)
        else:
            self._apart.discard(source)
        if self._turn == turn:
            self._listener.failed(first, failed if len(group) == 1 else None, detail)
        return None

    def _next_group(self) -> Group:
        """Take the oldest waiting batches of a route, up to GROUP_BYTES_MAX, and the same of all routes that wait with the same ones."""
        source, routes = next(iter(self._waiting.items()))
        first = next(iter(routes))
        batches = _together(routes[first])
        alone = source in self._apart
        group: Group = {}
        for route, waiting in list(routes.items()):
            if route == first or (not alone and _begin_with(waiting, batches)):
                group[route] = [waiting.popleft() for _ in batches]
                del routes[route]
                if waiting:
                    routes[route] = waiting  # behind the others
        del self._waiting[source]
        if routes:
            self._waiting[source] = routes
        return group

    def _put_back(self, route: TopicPartition, orders: Sequence[Produce]) -> None:
        if orders:
            waiting = self._waiting.setdefault(self._making.source_of(route), {})
            waiting.setdefault(route, deque()).extendleft(reversed(orders))

    def _hand_back(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for routes in waiting.values():
            for orders in routes.values():
                self._listener.handed_back(orders)


def raw(order: Produce) -> Write:
    """Return a fetched batch as it came."""
    piece = order.batch.handle
    assert isinstance(piece, Piece)
    return Write(order.route.topic, piece.buffer.bytes, piece.start, piece.header)


def _together(waiting: deque[Produce]) -> list[Batch]:
    """Return the oldest batch that waits and those behind it, up to GROUP_BYTES_MAX."""
    batches = [waiting[0].batch]
    size = batches[0].size
    for order in islice(waiting, 1, None):
        size += order.batch.size
        if size > GROUP_BYTES_MAX:
            break
        batches.append(order.batch)
    return batches


def _begin_with(waiting: deque[Produce], batches: Sequence[Batch]) -> bool:
    return len(waiting) >= len(batches) and all(order.batch is batch for order, batch in zip(waiting, batches, strict=False))


def _release(orders: Sequence[Produce] | deque[Produce]) -> None:
    release([order.batch for order in orders])
