"""`status`: how the node, the tree around it and its flows are, in one look."""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from cyclopts import Parameter
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from node.cli.answered import FlowInfo, RouteInfo, Status
from node.cli.client import NodeClient, open_node
from node.cli.voice import SESSION, CliError, Exit, Flag, Session, print_json, table
from node.control.events import SHANGHAI
from node.control.neighbourhood import DirectionSeen, NodeSeen
from node.model.names import Topic, is_nodes

WATCH_S = 1.0
_RED, _YELLOW = "bold red", "yellow"
_STYLES = {
    "flowing": "green", "stopped": _RED, "given-up": _RED, "late": _RED, "not-connected": _RED,
    "waiting": _YELLOW, "suspect": _YELLOW, "unknown": _YELLOW,
}  # fmt: skip
_STATES = {
    "flowing": "正常", "stopped": "已停止", "given-up": "已让出", "late": "迟到", "not-connected": "未连接",
    "waiting": "等待", "suspect": "核查中", "unknown": "未知",
}  # fmt: skip
_MINUTE_S, _HOUR_S = 60, 3600


def status(
    *,
    watch: Annotated[Flag, Parameter(alias="-w")] = False,
    partitions: Flag = False,
    session: Session = SESSION,
) -> int:
    """节点、上下级链路与各资源的状态 / How the node, the links above and below it and its resources are.

    链路方向的状态来自每 5 秒一条的金丝雀记录 / A link's direction is well while a canary, made every 5 s, comes over it.
    延迟为尚未搬运的最早一条记录的年龄，0 表示已追平 / Lag is the age of the oldest record that is not carried yet, 0 when level.
    停止的路由会附上修复命令 / A route that stopped comes with the command that repairs it.

    例如 / For example:

        exchange-node status
        exchange-node status --watch
        exchange-node status --json | jq '.flows[] | select(.state != "flowing")'

    Args:
        watch: 每秒刷新，直到 Ctrl-C / Look again every second until Ctrl-C.
        partitions: 逐个分区显示 / Show each partition.
    """
    with open_node(session) as node:
        if watch:
            return _watch(node, session, partitions=partitions)
        found = node.status()
        session.tell(found, shown(found, session, partitions=partitions))
    return Exit.OK


def _watch(node: NodeClient, session: Session, *, partitions: bool) -> int:
    try:
        if session.json:
            while True:
                print_json(node.status())
                time.sleep(WATCH_S)
        with Live(console=session.console(), auto_refresh=False, screen=False) as live:
            while True:
                live.update(_look(node, session, partitions=partitions), refresh=True)
                time.sleep(WATCH_S)
    except KeyboardInterrupt:
        return Exit.OK


def _look(node: NodeClient, session: Session, *, partitions: bool) -> Group | Text:
    """Look once; a node that is being started again is no reason to stop watching."""
    try:
        return shown(node.status(), session, partitions=partitions)
    except CliError as error:
        return Text(session.say(error.en, error.zh), style=_RED)


def shown(status: Status, session: Session, *, partitions: bool = False) -> Group:
    """Return what people see of a status: what is wrong first."""
    ready = session.say("ready", "就绪") if status.ready else session.say("not ready", "未就绪")
    parts: list[Text | Table] = [Text(f"{status.division}  {ready}", style="bold green" if status.ready else _RED)]
    parts += [Text(f"  {reason}", style="red") for reason in status.reasons]
    if status.link is not None and status.link.trouble and not any(status.link.trouble in reason for reason in status.reasons):
        parts.append(Text(f"  {status.link.trouble}", style="red"))
    parts += _wrong(status.tree, session)
    if len(status.tree) > 1:
        parts += [Text(), _tree(status.tree, session)]
    if partitions and status.routes:
        parts += [Text(), routes_table(status.routes, session)]
    elif status.flows:
        parts += [Text(), _flows(status.flows, session)]
    stopped = {route.topic: route for route in reversed(status.routes) if route.state == "stopped"}
    parts += [_repair(stopped[topic], session) for topic in sorted(stopped)]
    parts += _control(status, session)
    return Group(*parts)


# ---- the tree


def _wrong(tree: list[NodeSeen], session: Session) -> Iterator[Text]:
    """Yield each direction of a link that is not well, with since when."""
    for node in tree:
        for course, seen in (("up", node.up), ("down", node.down)):
            if seen is not None and seen.state in {"late", "stopped"}:
                ends = (node.division, node.parent) if course == "up" else (node.parent, node.division)
                way = session.say(course, "上行" if course == "up" else "下行")
                yield Text(f"  {ends[0]} → {ends[1]} ({way}): {_state(seen, session)}", style=_RED)


def _tree(tree: list[NodeSeen], session: Session) -> Table:
    """Return the nodes above and below, each with the two directions of its link."""
    lag, rate, last = session.say("lag", "延迟"), session.say("records/s", "条/秒"), session.say("last", "最新")
    up, down = session.say("up", "上行"), session.say("down", "下行")
    figures = tuple(f"{way} {name}" for way in (up, down) for name in (lag, rate, last))
    made = table(session.say("node", "节点"), "", up, *figures[:3], down, *figures[3:], right=figures)
    depth: dict[str | None, int] = {}
    for node in tree:
        depth[node.division] = depth.get(node.parent, -1) + 1
        name = Text(f"{'  ' * depth[node.division]}{node.division} {node.name}".rstrip(), style="bold" if node.place == "here" else "")
        made.add_row(name, _standing(node, session), *_direction(node.up, session), *_direction(node.down, session))
    return made


def _standing(node: NodeSeen, session: Session) -> Text:
    if node.heard_s is None:
        return Text(session.say("never heard", "从未收到"), style=_YELLOW)
    if node.ready is None:
        behind = node.up is not None and node.up.state == "unknown"  # a link between here and there is late: it may be well
        return Text(session.say(f"silent for {_span(node.heard_s)}", f"{_span(node.heard_s)} 无消息"), style=_YELLOW if behind else _RED)
    return Text(session.say("ready", "就绪"), style="green") if node.ready else Text(session.say("not ready", "未就绪"), style=_RED)


def _direction(seen: DirectionSeen | None, session: Session) -> tuple[Text | str, ...]:
    if seen is None:
        return "", "", "", ""
    state = Text(_state(seen, session), style=_STYLES[seen.state])
    if seen.state == "unknown":
        return state, "", "", ""
    last = "" if seen.newest_age_s is None else _span(seen.newest_age_s)
    return state, _span(seen.lag_s), f"{seen.records_per_s:,.0f}", last


def _state(seen: DirectionSeen, session: Session) -> str:
    word = session.say(seen.state, _STATES[seen.state])
    if not seen.since_ms:
        return word
    since = _moment(seen.since_ms)
    return session.say(f"{word}, nothing since {since} ({_span(seen.age_s)})", f"{word}，自 {since} 起无记录（{_span(seen.age_s)}）")


def _moment(moment_ms: int) -> str:
    """Return a time of day in Asia/Shanghai, with the day unless it is today."""
    at = datetime.fromtimestamp(moment_ms / 1000, SHANGHAI)
    return f"{at:%H:%M:%S}" if at.date() == datetime.now(SHANGHAI).date() else f"{at:%Y-%m-%d %H:%M:%S}"


def _span(seconds: float) -> str:
    """Return a time span in its fitting unit."""
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s"
    return f"{seconds / _MINUTE_S:.1f} min" if seconds < _HOUR_S else f"{seconds / _HOUR_S:.1f} h"


# ---- resources and partitions


def _flows(flows: list[FlowInfo], session: Session) -> Table:
    """Return each resource on each lane, what is worst first."""
    behind, seconds, level = session.say("lag records", "落后条数"), session.say("lag", "延迟"), session.say("level in", "追平需")
    rate, last, records = session.say("records/s", "条/秒"), session.say("last", "最新"), session.say("records", "条数")
    refused = session.say("quarantined", "隔离")
    made = table(
        session.say("lane", "通道"), session.say("resource", "资源"), session.say("state", "状态"),
        behind, seconds, level, rate, last, records, refused, session.say("reason", "原因"),
        right=(behind, seconds, level, rate, last, records, refused),
    )  # fmt: skip
    now = time.time()
    # The nodes' own logs and canaries are told where something is wrong with them.
    told_of = [flow for flow in flows if flow.state != "flowing" or not is_nodes(Topic(flow.topic))]
    for flow in sorted(told_of, key=lambda one: one.state == "flowing"):
        since = _moment(flow.since_ms) if flow.since_ms else ""
        word = session.say(flow.state, _STATES.get(flow.state, flow.state))
        told = session.say(f"{word} since {since}", f"自 {since} {word}") if since and flow.state != "flowing" else word
        made.add_row(
            flow.lane,
            flow.topic,
            Text(told, style=_STYLES.get(flow.state, "")),
            f"{flow.lag_records:,}",
            _span(flow.lag_seconds),
            session.say("never", "无法追平") if flow.catch_up_s is None else _span(flow.catch_up_s) if flow.catch_up_s else "",
            f"{flow.records_per_s:,.0f}",
            _span(max(now - flow.newest_ms / 1000, 0.0)) if flow.newest_ms else "",
            f"{flow.records:,}",
            f"{flow.outcomes['quarantined']:,}" if "quarantined" in flow.outcomes else "",
            "  ".join(text for text in (flow.reason, flow.detail) if text),
        )
    return made


def routes_table(routes: list[RouteInfo], session: Session) -> Table:
    """Return routes as a table, one line for each partition."""
    behind, seconds, records = session.say("lag records", "落后条数"), session.say("lag s", "延迟秒"), session.say("records", "条数")
    refused, size = session.say("quarantined", "隔离"), session.say("bytes", "字节")
    made = table(
        session.say("lane", "通道"), session.say("topic", "主题"), session.say("part", "分区"), session.say("state", "状态"),
        behind, seconds, records, refused, size, session.say("reason", "原因"),
        right=(behind, seconds, records, refused, size),
    )  # fmt: skip
    for route in routes:
        why = "  ".join(text for text in (route.reason, route.detail) if text)
        state = Text(route.state, style=_STYLES.get(route.state, ""))
        quarantined = f"{route.outcomes['quarantined']:,}" if "quarantined" in route.outcomes else ""
        figures = (f"{route.lag_records:,}", f"{route.lag_seconds:.1f}", f"{route.records:,}", quarantined, f"{route.bytes:,}")
        made.add_row(route.lane, route.topic, str(route.partition), state, *figures, why)
    return made


def _repair(route: RouteInfo, session: Session) -> Text:
    command = f"exchange-node route resume {route.topic} --from-start | --from-now | --accept"
    en = f"{route.topic} stopped ({route.reason}). To repair it: {command}\n  `exchange-node route resume --help` says what each of the three loses or doubles"
    zh = f"{route.topic} 已停止（{route.reason}）。修复：{command}\n  三个选项各会丢失或重复什么，见 `exchange-node route resume --help`"
    return Text(session.say(en, zh), style="red")


def _control(status: Status, session: Session) -> list[Text]:
    told = []
    for author, log in status.control.authors.items():
        if log.broken:
            told.append(session.say(f"control log of {author} is broken: {log.broken}", f"{author} 的控制日志已损坏：{log.broken}"))
        if log.waiting:
            told.append(
                session.say(f"{log.waiting} events of {author} wait for another log", f"{author} 有 {log.waiting} 个事件在等待其他日志")
            )
    for count, en, zh in (
        (
            status.control.refused,
            "events were refused when read: their authors were not entitled to them",
            "个事件读取时被拒绝：作者无权发布",
        ),
        (status.control.unknown, "events are of a newer node's kinds and move nothing here", "个事件属于更新版本，在此不生效"),
    ):
        if count:
            told.append(session.say(f"{count} {en}", f"{count} {zh}"))
    return [Text(text, style="yellow") for text in told]
