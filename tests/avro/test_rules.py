"""Answers for node/avro/rules.py."""

import string
from typing import Any

import pytest

from node.avro.rule_kinds import Target
from node.avro.rules import RULES, read_rules
from node.errors import SchemaError

TEXT, INT = Target("string", {"type": "string"}), Target("int", {"type": "int"})
DAY = Target("date", {"type": "int", "logicalType": "date"})
LIST = Target("array", {"type": "array"})


def _message(target: Target, **rule: Any) -> tuple[str, str]:
    (found,) = read_rules([{"rule": rule.pop("rule"), **rule}], target, "a")
    return found.zh, found.en


@pytest.mark.parametrize("name", RULES)
def test_every_rule_says_in_both_languages_what_it_means(name: str) -> None:
    """The table is all that a user reads of a rule; a message names no parameter that does not exist."""
    kind = RULES[name]
    assert kind.name == name
    assert kind.zh
    assert kind.en.isascii()
    assert kind.message_zh
    assert kind.message_en.isascii()
    phrases = {"counts_zh", "counts_en", "window_zh", "window_en", "grace_zh", "grace_en", "shown"}
    for message in (kind.message_zh, kind.message_en):
        assert {field for _, field, _, _ in string.Formatter().parse(message) if field} <= {*kind.required, *kind.optional, *phrases}


def test_messages_fit_the_parameters_that_are_given() -> None:
    """A bound that is absent is not spoken of."""
    assert _message(TEXT, rule="length", min=2, max=50) == ("长度须为 2 至 50", "its length must be 2 to 50")
    assert _message(TEXT, rule="length", max=50) == ("长度须不超过 50", "its length must be at most 50")
    assert _message(LIST, rule="length", min=1) == ("长度须不少于 1", "its length must be at least 1")
    assert _message(TEXT, rule="digits") == ("须为数字，位数不少于 1", "must be digits, at least 1 of them")
    assert _message(TEXT, rule="digits", min=6, max=6) == ("须为数字，位数为 6", "must be digits, 6 of them")
    assert _message(DAY, rule="date-window", **{"from": "1949-10-01"}) == ("须不早于 1949-10-01", "must be not before 1949-10-01")
    assert _message(DAY, rule="not-future", days=3)[1] == "must not be in the future by more than 3 days"
    assert _message(DAY, rule="not-future")[1] == "must not be in the future"
    assert _message(INT, rule="set", values=list(range(20)))[1] == "must be one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 …"
    assert _message(TEXT, rule="pattern", pattern="[A-Z]{2}") == ("不符合格式 [A-Z]{2}", "does not match [A-Z]{2}")


def test_severity_and_message_stand_beside_the_parameters() -> None:
    """A rule refuses unless it says otherwise."""
    warn, refuse = read_rules(
        [{"rule": "cn-phone", "severity": "warn", "message": {"zh": "甲", "en": "x"}}, {"rule": "cn-phone"}], TEXT, "a"
    )
    assert (warn.warns, warn.zh, warn.en) == (True, "甲", "x")
    assert not refuse.warns
    assert warn.parameters == {}


def test_null_is_refused_once() -> None:
    """Of two rules that forbid it only one could speak."""
    with pytest.raises(SchemaError, match=r"^a: rule not-null: it stands twice"):
        read_rules([{"rule": "not-null"}, {"rule": "not-null", "severity": "warn"}], Target("int", {}, nullable=True), "a")


@pytest.mark.parametrize(
    ("rule", "target", "message"),
    [
        ("digits", TEXT, "a: a rule is an object"),
        ({"rule": ["digits"]}, TEXT, "a: a rule is an object"),
        ({"rule": "digit"}, TEXT, 'a: a rule is an object whose "rule" is one of not-null, minimum'),
        ({"rule": "digits"}, INT, "a: rule digits: it fits string, not int"),
        ({"rule": "digits", "length": 6}, TEXT, 'a: rule digits: it has no "length"; it takes min, max'),
        ({"rule": "cn-uscc", "min": 1}, TEXT, 'a: rule cn-uscc: it has no "min"; it takes nothing'),
        ({"rule": "digits", "min": -1}, TEXT, 'a: rule digits: "min" must be a whole number'),
        ({"rule": "digits", "min": True}, TEXT, 'a: rule digits: "min" must be a whole number'),
        ({"rule": "digits", "min": 3, "max": 2}, TEXT, 'a: rule digits: "min" must not be greater'),
        ({"rule": "length"}, TEXT, 'a: rule length: one of "min" and "max"'),
        ({"rule": "minimum"}, INT, 'a: rule minimum: "value" is missing'),
        ({"rule": "minimum", "value": "1"}, INT, 'a: rule minimum: "value" must be a whole number'),
        ({"rule": "set", "values": []}, TEXT, 'a: rule set: "values" must be a list with something'),
        ({"rule": "set", "values": ["a", "a"]}, TEXT, 'a: rule set: "values" has a text twice'),
        ({"rule": "set", "values": ["a", [1]]}, TEXT, 'a: rule set: "values" must be texts'),
        ({"rule": "set", "values": ["\ud800"]}, TEXT, 'a: rule set: "values" must be texts'),
        ({"rule": "set", "values": [1, "2"]}, INT, 'a: rule set: "values" must be whole numbers'),
        ({"rule": "prefix", "values": [""]}, TEXT, 'a: rule prefix: "values" must be texts'),
        ({"rule": "pattern", "pattern": 5}, TEXT, 'a: rule pattern: "pattern" must be a text'),
        ({"rule": "code-list", "name": "x"}, TEXT, "a: rule code-list: a code list has either"),
        ({"rule": "code-list", "name": "x", "file": "f", "values": ["1"]}, TEXT, "a: rule code-list: a code list has either"),
        ({"rule": "code-list", "name": "x", "file": ""}, TEXT, 'a: rule code-list: "file" must be a text'),
        ({"rule": "date-window"}, DAY, 'a: rule date-window: one of "from" and "to"'),
        ({"rule": "date-window", "from": "2025-02-30"}, DAY, 'a: rule date-window: "from" must be a date'),
        ({"rule": "date-window", "from": "2025-01-02", "to": "2025-01-01"}, DAY, 'a: rule date-window: "from" must not be after'),
        ({"rule": "not-future", "days": 10**6}, DAY, 'a: rule not-future: "days" must be at most'),
        ({"rule": "cn-division", "digits": [7]}, TEXT, 'a: rule cn-division: "digits" must be'),
        ({"rule": "cn-division", "values": ["44"]}, TEXT, 'a: rule cn-division: "values" must be codes of six digits'),
        ({"rule": "digits", "severity": "error"}, TEXT, 'a: rule digits: "severity" must be'),
        ({"rule": "digits", "severity": []}, TEXT, 'a: rule digits: "severity" must be'),
        ({"rule": "digits", "message": "no"}, TEXT, 'a: rule digits: "message" must be'),
        ({"rule": "digits", "message": {"zh": "", "en": "x"}}, TEXT, 'a: rule digits: "message" must be'),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(rule: Any, target: Target, message: str) -> None:
    """Its author reads which rule of which field, and what would be right."""
    with pytest.raises(SchemaError, match=f"^{message}"):
        read_rules([rule], target, "a")
