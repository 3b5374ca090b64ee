"""Slips: what a right value becomes when people and programs get it wrong, for each rule that would notice.

A slip is `(dice, value, rule) -> values`, likely ones, in an order that the dice choose; which of them breaks its rule and no other is for
the caller to see.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from node.demo.generate import words
from node.demo.generate.dice import Dice
from node.demo.generate.identity import credit_code, resident_check

Slip = Callable[[Dice, Any, Mapping[str, Any]], Iterator[Any]]

_TEXT_MAX = 2000
"""Nobody pastes more than that into a field by mistake; longer texts are not made."""
_CENTURIES_DAYS = 180 * 366
"""A year such as 2025 typed as 2205."""
_MILLENNIUM_DAYS = 1000 * 365
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def breakable(rule: Mapping[str, Any]) -> bool:
    """Tell whether something here breaks a rule: of lengths only those that a slip would miss."""
    return bool(rule["rule"] != "length" or rule.get("min", 0) > 1 or rule.get("max", _TEXT_MAX) < _TEXT_MAX)


def _shuffled(dice: Dice, slips: list[Any]) -> Iterator[Any]:
    """Yield all, from a place that the dice choose."""
    start = dice.below(len(slips))
    yield from slips[start:] + slips[:start]


def _transposed(dice: Dice, text: str) -> str:
    """Exchange two neighbours that differ; the text itself where there are none."""
    places = [at for at in range(len(text) - 1) if text[at] != text[at + 1]]
    if not places:
        return text
    at = dice.pick(places)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _typed(dice: Dice, text: str) -> list[str]:
    """Return what a text becomes on a keyboard, in a scanner or in a spreadsheet."""
    at = dice.below(len(text)) if text else 0
    return [
        _transposed(dice, text),
        text.replace("0", "O", 1),
        text.replace("1", "l", 1),
        text[:at] + text[at + 1 :],
        text[:at] + text[at : at + 1] + text[at:],
        text + " ",
        text[:at] + " " + text[at:],
        text.translate(_WIDE),
        text.lower(),
    ]


def _resident(dice: Dice, value: Any, _rule: Mapping[str, Any]) -> Iterator[Any]:
    unborn = value[:10] + "0230" + value[14:17]
    fits = dice.pick("0123456789".replace(value[17], ""))
    others = [value[:17] + fits, value[:6] + value[8:17], unborn + resident_check(unborn), words.person(dice), words.phone(dice)]
    yield from _shuffled(dice, [*_typed(dice, value), *others])


def _credit(dice: Dice, value: Any, _rule: Mapping[str, Any]) -> Iterator[Any]:
    others = [value[:17] + dice.pick("0123456789".replace(value[17], "")), value[8:17], "445102" + dice.digits(9), words.company(dice)]
    yield from _shuffled(dice, [*_typed(dice, value), *others])


def _division(dice: Dice, value: Any, _rule: Mapping[str, Any]) -> Iterator[Any]:
    yield from _shuffled(dice, [value[:4] + "99" + value[6:], "000000" + value[6:], value[:-1], "湘桥区", *_typed(dice, value)])


def _phone(dice: Dice, value: Any, _rule: Mapping[str, Any]) -> Iterator[Any]:
    yield from _shuffled(dice, [value[:-1], value + dice.digits(1), "1" + value, "无", f"{value}转801", *_typed(dice, value)])


def _text(dice: Dice, value: Any, _rule: Mapping[str, Any]) -> Iterator[Any]:
    if isinstance(value, str):
        yield from _shuffled(dice, [*_typed(dice, value), value[:-1], words.person(dice)])


def _prefix(dice: Dice, value: Any, _rule: Mapping[str, Any]) -> Iterator[Any]:
    yield credit_code(dice, dice.pick(("11", "52", "93")), "445102")
    yield from _shuffled(dice, [value[1:] + value[:1], value.lower(), " " + value])


def _code(dice: Dice, value: Any, rule: Mapping[str, Any]) -> Iterator[Any]:
    if isinstance(value, int):
        yield max(value, *rule.get("values", [0])) + 1
        return
    yield from _shuffled(dice, [value.lstrip("0"), "0" + value, "99", "Z", value + " ", value.lower(), words.person(dice)])


def _length(dice: Dice, value: Any, rule: Mapping[str, Any]) -> Iterator[Any]:
    least, most = rule.get("min", 0), rule.get("max", _TEXT_MAX)
    # An empty text is none: CSV cannot tell it from null.
    short = value[: least - 1] if least > isinstance(value, str) else None
    long = None if most >= _TEXT_MAX or not value or isinstance(value, dict) else (value * (most // len(value) + 1))[: most + 1]
    yield from (one for one in _shuffled(dice, [short, long]) if one is not None)


def _less(dice: Dice, value: Any, rule: Mapping[str, Any]) -> Iterator[Any]:
    bound = Decimal(str(rule["value"])) if isinstance(value, Decimal) else type(value)(rule["value"])
    yield from _shuffled(dice, [-value, bound - 1, bound - 10])


def _more(dice: Dice, value: Any, rule: Mapping[str, Any]) -> Iterator[Any]:
    bound = Decimal(str(rule["value"])) if isinstance(value, Decimal) else type(value)(rule["value"])
    yield from _shuffled(dice, [bound + 1, bound + 10, bound + 100])


def _long_ago(_dice: Dice, value: Any, _rule: Mapping[str, Any]) -> Iterator[Any]:
    yield value - timedelta(days=_MILLENNIUM_DAYS)
    yield value + timedelta(days=_MILLENNIUM_DAYS)


def _future(_dice: Dice, value: Any, _rule: Mapping[str, Any]) -> Iterator[Any]:
    yield value + timedelta(days=_CENTURIES_DAYS)


def _null(_dice: Dice, _value: Any, _rule: Mapping[str, Any]) -> Iterator[Any]:
    yield None


SLIPS: dict[str, Slip] = {
    "not-null": _null,
    "minimum": _less,
    "maximum": _more,
    "length": _length,
    "set": _code,
    "code-list": _code,
    "prefix": _prefix,
    "pattern": _text,
    "digits": _text,
    "date-window": _long_ago,
    "not-future": _future,
    "cn-resident-id": _resident,
    "cn-uscc": _credit,
    "cn-division": _division,
    "cn-phone": _phone,
}
"""By the rule that would notice."""
