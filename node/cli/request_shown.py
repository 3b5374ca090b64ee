"""How people see a request: where it stands, by when who has to act, and its course."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group
from rich.table import Table
from rich.text import Text

from node.cli.clock_shown import days, in_list, problem, whole_clock
from node.cli.refs import told as number
from node.cli.shows import shows
from node.cli.voice import Voice, table
from node.control.course import Standing, Step
from node.control.desk import ACTS_ZH, ROLES_ZH, STATES_ZH
from node.control.events import SHANGHAI
from node.model.names import Division
from node.model.values import Actor, RequestValue

_STEPS_ZH = {
    "request": "提出申请",
    "request-amended": "修改申请",
    "request-approved": "申请方负责人同意",
    "request-withdrawn": "撤回",
    "request-incomplete": "告知补正",
    "extension": "申请延期",
    "extension-consented": "同意延期",
    "request-answered": "答复",
    "grant": "授权生效",
    "grant-suspended": "暂停",
    "grant-resumed": "恢复",
    "end-filed": "提出终止备案",
    "grant-ended": "终止",
}


def listed(found: Sequence[Standing], voice: Voice) -> Table:
    """Return requests as a table, in the order in which they come."""
    made = table(
        voice.say("request", "编号"),
        voice.say("resource", "资源"),
        voice.say("taker", "申请部门"),
        voice.say("state", "状态"),
        voice.say("clock", "期限"),
        voice.say("purpose", "用途"),
    )
    for one in found:
        made.add_row(
            number(one.request),
            one.value.resource,
            one.value.taker,
            state(one, voice),
            in_list([] if one.clock is None else [one.clock], one.clock_problem, voice),
            one.value.purpose,
        )
    return made


def whole(found: Standing, voice: Voice) -> Group:
    """Return all that a request tells, its course last."""
    lines: list[Text] = [Text(f"{number(found.request)}  {state(found, voice)}", style="bold")]
    if found.clock_problem is not None:
        lines.append(problem(found.clock_problem, voice))
    if found.clock is not None:
        lines += whole_clock(found.clock, voice)
    told = [Text(f"{label}{voice.say(': ', '：')}{text}") for label, text in _told(found, voice) if text]
    return Group(*lines, Text(), *told, Text(), course(found.course, voice))


def state(one: Standing, voice: Voice) -> str:
    """Return where a request stands in a word."""
    return voice.say(one.state, STATES_ZH[one.state])


def path(divisions: Sequence[Division], voice: Voice) -> str:
    """Return through which divisions data passes."""
    return " → ".join(divisions) or voice.say("not known yet: the tree does not join the two", "尚不可知：两级尚未在树中相连")


def course(steps: Sequence[Step], voice: Voice) -> Table:
    """Return a course as a table: when in Shanghai, what, who, and what was said."""
    made = table(voice.say("time", "时间"), voice.say("act", "事项"), voice.say("by", "操作人"), voice.say("said", "说明"))
    for step in steps:
        made.add_row(
            time_of(step.at),
            voice.say(step.kind, _STEPS_ZH.get(step.kind, step.kind)),
            _who(step.by, voice),
            voice.say("; ", "；").join(filter(None, _said(step, voice))),
        )
    return made


def time_of(at: str) -> str:
    """Return the moment of an event as Shanghai's clocks show it."""
    return datetime.fromisoformat(at).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def _told(found: Standing, voice: Voice) -> list[tuple[str, str]]:
    value = found.value
    superseded = voice.say(f", {found.superseded} more superseded", f"，另有 {found.superseded} 版作废") if found.superseded else ""
    return [
        (voice.say("resource", "资源"), value.resource),
        (voice.say("taker", "申请部门"), value.taker),
        (voice.say("version", "版本"), f"{found.version}{superseded}"),
        (voice.say("basis", "依据"), value.basis),
        (voice.say("purpose", "用途"), value.purpose),
        (voice.say("asks for", "内容"), _asks(value, voice)),
        (voice.say("until", "期限"), value.until),
        (voice.say("renews", "续期"), number(value.renews) if value.renews is not None else ""),
        (voice.say("passes", "途经节点"), path(found.path, voice)),
        (voice.say("grant", "授权"), number(found.grant) if found.grant is not None else ""),
        (voice.say("may be done", "可以"), voice.say(", ".join(found.allowed), "、".join(ACTS_ZH[act] for act in found.allowed))),
    ]


def _asks(value: RequestValue, voice: Voice) -> str:
    return f"{shows(value.fields, value.rows, value.masks, value.history, voice)}; {value.way}"


def _said(step: Step, voice: Voice) -> list[str]:
    answers = {True: voice.say("consents", "同意"), False: voice.say("refuses", "拒绝"), None: ""}
    return [
        voice.say(f"version {step.version}", f"第 {step.version} 版") if step.version else "",
        answers[step.consents],
        voice.say(f"{days(step.days)} more", f"{step.days} 个工作日") if step.days else "",
        *step.missing,
        step.reason,
        voice.say(f"as filed in {number(step.filed)}", f"依备案 {number(step.filed)}") if step.filed is not None else "",
    ]


def _who(by: Actor, voice: Voice) -> str:
    return " ".join(filter(None, ("" if by.role == "rule" else by.name, voice.say(by.role, ROLES_ZH[by.role]), by.department)))
