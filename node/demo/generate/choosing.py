"""The maker of a field whose schema names none: by its rules, its logical type, its name, and its type at last."""

from typing import Any
from uuid import UUID

from node.demo.generate.makers import MAKERS, Draw, Leaf, Make, Row

_FIRST_DAY, _LAST_DAY = "2015-01-01", "2024-12-31"
"""Of dates that nothing is said of: past, whatever the clock says."""
_WIDTH = 1000
_DIGITS_MAX = 15

_BY_RULE = {"cn-resident-id": "resident", "cn-uscc": "uscc", "cn-phone": "phone"}
_BY_NAME = {
    "name": "person", "phone": "phone", "mobile": "phone", "address": "address", "company": "company", "id_number": "resident",
    "uscc": "uscc", "street": "street", "village": "village", "remark": "scope",
}  # fmt: skip
_FINER = {9: "street", 12: "village"}
"""Codes finer than a division, by their digits: those of the home district."""


def choose(leaf: Leaf) -> Make:
    """Return the maker of a leaf; SchemaError when its rules ask for what nothing here makes: it then needs a `generate` property."""
    return _by_rules(leaf) or _by_type(leaf)


def _by_rules(leaf: Leaf) -> Make | None:
    rules = leaf.rules
    name = next((maker for rule, maker in _BY_RULE.items() if rule in rules), None)
    if name:
        return MAKERS[name](None, leaf)
    listed = rules.get("code-list") or rules.get("set")
    if listed:
        return MAKERS["choice"](listed["values"], leaf)
    if "cn-division" in rules:
        finer = _FINER.get(rules["cn-division"].get("digits", [6])[0])
        return MAKERS[finer](None, leaf) if finer else MAKERS["choice"](rules["cn-division"]["values"], leaf)
    if "digits" in rules:
        least = rules["digits"].get("min", 1)
        return MAKERS["digits"](min(_DIGITS_MAX, rules["digits"].get("max", least)), leaf)
    if "pattern" in rules or "prefix" in rules:
        raise leaf.misused("nothing here makes texts of a pattern or prefix by itself; name a maker, such as text, choice or digits")
    return None


def _by_type(leaf: Leaf) -> Make:
    name: str
    argument: Any
    match leaf.kind:
        case "string":
            return _text(leaf)
        case "enum":
            name, argument = "choice", list(leaf.node["symbols"])
        case "boolean":
            name, argument = "choice", [False, True]
        case "date":
            name, argument = "date", _window(leaf)
        case "bytes" | "fixed":
            name, argument = "bytes", None
        case "uuid":
            return _uuid(leaf)
        case kind if "time" in kind:
            name, argument = "now", None
        case _:
            name, argument = "number", _range(leaf)
    return MAKERS[name](argument, leaf)


def _uuid(leaf: Leaf) -> Make:
    make = MAKERS["bytes"](16, leaf)
    return lambda draw, row: UUID(bytes=make(draw, row), version=4)


def _window(leaf: Leaf) -> list[str]:
    """Return the first and last day of a date that nothing is said of: some years that are past, moved into its window."""
    window = leaf.rules.get("date-window", {})
    first, last = window.get("from", _FIRST_DAY), window.get("to", _LAST_DAY)
    return [max(first, min(_FIRST_DAY, last)), max(first, min(last, _LAST_DAY))]


def _text(leaf: Leaf) -> Make:
    length = leaf.rules.get("length", {})
    make = MAKERS[_BY_NAME.get(leaf.name, "scope")](None, leaf)
    least, most = length.get("min", 0), length.get("max")

    def make_text(draw: Draw, row: Row) -> str:
        text: str = make(draw, row)
        while len(text) < least:
            text += make(draw, row)
        return text[:most]

    return make if not least and most is None else make_text


def _range(leaf: Leaf) -> list[float]:
    """Return the least and greatest of a number that nothing is said of: a thousand wide, moved within its bounds."""
    low, high = (float(leaf.rules[rule]["value"]) if rule in leaf.rules else None for rule in ("minimum", "maximum"))
    least = low if low is not None else min(0.0, high - _WIDTH) if high is not None else 0.0
    greatest = high if high is not None else least + _WIDTH
    return [int(least), int(greatest)] if leaf.kind in {"int", "long"} else [least, greatest]
