"""How people see a legal clock: by when who has to act, in working days."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.text import Text

from node.cli.voice import Session, Voice
from node.control.clocks import RULES, Clock, Kind, Problem
from node.control.events import SHANGHAI

_STYLES = {"soon": "yellow", "overdue": "bold red", "missed": "red", "met": "green"}
_AWAITED: dict[Kind, tuple[str, str]] = {
    "item-update": ("update", "更新"),
    "item-review": ("review", "审核"),
    "flow": ("data", "供数"),
    "verification": ("verification", "校核"),
}
"""What is awaited, where it is not an answer."""


def in_list(clocks: Sequence[Clock], why_none: Problem | None, voice: Voice) -> Text:
    """Return the clocks of one row, or that they are not known."""
    if why_none is not None:
        return Text(voice.say("not known", "未知"), style="yellow")
    return Text(voice.say("; ", "；")).join(clock(one, voice) for one in clocks)


def whole_clock(one: Clock, voice: Voice) -> list[Text]:
    """Return what a clock says, and the rule that it follows."""
    rule = RULES[one.kind]
    return [clock(one, voice), Text(f"{one.article}{voice.say(': ', '：')}{voice.say(rule.en, rule.zh)}", style="dim")]


def clock(one: Clock, voice: Voice) -> Text:
    """Return in a line what a clock says, in working days."""
    left, due = abs(one.left_working_days), one.due.isoformat()
    match one.state:
        case "met":
            text = voice.say(f"in time, {_day(one.ended)}", f"按期，{_day(one.ended)}")
        case "missed":
            text = voice.say(f"{days(left)} late, {_day(one.ended)}", f"逾期 {left} 个工作日，{_day(one.ended)}")
        case "overdue":
            text = voice.say(f"overdue by {days(left)}, was due {due}", f"已逾期 {left} 个工作日，应于 {due} 前")
        case "soon":
            text = voice.say(f"due soon: {due}, {days(left)} left", f"即将到期：{due}，剩余 {left} 个工作日")
        case "running":
            text = voice.say(f"due {due}, {days(left)} left", f"{due} 到期，剩余 {left} 个工作日")
    what = voice.say(*_AWAITED.get(one.kind, ("answer", "答复")))
    return Text(f"{what}{voice.say(': ', '：')}{text}", style=_STYLES.get(one.state, ""))


def problem(one: Problem, voice: Voice) -> Text:
    """Return why there is no clock."""
    return Text(voice.say(one.en, one.zh), style="yellow")


def complain(problems: Iterable[Problem | None], session: Session) -> None:
    """Tell each reason for which rows of a list have no clock, once."""
    for one in dict.fromkeys(one for one in problems if one is not None):
        session.complain(session.say(one.en, one.zh))


def days(count: int) -> str:
    """Return so many working days in English."""
    return f"{count} working day" if count == 1 else f"{count} working days"


def _day(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(SHANGHAI).date().isoformat()
