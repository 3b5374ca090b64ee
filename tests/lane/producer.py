"""The sink's side of a simulated process: one life of a transactional producer, with its connections.

Each connection keeps its order, replies of different connections overtake each other: what was made of batches stands in one target before
it stands in another, and later batches may be done before earlier ones. A producer that broke or was closed tells nothing more; what it had
sent may still arrive.
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from node.lane import Stop, TopicPartition
from node.lane import facts as f
from node.model.names import Topic
from tests.lane.lanes import Kind, Records, in_target, leader, serial_of
from tests.lane.logs import Status
from tests.lane.oracle import Stream, Violation
from tests.lane.world import PROGRESS, Carried, World

if TYPE_CHECKING:
    from tests.lane.process import Process

_AGAIN_S = 0.003
_LOST_AFTER_S = (0.0, 0.01, 0.5, 10.0)


class Write(NamedTuple):
    """A batch that is to be written to a target."""

    topic: Topic
    records: Records
    size: int


class Group:
    """Batches of a route that are settled together, once all that was made of them is written."""

    def __init__(self, route: TopicPartition, generation: int, batches: list[Carried], left: int) -> None:
        self.route, self.generation, self.batches, self.left = route, generation, batches, left
        self.wrote: list[f.Wrote] = []


class Acked(NamedTuple):
    """One write of a group stands; `wrote` is None for a group without any."""

    group: Group
    wrote: f.Wrote | None
    low: bool = False
    """it stands below what was written before"""


Answer = f.Fact | Acked | None
"""None: the broker asks to be asked again (CONCURRENT_TRANSACTIONS)"""


class Producer:
    """Carries out the orders between Open and Close."""

    def __init__(self, world: World, process: "Process") -> None:
        self._world, self._process = world, process
        self.epoch = -1
        self.broken = self.closed = self._aborting = False
        self._troubled = False
        """the process was told of something that a transaction must not be committed with"""
        self._queues: dict[str, deque[Callable[[], Answer]]] = {}
        self._answer_at: dict[str, float] = {}
        self._refused: set[TopicPartition] = set()
        self._groups: dict[TopicPartition, deque[Group]] = {}
        """what is not settled yet, oldest first"""
        self._read_to: int | None = None

    # ---- connections

    def _ask(self, connection: str, act: Callable[[], Answer]) -> None:
        if self.broken:
            return
        queue = self._queues.get(connection)
        if queue is None:
            queue = self._queues[connection] = deque()
        queue.append(act)
        if len(queue) == 1:
            self._world.after(self._world.latency(), self._arrive, connection)

    def _arrive(self, connection: str) -> None:
        world, queue = self._world, self._queues[connection]
        if not queue:
            return
        fails = world.trouble > 0 and not self.broken and world.fails()
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
            self.lose("reply lost")
        elif not self.broken:
            at = max(world.now + world.latency(), self._answer_at.get(connection, 0.0))
            self._answer_at[connection] = at
            world.at(at, self._answer, fact)  # not after `at - now`: that is not always the same time again
        if queue:
            world.after(world.latency() / 4, self._arrive, connection)

    def _answer(self, fact: f.Fact | Acked) -> None:
        if self._process.frozen:
            self._process.later(self._answer, fact)
            return
        if self.closed:
            return
        if isinstance(fact, Acked):
            self._troubled |= fact.low
            self._acknowledge(fact.group, fact.wrote)
            return
        if isinstance(fact, (f.Lost, f.Fenced)):
            self.broken = self.closed = True
        self._troubled |= isinstance(fact, f.TargetFailed)
        self._process.tell(fact)

    def _acknowledge(self, group: Group, wrote: f.Wrote | None) -> None:
        if wrote is not None:
            group.wrote.append(wrote)
            group.left -= 1
        if not group.left:
            self._settle(group)

    def _settle(self, group: Group) -> None:
        """Tell of a route's batches that are done, oldest first."""
        queue = self._groups[group.route]
        while queue and not queue[0].left and not self.closed:
            self._tell_of(queue.popleft())

    def _tell_of(self, group: Group) -> None:
        self._process.release(group.batches)
        last = group.batches[-1]
        for carried in group.batches:
            if not self.closed:
                self._process.tell(f.Settled(group.route, group.generation, tuple(group.wrote) if carried is last else ()))

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
        return not any(self._groups.values()) and not any(self._queues.values())

    def close(self) -> None:
        """Give the buffers back and say nothing more."""
        self._let_go()
        self.closed = True
        groups, self._groups = self._groups, {}
        for queue in groups.values():
            for group in queue:
                self._process.release(group.batches)

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

    def produce(self, route: TopicPartition, generation: int, batches: list[Carried], writes: list[Write]) -> None:
        """Write what was made of a route's oldest batches to the brokers that lead its targets; nothing more once an abort was ordered."""
        if self.closed or self._aborting:
            self._process.release(batches)
            return
        group = Group(route, generation, batches, len(writes))
        self._groups.setdefault(route, deque()).append(group)
        for write in writes:
            self._ask(leader(write.topic), lambda write=write: self._write(group, write))  # type: ignore[misc]  # bound now
        if not writes:
            self._world.after(0.0, self._answer, Acked(group, None))

    def _write(self, group: Group, write: Write) -> Answer:
        world, route = self._world, group.route
        target = in_target(write.topic, route)
        if self.epoch != world.coordinator.epoch:
            return f.Fenced()
        if world.coordinator.ending:
            return None
        if target in self._refused:
            return f.Lost("out of order sequence")
        stop = Stop.REFUSED if target in world.denied else self._refusal(write) if world.refused else None
        log = world.targets.get(target)
        if log is None or stop is not None or (world.fails() and world.dice.random() < 0.5):
            self._refused.add(target)
            return f.TargetFailed(route, stop, f"{target}: refused")
        entry = log.append(write.records, count=len(write.records), crc=world.unique(), size=write.size, status=Status.OPEN)
        transaction = world.coordinator.join(self._process)
        transaction.wrote(target, log, entry)
        before = transaction.written.setdefault(route, {}).setdefault(write.topic, [])
        low = entry.base < (before[-1].next if before else world.oracle.floor(self._process, route, write.topic))
        before.append(entry)
        misplaced = world.fails() and world.dice.random() < 0.2
        offset = -1 if misplaced else entry.base
        return Acked(group, f.Wrote(write.topic, offset, entry.count, entry.size, entry.crc), low or misplaced)

    def _refusal(self, write: Write) -> Stop | None:
        """Return why a target refuses what was made of some batches: of several views, one may and another not."""
        refused, kind = self._world.refused, self._world.kind
        found = [serial for record in write.records if (serial := serial_of(record)) in refused]
        return next((refused[serial] for serial in found if kind is not Kind.VIEW or (serial + ord(write.topic[-1])) % 2), None)

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
        if outcome is Status.ABORTED:
            self._aborting = True
            if not self._troubled and self._has_written():
                raise Violation("a transaction is aborted in which nothing went wrong")
        self._ask("coordinator", lambda: self._end(outcome))

    def _has_written(self) -> bool:
        transaction = self._world.coordinator.open
        return transaction is not None and transaction.process is self._process and bool(transaction.written)

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
