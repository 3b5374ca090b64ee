"""What a rule is, what it may stand on, and the checks of its parameters. The rules themselves are the table in `node.avro.rules`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from node.avro.constants import days, microseconds, unscaled

Kind = Literal[
    "null", "boolean", "int", "long", "float", "double", "decimal", "bytes", "fixed", "string", "uuid", "enum",
    "date", "time", "timestamp", "local-timestamp", "array", "map", "record", "union",
]  # fmt: skip
"""What a type is to a rule: Avro's type, or its logical type where that is known."""

_LOGICAL: dict[str, Kind] = {
    "date": "date",
    "time-millis": "time",
    "time-micros": "time",
    "timestamp-millis": "timestamp",
    "timestamp-micros": "timestamp",
    "local-timestamp-millis": "local-timestamp",
    "local-timestamp-micros": "local-timestamp",
    "decimal": "decimal",
    "uuid": "uuid",
}
INTEGERS: tuple[Kind, ...] = ("int", "long")
REALS: tuple[Kind, ...] = ("float", "double")
TIMES: tuple[Kind, ...] = ("date", "timestamp", "local-timestamp")
EVERY: tuple[Kind, ...] = (
    "boolean",
    *INTEGERS,
    *REALS,
    "decimal",
    "bytes",
    "fixed",
    "string",
    "uuid",
    "enum",
    *TIMES,
    "time",
    "array",
    "map",
    "record",
    "union",
)
_LONG = (-(2**63), 2**63 - 1)
_DOUBLE_MAX = 1.7976931348623157e308
_COUNT_MAX = 2**31 - 1
_GRACE_DAYS_MAX = 36_525


class Target(msgspec.Struct, frozen=True):
    """The type that rules stand on: its kind, its parsed form, whether it may be null, whether it is the outermost record."""

    kind: Kind
    node: Mapping[str, Any]
    nullable: bool = False
    outermost: bool = False

    @property
    def scale(self) -> int:
        """Digits after the point of a decimal."""
        return int(self.node.get("scale", 0))

    @property
    def per_second(self) -> int:
        """Units of a second in a time or timestamp."""
        return 1000 if str(self.node["logicalType"]).endswith("millis") else 1_000_000


Parameters = dict[str, Any]


class RuleKind(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as such. Messages are texts with `{parameter}` in them; `check` raises ValueError with what was expected."""

    name: str
    fits: Sequence[Kind]
    required: Sequence[str] = ()
    optional: Sequence[str] = ()
    zh: str
    en: str
    message_zh: str
    message_en: str
    check: Callable[[Parameters, Target], None] = lambda _parameters, _target: None


class Rule(msgspec.Struct, frozen=True):
    """A rule as it stands in a schema, checked."""

    kind: RuleKind
    parameters: Parameters
    warns: bool
    zh: str
    en: str


def kind_of(node: Any) -> Kind:
    """Return the kind of a type in parsed form (an object, a union or the name of a primitive)."""
    if isinstance(node, list):
        return "union"
    if isinstance(node, str):
        return node  # type: ignore[return-value]  # a name of a primitive
    kind: Kind = _LOGICAL.get(str(node.get("logicalType")), node["type"])
    return kind


def bound(value: Any, target: Target) -> int | float:
    """Return a bound of `minimum` or `maximum` as the target's values are written; ValueError says what was expected."""
    if target.kind in INTEGERS:
        if type(value) is not int or not _LONG[0] <= value <= _LONG[1]:
            raise ValueError("a whole number of 64 bits")
        return value
    if target.kind == "decimal":
        return unscaled(value, target.scale)
    if type(value) not in {int, float} or not abs(value) <= _DOUBLE_MAX:
        raise ValueError("a number")
    return float(value)


def moment(value: Any, target: Target) -> int:
    """Return a date or moment in the target's units; ValueError says what was expected."""
    if target.kind == "date":
        return days(value)
    found = microseconds(value, local=target.kind == "local-timestamp")
    if found * target.per_second % 1_000_000:
        raise ValueError("a moment in whole milliseconds, as the field has them")
    return found * target.per_second // 1_000_000


def check_bound(parameters: Parameters, target: Target) -> None:
    """Refuse a bound that is no value of the type."""
    _named(parameters, "value", lambda value: bound(value, target))


def check_counts(parameters: Parameters, _target: Target) -> None:
    """Refuse "min" and "max" that are no counts or in the wrong order."""
    for name in ("min", "max"):
        _named(parameters, name, _count)
    if parameters.get("min", 0) > parameters.get("max", _COUNT_MAX):
        raise ValueError('"min" must not be greater than "max"')


def check_length(parameters: Parameters, target: Target) -> None:
    """Refuse a length without "min" and "max", or with wrong ones."""
    if not parameters:
        raise ValueError('one of "min" and "max" is needed')
    check_counts(parameters, target)


def check_values(parameters: Parameters, target: Target) -> None:
    """Refuse "values" that are not of the type."""
    values = _list(parameters, "values")
    if target.kind in INTEGERS:
        if not all(type(value) is int and _LONG[0] <= value <= _LONG[1] for value in values):
            raise ValueError('"values" must be whole numbers')
    else:
        _texts(values)
    if target.kind == "enum" and not set(values) <= set(target.node["symbols"]):
        raise ValueError('"values" has a text that is no symbol of the enum')


def check_code_list(parameters: Parameters, target: Target) -> None:
    """Refuse a code list without a name, or with neither or both of file and values."""
    _named(parameters, "name", _text)
    if ("file" in parameters) == ("values" in parameters):
        raise ValueError('a code list has either "file", beside the schema as it is written, or "values", as it is registered')
    if "file" in parameters:
        _named(parameters, "file", _text)
    else:
        check_values(parameters, target)


def check_texts(parameters: Parameters, _target: Target) -> None:
    """Refuse "values" that are no texts."""
    _texts(_list(parameters, "values"))


def check_text(name: str) -> Callable[[Parameters, Target], None]:
    """Return the check that a parameter is a text."""
    return lambda parameters, _target: _named(parameters, name, _text)


def check_window(parameters: Parameters, target: Target) -> None:
    """Refuse a window without ends, or with wrong ones."""
    if not parameters:
        raise ValueError('one of "from" and "to" is needed')
    for name in ("from", "to"):
        _named(parameters, name, lambda value: moment(value, target))
    if len(parameters) == 2 and moment(parameters["from"], target) > moment(parameters["to"], target):
        raise ValueError('"from" must not be after "to"')


def check_grace(parameters: Parameters, _target: Target) -> None:
    """Refuse days of grace that are no count, or more than a century."""
    _named(parameters, "days", _count)
    if parameters.get("days", 0) > _GRACE_DAYS_MAX:
        raise ValueError(f'"days" must be at most {_GRACE_DAYS_MAX}')


def check_division(parameters: Parameters, _target: Target) -> None:
    """Refuse lengths and codes that no division has."""
    digits = parameters.get("digits", [6])
    if not isinstance(digits, list) or not digits or not all(type(one) is int and one in DIVISION_DIGITS for one in digits):
        raise ValueError(f'"digits" must be a list of some of {", ".join(map(str, DIVISION_DIGITS))}')
    if "values" in parameters and not all(
        len(value) == 6 and value.isascii() and value.isdigit() for value in _texts(_list(parameters, "values"))
    ):
        raise ValueError('"values" must be codes of six digits')


DIVISION_DIGITS = (6, 9, 12)
"""Of a division (GB/T 2260), of a town (GB/T 10114) and of a village (statistical division codes of the National Bureau of Statistics)."""


def _named(parameters: Parameters, name: str, check: Callable[[Any], object]) -> None:
    if name in parameters:
        try:
            check(parameters[name])
        except ValueError as fault:
            raise ValueError(f'"{name}" must be {fault}') from None


def _count(value: Any) -> None:
    if type(value) is not int or not 0 <= value <= _COUNT_MAX:
        raise ValueError("a whole number, at least 0")


def _text(value: Any) -> None:
    if not _is_text(value):
        raise ValueError("a text")


def _is_text(value: Any) -> bool:
    """Tell whether a value is a text with something in it that UTF-8 can write: JSON can hold half of a surrogate pair."""
    return isinstance(value, str) and value != "" and not any("\ud800" <= character <= "\udfff" for character in value)


def _list(parameters: Parameters, name: str) -> list[Any]:
    values = parameters[name]
    if not isinstance(values, list) or not values:
        raise ValueError(f'"{name}" must be a list with something in it')
    return values


def _texts(values: list[Any]) -> list[str]:
    if not all(map(_is_text, values)):
        raise ValueError('"values" must be texts')
    if len(set(values)) != len(values):
        raise ValueError('"values" has a text twice')
    return values
