"""The rules in plain Python, for comparison: regular expressions, python-stdnum's check digits, cel-python's evaluation of expressions."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import celpy
from celpy import celtypes
from celpy.evaluation import CELEvalError, bool_eq, operator_in
from stdnum.cn import ric, uscc

NOW_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z: eight in the morning in China."""

_NOW = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=NOW_MS)
_MICROSECOND = timedelta(microseconds=1)
_CHINA = _NOW + timedelta(hours=8)
_RESIDENT = re.compile(r"[0-9]{17}[0-9X]")
_CREDIT = re.compile(r"[0-9A-HJ-NP-RTUWXY]{2}[0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}")
_PHONE = re.compile(r"1[3-9][0-9]{9}|(?:010|02[0-9])-?[2-8][0-9]{7}|0[3-9][0-9]{2}-?[2-8][0-9]{6,7}")
_PROVINCES = {
    "82",
    "34",
    "36",
    "71",
    "63",
    "65",
    "14",
    "41",
    "52",
    "42",
    "51",
    "31",
    "37",
    "22",
    "81",
    "23",
    "44",
    "64",
    "53",
    "62",
    "33",
    "50",
    "13",
    "43",
    "46",
    "15",
    "21",
    "11",
    "12",
    "32",
    "45",
    "54",
    "35",
    "61",
}


class Rulings:
    """Judges rules; expressions are kept compiled."""

    def __init__(self) -> None:
        self._environment = celpy.Environment()
        self._programs: dict[str, Any] = {}

    def holds(self, rule: dict[str, Any], value: Any) -> bool:
        """Tell whether a rule other than not-null and cel holds for a decoded value that is not null."""
        return _RULES[rule["rule"]](rule, value)

    def unfulfilled(self, schema: dict[str, Any], datum: Any) -> list[dict[str, Any]]:
        """Return the rules across fields whose expression is not true."""
        own = [rule for rule in schema.get("rules", []) if rule["rule"] == "cel"]
        if not own:
            return []
        activation = {name: cel_value(value) for name, value in datum.items()}
        return [rule for rule in own if not self.is_true(rule["expression"], activation)]

    def is_true(self, expression: str, activation: dict[str, Any]) -> bool:
        """Tell whether an expression is true of CEL values: an error is not, nor is null."""
        if expression not in self._programs:
            tree = self._environment.compile(re.sub(r"has\(([a-z0-9_.]+)\)", _there, expression))
            self._programs[expression] = self._environment.program(tree, functions=_FUNCTIONS)
        try:
            return isinstance(found := self._programs[expression].evaluate(activation), celtypes.BoolType) and bool(found)
        except CELEvalError:
            return False


def _bound(rule: dict[str, Any], value: Any) -> Any:
    return Decimal(rule["value"]) if isinstance(value, Decimal) else rule["value"]


def _are_digits(rule: dict[str, Any], value: str) -> bool:
    return rule.get("min", 1) <= len(value) <= rule.get("max", len(value)) and re.fullmatch("[0-9]*", value) is not None


def _within(rule: dict[str, Any], value: Any) -> bool:
    low, high = (type(value).fromisoformat(rule[name]) if name in rule else None for name in ("from", "to"))
    return (low is None or low <= value) and (high is None or value <= high)


def _not_future(rule: dict[str, Any], value: Any) -> bool:
    grace = timedelta(days=rule.get("days", 0))
    if isinstance(value, datetime):
        return value <= (_NOW if value.tzinfo else _CHINA.replace(tzinfo=None)) + grace
    return bool(value <= _CHINA.date() + grace)


def _born(value: str) -> bool:
    try:
        born = date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError:
        return False
    return born.year >= 1800 and born <= _CHINA.date()


def _is_division(rule: dict[str, Any], value: str) -> bool:
    if not re.fullmatch("[0-9]+", value) or len(value) not in rule.get("digits", [6]):
        return False
    known = {code[:2] for code in rule["values"]}
    return value[:6] in rule["values"] if value[:2] in known else value[:2] in _PROVINCES


def _is_resident(_rule: dict[str, Any], value: str) -> bool:
    return _RESIDENT.fullmatch(value) is not None and ric.calc_check_digit(value) == value[-1] and _born(value)


def _is_credit_code(_rule: dict[str, Any], value: str) -> bool:
    return _CREDIT.fullmatch(value) is not None and uscc.calc_check_digit(value) == value[-1]


_RULES: dict[str, Callable[[dict[str, Any], Any], bool]] = {
    "minimum": lambda rule, value: bool(value >= _bound(rule, value)),
    "maximum": lambda rule, value: bool(value <= _bound(rule, value)),
    "length": lambda rule, value: rule.get("min", 0) <= len(value) <= rule.get("max", len(value)),
    "set": lambda rule, value: value in rule["values"],
    "code-list": lambda rule, value: value in rule["values"],
    "prefix": lambda rule, value: any(value.startswith(prefix) for prefix in rule["values"]),
    "digits": _are_digits,
    "date-window": _within,
    "not-future": _not_future,
    "cn-resident-id": _is_resident,
    "cn-uscc": _is_credit_code,
    "cn-phone": lambda _rule, value: _PHONE.fullmatch(value) is not None,
    "cn-division": _is_division,
}


class Items(dict[str, Any]):
    """A map as it was read: a key may come twice, and then counts twice."""

    count = 0


def cel_value(value: Any) -> Any:
    """Return a decoded value as cel-python has it. Decimals stay, exact as they are; local moments and times of day are numbers."""
    kind = type(value) if not isinstance(value, datetime) or value.tzinfo else "local"
    return _CEL[kind](value) if kind in _CEL else celtypes.StringType(str(value))


def _list(count: int) -> Any:
    return celtypes.ListType([celtypes.IntType(0)] * count)


_CEL: dict[Any, Callable[[Any], Any]] = {
    type(None): lambda value: value,
    Decimal: lambda value: value,
    bool: celtypes.BoolType,
    int: celtypes.IntType,
    float: celtypes.DoubleType,
    bytes: celtypes.BytesType,
    datetime: celtypes.TimestampType,
    "local": lambda value: celtypes.IntType((value.replace(tzinfo=UTC) - _NOW) // _MICROSECOND),
    date: lambda value: celtypes.TimestampType(datetime(value.year, value.month, value.day, tzinfo=UTC)),
    time: lambda value: celtypes.IntType(((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond),
    Items: lambda value: _list(value.count),
    list: lambda value: _list(len(value)),
    dict: lambda value: celtypes.MapType({celtypes.StringType(name): cel_value(inner) for name, inner in value.items()}),
}


def _there(found: re.Match[str]) -> str:
    """Return what has(a.b) means here: neither a nor a.b is null. cel-python's own has() asks for a key, and wants a selection."""
    steps = found[1].split(".")
    return "(" + " && ".join(f"{'.'.join(steps[:count])} != null" for count in range(1, len(steps) + 1)) + ")"


def _equal(one: Any, other: Any) -> Any:
    """Compare as CEL's specification has it: null equals null alone. cel-python 0.5 raises for null and a number."""
    if isinstance(one, CELEvalError) or isinstance(other, CELEvalError):
        return one if isinstance(one, CELEvalError) else other
    if one is None or other is None:
        return celtypes.BoolType(one is other)
    if isinstance(one, Decimal) or isinstance(other, Decimal):
        return celtypes.BoolType(Decimal(one) == Decimal(other))
    return bool_eq(one, other)


def _unequal(one: Any, other: Any) -> Any:
    equal = _equal(one, other)
    return equal if isinstance(equal, CELEvalError) else celtypes.BoolType(not equal)


def _among(one: Any, others: Any) -> Any:
    return celtypes.BoolType(False) if one is None else operator_in(one, others)


def _size(value: Any) -> Any:
    """Return a length; of null there is none. cel-python 0.5 says 0."""
    if value is None:
        raise TypeError  # what cel-python takes for "no such overload"
    return celtypes.IntType(len(value))


def _date(text: str) -> Any:
    return celtypes.TimestampType(f"{text}T00:00:00Z")


_FUNCTIONS: dict[str, Callable[..., Any]] = {"_==_": _equal, "_!=_": _unequal, "_in_": _among, "size": _size, "date": _date}
"""What an application gives cel-python: our `date`, and null as the specification has it."""
