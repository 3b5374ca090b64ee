"""The machine of one shard: facts in, orders out, exactly once.

See the package's docstring for the order of steps and why each stands where it does.
"""

from collections.abc import Iterable
from itertools import count
from typing import assert_never

from node.lane import facts as f
from node.lane.checks import Stop, awaited
from node.lane.phase import Phase
from node.lane.progress import Progress, TopicPartition
from node.lane.ready import Ready
from node.lane.route import RouteState, State, backoff
from node.model.limits import AHEAD_BYTES_MAX, COMMIT_INTERVAL_S, SKIP_COMMIT_S, TRANSACTION_TIMEOUT_S

_PAUSED = (State.WAITING, State.SUSPECT)


class Machine:
    """One shard of one lane. `handle` takes a fact and the monotonic time (s) and returns what is to be done, in order."""

    def __init__(self) -> None:
        self.phase = Phase.RESTING
        self.routes: dict[TopicPartition, RouteState] = {}
        self.failure = ""
        """why the producer was last thrown away; empty once something was committed"""
        self._wanted: frozenset[TopicPartition] = frozenset()
        self.known: dict[TopicPartition, Progress] = {}
        """what stands committed, of routes that are carried no more too"""
        self._generations = count(1)
        self._ready = Ready()
        self._outstanding = 0
        self._begun: float | None = None
        self._skipped_since: float | None = None
        self._attempts = 0
        self._retry_at = 0.0
        self._day = ""
        self._stopping = False
        self._recording: tuple[f.Moved, ...] = ()
        self._orders: list[f.Order] = []

    @property
    def deadline(self) -> float | None:
        """When a Ticked is due (monotonic s); None: not before another fact."""
        if self.phase is Phase.BACKING_OFF:
            return self._retry_at
        if self.phase is not Phase.RUNNING:
            return None
        if self._begun is not None:
            return self._begun + COMMIT_INTERVAL_S
        times = [route.retry_at for route in self.routes.values() if route.state in _PAUSED]
        if self._skipped_since is not None:
            times.append(self._skipped_since + SKIP_COMMIT_S)
        return min(times, default=None)

    def handle(self, fact: f.Fact, now: float) -> list[f.Order]:  # noqa: C901, PLR0912 - one arm a fact
        """Take a fact, return the orders that follow from it."""
        match fact:
            case f.Settled():
                self._settled(fact, now)
            case f.Returned():
                self._returned(fact)
            case f.Fetched():
                self._fetched(fact, now)
            case f.Ticked():
                self._day = fact.day or self._day
            case f.Recorded():
                self._recorded()
            case f.Committed():
                self._committed(now)
            case f.Aborted():
                self._lost("", now)
            case f.Lost():
                self._lost(fact.detail, now)
            case f.TargetFailed():
                self._target_failed(fact, now)
            case f.SourceFailed():
                self._source_failed(fact, now)
            case f.Inspected():
                self._inspected(fact, now)
            case f.Routed():
                self._routed(fact)
            case f.Opened():
                self._opened()
            case f.Recovered():
                self._recovered(fact)
            case f.Resumed():
                self._resumed(fact)
            case f.Looked():
                self._looked(now)
            case f.Fenced():
                self._fenced(now)
            case f.Stopping():
                self._stop()
            case _:
                assert_never(fact)
        self._advance(now)
        orders, self._orders = self._orders, []
        return orders

    # ---- routes

    def _routed(self, fact: f.Routed) -> None:
        wanted, sources = fact.routes, fact.sources
        for route in sorted(wanted & self.routes.keys()):
            state = self.routes[route]
            assert state.source == sources.get(route, route), f"{route} is read from {state.source} for ever"
            if route not in self._wanted and state.queue:  # wanted again before the transaction that held it has ended
                self._ready.add(state)
            if (era := fact.eras.get(route, 0)) != state.era:
                self._ready.remove(state)
                self._give(f.Unfollow(route))
                self._drop(state.begin_era(era))
        self._wanted = wanted
        for route in sorted(wanted - self.routes.keys()):
            begun, source, from_now, era = self.known.get(route), sources.get(route), route in fact.from_now, fact.eras.get(route, 0)
            state = self.routes[route] = RouteState(route, begun, self._generations, source=source, from_now=from_now, era=era)
            if self.phase.is_open:
                self._inspect(state)
        self._remove_unwanted()

    def _remove_unwanted(self) -> None:
        """Let go of routes no longer wanted: at once, or after the commit if the open transaction holds some of it."""
        recording = {move.route for move in self._recording}
        for route in [route for route in self.routes if route not in self._wanted]:
            state = self.routes[route]
            self._ready.remove(state)
            self._give(f.Unfollow(route))
            if state.quiet and route not in recording:
                self._drop(state.rollback())
                del self.routes[route]
            elif state.state is State.FLOWING:
                state.state, state.retry_at = State.SUSPECT, 0.0

    def _inspect(self, state: RouteState) -> None:
        self._ready.remove(state)
        state.progress = self.known.get(state.route)
        self._drop(state.rollback())
        state.state, state.stop, state.detail = State.INSPECTING, None, ""
        self._give(f.Inspect(state.route, state.generation, state.known))

    def _inspected(self, fact: f.Inspected, now: float) -> None:
        state = self._current(fact.route, fact.generation)
        if state is None or state.state is not State.INSPECTING:
            return
        if why := awaited(state.source.topic, fact.source, fact.targets):
            state.wait(State.WAITING, why, now)
            return
        if difference := state.judge(fact.source, fact.targets):
            self._set_aside(state, *difference)
            return
        assert state.progress is not None
        state.state = State.FLOWING
        self._give(f.Follow(fact.route, state.generation, state.progress.next, fact.source.topic_id))

    def _looked(self, now: float) -> None:
        for state in self.routes.values():
            if state.state is State.WAITING:
                state.retry_at = now

    def _set_aside(self, state: RouteState, stop: Stop, detail: str) -> None:
        state.state, state.stop, state.detail = State.STOPPED, stop, detail
        self._give(f.SetAside(state.route, stop, detail))

    def _resumed(self, fact: f.Resumed) -> None:
        state = self.routes.get(fact.route)
        if state is None or state.state is not State.STOPPED:
            return
        state.resume, state.resumed, state.resume_said = fact.mode, False, None
        state.state, state.retry_at = State.SUSPECT, 0.0

    def _source_failed(self, fact: f.SourceFailed, now: float) -> None:
        state = self._current(fact.route, fact.generation)
        if state is None or state.state not in (State.INSPECTING, State.FLOWING):
            return
        if state.state is State.FLOWING:
            self._give(f.Unfollow(fact.route))
        if fact.stop is not None:
            self._set_aside(state, fact.stop, fact.detail)
        else:
            state.wait(State.WAITING if state.state is State.INSPECTING else State.SUSPECT, fact.detail, now)

    def _current(self, route: TopicPartition, generation: int) -> RouteState | None:
        state = self.routes.get(route)
        return state if state is not None and state.generation == generation else None

    # ---- batches

    def _fetched(self, fact: f.Fetched, now: float) -> None:
        state = self._current(fact.route, fact.generation)
        if state is None or state.state is not State.FLOWING:
            self._drop(fact.batches)
            return
        state.fetched(fact.batches, fact.position, fact.end)
        if fact.batches:
            self._ready.add(state)
            if self.phase is Phase.CLOSING and not self._stopping:
                self._produce(self._ready.catch_up(state))
        elif self._skipped_since is None and state.skipped:
            self._skipped_since = now
        if state.unsettled > AHEAD_BYTES_MAX and not state.held:
            state.held = True
            self._give(f.Hold(fact.route))

    def _settled(self, fact: f.Settled, now: float) -> None:
        if (state := self._current(fact.route, fact.generation)) is None:
            return
        self._outstanding -= 1
        if not state.settle(fact.wrote):
            self._target_failed(f.TargetFailed(fact.route, None, f"written below what was written before: {fact.wrote}"), now)
        elif state.held and state.unsettled < AHEAD_BYTES_MAX // 2:
            state.held = False
            if state.state is State.FLOWING:
                self._give(f.Release(fact.route))

    def _returned(self, fact: f.Returned) -> None:
        if (state := self._current(fact.route, fact.generation)) is None:
            self._drop(fact.batches)
            return
        self._ready.take_back(state, fact.batches)
        self._outstanding -= len(fact.batches)

    def _produce(self, orders: Iterable[f.Produce]) -> None:
        for order in orders:
            self._outstanding += 1
            self._give(order)

    # ---- the transaction

    def _advance(self, now: float) -> None:
        if self.phase is Phase.BACKING_OFF and now >= self._retry_at:
            self.phase = Phase.RESTING
        if self.phase is Phase.RESTING:
            self._rest()
        if self.phase is Phase.RUNNING:
            self._run(now)
        if self.phase is Phase.CLOSING and self._outstanding == 0:
            self._record()

    def _rest(self) -> None:
        if self._stopping:
            self._close()
        elif self.routes:
            self.phase = Phase.OPENING
            self._give(f.Open())

    def _run(self, now: float) -> None:
        if self._begun is None:
            self._between(now)
        if self._begun is None:
            return
        if not self._stopping:
            self._produce(self._ready.send())
        if self._stopping or now >= self._begun + COMMIT_INTERVAL_S or self._ready.full or self._nothing_waits():
            self.phase = Phase.CLOSING

    def _between(self, now: float) -> None:
        """No transaction is open: stop, look at routes that need it, or begin."""
        if self._stopping:
            self._close()
            return
        for state in self.routes.values():
            if state.state in _PAUSED and now >= state.retry_at and state.quiet and not state.queue:
                self._inspect(state)
        if self._ready or self._skip_is_due(now) or any(state.resumed for state in self.routes.values()):
            self._begun = now
            self._ready.begin()
            self._give(f.Begin())
        elif not self.routes:
            self.phase = Phase.RESTING
            self._give(f.Close())

    def _skip_is_due(self, now: float) -> bool:
        if self._skipped_since is None or now < self._skipped_since + SKIP_COMMIT_S:
            return False
        self._skipped_since = None
        return any(state.skipped for state in self.routes.values())

    def _nothing_waits(self) -> bool:
        flowing = (state for state in self.routes.values() if state.state is State.FLOWING)
        return not (self._outstanding or self._ready) and all(state.caught_up for state in flowing)

    def _record(self) -> None:
        moved = [move for state in self.routes.values() if (move := state.moved(self._day))]
        if not moved:
            self.phase = Phase.ABORTING
            self._give(f.Abort())
            return
        self._recording = tuple(moved)
        self.phase = Phase.RECORDING
        self._give(f.Record(self._recording))

    def _recorded(self) -> None:
        if self.phase is Phase.RECORDING:
            self.phase = Phase.COMMITTING
            self._give(f.Commit())

    def _committed(self, now: float) -> None:
        if self.phase is not Phase.COMMITTING:
            return
        for move in self._recording:
            self.known[move.route] = move.progress
            state = self.routes.get(move.route)
            if state is not None:
                state.commit(move.progress)
        self._recording = ()
        self._begun = None
        self._skipped_since = now if any(state.skipped for state in self.routes.values()) else None
        self._attempts, self.failure = 0, ""
        self.phase = Phase.RUNNING
        self._remove_unwanted()

    # ---- the producer

    def _opened(self) -> None:
        if self.phase is Phase.OPENING:
            self.phase = Phase.RECOVERING
            self._give(f.Recover())

    def _recovered(self, fact: f.Recovered) -> None:
        if self.phase is not Phase.RECOVERING:
            return
        self.known = dict(fact.progress)
        self.phase = Phase.RUNNING
        for state in self.routes.values():
            self._drop(state.recover(self.known.get(state.route)))
            if state.state is not State.STOPPED:
                self._inspect(state)

    def _target_failed(self, fact: f.TargetFailed, now: float) -> None:
        state = self.routes.get(fact.route)
        if state is not None and fact.stop is not None and state.state is not State.STOPPED:
            self._set_aside(state, fact.stop, fact.detail)
        self._abort(f"{fact.route}: {fact.detail}", now)

    def _abort(self, detail: str, now: float) -> None:
        """Abort what is open, then take a new producer; where nothing can be aborted any more, take it at once."""
        if self.phase in (Phase.RUNNING, Phase.CLOSING, Phase.RECORDING) and self._begun is not None:
            self.failure = detail
            self._roll_back()
            self.phase = Phase.ABORTING
            self._give(f.Abort())
        elif self.phase is not Phase.ABORTING:
            self._lost(detail, now)

    def _lost(self, detail: str, now: float) -> None:
        """Throw the producer away and go back to taking a new one, after a pause that grows while nothing succeeds."""
        if not self.phase.has_producer:
            return
        self.failure = detail or self.failure
        self._roll_back()
        self._begun = None
        self._retry_at = now + backoff(self._attempts)
        self._attempts += 1
        self.phase = Phase.BACKING_OFF
        self._give(f.Close())
        if self._stopping:
            self.phase = Phase.CLOSED

    def _fenced(self, now: float) -> None:
        """Give the shard up, unless it was the coordinator's time-out that ended our transaction: that is no rival."""
        if self._begun is not None and now - self._begun >= TRANSACTION_TIMEOUT_S:
            self._lost("the transaction outlived its time-out", now)
        elif self.phase.has_producer:
            self._roll_back()
            self.phase = Phase.GIVEN_UP
            self._give(f.Close())
            self._give(f.GiveUp())

    def _roll_back(self) -> None:
        for state in self.routes.values():
            if state.state is not State.STOPPED:
                state.state = State.RESTING
            self._drop(state.rollback())
            self._give(f.Unfollow(state.route))
        self._ready.clear()
        self._outstanding = 0
        self._skipped_since = None
        self._recording = ()
        self.routes = {route: state for route, state in self.routes.items() if route in self._wanted}

    def _stop(self) -> None:
        self._stopping = True
        if self.phase in (Phase.BACKING_OFF, Phase.OPENING, Phase.RECOVERING, Phase.GIVEN_UP):
            self._close()

    def _close(self) -> None:
        self.phase = Phase.CLOSED
        self._roll_back()
        self._give(f.Close())

    def _drop(self, batches: Iterable[f.Batch]) -> None:
        dropped = tuple(batches)
        if dropped:
            self._give(f.Drop(dropped))

    def _give(self, order: f.Order) -> None:
        self._orders.append(order)
