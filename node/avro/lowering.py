"""Rules of a leaf become rule rows of the kernel: an operation with two operands, sets and bounds put into the pools."""

import struct
from collections.abc import Callable, Mapping
from typing import Any

from node.avro import layout
from node.avro.pools import Pools
from node.avro.rule_kinds import DIVISION_DIGITS, INTEGERS, REALS, Parameters, Target, bound, moment

Test = tuple[int, int, int]
"""operation, x, y"""

_LONG_MIN, _LONG_MAX = -(2**63), 2**63 - 1
_COUNT_MAX = 2**31 - 1
_DAY_US = layout.DAY_MS * 1000
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
"""0001-01-01 and 9999-12-31: what Python and ISO 8601's four digits can say."""
_PROVINCES = frozenset((*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82))
"""The first two digits of all provinces, GB/T 2260-2007."""


def lower(name: str, parameters: Parameters, target: Target, pools: Pools) -> Test:
    """Return the test of a checked rule, one of the kernel's own: all but not-null, pattern and cel."""
    return _LOWER[name](parameters, target, pools)


def logical_form(target: Target, pools: Pools) -> Test | None:
    """Return the test that a logical type itself asks of its values, if it asks one."""
    node, kind = target.node, target.kind
    if kind == "date":
        return layout.R_RANGE, _FIRST_DAY, _LAST_DAY
    if kind == "time":
        return layout.R_RANGE, 0, 86_400 * target.per_second - 1
    if kind in {"timestamp", "local-timestamp"}:
        day = 86_400 * target.per_second
        return layout.R_RANGE, _FIRST_DAY * day, (_LAST_DAY + 1) * day - 1
    if kind == "decimal":
        greatest = 10 ** node["precision"] - 1
        return layout.R_DECIMAL, _decimals(-greatest, greatest, pools), 0
    return (layout.R_UUID, 0, 0) if kind == "uuid" else None


def two_complement(number: int) -> bytes:
    """Return the least bytes that hold a number in two's complement, highest first, as Avro writes decimals."""
    return number.to_bytes((number if number >= 0 else ~number).bit_length() // 8 + 1, "big", signed=True)


def real_bits(number: float) -> int:
    """Return the bits of a double as a signed number."""
    return int(struct.unpack("<q", struct.pack("<d", number))[0])


def _decimals(least: int, greatest: int, pools: Pools) -> int:
    return pools.put([*pools.put_text(two_complement(least)), *pools.put_text(two_complement(greatest))])


def _bound(least: Any, greatest: Any, target: Target, pools: Pools) -> Test:
    if target.kind in INTEGERS:
        return layout.R_RANGE, _LONG_MIN if least is None else least, _LONG_MAX if greatest is None else greatest
    if target.kind in REALS:
        return (
            layout.R_REALS,
            real_bits(float("-inf") if least is None else least),
            real_bits(float("inf") if greatest is None else greatest),
        )
    beyond = 10 ** target.node["precision"]
    return layout.R_DECIMAL, _decimals(-beyond if least is None else least, beyond if greatest is None else greatest, pools), 0


def _minimum(parameters: Parameters, target: Target, pools: Pools) -> Test:
    return _bound(bound(parameters["value"], target), None, target, pools)


def _maximum(parameters: Parameters, target: Target, pools: Pools) -> Test:
    return _bound(None, bound(parameters["value"], target), target, pools)


def _length(parameters: Parameters, target: Target, _pools: Pools) -> Test:
    operation = {"string": layout.R_CHARACTERS, "bytes": layout.R_BYTES}.get(target.kind, layout.R_RANGE)
    return operation, parameters.get("min", 0), parameters.get("max", _COUNT_MAX)


def _set(parameters: Parameters, target: Target, pools: Pools) -> Test:
    values = parameters["values"]
    if target.kind == "enum":
        return layout.R_NUMBERS, pools.put_numbers(map(target.node["symbols"].index, values)), 0
    if target.kind in INTEGERS:
        return layout.R_NUMBERS, pools.put_numbers(values), 0
    return layout.R_TEXTS, pools.put_texts(value.encode() for value in values), 0


def _prefix(parameters: Parameters, _target: Target, pools: Pools) -> Test:
    groups: dict[int, list[bytes]] = {}
    for value in parameters["values"]:
        groups.setdefault(len(value.encode()), []).append(value.encode())
    places = [(length, pools.put_texts(values)) for length, values in groups.items()]
    return layout.R_PREFIX, pools.put([len(places), *(number for pair in places for number in pair)]), 0


def _digits(parameters: Parameters, _target: Target, _pools: Pools) -> Test:
    return layout.R_DIGITS, parameters.get("min", 1), parameters.get("max", _COUNT_MAX)


def _window(parameters: Parameters, target: Target, _pools: Pools) -> Test:
    first, last = (moment(parameters[name], target) if name in parameters else None for name in ("from", "to"))
    return layout.R_RANGE, _LONG_MIN if first is None else first, _LONG_MAX if last is None else last


def _not_future(parameters: Parameters, target: Target, _pools: Pools) -> Test:
    grace = parameters.get("days", 0) * layout.DAY_MS + (0 if target.kind == "timestamp" else layout.CHINA_MS)
    if target.kind == "date":
        return layout.R_NOT_FUTURE, layout.DAY_MS, grace
    return layout.R_NOT_FUTURE, -(target.per_second // 1000), grace


def _division(parameters: Parameters, _target: Target, pools: Pools) -> Test:
    codes = [int(value) for value in parameters["values"]]
    elsewhere = _PROVINCES - {code // 10_000 for code in codes}
    lengths = sum(1 << count for count in DIVISION_DIGITS if count in parameters.get("digits", [6]))
    return layout.R_DIVISION, pools.put([pools.put_numbers(codes), pools.put_numbers(elsewhere)]), lengths


def _alone(operation: int) -> Callable[[Parameters, Target, Pools], Test]:
    return lambda _parameters, _target, _pools: (operation, 0, 0)


_LOWER: Mapping[str, Callable[[Parameters, Target, Pools], Test]] = {
    "minimum": _minimum,
    "maximum": _maximum,
    "length": _length,
    "set": _set,
    "code-list": _set,
    "prefix": _prefix,
    "digits": _digits,
    "date-window": _window,
    "not-future": _not_future,
    "cn-resident-id": _alone(layout.R_RESIDENT),
    "cn-uscc": _alone(layout.R_CREDIT),
    "cn-division": _division,
    "cn-phone": _alone(layout.R_PHONE),
}
