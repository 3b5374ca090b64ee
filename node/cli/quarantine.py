"""`quarantine`: what the gate refused, who must repair it, and sending it back or giving it up."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from cyclopts import App, Parameter
from cyclopts.validators import Number
from rich.console import Group as Lines
from rich.table import Table
from rich.text import Text

from node.cli.client import open_node
from node.cli.moving import moving
from node.cli.voice import SESSION, CliError, Exit, Flag, Session, table
from node.control.quarantine import Asked, Ended, Kept, Listed, Sampled, Selection
from node.errors import CommandRefused
from node.model.names import Topic, department_of

KEPT_TOLD = 100
"""Where nothing may be replayed, as many records are kept as were meant: the first tell why."""
_MANY = 1 << 31
"""More partitions than a resource has: whether there is such a one is for the node to say."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of a replay or a discard; `kept` has the first of the records with which nothing was done."""

    records: int
    kept_count: int
    handled_before: int
    dry_run: bool
    kept: list[Kept]


def build() -> App:
    """Return the family."""
    app = App(name="quarantine", help="隔离区：闸口拒绝的记录 / Quarantine: what the gate refused.")
    app.command(list_, name="list")
    app.command(show)
    app.command(replay)
    app.command(discard)
    return app


def list_(resource: Annotated[str, Parameter(show_default=False)] = "", /, *, session: Session = SESSION) -> int:
    """列出被拒的记录，按原因和字段分组 / List what was refused, grouped by reason and field.

    每组有多少条待处理、自何时起、最近一条、由谁修复，以及已处理多少条 / Of each group: how many wait, since when, the newest, who must
    repair them, and how many were handled.

    例如 / For example:

        exchange-node quarantine list
        exchange-node quarantine list 445102.government-services.licences
        exchange-node quarantine list --json | jq '.[] | {resource, waiting: [.groups[].waiting] | add}'

    Args:
        resource: 一个资源，不填则为本节点的全部 / One resource; without it, all of this node's.
    """
    with open_node(session) as node:
        found = [
            line
            for line in moving(node.quarantines(resource), resource or session.say("quarantines", "隔离区"), session)
            if isinstance(line, Listed)
        ]
    session.tell(found, Lines(*(_listed(one, session) for one in found)) if found else session.say("nothing was refused", "没有被拒的记录"))
    return Exit.OK


def show(
    resource: str,
    /,
    *,
    reason: str = "",
    count: Annotated[int, Parameter(validator=Number(gte=1, lte=1000))] = 10,
    values: Flag = False,
    session: Session = SESSION,
) -> int:
    """显示若干待处理的记录 / Show some records that wait.

    主键已遮蔽；内容只在 --values 时给出，且只供其部门查看 / Keys are masked. Values are told with --values only, and are for their own
    department's eyes.

    例如 / For example:

        exchange-node quarantine show 445102.government-services.licences --reason cn-resident-id
        exchange-node quarantine show 445102.government-services.licences --count 1 --values --json | jq '.[0].value'

    Args:
        resource: 资源名称 / The resource's name.
        reason: 只显示此原因的记录，见 quarantine list / Only records with this reason, as `quarantine list` has it.
        count: 多少条，每个分区先显示等得最久的 / How many; within a partition, those that wait longest come first.
        values: 给出内容：可解码的按模式解码，否则为 base64 / Tell the values: decoded by their schema, or base64 where they cannot be.
    """
    with open_node(session) as node:
        lines = node.quarantined(resource, reason=reason, count=count, values=values)
        found = [line for line in moving(lines, resource, session) if isinstance(line, Sampled)]
    if values and found:
        department = department_of(Topic(resource))
        en = f"values of records follow: they may hold personal data, and are for {department} alone"
        session.complain(session.say(en, f"以下含记录内容，可能有个人信息，仅供 {department} 使用"))
    session.tell(found, _sampled(found, session, values=values) if found else session.say("nothing waits", "没有待处理的记录"))
    return Exit.OK


def replay(
    resource: str,
    /,
    *,
    reason: str = "",
    partition: int | None = None,
    offset: Annotated[list[int] | None, Parameter(consume_multiple=True, negative=())] = None,
    all_: Annotated[Flag, Parameter(name="--all")] = False,
    force: Flag = False,
    dry_run: Flag = False,
    reason_text: str = "",
    session: Session = SESSION,
) -> int:
    """把被拒的记录原样送回收件箱，每条恰好一次 / Send refused records back to their inbox as they were, each exactly once.

    闸口会重新校验 / The gate checks them anew. 逐条说明并保留：资源中已有同一主键更晚的记录、无法解开、此前已处理 / Kept back, each with its
    reason: where the resource holds a later record of the key, where it cannot be opened, where it was handled before. 中断后再次执行同一命令
    即可继续，不会重复 / Interrupted, the same command goes on, and nothing comes twice.

    退出码：0 全部回放，3 有记录保留 / Exit status: 0, or 3 if some were kept back.

    例如 / For example:

        exchange-node quarantine replay 445102.government-services.licences --reason code-list --dry-run
        exchange-node quarantine replay 445102.government-services.licences --partition 0 --offset 17 18
        exchange-node quarantine replay 445102.government-services.licences --all

    Args:
        resource: 资源名称 / The resource's name.
        reason: 待处理且为此原因的记录 / The waiting records with this reason.
        partition: 分区，与 --offset 同用 / The partition, with --offset.
        offset: 隔离区中的位移，可以多个 / Offsets in the quarantine, one or more.
        all_: 全部待处理的记录 / All waiting records.
        force: 即使资源中有更晚的记录也回放，会覆盖或打乱它 / Replay even where a later record stands: it is overwritten, or the order is lost.
        dry_run: 只说明会怎样 / Only tell what would be done.
        reason_text: 为何回放，记入审计 / Why, for the audit.
    """
    asked = Asked(selection=_selection(reason, partition, offset, all_=all_), why=reason_text, force=force, dry_run=dry_run)
    return _repair("replay", resource, asked, session)


def discard(
    resource: str,
    /,
    *,
    reason_text: str,
    reason: str = "",
    partition: int | None = None,
    offset: Annotated[list[int] | None, Parameter(consume_multiple=True, negative=())] = None,
    all_: Annotated[Flag, Parameter(name="--all")] = False,
    dry_run: Flag = False,
    session: Session = SESSION,
) -> int:
    """注明某些被拒的记录不再修复 / Note that nobody will repair some refused records.

    记录本身保留到期，不再算作待处理；原因记入审计，保存三年 / They stay for as long as the quarantine keeps them and count as waiting no more;
    why is kept in the audit for three years.

    例如 / For example:

        exchange-node quarantine discard 445102.government-services.licences --reason no-frame --reason-text "测试数据 / test data"

    Args:
        resource: 资源名称 / The resource's name.
        reason_text: 为何不再修复 / Why nobody will repair them.
        reason: 待处理且为此原因的记录 / The waiting records with this reason.
        partition: 分区，与 --offset 同用 / The partition, with --offset.
        offset: 隔离区中的位移，可以多个 / Offsets in the quarantine, one or more.
        all_: 全部待处理的记录 / All waiting records.
        dry_run: 只说明会怎样 / Only tell what would be done.
    """
    asked = Asked(selection=_selection(reason, partition, offset, all_=all_), why=reason_text, dry_run=dry_run)
    return _repair("discard", resource, asked, session)


def _selection(reason: str, partition: int | None, offsets: list[int] | None, *, all_: bool) -> Selection:
    selection = Selection(reason=reason, partition=partition, offsets=frozenset(offsets or ()), all=all_)
    try:
        selection.check(_MANY)
    except CommandRefused as error:
        raise CliError("usage", error.en, error.zh, Exit.WRONG) from error
    return selection


def _repair(act: Literal["replay", "discard"], resource: str, asked: Asked, session: Session) -> int:
    kept: list[Kept] = []
    ended = Ended()
    try:
        with open_node(session) as node:
            for line in moving(node.repair(resource, act, asked), resource, session):
                if isinstance(line, Kept) and len(kept) < KEPT_TOLD:
                    kept.append(line)
                elif isinstance(line, Ended):
                    ended = line
    finally:  # also where it breaks off: what was told is true
        for text in _told(kept, session):
            session.complain(text)
    if more := ended.kept - len(kept):
        session.complain(session.say(f"and {more:,} more kept", f"另有 {more:,} 条保留"))
    outcome = Outcome(ended.records, ended.kept, ended.handled_before, asked.dry_run, kept)
    session.tell(outcome, _summary(act, resource, outcome, session))
    return Exit.PARTLY if ended.kept else Exit.OK


def _told(kept: list[Kept], session: Session) -> Iterator[str]:
    """Yield each reason why records were kept, and below it which they are."""
    places: dict[str, dict[int, list[str]]] = {}
    for one in kept:
        places.setdefault(session.say(one.en, one.zh), {}).setdefault(one.partition, []).append(str(one.offset))
    for why, partitions in places.items():
        yield session.say(f"kept: {why}", f"保留：{why}")
        for partition, offsets in partitions.items():
            yield session.say(f"  partition {partition} offset {' '.join(offsets)}", f"  分区 {partition} 位移 {' '.join(offsets)}")


def _summary(act: Literal["replay", "discard"], resource: str, outcome: Outcome, session: Session) -> str:
    records, would = f"{outcome.records:,}", outcome.dry_run
    if act == "replay":
        en = (
            f"{records} records would be sent back to the inbox of {resource}"
            if would
            else f"{records} records sent back to the inbox of {resource}; the gate checks them anew"
        )
        zh = f"将送回 {resource} 的收件箱 {records} 条" if would else f"已送回 {resource} 的收件箱 {records} 条，由闸口重新校验"
    else:
        en = (
            f"{records} records of {resource} would be noted as given up" if would else f"{records} records of {resource} noted as given up"
        )
        zh = f"将作废 {resource} 的 {records} 条" if would else f"已作废 {resource} 的 {records} 条"
    if outcome.kept_count:
        en, zh = f"{en}; {outcome.kept_count:,} kept", f"{zh}；保留 {outcome.kept_count:,} 条"
    if outcome.handled_before:
        en, zh = f"{en}; {outcome.handled_before:,} had been handled before", f"{zh}；此前已处理 {outcome.handled_before:,} 条"
    return session.say(en, zh)


def _listed(one: Listed, session: Session) -> Lines:
    waiting, handled = session.say("waiting", "待处理"), session.say("handled", "已处理")
    shown = table(
        session.say("reason", "原因"),
        session.say("field", "字段"),
        waiting,
        handled,
        session.say("since", "自"),
        session.say("newest", "最近"),
        session.say("what is wrong", "说明"),
        right=(waiting, handled),
    )
    for group in one.groups:
        told = session.say(group.en, group.zh)
        if group.claimed:
            told += session.say(f" ({group.claimed:,} records, they say)", f"（自称 {group.claimed:,} 条）")
        figures = f"{group.waiting:,}", f"{group.replayed + group.discarded:,}"
        shown.add_row(group.reason, group.field, *figures, _time(group.since_ms), _time(group.newest_ms), told)
    who = session.say("to be repaired by", "由以下部门修复：")
    return Lines(Text(f"{one.resource}  {one.title}", style="bold"), Text(f"{who} {one.department} {one.department_name}"), shown, Text())


def _sampled(found: list[Sampled], session: Session, *, values: bool) -> Table:
    columns = (
        session.say("part", "分区"),
        session.say("offset", "位移"),
        session.say("time", "时间"),
        session.say("key", "主键"),
        session.say("reason", "原因"),
        session.say("field", "字段"),
        session.say("byte", "字节"),
        session.say("what is wrong", "说明"),
        *((session.say("value", "内容"),) if values else ()),
    )
    shown = table(*columns, right=(columns[1], columns[6]))
    for one in found:
        place, key = str(one.place) if one.place >= 0 else "", "" if one.key is None else one.key
        cells = (
            str(one.partition),
            str(one.offset),
            _time(one.timestamp_ms),
            key,
            one.reason,
            one.field,
            place,
            session.say(one.en, one.zh),
        )
        shown.add_row(*cells, *((_value(one),) if values else ()))
    return shown


def _value(one: Sampled) -> str:
    if one.undecoded:
        return f"{one.base64 or ''} ({one.undecoded})".strip()
    return msgspec.json.encode(one.value).decode()


def _time(moment_ms: int | None) -> str:
    """Return a moment in the time of this machine."""
    if moment_ms is None:
        return ""
    return datetime.fromtimestamp(moment_ms / 1000, UTC).astimezone().isoformat(sep=" ", timespec="seconds")
