"""The source's side of a simulated process: routes that are fetched, and looks at both sides.

What was asked before an Unfollow may still be told after it, and after a newer Follow: only the generation tells them apart.
"""

from bisect import bisect_right
from typing import TYPE_CHECKING

from node.lane import Side, Stop, TopicPartition
from node.lane import facts as f
from node.model.limits import FETCH_PARTITION_BYTES_MAX
from tests.lane.lanes import in_target
from tests.lane.logs import Entry, Log, Status, V
from tests.lane.oracle import Look
from tests.lane.world import Carried, World

if TYPE_CHECKING:
    from tests.lane.process import Process

_BATCHES_MAX = 4


class _Follower:
    __slots__ = ("asked", "dead", "generation", "held", "log", "position", "route")

    def __init__(self, route: TopicPartition, log: Log[int] | None, generation: int, position: int) -> None:
        self.route, self.log, self.generation, self.position = route, log, generation, position
        self.asked = self.dead = self.held = False


class Reader:
    """Carries out Inspect, Follow, Unfollow, Hold and Release."""

    def __init__(self, world: World, process: "Process") -> None:
        self._world, self._process = world, process
        self._followers: dict[TopicPartition, _Follower] = {}
        self._chatty = world.dice.random() < 0.5
        """whether a Fetch that brought nothing is told, too"""
        self._lingers = world.dice.random() < 0.5
        """whether replies are still told after Unfollow"""

    # ---- fetching

    def follow(self, order: f.Follow, log: Log[int] | None) -> None:
        """Fetch from an offset."""
        self.unfollow(order.route)
        follower = self._followers[order.route] = _Follower(order.route, log, order.generation, order.offset)
        self._ask(follower)

    def unfollow(self, route: TopicPartition) -> None:
        """Fetch no more."""
        follower = self._followers.pop(route, None)
        if follower is not None and not self._lingers:
            follower.dead = True

    def hold(self, route: TopicPartition, *, held: bool) -> None:
        """Leave a route out of fetches, or take it in again."""
        follower = self._followers.get(route)
        if follower is not None:
            follower.held = held
            self._ask(follower)

    def poke(self, route: TopicPartition) -> None:
        """There may be more."""
        follower = self._followers.get(route)
        if follower is not None:
            self._ask(follower)

    def close(self) -> None:
        """Forget all."""
        for route in list(self._followers):
            self.unfollow(route)

    def _ask(self, follower: _Follower) -> None:
        if not follower.asked and not follower.held:
            follower.asked = True
            self._world.after(self._world.latency(), self._fetch, follower)

    def _fetch(self, follower: _Follower) -> None:
        world, log = self._world, follower.log
        if log is None or world.sources.get(follower.route) is not log or not log.start <= follower.position <= log.end:
            reply, stop, detail = None, None, "out of range, or another topic"
        elif world.fails():
            reply, stop, detail = None, None, "refused"
        else:
            reply, stop = self._read(follower, log)
            detail = "unreadable" if stop else ""
        world.after(world.latency(), self._reply, follower, reply, f.SourceFailed(follower.route, follower.generation, stop, detail))

    def _reply(self, follower: _Follower, reply: f.Fetched | None, failed: f.SourceFailed) -> None:
        """Take a reply as the bus does: the next Fetch is sent before its batches are forwarded."""
        if self._process.frozen:
            self._process.later(self._reply, follower, reply, failed)
            return
        if follower.dead:
            return
        if self._followers.get(follower.route) is follower:
            follower.asked = False
            if failed.detail:
                del self._followers[follower.route]
            elif follower.log is not None:
                follower.position = reply.position if reply is not None else follower.position
                if follower.position < follower.log.stable or self._world.sources.get(follower.route) is not follower.log:
                    self._ask(follower)
        if reply is not None:
            self._process.tell(reply)
        if failed.detail:
            self._process.tell(failed)

    def _read(self, follower: _Follower, log: Log[int]) -> tuple[f.Fetched | None, Stop | None]:
        before = position = follower.position
        batches: list[f.Batch] = []
        size, stop, stable = 0, None, log.stable
        for entry in log.entries[max(bisect_right(log.bases, before) - 1, 0) :]:
            if entry.next <= before:
                continue
            if entry.base >= stable or (batches and size + entry.size > FETCH_PARTITION_BYTES_MAX) or len(batches) >= _BATCHES_MAX:
                break
            if entry.status is Status.COMMITTED:
                assert entry.value is not None
                stop = self._world.unreadable.get(entry.value)
                if stop is not None:
                    break
                batches.append(_batch(entry, before))
                size += entry.size
            position = entry.next
        if position == before and not self._chatty:
            return None, stop
        return f.Fetched(follower.route, follower.generation, batches, position, stable), stop

    # ---- looking

    def inspect(self, order: f.Inspect) -> None:
        """Look at the source, then at each target, then tell."""
        self._world.after(self._world.latency(), self._look_at_source, Look(order, self._world.topics_of(order.route)))

    def _look_at_source(self, look: Look) -> None:
        world, order = self._world, look.order
        log = look.log = world.sources.get(order.route)
        standing = look.standing = world.oracle.standing.get(order.route)
        if log is not None:
            progress = order.progress
            look.source = _side(log, progress.last if progress else -1, log.end)
            look.source_true = standing is None or world.oracle.source_true(standing, log)
        world.after(world.latency(), self._look_at_target, look, 0)

    def _look_at_target(self, look: Look, number: int) -> None:
        world, order, topic = self._world, look.order, look.topics[number]
        log = world.targets.get(in_target(topic, order.route))
        if log is None:
            look.targets[topic] = Side(topic_id="")
        else:
            written = order.progress.targets.get(topic) if order.progress else None
            look.targets[topic] = _side(log, written.last if written else -1, written.next if written else 0)
            if not world.oracle.target_true(look.standing, topic, log):
                look.false.add(topic)
        if number + 1 < len(look.topics):
            world.after(world.latency(), self._look_at_target, look, number + 1)
        else:
            world.after(world.latency(), self._looked, look)

    def _looked(self, look: Look) -> None:
        order = look.order
        changed = self._world.sources.get(order.route) is not look.log
        if changed or self._world.fails():
            self._process.tell(f.SourceFailed(order.route, order.generation, None, "could not be looked at"))
        else:
            self._process.tell_look(look, f.Inspected(order.route, order.generation, look.source, look.targets))


def _side(log: Log[V], last: int, behind: int) -> Side:
    stands = log.covering(last)
    beyond = any(entry.base < log.stable for entry in log.committed(behind, log.end))
    return Side(topic_id=log.topic_id, start=log.start, end=log.end, last_crc=stands.crc if stands else None, beyond=beyond)


def _batch(entry: Entry[int], offset: int) -> f.Batch:
    """Return a batch as the bus does; of one that begins before `offset`, only the rest is rebuilt."""
    return f.Batch(
        base=entry.base,
        next=entry.next,
        count=entry.next - max(entry.base, offset),
        size=entry.size,
        crc=entry.crc,
        timestamp=entry.base,
        newest=entry.next,
        handle=Carried(entry, offset),
    )
