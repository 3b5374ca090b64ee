"""Two clusters in memory, with virtual time: logs, a transaction coordinator, and a dice that says what goes wrong."""

import random
import re
from collections import deque
from collections.abc import Callable, Hashable
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from node.lane import Progress, Stop, TopicPartition
from node.model.limits import TRANSACTION_TIMEOUT_S
from node.model.names import Topic
from tests.lane.lanes import Kind, Records, in_target, targets_of
from tests.lane.logs import Entry, Log, Status
from tests.lane.oracle import Oracle, Standing, Stream, records_of

if TYPE_CHECKING:
    from tests.lane.process import Process

PROGRESS = "progress"
_TOLD_LAST = 80
_LONG = re.compile(r"TopicPartition\(topic='(\w+)', partition=\d+\)")


class Carried:
    """A batch on its way."""

    __slots__ = ("records", "serial", "size", "source")

    def __init__(self, source: TopicPartition, entry: Entry[int], start: int) -> None:
        assert entry.value is not None
        self.source = source
        self.serial, self.size = entry.value, entry.size
        self.records = records_of(entry, start)

    def __repr__(self) -> str:
        return f"#{self.serial}"


class Transaction:
    """What one transaction of the shard has written."""

    def __init__(self, process: "Process", started: float) -> None:
        self.process = process
        self.started = started
        self.writes: dict[int, tuple[Hashable, Log[Any], list[Entry[Any]]]] = {}
        """what it wrote, by log: a topic may be made anew in the middle"""
        self.written: dict[TopicPartition, dict[Topic, list[Entry[Records]]]] = {}
        """by route and target, what was made of it"""
        self.moved: dict[TopicPartition, tuple[Progress, Stream]] = {}
        self.recorded: Entry[dict[TopicPartition, Standing]] | None = None

    def wrote(self, where: Hashable, log: Log[Any], entry: Entry[Any]) -> None:
        """Note a batch in a partition."""
        self.writes.setdefault(id(log), (where, log, []))[2].append(entry)


class Coordinator:
    """The target's transaction coordinator, for one transactional.id (KIP-98)."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.epoch = 0
        self.owner: Process | None = None
        """who took the transactional.id last"""
        self.ending = False
        """the outcome is decided, the markers are not all written: CONCURRENT_TRANSACTIONS"""
        self.open: Transaction | None = None

    def take(self, process: "Process") -> int | None:
        """InitProducerId: fence, end what is open, and give the next epoch; None while markers are being written."""
        if self.open is not None:
            self.fence()
            self.owner = process
        if self.ending:
            return None
        self.owner = process
        self.epoch += 1
        return self.epoch

    def fence(self) -> None:
        """Nobody holds the transactional.id any more, and nothing of it is open."""
        self.epoch += 1
        if self.open is not None:
            self.end(Status.ABORTED)

    def join(self, process: "Process") -> Transaction:
        """AddPartitionsToTxn: return the open transaction, begun with the first partition."""
        if self.open is None:
            self.open = Transaction(process, self._world.now)
            self._world.after(TRANSACTION_TIMEOUT_S, self._time_out, self.open)
        return self.open

    def _time_out(self, transaction: Transaction) -> None:
        if self.open is transaction:
            self.fence()

    def end(self, outcome: Status) -> None:
        """Decide the open transaction; its markers are written one by one after that."""
        transaction, self.open = self.open, None
        assert transaction is not None
        if outcome is Status.COMMITTED:
            self._world.oracle.commit(transaction)
        self.ending = True
        for _, log, entries in transaction.writes.values():
            log.decide(entries, outcome)
        left = set(transaction.writes)
        for number in transaction.writes:
            self._world.after(self._world.latency(), self._mark, transaction, number, left)

    def _mark(self, transaction: Transaction, number: int, left: set[int]) -> None:
        where, log, entries = transaction.writes[number]
        log.finish(entries, self._world.unique())
        now = self._world.log_of(where)
        if now is not None and id(now) not in transaction.writes:
            now.append(None, count=1, crc=self._world.unique(), status=Status.MARKER)
        left.discard(number)
        if not left:
            self.ending = False
        if where == PROGRESS:
            self._world.progress_moved()


class World:
    """Everything outside the machine."""

    def __init__(self, seed: int, kind: Kind) -> None:
        self.dice = random.Random(seed)
        self.kind = kind
        self.chosen: dict[TopicPartition, list[Topic]] = {}
        """what a route is written to, where it is not all that it may be"""
        self.origins: dict[TopicPartition, TopicPartition] = {}
        """what a route reads, where it has another name"""
        self.from_now: set[TopicPartition] = set()
        """routes that begin at their source's end"""
        self.eras: dict[TopicPartition, int] = {}
        """routes whose sides were disposed of, and how they were numbered then"""
        self.now = 0.0
        self.told: deque[tuple[float, str, object]] = deque(maxlen=_TOLD_LAST)
        """the last events, for the report of a failure"""
        self.sources: dict[TopicPartition, Log[int]] = {}
        self.targets: dict[TopicPartition, Log[Records]] = {}
        self.progress: Log[dict[TopicPartition, Standing]] = Log("progress")
        self.coordinator = Coordinator(self)
        self.oracle = Oracle(self)
        self.processes: list[Process] = []
        self.trouble = 0.0
        """chance that a request goes wrong"""
        self.speed = 0.002
        """mean time (s) a request takes"""
        self.slow, self.slowest = 0.0, 0.0
        """which part takes longer, and how long (s) at most"""
        self.refused: dict[int, Stop] = {}
        """batches (by serial) that the target refuses"""
        self.unreadable: dict[int, Stop] = {}
        """batches (by serial) that the source cannot give"""
        self.denied: set[TopicPartition] = set()
        """topics that may not be written"""
        self.on_order: Callable[[Process, object], None] = lambda _process, _order: None
        self.on_stop: Callable[[Process, TopicPartition], None] = lambda _process, _route: None
        self._queue: list[tuple[float, int, Callable[..., object], tuple[Any, ...]]] = []
        self._sequence = 0
        self._unique = 1000

    # ---- time

    def after(self, delay: float, act: Callable[..., object], *args: Any) -> None:
        """Do something later."""
        self._sequence += 1
        heappush(self._queue, (self.now + delay, self._sequence, act, args))

    def at(self, time: float, act: Callable[..., object], *args: Any) -> None:
        """Do something at a time; what is asked for first comes first at equal times."""
        self._sequence += 1
        heappush(self._queue, (time, self._sequence, act, args))

    def run(self, until: float, done: Callable[[], bool] | None = None) -> bool:
        """Let time pass; return True once `done` (asked after each event) holds."""
        queue = self._queue
        while queue and queue[0][0] <= until:
            self.now, _, act, args = heappop(queue)
            act(*args)
            if done is not None and done():
                return True
        self.now = max(self.now, until)
        return False

    def latency(self) -> float:
        """Time that a request or a reply takes."""
        roll = self.dice.random()
        if roll < self.slow:
            return self.dice.random() * self.slowest
        return roll * 2 * self.speed

    def fails(self) -> bool:
        """Whether a request goes wrong."""
        return self.trouble > 0 and self.dice.random() < self.trouble

    def unique(self) -> int:
        """Return a number that was never given before."""
        self._unique += 1
        return self._unique

    # ---- logs

    def source_of(self, route: TopicPartition) -> TopicPartition:
        """Return what a route reads."""
        return self.origins.get(route, route)

    def topics_of(self, route: TopicPartition) -> list[Topic]:
        """Return what a route is to be written to now."""
        return self.chosen.get(route) or targets_of(self.kind, route)

    def targets_of(self, route: TopicPartition) -> list[TopicPartition]:
        """Return all that a route may ever be written to."""
        return [in_target(topic, route) for topic in targets_of(self.kind, route)]

    def log_of(self, where: Hashable) -> Log[Any] | None:
        """Return the log that stands in a place now."""
        return self.progress if where == PROGRESS else self.targets.get(where)  # type: ignore[call-overload]  # where it was written

    def progress_moved(self) -> None:
        """Tell those who read progress that its stable offset may have moved."""
        for process in self.processes:
            if process.producer is not None:
                process.producer.read_progress()

    def source_grew(self, source: TopicPartition) -> None:
        """Tell those who fetch that there is more."""
        for process in self.processes:
            process.reader.poke(source)

    def tell(self, name: str, what: object) -> None:
        """Remember an event for the report."""
        self.told.append((self.now, name, what))

    def story(self) -> str:
        """Return the last events."""
        story = "\n".join(f"{at:9.4f} {name:4} {what}" for at, name, what in self.told)
        return _LONG.sub(r"\1", story)
