"""`link`: how the link to the parent is, and what it may carry."""

from typing import Annotated, Literal

from cyclopts import App, ArgumentCollection, Group, Parameter
from rich.console import Group as Lines
from rich.table import Table
from rich.text import Text

from node.cli.answered import PacedLink, RateInfo
from node.cli.client import open_node
from node.cli.voice import SESSION, Exit, Flag, Session, table

Lane = Literal["link-up", "link-down"]


def build() -> App:
    """Return the family."""
    app = App(name="link", help="至上级的链路 / The link to the parent.")
    app.command(show)
    app.command(rate)
    return app


def show(*, session: Session = SESSION) -> int:
    """链路状态与限速 / How the link is and what it may carry.

    在途为已读取而尚未写入的字节，随链路速度自行调整 / What is under way has been read and is not written yet; how much that may be follows the
    link's speed by itself.

    例如 / For example:

        exchange-node link show
        exchange-node link show --json | jq .rates
    """
    with open_node(session) as node:
        found = node.link()
    session.tell(found, _shown(found, session))
    return Exit.OK


def _exactly_one(chosen: ArgumentCollection) -> None:
    if sum(bool(argument.tokens) for argument in chosen) != 1:
        raise ValueError("请选择一项 / Choose exactly one of --bytes-per-s N, --none and --default.")


_WORD = Group("选择其一 / Choose one", validator=_exactly_one, sort_key=1)


def rate(
    *,
    bytes_per_s: Annotated[int | None, Parameter(group=_WORD)] = None,
    none: Annotated[Flag, Parameter(group=_WORD)] = False,
    default: Annotated[Flag, Parameter(group=_WORD)] = False,
    resource: str = "",
    lane: Lane | None = None,
    session: Session = SESSION,
) -> int:
    """限制链路或其中一个资源的速率 / Limit the link, or a resource on it.

    立即生效，节点重启后仍有效，优先于配置中的 rate_bytes_per_s 与 rates / It counts at once, over restarts too, and stands over rate_bytes_per_s and
    rates in the configuration. 按所搬运的记录批（压缩后）计，允许约一秒的突发 / What counts are record batches as they are carried (compressed), with
    bursts of about a second. 多个资源共用一个限额时平均分配，控制日志总是优先 / Resources that share a limit have equal parts, and control logs always
    go first.

    例如 / For example:

        exchange-node link rate --bytes-per-s 1250000
        exchange-node link rate --bytes-per-s 100000 --resource 445102.civil-affairs.villages --lane link-up
        exchange-node link rate --default

    Args:
        bytes_per_s: 每秒字节数，两个方向各自计算 / Bytes a second, of each direction.
        none: 不限速，即使配置中有限制 / No limit, whatever the configuration says.
        default: 撤销命令，恢复配置中的限制 / Take the word back: what the configuration says counts again.
        resource: 一个资源或视图的主题；不填则为整条链路 / A resource's or view's topic; without it, the whole link.
        lane: 只限一个方向 / One direction alone: link-up (上行), link-down (下行).
    """
    word: int | Literal["none", "default"] = "none" if none else "default" if default else bytes_per_s or 0
    with open_node(session) as node:
        found = node.set_rate(word, resource, lane or "")
    session.tell(found, _shown(found, session))
    return Exit.OK


def _shown(found: PacedLink, session: Session) -> Lines:
    parts: list[Text | Table] = [Text(session.say(f"link to {found.parent}", f"至上级 {found.parent} 的链路"))]
    if found.trouble:
        parts.append(Text(f"  {found.trouble}", style="red"))
    if found.paces:
        under_way, room, held = session.say("under way", "在途"), session.say("at most", "上限"), session.say("held back s", "限速秒")
        paces = table(session.say("lane", "通道"), under_way, room, held, right=(under_way, room, held))
        for one in found.paces:
            paces.add_row(one.lane, f"{one.unsettled_bytes:,}", f"{one.window_bytes:,}", f"{one.throttled_s:.1f}")
        parts += [Text(), paces]
    return Lines(*parts, Text(), _limits(found.rates, session) if found.rates else Text(session.say("no limits", "未设限速")))


def _limits(rates: list[RateInfo], session: Session) -> Table:
    speed = session.say("bytes/s", "字节/秒")
    limits = table(session.say("lane", "通道"), session.say("resource", "资源"), speed, session.say("set by", "来源"), right=(speed,))
    said = {"configuration": session.say("configuration", "配置"), "command": session.say("command", "命令")}
    for limit in rates:
        allowed = session.say("no limit", "不限") if limit.bytes_per_s is None else f"{limit.bytes_per_s:,}"
        limits.add_row(limit.lane, limit.resource or session.say("(whole link)", "（整条链路）"), allowed, said[limit.said_by])
    return limits
