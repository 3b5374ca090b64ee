"""Enterprises: established, changed, and deregistered or their licence revoked at last."""

from decimal import Decimal
from typing import Any

from node.demo.generate import places, words
from node.demo.generate.identity import resident_id
from node.demo.generate.makers import Draw

_ENDED_SHARE = 0.3
_REASONS = {
    "REVOKED": ("开业后自行停业连续六个月以上，依法吊销", "虚假登记，依法吊销"),
    "DEREGISTERED": ("决议解散", "经营期限届满", "简易注销"),
}
_ITEMS = ("NAME", "REPRESENTATIVE", "REPRESENTATIVE", "CAPITAL", "SCOPE", "SCOPE", "PLACE")
_RAISE = Decimal("1.5000")


def follow(draw: Draw, former: dict[str, Any], last: bool) -> dict[str, Any]:  # noqa: FBT001  # every story's form
    """Return the next registration of an enterprise, its version one higher."""
    dice = draw.dice
    record = {**former, "version": former["version"] + 1, "approved_on": draw.day, "changes": [], "recorded_at": draw.at}
    if last and dice.chance(_ENDED_SHARE):
        record["event"] = dice.pick(("DEREGISTERED", "DEREGISTERED", "REVOKED"))
        record["reason"] = dice.pick(_REASONS[record["event"]])
        return record
    item = dice.pick(_ITEMS)
    before, after = _change(draw, record, item)
    return {**record, "event": "CHANGED", "changes": [{"item": item, "before": before, "after": after}]}


def _change(draw: Draw, record: dict[str, Any], item: str) -> tuple[str, str]:
    """Change an item of the record; return what it was before and what it is now."""
    dice = draw.dice
    match item:
        case "NAME":
            before, record["name"] = record["name"], words.company(dice)
            return before, record["name"]
        case "REPRESENTATIVE":
            number = resident_id(dice, words.years_before(draw.day, dice.between(22, 65), dice.below(365)))
            before = record["representative"]["name"]
            record["representative"] = {"id_number": number, "name": words.person_of(dice, number), "phone": words.phone(dice)}
            return before, record["representative"]["name"]
        case "CAPITAL":
            before = record["capital"] or Decimal("10.0000")
            record["capital"] = (before * _RAISE).quantize(_RAISE)
            return f"{before}", f"{record['capital']}"
        case "SCOPE":
            before, record["scope"] = record["scope"], words.scope(dice)
            return before, record["scope"]
        case _:
            before, street = record["place"]["detail"], dice.pick(places.streets())
            record["place"] = {"division": street[:6], "street": street, "detail": places.address(dice, street)}
            return before, record["place"]["detail"]
