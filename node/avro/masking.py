"""What a mask makes of a type, of a default, and of a field's doc. What it makes of values is the kernel's affair.

Types are checked ones in JSON, defaults stand in JSON as Avro writes them there: bytes as texts of U+0000 to U+00FF, dates and moments as
numbers (Avro specification 1.12, "Complex Types", "Logical Types").
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from node.avro import layout
from node.avro.lowering import two_complement
from node.avro.rule_kinds import INTEGERS, TIMES, Kind, Target, kind_of
from node.avro.selection import Mask, MaskKind

DIGITS_MAX = 18
"""Digits of a decimal that can be rounded: its unscaled value, and what it is rounded to, have 64 bits."""
_LONG_MIN, _LONG_MAX = -(2**63), 2**63 - 1
_FITS: Mapping[MaskKind, tuple[Kind, ...]] = {
    "keep-first": ("string",),
    "keep-last": ("string",),
    "hmac": ("string", "uuid", *INTEGERS),
    "year": TIMES,
    "round": (*INTEGERS, "float", "double", "decimal"),
}
"""Types that a mask fits; `hide` fits all."""


def misfit(mask: Mask, node: Any) -> str:
    """Return why a mask does not fit a type that is no union with null, as a sentence's end; empty where it fits."""
    kind = kind_of(node)
    if mask.kind == "hide":
        return ""
    fits = _FITS[mask.kind]
    if kind not in fits:
        return f"{mask.kind} fits {', '.join(fits)}; this is {kind}"
    if mask.kind == "round" and kind in INTEGERS and mask.n < 2:
        return f"round:1 leaves every {kind} as it is; whole numbers are rounded to 2 or more, such as round:100"
    if kind == "decimal" and (node["type"] != "bytes" or node["precision"] > DIGITS_MAX):
        return f"round fits decimals on bytes of at most {DIGITS_MAX} digits"
    if kind == "decimal" and mask.n * 10 ** node.get("scale", 0) > 2 * 10 ** node["precision"]:
        return f"round:{mask.n} leaves 0 of every decimal of {node['precision']} digits"
    return ""


def masked_type(mask: Mask, node: Any) -> Any:
    """Return the type of the values that a mask, other than `hide`, makes of a type's that it fits."""
    match mask.kind, kind_of(node):
        case (("keep-first" | "keep-last" | "hmac"), _):
            return "string"
        case "year", _:
            return "int"
        case _, "decimal":
            return {"type": "bytes", "logicalType": "decimal", "precision": node["precision"] + 1, "scale": node.get("scale", 0)}
        case _, kind:
            return "long" if kind in INTEGERS else kind


def masked_default(mask: Mask, node: Any, value: Any) -> Any:
    """Return what a mask, other than `hide`, makes of a default. No secret is known here, so `hmac` leaves an empty text."""
    return _DEFAULTS[mask.kind](mask.n, Target(kind_of(node), node if isinstance(node, dict) else {"type": node}), value)


def note(mask: Mask) -> str:
    """Return what a masked field's doc says of its mask, in both languages."""
    zh, en = _NOTES[mask.kind]
    return f"（脱敏：{zh.format(mask.n)} / masked: {en.format(mask.n)}）"


_NOTES: Mapping[MaskKind, tuple[str, str]] = {
    "hide": ("不提供", "hidden"),
    "keep-first": ("保留前 {0} 字", "first {0} kept"),
    "keep-last": ("保留后 {0} 字", "last {0} kept"),
    "hmac": ("以带密钥的摘要代替", "replaced by a keyed digest"),
    "year": ("仅年份", "year only"),
    "round": ("取整到 {0} 的倍数", "rounded to multiples of {0}"),
}


def _year(_n: int, target: Target, value: int) -> int:
    if target.kind == "date":
        return _year_of(value)
    per_second = target.per_second
    zone = layout.CHINA_MS // 1000 * per_second if target.kind == "timestamp" else 0
    return _year_of((value + zone) // (86_400 * per_second))


def _year_of(days: int) -> int:
    """Return the year, in the proleptic Gregorian calendar, of a day counted from 1970-01-01: years end in February here, cycles have 400."""
    cycle, day = divmod(days + 719_468, 146_097)
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    return cycle * 400 + year + (day >= 306)


def _round(n: int, target: Target, value: Any) -> Any:
    if target.kind in INTEGERS:
        return max(_nearest(value, n), _toward_zero(_LONG_MIN, n)) if value < 0 else min(_nearest(value, n), _toward_zero(_LONG_MAX, n))
    if target.kind == "decimal":
        unscaled = int.from_bytes(value.encode("latin-1"), "big", signed=True)
        return two_complement(_nearest(unscaled, n * 10**target.scale)).decode("latin-1")
    if not math.isfinite(value):
        return value
    rounded = math.copysign(math.floor(abs(value) / n + 0.5) * float(n), value)
    return rounded if math.isfinite(rounded) else value


def _nearest(value: int, n: int) -> int:
    """Return the nearest multiple of n, halves away from zero."""
    size = (2 * abs(value) + n) // (2 * n) * n
    return size if value >= 0 else -size


def _toward_zero(value: int, n: int) -> int:
    return abs(value) // n * n * (1 if value >= 0 else -1)


_DEFAULTS: Mapping[MaskKind, Callable[[int, Target, Any], Any]] = {
    "keep-first": lambda n, _target, value: value[:n] + "*" * (len(value) - n),
    "keep-last": lambda n, _target, value: "*" * (len(value) - n) + value[max(len(value) - n, 0) :],
    "hmac": lambda _n, _target, _value: "",
    "year": _year,
    "round": _round,
}
