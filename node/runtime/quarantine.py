"""What the gate refused, on request: listed, shown, sent back to its inbox, or given up.

Each request reads the quarantines from the cluster as it goes and is answered in lines. What was handled before stands in notes of the
node's audit topic. Nothing is ever written to a quarantine itself: a gate that reopens checks that nobody but it wrote to its targets.

Bounds: READINGS_MAX requests at a time, one of them writing; what goes beyond is told so, and does not wait.
"""

import base64
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import msgspec

from node.avro import ParsedSchema, decode, parse, readable, unframe
from node.bus.reader import open_reader
from node.bus.writer import open_writer
from node.control import Book, gates
from node.control.audit import NoteKind
from node.control.grouping import Grouping
from node.control.quarantine import Asked, Ended, Line, Listed, Sampled, Selection
from node.errors import CommandRefused, DataError
from node.lane import TopicPartition
from node.model.limits import KIB
from node.model.names import Department, Division, Topic, department_of, division_of, inbox_topic, quarantine_topic
from node.model.values import Actor, ResourceValue
from node.runtime.node import Node
from node.runtime.reading import ALL, Cluster, Reading, open_reading
from node.runtime.repair import Repair
from node.runtime.showing import GATE
from node.transform.refusal import Refusal, masked

READINGS_MAX = 4
"""At 9 MiB of fetched batches each, two readers where one writes: lanes and their memory come first."""
BATCH_BYTES_MAX = 256 * KIB
SAMPLES_MAX = 1_000
NOBODY = Department("")
"""where no department is meant but all are"""


class Quarantine:
    """The quarantines of a node's own resources. Every answer ends with `Ended`; what is refused is raised before the first line, or as it comes."""

    def __init__(self, cluster: Cluster, book: Callable[[], Book], gate_at: Callable[[TopicPartition], int | None]) -> None:
        self._cluster = cluster
        self._book = book
        self._gate_at = gate_at
        self._open = 0
        self._writing = False

    async def list(self, name: str = "", department: Department = NOBODY) -> AsyncGenerator[Line, None]:
        """Tell what was refused of a resource, or of each one, of a department or of all, that has a quarantine with records."""
        resources = [self._own(name)] if name else self._all(department)
        with self._place():
            async with open_reading(self._cluster, resources) as reading:
                yield reading.plan(resources, ALL)
                for resource in resources:
                    grouping = Grouping()
                    for partition in range(resource.partitions):
                        async for found in reading.refusals(resource, partition):
                            for refusal, state in found:
                                grouping.add(refusal, state)
                            yield reading.advanced
                    if name or grouping.groups():
                        yield self._listed(resource, grouping)
                yield Ended()

    async def show(self, name: str, *, reason: str = "", count: int = 10, values: bool = False) -> AsyncGenerator[Line, None]:
        """Tell of some records of a resource that wait, those that wait longest first within their partition."""
        resource, selection = self._own(name), Selection(reason=reason) if reason else ALL
        if not 1 <= count <= SAMPLES_MAX:
            raise CommandRefused(
                "malformed", f"count: {count} is not within 1 and {SAMPLES_MAX}", f"条数 {count} 不在 1 至 {SAMPLES_MAX} 之间"
            )
        values_of = _Values(self._book(), self._cluster.division) if values else None
        with self._place():
            async with open_reading(self._cluster, [resource]) as reading:
                yield reading.plan([resource], selection)
                left = count
                async for partition, found in _waiting(reading, resource, selection):
                    for refusal in found[:left]:
                        yield _sampled(partition, refusal, values_of)
                    left -= len(found[:left])
                    if not left:
                        break
                    yield reading.advanced
                yield Ended(records=count - left)

    def replay(self, name: str, asked: Asked, by: Actor) -> AsyncGenerator[Line, None]:
        """Send records back to their inbox, each once; told is each one that is meant and kept back, and why."""
        return self._repair(name, asked, by, "quarantine-replayed")

    def discard(self, name: str, asked: Asked, by: Actor) -> AsyncGenerator[Line, None]:
        """Note that nobody will repair some records, and why."""
        return self._repair(name, asked, by, "quarantine-discarded")

    async def _repair(self, name: str, asked: Asked, by: Actor, kind: NoteKind) -> AsyncGenerator[Line, None]:
        resource, cluster = self._own(name), self._cluster
        asked.check(resource.partitions)
        if kind == "quarantine-discarded" and not asked.why.strip():
            en = "say why nobody will repair these records: it is kept for three years"
            raise CommandRefused("empty", en, "请说明为何不再修复这些记录：说明将保存三年")
        batch_bytes = min(BATCH_BYTES_MAX, resource.max_message_bytes)
        async with AsyncExitStack() as stack:
            stack.enter_context(self._place(writes=True))
            writer = None
            if not asked.dry_run:  # before the notes are read: it settles what a former one has left
                opening = open_writer(cluster.bootstrap, cluster.name, batch_bytes=batch_bytes, security=cluster.security)
                writer = await stack.enter_async_context(opening)
            look = await stack.enter_async_context(open_reader(cluster.bootstrap, cluster.name, cluster.security))
            reading = await stack.enter_async_context(open_reading(cluster, [resource]))
            topics = {resource.name, inbox_topic(resource.name), quarantine_topic(resource.name), cluster.audit.topic}
            if missing := topics - (await look.look(topics)).keys():
                en = f"{', '.join(sorted(missing))}: not in the cluster, or not yet; `exchange-node status` tells why"
                raise CommandRefused("no-topic", en, f"集群中尚无 {'、'.join(sorted(missing))}；原因见 `exchange-node status`")
            repair = Repair(
                cluster=cluster,
                resource=resource,
                asked=asked,
                by=by,
                kind=kind,
                reading=reading,
                look=look,
                writer=writer,
                gate_at=self._gate_at,
            )
            async for line in repair.run():
                yield line

    # ---- whose, and how many at a time

    def _own(self, name: str) -> ResourceValue:
        resource = self._book().resources.get(Topic(name))
        if resource is None:
            raise CommandRefused("not-found", f"the book has no resource {name}", f"账簿中没有：{name}")
        owner = division_of(resource.name)
        if owner != self._cluster.division:
            en = f"{name} belongs to {owner}, whose node has its quarantine: ask there, see --node"
            raise CommandRefused("not-own-resource", en, f"{name} 属于 {owner}，其隔离区在该节点：请在那里查询，见 --node")
        return resource

    def _all(self, department: Department) -> Sequence[ResourceValue]:
        own = gates(self._book(), self._cluster.division).values()
        return sorted((one for one in own if department in {NOBODY, department_of(one.name)}), key=lambda one: one.name)

    @contextmanager
    def _place(self, *, writes: bool = False) -> Iterator[None]:
        if self._open >= READINGS_MAX or (writes and self._writing):
            en = "the node is busy with other requests about quarantines; give the command again when they are done"
            raise CommandRefused("busy", en, "节点正在处理其他隔离区请求；请待其完成后重试")
        self._open += 1
        self._writing = self._writing or writes
        try:
            yield
        finally:
            self._open -= 1
            self._writing = self._writing and not writes

    def _listed(self, resource: ResourceValue, grouping: Grouping) -> Listed:
        department = department_of(resource.name)
        known = self._book().departments.get(department)
        return Listed(
            resource=resource.name,
            title=resource.title,
            department=department,
            department_name=known.name if known else "",
            groups=grouping.groups(),
        )


def quarantine_of(node: Node) -> Quarantine:
    """Return the quarantines of a running node."""

    def gate_at(place: TopicPartition) -> int | None:
        return next((one.next for one in node.shown.routes() if one.lane == GATE and (one.topic, one.partition) == place), None)

    return Quarantine(node.cluster, lambda: node.ledger.book, gate_at)


async def _waiting(reading: Reading, resource: ResourceValue, selection: Selection) -> AsyncGenerator[tuple[int, list[Refusal]], None]:
    """Yield stretches of the records that wait and are meant, with their partition."""
    for partition in range(resource.partitions):
        async for found in reading.refusals(resource, partition, selection):
            yield partition, [one for one, state in found if state == "waiting" and selection.takes(one.offset, one.word)]


def _sampled(partition: int, refusal: Refusal, values: "_Values | None") -> Sampled:
    value, encoded, undecoded = values.of(refusal) if values else (None, None, "")
    return Sampled(
        partition=partition,
        offset=refusal.offset,
        timestamp_ms=refusal.published.timestamp,
        inbox_offset=refusal.inbox_offset,
        reason=refusal.word,
        field=refusal.field,
        place=refusal.place,
        zh=refusal.zh,
        en=refusal.en,
        form=refusal.form,
        key=masked(refusal.published.key),
        value=value,
        base64=encoded,
        undecoded=undecoded,
    )


class _Values:
    """Decodes values by the schemas of the book; each is parsed once."""

    def __init__(self, book: Book, division: Division) -> None:
        self._book = book
        self._division = division
        self._parsed: dict[int, ParsedSchema] = {}

    def of(self, refusal: Refusal) -> tuple[Any, str | None, str]:
        """Return a value decoded, or as base64 with the reason why it is not."""
        raw = refusal.published.value
        if raw is None:
            return None, None, "it has no value"
        try:
            if refusal.form:
                raise DataError(f"these are the bytes of a whole {refusal.form} that cannot be opened")
            number, payload = unframe(raw)
            return readable(decode(self._schema(number), payload)), None, ""
        except DataError as error:
            return None, base64.b64encode(raw).decode(), str(error)

    def _schema(self, number: int) -> ParsedSchema:
        if number not in self._parsed:
            schema = self._book.schema(number, self._division)
            if schema is None:
                raise DataError(f"the book has no schema {number}")
            self._parsed[number] = parse(msgspec.json.decode(schema.schema))
        return self._parsed[number]
