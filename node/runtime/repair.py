"""Sending refused records back to their inbox, and giving them up.

**Replaying, exactly once.** A new producer under `<division>.quarantine` fences a former one and settles its transaction, and only then are
the notes read, up to the high watermark. Chunk by chunk, the records go into the inbox in one transaction with the note that says so: both
stand or neither does. What is cut off, and a second request, find records that the notes do not name, and these alone are meant.

**Never over a later record.** The resource holds what passed the gate, its inbox what has not got there. So how far the gate has come is noted
first, then the resource is read up to its high watermark, then the inbox from there on. A record may still be published between that look
and our write: once ours stand in the inbox, uncommitted, what got in before them is looked at, and if a later record is there the
transaction is abandoned and the chunk judged anew. What gets in behind them is later in the inbox too. An inbox tells when records got
in, not what timestamps they have: whatever of the same key is still in it counts as later. So the next chunk waits until the gate has
passed our last one, whose own timestamps the resource tells.

**Bounds.** A chunk has CHUNK_RECORDS records and CHUNK_BYTES, or one record; for each, the resource is read from the oldest record's time on.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime

import msgspec

from node.batch.records import Record
from node.bus.reader import Reader, Stretch
from node.bus.writer import Writer
from node.control import stamp
from node.control.audit import NOTE_RANGES_MAX, Note, NoteKind, encode_note, ranges
from node.control.quarantine import Asked, Ended, Kept, Line, State
from node.control.replay import LATER, MISSING, Candidate, Later, Why, why_not, why_not_discarded
from node.errors import CommandRefused, Unavailable
from node.lane import TopicPartition
from node.model.limits import MIB
from node.model.names import inbox_topic, quarantine_topic
from node.model.values import Actor, ResourceValue
from node.runtime.reading import Cluster, Reading
from node.telemetry import logger
from node.transform.refusal import Refusal

CHUNK_RECORDS = NOTE_RANGES_MAX
CHUNK_BYTES = 16 * MIB
"""What one transaction writes: two seconds of work, of the ten that it has, and a note has room to name each record by itself."""
ATTEMPTS_MAX = 3
"""A chunk is judged so often: after that, its department publishes the same keys without end."""
_GATE_S, _GATE_POLL_S = 30.0, 0.02
"""The gate takes a chunk in a tenth of a second; the rest is for other work that it may have."""
_RECORD_BYTES = 512
"""What a record takes in memory beside its key and value."""


class Repair(msgspec.Struct, kw_only=True):
    """One request to replay or discard records of a resource. Without `writer` it is only told what would be done."""

    cluster: Cluster
    resource: ResourceValue
    asked: Asked
    by: Actor
    kind: NoteKind
    reading: Reading
    look: Reader
    """reads other topics while `reading` is in the middle of the quarantine"""
    writer: Writer | None
    gate_at: Callable[[TopicPartition], int | None]
    """how far the gate has come with a partition of an inbox, None while it does not stand"""
    records: int = 0
    kept: int = 0
    handled_before: int = 0
    seen: int = 0
    """the inbox of the partition at hand was looked through up to here"""
    sent: int = 0
    """the last chunk of the partition at hand stands in the inbox before here"""

    async def run(self) -> AsyncGenerator[Line, None]:
        """Handle all records that are meant, telling how far it has come and with which of them nothing is done."""
        yield self.reading.plan([self.resource], self.asked.selection)
        for partition in range(self.resource.partitions):
            async for line in self._partition(partition):
                self.kept += isinstance(line, Kept)
                yield line
        yield Ended(records=self.records, kept=self.kept, handled_before=self.handled_before)

    async def _partition(self, partition: int) -> AsyncGenerator[Line, None]:
        selection, chunk, self.sent = self.asked.selection, _Chunk(), 0
        missing = set(selection.offsets) if partition == selection.partition else set()
        ordinal = 0
        async for found in self.reading.refusals(self.resource, partition, selection):
            for refusal, state in found:
                ordinal += 1
                if not selection.takes(refusal.offset, refusal.word):
                    continue
                missing.discard(refusal.offset)
                if state != "waiting" and not selection.by_offset:
                    self.handled_before += 1
                elif why := self._why_not(refusal, state):
                    yield why.of(partition, refusal.offset)
                else:
                    chunk.add(Candidate(refusal, ordinal))
                if chunk.full:
                    async for line in self._handle(partition, chunk.take()):
                        yield line
            yield self.reading.advanced
        async for line in self._handle(partition, chunk.take()):
            yield line
        for offset in sorted(missing):
            yield MISSING.of(partition, offset)

    def _why_not(self, refusal: Refusal, state: State) -> Why | None:
        if self.kind == "quarantine-discarded":
            return why_not_discarded(state)
        return why_not(refusal, state, batch_bytes_max=self.resource.max_message_bytes)

    async def _handle(self, partition: int, chunk: list[Candidate]) -> AsyncGenerator[Line, None]:
        if not chunk:
            return
        if self.kind == "quarantine-replayed":
            async for line in self._replay(partition, chunk):
                yield line
            return
        if self.writer is not None:
            async with self.writer.transaction():
                await self._note(self.writer, partition, chunk)
        self.records += len(chunk)

    # ---- replaying

    async def _replay(self, partition: int, chunk: list[Candidate]) -> AsyncGenerator[Line, None]:
        later = Later(() if self.asked.force else [one.refusal for one in chunk])
        if later.since is not None:
            async for _stretch in self._look_for(partition, later, later.since):
                yield self.reading.advanced
        for _attempt in range(ATTEMPTS_MAX):
            chosen = [one for one in chunk if not later.holds_back(one.refusal)]
            if not chosen or self.writer is None or await self._write(self.writer, partition, chosen, later):
                break
        else:
            _resource, inbox = self._places(partition)
            raise Unavailable(f"{inbox}: records of the same keys are being published again and again")
        self.records += len(chosen)
        for one in chunk:
            if later.holds_back(one.refusal):
                yield LATER.of(partition, one.refusal.offset)

    async def _look_for(self, partition: int, later: Later, since_ms: int) -> AsyncGenerator[Stretch, None]:
        """Look for later records in the resource and in its inbox; yield what was looked at."""
        resource, inbox = self._places(partition)
        passed = await self._gate_past(inbox)
        if passed is None:
            en = f"the gate of {resource.topic} does not stand, so nobody knows what it will pass; `exchange-node status` tells why"
            raise CommandRefused("no-gate", en, f"{resource.topic} 的闸口未运行，无法得知它将放行什么；原因见 `exchange-node status`")
        end = await self.look.high(resource)
        stable = (await self.look.bounds([resource]))[resource][1]
        begin = await self.look.since(resource, since_ms)
        # None: of what is committed nothing is so young, but something behind it may be.
        async for stretch in self.look.read(resource, stable if begin is None else begin, end):
            later.see(stretch.records)
            yield stretch
        self.seen = await self.look.high(inbox)
        start = (await self.look.bounds([inbox]))[inbox][0]
        async for stretch in self.look.read(inbox, max(start, passed), self.seen):
            later.see(stretch.records)
            yield stretch

    async def _gate_past(self, inbox: TopicPartition) -> int | None:
        """Return how far the gate has come, once that is behind our last chunk; None if it does not stand. Unavailable if it takes too long."""
        try:
            async with asyncio.timeout(_GATE_S):
                while (passed := self.gate_at(inbox)) is not None and passed < self.sent:  # noqa: ASYNC110 - nobody else waits for a gate
                    await asyncio.sleep(_GATE_POLL_S)
        except TimeoutError as error:
            raise Unavailable(f"{inbox}: the gate has not come past offset {self.sent} within {_GATE_S:.0f} s") from error
        return passed

    async def _write(self, writer: Writer, partition: int, chosen: list[Candidate], later: Later) -> bool:
        """Write records into the inbox, and the note; False, and nothing written, if a later record got in before them."""
        _resource, inbox = self._places(partition)
        async with writer.transaction():
            first = await writer.send(inbox, [one.refusal.published for one in chosen])
            if later.since is not None:
                async for stretch in self.look.read(inbox, self.seen, first):
                    later.see(stretch.records)
                if any(later.holds_back(one.refusal) for one in chosen):
                    writer.abandon()
                    return False
            await self._note(writer, partition, chosen)
        self.sent = first + len(chosen)
        return True

    async def _note(self, writer: Writer, partition: int, chosen: list[Candidate]) -> None:
        topic, now = quarantine_topic(self.resource.name), datetime.now(UTC)
        note = Note(
            at=stamp(now),
            kind=self.kind,
            topic=topic,
            topic_id=self.reading.ids[topic],
            partition=partition,
            offsets=ranges((one.refusal.offset, one.ordinal) for one in chosen),
            why=self.asked.why,
            by=self.by,
            forced=self.asked.force,
            records=len(chosen),
        )
        record = Record(offset=0, timestamp=int(now.timestamp() * 1000), key=None, value=encode_note(note))
        await writer.send(self.cluster.audit, [record])
        logger().info(self.kind, resource=self.resource.name, partition=partition, records=len(chosen), forced=self.asked.force)

    def _places(self, partition: int) -> tuple[TopicPartition, TopicPartition]:
        name = self.resource.name
        return TopicPartition(name, partition), TopicPartition(inbox_topic(name), partition)


class _Chunk:
    """What is handled in one transaction."""

    def __init__(self) -> None:
        self._candidates: list[Candidate] = []
        self._bytes = 0

    def add(self, candidate: Candidate) -> None:
        record = candidate.refusal.published
        self._candidates.append(candidate)
        self._bytes += len(record.key or b"") + len(record.value or b"") + _RECORD_BYTES

    @property
    def full(self) -> bool:
        return len(self._candidates) >= CHUNK_RECORDS or self._bytes >= CHUNK_BYTES

    def take(self) -> list[Candidate]:
        """Return what it holds, and hold nothing."""
        taken, self._candidates, self._bytes = self._candidates, [], 0
        return taken
