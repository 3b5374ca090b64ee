"""What a simulated process makes of batches in its thread, group after group: shares of a gate, cuts of a view.

What is in the thread when all is forgotten is made to its end: it changes what is kept of a view, and is thrown away.
"""

from collections import deque
from typing import TYPE_CHECKING

from node.lane import Phase, TopicPartition
from node.lane import facts as f
from node.model.names import Topic
from tests.lane.lanes import Kind, Records, made
from tests.lane.memories import Memory
from tests.lane.oracle import Violation
from tests.lane.producer import Write, need
from tests.lane.views import cut
from tests.lane.world import Carried, World

if TYPE_CHECKING:
    from tests.lane.process import Process


class Transforming:
    """What waits to be transformed."""

    def __init__(self, world: World, process: "Process") -> None:
        self._world, self._process = world, process
        self.waiting: deque[f.Produce] = deque()
        self.working = False
        """the thread is busy, perhaps with what was forgotten meanwhile"""
        self._begun: list[f.Produce] = []
        """what is in the thread and not forgotten"""
        self._running = False
        """somebody takes what waits"""
        self._turn = 0
        """counts up whenever what waits is forgotten"""

    def take(self, order: f.Produce) -> None:
        """Let a batch be transformed."""
        self.waiting.append(order)
        if not self._running:
            self._running = True
            self._world.after(self._world.latency(), self._make, self._turn)

    def forget(self) -> None:
        """Give up what waits, and what is in the thread."""
        self._turn += 1
        self._running = False
        self._process.release([_carried(order) for order in (*self._begun, *self.waiting)])
        self._begun = []
        self.waiting.clear()

    def _make(self, turn: int) -> None:
        """Let the thread begin with some of the batches of one route."""
        process = self._process
        if process.frozen:
            process.later(self._make, turn)
            return
        if turn != self._turn:
            return
        if self.working:
            self._world.after(self._world.latency(), self._make, turn)
            return
        orders = self._next_group()
        memory = process.memories.of(orders[0].route) if process.memories.needed(orders[0].route) else None
        self.working, self._begun = True, orders
        self._world.after(self._world.latency(), self._made, turn, orders, memory)

    def _next_group(self) -> list[f.Produce]:
        dice, route, generation = self._world.dice, self.waiting[0].route, self.waiting[0].generation
        orders, left = [self.waiting.popleft()], deque[f.Produce]()
        while self.waiting and dice.random() < 0.7:
            order = self.waiting.popleft()
            (orders if order.route == route else left).append(order)
        self.waiting.extendleft(reversed(left))
        if any(order.generation != generation for order in orders):
            raise Violation(f"batches of {route} from before and after a roll-back wait together")
        return orders

    def _made(self, turn: int, orders: list[f.Produce], memory: Memory | None) -> None:
        """Write what the thread has made."""
        process = self._process
        if process.frozen:
            process.later(self._made, turn, orders, memory)
            return
        if not process.alive:
            return
        self.working = False
        route, batches = orders[0].route, [_carried(order) for order in orders]
        shares = self._shares(route, [carried.records for carried in batches], memory)
        if turn != self._turn:
            return
        self._begun = []
        writes = [Write(topic, part, 61 + 10 * len(part)) for topic, part in shares]
        need(process.producer, orders[0]).produce(route, orders[0].generation, batches, writes)
        if turn != self._turn:
            return
        if process.machine.phase is Phase.CLOSING:
            self._hand_back()
        if self.waiting:
            self._world.after(self._world.latency(), self._make, turn)
        else:
            self._running = False

    def _shares(self, route: TopicPartition, given: list[Records], memory: Memory | None) -> list[tuple[Topic, Records]]:
        together = self._world.dice.random() < 0.7
        if self._world.kind is not Kind.VIEW:
            return made(self._world.kind, list(self._process.streams[route].targets), given, together=together)
        parts = [cut(route.topic, records, memory.put if memory else None) for records in given]
        if together:
            parts = [tuple(record for part in parts for record in part)]
        return [(route.topic, part) for part in parts if part]

    def _hand_back(self) -> None:
        """Give back what is not begun, route by route: the transaction is to end."""
        routes: dict[TopicPartition, list[f.Produce]] = {}
        for order in self.waiting:
            routes.setdefault(order.route, []).append(order)
        self.waiting.clear()
        for orders in routes.values():
            self._process.take_back(orders)


def _carried(order: f.Produce) -> Carried:
    assert isinstance(order.batch.handle, Carried)
    return order.batch.handle
