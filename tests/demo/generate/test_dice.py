"""Answers for node/demo/generate/dice.py."""

from node.demo.generate.dice import Dice


def test_a_seed_falls_the_same_everywhere() -> None:
    """These figures are Python's promise for Random.random (MT19937), on every machine and version."""
    dice = Dice(445102)
    assert [dice.below(1000) for _ in range(6)] == [512, 10, 597, 620, 554, 83]
    assert Dice(445102).roll() == 0.5120056813323949


def test_bounds_are_kept_and_reached() -> None:
    """Both ends of `between` come, `below` never reaches its limit, digits keep their number."""
    dice = Dice(1)
    assert {dice.between(3, 5) for _ in range(200)} == {3, 4, 5}
    assert {dice.below(2) for _ in range(200)} == {0, 1}
    assert {dice.pick("abc") for _ in range(200)} == {"a", "b", "c"}
    assert {len(dice.digits(15)) for _ in range(200)} == {15}
    assert all(dice.digits(6).isdigit() for _ in range(50))


def test_chance_happens_in_its_share() -> None:
    """Within five standard deviations, and never or always at the ends."""
    dice = Dice(2)
    assert 850 < sum(dice.chance(0.1) for _ in range(10_000)) < 1150
    assert not any(dice.chance(0.0) for _ in range(100))
    assert all(dice.chance(1.0) for _ in range(100))
