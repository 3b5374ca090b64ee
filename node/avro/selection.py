"""What of a resource's records a view has: fields, rows and masks, as a grant names them.

A path is a place of the schema from the record's root: `holder.street`; `tags[]` are the items of an array, `extra{}` the values of a map.
A field that is granted is granted with all that it holds. Nothing can be granted or masked within a union of several types: its types
cannot be told apart by a path that people write.
"""

from enum import Enum
from typing import Literal, get_args

import msgspec

MaskKind = Literal["hide", "keep-first", "keep-last", "hmac", "year", "round"]
_NUMBERED = ("keep-first", "keep-last", "round")
_NUMBER_MAX = 10**12
_SHOWN = 40


class Mask(msgspec.Struct, frozen=True):
    """What is done to a field's value.

    `hide`: null in its place. `keep-first`, `keep-last`: of a text its first or last `n` characters, `*` for each other one. `hmac`: 32
    hexadecimal digits of HMAC-SHA-256 under the view's secret (RFC 2104, 128 bits). `year`: of a date or moment its year in China. `round`: the
    nearest multiple of `n`, halves away from zero.
    """

    kind: MaskKind
    n: int = 0


def read_mask(text: str) -> Mask:
    """Return a mask as a grant writes it, such as `hide` or `keep-first:1`; ValueError says what is wrong."""
    kind, colon, number = text.partition(":")
    if kind not in get_args(MaskKind):
        raise ValueError(f"{text[:_SHOWN]!r} is no mask: it is one of hide, keep-first:n, keep-last:n, hmac, year, round:n")
    if bool(colon) != (kind in _NUMBERED) and not (kind == "round" and not colon):
        raise ValueError(f"{kind} {'takes no number' if colon else f'takes a number, such as {kind}:1'}")
    if not colon:
        return Mask(kind, 1 if kind == "round" else 0)  # type: ignore[arg-type]  # one of its words, as just seen
    least = 1 if kind == "round" else 0
    if not number.isascii() or not number.isdigit() or len(number) > len(str(_NUMBER_MAX)) or not least <= int(number) <= _NUMBER_MAX:
        raise ValueError(f"the number of {kind} is a whole one from {least} to {_NUMBER_MAX}")
    return Mask(kind, int(number))  # type: ignore[arg-type]  # one of its words, as just seen


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What of a resource's records a view has. `fields` absent: all; `rows`, an expression of CEL, empty: all; masks by path, as text."""

    fields: tuple[str, ...] | None = None
    rows: str = ""
    masks: dict[str, str] = {}


class Kept(Enum):
    """How much of a place of the schema a view has."""

    WHOLE = "whole"
    """all that stands there, as it is"""
    PART = "part"
    """something of what stands there is cut out or masked"""
    NONE = "none"
    MASKED = "masked"
    """what stands there, masked"""


def kept(selection: Selection, path: str) -> Kept:
    """Return how much of a place a view has, the record's root being the empty path."""
    granted = selection.fields is None or any(within(path, field) for field in selection.fields)
    if any(within(path, masked) for masked in selection.masks):
        return Kept.MASKED if granted else Kept.NONE
    if granted:
        return Kept.PART if any(within(masked, path) for masked in selection.masks) else Kept.WHOLE
    assert selection.fields is not None
    return Kept.PART if any(within(field, path) for field in selection.fields) else Kept.NONE


def within(path: str, outer: str) -> bool:
    """Tell whether a path is another one or lies below it."""
    return not outer or path == outer or (path.startswith(outer) and path[len(outer)] in ".[{|")
