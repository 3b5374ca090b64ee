"""Real places: divisions, streets and villages by their codes, and addresses in them."""

import csv
from functools import cache

from node.demo.generate.dice import Dice
from node.model.divisions import known_divisions
from node.model.shipped import shipped

HOME = "445102"
"""The district of the demo, whose villages are known."""
_HOME_NAME = "广东省潮州市湘桥区"
_ROADS = (
    "太平路",
    "昌黎路",
    "西荣路",
    "新洋路",
    "潮枫路",
    "绿榕路",
    "枫春路",
    "城新路",
    "环城西路",
    "开元路",
    "义安路",
    "西河路",
    "新桥路",
)
_COMMITTEES = ("社区居民委员会", "居民委员会", "村民委员会", "社区")
_ROOMS_SHARE = 0.7


@cache
def names() -> dict[str, str]:
    """Return the name of every code: divisions, streets of Guangdong, villages of the home district."""
    divisions = {code: division.name for code, division in known_divisions().items()}
    return divisions | {row["code"]: row["name"] for file in ("deploy/demo/streets.csv", "deploy/demo/villages.csv") for row in _rows(file)}


@cache
def streets() -> tuple[str, ...]:
    """Return the nine-digit codes of the home district's streets and towns that have villages."""
    return tuple(sorted({code[:9] for code in villages()}))


@cache
def villages() -> tuple[str, ...]:
    """Return the twelve-digit codes of the home district's villages and communities."""
    return tuple(row["code"] for row in _rows("deploy/demo/villages.csv"))


@cache
def short_name(code: str) -> str:
    """Return a village's name without its committee, or a street's as it is."""
    name = names()[code]
    ending = next((one for one in _COMMITTEES if name.endswith(one)), "")
    return name.removesuffix(ending) + ("社区" if "社区" in ending else "村" if ending == "村民委员会" else "")


@cache
def prefix(code: str) -> str:
    """Return the address of a street or village of the home district down to its name."""
    street = _HOME_NAME + names()[code[:9]]
    return street + short_name(code) if len(code) > 9 else street


def door(dice: Dice) -> str:
    """Return a house, and mostly a room in it, on some road."""
    house = f"{dice.pick(_ROADS)}{dice.between(1, 180)}号"
    if not dice.chance(_ROOMS_SHARE):
        return house
    return f"{house}{dice.between(1, 12)}栋{100 * dice.between(1, 18) + dice.between(1, 6)}房"


def address(dice: Dice, code: str | None) -> str:
    """Return an address in full, in the street or village of `code` or anywhere in the district."""
    return prefix(code or dice.pick(villages())) + door(dice)


def _rows(name: str) -> list[dict[str, str]]:
    with shipped(name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
