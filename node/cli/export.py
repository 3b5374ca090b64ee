"""`export`: what a department was granted of a resource goes to a file."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from node.cli.client import open_node
from node.cli.kafka import ClientFile, way_in
from node.cli.refs import read_ref, told
from node.cli.voice import SESSION, CliError, Exit, Flag, Session
from node.control.events import SHANGHAI
from node.control.exporting import Export, ExportAsked, period
from node.errors import CommandRefused
from node.model.names import Topic

if TYPE_CHECKING:
    from node.adapters.export import Exported
    from node.bus.security import Way

_EPOCH = datetime(1970, 1, 1, 8, tzinfo=SHANGHAI)
Text_ = Annotated[str, Parameter(show_default=False)]


def export(
    resource: str,
    /,
    *,
    output: Path,
    from_time: Text_ = "",
    to_time: Text_ = "",
    grant: Text_ = "",
    force: Flag = False,
    client_file: ClientFile = None,
    session: Session = SESSION,
) -> int:
    """把获授权的数据导出为文件 / Export what a department was granted of a resource to a file.

    在使用部门本级的节点、以该部门人员的令牌执行；导出依据有效的授权，内容为已到达本级集群的记录 / Run it on the taker's own node with the token of one of
    the department. It rests on an active grant and has the records that have arrived in this node's cluster.

    文件为 .csv、.ndjson 或 .avro，可由 publish 读回；各版本的记录均按最新模式写出 / The file is .csv, .ndjson or .avro, as publish reads them;
    records of every version are written in the newest schema.

    事实类（facts）为全部记录；基础数据（state）为每个主键的最新一条，已删除的不在其中；截至过去某时刻的，缺少其后已被替换的 / Of facts it has all records, of
    state the newest of each key, without those that were removed; of a time that is past, without what was replaced since.

    时间按记录的时间戳（到达收件箱的时间）选取；写作 2026-11-22 或 2026-11-22T08:30，未注明时区的为北京时间 / Records are chosen by their timestamps, at which
    they were published; times are written 2026-11-22 or 2026-11-22T08:30, of Shanghai where they name no zone.

    CSV 为 UTF-8（带 BOM），空文本与空值不分；单元格照原样写出，以 = + - @ 开头的文本可能被电子表格当作公式，长数字可能被改写：请按“文本”导入 / CSV is UTF-8 with
    a BOM, and empty text is the same as null there. Cells stand as they are: spreadsheet programs may take text that begins with = + - @ for a formula
    and change long numbers, so import all columns as text.

    先写入 FILE.partial，完成后才改名；中断后重新执行即可 / It is written as FILE.partial and renamed when it is complete; interrupted, give the command again.

    退出码：0 全部写出，3 有记录无法解码 / Exit status: 0, or 3 if some record could not be decoded.

    例如 / For example:

        exchange-node export 445102.civil-affairs.villages --output villages.csv
        exchange-node export 445102.government-services.licences --from-time 2026-11-01 --to-time 2026-11-30 --output licences.avro --json

    Args:
        resource: 资源名称 / The resource's name.
        output: 要写的文件，格式依扩展名 / The file to write; its extension says of which kind.
        from_time: 自此时起（含）；不填则从头 / From then on; without it, from the beginning.
        to_time: 到此时为止：日期含当天，时刻不含；不填则到现在 / Until then: a day counts as a whole, a moment does not count; without it, until now.
        grant: 所依据的授权编号，有多项授权时须填 / The number of the grant, where there are several that differ.
        force: 覆盖已有的文件 / Write over a file that is there.
    """
    _check(output, from_time, to_time, force=force)
    ref = read_ref(grant, "grant") if grant else None
    with open_node(session) as node:
        by = node.me()
        asked = ExportAsked(by=by, resource=Topic(resource), taker=by.department, grant=ref, from_time=from_time, to_time=to_time)
        way, wanted = way_in(client_file, by.department, node.node().kafka), node.export(asked)
    try:
        exported = asyncio.run(_export(output, wanted, way, session, force=force))
    except KeyboardInterrupt:
        session.complain(session.say("interrupted; nothing is left, give the command again", "已中断，未留下文件；请重新执行"))
        return Exit.INTERRUPTED
    _complain(exported, session)
    session.tell(_outcome(output, asked, wanted, exported), _summary(output, wanted, exported, session))
    return Exit.PARTLY if exported.undecoded else Exit.OK


def _check(output: Path, from_time: str, to_time: str, *, force: bool) -> None:
    """Refuse what is wrong whatever the node says."""
    from node.adapters.writing import writer_for  # noqa: PLC0415  # brings fastavro, which most commands do not need

    writer_for(output)
    if output.exists() and not force:
        en = f"{output} is there already; choose another name, or write over it with --force"
        raise CliError("exists", en, f"{output} 已存在；请另选文件名，或用 --force 覆盖", Exit.WRONG)
    try:
        period(from_time, to_time)
    except CommandRefused as error:
        raise CliError("usage", error.en, error.zh, Exit.WRONG) from error


async def _export(output: Path, wanted: Export, way: "Way", session: Session, *, force: bool) -> "Exported":
    from node.adapters.export import export as write  # noqa: PLC0415  # brings Kafka's client, which most commands do not need

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=session.console(), disable=session.json) as bar:
        task = bar.add_task(output.name, total=None)

        def on_progress(done: int, total: int, records: int) -> None:
            text = session.say(f"{output.name}, {records:,} records", f"{output.name}，{records:,} 条")
            bar.update(task, completed=done, total=total, description=text)

        return await write(output, wanted=wanted, bootstrap=way.bootstrap, security=way.security, replace=force, on_progress=on_progress)


def _complain(exported: "Exported", session: Session) -> None:
    """Tell what is not in the file although somebody might expect it, and what may go wrong with what is."""
    for one in exported.undecoded_first:
        en = f"partition {one.partition} offset {one.offset} cannot be decoded: {one.reason}"
        session.complain(session.say(en, f"分区 {one.partition} 位移 {one.offset} 无法解码：{one.reason}"))
    more = exported.undecoded - len(exported.undecoded_first)
    if more:
        session.complain(session.say(f"and {more:,} more that cannot be decoded", f"另有 {more:,} 条无法解码"))
    if exported.formulas:
        en = f"{exported.formulas:,} texts begin with = + - @: a spreadsheet program may take them for formulas; import all columns as text"
        session.complain(session.say(en, f"有 {exported.formulas:,} 个文本以 = + - @ 开头，电子表格可能当作公式；请将所有列按“文本”导入"))


def _outcome(output: Path, asked: ExportAsked, wanted: Export, exported: "Exported") -> dict[str, Any]:
    """Return all that tells what the file is. Times are those from which and before which records count."""
    return {
        "file": str(output),
        "resource": asked.resource,
        "taker": asked.taker,
        "grant": wanted.grant,
        "topic": wanted.topic,
        "schema_id": wanted.schema_id,
        "from_time": _time(wanted.from_ms),
        "to_time": _time(wanted.to_ms),
    } | msgspec.structs.asdict(exported)


def _summary(output: Path, wanted: Export, exported: "Exported", session: Session) -> str:
    en = f"{output}: {exported.records:,} records, {exported.bytes:,} bytes, in {exported.seconds:.1f} s"
    zh = f"{output}：{exported.records:,} 条，{exported.bytes:,} 字节，用时 {exported.seconds:.1f} 秒"
    if exported.superseded or exported.deleted:
        en += f"; left out: {exported.superseded:,} older ones of the same key, {exported.deleted:,} deletions"
        zh += f"；未写出：同一主键的旧记录 {exported.superseded:,} 条，删除 {exported.deleted:,} 条"
    grant = told(wanted.grant)
    begin, end = _time(wanted.from_ms), _time(wanted.to_ms)
    en += f"\nunder grant {grant}, from {begin or 'the beginning'} to {end or 'now'}\nSHA-256 {exported.sha256}"
    zh += f"\n依据授权 {grant}，自 {begin or '最早'} 至 {end or '现在'}\nSHA-256 {exported.sha256}"
    return session.say(en, zh)


def _time(moment_ms: int | None) -> str | None:
    return None if moment_ms is None else (_EPOCH + timedelta(milliseconds=moment_ms)).isoformat()
