"""Planted mistakes about sides that are disposed of and made anew: `test_mutants` sees that each is noticed."""

import msgspec
import pytest

from node.lane import Machine, Progress, Side, State, checks, machine, route
from node.lane import facts as f
from node.lane.checks import awaited
from node.lane.route import RouteState
from tests.lane.mutants import Plant


def era_unseen(patch: pytest.MonkeyPatch) -> None:
    """Hold both sides to what stood in an earlier era."""
    for module in (checks, route):
        patch.setattr(module, "of_era", lambda progress, _era: progress)


def era_taken_at_the_next_look(patch: pytest.MonkeyPatch) -> None:
    """Leave a route as it runs or stands where a side of it was made anew."""

    def mutant(self: RouteState, era: int) -> list[f.Batch]:
        self.era = era
        return []

    patch.setattr(RouteState, "begin_era", mutant)


def seen_before(patch: pytest.MonkeyPatch) -> None:
    """Go on by what was looked at while a side was made anew."""
    begin = RouteState.begin_era

    def mutant(self: RouteState, era: int) -> list[f.Batch]:
        if self.state is State.INSPECTING:
            self.era = era
            return []
        return begin(self, era)

    patch.setattr(RouteState, "begin_era", mutant)


def era_unrecorded(patch: pytest.MonkeyPatch) -> None:
    """Do not write down in which era a route is."""
    moved = RouteState.moved

    def mutant(self: RouteState, day: str) -> f.Moved | None:
        found = moved(self, day)
        return None if found is None else msgspec.structs.replace(found, progress=msgspec.structs.replace(found.progress, era=0))

    patch.setattr(RouteState, "moved", mutant)


def looked_at_by_what_was(patch: pytest.MonkeyPatch) -> None:
    """Look behind where the last batch of an earlier era stood, though all that stands in a side made anew is to be seen."""
    patch.setattr(RouteState, "known", property(lambda self: self.progress))


def dropped_counts_as_carried(patch: pytest.MonkeyPatch) -> None:
    """Record the position behind batches that were dropped when a side was made anew."""
    begin = RouteState.begin_era

    def mutant(self: RouteState, era: int) -> list[f.Batch]:
        position = self.position
        dropped = begin(self, era)
        self.position = position
        return dropped

    patch.setattr(RouteState, "begin_era", mutant)


def figures_lost(patch: pytest.MonkeyPatch) -> None:
    """Begin to count anew with an era."""

    def mutant(progress: Progress, _before: Progress) -> Progress:
        return progress

    patch.setattr(checks, "_counting_on", mutant)


def fetched_still(patch: pytest.MonkeyPatch) -> None:
    """Take no notice of eras in routes that are there."""
    routed = Machine._routed

    def mutant(self: Machine, fact: f.Routed) -> None:
        eras = fact.eras | {name: state.era for name, state in self.routes.items()}  # type: ignore[operator]  # dicts
        routed(self, msgspec.structs.replace(fact, eras=eras))

    patch.setattr(Machine, "_routed", mutant)


def undecided_unseen(patch: pytest.MonkeyPatch) -> None:
    """Take a side made anew as it is while what an open transaction wrote there may be committed yet."""
    patch.setattr(
        machine, "awaited", lambda name, source, targets: awaited(name, source, {topic: _decided(targets[topic]) for topic in targets})
    )


def _decided(side: Side) -> Side:
    return msgspec.structs.replace(side, undecided=False)


MUTANTS: list[Plant] = [
    era_unseen, era_taken_at_the_next_look, seen_before, era_unrecorded, looked_at_by_what_was, dropped_counts_as_carried, figures_lost,
    fetched_still, undecided_unseen,
]  # fmt: skip
