"""Answers for node/demo/generate/slips.py."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from node.avro.rules import RULES
from node.demo.generate.dice import Dice
from node.demo.generate.judging import broken
from node.demo.generate.slips import SLIPS, breakable

NUMBER, CODE = "11010519491231002X", "91350100M000100Y43"


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ({"rule": "not-null"}, "x"),
        ({"rule": "minimum", "value": 0}, 7),
        ({"rule": "minimum", "value": "0.01"}, Decimal("3.20")),
        ({"rule": "maximum", "value": 45}, 40),
        ({"rule": "length", "min": 2, "max": 50}, "陈楚彬"),
        ({"rule": "length", "min": 1}, ["a"]),
        ({"rule": "length", "max": 5}, "abc"),
        ({"rule": "set", "values": ["0", "1"]}, "1"),
        ({"rule": "set", "values": [1, 2]}, 1),
        ({"rule": "code-list", "name": "c", "values": ["01", "02"]}, "01"),
        ({"rule": "prefix", "values": ["91"]}, CODE),
        ({"rule": "pattern", "pattern": "[A-Z]{3}"}, "CHN"),
        ({"rule": "pattern", "pattern": r"\S{6,60}"}, "JY4451022025"),
        ({"rule": "digits", "min": 4, "max": 4}, "0110"),
        ({"rule": "date-window", "from": "1949-10-01"}, date(2024, 2, 29)),
        ({"rule": "not-future"}, date(2024, 2, 29)),
        ({"rule": "cn-resident-id"}, NUMBER),
        ({"rule": "cn-uscc"}, CODE),
        ({"rule": "cn-division", "digits": [9], "values": ["445102"]}, "445102007"),
        ({"rule": "cn-phone"}, "13812345678"),
    ],
    ids=str,
)
def test_a_slip_is_noticed_by_its_rule(rule: dict[str, Any], value: Any) -> None:
    """With any fall of the dice, some slip breaks the rule that would notice it."""
    for seed in range(60):
        assert any(broken([rule], one) for one in SLIPS[rule["rule"]](Dice(seed), value, rule))


def test_identifiers_go_wrong_as_people_get_them_wrong() -> None:
    """Exchanged digits, O for 0, a lost character, a blank, the old form of fifteen digits, a day that never was, another field's text."""
    wrong = {one for seed in range(400) for one in SLIPS["cn-resident-id"](Dice(seed), NUMBER, {"rule": "cn-resident-id"})}
    assert "11O10519491231002X" in wrong
    assert "10110519491231002X" in wrong
    assert NUMBER + " " in wrong
    assert "110105491231002" in wrong
    assert any(one[10:14] == "0230" for one in wrong if len(one) == 18)
    assert any("\u4e00" <= one[0] <= "\u9fff" for one in wrong)
    assert {17, 19} <= {len(one) for one in wrong}


def test_every_rule_of_a_field_has_its_slips() -> None:
    """A rule that is added to the language must be breakable here."""
    assert SLIPS.keys() == RULES.keys() - {"cel"}


def test_lengths_that_no_slip_misses_are_left_alone() -> None:
    """Nobody leaves one character of one out, nor pastes thousands."""
    assert not breakable({"rule": "length", "min": 1, "max": 4000})
    assert breakable({"rule": "length", "min": 2, "max": 4000})
    assert breakable({"rule": "length", "max": 40})
    assert breakable({"rule": "digits"})
