"""Planted mistakes: each takes one precaution out of the machine, its routes, its checks, or the producer that obeys it.

A simulation that does not notice one of them proves nothing about it.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

import msgspec
import pytest

from node.lane import Machine, Phase, Resume, Side, State, Stop, machine, route
from node.lane import facts as f
from node.lane.checks import compare, resumed
from node.lane.progress import Progress
from node.lane.route import RouteState
from node.model.names import Topic
from tests.lane.logs import Status
from tests.lane.producer import Answer, Producer

Plant = Callable[[pytest.MonkeyPatch], None]
Sides = Mapping[Topic, Side]
Difference = tuple[Stop, str] | None


# ---- the order of a transaction


def commit_before_settled(patch: pytest.MonkeyPatch) -> None:
    """Record and commit while batches are in flight."""
    advance = Machine._advance

    def mutant(self: Machine, now: float) -> None:
        advance(self, now)
        if self.phase is Phase.CLOSING:
            self._record()

    patch.setattr(Machine, "_advance", mutant)


def commit_before_recorded(patch: pytest.MonkeyPatch) -> None:
    """Commit while the progress records are in flight."""
    record = Machine._record

    def mutant(self: Machine) -> None:
        record(self)
        self._recorded()

    patch.setattr(Machine, "_record", mutant)


def progress_apart(patch: pytest.MonkeyPatch) -> None:
    """Write progress outside the transaction of its batches."""

    def mutant(self: Producer, order: f.Record, _streams: object) -> f.Fact | None:
        self._world.progress.append({}, count=len(order.moved), crc=self._world.unique(), status=Status.COMMITTED)
        return f.Recorded()

    patch.setattr(Producer, "_write_progress", mutant)


def position_of_sent(patch: pytest.MonkeyPatch) -> None:
    """Record the position behind what was fetched instead of what was settled."""
    patch.setattr(RouteState, "reached", property(lambda self: max(self.settled, self.position)))


def no_roll_back(patch: pytest.MonkeyPatch) -> None:
    """Go on from the position reached when a transaction is aborted."""
    rollback, judge = RouteState.rollback, RouteState.judge
    reached: dict[RouteState, int] = {}

    def remember(self: RouteState) -> Sequence[f.Batch]:
        reached[self] = max(reached.get(self, 0), getattr(self, "position", 0))
        return rollback(self)

    def go_on(self: RouteState, source: Side, targets: Sides) -> Difference:
        stop = judge(self, source, targets)
        if stop is None and self.resume is None and self.progress is not None:
            self.progress = msgspec.structs.replace(self.progress, next=min(max(reached[self], self.progress.next), source.end))
        return stop

    patch.setattr(RouteState, "rollback", remember)
    patch.setattr(RouteState, "judge", go_on)


# ---- taking the shard


def recover_before_open(patch: pytest.MonkeyPatch) -> None:
    """Read progress first, then fence the former owner."""
    answer = Producer._answer

    def open_later(self: Producer) -> None:
        self._world.after(self._world.latency(), answer, self, f.Opened())

    def fence_now(self: Producer, fact: f.Fact) -> None:
        if isinstance(fact, f.Recovered) and self.epoch < 0:
            self._ask("coordinator", lambda: fact if self._take() is not None else None)
        else:
            answer(self, fact)

    patch.setattr(Producer, "open", open_later)
    patch.setattr(Producer, "_answer", fence_now)


def open_without_fence(patch: pytest.MonkeyPatch) -> None:
    """Go on with the epoch that is there."""
    take = Producer._take

    def mutant(self: Producer) -> Answer:
        coordinator = self._world.coordinator
        if coordinator.epoch == 0:
            return take(self)
        self.epoch, coordinator.owner = coordinator.epoch, self._process
        return f.Opened()

    patch.setattr(Producer, "_take", mutant)


def go_on_after_fenced(patch: pytest.MonkeyPatch) -> None:
    """Take the shard back from whoever took it."""
    patch.setattr(Machine, "_fenced", lambda self, now: self._lost("fenced", now))


# ---- failures


def ignore_generation(patch: pytest.MonkeyPatch) -> None:
    """Take answers to what was asked before a roll-back."""
    patch.setattr(Machine, "_current", lambda self, name, _generation: self.routes.get(name))


def ignore_target_failed(patch: pytest.MonkeyPatch) -> None:
    """Count a refused batch as settled."""

    def mutant(self: Machine, fact: f.TargetFailed, _now: float) -> None:
        state = self.routes.get(fact.route)
        if state is not None and state.outstanding:
            self._outstanding -= 1
            state.settle(())

    patch.setattr(Machine, "_target_failed", mutant)


def no_set_aside(patch: pytest.MonkeyPatch) -> None:
    """Try a refused route again and again, with all others in its transaction."""
    patch.setattr(Machine, "_target_failed", lambda self, fact, now: self._abort(fact.detail, now))


def believe(patch: pytest.MonkeyPatch, believed: Callable[[RouteState, Topic], bool]) -> None:
    """Take an acknowledgement below what was written before for one at the place that was due, where `believed` says so."""
    settle = RouteState.settle

    def mutant(self: RouteState, wrote: Sequence[f.Wrote]) -> bool:
        raised = [
            msgspec.structs.replace(one, offset=max(one.offset, self.written[one.topic].next)) if believed(self, one.topic) else one
            for one in wrote
        ]
        return settle(self, raised)

    patch.setattr(RouteState, "settle", mutant)


def offset_unchecked(patch: pytest.MonkeyPatch) -> None:
    """Believe an acknowledgement below what was written before."""
    believe(patch, lambda _state, _topic: True)


# ---- both sides


def _judge(patch: pytest.MonkeyPatch, mend: Callable[[Stop, Progress | None, Side, Sides], Progress | None]) -> None:
    judge = RouteState.judge

    def mutant(self: RouteState, source: Side, targets: Sides) -> Difference:
        stop = None if self.resume is not None else compare(self.progress, source, targets)
        if stop is not None:
            mended = mend(stop[0], self.progress, source, targets)
            if mended is not None:
                self.progress = mended
                self.rollback()
                return None
        return judge(self, source, targets)

    patch.setattr(RouteState, "judge", mutant)


def reset_on_gap(patch: pytest.MonkeyPatch) -> None:
    """Go back to the source's start when retention overtook the route."""

    def mend(stop: Stop, progress: Progress | None, source: Side, _targets: Sides) -> Progress | None:
        if progress is None or stop is not Stop.RETENTION_OVERTOOK:
            return None
        return msgspec.structs.replace(progress, next=source.start)

    _judge(patch, mend)


def from_now_by_itself(patch: pytest.MonkeyPatch) -> None:
    """Go on from the source's end without an operator's word."""
    _judge(patch, lambda _stop, progress, source, targets: resumed(Resume.FROM_NOW, progress, source, targets))


def _blind(patch: pytest.MonkeyPatch, *, source: Mapping[str, Any] | None = None, target: Mapping[str, Any] | None = None) -> None:
    def mutant(progress: Progress | None, one: Side, others: Sides) -> Difference:
        seen = {topic: msgspec.structs.replace(side, **(target or {})) for topic, side in others.items()}
        return compare(progress, msgspec.structs.replace(one, **(source or {})), seen)

    patch.setattr(route, "compare", mutant)


def blind_to_beyond(patch: pytest.MonkeyPatch) -> None:
    """Do not look at what stands behind our last batch in a target."""
    _blind(patch, target={"beyond": False})


def blind_to_source_crc(patch: pytest.MonkeyPatch) -> None:
    """Do not look at the last batch in the source."""
    _blind(patch, source={"last_crc": None})


def blind_to_target_crc(patch: pytest.MonkeyPatch) -> None:
    """Do not look at our last batch in a target."""
    _blind(patch, target={"last_crc": None})


# ---- an operator's word


def word_kept(patch: pytest.MonkeyPatch) -> None:
    """Carry a word out again when the answer to its commit was lost."""
    recover = RouteState.recover

    def mutant(self: RouteState, progress: Progress | None) -> Sequence[f.Batch]:
        self.resume_said = None
        return recover(self, progress)

    patch.setattr(RouteState, "recover", mutant)


def word_swallowed(patch: pytest.MonkeyPatch) -> None:
    """Let the commit of an older word use up a newer one."""
    take = Machine._resumed

    def mutant(self: Machine, fact: f.Resumed) -> None:
        state = self.routes.get(fact.route)
        before = state is not None and state.resumed
        take(self, fact)
        if state is not None:
            state.resumed = before

    patch.setattr(Machine, "_resumed", mutant)


def word_unrecorded(patch: pytest.MonkeyPatch) -> None:
    """Do not write a word down before something moves."""
    moved = RouteState.moved

    def mutant(self: RouteState, day: str) -> f.Moved | None:
        return moved(self, day) if self.batches else None

    patch.setattr(RouteState, "moved", mutant)


# ---- buffers, time and routes that come and go


def leak(patch: pytest.MonkeyPatch) -> None:
    """Forget batches without giving their buffers back."""
    patch.setattr(Machine, "_drop", lambda _self, batches: list(batches) and None)


def never_hold(patch: pytest.MonkeyPatch) -> None:
    """Fetch on however much is unsettled."""
    patch.setattr(machine, "AHEAD_BYTES_MAX", 1 << 40)


def skip_unwritten(patch: pytest.MonkeyPatch) -> None:
    """Write a skipped position only when something else is written."""
    patch.setattr(Machine, "_skip_is_due", lambda _self, _now: False)


def skip_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Forget at a commit what was skipped while it was under way."""
    committed = Machine._committed

    def mutant(self: Machine, now: float) -> None:
        committed(self, now)
        self._skipped_since = None

    patch.setattr(Machine, "_committed", mutant)


def suspect_without_tick(patch: pytest.MonkeyPatch) -> None:
    """Ask for no tick when a suspect route is due."""
    patch.setattr(machine, "_PAUSED", {State.WAITING})


def stopped_not_rolled_back(patch: pytest.MonkeyPatch) -> None:
    """Leave a stopped route where it was when progress is read anew."""
    recover = RouteState.recover

    def mutant(self: RouteState, progress: Progress | None) -> Sequence[f.Batch]:
        if self.state is State.STOPPED:
            self.progress = progress
            return []
        return recover(self, progress)

    patch.setattr(RouteState, "recover", mutant)


def written_falls_back(patch: pytest.MonkeyPatch) -> None:
    """Forget at a commit that skipped batches were written down."""
    commit = RouteState.commit

    def mutant(self: RouteState, progress: Progress) -> None:
        settled = self.settled
        commit(self, progress)
        self.settled = settled

    patch.setattr(RouteState, "commit", mutant)


def generations_restart(patch: pytest.MonkeyPatch) -> None:
    """Count generations anew for a route that comes again."""
    init = RouteState.__init__
    patch.setattr(RouteState, "__init__", lambda self, name, progress, _generations, **more: init(self, name, progress, count(1), **more))


def forgotten_in_commit(patch: pytest.MonkeyPatch) -> None:
    """Forget a route while its progress is being committed."""
    remove = Machine._remove_unwanted

    def mutant(self: Machine) -> None:
        recording, self._recording = self._recording, ()
        remove(self)
        self._recording = recording

    patch.setattr(Machine, "_remove_unwanted", mutant)


def wanted_again_unseen(patch: pytest.MonkeyPatch) -> None:
    """Do not follow a route again that is wanted again before its transaction has ended."""

    def mutant(self: Machine, fact: f.Routed) -> None:
        routed(self, fact)
        for state in self.routes.values():
            if state.state is State.SUSPECT and state.retry_at == 0.0 and state.resume is None:
                state.state = State.FLOWING

    routed = Machine._routed
    patch.setattr(Machine, "_routed", mutant)


def time_out_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Take the coordinator's time-out for a rival when it comes in the middle of an abort."""
    roll_back = Machine._roll_back

    def mutant(self: Machine) -> None:
        roll_back(self)
        self._begun = None

    patch.setattr(Machine, "_roll_back", mutant)


def empty_batch_counts(patch: pytest.MonkeyPatch) -> None:
    """Compare the CRC of our last batch where an operator's word left none."""

    def mutant(progress: Progress | None, source: Side, targets: Sides) -> Difference:
        for topic, written in (progress.targets if progress else {}).items():
            if topic in targets and written.last >= 0 and targets[topic].last_crc not in {None, written.crc}:
                return Stop.TARGET_ALTERED, topic
        return compare(progress, source, targets)

    patch.setattr(route, "compare", mutant)


MUTANTS: list[Plant] = [
    commit_before_settled, commit_before_recorded, progress_apart, position_of_sent, no_roll_back, recover_before_open,
    open_without_fence, go_on_after_fenced, ignore_generation, ignore_target_failed, no_set_aside, offset_unchecked, reset_on_gap,
    from_now_by_itself, blind_to_beyond, blind_to_source_crc, blind_to_target_crc, word_kept, word_swallowed, word_unrecorded, leak,
    never_hold, skip_unwritten, skip_forgotten, suspect_without_tick, stopped_not_rolled_back, written_falls_back,
    generations_restart, forgotten_in_commit, wanted_again_unseen, time_out_forgotten, empty_batch_counts,
]  # fmt: skip
