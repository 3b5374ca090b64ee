"""The machine in thousands of seeded worlds: whatever goes wrong nothing is lost or doubled, and when it ends all arrives.

A failure prints its seed and the last events; `Scenario(seed).run()` plays it again.
"""

import pytest

from tests.lane.scenario import Scenario

_SEEDS = 250
_PARTS = 8
_FULL_SEEDS = 5000
_FULL_PARTS = 10


@pytest.mark.parametrize("part", range(_PARTS))
def test_nothing_is_lost_or_doubled_and_all_arrives(part: int) -> None:
    """In each of 2,000 worlds every committed record stands once and in order at the target, and a healed world carries all."""
    for seed in range(part * _SEEDS, (part + 1) * _SEEDS):
        Scenario(seed).run()


@pytest.mark.full
@pytest.mark.parametrize("part", range(_FULL_PARTS))
def test_nothing_is_lost_or_doubled_in_many_more_worlds(part: int) -> None:
    """The same holds in 50,000 further worlds."""
    for seed in range(10_000 + part * _FULL_SEEDS, 10_000 + (part + 1) * _FULL_SEEDS):
        Scenario(seed).run()


def test_a_seed_plays_the_same_again() -> None:
    """Two runs of one seed see the same events at the same times."""
    stories = []
    for _ in range(2):
        scenario = Scenario(7)
        scenario.run()
        stories.append(scenario.world.story())
    assert stories[0] == stories[1]
    assert stories[0]
