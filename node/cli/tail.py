"""`tail`: the records of a resource, decoded, one JSON object a line."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from node.avro import ParsedSchema, decode, parse, readable, unframe
from node.cli.client import NodeClient, open_node
from node.cli.kafka import ClientFile, way_in
from node.cli.voice import SESSION, CliError, Exit, Flag, Session, print_json
from node.errors import CommandRefused, DataError
from node.model.names import is_view
from node.model.values import ResourceValue

if TYPE_CHECKING:
    from node.adapters.tail import Start, Tailed
    from node.bus.security import Way

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def tail(
    resource: str,
    /,
    *,
    from_: Annotated[str, Parameter(name="--from")] = "start",
    count: Annotated[int | None, Parameter(validator=Number(gte=1))] = None,
    follow: Annotated[Flag, Parameter(alias="-f")] = False,
    client_file: ClientFile = None,
    session: Session = SESSION,
) -> int:
    """读出资源或视图的记录，每行一个 JSON / Read the records of a resource or view, one JSON object a line.

    每个对象有 partition、offset、timestamp、key 和按模式解码的 value；value 为 null 表示该主键已删除 / Each has partition, offset,
    timestamp, key and the value decoded by its schema; a value of null means that the key was removed. 只读已提交的记录 / Committed records only.

    退出码：0 全部可解码，3 有无法解码的记录 / Exit status: 0, or 3 if some record could not be decoded.

    例如 / For example:

        exchange-node tail 445102.civil-affairs.villages --count 3
        exchange-node tail 445102.government-services.licences --from now --follow | jq .value.holder

    Args:
        resource: 资源名称，或视图的主题（见 view list）/ The resource's name, or a view's topic as `view list` shows it.
        from_: start 最早，now 最新，或每个分区的位移 / start, now, or an offset, which counts in every partition.
        count: 读这么多条后结束 / End after so many records.
        follow: 读完后继续等待新记录，直到 Ctrl-C / Wait for new records at the end, until Ctrl-C.
    """
    start = _start(from_)
    with open_node(session) as node:
        found = _found(node, resource)
        way = way_in(client_file, node.me().department, node.node().kafka)
        try:
            undecoded = asyncio.run(_tail(node, found, way, start, count=count, follow=follow))
        except KeyboardInterrupt:
            return Exit.OK if follow else Exit.INTERRUPTED
    return Exit.PARTLY if undecoded else Exit.OK


def _found(node: NodeClient, name: str) -> ResourceValue:
    """Return a resource; a view as one of its own name, for it has the partitions of its resource."""
    if not is_view(name):
        return node.resource(name).resource
    view = node.view(name).view
    return msgspec.structs.replace(node.resource(view.resource).resource, name=view.topic)


def _start(text: str) -> "Start":
    match text:
        case "start":
            return "start"
        case "now":
            return "now"
        case _ if text.isascii() and text.isdigit():
            return int(text)
    en = f"--from {text} cannot be: it is start, now, or an offset such as 1000"
    raise CliError("usage", en, f"--from {text} 不可用：应为 start、now 或位移（如 1000）", Exit.WRONG)


async def _tail(node: NodeClient, resource: ResourceValue, way: "Way", start: "Start", *, count: int | None, follow: bool) -> int:
    """Print records and return how many could not be decoded."""
    from node.adapters.tail import tail as records_of  # noqa: PLC0415  # brings Kafka's client, which most commands do not need

    schemas = _Schemas(node)
    undecoded = printed = 0
    async with aclosing(records_of(way.bootstrap, resource, start=start, follow=follow, security=way.security)) as records:
        async for record in records:
            line = schemas.line(record)
            undecoded += "problem" in line
            print_json(line)
            printed += 1
            if printed == count:
                break
    return undecoded


class _Schemas:
    """Decodes records by the schema id that stands in each; a schema is asked for once."""

    def __init__(self, node: NodeClient) -> None:
        self._node = node
        self._parsed: dict[int, ParsedSchema] = {}

    def line(self, record: "Tailed") -> dict[str, Any]:
        """Return a record as people read it; `problem` says why a value is not shown."""
        line: dict[str, Any] = {
            "partition": record.partition,
            "offset": record.offset,
            "timestamp": _iso(record.timestamp_ms),
            "key": None if record.key is None else record.key.decode(errors="backslashreplace"),
            "value": None,
        }
        if record.value is not None:
            try:
                number, payload = unframe(record.value)
                line["value"] = readable(decode(self._schema(number), payload))
            except DataError as error:
                line["problem"] = str(error)
            except CommandRefused as error:
                line["problem"] = error.en
        return line

    def _schema(self, number: int) -> ParsedSchema:
        if number not in self._parsed:
            self._parsed[number] = parse(self._node.schema(number).schema)
        return self._parsed[number]


def _iso(timestamp_ms: int) -> str | None:
    """Return a record's time in UTC, None where it has none (-1) or one beyond the calendar."""
    try:
        return None if timestamp_ms < 0 else (_EPOCH + timedelta(milliseconds=timestamp_ms)).isoformat(timespec="milliseconds")
    except OverflowError:
        return None
