"""Answers for node/demo/generate/places.py."""

import csv

from node.demo.generate import places
from node.demo.generate.dice import Dice
from node.model.shipped import shipped


def _column(name: str, column: str) -> list[str]:
    with shipped(name).open(encoding="utf-8", newline="") as file:
        return [row[column] for row in csv.DictReader(file)]


def test_places_are_those_of_the_tables() -> None:
    """All villages of the district and every street that has one; names of all divisions and streets of Guangdong."""
    assert list(places.villages()) == _column("deploy/demo/villages.csv", "code")
    assert set(places.streets()) == set(_column("deploy/demo/villages.csv", "street"))
    assert places.names()["445102"] == "湘桥区"
    assert len(places.names()) == 144 + 1757 + 179


def test_villages_are_called_as_people_call_them() -> None:
    """Without their committees."""
    assert places.short_name("445102007002") == "桥东社区"
    assert places.short_name("445102007200") == "下津村"
    assert places.short_name("445102007400") == "韩山师范学院社区"
    assert places.short_name("445102007") == "桥东街道"


def test_addresses_lie_in_their_street_or_village() -> None:
    """From the province down to a house, with a village where one is given."""
    dice = Dice(1)
    assert places.address(dice, "445102007").startswith("广东省潮州市湘桥区桥东街道")
    assert places.address(dice, "445102007200").startswith("广东省潮州市湘桥区桥东街道下津村")
    assert all("号" in places.address(dice, None) for _ in range(50))
    assert {"房" in places.door(dice) for _ in range(50)} == {True, False}
