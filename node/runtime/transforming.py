"""The batches of a shard on their way through its lane's transform: in a thread, one group after the other.

What is ordered is made, handed back or forgotten, whichever comes first:

- *made*: batches of one route that were ordered together are transformed together, up to GROUP_BYTES_MAX;
- *handed back*: once the transaction is to end, what is not begun comes with the next one. However slow the transform is (every record
  refused takes fifty times what every record passed does), a transaction lasts no longer than it should by more than one group;
- *forgotten*: with the producer, or when its transaction is aborted. What is in the thread then is thrown away when it is done.

A transform that raises fails its route alone. Otherwise the lane would end, start anew, come to the same batch again, and for ever so.
"""

import asyncio
import time
import traceback
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Protocol

from node.bus.fetch import Piece
from node.bus.sink import release
from node.lane import TopicPartition
from node.lane.facts import Produce
from node.model.limits import GROUP_BYTES_MAX
from node.model.names import Topic
from node.telemetry import logger
from node.transform import Made, Transform, Write


class Listener(Protocol):
    """Who ordered: the driver of one shard."""

    @property
    def closing(self) -> bool:
        """Whether the transaction is to end as soon as what was ordered is settled."""

    def made(self, orders: Sequence[Produce], made: Made) -> None:
        """This was made of batches: write it."""

    def handed_back(self, orders: Sequence[Produce]) -> None:
        """These batches were not begun; they are of one route, and its newest."""

    def failed(self, route: TopicPartition) -> None:
        """Nothing can be made of a route's oldest batches; the log says where it failed."""


class Transforming:
    """What waits to be transformed. Its owner calls `forget` before the producer that the orders were for is gone."""

    def __init__(
        self,
        lane: str,
        transform: Callable[[Topic], Transform],
        listener: Listener,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._lane = lane
        self._transform = transform
        self._listener = listener
        self._spawn = spawn
        self._waiting: deque[Produce] = deque()
        self._running = False
        self._turn = 0
        """counts up with each `forget`: whoever began before it has nothing to say any more"""

    def take(self, order: Produce) -> None:
        """Let a batch be transformed behind those before it."""
        self._waiting.append(order)
        if not self._running:
            self._running = True
            self._spawn(self._run(self._turn))

    def forget(self) -> None:
        """Give back what waits, and let what is in the thread be given back when it is done."""
        self._turn += 1
        self._running = False
        release([order.batch for order in self._waiting])
        self._waiting.clear()

    async def _run(self, turn: int) -> None:
        await asyncio.sleep(0)  # what came in one Fetch is ordered in one go: let all of it arrive
        while self._turn == turn and self._waiting:
            orders = self._next_group()
            made = await self._made(orders)
            if self._turn != turn or made is None:
                release([order.batch for order in orders])
                if self._turn == turn:
                    self._listener.failed(orders[0].route)
                return
            self._waiting.extendleft(reversed(orders[made.taken :]))
            self._listener.made(orders[: made.taken], made)
            if self._listener.closing:
                self._hand_back()
        if self._turn == turn:
            self._running = False

    async def _made(self, orders: Sequence[Produce]) -> Made | None:
        """Return what is made of batches, None where that fails."""
        route = orders[0].route
        transform = self._transform(route.topic)
        try:
            return await asyncio.to_thread(transform.make, route.partition, [*map(raw, orders)], int(time.time() * 1000))
        except Exception as error:  # noqa: BLE001 - see the module's docstring
            frame = traceback.extract_tb(error.__traceback__)[-1]
            # What the error says may be of a record; where it was raised is not.
            cause = f"{type(error).__name__} in {frame.name}, {Path(frame.filename).name}:{frame.lineno}"
            place = {"topic": route.topic, "partition": route.partition, "offset": orders[0].batch.base}
            logger().error("transform-failed", lane=self._lane, **place, cause=cause)
            return None

    def _next_group(self) -> list[Produce]:
        """Take the oldest waiting batch and those behind it of the same route, up to GROUP_BYTES_MAX."""
        orders = [self._waiting.popleft()]
        size = orders[0].batch.size
        while self._waiting and self._waiting[0].route == orders[0].route:
            size += self._waiting[0].batch.size
            if size > GROUP_BYTES_MAX:
                break
            orders.append(self._waiting.popleft())
        return orders

    def _hand_back(self) -> None:
        routes: dict[TopicPartition, list[Produce]] = {}
        while self._waiting:
            order = self._waiting.popleft()
            routes.setdefault(order.route, []).append(order)
        for orders in routes.values():
            self._listener.handed_back(orders)


def raw(order: Produce) -> Write:
    """Return a fetched batch as it came."""
    piece = order.batch.handle
    assert isinstance(piece, Piece)
    return Write(order.route.topic, piece.buffer.bytes, piece.start, piece.header)
