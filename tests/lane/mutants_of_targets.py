"""Planted mistakes about several targets of a route: in the machine, its routes, its checks, or the producer that obeys it."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import pytest

from node.lane import Machine, Resume, Side, Written, route
from node.lane import facts as f
from node.lane.checks import compare, opened, resumed
from node.lane.progress import Progress, written_on
from node.lane.route import RouteState
from node.model.names import Topic
from tests.lane.mutants import Plant, Sides, believe
from tests.lane.producer import Group, Producer

# ---- the checks


def _compared(patch: pytest.MonkeyPatch, seen: Callable[[Progress | None, Sides], Sides]) -> None:
    patch.setattr(route, "compare", lambda progress, source, targets: compare(progress, source, seen(progress, targets)))


def first_target_only(patch: pytest.MonkeyPatch) -> None:
    """Compare the first target and no other."""
    _compared(patch, lambda _progress, targets: dict(list(targets.items())[:1]))


def blind_to_new_targets(patch: pytest.MonkeyPatch) -> None:
    """Do not look at a target that comes to a route which has carried something."""
    _compared(patch, lambda progress, targets: {topic: targets[topic] for topic in targets if not progress or topic in progress.targets})


def missing_target_unseen(patch: pytest.MonkeyPatch) -> None:
    """Go on when the first target is there."""
    inspected = Machine._inspected

    def mutant(self: Machine, fact: f.Inspected, now: float) -> None:
        topics = list(fact.targets)
        there = {topic: side for topic, side in fact.targets.items() if side.topic_id or topic == topics[0]}
        inspected(self, msgspec.structs.replace(fact, targets=there), now)

    patch.setattr(Machine, "_inspected", mutant)


# ---- what stands where


def settle_before_written(patch: pytest.MonkeyPatch) -> None:
    """Settle what belongs together as soon as the first of it is acknowledged."""

    def mutant(self: Producer, group: Group, wrote: f.Wrote | None) -> None:
        first = not group.wrote
        group.wrote += [wrote] if wrote is not None else []
        group.left = 0
        if first:
            self._settle(group)

    patch.setattr(Producer, "_acknowledge", mutant)


def settle_out_of_order(patch: pytest.MonkeyPatch) -> None:
    """Settle batches as they are done, whatever is before them."""

    def mutant(self: Producer, group: Group) -> None:
        self._groups[group.route].remove(group)
        self._tell_of(group)

    patch.setattr(Producer, "_settle", mutant)


def wrote_with_each(patch: pytest.MonkeyPatch) -> None:
    """Tell with every batch of a group what was written of all of it."""

    def mutant(self: Producer, group: Group) -> None:
        self._process.release(group.batches)
        for _ in group.batches:
            if not self.closed:
                self._process.tell(f.Settled(group.route, group.generation, tuple(group.wrote)))

    patch.setattr(Producer, "_tell_of", mutant)


def one_target_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Write down what the first target that was written to has, and no other."""
    settle = RouteState.settle
    patch.setattr(RouteState, "settle", lambda self, wrote: settle(self, [one for one in wrote if one.topic == wrote[0].topic]))


def only_written_targets(patch: pytest.MonkeyPatch) -> None:
    """Leave a target out of the progress to which a transaction wrote nothing."""
    moved = RouteState.moved

    def mutant(self: RouteState, day: str) -> f.Moved | None:
        move = moved(self, day)
        if move is None or not self.batches:
            return move
        old = move.before.targets
        written = {topic: one for topic, one in move.progress.targets.items() if one != old[topic]}
        return msgspec.structs.replace(move, progress=msgspec.structs.replace(move.progress, targets=written))

    patch.setattr(RouteState, "moved", mutant)


def count_what_was_read(patch: pytest.MonkeyPatch) -> None:
    """Count for each target all that was read."""
    settle = RouteState.settle

    def mutant(self: RouteState, wrote: Sequence[f.Wrote]) -> bool:
        batch, before = self.outstanding[0], dict(self.written)
        done = settle(self, wrote)
        for one in wrote:
            old = before.get(one.topic)
            if old is not None:
                self.written[one.topic] = msgspec.structs.replace(self.written[one.topic], records=old.records + batch.count)
        return done

    patch.setattr(RouteState, "settle", mutant)


def _opened(patch: pytest.MonkeyPatch, change: Callable[[Mapping[Topic, Written], dict[Topic, Written]], dict[Topic, Written]]) -> None:
    def mutant(progress: Progress | None, source: Side, targets: Sides, *, from_now: bool, era: int) -> Progress:
        new = opened(progress, source, targets, from_now=from_now, era=era)
        return new if progress is None else msgspec.structs.replace(new, targets=change(progress.targets, new.targets))

    patch.setattr(route, "opened", mutant)


def gone_target_kept(patch: pytest.MonkeyPatch) -> None:
    """Keep in the progress what is no target any more."""
    _opened(patch, lambda known, written: {**known, **written})


def new_target_ignored(patch: pytest.MonkeyPatch) -> None:
    """Do not take a target in that comes to a route which has carried something."""
    _opened(patch, lambda known, written: {topic: one for topic, one in written.items() if topic in known})


def others_begin_anew(patch: pytest.MonkeyPatch) -> None:
    """Forget, when targets come or go, what stands in the others."""
    _opened(patch, lambda known, written: written if written == known else {topic: Written(id=one.id) for topic, one in written.items()})


def word_forgets_books(patch: pytest.MonkeyPatch) -> None:
    """Count what stands in the targets anew from an operator's word on."""

    def mutant(mode: Resume, progress: Progress | None, source: Side, targets: Sides, *, from_now: bool, era: int) -> Progress:
        new = resumed(mode, progress, source, targets, from_now=from_now, era=era)
        return msgspec.structs.replace(new, targets={topic: Written(id=one.id, last=one.last) for topic, one in new.targets.items()})

    patch.setattr(route, "resumed", mutant)


def second_offset_unchecked(patch: pytest.MonkeyPatch) -> None:
    """Believe an acknowledgement below what was written before of all targets but the first."""
    believe(patch, lambda state, topic: topic != next(iter(state.written)))


def midnight_missed(patch: pytest.MonkeyPatch) -> None:
    """Count on with what was written on the day before."""
    patch.setattr(route, "written_on", lambda day, old, new, _before: written_on(day, old, new, day))


MUTANTS: list[Plant] = [
    midnight_missed,
    second_offset_unchecked,
    first_target_only,
    blind_to_new_targets,
    missing_target_unseen,
    settle_before_written,
    settle_out_of_order,
    wrote_with_each,
    one_target_forgotten,
    only_written_targets,
    count_what_was_read,
    gone_target_kept,
    new_target_ignored,
    others_begin_anew,
    word_forgets_books,
]
