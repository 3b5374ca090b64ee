"""The simulation notices every planted mistake: else it would prove nothing about the machine as it is."""

from collections.abc import Iterator
from itertools import chain

import pytest

from tests.lane import mutants, mutants_of_returns, mutants_of_targets
from tests.lane.mutants import Plant
from tests.lane.oracle import Violation
from tests.lane.scenario import Scenario

_SEEDS_MAX = 3000
_SHOWN_BY = {
    "blind_to_new_targets": 139,
    "blind_to_source_crc": 154,
    "blind_to_target_crc": 206,
    "first_target_only": 97,
    "forgotten_in_commit": 233,
    "generations_restart": 131,
    "never_hold": 90,
    "offset_unchecked": 125,
    "returned_backwards": 71,
    "returned_behind": 71,
    "returned_not_ready": 89,
    "returned_still_awaited": 191,
    "second_offset_unchecked": 711,
    "skip_forgotten": 93,
    "stopped_not_rolled_back": 541,
    "time_out_forgotten": 105,
    "word_kept": 291,
    "word_swallowed": 98,
    "written_falls_back": 61,
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
    "plant", [*mutants.MUTANTS, *mutants_of_targets.MUTANTS, *mutants_of_returns.MUTANTS], ids=lambda plant: plant.__name__
)
def test_a_planted_mistake_is_noticed(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without one of its precautions breaks what must hold within 3,000 worlds that a sound one survives."""
    first = _SHOWN_BY.get(plant.__name__, 0)
    plant(monkeypatch)
    seed = _noticed_by(iter(chain([first], range(_SEEDS_MAX))))
    assert seed is not None, f"{plant.__name__} went unnoticed: {plant.__doc__}"
    monkeypatch.undo()
    assert _noticed_by(iter([seed])) is None
