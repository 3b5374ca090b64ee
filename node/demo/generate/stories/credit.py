"""Credit lists, on which subjects are entered and from which they are removed, and what is done about objections and repair."""

from datetime import timedelta
from typing import Any

from node.demo.generate.makers import Draw

_REMOVALS = ("已履行义务，移出名单", "有效期届满，移出名单", "认定决定被撤销，移出名单")
_REMEDY_NEXT: dict[str, tuple[str, ...]] = {
    "FILED": ("ACCEPTED",) * 7 + ("SUPPLEMENT", "REFUSED"),
    "SUPPLEMENT": ("ACCEPTED", "ACCEPTED", "WITHDRAWN"),
    "ACCEPTED": ("UPHELD",) * 4 + ("DENIED",),
}
_DECISIONS = {
    "UPHELD": ("符合修复条件，停止公示", "异议成立，予以更正"),
    "DENIED": ("不符合最短公示期要求，不予修复", "经核查信息无误，异议不成立"),
    "REFUSED": ("申请材料不符合要求，不予受理",),
}


def follow_list(draw: Draw, former: dict[str, Any], last: bool) -> dict[str, Any]:  # noqa: FBT001  # every story's form
    """Return the correction of an entry, or its removal at last."""
    record = {**former, "event": "CORRECTED", "recorded_at": draw.at}
    if last:
        record |= {"event": "REMOVED", "removed_on": draw.day, "reason": draw.dice.pick(_REMOVALS), "measures": {}}
    elif former["until"] is not None:
        record["until"] = former["until"] + timedelta(days=draw.dice.between(0, 90))
    return record


def follow_remedy(draw: Draw, former: dict[str, Any], _last: bool) -> dict[str, Any] | None:  # noqa: FBT001
    """Return the next step of an application; None after the last."""
    if former["step"] not in _REMEDY_NEXT:
        return None
    step = draw.dice.pick(_REMEDY_NEXT[former["step"]])
    record = {**former, "step": step, "version": former["version"] + 1, "recorded_at": draw.at}
    if step in _DECISIONS:
        record |= {"decided_on": draw.day, "decision": draw.dice.pick(_DECISIONS[step])}
    return record
