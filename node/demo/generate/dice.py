"""Seeded dice that fall the same on every machine and Python: only `Random.random` is promised to (Python's `random`, reproducibility)."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

Item = TypeVar("Item")


class Dice:
    """Draws from one seed; `roll()` is a float from 0 to below 1."""

    __slots__ = ("roll",)

    def __init__(self, seed: int) -> None:
        self.roll = Random(seed).random  # noqa: S311  # dice for invented data, no secret's

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to below `limit`."""
        return int(self.roll() * limit)

    def between(self, least: int, greatest: int) -> int:
        """Return a whole number from `least` to `greatest`, both included."""
        return least + int(self.roll() * (greatest - least + 1))

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of the items."""
        return items[int(self.roll() * len(items))]

    def chance(self, share: float) -> bool:
        """Tell whether something happens that happens in `share` of all cases."""
        return self.roll() < share

    def digits(self, count: int) -> str:
        """Return `count` decimal digits, at most 15: a float has no more."""
        return f"{int(self.roll() * 10**count):0{count}d}"
