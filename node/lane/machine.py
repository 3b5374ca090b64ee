"""The machine of one shard: facts in, orders out, exactly once.

See the package's docstring for the order of steps and why each stands where it does.
"""

from collections.abc import Iterable
from enum import Enum
from typing import assert_never

from node.lane import facts as f
from node.lane.checks import Resume, Stop, compare, first, resumed
from node.lane.progress import Progress, TopicPartition
from node.lane.route import RouteState, State
from node.model.limits import (
    AHEAD_BYTES_MAX,
    BACKOFF_FIRST_S,
    BACKOFF_MAX_S,
    COMMIT_BYTES_MAX,
    COMMIT_INTERVAL_S,
    SKIP_COMMIT_S,
    TRANSACTION_TIMEOUT_S,
    WAIT_MAX_S,
)


class Phase(Enum):
    """Where a shard stands."""

    RESTING = "resting"
    BACKING_OFF = "backing-off"
    OPENING = "opening"
    RECOVERING = "recovering"
    RUNNING = "running"
    CLOSING = "closing"
    """no more batches; waiting until those sent are settled"""
    RECORDING = "recording"
    COMMITTING = "committing"
    ABORTING = "aborting"
    GIVEN_UP = "given-up"
    CLOSED = "closed"


_PAUSED = {State.WAITING, State.SUSPECT}
_FAILING = {Phase.OPENING, Phase.RECOVERING, Phase.RUNNING, Phase.CLOSING, Phase.RECORDING, Phase.COMMITTING, Phase.ABORTING}


def _backoff(attempts: int) -> float:
    return min(BACKOFF_FIRST_S * 2 ** min(attempts, 10), BACKOFF_MAX_S)


class Machine:
    """One shard of one lane. `handle` takes a fact and the monotonic time (s) and returns what is to be done, in order."""

    def __init__(self) -> None:
        self.phase = Phase.RESTING
        self.routes: dict[TopicPartition, RouteState] = {}
        self.failure = ""
        """why the producer was last thrown away; empty once something was committed"""
        self._wanted: frozenset[TopicPartition] = frozenset()
        self._known: dict[TopicPartition, Progress] = {}
        self._resume: dict[TopicPartition, Resume] = {}
        self._ready: dict[TopicPartition, RouteState] = {}
        self._outstanding = 0
        self._sent_bytes = 0
        self._begun: float | None = None
        self._skipped_since: float | None = None
        self._attempts = 0
        self._retry_at = 0.0
        self._stopping = False
        self._recording: tuple[f.Moved, ...] = ()
        self._orders: list[f.Order] = []

    @property
    def deadline(self) -> float | None:
        """When a Ticked is due (monotonic s); None: not before another fact."""
        times: list[float] = []
        if self.phase is Phase.BACKING_OFF:
            times.append(self._retry_at)
        elif self.phase is Phase.RUNNING:
            if self._begun is not None:
                times.append(self._begun + COMMIT_INTERVAL_S)
            elif self._skipped_since is not None:
                times.append(self._skipped_since + SKIP_COMMIT_S)
            times.extend(route.retry_at for route in self.routes.values() if route.state is State.WAITING)
        return min(times, default=None)

    def handle(self, fact: f.Fact, now: float) -> list[f.Order]:  # noqa: C901, PLR0912 - one arm a fact
        """Take a fact, return the orders that follow from it."""
        match fact:
            case f.Settled():
                self._settled(fact, now)
            case f.Fetched():
                self._fetched(fact, now)
            case f.Ticked():
                pass
            case f.Recorded():
                self._recorded()
            case f.Committed():
                self._committed()
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
                self._routed(fact.routes)
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

    def _routed(self, wanted: frozenset[TopicPartition]) -> None:
        self._wanted = wanted
        for route in sorted(wanted - self.routes.keys()):
            state = self.routes[route] = RouteState(route, self._known.get(route))
            if self._is_open:
                self._inspect(state)
        self._remove_unwanted()

    @property
    def _is_open(self) -> bool:
        return self.phase in {Phase.RUNNING, Phase.CLOSING, Phase.RECORDING, Phase.COMMITTING}

    def _remove_unwanted(self) -> None:
        """Let go of routes no longer wanted: at once, or after the commit if the open transaction holds some of it."""
        for route in [route for route in self.routes if route not in self._wanted]:
            state = self.routes[route]
            self._ready.pop(route, None)
            if state.generation:
                self._give(f.Unfollow(route))
            if state.quiet:
                self._drop(state.rollback())
                del self.routes[route]
                self._resume.pop(route, None)

    def _inspect(self, state: RouteState) -> None:
        self._ready.pop(state.route, None)
        self._drop(state.rollback())
        state.state, state.stop, state.detail = State.INSPECTING, None, ""
        self._give(f.Inspect(state.route, state.generation, state.progress))

    def _inspected(self, fact: f.Inspected, now: float) -> None:
        state = self._current(fact.route, fact.generation)
        if state is None or state.state is not State.INSPECTING:
            return
        if not (fact.source.topic_id and fact.target.topic_id):
            side = "target" if fact.source.topic_id else "source"
            self._wait(state, f"no such topic in the {side} cluster yet", now)
            return
        mode = self._resume.get(fact.route)
        if mode is not None:
            state.progress = resumed(mode, state.progress, fact.source, fact.target)
            state.rollback()
        elif stop := compare(state.progress, fact.source, fact.target):
            self._set_aside(state, stop, "")
            return
        elif state.progress is None:
            state.progress = first(fact.source, fact.target)
            state.rollback()
        state.state = State.FLOWING
        assert state.progress is not None
        self._give(f.Follow(fact.route, state.generation, state.progress.next, fact.source.topic_id))

    def _wait(self, state: RouteState, detail: str, now: float, *, as_: State = State.WAITING) -> None:
        state.state, state.detail = as_, detail
        state.retry_at = now + min(_backoff(state.attempts), WAIT_MAX_S)
        state.attempts += 1

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
        self._resume[fact.route] = fact.mode
        if self._is_open and state.quiet:
            self._inspect(state)
        else:
            state.state, state.retry_at = State.SUSPECT, 0.0

    def _source_failed(self, fact: f.SourceFailed, now: float) -> None:
        state = self._current(fact.route, fact.generation)
        if state is None:
            return
        if state.state is State.INSPECTING:
            self._wait(state, fact.detail, now)
        elif state.state is State.FLOWING:
            self._give(f.Unfollow(fact.route))
            if fact.stop is None:
                self._wait(state, fact.detail, now, as_=State.SUSPECT)
            else:
                self._set_aside(state, fact.stop, fact.detail)

    def _current(self, route: TopicPartition, generation: int) -> RouteState | None:
        state = self.routes.get(route)
        return state if state is not None and state.generation == generation else None

    # ---- batches

    def _fetched(self, fact: f.Fetched, now: float) -> None:
        state = self._current(fact.route, fact.generation)
        if state is None or state.state is not State.FLOWING or fact.route not in self._wanted:
            self._drop(fact.batches)
            return
        state.attempts = 0
        state.fetched(fact.batches, fact.position, fact.end)
        if fact.batches:
            self._ready[fact.route] = state
        elif self._skipped_since is None and state.progress is not None and fact.position > state.progress.next:
            self._skipped_since = now
        if state.unsettled > AHEAD_BYTES_MAX and not state.held:
            state.held = True
            self._give(f.Hold(fact.route))

    def _settled(self, fact: f.Settled, now: float) -> None:
        state = self._current(fact.route, fact.generation)
        if state is None:
            return
        self._outstanding -= 1
        if not state.settle(fact.offset):
            self._target_failed(f.TargetFailed(fact.route, None, f"written at {fact.offset}, below what was written before"), now)
        elif state.held and state.unsettled < AHEAD_BYTES_MAX // 2:
            state.held = False
            if state.state is State.FLOWING:
                self._give(f.Release(fact.route))

    def _pump(self) -> None:
        for route in list(self._ready):
            state = self._ready[route]
            while state.queue and self._sent_bytes < COMMIT_BYTES_MAX:
                batch = state.send()
                self._outstanding += 1
                self._sent_bytes += batch.size
                self._give(f.Produce(route, state.generation, batch))
            if not state.queue:
                del self._ready[route]

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
            self._pump()
        if self._stopping or now - self._begun >= COMMIT_INTERVAL_S or self._sent_bytes >= COMMIT_BYTES_MAX or self._nothing_waits():
            self.phase = Phase.CLOSING

    def _between(self, now: float) -> None:
        """No transaction is open: stop, look at routes that need it, or begin."""
        if self._stopping:
            self._close()
            return
        for state in self.routes.values():
            if state.state in _PAUSED and now >= state.retry_at and state.quiet and not state.queue:
                self._inspect(state)
        skipped = self._skipped_since is not None and now - self._skipped_since >= SKIP_COMMIT_S
        if self._ready or skipped or self._resumed_routes():
            self._begun, self._sent_bytes = now, 0
            self._give(f.Begin())
        elif not self.routes:
            self.phase = Phase.RESTING
            self._give(f.Close())

    def _resumed_routes(self) -> Iterable[RouteState]:
        return [self.routes[route] for route in self._resume if self.routes[route].state is State.FLOWING]

    def _nothing_waits(self) -> bool:
        if self._outstanding or self._ready:
            return False
        return all(state.caught_up for state in self.routes.values() if state.state is State.FLOWING)

    def _record(self) -> None:
        again = {state.route for state in self._resumed_routes()}
        moved = [move for state in self.routes.values() if (move := state.moved(resumed=state.route in again))]
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

    def _committed(self) -> None:
        if self.phase is not Phase.COMMITTING:
            return
        for move in self._recording:
            self._known[move.route] = move.progress
            state = self.routes.get(move.route)
            if state is not None:
                state.commit(move.progress)
                if state.state is State.FLOWING:
                    self._resume.pop(move.route, None)
        self._recording = ()
        self._begun = self._skipped_since = None
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
        self._known = dict(fact.progress)
        self.phase = Phase.RUNNING
        for state in self.routes.values():
            state.progress = self._known.get(state.route)
            if state.state is not State.STOPPED:
                self._inspect(state)

    def _target_failed(self, fact: f.TargetFailed, now: float) -> None:
        state = self.routes.get(fact.route)
        if state is not None and fact.stop is not None and state.state is not State.STOPPED:
            self._set_aside(state, fact.stop, fact.detail)
        self._abort(f"{fact.route}: {fact.detail}", now)

    def _abort(self, detail: str, now: float) -> None:
        """Abort what is open, then take a new producer; where nothing can be aborted any more, take it at once."""
        if self.phase in {Phase.RUNNING, Phase.CLOSING, Phase.RECORDING} and self._begun is not None:
            self.failure = detail
            self._roll_back()
            self.phase = Phase.ABORTING
            self._give(f.Abort())
        elif self.phase is not Phase.ABORTING:
            self._lost(detail, now)

    def _lost(self, detail: str, now: float) -> None:
        """Throw the producer away and go back to taking a new one, after a pause that grows while nothing succeeds."""
        if self.phase not in _FAILING:
            return
        self.failure = detail or self.failure
        self._roll_back()
        self._retry_at = now + _backoff(self._attempts)
        self._attempts += 1
        self.phase = Phase.BACKING_OFF
        self._give(f.Close())
        if self._stopping:
            self.phase = Phase.CLOSED

    def _fenced(self, now: float) -> None:
        """Give the shard up, unless it was the coordinator's time-out that ended our transaction: that is no rival."""
        if self._begun is not None and now - self._begun >= TRANSACTION_TIMEOUT_S:
            self._lost("the transaction outlived its time-out", now)
        elif self.phase in _FAILING:
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
        self._outstanding = self._sent_bytes = 0
        self._begun = self._skipped_since = None
        self._recording = ()
        self.routes = {route: state for route, state in self.routes.items() if route in self._wanted}

    def _stop(self) -> None:
        self._stopping = True
        if self.phase in {Phase.BACKING_OFF, Phase.OPENING, Phase.RECOVERING, Phase.GIVEN_UP}:
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
