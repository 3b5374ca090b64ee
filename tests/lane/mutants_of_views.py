"""Planted mistakes about routes that share a source, begin at its end, or remember what they have shown."""

from collections.abc import Iterator

import pytest

from node.lane import Machine, Progress, Resume, Side, TopicPartition, route
from node.lane import facts as f
from node.lane.checks import compare, opened, resumed
from node.lane.ready import Ready
from node.lane.route import RouteState
from node.transform.shown import Shown
from tests.lane.memories import Memories, Memory, Place
from tests.lane.mutants import Difference, Plant, Sides

# ---- in step


def parted_when_full(patch: pytest.MonkeyPatch) -> None:
    """Fill a transaction route by route, whoever else waits with the same batch."""

    def mutant(self: Ready) -> Iterator[f.Produce]:
        for routes in list(self._sources.values()):
            for state in list(routes.values()):
                while state.queue and not self.full:
                    yield self._send(state)

    patch.setattr(Ready, "send", mutant)


def late_left_behind(patch: pytest.MonkeyPatch) -> None:
    """Leave to the next transaction who is told of a batch after others have filled this one with it."""
    patch.setattr(Ready, "catch_up", lambda _self, _state: iter(()))


def counted_for_each(patch: pytest.MonkeyPatch) -> None:
    """Count a batch for every route that sends it."""
    send = Ready._send

    def mutant(self: Ready, state: RouteState) -> f.Produce:
        state.queue[0].sent_in = 0
        return send(self, state)

    patch.setattr(Ready, "_send", mutant)


def one_goes_for_all(patch: pytest.MonkeyPatch) -> None:
    """Send a batch for one of the routes that wait with it, and take it as sent for the others."""
    send = Ready.send

    def mutant(self: Ready) -> Iterator[f.Produce]:
        sent = set()
        for order in send(self):
            if order.batch not in sent:
                yield order
            sent.add(order.batch)

    patch.setattr(Ready, "send", mutant)


def neighbours_stopped(patch: pytest.MonkeyPatch) -> None:
    """Stop all routes of a source when the target refuses one."""
    target_failed = Machine._target_failed

    def mutant(self: Machine, fact: f.TargetFailed, now: float) -> None:
        state = self.routes.get(fact.route)
        if state is not None and fact.stop is not None:
            for other in self.routes.values():
                if other.source == state.source and other is not state:
                    self._set_aside(other, fact.stop, fact.detail)
        target_failed(self, fact, now)

    patch.setattr(Machine, "_target_failed", mutant)


# ---- from now on


def beginning_unwritten(patch: pytest.MonkeyPatch) -> None:
    """Write down where a route begins at its source's end only when something moves."""
    judge = RouteState.judge

    def mutant(self: RouteState, source: Side, targets: Sides) -> Difference:
        stop = judge(self, source, targets)
        self.resumed = self.resume is not None
        return stop

    patch.setattr(RouteState, "judge", mutant)


def begins_anew(patch: pytest.MonkeyPatch) -> None:
    """Begin at the source's end whenever such a route is looked at."""

    def mutant(progress: Progress | None, source: Side, targets: Sides, *, from_now: bool, era: int) -> Progress:
        return opened(None if from_now else progress, source, targets, from_now=from_now, era=era)

    judge = RouteState.judge

    def always(self: RouteState, source: Side, targets: Sides) -> Difference:
        known, self.progress = self.progress, None if self.from_now and self.resume is None else self.progress
        stop = judge(self, source, targets)
        if stop is not None:
            self.progress = known
        return stop

    patch.setattr(route, "opened", mutant)
    patch.setattr(RouteState, "judge", always)


def wanted_again_begins_anew(patch: pytest.MonkeyPatch) -> None:
    """Forget where a route stood that is wanted no more."""
    remove = Machine._remove_unwanted

    def mutant(self: Machine) -> None:
        remove(self)
        self.known = {name: known for name, known in self.known.items() if name in self.routes}

    patch.setattr(Machine, "_remove_unwanted", mutant)


def begins_at_the_oldest(patch: pytest.MonkeyPatch) -> None:
    """Begin at the oldest record, whatever was asked for."""
    patch.setattr(route, "opened", lambda progress, source, targets, from_now, era: opened(progress, source, targets, era=era))  # noqa: ARG005


def begins_unlooked(patch: pytest.MonkeyPatch) -> None:
    """Begin at the end of the source whatever stands in the target."""

    def mutant(progress: Progress | None, source: Side, targets: Sides) -> Difference:
        return None if progress is None else compare(progress, source, targets)

    patch.setattr(route, "compare", mutant)


def word_goes_to_the_oldest(patch: pytest.MonkeyPatch) -> None:
    """Let an operator accept what is, and begin at the oldest record where the route would have begun at the end."""

    def mutant(mode: Resume, progress: Progress | None, source: Side, targets: Sides, *, from_now: bool, era: int) -> Progress:
        return resumed(mode, progress, source, targets, from_now=from_now and mode is not Resume.ACCEPT, era=era)

    patch.setattr(route, "resumed", mutant)


# ---- what was shown


def known_by_offset(patch: pytest.MonkeyPatch) -> None:
    """Go on with what was known at an offset, though the view is another one or was cut off."""
    hold = Memories._hold

    def mutant(self: Memories, memory: Memory, name: TopicPartition, place: Place) -> bool:
        for known in (memory.recorded, memory.place):
            if known is not None and known[0] == place[0]:
                memory.place = place
        return hold(self, memory, name, place)

    patch.setattr(Memories, "_hold", mutant)


def recorded_while_opened(patch: pytest.MonkeyPatch) -> None:
    """Note what is recorded of a view whose keys are not known yet."""

    def mutant(self: Memories, moved: list[f.Moved]) -> None:
        for move in moved:
            if (memory := self._kept.get(move.route)) is not None:
                memory.shown.recorded(move.progress.next)
                memory.recorded = move.progress.next, move.progress.targets[move.route.topic]

    patch.setattr(Memories, "recorded", mutant)


def aborted_is_kept(patch: pytest.MonkeyPatch) -> None:
    """Keep what an aborted transaction has changed."""

    def mutant(self: Shown, at: int) -> bool:
        self.at, self._recorded = at, (-1, 0)
        return True

    patch.setattr(Shown, "resume", mutant)


def lost_is_undone(patch: pytest.MonkeyPatch) -> None:
    """Go back to the last commit that is sure, though the one whose answer was lost took place."""
    resume = Shown.resume

    def mutant(self: Shown, at: int) -> bool:
        found = resume(self, self.at)
        self.at = at
        return found

    patch.setattr(Shown, "resume", mutant)


def opened_beside_the_thread(patch: pytest.MonkeyPatch) -> None:
    """Go back while the thread still works on what was forgotten."""
    opening = Memories._open

    def mutant(self: Memories) -> None:
        thread = self._process.transforming
        busy, thread.working = thread.working, False
        opening(self)
        thread.working = busy

    patch.setattr(Memories, "_open", mutant)


def old_keys_are_kept(patch: pytest.MonkeyPatch) -> None:
    """Learn a view anew on top of what is known of it."""
    learn = Memories._learn

    def mutant(self: Memories, memory: Memory, name: TopicPartition, place: Place) -> bool:
        shown = memory.shown
        done = learn(self, memory, name, place)
        if shown.at >= 0 and done:
            memory.shown = shown
            memory.shown.at = place[0]
        return done

    patch.setattr(Memories, "_learn", mutant)


def learned_beyond(patch: pytest.MonkeyPatch) -> None:
    """Follow a view before what it has shown is known."""
    patch.setattr(Memories, "_learn", lambda _self, memory, _name, place: memory.shown.at >= 0 or memory.shown.opened(place[0]) is None)


MUTANTS: list[Plant] = [
    parted_when_full, late_left_behind, counted_for_each, one_goes_for_all, neighbours_stopped, beginning_unwritten, begins_anew,
    wanted_again_begins_anew, begins_at_the_oldest, begins_unlooked, word_goes_to_the_oldest, known_by_offset, recorded_while_opened,
    aborted_is_kept, lost_is_undone, opened_beside_the_thread, old_keys_are_kept, learned_beyond,
]  # fmt: skip
