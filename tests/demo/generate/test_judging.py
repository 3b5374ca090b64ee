"""Answers for node/demo/generate/judging.py."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from node.demo.generate.judging import broken

DIVISIONS = {"rule": "cn-division", "digits": [6, 9], "values": ["440000", "445102"]}


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        ({"rule": "not-null"}, ["", 0], [None]),
        ({"rule": "minimum", "value": 1}, [1, 2], [0, -5]),
        ({"rule": "maximum", "value": "1.50"}, [Decimal("1.5"), Decimal(-3)], [Decimal("1.51")]),
        ({"rule": "length", "min": 2, "max": 3}, ["潮州", "abc", [1, 2]], ["", "a", "abcd", [], {"a": 1}]),
        ({"rule": "set", "values": ["0", "1"]}, ["0"], ["2", "00"]),
        ({"rule": "code-list", "name": "c", "values": ["01"]}, ["01"], ["1", "汉族"]),
        ({"rule": "prefix", "values": ["91", "92"]}, ["91x", "92"], ["9", "x91"]),
        ({"rule": "pattern", "pattern": "[A-Z]{3}"}, ["CHN"], ["CH", "CHN ", "chn"]),
        ({"rule": "digits", "min": 2, "max": 3}, ["01", "123"], ["1", "1234", "1a", "１２", "12 "]),
        (
            {"rule": "date-window", "from": "2000-01-01", "to": "2000-12-31"},
            [date(2000, 1, 1), date(2000, 12, 31)],
            [date(1999, 12, 31), date(2001, 1, 1)],
        ),
        (
            {"rule": "date-window", "from": "2000-01-01T00:00:00+00:00"},
            [datetime(2000, 1, 1, tzinfo=UTC)],
            [datetime(1999, 1, 1, tzinfo=UTC)],
        ),
        ({"rule": "not-future"}, [date(2025, 12, 31), datetime(2025, 1, 1, tzinfo=UTC)], [date(2205, 1, 1)]),
        (
            {"rule": "cn-resident-id"},
            ["11010519491231002X", "440524188001010014"],
            ["11010519491231002x", "110105194912310021", "11010519491331002X", "1", "440524220501010011"],
        ),
        ({"rule": "cn-uscc"}, ["91350100M000100Y43"], ["91350100M000100Y44", "9135O100M000100Y43", "91350100"]),
        (DIVISIONS, ["445102", "445102007", "110101"], ["445199", "4451020", "445102007002", "0000000", "000000", "潮州"]),
        (
            {"rule": "cn-phone"},
            ["13812345678", "0768-2123456", "07682123456", "010-82345678"],
            ["12812345678", "1381234567", "0768-1123456", "无"],
        ),
    ],
    ids=lambda value: value["rule"] if isinstance(value, dict) and "rule" in value else "",
)
def test_each_rule_tells_good_from_bad(rule: dict[str, Any], good: list[Any], bad: list[Any]) -> None:
    """By examples of either kind."""
    assert [value for value in good if broken([rule], value)] == []
    assert [value for value in bad if not broken([rule], value)] == []


def test_null_breaks_only_not_null_and_warnings_break_nothing() -> None:
    """Rules apply to what is there; what only warns refuses nothing."""
    rules: list[dict[str, Any]] = [{"rule": "not-null"}, {"rule": "length", "min": 2}, {"rule": "digits", "severity": "warn"}]
    assert broken([*rules], None) == ["not-null"]
    assert broken([*rules], "a") == ["length"]
    assert broken([*rules], "ab") == []
