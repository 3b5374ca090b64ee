"""How people see a grant: where it stands, which nodes follow it, and its course."""

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from node.cli.refs import told as number
from node.cli.request_shown import course, path, time_of
from node.cli.shows import shows
from node.cli.voice import Voice, table
from node.control.reach import STATES_ZH, Reach
from node.model.values import GrantState


def listed(found: Sequence[Reach], voice: Voice) -> Table:
    """Return grants as a table, in the order in which they come."""
    made = table(
        voice.say("grant", "编号"),
        voice.say("resource", "资源"),
        voice.say("taker", "使用部门"),
        voice.say("shows", "内容"),
        voice.say("purpose", "用途"),
        voice.say("until", "期限"),
        voice.say("state", "状态"),
        voice.say("awaited", "尚未确认"),
    )
    for one in found:
        value = one.value
        made.add_row(
            *(number(one.grant), value.resource, value.taker, _shows(one, voice), value.purpose, value.until),
            _state(one.state, voice),
            Text(", ".join(one.awaited), style="yellow"),
        )
    return made


def whole(found: Reach, voice: Voice) -> Group:
    """Return all that there is to know of a grant: the nodes on its way, its course last."""
    told = [Text(f"{label}{voice.say(': ', '：')}{text}") for label, text in _told(found, voice) if text]
    head = Text(f"{number(found.grant)}  {_state(found.state, voice)}", style="bold")
    return Group(head, *told, Text(), _nodes(found, voice), Text(), course(found.course, voice))


def _told(found: Reach, voice: Voice) -> list[tuple[str, str]]:
    value = found.value
    return [
        (voice.say("resource", "资源"), value.resource),
        (voice.say("taker", "使用部门"), value.taker),
        (voice.say("purpose", "用途"), value.purpose),
        (voice.say("shows", "内容"), _shows(found, voice)),
        (voice.say("way", "共享方式"), value.way),
        (voice.say("view", "视图"), found.view or ""),
        (voice.say("until", "期限"), value.until),
        (voice.say("request", "申请"), number(value.request)),
        (voice.say("owner filed for its end", "数源方终止备案"), number(found.filed) if found.filed is not None else ""),
        (voice.say("passes", "途经节点"), path(found.path, voice)),
    ]


def _nodes(found: Reach, voice: Voice) -> Table:
    """Return a line for each node on the way, and for others that have said something; whoever is awaited is told so."""
    made = table(voice.say("node", "节点"), voice.say("follows", "执行情况"), voice.say("since", "自"), voice.say("removed", "已清除"))
    for node in (*found.path, *(other for other in found.seen if other not in found.path)):
        said = found.seen.get(node)
        follows = voice.say("nothing said yet", "尚无确认") if said is None else _state(said.state, voice)
        late = node in found.awaited
        made.add_row(
            node,
            Text(follows + (voice.say(", awaited", "，待确认") if late and said is not None else ""), style="yellow" if late else ""),
            "" if said is None else time_of(said.at),
            "" if said is None else ", ".join(said.disposed),
        )
    return made


def _shows(one: Reach, voice: Voice) -> str:
    value = one.value
    return voice.say("all", "全部") if value.whole else shows(value.fields, value.rows, value.masks, value.history, voice)


def _state(state: GrantState, voice: Voice) -> str:
    return voice.say(state, STATES_ZH[state])
