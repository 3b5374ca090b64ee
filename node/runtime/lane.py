"""A lane of this process: one source, one target, the shards that its routes fall into, and how far behind they are."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from datetime import time as clock
from types import MappingProxyType
from typing import Any

import msgspec

from node.bus.client import Client
from node.bus.source import open_source
from node.control.events import SHANGHAI
from node.errors import CommandRefused
from node.lane import Resume, State, TopicPartition
from node.lane import facts as f
from node.lane.pace import Pace
from node.model.limits import STOP_S
from node.model.names import Topic, is_canary
from node.model.partition import shard_of
from node.runtime.completeness import Completeness
from node.runtime.flow import FlowStatus, RouteStatus
from node.runtime.seen import Seen
from node.runtime.shard import Place, Shard
from node.telemetry import Metrics, logger
from node.transform import Care, Transform

_TURN_S = 60.0
"""A clock may be set meanwhile: it is looked at so often at least."""
_FINISH_S = 0.7 * STOP_S
"""For the transactions of all shards together; the rest of a stop's time is for closing clients and answering the last HTTP request."""


class LaneSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a lane is called and where its progress stands."""

    node: str
    lane: str
    progress_topic: str
    care: Callable[[Topic], Care]
    transform: Callable[[Topic], Transform] | None = None
    source_topic: Callable[[Topic], Topic] = lambda topic: topic
    completeness: Completeness = msgspec.field(default_factory=Completeness)
    pace: Pace = msgspec.field(default_factory=Pace)
    """what it may ask for; of this lane alone"""


class Lane:
    """Routes carried from one cluster to another. Made by `open_lane`."""

    def __init__(self, spec: LaneSpec, place: Place, tasks: asyncio.TaskGroup) -> None:
        self.spec = spec
        self._day = datetime.now(SHANGHAI).date().isoformat()
        self._place = place
        self._tasks = tasks
        self._shards: dict[int, Shard] = {}
        self.seen = Seen(place, self._shards.values(), spec.completeness, lambda: self._awaiting)
        self._running: set[asyncio.Task[None]] = set()
        self._failed = False
        self._awaiting: dict[TopicPartition, str] = {}
        """routes that may not flow yet, and why"""

    def route(
        self,
        topics: Iterable[tuple[Topic, int]],
        from_now: Collection[Topic] = (),
        eras: Mapping[Topic, int] = MappingProxyType({}),
        awaits: Mapping[Topic, str] = MappingProxyType({}),
    ) -> None:
        """Carry these topics, given with their partition counts, and no others from now on.

        Those `from_now` begin at their source's end where they have not begun yet, those with a greater era than before begin anew; those that await
        something are shown with it, and not carried. All that is made of one partition of a source has one shard.
        """
        wanted: dict[int, dict[TopicPartition, TopicPartition]] = {number: {} for number in self._shards}
        self._awaiting = {}
        for topic, partitions in topics:
            if topic in awaits:
                self._awaiting |= {TopicPartition(topic, partition): awaits[topic] for partition in range(partitions)}
                continue
            source = self.spec.source_topic(topic)
            for partition in range(partitions):
                routes = wanted.setdefault(shard_of(source, partition), {})
                routes[TopicPartition(topic, partition)] = TopicPartition(source, partition)
        for number, routes in sorted(wanted.items()):
            shard = self._shards.get(number)
            if shard is None:
                shard = self._shards[number] = Shard(self._place, number, self.spawn)
                shard.feed(f.Ticked(self._day))
            late = frozenset(route for route in routes if route.topic in from_now)
            shard.feed(f.Routed(frozenset(routes), routes, late, {route: eras.get(route.topic, 0) for route in routes}))

    def look(self) -> None:
        """Look again at routes that wait for a topic."""
        for shard in self._shards.values():
            shard.feed(f.Looked())

    def resume(self, topic: Topic, mode: Resume) -> list[TopicPartition]:
        """Let a topic's stopped routes go on; return which they are.

        CommandRefused where that would send what lies before the beginning of a route that has one: it was not granted.
        """
        found = [(shard, route) for shard, route in self.seen.all() if route.route.topic == topic and route.state is State.STOPPED]
        if mode is Resume.FROM_START and any(route.from_now for _shard, route in found):
            en = f"{topic} begins with its grant: what its source held before was not granted; let it go on with --accept or --from-now"
            zh = f"{topic} 仅授权自授予之时起的数据：此前的数据未获授权；请用 --accept 或 --from-now 继续"
            raise CommandRefused("not-granted", en, zh)
        for shard, route in found:
            shard.feed(f.Resumed(route.route, mode))
        return [route.route for _shard, route in found]

    def resume_canaries(self) -> None:
        """Let canaries that stopped go on: of what tells only that somebody is there nothing can be lost or doubled, and a link would look broken else."""
        for shard, route in self.seen.all():
            if route.state is State.STOPPED and is_canary(route.route.topic):
                shard.feed(f.Resumed(route.route, Resume.ACCEPT))

    @property
    def carried(self) -> set[Topic]:
        """The topics of its routes, of those that are let go too as long as a transaction holds something of them."""
        return {route.route.topic for _shard, route in self.seen.all()}

    # ---- what it shows

    def status(self) -> list[RouteStatus]:
        """Return all routes with their lag, in the order of their names."""
        return self.seen.routes()

    def flows(self) -> list[FlowStatus]:
        """Return the same by resource, with how fast each moves."""
        return self.seen.flows()

    def phases(self) -> list[str]:
        """Return the phase of each shard that is open."""
        return [shard.machine.phase.value for shard in self._shards.values()]

    @property
    def skew(self) -> float | None:
        """How far the target's clock is before ours (s), None before anything was written there."""
        return self._place.target.skew.seconds

    @property
    def trouble(self) -> str:
        """Why something is not fetched or not written at the moment; empty when all is well."""
        failures = (shard.machine.failure for shard in self._shards.values())
        waits = (shard.waits_for for shard in self._shards.values())
        return self._place.source.trouble or next(filter(None, [*waits, *failures]), "")

    # ---- loops

    async def turn(self) -> None:
        """Tell all shards for ever which day it is: what they commit from a midnight on counts for the next one."""
        while True:
            now = datetime.now(SHANGHAI)
            if (day := now.date().isoformat()) != self._day:
                self._day = day
                for shard in self._shards.values():
                    shard.feed(f.Ticked(day))
            midnight = datetime.combine(now.date() + timedelta(days=1), clock(), SHANGHAI)
            await asyncio.sleep(min((midnight - now).total_seconds(), _TURN_S))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a task of this lane. Whatever one of them raises ends the lane: the supervisor opens it anew."""
        if self._failed:  # a TaskGroup that ends takes no tasks
            work.close()
            return
        task = self._tasks.create_task(work, name=self.spec.lane)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._failed = self._failed or not (task.cancelled() or task.exception() is None)

    async def stop(self) -> None:
        """Finish or abort what is open, within 7 s, and say which; after that nothing of the lane runs any more."""
        for shard in self._shards.values():
            shard.feed(f.Stopping())
            shard.ending = "" if shard.ended.is_set() else "lost"  # until the coordinator's answer says better
        if not self._failed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FINISH_S):
                    for shard in self._shards.values():
                        await shard.ended.wait()
        for shard in self._shards.values():
            if not shard.ended.is_set():
                shard.feed(f.Lost("the stop took too long"))
            if shard.ending:
                logger().info("transaction-ended", lane=self.spec.lane, shard=shard.number, outcome=shard.ending)
        self._shards.clear()
        for task in list(self._running):
            task.cancel()


@asynccontextmanager
async def open_lane(spec: LaneSpec, source: Client, target: Client, metrics: Metrics) -> AsyncIterator[Lane]:
    """Open a lane; leaving it finishes or aborts its transactions, unless `stop` was called before."""
    client_id = f"{spec.node}.{spec.lane}"
    async with open_source(source, client_id, spec.pace) as incoming, asyncio.TaskGroup() as tasks:
        place = Place(
            node=spec.node,
            lane=spec.lane,
            source=incoming,
            target=target,
            progress_topic=spec.progress_topic,
            care=spec.care,
            metrics=metrics,
            transform=spec.transform,
            source_topic=spec.source_topic,
        )
        lane = Lane(spec, place, tasks)
        lane.spawn(lane.turn())
        lane.spawn(lane.seen.watch())
        try:
            yield lane
        finally:
            await lane.stop()
