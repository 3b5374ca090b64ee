"""The source's side of a simulated process: what routes follow is fetched, one log at a time for all of them; and looks at both sides.

What was asked before an Unfollow may still be told after it, and after a newer Follow: only the generation tells them apart.
"""

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

import msgspec

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
    __slots__ = ("dead", "feed", "generation", "held", "position", "route")

    def __init__(self, order: f.Follow, feed: "_Feed") -> None:
        self.route, self.generation, self.position, self.feed = order.route, order.generation, order.offset, feed
        self.dead = self.held = False


class _Feed:
    """What is fetched of one log: one request at a time, whoever follows it."""

    __slots__ = ("asked", "followers", "highest", "log", "source")

    def __init__(self, source: TopicPartition, log: Log[int] | None) -> None:
        self.source, self.log = source, log
        self.followers: list[_Follower] = []
        self.asked = False
        self.highest = False
        """whose turn it is: who is furthest, or who is furthest behind"""


class _Part(NamedTuple):
    """What a reply is for one follower."""

    follower: _Follower
    fetched: f.Fetched | None
    stop: Stop | None = None
    detail: str = ""


class _Stretch(NamedTuple):
    """What a Fetch brought."""

    start: int
    entries: list[Entry[int]]
    end: int
    stop: Stop | None
    """the batch behind it cannot be given"""


class Reader:
    """Carries out Inspect, Follow, Unfollow, Hold and Release."""

    def __init__(self, world: World, process: "Process") -> None:
        self._world, self._process = world, process
        self._followers: dict[TopicPartition, _Follower] = {}
        self._feeds: dict[tuple[TopicPartition, Log[int] | None], _Feed] = {}
        self._chatty = world.dice.random() < 0.5
        """whether a Fetch that brought nothing is told, too"""
        self._lingers = world.dice.random() < 0.5
        """whether replies are still told after Unfollow"""

    # ---- fetching

    def follow(self, order: f.Follow, log: Log[int] | None) -> None:
        """Fetch from an offset."""
        self.unfollow(order.route)
        key = self._world.source_of(order.route), log
        feed = self._feeds.get(key)
        if feed is None:
            feed = self._feeds[key] = _Feed(*key)
        follower = self._followers[order.route] = _Follower(order, feed)
        feed.followers.append(follower)
        self._ask(feed)

    def unfollow(self, route: TopicPartition) -> None:
        """Fetch no more."""
        follower = self._followers.get(route)
        if follower is not None:
            self._take_out(follower)
            follower.dead = not self._lingers

    def _take_out(self, follower: _Follower) -> None:
        feed = follower.feed
        del self._followers[follower.route]
        feed.followers.remove(follower)
        if not feed.followers:
            del self._feeds[feed.source, feed.log]

    def hold(self, route: TopicPartition, *, held: bool) -> None:
        """Leave a route out of fetches, or take it in again."""
        follower = self._followers.get(route)
        if follower is not None:
            follower.held = held
            self._ask(follower.feed)

    def poke(self, source: TopicPartition) -> None:
        """There may be more."""
        for feed in list(self._feeds.values()):
            if feed.source == source:
                self._ask(feed)

    def close(self) -> None:
        """Forget all."""
        for route in list(self._followers):
            self.unfollow(route)

    def _ask(self, feed: _Feed) -> None:
        if not feed.asked and (asked := [one for one in feed.followers if not one.held]):
            feed.asked = True
            self._world.after(self._world.latency(), self._fetch, feed, asked)

    def _fetch(self, feed: _Feed, asked: list[_Follower]) -> None:
        world, log = self._world, feed.log
        if log is None or world.sources.get(feed.source) is not log:
            parts = [_Part(one, None, detail="another topic") for one in asked]
        elif world.fails():
            parts = [_Part(one, None, detail="refused") for one in asked]
        else:
            inside = [one for one in asked if log.start <= one.position <= log.end]
            parts = [_Part(one, None, detail="out of range") for one in asked if one not in inside]
            parts += self._parts(feed, log, inside) if inside else []
        world.after(world.latency(), self._reply, feed, asked, parts)

    def _parts(self, feed: _Feed, log: Log[int], asked: list[_Follower]) -> list[_Part]:
        """Read from where one of the followers stands, and give all who stand within that their part of it: the very same batches."""
        places = [one.position for one in asked]
        start = max(places) if feed.highest else min(places)
        feed.highest = not feed.highest
        stretch = self._read(log, start)
        shared = [_batch(feed.source, entry, start) for entry in stretch.entries]
        return [
            self._part(one, stretch, shared, log.stable)
            for one in asked
            if one.position == start or start < one.position < stretch.end or (stretch.stop and one.position == stretch.end)
        ]

    def _part(self, one: _Follower, stretch: _Stretch, shared: list[f.Batch], stable: int) -> _Part:
        at, source = one.position, self._world.source_of(one.route)
        batches = [
            batch if entry.base >= at or at == stretch.start else _batch(source, entry, at)
            for entry, batch in zip(stretch.entries, shared, strict=True)
            if entry.next > at
        ]
        fetched = f.Fetched(one.route, one.generation, batches, stretch.end, stable) if stretch.end > at or self._chatty else None
        return _Part(one, fetched, stretch.stop, "unreadable" if stretch.stop else "")

    def _reply(self, feed: _Feed, asked: list[_Follower], parts: list[_Part]) -> None:
        """Take a reply as the bus does: the next Fetch is sent before its batches are forwarded."""
        if self._process.frozen:
            self._process.later(self._reply, feed, asked, parts)
            return
        feed.asked = False
        for part in parts:
            one = part.follower
            if self._followers.get(one.route) is one:
                if part.detail:
                    self._take_out(one)
                elif part.fetched is not None:
                    one.position = part.fetched.position
        log = feed.log
        changed = log is None or self._world.sources.get(feed.source) is not log
        if changed or any(one.position < log.stable or one not in asked for one in feed.followers if log is not None):
            self._ask(feed)
        for part in parts:
            if part.fetched is not None and not part.follower.dead:
                self._process.tell(part.fetched)
            if part.detail and not part.follower.dead:
                self._process.tell(f.SourceFailed(part.follower.route, part.follower.generation, part.stop, part.detail))

    def _read(self, log: Log[int], start: int) -> _Stretch:
        position = start
        found: list[Entry[int]] = []
        size, stop, stable = 0, None, log.stable
        for entry in log.entries[max(bisect_right(log.bases, start) - 1, 0) :]:
            if entry.next <= start:
                continue
            if entry.base >= stable or (found and size + entry.size > FETCH_PARTITION_BYTES_MAX) or len(found) >= _BATCHES_MAX:
                break
            if entry.status is Status.COMMITTED:
                assert entry.value is not None
                stop = self._world.unreadable.get(entry.value)
                if stop is not None:
                    break
                found.append(entry)
                size += entry.size
            position = entry.next
        return _Stretch(start, found, position, stop)

    # ---- looking

    def inspect(self, order: f.Inspect) -> None:
        """Look at the source, then at each target, then tell."""
        self._world.after(
            self._world.latency(),
            self._look_at_source,
            Look(order, self._world.topics_of(order.route), self._process.eras.get(order.route, 0)),
        )

    def _look_at_source(self, look: Look) -> None:
        world, order = self._world, look.order
        log = look.log = world.sources.get(world.source_of(order.route))
        standing = look.standing = world.oracle.of_era(order.route, look.era)
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
            side = _side(log, written.last if written else -1, written.next if written else 0)
            look.targets[topic] = msgspec.structs.replace(side, undecided=written is None and log.stable < log.end)
            if not world.oracle.target_true(look.standing, topic, log):
                look.false.add(topic)
        if number + 1 < len(look.topics):
            world.after(world.latency(), self._look_at_target, look, number + 1)
        else:
            world.after(world.latency(), self._looked, look)

    def _looked(self, look: Look) -> None:
        order = look.order
        changed = self._world.sources.get(self._world.source_of(order.route)) is not look.log
        if changed or self._world.fails():
            self._process.tell(f.SourceFailed(order.route, order.generation, None, "could not be looked at"))
        else:
            self._process.tell_look(look, f.Inspected(order.route, order.generation, look.source, look.targets))


def _side(log: Log[V], last: int, behind: int) -> Side:
    stands = log.covering(last)
    beyond = any(entry.base < log.stable for entry in log.committed(behind, log.end))
    return Side(topic_id=log.topic_id, start=log.start, end=log.end, last_crc=stands.crc if stands else None, beyond=beyond)


def _batch(source: TopicPartition, entry: Entry[int], offset: int) -> f.Batch:
    """Return a batch as the bus does; of one that begins before `offset`, only the rest is rebuilt."""
    return f.Batch(
        base=entry.base,
        next=entry.next,
        count=entry.next - max(entry.base, offset),
        size=entry.size,
        crc=entry.crc,
        timestamp=entry.base,
        newest=entry.next,
        handle=Carried(source, entry, offset),
    )
