"""`publish`: a file of rows goes to a resource, exactly once."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from cyclopts.types import ExistingFile
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from node.cli.answered import NodeInfo, ResourceInfo
from node.cli.client import open_node
from node.cli.kafka import ClientFile, way_in
from node.cli.voice import SESSION, CliError, Exit, Session
from node.model.names import department_of, division_of
from node.model.values import SchemaValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.adapters import Published, Refusal
    from node.bus.security import Way


def publish(
    file: ExistingFile, /, *, resource: str, refused: Path | None = None, client_file: ClientFile = None, session: Session = SESSION
) -> int:
    """把文件的行发布到资源的收件箱，每行恰好一次 / Publish the rows of a file to a resource's inbox, each exactly once.

    文件为 .csv（首行为列名）、.ndjson 或 .avro，UTF-8 / The file is .csv (with a header), .ndjson or .avro, in UTF-8.
    不合模式的行按行号列出，其余照常发布 / Rows that do not fit the schema are told by line, the others are published.
    闸口随后校验规则，未通过的进入隔离区 / The gate then checks the rules and puts what breaks them into quarantine.
    中断后再次执行同一命令即可续传 / Interrupted, the same command goes on where it stopped.

    退出码：0 全部发布，3 有行被拒 / Exit status: 0 all published, 3 some rows refused.

    例如 / For example:

        exchange-node publish villages.csv --resource 445102.civil-affairs.villages --refused refused.ndjson

    Args:
        file: 要发布的文件 / The file to publish.
        resource: 资源名称 / The resource's name.
        refused: 把被拒的行追加到此文件，每行一个 JSON / Append all refused rows to this file, one JSON object a line.
    """
    with open_node(session) as client:
        node, found = client.node(), client.resource(resource)
    _check_own(node, found)
    way = way_in(client_file, department_of(found.resource.name), node.kafka)
    try:
        published = asyncio.run(_publish(file, found, way, refused, session))
    except KeyboardInterrupt:
        session.complain(session.say("interrupted; the same command goes on where it stopped", "已中断；再次执行同一命令即可续传"))
        return Exit.INTERRUPTED
    _tell_refused(published, session)
    session.tell(published, f"{_summary(published, session)}\n{_next(resource, session)}")
    return Exit.PARTLY if published.refused_count else Exit.OK


async def _publish(file: Path, found: ResourceInfo, way: "Way", refused: Path | None, session: Session) -> "Published":
    from node import adapters, telemetry  # noqa: PLC0415  # these bring Kafka's client, which most commands do not need

    telemetry.configure(division=division_of(found.resource.name), readable=True)  # what is tried again is told on standard error
    schema = SchemaValue(id=found.schema_id, schema=msgspec.json.encode(found.schema).decode())
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=session.console(), disable=session.json) as bar:
        task = bar.add_task(file.name, total=None)

        def on_progress(done: int, rows: int, refused: int) -> None:
            told = session.say(f"{file.name}, {refused:,} refused", f"{file.name}，拒绝 {refused:,} 行") if refused else file.name
            bar.update(task, completed=done, total=rows, description=told)

        def on_refused(refusals: "Sequence[Refusal]") -> None:
            if refused is not None:
                with refused.open("ab") as out:
                    out.writelines(msgspec.json.encode(refusal) + b"\n" for refusal in refusals)

        return await adapters.publish(
            file,
            resource=found.resource,
            schema=schema,
            bootstrap=way.bootstrap,
            security=way.security,
            on_progress=on_progress,
            on_refused=on_refused,
        )


def _check_own(node: NodeInfo, found: ResourceInfo) -> None:
    owner = division_of(found.resource.name)
    if owner != node.division:
        en = f"{found.resource.name} belongs to {owner} and this is the node of {node.division}: publish it there, see --node"
        zh = f"{found.resource.name} 属于 {owner}，而本节点属于 {node.division}：请在其节点发布，见 --node"
        raise CliError("not-own-resource", en, zh)


def _summary(published: "Published", session: Session) -> str:
    en = f"{published.published:,} of {published.rows:,} rows published, {published.refused_count:,} refused, in {published.seconds:.1f} s"
    zh = (
        f"共 {published.rows:,} 行，已发布 {published.published:,} 行，拒绝 {published.refused_count:,} 行，用时 {published.seconds:.1f} 秒"
    )
    if 0 < published.resumed_from < published.rows:
        en += f"; went on from row {published.resumed_from + 1:,}"
        zh += f"；自第 {published.resumed_from + 1:,} 行续传"
    elif published.resumed_from:
        en += "; an earlier run had done all of it"
        zh += "；先前已全部处理"
    return session.say(en, zh)


def _next(resource: str, session: Session) -> str:
    command = f"exchange-node quarantine list {resource}"
    return session.say(f"the gate checks them; what it refuses is shown by `{command}`", f"闸口随即校验；未通过的记录见 `{command}`")


def _tell_refused(published: "Published", session: Session) -> None:
    for refusal in published.refused:
        session.complain(session.say(f"line {refusal.line}: {_why(refusal)}", f"第 {refusal.line} 行：{_why(refusal)}"))
    more = published.refused_count - len(published.refused)
    if more:
        session.complain(session.say(f"and {more:,} more refused, in this run or an earlier one", f"另有 {more:,} 行被拒（本次或先前）"))


def _why(refusal: "Refusal") -> str:
    return f"{refusal.field}: {refusal.reason}" if refusal.field else refusal.reason
