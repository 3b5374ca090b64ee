"""A node's process in the simulation: carries out a machine's orders as the bus does, and tells it what happened.

It may crash between any two orders, or freeze and go on later as if nothing were.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from node.lane import Machine, Phase, State, Stop, TopicPartition
from node.lane import facts as f
from node.model.limits import AHEAD_BYTES_MAX, COMMIT_INTERVAL_S, FETCH_PARTITION_BYTES_MAX, TRANSACTION_TIMEOUT_S
from tests.lane.lanes import Kind
from tests.lane.logs import Status
from tests.lane.memories import Memories
from tests.lane.oracle import Look, Stream, Violation, Word
from tests.lane.producer import Producer, Write, need
from tests.lane.reader import Reader
from tests.lane.transforming import Transforming
from tests.lane.world import Carried, World

_DAY_S = 3.0
"""Days are short here, so that many begin."""
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
        self.eras: Mapping[TopicPartition, int] = {}
        """what it was told of them last"""
        self.load: dict[TopicPartition, int] = {}
        """bytes fetched and not settled, by source"""
        self._users: Counter[Carried] = Counter()
        """for how many routes a batch is not settled yet"""
        self.hands: Counter[Carried] = Counter()
        """for how many routes the machine has neither sent nor dropped a batch"""
        self.memories = Memories(world, self)
        self.transforming = Transforming(world, self)
        self._sent: set[f.Batch] = set()
        """what some route has sent in the open transaction"""
        self.producer: Producer | None = None
        self.reader = Reader(world, self)
        self._look: Look | None = None
        self._blamed: set[tuple[TopicPartition, Stop]] = set()
        self._tick_at: float | None = None
        self._lets_go = False
        """it was told to stop"""
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
        before, over, begun = machine.phase, machine.phase in _OVER, self._begun
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
        if machine.phase is Phase.CLOSING is not before:
            self._check_full()
        if isinstance(fact, (f.Fetched, f.Ticked)):
            self._check(fact)
        if isinstance(fact, f.Routed):
            self.memories.keep(machine.routes)
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
                    self.hands[batch.handle] += 1
                    self._hold(batch.handle)
            case f.Committed() | f.Recovered():
                self.spent.clear()
                if isinstance(fact, f.Committed):
                    self.memories.confirm()
            case f.Routed():
                self.eras = fact.eras
            case f.Stopping():
                self._lets_go = True
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
                self._sent.add(order.batch)
                self._produce(order, self._leaves_hand(order.batch))
            case f.Drop():
                self.release([self._leaves_hand(batch) for batch in order.batches])
            case f.Follow():
                assert self._look is not None
                self.world.oracle.follow(self, order, self._look)
                follow = self.memories.follow if self.memories.needed(order.route) else self.reader.follow
                follow(order, self._look.log)
            case f.Unfollow():
                self.reader.unfollow(order.route)
            case f.Hold():
                self.reader.hold(order.route, held=True)
            case f.Release():
                self.reader.hold(order.route, held=False)
            case f.Inspect():
                self.reader.inspect(order)
            case f.Record():
                self._check_together()
                self.memories.recorded(order.moved)
                need(self.producer, order).record(order, {move.route: self.streams[move.route] for move in order.moved})
            case f.Commit():
                need(self.producer, order).end(Status.COMMITTED)
            case f.Abort():
                self.transforming.forget()
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
                self._sent.clear()
            case f.GiveUp():
                pass

    def _produce(self, order: f.Produce, carried: Carried) -> None:
        """Write a batch at once where it is carried as it is; what is opened waits for a thread."""
        if self.world.kind is Kind.LINK:
            writes = [Write(order.route.topic, carried.records, carried.size)]
            need(self.producer, order).produce(order.route, order.generation, [carried], writes)
        else:
            self.transforming.take(order)

    # ---- buffers

    def _hold(self, carried: Carried) -> None:
        if not self._users[carried]:
            self.load[carried.source] = self.load.get(carried.source, 0) + carried.size
        self._users[carried] += 1

    def take_back(self, orders: Sequence[f.Produce]) -> None:
        """Hand batches of a route back that were not begun."""
        for order in orders:
            assert isinstance(order.batch.handle, Carried)
            self.hands[order.batch.handle] += 1
            self._sent.discard(order.batch)
        self.tell(f.Returned(orders[0].route, orders[0].generation, [order.batch for order in orders]))

    def release(self, batches: list[Carried]) -> None:
        """Give a route's batches back; the last route of a batch gives its buffer back."""
        for carried in batches:
            self._users[carried] -= 1
            if not self._users[carried]:
                del self._users[carried]
                self.load[carried.source] -= carried.size

    def _leaves_hand(self, batch: f.Batch) -> Carried:
        assert isinstance(batch.handle, Carried)
        if not self.hands[batch.handle]:
            raise Violation(f"{batch.handle} was sent or dropped twice")
        self.hands[batch.handle] -= 1
        if not self.hands[batch.handle]:
            del self.hands[batch.handle]
        return batch.handle

    def _close(self) -> None:
        producer, self.producer = self.producer, None
        self.transforming.forget()
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
            source = self.world.source_of(fact.route)
            most = _LOAD_MAX * sum(state.source == source for state in self.machine.routes.values())
            if (size := self.load.get(source, 0)) > most > 0:
                raise Violation(f"{size} bytes of {source} are unsettled")
            return
        due = self.machine.deadline
        if due is not None and due <= self.world.now:
            raise Violation(f"a tick is due at {due} again at {self.world.now}")

    def _check_together(self) -> None:
        """A transaction parts no routes that waited with the same batch: who has it, has sent it if another has."""
        for state in self.machine.routes.values():
            if state.state is State.FLOWING and state.queue and state.queue[0] in self._sent and not self._lets_go:
                raise Violation(f"{state.route} was left behind with {state.queue[0].handle}, which others have sent")

    def _check_full(self) -> None:
        """A transaction that waits for what was sent is full, or has come to its time; what several routes have sent fills it once."""
        assert self._begun is not None
        size = sum(batch.size for batch in self._sent)
        if not self._lets_go and self.world.now < self._begun + COMMIT_INTERVAL_S and size < self.machine._ready.bytes_max:
            raise Violation(f"a transaction ends after {size} bytes, before its time, with something on its way")

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
            self.tell(f.Ticked(str(int(self.world.now // _DAY_S))))
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
