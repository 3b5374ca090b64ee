"""Whether a value keeps a rule: what a wrong value is tried against before it is given out, so that it breaks one rule and no other.

Not the judge of the exchange, which is the kernel of `node.avro`; tests hold the two against each other.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import re2

from node.demo.generate.identity import resident_check
from node.model.credit import is_credit_code

LAST_DAY = date(2026, 1, 1)
"""No valid record is younger than this (see `lives`), so a date after it is in the future of all of them."""

_NO_PROVINCE = "00"
_PHONE = re.compile(r"1[3-9][0-9]{9}|(?:010|02[0-9])-?[2-8][0-9]{7}|0[3-9][0-9]{2}-?[2-8][0-9]{6,7}")
_RESIDENT = re.compile(r"[0-9]{17}[0-9X]")
_DIGITS = re.compile(r"[0-9]+")

Rule = Mapping[str, Any]


def broken(rules: list[Rule], value: Any) -> list[str]:
    """Return the names of the refusing rules that a value breaks; null breaks not-null alone."""
    refusing = [rule for rule in rules if rule.get("severity", "refuse") == "refuse" and rule["rule"] != "cel"]
    if value is None:
        return [rule["rule"] for rule in refusing if rule["rule"] == "not-null"]
    return [rule["rule"] for rule in refusing if not _HOLDS[rule["rule"]](value, rule)]


def is_resident_id(number: str) -> bool:
    """Tell whether a text is an identity number with its check character and a date of birth that has been."""
    if not _RESIDENT.fullmatch(number) or resident_check(number[:17]) != number[17]:
        return False
    try:
        born = date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
    except ValueError:
        return False
    return born <= LAST_DAY


def _division(value: Any, rule: Rule) -> bool:
    """Of provinces that the table lacks every code counts as kept: who has a longer table may know it."""
    if not _DIGITS.fullmatch(value) or len(value) not in rule.get("digits", [6]):
        return False
    return value[:6] in rule["values"] or (value[:2] != _NO_PROVINCE and all(value[:2] != code[:2] for code in rule["values"]))


def _within(value: Any, rule: Rule) -> bool:
    low, high = (_moment(rule[name], value) if name in rule else None for name in ("from", "to"))
    return (low is None or value >= low) and (high is None or value <= high)


def _moment(text: str, like: Any) -> Any:
    return datetime.fromisoformat(text) if isinstance(like, datetime) else date.fromisoformat(text)


def _past(value: Any, _rule: Rule) -> bool:
    return (value.date() if isinstance(value, datetime) else value) <= LAST_DAY


def _length(value: Any, rule: Rule) -> bool:
    return bool(rule.get("min", 0) <= len(value) <= rule.get("max", len(value)))


def _digits(value: Any, rule: Rule) -> bool:
    return bool(_DIGITS.fullmatch(value)) and bool(rule.get("min", 1) <= len(value) <= rule.get("max", len(value)))


_HOLDS: dict[str, Callable[[Any, Rule], bool]] = {
    "not-null": lambda value, _rule: value is not None,
    "minimum": lambda value, rule: bool(value >= _bound(rule, value)),
    "maximum": lambda value, rule: bool(value <= _bound(rule, value)),
    "length": _length,
    "set": lambda value, rule: value in rule["values"],
    "code-list": lambda value, rule: value in rule["values"],
    "prefix": lambda value, rule: value.startswith(tuple(rule["values"])),
    "pattern": lambda value, rule: re2.fullmatch(rule["pattern"], value) is not None,
    "digits": _digits,
    "date-window": _within,
    "not-future": _past,
    "cn-resident-id": lambda value, _rule: is_resident_id(value),
    "cn-uscc": lambda value, _rule: is_credit_code(value),
    "cn-division": _division,
    "cn-phone": lambda value, _rule: bool(_PHONE.fullmatch(value)),
}


def _bound(rule: Rule, like: Any) -> Any:
    return Decimal(str(rule["value"])) if isinstance(like, Decimal) else rule["value"]
