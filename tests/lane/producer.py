"""The sink's side of a simulated process: one life of a transactional producer, with its connections.

Each connection keeps its order, replies of different connections overtake each other. A producer that broke or was closed tells nothing
more; what it had sent may still arrive.
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from node.lane import Stop, TopicPartition
from node.lane import facts as f
from tests.lane.logs import Status
from tests.lane.oracle import Stream, Violation
from tests.lane.world import PROGRESS, Carried, World

if TYPE_CHECKING:
    from tests.lane.process import Process

_AGAIN_S = 0.003
_LOST_AFTER_S = (0.0, 0.01, 0.5, 10.0)

Answer = f.Fact | None
"""None: the broker asks to be asked again (CONCURRENT_TRANSACTIONS)"""


class Producer:
    """Carries out the orders between Open and Close."""

    def __init__(self, world: World, process: "Process") -> None:
        self._world, self._process = world, process
        self.epoch = -1
        self.broken = self.closed = False
        self._queues: dict[str, deque[Callable[[], Answer]]] = {}
        self._answer_at: dict[str, float] = {}
        self._refused: set[TopicPartition] = set()
        self._sunk: dict[Carried, TopicPartition] = {}
        self._read_to: int | None = None

    # ---- connections

    def _ask(self, connection: str, act: Callable[[], Answer]) -> None:
        if self.broken:
            return
        queue = self._queues.setdefault(connection, deque())
        queue.append(act)
        if len(queue) == 1:
            self._world.after(self._world.latency(), self._arrive, connection)

    def _arrive(self, connection: str) -> None:
        world, queue = self._world, self._queues[connection]
        if not queue:
            return
        fails = not self.broken and world.fails()
        if fails and world.dice.random() < 0.5:
            self.lose("connection lost before the request arrived")
            return
        fact = queue[0]()
        if fact is None:
            world.after(_AGAIN_S, self._arrive, connection)
            return
        if queue:
            queue.popleft()
        if fails:
            self.lose(f"reply lost: {fact}")
        elif not self.broken:
            at = max(world.now + world.latency(), self._answer_at.get(connection, 0.0))
            self._answer_at[connection] = at
            world.after(at - world.now, self._answer, fact)
        if queue:
            world.after(world.latency() / 4, self._arrive, connection)

    def _answer(self, fact: f.Fact) -> None:
        if self._process.frozen:
            self._process.later(self._answer, fact)
            return
        if self.closed:
            return
        if isinstance(fact, f.Lost | f.Fenced):
            self.broken = self.closed = True
        elif isinstance(fact, f.Settled):
            self._release(next(carried for carried, route in self._sunk.items() if route == fact.route))
        self._process.tell(fact)

    def _release(self, carried: Carried) -> None:
        self._process.load[self._sunk.pop(carried)] -= carried.size

    def lose(self, detail: str) -> None:
        """A connection breaks: of what was sent, some arrives still. The machine hears of it sooner or later."""
        if self.broken:
            return
        self._let_go()
        self._world.after(self._world.dice.choice(_LOST_AFTER_S), self._answer, f.Lost(detail))

    def _let_go(self) -> None:
        if not self.broken:
            self.broken = True
            for queue in self._queues.values():
                if self.epoch < 0 or self._world.dice.random() < 0.5:
                    queue.clear()

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way."""
        return not self._sunk and not any(self._queues.values())

    def close(self) -> None:
        """Give the buffers back and say nothing more."""
        self._let_go()
        self.closed = True
        for carried in list(self._sunk):
            self._release(carried)

    # ---- orders

    def open(self) -> None:
        """InitProducerId."""
        self._ask("coordinator", self._take)

    def _take(self) -> Answer:
        epoch = self._world.coordinator.take(self._process)
        if epoch is None:
            return None
        self.epoch = epoch
        return f.Opened()

    def recover(self) -> None:
        """Read progress, from a high watermark that is taken when the request arrives."""
        self._world.after(self._world.latency(), self._start_reading)

    def _start_reading(self) -> None:
        if self.closed:
            return
        if self._world.fails():
            self.lose("progress could not be read")
            return
        self._read_to = self._world.progress.end
        self.read_progress()

    def read_progress(self) -> None:
        """Finish reading once the stable offset has reached the high watermark."""
        progress = self._world.progress
        if self._read_to is None or progress.stable < min(self._read_to, progress.end):
            return
        found = {}
        for entry in progress.committed(0, self._read_to):
            found.update({route: standing.progress for route, standing in (entry.value or {}).items()})
        self._read_to = None
        self._world.after(self._world.latency(), self._answer, f.Recovered(found))

    def produce(self, order: f.Produce) -> None:
        """Write a batch to the broker that leads its partition."""
        carried = order.batch.handle
        assert isinstance(carried, Carried)
        self._sunk[carried] = order.route
        self._ask(f"broker {order.route.partition % 2}", lambda: self._write(order, carried))

    def _write(self, order: f.Produce, carried: Carried) -> Answer:
        world, route = self._world, order.route
        if self.epoch != world.coordinator.epoch:
            return f.Fenced()
        if world.coordinator.ending:
            return None
        if route in self._refused:
            return f.Lost("out of order sequence")
        stop = Stop.UNAUTHORIZED if route in world.denied else world.refused.get(carried.serial)
        log = world.targets.get(route)
        if log is None or stop is not None or (world.fails() and world.dice.random() < 0.5):
            self._refused.add(route)
            return f.TargetFailed(route, stop, "refused")
        entry = log.append(carried.serial, count=order.batch.count, crc=world.unique(), size=carried.size, status=Status.OPEN)
        transaction = world.coordinator.join(self._process)
        transaction.wrote(route, log, entry)
        transaction.carried.setdefault(route, []).append((carried, entry))
        order.batch.sent_crc = entry.crc
        misplaced = world.fails() and world.dice.random() < 0.2
        return f.Settled(route, order.generation, -1 if misplaced else entry.base)

    def record(self, order: f.Record, streams: dict[TopicPartition, Stream]) -> None:
        """Write progress."""
        self._ask("progress", lambda: self._write_progress(order, streams))

    def _write_progress(self, order: f.Record, streams: dict[TopicPartition, Stream]) -> Answer:
        world = self._world
        if self.epoch != world.coordinator.epoch:
            return f.Fenced()
        if world.coordinator.ending:
            return None
        transaction = world.coordinator.join(self._process)
        entry = world.progress.append({}, count=len(order.moved), crc=world.unique(), status=Status.OPEN)
        transaction.wrote(PROGRESS, world.progress, entry)
        transaction.recorded = entry
        transaction.moved.update({move.route: (move.progress, streams[move.route]) for move in order.moved})
        return f.Recorded()

    def end(self, outcome: Status) -> None:
        """EndTxn."""
        self._ask("coordinator", lambda: self._end(outcome))

    def _end(self, outcome: Status) -> Answer:
        coordinator = self._world.coordinator
        if self.epoch != coordinator.epoch:
            return f.Fenced()
        if coordinator.ending:
            return None
        if coordinator.open is not None:
            coordinator.end(outcome)
        return f.Committed() if outcome is Status.COMMITTED else f.Aborted()


def need(producer: Producer | None, order: object) -> Producer:
    """Return the producer; Violation if there is none."""
    if producer is None:
        raise Violation(f"{order} without a producer")
    return producer
