"""Planted mistakes about batches that are handed back unbegun."""

from collections.abc import Sequence

import pytest

from node.lane import Machine
from node.lane import facts as f
from node.lane.ready import Ready
from node.lane.route import RouteState
from tests.lane.mutants import Plant


def returned_not_ready(patch: pytest.MonkeyPatch) -> None:
    """Take batches back and forget to send them again."""
    patch.setattr(Ready, "take_back", lambda _self, state, batches: state.take_back(batches))


def returned_behind(patch: pytest.MonkeyPatch) -> None:
    """Put batches that come back behind those that have come since."""

    def mutant(self: RouteState, batches: Sequence[f.Batch]) -> None:
        for batch in batches:
            self.outstanding.pop()
            self.queue.append(batch)

    patch.setattr(RouteState, "take_back", mutant)


def returned_backwards(patch: pytest.MonkeyPatch) -> None:
    """Put batches that come back into the queue newest first."""

    def mutant(self: RouteState, batches: Sequence[f.Batch]) -> None:
        for batch in batches:
            self.outstanding.pop()
            self.queue.appendleft(batch)

    patch.setattr(RouteState, "take_back", mutant)


def returned_still_awaited(patch: pytest.MonkeyPatch) -> None:
    """Wait for batches that were handed back."""
    returned = Machine._returned

    def mutant(self: Machine, fact: f.Returned) -> None:
        awaited = self._outstanding
        returned(self, fact)
        self._outstanding = awaited

    patch.setattr(Machine, "_returned", mutant)


def returned_as_settled(patch: pytest.MonkeyPatch) -> None:
    """Count batches that were handed back as done."""

    def mutant(self: Machine, fact: f.Returned) -> None:
        state = self._current(fact.route, fact.generation)
        for _ in fact.batches if state else ():
            assert state is not None
            self._outstanding -= 1
            state.settle(())

    patch.setattr(Machine, "_returned", mutant)


MUTANTS: list[Plant] = [
    returned_not_ready,
    returned_behind,
    returned_backwards,
    returned_still_awaited,
    returned_as_settled,
]
