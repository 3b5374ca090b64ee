"""A node's process in the simulation: carries out a machine's orders as the bus does, and tells it what happened.

It may crash between any two orders, or freeze and go on later as if nothing were.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from node.lane import Machine, Phase, State, Stop, TopicPartition
from node.lane import facts as f
from node.model.limits import AHEAD_BYTES_MAX, FETCH_PARTITION_BYTES_MAX, TRANSACTION_TIMEOUT_S
from tests.lane.lanes import Kind, made
from tests.lane.logs import Status
from tests.lane.oracle import Look, Stream, Violation, Word
from tests.lane.producer import Producer, Write, need
from tests.lane.reader import Reader
from tests.lane.world import Carried, World

_LOAD_MAX = AHEAD_BYTES_MAX + 2 * FETCH_PARTITION_BYTES_MAX
"""The bound, the Fetch that goes beyond it, and the one that was sent while that was parsed."""
_OVER = (Phase.GIVEN_UP, Phase.CLOSED)
_SILENT = (f.Close, f.Drop, f.Unfollow, f.GiveUp)


class Process:
    """Runs one machine against the world."""

    def __init__(self, world: World, name: str, machine: Machine, orders_left: int) -> None:
        self.world, self.name, self.machine = world, name, machine
        self.alive = True
        self.orders_left = orders_left
        """orders until it crashes"""
        self.frozen_until = 0.0
        self._missed: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self.words: dict[TopicPartition, Word] = {}
        """an operator's words that are not committed yet"""
        self.spent: dict[TopicPartition, Word] = {}
        """those that are, while nobody has told it yet"""
        self.streams: dict[TopicPartition, Stream] = {}
        self.load: dict[TopicPartition, int] = {}
        """bytes fetched and not settled"""
        self.hands: dict[Carried, TopicPartition] = {}
        """what the machine has neither sent nor dropped"""
        self.waiting: deque[f.Produce] = deque()
        """batches that are to be transformed"""
        self.producer: Producer | None = None
        self.reader = Reader(world, self)
        self._look: Look | None = None
        self._blamed: set[tuple[TopicPartition, Stop]] = set()
        self._tick_at: float | None = None
        self._begun: float | None = None
        world.processes.append(self)

    # ---- facts

    def tell_look(self, look: Look, fact: f.Inspected) -> None:
        """Tell what an inspection found; what the machine orders now is judged by it."""
        self._look = look
        self.tell(fact)
        self._look = None

    def tell(self, fact: f.Fact) -> None:
        """Hand a fact to the machine, carry out what it orders, check what must always hold."""
        world, machine = self.world, self.machine
        if not self.alive:
            return
        if self._missed or world.now < self.frozen_until:
            if self._look is not None:
                self.later(self.tell_look, self._look, fact)
            else:
                self.later(self.tell, fact)
            return
        world.tell(self.name, fact)
        if not isinstance(fact, f.Settled):  # most are
            self._take(fact)
        over, begun = machine.phase in _OVER, self._begun
        for order in machine.handle(fact, world.now):
            world.tell(self.name, order)
            if over and not isinstance(order, _SILENT):
                raise Violation(f"{order} after the shard was given up or closed")
            self.orders_left -= 1
            if self.orders_left == 0:
                self.crash()
                return
            self._carry_out(order)
            world.on_order(self, order)
        if self.words:
            self._check_words(fact)
        if self.hands and machine.phase in _OVER:
            raise Violation(f"buffers of {list(self.hands)} are kept though the shard was let go")
        if isinstance(fact, (f.Fetched, f.Ticked)):
            self._check(fact)
        if isinstance(fact, f.Fenced):
            self._check_fenced(begun)
        due = machine.deadline
        if due is not None and (self._tick_at is None or due < self._tick_at):
            self._arm(due)

    @property
    def frozen(self) -> bool:
        """Whether it stands still, and goes on later as if nothing were; then what came meanwhile comes first."""
        return (self.world.now < self.frozen_until or bool(self._missed)) and self.alive

    def later(self, act: Callable[..., None], *args: Any) -> None:
        """Do something when it goes on."""
        if not self._missed:
            self.world.at(self.frozen_until, self._thaw)
        self._missed.append((act, args))

    def _thaw(self) -> None:
        if self.world.now < self.frozen_until:
            self.world.at(self.frozen_until, self._thaw)
            return
        missed, self._missed = self._missed, deque()
        while missed:
            act, args = missed.popleft()
            act(*args)

    def _take(self, fact: f.Fact) -> None:
        match fact:
            case f.Fetched():
                for batch in fact.batches:
                    assert isinstance(batch.handle, Carried)
                    self.hands[batch.handle] = fact.route
                    self.load[fact.route] = self.load.get(fact.route, 0) + batch.size
            case f.Committed() | f.Recovered():
                self.spent.clear()
            case f.TargetFailed(route, stop) if stop is not None:
                self._blamed.add((route, stop))
            case f.SourceFailed(route, _, stop) if stop is not None:
                self._blamed.add((route, stop))
            case f.Resumed(route, mode):
                state = self.machine.routes.get(route)
                if state is not None and state.state is State.STOPPED:
                    self.words[route] = Word(mode)
            case _:
                pass

    def _carry_out(self, order: f.Order) -> None:
        match order:
            case f.Produce():
                self._leaves_hand(order.batch)
                self._produce(order, need(self.producer, order))
            case f.Drop():
                for batch in order.batches:
                    self.load[self._leaves_hand(batch)] -= batch.size
            case f.Follow():
                assert self._look is not None
                self.world.oracle.follow(self, order, self._look)
                self.reader.follow(order, self._look.log)
            case f.Unfollow():
                self.reader.unfollow(order.route)
            case f.Hold():
                self.reader.hold(order.route, held=True)
            case f.Release():
                self.reader.hold(order.route, held=False)
            case f.Inspect():
                self.reader.inspect(order)
            case f.Record():
                need(self.producer, order).record(order, {move.route: self.streams[move.route] for move in order.moved})
            case f.Commit():
                need(self.producer, order).end(Status.COMMITTED)
            case f.Abort():
                need(self.producer, order).end(Status.ABORTED)
            case f.Open():
                if self.producer is not None:
                    raise Violation("a producer is opened beside another")
                self.producer = Producer(self.world, self)
                self.producer.open()
            case f.Recover():
                need(self.producer, order).recover()
            case f.Close():
                self._begun = None
                self._close()
            case f.SetAside():
                self._set_aside(order)
            case f.Begin():
                self._begun = self.world.now
            case f.GiveUp():
                pass

    def _produce(self, order: f.Produce, producer: Producer) -> None:
        """Write a batch at once where it is carried as it is; what is opened waits for a thread."""
        if self.world.kind is Kind.LINK:
            carried = _carried(order)
            producer.produce(order.route, order.generation, [carried], [Write(order.route.topic, carried.records, carried.size)])
            return
        self.waiting.append(order)
        if len(self.waiting) == 1:
            self.world.after(self.world.latency(), self._make, producer)

    def _make(self, producer: Producer) -> None:
        """Transform some of the batches of one route that wait, and write what was made of them."""
        if self.frozen:
            self.later(self._make, producer)
            return
        if producer is not self.producer:
            return
        dice, route, generation = self.world.dice, self.waiting[0].route, self.waiting[0].generation
        orders = [self.waiting.popleft()]
        while self.waiting and self.waiting[0].route == route and dice.random() < 0.7:
            orders.append(self.waiting.popleft())
        if any(order.generation != generation for order in orders):
            raise Violation(f"batches of {route} from before and after a roll-back wait together")
        batches = [_carried(order) for order in orders]
        topics = list(self.streams[route].targets)
        shares = made(self.world.kind, topics, [carried.records for carried in batches], together=dice.random() < 0.7)
        producer.produce(route, generation, batches, [Write(topic, part, 61 + 10 * len(part)) for topic, part in shares])
        if producer is not self.producer:
            return
        if self.machine.phase is Phase.CLOSING:
            self._hand_back()
        elif self.waiting:
            self.world.after(self.world.latency(), self._make, producer)

    def _hand_back(self) -> None:
        """Give back what is not begun, route by route: the transaction is to end."""
        routes: dict[TopicPartition, list[f.Produce]] = {}
        for order in self.waiting:
            self.hands[_carried(order)] = order.route
            routes.setdefault(order.route, []).append(order)
        self.waiting.clear()
        for route, orders in routes.items():
            self.tell(f.Returned(route, orders[0].generation, [order.batch for order in orders]))

    def _leaves_hand(self, batch: f.Batch) -> TopicPartition:
        assert isinstance(batch.handle, Carried)
        route = self.hands.pop(batch.handle, None)
        if route is None:
            raise Violation(f"{batch.handle} was sent or dropped twice")
        return route

    def _close(self) -> None:
        producer, self.producer = self.producer, None
        for order in self.waiting:
            self.load[order.route] -= order.batch.size
        self.waiting.clear()
        if producer is not None:
            producer.close()

    def _set_aside(self, order: f.SetAside) -> None:
        if self._look is not None:
            self.world.oracle.set_aside(self, order, self._look)
        elif (order.route, order.stop) not in self._blamed:
            raise Violation(f"{order.route} was stopped ({order.stop.value}) though nobody said so")
        self.world.on_stop(self, order.route)

    # ---- what must always hold

    def _check(self, fact: f.Fetched | f.Ticked) -> None:
        if isinstance(fact, f.Fetched):
            if (size := self.load.get(fact.route, 0)) > _LOAD_MAX:
                raise Violation(f"{size} bytes of {fact.route} are unsettled")
            return
        due = self.machine.deadline
        if due is not None and due <= self.world.now:
            raise Violation(f"a tick is due at {due} again at {self.world.now}")

    def _check_words(self, fact: f.Fact) -> None:
        for route in [route for route in self.words if not self._has_word(route, fact)]:
            del self.words[route]

    def _has_word(self, route: TopicPartition, fact: f.Fact) -> bool:
        """Whether a word still counts: not where the route is gone, or where what it asks for is found done already."""
        state = self.machine.routes.get(route)
        return state is not None and not (isinstance(fact, f.Recovered) and state.resume is None)

    def _check_fenced(self, begun: float | None) -> None:
        """Only a rival takes the shard away; who was fenced by the coordinator's time-out goes on."""
        if self.world.coordinator.owner is self:
            if self.machine.phase is Phase.GIVEN_UP:
                raise Violation("the shard was given up though no rival took it")
        elif not self.over and (begun is None or self.world.now - begun < TRANSACTION_TIMEOUT_S):
            raise Violation("goes on though a rival took the shard")

    def _arm(self, due: float) -> None:
        self._tick_at = max(due, self.world.now)
        self.world.at(self._tick_at, self._tick, self._tick_at)

    def _tick(self, at: float) -> None:
        if not self.alive or self._tick_at != at:
            return
        if self.frozen:
            self.later(self._tick, at)
            return
        self._tick_at = None
        due = self.machine.deadline
        if due is not None and due <= self.world.now:
            self.tell(f.Ticked())
        elif due is not None:
            self._arm(due)

    def crash(self) -> None:
        """The process is gone; what it had sent may still arrive."""
        self.world.tell(self.name, "crashed")
        self.alive = False
        self.world.processes.remove(self)
        self._close()
        self.reader.close()

    def owns(self) -> bool:
        """Whether this process is the one that holds the shard."""
        return self.producer is not None and self.producer.epoch == self.world.coordinator.epoch

    @property
    def over(self) -> bool:
        """Whether the shard was let go."""
        return self.machine.phase in _OVER


def _carried(order: f.Produce) -> Carried:
    assert isinstance(order.batch.handle, Carried)
    return order.batch.handle
