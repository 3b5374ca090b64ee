"""Exports to files: what a department may take of a resource, and where it is read. The file is written by whoever asks."""

from datetime import UTC, datetime

from litestar import post
from litestar.di import NamedDependency
from litestar.params import RawBody

from node.control import day_of
from node.control.exporting import Export, ExportAsked, export_of
from node.control.sight import check_self
from node.errors import CommandRefused
from node.http.answers import read_body
from node.model.values import Actor
from node.runtime import Node


@post("/v1/exports", status_code=200)
async def begin(node: NamedDependency[Node], by: NamedDependency[Actor], body: RawBody) -> Export:
    """Return what may be exported, by the grant on which that rests; the audit keeps who asked, and what was answered."""
    asked = read_body(body, ExportAsked)
    if not node.folded:  # a grant that seems active may have been suspended in what is not read yet; nor can anything be written yet
        en = "this node is reading its control logs; export again in a moment"
        raise CommandRefused("not-ready", en, "本节点正在读取控制日志；请稍后重试")
    subject = {"resource": asked.resource, "taker": asked.taker, "from_time": asked.from_time, "to_time": asked.to_time}
    async with node.audited("export", by, subject):
        check_self(asked.by, by)
        export = export_of(asked, node.ledger.book, node.settings.division, day_of(datetime.now(UTC)))
        subject["grant"] = f"{export.grant[0]}/{export.grant[1]}"
    return export


HANDLERS = [begin]
