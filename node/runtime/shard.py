"""The driver of one shard: carries out the machine's orders against Kafka and tells it what happened."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, assert_never

import msgspec

from node.bus import inspect
from node.bus.client import Client
from node.bus.fetch import topic_id
from node.bus.progress import read_progress
from node.bus.sink import Sink, release
from node.bus.source import Following, Source
from node.errors import BatchError, BusError, Fenced
from node.lane import Machine, Phase, Stop, TopicPartition, Written
from node.lane import facts as f
from node.model.limits import WAIT_MAX_S
from node.model.names import Topic
from node.runtime.transforming import Transforming, raw
from node.telemetry import Metrics, logger
from node.transform import Care, Made, Transform


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

    def outcomes(self, topic: Topic) -> Mapping[Topic, str]:
        """Return what a source's batches are written to, and the word by which records that go there are counted."""
        return {topic: "carried"} if self.transform is None else self.transform(topic).outcomes


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
        self._transforming = None if place.transform is None else Transforming(place.lane, place.transform, self, spawn)
        self._refused: Counter[tuple[Topic, str]] = Counter()
        self._warned: Counter[tuple[Topic, str]] = Counter()
        """of the open transaction, by topic and reason or rule"""
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
        if self.machine.phase.is_over:
            self.ended.set()

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
                self._refused.clear()
                self._warned.clear()
                self._use.begin()
            case f.Record():
                self._moved = tuple(order.moved)
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
                source.follow(
                    Following(
                        route=order.route,
                        source=order.route,
                        topic_id=topic_id(order.topic_id),
                        generation=order.generation,
                        position=order.offset,
                        care=place.care(order.route.topic),
                        listener=self,
                    )
                )
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
        self.waits_for = (
            "" if found else f"{topic} is not there yet in {target.bootstrap}: the node beside it makes it once it knows this one"
        )
        return found

    async def _recover(self, sink: Sink) -> None:
        try:
            found = await read_progress(self._place.target, self._progress, self._place.lane)
        except BusError as error:
            self._failed(sink, error)
            return
        self._tell(sink, f.Recovered(found))

    async def _commit(self, sink: Sink) -> None:
        try:
            await sink.end(commit=True)
        except BusError as error:
            self.ending = "lost"
            self._failed(sink, error)
            return
        self.answered_at, self.ending, self._logged = sink.answered_at, "committed", ""
        self._count()
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
        topics = list(self._place.outcomes(route.topic))
        try:
            await source.look([route.topic])
            await target.look(topics)
            one = await inspect.source_side(source, route, order.progress)
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

    def _count(self) -> None:
        metrics, lane, now = self._place.metrics, self._place.lane, time.time()
        metrics.transactions.labels(lane, "committed").inc()
        for move in self._moved:
            outcomes, topic = self._place.outcomes(move.route.topic), move.route.topic
            for target, new in move.progress.targets.items():
                old = move.before.targets.get(target, _NOTHING)
                metrics.carried(
                    (lane, topic, outcomes.get(target, "carried")),
                    batches=new.batches - old.batches,
                    records=new.records - old.records,
                    size=new.bytes - old.bytes,
                )
            age = metrics.age.labels(lane, topic)
            for newest in move.ages:
                age.observe(max(now - newest / 1000, 0.0))
        for (topic, word), count in self._refused.items():
            metrics.refused.labels(topic, word).inc(count)
        for (topic, rule), count in self._warned.items():
            metrics.warned.labels(topic, rule).inc(count)

    # ---- what the transform, the sink and the source tell

    @property
    def closing(self) -> bool:
        """Whether the transaction is to end as soon as what was ordered is settled."""
        return self.machine.phase is Phase.CLOSING

    def made(self, orders: Sequence[f.Produce], made: Made) -> None:
        """Something was made of a route's batches."""
        route = orders[0].route
        self._refused.update({(route.topic, word): count for word, count in made.refused.items()})
        self._warned.update({(route.topic, rule): count for rule, count in made.warned.items()})
        self._use.produce(route, orders[0].generation, [order.batch for order in orders], made.writes)

    def handed_back(self, orders: Sequence[f.Produce]) -> None:
        """Batches of a route were not begun."""
        self.feed(f.Returned(orders[0].route, orders[0].generation, [order.batch for order in orders]))

    def failed(self, route: TopicPartition) -> None:
        """Nothing can be made of a route's batches."""
        self.feed(f.TargetFailed(route, Stop.DEFECT, "a batch could not be worked on, whatever it holds: the log says where"))

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


_NOTHING = Written(id="")


async def _fail(error: Exception) -> None:
    raise error
