"""The gate: a department's batches are opened, every record is judged, and what passes goes on to the resource.

A batch whose records all pass goes on as it came, compressed bytes and all. Else the good ones are copied into a new batch, in order, and
the bad ones go to the quarantine untouched, with the reason. Small batches that arrive together are rebuilt as one.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from node.avro import layout
from node.avro.jit import Bytes, Int32s, Int64s
from node.avro.program import Pattern, Program, compile_program, read_only
from node.avro.schema import parse
from node.batch.build import assemble, build
from node.batch.codec import room_for
from node.batch.header import HEADER_BYTES, NONE, Header, by_create_time, read
from node.batch.records import Record
from node.errors import BatchError, SchemaError
from node.model.limits import DECOMPRESSED_BYTES_MAX, QUARANTINE_HEADERS_BYTES
from node.model.names import Topic, quarantine_topic
from node.transform import kernel_gate as kernel
from node.transform.kernel_record import HEAD_BYTES
from node.transform.opening import unfold
from node.transform.quarantine import Reason, Refused, Where, refused, refused_batch, refused_record, write_opaque, write_refused
from node.transform.reasons import REASONS, UNREADABLE
from node.transform.rooms import UNFOLDED
from node.transform.writes import Made, Write

AHEAD_MS_MAX = 3_600_000
"""A record's timestamp may be this far ahead of the gate's clock: clocks of departments differ, and retention and marks go by timestamps."""
SMALL_RECORDS = 100
"""Batches of fewer records are rebuilt together where several arrive at once: each costs every hop behind the gate as much as a large one."""
_RUN_BYTES_MAX = 1024 * 1024
"""Uncompressed bytes of batches that are rebuilt together."""
_RECORDS_MAX = 1 << 17
"""Records of a batch, thirteen times what librdkafka puts into one: a few KiB may unfold to millions, each of which could be refused."""
_SECTION_BYTES_MAX = DECOMPRESSED_BYTES_MAX - QUARANTINE_HEADERS_BYTES
"""Bytes that a batch may unfold to: a record of it, with the headers that tell why it was refused, must unfold again."""
_TOGETHER_BYTES_MAX = 32 * 1024 * 1024
_TOGETHER_REFUSED_MAX = 1 << 14
"""What is taken in one go ends behind the batch that reaches one of these: uncompressed bytes, some 40 ms of the kernel, and refused records,
some 150 ms. However wrong or strange the records are, a transaction must not outlive its time-out."""


class Counts(NamedTuple):
    """What is to be counted once the transaction is committed."""

    refused: Counter[str]
    warned: Counter[str]


class _Judge(NamedTuple):
    """A program and what the kernel is told beside it."""

    program: Program
    job: Int64s
    slots: Int64s
    """of the leaves that have a pattern"""


class _Judged(msgspec.Struct):
    """A batch and what the kernel found in it."""

    raw: Write
    data: Bytes
    """its records, uncompressed"""
    found: Int32s
    spans: Int64s
    judges: list[_Judge]
    judged_by: npt.NDArray[np.int8]
    """by record, which of the judges has spoken"""
    dated: bool
    """what its timestamps' deltas start from is in bounds, as each timestamp must be"""
    room: bytearray
    """where `data` may lie: given back once the batch is written"""
    passed: int = 0

    @property
    def count(self) -> int:
        return self.raw.header.count

    @property
    def codes(self) -> Int32s:
        """The verdict of each record: a view of `found`."""
        return self.found[:: kernel.FOUND_WIDTH]

    @property
    def whole(self) -> bool:
        """It may go on as it came: how old a batch is, is told by what its deltas start from too."""
        return self.passed == self.count and self.dated

    @property
    def stays_alone(self) -> bool:
        """It goes on as it came, whatever comes with it."""
        return self.whole and self.count >= SMALL_RECORDS


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """The gate of one resource; threads may share it. `programs` come with their schema ids, the newest first."""

    resource: Topic
    quarantine: Topic
    partitions: int
    is_state: bool
    batch_bytes_max: int
    programs: tuple[tuple[int, Program], ...]

    def outcomes(self, _inbox: Topic) -> Mapping[Topic, str]:
        """Return every topic that the gate writes to, and the word by which records that go there are counted."""
        return {self.resource: "passed", self.quarantine: "quarantined"}

    def memory(self, _inbox: Topic, _key: bytes) -> None:
        """Keep nothing: every record is judged by itself."""

    def make(self, partition: int, raws: Sequence[Write], now_ms: int, routes: Mapping[Topic, object]) -> dict[Topic, Made]:
        """Return what is to be written of batches of the inbox, which is the one route that a gate has."""
        (inbox,) = routes
        return {inbox: self.judge(partition, raws, now_ms)}

    def judge(self, partition: int, raws: Sequence[Write], now_ms: int) -> Made:
        """Return what is to be written of batches of an inbox partition that came together; they are whole and checked."""
        counts = Counts(Counter(), Counter())
        writes: list[Write] = []
        run: list[_Judged] = []
        taken = unfolded = refused_records = 0
        for raw in raws:
            room = UNFOLDED.take(room_for(raw.header.size - HEADER_BYTES))
            judged = self._open(partition, raw, room, now_ms, counts)
            taken += 1
            if run and (judged is None or not _joins(run, judged)):
                writes += self._written(run, now_ms, counts)
                run = []
            if judged is None:  # it may have cost as much as the greatest
                UNFOLDED.give(room)
                writes += self._unreadable(raw, now_ms, counts)
                break
            run.append(judged)
            unfolded += len(judged.data)
            refused_records += judged.count - judged.passed
            if unfolded > _TOGETHER_BYTES_MAX or refused_records > _TOGETHER_REFUSED_MAX:
                break
        writes += self._written(run, now_ms, counts)
        return Made(taken, tuple(writes), dict(counts.refused), dict(+counts.warned))

    # ---- judging

    def _open(self, partition: int, raw: Write, room: bytearray, now_ms: int, counts: Counts) -> _Judged | None:
        """Open a batch and judge its records, by the newest schema first; None where it cannot be opened. They may be unfolded into `room`."""
        header = raw.header
        try:
            data = unfold(raw, room)
        except BatchError:
            return None
        if len(data) > _SECTION_BYTES_MAX or header.count > _RECORDS_MAX:
            return None
        found = np.full(header.count * kernel.FOUND_WIDTH, kernel.G_SCHEMA, np.int32)
        spans = np.empty(header.count * kernel.SPAN_WIDTH, np.int64)
        dated = 0 <= header.base_timestamp <= now_ms + AHEAD_MS_MAX
        judged = _Judged(raw, data, found, spans, [], np.zeros(header.count, np.int8), dated, room)
        for number, program in self.programs:
            passed = self._run(judged, partition, number, program, now_ms, counts)
            if passed < 0:
                return None
            judged.passed += passed
            if judged.passed == judged.count:
                break
        return judged

    def _run(self, judged: _Judged, partition: int, number: int, program: Program, now_ms: int, counts: Counts) -> int:  # noqa: PLR0917
        """Judge by one program what no newer one was for; return how many passed, -1 where the section's lengths do not add up."""
        base, count, state = judged.raw.header.base_timestamp, judged.count, program.state()
        job = (number, now_ms, now_ms + AHEAD_MS_MAX, base, partition, self.partitions, self.is_state, bool(judged.judges), 0)
        slots = read_only(np.array([pattern.slot for pattern in program.patterns], np.int64))
        kept = np.full(2 * len(slots) * count, -1, np.int64)
        if judged.judges:
            judged.judged_by[judged.codes == kernel.G_SCHEMA] = len(judged.judges)
        judge = _Judge(program, read_only(np.array(job, np.int64)), slots)
        judged.judges.append(judge)
        passed = kernel.judge(judged.data, count, judge.job, program.tables, state, judged.found, judged.spans, slots, kept)
        if passed <= 0:
            return passed
        counts.warned.update(_warnings(program, state))
        return passed - (_match(judged, judge, kept.reshape(count, -1), counts) if program.patterns else 0)

    # ---- writing

    def _written(self, run: Sequence[_Judged], now_ms: int, counts: Counts) -> list[Write]:
        """Return what is to be written of some batches, and give their rooms back: not even a group's batches need as many as they are."""
        writes = self._writes(run, now_ms, counts)
        for one in run:
            UNFOLDED.give(one.room)
        return writes

    def _writes(self, run: Sequence[_Judged], now_ms: int, counts: Counts) -> list[Write]:
        """Return a batch that passes as it came, else the good records of some batches in new ones, and the bad ones in the quarantine's."""
        if len(run) == 1 and run[0].whole:
            return [msgspec.structs.replace(run[0].raw, topic=self.resource, header=_restored(run[0]))]
        good = [Write(self.resource, data, 0, read(data, 0)) for data in self._good(run, counts)]
        bad = [record for one in run if one.passed < one.count for record in _refused(one, counts)]
        return [*good, *write_refused(self.quarantine, bad, run[0].raw.header.codec, now_ms)] if run else []

    def _good(self, run: Sequence[_Judged], counts: Counts) -> list[bytearray]:
        """Return batches of what passed. Where one is larger than the resource allows, its records are divided among several."""
        most = sum(one.passed for one in run)
        while most:
            batches = list(_packed(run, most))
            if all(len(batch) <= self.batch_bytes_max for batch in batches):
                return batches
            if most == 1:  # a batch is a record now: those that are too large alone go, and the rest is tried again
                self._mark_too_large(run, batches, counts)
                most = sum(one.passed for one in run)
            else:
                most = (most + 1) // 2
        return []

    def _mark_too_large(self, run: Sequence[_Judged], batches: Sequence[bytearray], counts: Counts) -> None:
        sizes = iter(map(len, batches))
        for one in run:
            for record in np.flatnonzero(one.codes == layout.OK).tolist():
                if next(sizes) > self.batch_bytes_max:
                    counts.warned.subtract(_warned_by(one, record, patterns=True))
                    one.codes[record] = kernel.G_TOO_LARGE
                    one.passed -= 1

    def _unreadable(self, raw: Write, now_ms: int, counts: Counts) -> list[Write]:
        counts.refused[UNREADABLE.word] += raw.header.count
        record = refused_batch(raw.data, raw.start, raw.header, UNREADABLE)
        return [write_opaque(self.quarantine, record, raw.header.count, now_ms)]


def _restored(judged: _Judged) -> Header:
    """Return the header of a batch that goes on as it came, with its department's timestamps where the inbox's broker wrote its own."""
    header = judged.raw.header
    if not header.log_append_time:
        return header
    latest = header.base_timestamp + int(judged.spans[kernel.SPAN_DELTA :: kernel.SPAN_WIDTH].max())
    return msgspec.structs.replace(by_create_time(header), max_timestamp=latest)


def _joins(run: Sequence[_Judged], judged: _Judged) -> bool:
    """Tell whether a batch is to be rebuilt together with those before it: in one codec, for each its own limits were kept."""
    if judged.stays_alone or run[-1].stays_alone or run[0].raw.header.codec != judged.raw.header.codec:
        return False
    return sum(len(one.data) for one in run) + len(judged.data) <= _RUN_BYTES_MAX


def _match(judged: _Judged, judge: _Judge, kept: npt.NDArray[np.int64], counts: Counts) -> int:
    """Hold the fields that have a pattern against it, in records that passed so far; return how many are refused."""
    rules, refused_records = judge.program.rules, 0
    for record in np.flatnonzero((judged.codes == layout.OK) & (kept[:, ::2] >= 0).any(axis=1)).tolist():
        broken = list(_unmatched(judged.data, judge.program, kept[record].tolist()))
        if not broken:
            continue
        refusing = next(((pattern, at) for pattern, at in broken if not rules[pattern.rule].warns), None)
        if refusing is None:
            counts.warned.update(rules[pattern.rule].name for pattern, _at in broken)
            continue
        counts.warned.subtract(_warned_by(judged, record, patterns=False))
        pattern, at = refusing
        place = at - int(judged.spans[record * kernel.SPAN_WIDTH + kernel.SPAN_VALUE])
        judged.found[record * kernel.FOUND_WIDTH :][: kernel.FOUND_WIDTH] = (layout.E_RULE, 0, pattern.rule, place)
        refused_records += 1
    return refused_records


def _unmatched(data: Bytes, program: Program, kept: Sequence[int]) -> Iterator[tuple[Pattern, int]]:
    """Yield the patterns that a record's fields do not match, and where each field stands."""
    for number, pattern in enumerate(program.patterns):
        at, length = kept[2 * number : 2 * number + 2]
        if at >= 0 and not pattern.regex.fullmatch(data[at : at + length].tobytes()):
            yield pattern, at


def _warnings(program: Program, state: Int64s) -> dict[str, int]:
    """Return how often each rule that only warns was broken by what passed."""
    warned: Counter[str] = Counter()
    for rule, times in zip(program.rules, program.warned(state).tolist(), strict=True):
        warned[rule.name] += times
    return +warned


def _warned_by(judged: _Judged, record: int, *, patterns: bool) -> Counter[str]:
    """Return what a record that passed has broken of the rules that only warn: it is judged once more, for it will not pass."""
    program, job, slots = judged.judges[judged.judged_by[record]]
    start, end = judged.spans[record * kernel.SPAN_WIDTH + np.array((kernel.SPAN_START, kernel.SPAN_END))]
    data, state, alone = judged.data[start:end], program.state(), job.copy()
    alone[kernel.JOB_FIRST], alone[kernel.JOB_AGAIN] = record, 0
    found, spans = np.zeros(kernel.FOUND_WIDTH, np.int32), np.zeros(kernel.SPAN_WIDTH, np.int64)
    kept = np.full(2 * len(slots), -1, np.int64)
    passed = kernel.judge(data, 1, read_only(alone), program.tables, state, found, spans, slots, kept)
    assert passed == 1, "judged twice, a record is judged alike"
    warned = Counter(_warnings(program, state))
    if patterns:
        warned.update(program.rules[pattern.rule].name for pattern, _at in _unmatched(data, program, kept.tolist()))
    return warned


def _packed(run: Sequence[_Judged], most: int) -> Iterator[bytearray]:
    """Yield batches of at most so many records that passed, in order, compressed as the first batch was."""
    first, codec = next(_first_timestamp(one) for one in run if one.passed), run[0].raw.header.codec
    room = UNFOLDED.take(sum(len(one.data) + one.count * HEAD_BYTES for one in run))
    out = np.frombuffer(room, np.uint8)
    place = np.zeros(kernel.PUT_WIDTH, np.int64)
    for one in run:
        if not one.passed:
            continue
        begin, shift = 0, _wrapped(one.raw.header.base_timestamp - first)
        while True:
            begin = kernel.put(one.data, one.found, one.spans, begin, most, shift, out, place)
            if begin == one.count:
                break
            yield _assembled(codec, first, out, place)
    if place[kernel.PUT_COUNT]:
        yield _assembled(codec, first, out, place)
    UNFOLDED.give(room)


def _assembled(codec: int, first: int, out: Bytes, place: Int64s) -> bytearray:
    at, count, latest = place.tolist()
    place[:] = 0
    return assemble(out[:at].data, count, first, first + latest, attributes=codec)


def _first_timestamp(judged: _Judged) -> int:
    """Return the timestamp (ms) of the first record that passed."""
    record = int(np.argmax(judged.codes == layout.OK))
    return judged.raw.header.base_timestamp + int(judged.spans[record * kernel.SPAN_WIDTH + kernel.SPAN_DELTA])


def _wrapped(number: int) -> int:
    """Return a number as 64 bits have it: what is added to it there comes out right, if only the sum fits."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def _refused(judged: _Judged, counts: Counts) -> Iterator[Refused]:
    """Yield the quarantine's records of one batch, and count them by their reasons."""
    header, data = judged.raw.header, judged.data.data
    for record in np.flatnonzero(judged.codes != layout.OK).tolist():
        code, field, rule, place = judged.found[record * kernel.FOUND_WIDTH :][: kernel.FOUND_WIDTH].tolist()
        start, rest, end, delta, _value, headers = judged.spans[record * kernel.SPAN_WIDTH :][: kernel.SPAN_WIDTH].tolist()
        reason, offset = _reason(judged, record, code, field, rule), header.base_offset + record
        counts.refused[reason.word] += 1
        if code == kernel.G_GARBLED:
            yield refused_record(data, start, end, reason, offset=offset)
            continue
        where, timestamp = Where(rest, headers, end), header.base_timestamp + delta
        yield refused(data, where, reason, offset=offset, place=place, timestamp=timestamp)


def _reason(judged: _Judged, record: int, code: int, field: int, rule: int) -> Reason:
    if code >= kernel.G_GARBLED:
        return REASONS[code]
    fault = judged.judges[judged.judged_by[record]].program.explain(code, field, rule)
    return Reason(fault.word, fault.zh, fault.en, fault.field)


def warm() -> None:
    """Load the gate's kernel from its cache, or compile it there (some ten seconds): afterwards no record waits for it."""
    schema = {"type": "record", "name": "Warm", "fields": []}
    topic = Topic("000000.warm.warm")
    gate = open_gate(
        resource=topic, schemas={0: msgspec.json.encode(schema).decode()}, partitions=1, is_state=False, batch_bytes_max=_RUN_BYTES_MAX
    )
    good, bad = (Record(offset=0, timestamp=0, key=None, value=value) for value in (bytes(5), b""))
    data = build((good, bad), codec=NONE)
    gate.judge(0, [Write(topic, data, 0, read(data, 0))], 0)


def open_gate(*, resource: Topic, schemas: Mapping[int, str], partitions: int, is_state: bool, batch_bytes_max: int) -> Gate:
    """Return the gate of a resource whose schemas (canonical JSON by id, the newest last) its records may have. SchemaError for a bad one."""
    if not schemas:
        raise SchemaError(f"{resource} has no schema that its records could be held against")
    programs = [(number, compile_program(parse(msgspec.json.decode(text)))) for number, text in schemas.items()]
    return Gate(
        resource=resource,
        quarantine=quarantine_topic(resource),
        partitions=partitions,
        is_state=is_state,
        batch_bytes_max=batch_bytes_max,
        programs=tuple(reversed(programs)),
    )
