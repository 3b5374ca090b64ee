"""Cases before government services, and events in community grids: both pass their steps."""

from typing import Any

from node.demo.generate import words
from node.demo.generate.makers import Draw

_CASE_NEXT: dict[str, tuple[str, ...]] = {
    "SUBMITTED": ("ACCEPTED",) * 8 + ("SUPPLEMENT", "REJECTED"),
    "SUPPLEMENT": ("ACCEPTED", "ACCEPTED", "WITHDRAWN"),
    "ACCEPTED": ("REVIEWED",) * 6 + ("SPECIAL",),
    "SPECIAL": ("REVIEWED",),
    "REVIEWED": ("COMPLETED",),
    "COMPLETED": ("DELIVERED",),
}
"""What follows a step; nothing follows the others."""
_RESULTS = ("GRANTED",) * 9 + ("DENIED",)
_OPINIONS = {
    "SUPPLEMENT": "材料不齐全，请补正营业执照复印件",
    "ACCEPTED": "材料齐全，符合法定形式，予以受理",
    "REJECTED": "不属于本机关职权范围，不予受理",
    "SPECIAL": "需要现场核查",
    "REVIEWED": "经审查，符合规定条件",
    "COMPLETED": "已作出决定",
    "DELIVERED": "已送达申请人",
    "WITHDRAWN": "申请人撤回申请",
}
_GRID_NEXT: dict[str, tuple[str, ...]] = {
    "REPORTED": ("DISPATCHED",) * 9 + ("RETURNED",),
    "DISPATCHED": ("HANDLED",),
    "RETURNED": ("DISPATCHED",),
    "HANDLED": ("CLOSED",),
}
_GRID_DEPARTMENTS = ("桥东街道综合治理办公室", "湘桥区城市管理和综合执法局", "湘桥区消防救援大队", "湘桥区民政局", "湘桥区住房和城乡建设局")
_OUTCOMES = ("已现场处理完毕", "已协调双方达成一致", "已督促整改并复查", "已转交主管部门办结")


def follow_case(draw: Draw, former: dict[str, Any], _last: bool) -> dict[str, Any] | None:  # noqa: FBT001  # every story's form
    """Return the next step of a case, its number one higher; None after the last."""
    if former["step"] not in _CASE_NEXT:
        return None
    step = draw.dice.pick(_CASE_NEXT[former["step"]])
    record = {
        **former,
        "step": step,
        "step_no": former["step_no"] + 1,
        "handler": words.person(draw.dice),
        "opinion": _OPINIONS[step],
        "occurred_at": draw.at,
        "files": [],
    }
    if step == "COMPLETED":
        record["result"] = draw.dice.pick(_RESULTS)
    return record


def follow_grid_event(draw: Draw, former: dict[str, Any], _last: bool) -> dict[str, Any] | None:  # noqa: FBT001
    """Return the next step of an event, its version one higher; None after the last."""
    if former["step"] not in _GRID_NEXT:
        return None
    step = draw.dice.pick(_GRID_NEXT[former["step"]])
    record = {**former, "step": step, "version": former["version"] + 1, "recorded_at": draw.at}
    if step == "DISPATCHED":
        record["department"] = draw.dice.pick(_GRID_DEPARTMENTS)
    if step in {"HANDLED", "CLOSED"}:
        record["outcome"] = former["outcome"] or draw.dice.pick(_OUTCOMES)
    if step == "CLOSED":
        record["closed_at"] = draw.at
    return record
