"""Exports to files: what a department may take of a resource, and where it is read. The file is written by whoever asks."""

from datetime import UTC, datetime

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import RawBody

from node.control import day_of
from node.control.exporting import Export, ExportAsked, export_of
from node.control.sight import check_self
from node.errors import CommandRefused
from node.model.values import Actor
from node.runtime import Node


@post("/v1/exports", status_code=200)
async def begin(node: NamedDependency[Node], by: NamedDependency[Actor], body: RawBody) -> Export:
    """Return what may be exported, by the grant on which that rests; the audit keeps who asked, and what was answered."""
    try:
        asked = msgspec.json.decode(body, type=ExportAsked)
    except msgspec.DecodeError as error:
        raise CommandRefused("malformed", f"the request cannot be read: {error}", f"请求无法读取：{error}") from error
    if not node.folded:  # a grant that seems active may have been suspended in what is not read yet; nor can anything be written yet
        en = "this node is reading its control logs; export again in a moment"
        raise CommandRefused("not-ready", en, "本节点正在读取控制日志；请稍后重试")
    subject = {"resource": asked.resource, "taker": asked.taker, "from_time": asked.from_time, "to_time": asked.to_time}
    try:
        check_self(asked.by, by)
        export = export_of(asked, node.ledger.book, node.settings.division, day_of(datetime.now(UTC)))
    except CommandRefused as refused:
        await node.record("export", by, subject, code=refused.code)
        raise
    await node.record("export", by, subject | {"grant": f"{export.grant[0]}/{export.grant[1]}"})
    return export


HANDLERS = [begin]
