"""What a simulated process keeps of its views: the real `Shown`, opened from what a view holds and true to what is committed.

A memory holds for a place: an offset of the source together with what the progress says of the view. The offset alone would not do: an
operator's word may leave it where it is and yet go past a view that was made anew.
"""

from collections import deque
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from node.lane import State, TopicPartition, Written
from node.lane import facts as f
from node.transform.shown import Shown
from node.transform.writes import Write
from tests.lane.lanes import Kind, Records
from tests.lane.logs import Log
from tests.lane.oracle import Violation
from tests.lane.views import is_tombstone, key_of, remembers
from tests.lane.world import World
from tests.transform.wire import Row, rows

if TYPE_CHECKING:
    from tests.lane.process import Process

_SEED = bytes(range(16))

Place = tuple[int, Written]


class Memory:
    """What is kept of one view."""

    __slots__ = ("open", "place", "recorded", "shown")

    def __init__(self) -> None:
        self.shown = Shown(_SEED)
        self.open = False
        """it holds for where its route is followed from"""
        self.place: Place | None = None
        """of the last commit that is sure"""
        self.recorded: Place | None = None
        """of the open transaction's record"""

    def put(self, key: int, there: bool) -> bool:  # noqa: FBT001 - as a view's cut calls it
        """Let a key be shown, or not any more; return whether it was."""
        return self.shown.put(b"%d" % key, there=there)


class Memories:
    """The memories of a process. One is opened after the other, and none while the thread works."""

    def __init__(self, world: World, process: "Process") -> None:
        self._world, self._process = world, process
        self._kept: dict[TopicPartition, Memory] = {}
        self._opening: deque[tuple[f.Follow, Log[int] | None, Written]] = deque()

    def needed(self, route: TopicPartition) -> bool:
        """Tell whether something has to be kept of a route."""
        return self._world.kind is Kind.VIEW and remembers(route, from_now=route in self._world.from_now)

    def of(self, route: TopicPartition) -> Memory:
        """Return what is kept of a route that is followed."""
        memory = self._kept[route]
        if not memory.open:
            raise Violation(f"{route} is made before it is known what it has shown")
        return memory

    @property
    def busy(self) -> bool:
        """Whether some memory is being opened."""
        return bool(self._opening)

    # ---- opening

    def follow(self, order: f.Follow, log: Log[int] | None) -> None:
        """Follow a route as soon as its memory holds for where it begins."""
        state = self._process.machine.routes[order.route]
        assert state.progress is not None
        self._kept.setdefault(order.route, Memory()).open = False
        self._opening.append((order, log, state.progress.targets[order.route.topic]))
        if len(self._opening) == 1:
            self._world.after(self._world.latency(), self._open)

    def _open(self) -> None:
        process = self._process
        if process.frozen:
            process.later(self._open)
            return
        if not process.alive:
            return
        if process.transforming.working:
            self._world.after(self._world.latency(), self._open)
            return
        order, log, written = self._opening.popleft()
        if self._opening:
            self._world.after(self._world.latency(), self._open)
        holds = self._hold(self._kept.setdefault(order.route, Memory()), order.route, (order.offset, written))
        state = process.machine.routes.get(order.route)
        if not holds:
            process.tell(f.SourceFailed(order.route, order.generation, None, "the view cannot be read"))
        elif state is not None and state.generation == order.generation and state.state is State.FLOWING:
            process.reader.follow(order, log)

    def _hold(self, memory: Memory, route: TopicPartition, place: Place) -> bool:
        """Make a memory hold for a place; return whether that could be done."""
        known, memory.recorded = place in (memory.place, memory.recorded), None
        if known:
            assert memory.shown.resume(place[0])
        elif not self._learn(memory, route, place):
            return False
        memory.place, memory.open = place, True
        return True

    def _learn(self, memory: Memory, route: TopicPartition, place: Place) -> bool:
        log, end = self._world.targets.get(route), place[1].next
        memory.shown, memory.place = Shown(_SEED), None
        if end > 0:
            if log is None or log.stable < end:
                return False
            for entry in log.committed(0, end):
                assert entry.value
                memory.shown.learn(_batch(entry.value))
        memory.shown.opened(place[0])
        return True

    # ---- transactions

    def recorded(self, moved: Iterable[f.Moved]) -> None:
        """Take note of what the open transaction is about to commit; what is being opened has no part in it."""
        for move in moved:
            memory = self._kept.get(move.route)
            if memory is not None and memory.open:
                memory.shown.recorded(move.progress.next)
                memory.recorded = move.progress.next, move.progress.targets[move.route.topic]

    def confirm(self) -> None:
        """Take what was recorded as committed."""
        for memory in self._kept.values():
            if memory.recorded is not None:
                memory.shown.confirm(memory.recorded[0])
                memory.place, memory.recorded = memory.recorded, None

    def keep(self, routes: Iterable[TopicPartition]) -> None:
        """Forget all routes but these."""
        self._kept = {route: self._kept[route] for route in routes if route in self._kept}


@lru_cache(4096)
def _batch(records: Records) -> Write:
    return rows([Row(0, b"%d" % key_of(record), None if is_tombstone(record) else b"%d" % record) for record in records])
