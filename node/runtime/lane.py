"""A lane of this process: one source, one target, the shards that its routes fall into, and how far behind they are."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any

import msgspec

from node.bus.client import Client
from node.bus.inspect import oldest
from node.bus.source import open_source
from node.errors import BusError, CommandRefused
from node.lane import Phase, Progress, Resume, RouteState, State, TopicPartition
from node.lane import facts as f
from node.lane.pace import Pace
from node.model.limits import STOP_S, WATCH_INTERVAL_S
from node.model.names import Topic
from node.model.partition import shard_of
from node.runtime.shard import Place, Shard
from node.telemetry import Metrics, logger
from node.telemetry.metrics import RouteFigures
from node.transform import Care, Transform

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
    pace: Pace = msgspec.field(default_factory=Pace)
    """what it may ask for; of this lane alone"""


class RouteStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One partition of a route, as `status` shows it."""

    lane: str
    topic: str
    partition: int
    state: str
    reason: str = ""
    detail: str = ""
    next: int = 0
    lag_records: int = 0
    lag_seconds: float = 0.0
    records: int = 0
    bytes: int = 0
    outcomes: dict[str, int] = {}
    """records by what became of them: carried; passed and quarantined; sent and filtered"""


class Lane:
    """Routes carried from one cluster to another. Made by `open_lane`."""

    def __init__(self, spec: LaneSpec, place: Place, tasks: asyncio.TaskGroup) -> None:
        self.spec = spec
        self._place = place
        self._tasks = tasks
        self._shards: dict[int, Shard] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._failed = False
        self._behind: dict[TopicPartition, tuple[int, int | None]] = {}
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
        found = [(shard, route) for shard, route in self._routes() if route.route.topic == topic and route.state is State.STOPPED]
        if mode is Resume.FROM_START and any(route.from_now for _shard, route in found):
            en = f"{topic} begins with its grant: what its source held before was not granted; let it go on with --accept or --from-now"
            zh = f"{topic} 仅授权自授予之时起的数据：此前的数据未获授权；请用 --accept 或 --from-now 继续"
            raise CommandRefused("not-granted", en, zh)
        for shard, route in found:
            shard.feed(f.Resumed(route.route, mode))
        return [route.route for _shard, route in found]

    def _routes(self) -> list[tuple[Shard, RouteState]]:
        return [(shard, route) for shard in self._shards.values() for route in shard.machine.routes.values()]

    @property
    def carried(self) -> set[Topic]:
        """The topics of its routes, of those that are let go too as long as a transaction holds something of them."""
        return {route.route.topic for _shard, route in self._routes()}

    # ---- what it shows

    def status(self) -> list[RouteStatus]:
        """Return all routes with their lag, in the order of their names."""
        found = [self._status(shard, route) for shard, route in self._routes()]
        found += [self._waiting(route, why) for route, why in self._awaiting.items()]
        return sorted(found, key=lambda one: (one.topic, one.partition))

    def _waiting(self, route: TopicPartition, why: str) -> RouteStatus:
        return RouteStatus(lane=self.spec.lane, topic=route.topic, partition=route.partition, state=State.WAITING.value, detail=why)

    def _status(self, shard: Shard, route: RouteState) -> RouteStatus:
        lag_records, lag_seconds = self._lag(route)
        progress = route.progress
        phase = shard.machine.phase
        given_up = phase is Phase.GIVEN_UP
        outcomes = _outcomes(progress, self._place.outcomes(route.route)) if progress else {}
        return RouteStatus(
            lane=self.spec.lane,
            topic=route.route.topic,
            partition=route.route.partition,
            state="given-up" if given_up else phase.value if route.state is State.RESTING else route.state.value,
            reason=route.stop.value if route.stop else "",
            detail=route.detail or shard.waits_for or shard.machine.failure,
            next=progress.next if progress else 0,
            lag_records=lag_records,
            lag_seconds=lag_seconds,
            records=progress.records if progress else 0,
            bytes=progress.bytes if progress else 0,
            outcomes=outcomes,
        )

    def _lag(self, route: RouteState) -> tuple[int, float]:
        """Offsets and seconds behind: 0 when caught up, else the age of the oldest record known that is not carried."""
        next_offset = route.progress.next if route.progress else 0
        if route.state is State.FLOWING:
            records, stamp = max(route.end - next_offset, 0), route.oldest_timestamp
            if route.caught_up and route.quiet:
                return 0, 0.0
        else:
            records, stamp = self._behind.get(route.route, (0, None))
            stamp = route.oldest_timestamp if stamp is None else stamp
        return records, max(time.time() - stamp / 1000, 0.0) if stamp is not None else 0.0

    def figures(self) -> list[RouteFigures]:
        """Return what the gauges show."""
        return [
            RouteFigures(
                lane=one.lane,
                resource=one.topic,
                state=one.state,
                stop=one.reason,
                lag_records=one.lag_records,
                lag_seconds=one.lag_seconds,
            )
            for one in self.status()
        ]

    def phases(self) -> list[str]:
        """Return the phase of each shard that is open."""
        return [shard.machine.phase.value for shard in self._shards.values()]

    @property
    def fetched_at(self) -> float | None:
        """Monotonic time of the last Fetch that was answered."""
        return self._place.source.answered_at

    @property
    def ended_at(self) -> float | None:
        """Monotonic time of the last EndTxn that was answered."""
        return max((shard.answered_at for shard in self._shards.values() if shard.answered_at is not None), default=None)

    @property
    def trouble(self) -> str:
        """Why something is not fetched or not written at the moment; empty when all is well."""
        failures = (shard.machine.failure for shard in self._shards.values())
        waits = (shard.waits_for for shard in self._shards.values())
        return self._place.source.trouble or next(filter(None, [*waits, *failures]), "")

    # ---- loops

    async def watch(self) -> None:
        """See for ever how far routes that do not flow are behind: their lag must grow on the dashboards, not vanish."""
        while True:
            await asyncio.sleep(WATCH_INTERVAL_S)
            behind: dict[TopicPartition, tuple[int, int | None]] = {}
            for _shard, route in self._routes():
                if route.state is State.FLOWING or route.progress is None:
                    continue
                with contextlib.suppress(BusError):
                    behind[route.route] = await oldest(self._place.source.client, self._place.source_of(route.route), route.progress.next)
            self._behind = behind

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a task of this lane. Whatever one of them raises ends the lane: the supervisor opens it anew."""
        if self._failed:  # a TaskGroup that ends takes no tasks
            work.close()
            return
        task = self._tasks.create_task(work)
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
        self._shards = {}
        for task in list(self._running):
            task.cancel()


def _outcomes(progress: Progress, words: Mapping[Topic, str]) -> dict[str, int]:
    """Return how many records became what; those that were read and stand nowhere were left out by a filter."""
    found = {word: progress.targets[topic].records for topic, word in words.items() if topic in progress.targets}
    filtered = progress.records - sum(found.values())
    return found | ({"filtered": filtered} if filtered > 0 else {})


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
        lane.spawn(lane.watch())
        try:
            yield lane
        finally:
            await lane.stop()
