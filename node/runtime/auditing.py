"""The audit of a node, read on request: who did what and when, from the topic that keeps it for three years.

Bounds: READINGS_MAX requests at a time, each with a reader's memory; whoever hangs up ends its own.
"""

from collections.abc import AsyncGenerator, Callable
from datetime import datetime

from node.bus.reader import Reader, open_reader
from node.control.acts import Act, Audited, Sought, Unreadable, is_sought, read_act
from node.control.quarantine import Advanced, Ended
from node.errors import CommandRefused, DataError
from node.lane import TopicPartition
from node.runtime.reading import Cluster

READINGS_MAX = 2
Line = Advanced | Audited | Unreadable | Ended


class Audit:
    """The acts that a node's audit topic has."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._place = cluster.audit
        self._name = f"{cluster.division}.audit"
        self._open = 0

    async def read(self, sought: Sought, sees: Callable[[Act], bool], since_ms: int, until_ms: int | None) -> AsyncGenerator[Line, None]:
        """Tell of the acts from one moment (Unix time, ms) up to another that are sought and that whoever asks sees, the oldest first.

        CommandRefused while too many read; BusError if the cluster does not answer.
        """
        if self._open >= READINGS_MAX:
            en = "the node is busy with other requests about its audit; ask again when they are done"
            raise CommandRefused("busy", en, "节点正在处理其他审计查询；请待其完成后重试")
        self._open += 1
        try:
            async with open_reader(self._cluster.bootstrap, self._name, self._cluster.security) as reader:
                begin, end = await self._span(reader, since_ms)
                async for line in _lines(
                    reader, self._place, begin, end, lambda act: _within(act, since_ms, until_ms) and is_sought(act, sought) and sees(act)
                ):
                    yield line
        finally:
            self._open -= 1

    async def _span(self, reader: Reader, since_ms: int) -> tuple[int, int]:
        if not await reader.look([self._place.topic]):
            return 0, 0
        start, end = (await reader.bounds([self._place]))[self._place]
        begin = await reader.since(self._place, since_ms)
        return (end if begin is None else max(begin, start)), end


async def _lines(reader: Reader, place: TopicPartition, begin: int, end: int, takes: Callable[[Act], bool]) -> AsyncGenerator[Line, None]:
    told = 0
    yield Advanced(0, end - begin)
    async for stretch in reader.read(place, begin, end):
        for record in stretch.records:
            try:
                act = read_act(record.value or b"")
            except DataError as error:
                yield Unreadable(record.offset, str(error))
                continue
            if act is not None and takes(act):
                told += 1
                yield Audited(record.offset, act)
        yield Advanced(stretch.position - begin, end - begin)
    yield Ended(records=told)


def _within(act: Act, since_ms: int, until_ms: int | None) -> bool:
    """Tell whether an act was done within a time: its record may be somewhat younger, never older."""
    at_ms = datetime.fromisoformat(act.at).timestamp() * 1000
    return since_ms <= at_ms and (until_ms is None or at_ms < until_ms)
