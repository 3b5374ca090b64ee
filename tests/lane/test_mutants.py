"""The simulation notices every planted mistake: else it would prove nothing about the machine as it is."""

from collections.abc import Iterator
from itertools import chain

import pytest

from tests.lane import mutants, mutants_of_eras, mutants_of_returns, mutants_of_targets, mutants_of_views
from tests.lane.mutants import Plant
from tests.lane.oracle import Violation
from tests.lane.scenario import Scenario

_SEEDS_MAX = 3000
_SHOWN_BY = {
    "aborted_is_kept": 62,
    "blind_to_new_targets": 131,
    "blind_to_source_crc": 81,
    "blind_to_target_crc": 1552,
    "counted_for_each": 62,
    "first_target_only": 81,
    "generations_restart": 54,
    "gone_target_kept": 63,
    "known_by_offset": 250,
    "late_left_behind": 446,
    "offset_unchecked": 125,
    "old_keys_are_kept": 42,
    "opened_beside_the_thread": 1058,
    "parted_when_full": 226,
    "recover_before_open": 84,
    "returned_behind": 62,
    "second_offset_unchecked": 125,
    "stopped_not_rolled_back": 155,
    "time_out_forgotten": 52,
    "undecided_unseen": 3044,
    "word_goes_to_the_oldest": 926,
    "word_swallowed": 112,
    "written_falls_back": 41,
}
"""Seeds that show a mistake that few show: where to look first. Where the scenarios change, the search below finds others."""


def _noticed_by(seeds: Iterator[int]) -> int | None:
    for seed in seeds:
        try:
            Scenario(seed).run()
        except Violation:
            return seed
    return None


@pytest.mark.parametrize(
    "plant",
    [*mutants.MUTANTS, *mutants_of_targets.MUTANTS, *mutants_of_returns.MUTANTS, *mutants_of_views.MUTANTS, *mutants_of_eras.MUTANTS],
    ids=lambda plant: plant.__name__,
)
def test_a_planted_mistake_is_noticed(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without one of its precautions breaks what must hold within 3,000 worlds that a sound one survives."""
    first = _SHOWN_BY.get(plant.__name__, 0)
    plant(monkeypatch)
    seed = _noticed_by(iter(chain([first], range(_SEEDS_MAX))))
    assert seed is not None, f"{plant.__name__} went unnoticed: {plant.__doc__}"
    monkeypatch.undo()
    assert _noticed_by(iter([seed])) is None
