"""The driver of one shard: carries out the machine's orders against Kafka and tells it what happened."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, assert_never

import msgspec

from node.bus import inspect
from node.bus.client import Client
from node.bus.fetch import topic_id
from node.bus.follower import Following
from node.bus.progress import read_progress
from node.bus.sink import Sink, release
from node.bus.source import Source
from node.errors import BatchError, BusError, Fenced
from node.lane import Machine, Phase, State, Stop, TopicPartition
from node.lane import facts as f
from node.model.limits import WAIT_MAX_S
from node.model.names import Topic
from node.runtime.memories import Memories
from node.runtime.tally import Tally
from node.runtime.transforming import Making, Transforming, raw
from node.telemetry import Metrics, logger
from node.transform import Care, Made, Transform
from node.transform.shown import Shown


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a lane works: whose it is, from where to where, and where its progress stands."""

    node: str
    lane: str
    source: Source
    target: Client
    progress_topic: str
    care: Callable[[Topic], Care]
    """what the batches of a source's topic may be like"""
    metrics: Metrics
    transform: Callable[[Topic], Transform] | None = None
    """by the source's topic: what is done to its batches; without one they are carried as they are"""
    source_topic: Callable[[Topic], Topic] = lambda topic: topic
    """by the route's topic: what is read for it"""

    def source_of(self, route: TopicPartition) -> TopicPartition:
        """Return what is read for a route."""
        return TopicPartition(self.source_topic(route.topic), route.partition)

    def transform_of(self, route: TopicPartition) -> Transform:
        """Return what is done to a route's batches."""
        assert self.transform is not None
        return self.transform(self.source_topic(route.topic))

    def outcomes(self, route: TopicPartition) -> Mapping[Topic, str]:
        """Return what a route writes to, and the word by which records that go there are counted."""
        return {route.topic: "carried"} if self.transform is None else self.transform_of(route).outcomes(route.topic)


class Shard:
    """One shard of a lane. `feed` takes facts; everything else follows from the machine."""

    def __init__(self, place: Place, number: int, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        self.machine = Machine()
        self.number = number
        self.ended = asyncio.Event()
        """set when the machine is closed or has given the shard up"""
        self.ending = ""
        """how the last transaction ended before a stop: committed, aborted or lost"""
        self.answered_at: float | None = None
        self.waits_for = ""
        """what has to be there before the shard can be opened"""
        self._logged = ""
        self._place = place
        self._id = f"{place.node}.{place.lane}.{number}"
        self._progress = TopicPartition(place.progress_topic, number)  # type: ignore[arg-type]  # a Topic by construction of Place
        self._spawn = spawn
        self._sink: Sink | None = None
        self._facts: deque[f.Fact] = deque()
        self._feeding = False
        self._timer: asyncio.TimerHandle | None = None
        self._moved: tuple[f.Moved, ...] = ()
        self._transforming: Transforming | None = None
        self._memories: Memories | None = None
        if place.transform is not None:
            making = Making(lane=place.lane, source_of=place.source_of, transform=place.transform, kept=self._kept)
            self._transforming = Transforming(making, self, spawn)
            self._memories = Memories(place.target, place.transform_of, self._transforming.at_rest)
        self._tally = Tally(place.metrics, place.lane, place.outcomes)
        self._loop = asyncio.get_running_loop()

    def feed(self, fact: f.Fact) -> None:
        """Tell the machine a fact and carry out what follows. Facts that come up on the way wait their turn."""
        self._facts.append(fact)
        if self._feeding:
            return
        self._feeding = True
        try:
            while self._facts:
                for order in self.machine.handle(self._facts.popleft(), self._loop.time()):
                    self._carry_out(order)
        except Exception as error:  # noqa: BLE001 - most facts come from callbacks, where it would only be logged: the supervisor must have it
            self._spawn(_fail(error))
            return
        finally:
            self._feeding = False
        self._set_timer()
        if self._memories is not None and isinstance(fact, f.Routed):
            self._memories.keep(self.machine.routes)
        if self.machine.phase.is_over:
            self.ended.set()

    def _kept(self, route: TopicPartition) -> Shown | None:
        return None if self._memories is None else self._memories.of(route)

    def _set_timer(self) -> None:
        deadline = self.machine.deadline
        if self._timer is not None:
            if deadline is not None and self._timer.when() == deadline and not self._timer.cancelled():
                return
            self._timer.cancel()
        self._timer = None if deadline is None else self._loop.call_at(deadline, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.feed(f.Ticked())

    def _carry_out(self, order: f.Order) -> None:  # noqa: C901, PLR0912 - one arm an order
        place, source = self._place, self._place.source
        match order:
            case f.Produce():
                self._produce(order)
            case f.Begin():
                self._tally.begin()
                self._use.begin()
            case f.Record():
                self._moved = tuple(order.moved)
                if self._memories is not None:
                    self._memories.recorded(self._moved)
                self._use.record(order.moved, int(time.time() * 1000))
            case f.Commit():
                self._spawn(self._commit(self._use))
            case f.Abort():
                if self._transforming is not None:
                    self._transforming.forget()
                self._spawn(self._abort(self._use))
            case f.Open():
                self._spawn(self._open())
            case f.Recover():
                self._spawn(self._recover(self._use))
            case f.Inspect():
                self._spawn(self._inspect(order))
            case f.Follow():
                if self._memories is None:
                    self._follow(order)
                else:
                    self._memories.close(order.route)
                    self._spawn(self._follow_remembering(order, self._memories))
            case f.Unfollow():
                source.unfollow(order.route)
            case f.Hold():
                source.hold(order.route, held=True)
            case f.Release():
                source.hold(order.route, held=False)
            case f.Drop():
                release(order.batches)
            case f.SetAside():
                logger().error(
                    "route-stopped",
                    lane=place.lane,
                    shard=self.number,
                    topic=order.route.topic,
                    partition=order.route.partition,
                    reason=order.stop.value,
                    detail=order.detail,
                    next_step=f"exchange-node route resume {order.route.topic} --from-start | --from-now | --accept",
                )
            case f.Close():
                self._close()
            case f.GiveUp():
                place.metrics.transactions.labels(place.lane, "fenced").inc()
                logger().error(
                    "shard-given-up", lane=place.lane, shard=self.number, cause="another process uses this node's transactional.id"
                )
            case _:
                assert_never(order)

    def _produce(self, order: f.Produce) -> None:
        if self._transforming is None:
            self._use.produce(order.route, order.generation, (order.batch,), (raw(order),))
        else:
            self._transforming.take(order)

    def _follow(self, order: f.Follow) -> None:
        place, source = self._place, self._place.source_of(order.route)
        place.source.follow(
            Following(
                route=order.route,
                source=source,
                topic_id=topic_id(order.topic_id),
                generation=order.generation,
                position=order.offset,
                care=place.care(source.topic),
                listener=self,
            )
        )

    async def _follow_remembering(self, order: f.Follow, memories: Memories) -> None:
        """Follow a route once what is kept of it holds for where it begins, if it is to be followed still by then."""
        state = self.machine.routes.get(order.route)
        known = state.progress.targets if state is not None and state.progress is not None else {}
        try:
            await memories.open(order.route, order.offset, known.get(order.route.topic))
        except BusError as error:
            self.feed(f.SourceFailed(order.route, order.generation, None, str(error)))
            return
        except BatchError as error:
            self.feed(f.SourceFailed(order.route, order.generation, Stop.CORRUPT, str(error)))
            return
        state = self.machine.routes.get(order.route)
        if state is not None and state.generation == order.generation and state.state is State.FLOWING:
            self._follow(order)

    @property
    def _use(self) -> Sink:
        assert self._sink is not None
        return self._sink

    def _close(self) -> None:
        if self._transforming is not None:
            self._transforming.forget()
        if self._sink is not None:
            self._sink.close()
            self._sink = None
        if self.machine.phase is Phase.BACKING_OFF:
            place = self._place
            place.source.pace.lost()
            place.metrics.transactions.labels(place.lane, "lost").inc()
            if self.machine.failure != self._logged:  # a cause that stays is said once, not at every attempt
                self._logged = self.machine.failure
                logger().warning("producer-lost", lane=place.lane, shard=self.number, cause=self._logged)

    # ---- orders that take time: each ends in one fact, and in none when its sink was closed meanwhile

    async def _open(self) -> None:
        place = self._place
        sink = Sink(place.target, self._id, progress=self._progress, lane=place.lane, listener=self, spawn=self._spawn)
        self._sink = sink
        try:
            while not await self._has_progress_topic():
                if self._sink is not sink:
                    return
                await asyncio.sleep(WAIT_MAX_S / 2)
            await sink.open()
        except BusError as error:
            self._failed(sink, error)
            return
        self._tell(sink, f.Opened())

    async def _has_progress_topic(self) -> bool:
        """Look whether the target's node has made the progress topic; until then nothing can be carried, and nothing is wrong."""
        topic, target = self._progress.topic, self._place.target
        await target.look([topic])
        found = target.topic(topic) is not None
        what = "does not let us see" if target.is_hidden(topic) else "does not have"
        self.waits_for = "" if found else f"{target.bootstrap} {what} {topic} yet: the node beside it sees to that once it knows this one"
        return found

    async def _recover(self, sink: Sink) -> None:
        try:
            found = await read_progress(self._place.target, self._progress, self._place.lane)
        except BusError as error:
            self._failed(sink, error)
            return
        self._tell(sink, f.Recovered(found))

    async def _commit(self, sink: Sink) -> None:
        moved = self._moved
        try:
            await sink.end(commit=True)
        except BusError as error:
            self.ending = "lost"
            self._failed(sink, error)
            return
        self.answered_at, self.ending, self._logged = sink.answered_at, "committed", ""
        if self._memories is not None and self._sink is sink:
            self._memories.confirm(moved)
        self._tally.committed(moved)
        self._tell(sink, f.Committed())

    async def _abort(self, sink: Sink) -> None:
        try:
            await sink.end(commit=False)
        except BusError as error:
            self.ending = "lost"
            self._failed(sink, error)
            return
        self.answered_at, self.ending = sink.answered_at, "aborted"
        self._place.metrics.transactions.labels(self._place.lane, "aborted").inc()
        self._tell(sink, f.Aborted())

    async def _inspect(self, order: f.Inspect) -> None:
        route, known = order.route, order.progress.targets if order.progress else {}
        source, target = self._place.source.client, self._place.target
        topics, origin = list(self._place.outcomes(route)), self._place.source_of(route)
        try:
            await source.look([origin.topic])
            await target.look(topics)
            one = await inspect.source_side(source, origin, order.progress)
            others = {
                topic: await inspect.target_side(target, TopicPartition(topic, route.partition), known.get(topic)) for topic in topics
            }
        except BusError as error:
            self.feed(f.SourceFailed(route, order.generation, None, str(error)))
            return
        except BatchError as error:
            self.feed(f.SourceFailed(route, order.generation, Stop.CORRUPT, str(error)))
            return
        self.feed(f.Inspected(route, order.generation, one, others))

    def _tell(self, sink: Sink, fact: f.Fact) -> None:
        if self._sink is sink:
            self.feed(fact)

    def _failed(self, sink: Sink, error: BusError) -> None:
        self._tell(sink, f.Fenced() if isinstance(error, Fenced) else f.Lost(str(error)))

    # ---- what the transform, the sink and the source tell

    @property
    def closing(self) -> bool:
        """Whether the transaction is to end as soon as what was ordered is settled."""
        return self.machine.phase is Phase.CLOSING

    def made(self, orders: Sequence[f.Produce], made: Made) -> None:
        """Something was made of a route's batches."""
        route = orders[0].route
        self._tally.made(route.topic, made)
        self._use.produce(route, orders[0].generation, [order.batch for order in orders], made.writes)

    def handed_back(self, orders: Sequence[f.Produce]) -> None:
        """Batches of a route were not begun."""
        self.feed(f.Returned(orders[0].route, orders[0].generation, [order.batch for order in orders]))

    def failed(self, route: TopicPartition, stop: Stop | None, detail: str) -> None:
        """Nothing can be made of a route's batches."""
        self.feed(f.TargetFailed(route, stop, detail))

    def settled(self, route: TopicPartition, generation: int, wrote: Sequence[f.Wrote]) -> None:
        """What was made of a batch stands in its targets."""
        self.feed(f.Settled(route, generation, wrote))

    def recorded(self) -> None:
        """The progress stands in the transaction."""
        self.feed(f.Recorded())

    def target_failed(self, route: TopicPartition, stop: Stop | None, detail: str) -> None:
        """The target refuses a route."""
        self.feed(f.TargetFailed(route, stop, detail))

    def lost(self, error: BusError) -> None:
        """The producer is of no use any more."""
        self.feed(f.Fenced() if isinstance(error, Fenced) else f.Lost(str(error)))

    def fetched(self, route: TopicPartition, generation: int, batches: list[f.Batch], position: int, end: int) -> None:
        """Batches came."""
        self.feed(f.Fetched(route, generation, batches, position, end))

    def source_failed(self, route: TopicPartition, generation: int, stop: Stop | None, detail: str) -> None:
        """The source refuses a route."""
        self.feed(f.SourceFailed(route, generation, stop, detail))


async def _fail(error: Exception) -> None:
    raise error
