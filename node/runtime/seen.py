"""What a lane does as it can be seen: where each route stands, how far behind it is, how fast a resource moves, and what moved today.

Lag is 0 when a route is level, else the age of the oldest record that is not carried; where that cannot be seen, the time since the route was last known to
be level (`completeness`). A route that flows is level as of the last answer to a Fetch, which comes twice a second; of one that does not, the source is asked.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from node.bus.inspect import oldest
from node.errors import BusError, Unavailable
from node.lane import Phase, Progress, RouteState, State, TopicPartition
from node.model.limits import WATCH_INTERVAL_S
from node.model.names import Topic, department_of, is_nodes, is_view, quarantine_topic, resource_of
from node.runtime.completeness import Completeness
from node.runtime.flow import FlowStatus, RouteStatus, Speed, by_topic, flow_of, seconds_since
from node.runtime.shard import Place, Shard
from node.telemetry.metrics import Volume

_DIRECTIONS = {"link-up": "up", "link-down": "down", "gate": "published", "view": "view"}


class Seen:
    """The routes of a lane's shards."""

    def __init__(
        self, place: Place, shards: Iterable[Shard], completeness: Completeness, awaiting: Callable[[], Mapping[TopicPartition, str]]
    ) -> None:
        self._place = place
        self._awaiting = awaiting
        self._shards = shards
        self._completeness = completeness
        self._behind: dict[TopicPartition, tuple[int, int | None]] = {}
        """of routes that do not flow: how many offsets, and of when (ms) the oldest record is"""
        self._asked: dict[TopicPartition, float] = {}
        """when (monotonic s) the source of a route that does not flow was last asked"""
        self._complete: dict[TopicPartition, float] = {}
        """up to when (ms) a route is known to be complete"""
        self._since: dict[TopicPartition, tuple[str, int]] = {}
        """the state of a route, and when (ms) it was first seen in it"""
        self._speeds: dict[Topic, Speed] = {}

    def all(self) -> list[tuple[Shard, RouteState]]:
        """Return every route with its shard."""
        return [(shard, route) for shard in self._shards for route in shard.machine.routes.values()]

    def newest_ms(self, topic: Topic) -> int:
        """Return the greatest timestamp of what was committed of a topic, 0 if nothing was since the lane was opened."""
        return max((route.newest for _shard, route in self.all() if route.route.topic == topic), default=0)

    # ---- routes and flows

    def routes(self) -> list[RouteStatus]:
        """Return all routes in the order of their names, with those that may not flow yet and why."""
        found = [self._route(shard, route) for shard, route in self.all()]
        found += [
            self._told(
                route, State.WAITING.value, detail=why, lag_seconds=seconds_since(self._completeness.of(self._place.lane, route.topic))
            )
            for route, why in self._awaiting().items()
        ]
        there = {TopicPartition(Topic(one.topic), one.partition) for one in found}
        self._since = {route: since for route, since in self._since.items() if route in there}
        return sorted(found, key=lambda one: (one.topic, one.partition))

    def flows(self) -> list[FlowStatus]:
        """Return the same by topic."""
        lane, none = self._place.lane, Speed()
        return [flow_of(lane, topic, found, self._speeds.get(topic, none)) for topic, found in by_topic(self.routes()).items()]

    def _route(self, shard: Shard, route: RouteState) -> RouteStatus:
        phase, progress = shard.machine.phase, route.progress
        state = "given-up" if phase is Phase.GIVEN_UP else phase.value if route.state is State.RESTING else route.state.value
        lag_records, lag_seconds = self._lag(route)
        return self._told(
            route.route,
            state,
            reason=route.stop.value if route.stop else "",
            detail=route.detail or shard.waits_for or shard.machine.failure,
            next=progress.next if progress else 0,
            lag_records=lag_records,
            lag_seconds=lag_seconds,
            newest_ms=route.newest,
            records=progress.records if progress else 0,
            bytes=progress.bytes if progress else 0,
            outcomes=_outcomes(progress, self._place.outcomes(route.route)) if progress else {},
        )

    def _told(self, route: TopicPartition, state: str, **more: object) -> RouteStatus:
        before, since = self._since.get(route, ("", 0))
        if before != state:
            since = int(time.time() * 1000)
            self._since[route] = state, since
        return RouteStatus(lane=self._place.lane, topic=route.topic, partition=route.partition, state=state, since_ms=since, **more)  # type: ignore[arg-type]  # as `routes` and `_route` name them

    def _lag(self, route: RouteState) -> tuple[int, float]:
        """Return how many offsets and seconds a route is behind."""
        name, begun = route.route, route.progress.next if route.progress else 0
        if route.state is State.FLOWING:
            records, stamp = max(route.end - begun, 0), route.oldest_timestamp
            if route.caught_up and route.quiet and self._place.source.hears(name):
                self._complete[name] = time.time() * 1000
                return 0, 0.0
        else:
            records, stamp = self._behind.get(name, (0, None))
            if name in self._behind and not records:
                return 0, 0.0
            stamp = route.oldest_timestamp if stamp is None else stamp
        if stamp is None:  # the lane's own last word: all up to there was carried
            stamp = max(self._complete.get(name, self._completeness.of(self._place.lane, name.topic)), route.newest)  # type: ignore[assignment]  # ms as well
        return records, seconds_since(stamp or 0.0)

    # ---- loops

    async def watch(self) -> None:
        """See for ever how fast routes move, and how far those that do not flow are behind: their lag must grow on the dashboards, not vanish."""
        while True:
            await self._ask_sources()
            lane, flows = self._place.lane, by_topic(self.routes())
            self._time(flows)
            self._complete = {route.route: self._complete[route.route] for _shard, route in self.all() if route.route in self._complete}
            stamp = time.time() * 1000
            self._completeness.note(lane, {topic: stamp - 1000 * max(one.lag_seconds for one in routes) for topic, routes in flows.items()})
            await asyncio.sleep(WATCH_INTERVAL_S)

    def _time(self, flows: Mapping[Topic, list[RouteStatus]]) -> None:
        """Note how far flows are; not where that is not known of all partitions, for what comes to be known would be taken for carried just now."""
        now, unknown = time.monotonic(), {route.route.topic for _shard, route in self.all() if route.progress is None}
        speeds, self._speeds = self._speeds, {}
        for topic, routes in flows.items():
            speed = self._speeds[topic] = speeds.get(topic) or Speed()
            if topic not in unknown:
                speed.note(
                    now, sum(one.records for one in routes), sum(one.bytes for one in routes), sum(one.lag_records for one in routes)
                )

    async def _ask_sources(self) -> None:
        """Ask how far routes that do not flow are behind, as many as answer until the next look; who was not asked comes first then.

        What was heard of one before goes on to count, but that nothing was behind: that may have changed.
        """
        stand = {route.route: route.progress.next for _shard, route in self.all() if route.state is not State.FLOWING and route.progress}
        self._behind = {route: known for route, known in self._behind.items() if route in stand and known[0]}
        self._asked = {route: at for route, at in self._asked.items() if route in stand}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WATCH_INTERVAL_S):
                for route in sorted(stand, key=lambda one: self._asked.get(one, 0.0)):
                    self._asked[route] = time.monotonic()
                    try:
                        self._behind[route] = await oldest(self._place.source.client, self._place.source_of(route), stand[route])
                    except Unavailable:  # nor will the others be answered
                        return
                    except BusError:
                        continue

    # ---- what moved today

    def volumes(self, day: str) -> Iterator[Volume]:
        """Yield what was committed on a day (YYYY-MM-DD in Asia/Shanghai) of each partition, by the progress that stands."""
        lane = self._place.lane
        for shard in self._shards:
            for route, progress in shard.machine.known.items():
                if progress.day != day or is_nodes(route.topic):
                    continue
                resource = resource_of(route.topic) if lane == "gate" or is_view(route.topic) else route.topic
                written = [one for topic, one in progress.targets.items() if topic != quarantine_topic(resource)]
                yield Volume(
                    department=department_of(resource),
                    resource=resource if lane == "gate" else route.topic,
                    direction=_DIRECTIONS[lane],
                    records=sum(one.day_records for one in written),
                    bytes=sum(one.day_bytes for one in written),
                )


def _outcomes(progress: Progress, words: Mapping[Topic, str]) -> dict[str, int]:
    """Return how many records became what; those that were read and stand nowhere were left out by a filter."""
    found = {word: progress.targets[topic].records for topic, word in words.items() if topic in progress.targets}
    filtered = progress.records - sum(found.values())
    return found | ({"filtered": filtered} if filtered > 0 else {})
