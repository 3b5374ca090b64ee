"""`status`: how the node, its link and its routes are, in one look."""

import time
from typing import Annotated

from cyclopts import Parameter
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from node.cli.client import LinkInfo, NodeClient, RouteInfo, Status, open_node
from node.cli.voice import SESSION, CliError, Exit, Flag, Session, print_json, table

WATCH_S = 1.0
_STYLES = {"flowing": "green", "stopped": "bold red", "given-up": "bold red", "waiting": "yellow", "suspect": "yellow"}


def status(*, watch: Annotated[Flag, Parameter(alias="-w")] = False, session: Session = SESSION) -> int:
    """节点、链路与各路由的状态 / How the node, its link and its routes are.

    停止的路由会附上修复命令 / A route that stopped comes with the command that repairs it. 延迟为尚未搬运的最早一条记录的年龄，0 表示已追平 /
    Lag is the age of the oldest record that is not carried yet, 0 when caught up.

    例如 / For example:

        exchange-node status
        exchange-node status --watch
        exchange-node status --json | jq '.routes[] | select(.state != "flowing")'

    Args:
        watch: 每秒刷新，直到 Ctrl-C / Look again every second until Ctrl-C.
    """
    with open_node(session) as node:
        if watch:
            return _watch(node, session)
        found = node.status()
        session.tell(found, shown(found, session))
    return Exit.OK


def _watch(node: NodeClient, session: Session) -> int:
    try:
        if session.json:
            while True:
                print_json(node.status())
                time.sleep(WATCH_S)
        with Live(console=session.console(), auto_refresh=False, screen=False) as live:
            while True:
                live.update(_look(node, session), refresh=True)
                time.sleep(WATCH_S)
    except KeyboardInterrupt:
        return Exit.OK


def _look(node: NodeClient, session: Session) -> Group | Text:
    """Look once; a node that is being started again is no reason to stop watching."""
    try:
        return shown(node.status(), session)
    except CliError as error:
        return Text(session.say(error.en, error.zh), style="bold red")


def shown(status: Status, session: Session) -> Group:
    """Return what people see of a status."""
    ready = session.say("ready", "就绪") if status.ready else session.say("not ready", "未就绪")
    parts: list[Text | Table] = [Text(f"{status.division}  {ready}", style="bold green" if status.ready else "bold red")]
    parts += [Text(f"  {reason}", style="red") for reason in status.reasons]
    if status.link is not None:
        parts.append(_link(status.link, session))
    if status.routes:
        parts += [Text(), routes_table(status.routes, session)]
    stopped = {route.topic: route for route in reversed(status.routes) if route.state == "stopped"}
    parts += [_repair(stopped[topic], session) for topic in sorted(stopped)]
    parts += _control(status, session)
    return Group(*parts)


def _link(link: LinkInfo, session: Session) -> Text:
    ago = session.say("never answered yet", "尚无应答")
    if link.answered_s_ago is not None:
        ago = session.say(f"last answer {link.answered_s_ago:.1f} s ago", f"{link.answered_s_ago:.1f} 秒前有应答")
    state = session.say("up", "通") if link.up else session.say("down", "断")
    text = session.say(f"link to {link.parent}: {state}, {ago}", f"至上级 {link.parent} 的链路：{state}，{ago}")
    return Text(f"{text}  {link.trouble}".rstrip(), style="green" if link.up else "bold red")


def routes_table(routes: list[RouteInfo], session: Session) -> Table:
    """Return routes as a table, one line for each partition."""
    behind, seconds, records = session.say("lag records", "落后条数"), session.say("lag s", "延迟秒"), session.say("records", "条数")
    refused, size = session.say("quarantined", "隔离"), session.say("bytes", "字节")
    made = table(
        session.say("lane", "通道"),
        session.say("topic", "主题"),
        session.say("part", "分区"),
        session.say("state", "状态"),
        behind,
        seconds,
        records,
        refused,
        size,
        session.say("reason", "原因"),
        right=(behind, seconds, records, refused, size),
    )
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
