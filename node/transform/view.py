"""Views: of a resource's records the rows and fields that were granted, cut once for all who take them.

Each batch is unfolded once and each record walked once, for however many views; what each of them has is put behind each other into batches of
its own, numbered from 0, in the source's partition and order and with its timestamps. Batches that come together become one. Headers are left
out, and a key that is not granted becomes its HMAC under the view's secret.
"""

import hmac
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np

from node.avro.cutting import CutProgram, compile_cuts
from node.avro.jit import Bytes, Int64s
from node.avro.kernel_cut import hmac_tables
from node.avro.kernel_lanes import new_lanes
from node.avro.layout import EVENT_BYTES_MAX
from node.avro.program import read_only
from node.avro.schema import parse
from node.avro.selection import Selection
from node.batch.build import assemble, build
from node.batch.codec import room_for
from node.batch.header import HEADER_BYTES, NONE, read
from node.batch.records import Record
from node.errors import BatchError, SchemaError
from node.model.limits import MIB
from node.model.names import Topic
from node.transform import kernel_view as kernel
from node.transform.opening import unfold
from node.transform.rooms import UNFOLDED, WRITTEN
from node.transform.shown import SEED_BYTES, Shown
from node.transform.writes import Made, Write

SECRET_BYTES = 32
_SECTION_BYTES_MAX = MIB
"""Uncompressed bytes of a batch: as many as a department's largest has by default."""
_SHARE_OF_MAX = 0.9
"""What of the broker's bound a batch's records may take before they are compressed, which adds a little to what does not shrink."""
_TOGETHER_BYTES_MAX = 32 * MIB
"""What is taken in one go ends behind the batch that reaches this: uncompressed bytes, some 60 ms for one view, a quarter more for each other ..."""
_TOGETHER_VIEWS = 8
"""... and less for more views than these: however many, a transaction must not outlive its time-out."""
_EVENTS_FIRST = 1 << 15


class ViewSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A view as grants ask for it."""

    topic: Topic
    selection: Selection
    from_now: bool
    """it has what the resource gets from now on, nothing of what it holds"""
    schemas: Mapping[int, int]
    """by the resource's schema ids, the view's"""
    secret: bytes
    """32 bytes; none where neither keys nor fields are hidden by one"""


class _View(msgspec.Struct, frozen=True, eq=False):
    """A view as the kernel has it. Of versions of the resource's schema the newest stands first."""

    number: int
    """its place among the resource's views"""
    frames: tuple[Bytes, ...]
    """what stands before its values, by version"""
    actions: tuple[Int64s, ...]
    """by version"""
    hides_key: bool
    field_secret: Int64s
    key_secret: Int64s
    tombstones: int


class _Bench:
    """What one thread works with, from chunk to chunk: the kernel's own."""

    def __init__(self, views: int) -> None:
        self.heads = np.empty(kernel.CHUNK_RECORDS * kernel.HEAD_WIDTH, np.int64)
        self.place = np.empty(kernel.PLACE_WIDTH, np.int64)
        self.inside = np.empty((views, kernel.CHUNK_RECORDS), np.uint8)
        self.events = np.empty(_EVENTS_FIRST, np.int64)
        self.looked = np.empty(kernel.LOOK_WIDTH, np.int64)
        self.work = np.empty(0, np.uint8)
        self.cuts = np.empty(2 * kernel.CHUNK_RECORDS, np.int64)
        self.digits = np.empty(kernel.CHUNK_RECORDS * kernel.DIGEST_BYTES, np.uint8)
        self.lanes = new_lanes()

    def make_room(self, size: int) -> None:
        """Make room for what a view has of a chunk; nothing is kept of what stood there."""
        if len(self.work) < size:
            self.work = np.empty(size, np.uint8)


class _Chunk(msgspec.Struct, frozen=True, eq=False):
    """Records of a batch that were looked at: as many as `count` in `bench.heads`."""

    data: Bytes
    count: int
    base: int
    """what their timestamps' deltas start from (ms)"""
    versions: tuple[int, ...]
    """those that have values among them"""
    gone: bool
    """some have no value"""


_NO_KEYS = Shown(bytes(SEED_BYTES)).keys
"""The kernel wants some, and leaves them alone."""


class _Output:
    """What one view has of a group of batches."""

    def __init__(self, topic: Topic, view: _View, shown: Shown | None, codec: int, most: int) -> None:
        self.topic, self.view = topic, view
        self._shown, self._codec, self._most = shown, codec, most
        # Who should remember and does not is only looked at: without a memory no tombstone can be right.
        self._tombstones = kernel.TOMBSTONES_END if shown is None and view.tombstones == kernel.TOMBSTONES_OF_SHOWN else view.tombstones
        self._out = WRITTEN.take(most)
        self._written = np.zeros(kernel.PUT_WIDTH, np.int64)
        self._writes: list[Write] = []

    def take(self, chunk: _Chunk, inside: Bytes, bench: _Bench) -> None:
        """Write what the view has of a chunk."""
        entering = int(np.count_nonzero(inside[: chunk.count]))
        if not entering and not self._takes_back(chunk):
            return
        if self._shown is not None:
            self._shown.make_room(keys=entering, changes=chunk.count)
        at, view = 0, self.view
        for version in chunk.versions if entering else ():
            frame, actions = view.frames[version], view.actions[version]
            at = kernel.cut(
                chunk.data,
                bench.heads,
                chunk.count,
                version,
                inside,
                bench.events,
                actions,
                view.field_secret,
                frame,
                bench.work,
                at,
                bench.cuts,
            )
        self._put(chunk, inside, bench)

    def _takes_back(self, chunk: _Chunk) -> bool:
        """Tell whether a chunk of which nothing is in the view's rows may become tombstones."""
        if self._tombstones == kernel.TOMBSTONES_OF_SHOWN:
            return bool(self._shown)
        return chunk.gone and self._tombstones == kernel.TOMBSTONES_PASS

    def _put(self, chunk: _Chunk, inside: Bytes, bench: _Bench) -> None:
        begin, view = 0, self.view
        if view.hides_key:
            every = self._tombstones != kernel.TOMBSTONES_END
            kernel.hide(chunk.data, bench.heads, chunk.count, inside, every, view.key_secret, bench.lanes, bench.digits)
        keys = _NO_KEYS if self._shown is None else self._shown.keys
        while True:
            begin = kernel.put(
                chunk.data, bench.heads, begin, chunk.count, chunk.base, inside, bench.work, bench.cuts, view.hides_key,
                self._tombstones, keys, bench.digits, self._most, self._out, self._written,
            )  # fmt: skip
            if begin == chunk.count:
                return
            if self._written[kernel.PUT_COUNT] and self._written[kernel.PUT_NEED] > self._most:
                self._finish()
            else:
                self._grow(int(self._written[kernel.PUT_NEED]))

    def _grow(self, need: int) -> None:
        """Make room for a record that is larger than a batch should be."""
        more, at = WRITTEN.take(need), int(self._written[kernel.PUT_AT])
        more[:at] = self._out[:at]
        WRITTEN.give(self._out)
        self._out = more

    def finished(self) -> tuple[Write, ...]:
        """Return all batches."""
        if self._written[kernel.PUT_COUNT]:
            self._finish()
        WRITTEN.give(self._out)
        return tuple(self._writes)

    def _finish(self) -> None:
        at, count, first, latest, _need = self._written.tolist()
        data = assemble(self._out[:at].data, count, first, latest, attributes=self._codec)
        self._writes.append(Write(self.topic, data, 0, read(data, 0)))
        self._written[:] = 0


class Views(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The views of one resource; threads may share them. See `node.transform.writes.Transform`."""

    resource: Topic
    is_state: bool
    batch_bytes_max: int
    versions: tuple[tuple[int, CutProgram], ...]
    """the resource's schema ids with their programs, the newest first"""
    views: Mapping[Topic, _View]

    def outcomes(self, route: Topic) -> Mapping[Topic, str]:
        """Return that a view's records are sent to its topic."""
        return {route: "sent"}

    def memory(self, route: Topic, key: bytes) -> Shown | None:
        """Return what remembers the keys that a view has shown; None where every key of the resource is, or no record is ever taken back."""
        return Shown(key) if self.views[route].tombstones == kernel.TOMBSTONES_OF_SHOWN else None

    def make(self, partition: int, raws: Sequence[Write], now_ms: int, routes: Mapping[Topic, Shown | None]) -> Mapping[Topic, Made]:  # noqa: ARG002
        """Return what views have of batches that came together, each in batches of up to a mebibyte; a larger record stands alone.

        BatchError where one can come from no gate of this resource: then memories hold for nothing until they `resume`.
        """
        codec = next((raw.header.codec for raw in raws if raw.header.count), NONE)
        most = min(_SECTION_BYTES_MAX, int(self.batch_bytes_max * _SHARE_OF_MAX))
        outputs = [_Output(topic, self.views[topic], shown, codec, most) for topic, shown in routes.items()]
        numbers = [one.view.number for one in outputs]
        filters = [read_only(program.filters[numbers]) for _number, program in self.versions]
        bench = _Bench(len(outputs))
        taken = unfolded = 0
        for raw in raws:
            unfolded += self._take(partition, raw, filters, bench, outputs)
            taken += 1
            if unfolded * max(1, len(outputs) // _TOGETHER_VIEWS) >= _TOGETHER_BYTES_MAX:
                break
        return {one.topic: Made(taken, one.finished()) for one in outputs}

    def _take(self, partition: int, raw: Write, filters: Sequence[Int64s], bench: _Bench, outputs: Sequence[_Output]) -> int:
        """Cut one batch for some views; return how many bytes it unfolds to."""
        if not raw.header.count:
            return 0  # compaction has left nothing but its offsets
        room = UNFOLDED.take(room_for(raw.header.size - HEADER_BYTES))
        try:
            data = unfold(raw, room)
            for chunk in self._chunks(raw, data, filters, bench):
                for output, inside in zip(outputs, bench.inside, strict=True):
                    output.take(chunk, inside, bench)
        except BatchError as fault:
            where = f"{self.resource}-{partition}, the batch at offset {raw.header.base_offset}"
            raise BatchError(f"{where}: {fault}. No gate of ours has let that pass: who else writes to the topic?") from fault
        UNFOLDED.give(room)
        return len(data)

    def _chunks(self, raw: Write, data: Bytes, filters: Sequence[Int64s], bench: _Bench) -> Iterator[_Chunk]:
        """Yield the records of a batch, looked at, chunk by chunk."""
        bench.place[kernel.PLACE_AT], bench.place[kernel.PLACE_OFFSET] = 0, -1
        left = raw.header.count
        while left:
            begin = int(bench.place[kernel.PLACE_AT])
            count = kernel.read_heads(data, left, raw.header.last_offset_delta, bench.place, bench.heads)
            if count < 0:
                raise BatchError(f"the record behind offset {_offset(raw, bench)} is garbled")
            left -= count
            if not left and bench.place[kernel.PLACE_AT] != len(data):
                raise BatchError(f"bytes are left behind its last record, at offset {_offset(raw, bench)}")
            chunk = self._looked(raw, data, count, filters, bench)
            size = int(bench.place[kernel.PLACE_AT]) - begin + count * kernel.FRAME_BYTES
            bench.make_room(size + int(bench.looked[kernel.LOOK_EVENTS]) * EVENT_BYTES_MAX)
            yield chunk

    def _looked(self, raw: Write, data: Bytes, count: int, filters: Sequence[Int64s], bench: _Bench) -> _Chunk:
        """Walk the values of a chunk, by the newest schema first."""
        values = int(bench.place[kernel.PLACE_VALUES])
        if values < count and not self.is_state:
            raise BatchError(f"up to offset {_offset(raw, bench)} stands a record without a value, which facts do not have")
        bench.inside[:, :count] = 0
        bench.looked[:] = 0
        versions = []
        for version, (number, program) in enumerate(self.versions):
            before = int(bench.looked[kernel.LOOK_WALKED])
            if before == values:
                break
            self._look(raw, data, count, (number, version), program, filters[version], bench)
            if bench.looked[kernel.LOOK_WALKED] > before:
                versions.append(version)
        if bench.looked[kernel.LOOK_WALKED] < values:
            raise BatchError(f"up to offset {_offset(raw, bench)} stands a record whose schema is none of the resource's")
        return _Chunk(data, count, raw.header.base_timestamp, tuple(versions), values < count)

    def _look(  # noqa: PLR0917
        self, raw: Write, data: Bytes, count: int, which: tuple[int, int], program: CutProgram, filters: Int64s, bench: _Bench
    ) -> None:
        """Walk the values of one schema, with as much room for events as they need."""
        begin, state, number, version = 0, program.state(), *which
        while True:
            begin = kernel.look(
                data, bench.heads, begin, count, number, version, program.tables, state, filters, bench.inside, bench.events, bench.looked
            )
            if begin == count:
                return
            if not bench.looked[kernel.LOOK_FULL]:
                raise BatchError(f"up to offset {_offset(raw, bench)} stands a value that is none of its schema's")
            bench.events = np.concatenate((bench.events, np.empty(len(bench.events), np.int64)))


def _offset(raw: Write, bench: _Bench) -> int:
    """Return the offset of the record that was found last."""
    return raw.header.base_offset + max(int(bench.place[kernel.PLACE_OFFSET]), 0)


def open_views(*, resource: Topic, schemas: Mapping[int, str], is_state: bool, batch_bytes_max: int, views: Sequence[ViewSpec]) -> Views:
    """Return the views of a resource whose schemas (JSON by id, the newest last) its records may have. SchemaError for a bad one."""
    if not schemas:
        raise SchemaError(f"{resource} has no schema that its views could be cut by")
    selections = [one.selection for one in views]
    programs = [(number, compile_cuts(parse(msgspec.json.decode(text)), selections)) for number, text in schemas.items()]
    versions = tuple(reversed(programs))
    return Views(
        resource=resource,
        is_state=is_state,
        batch_bytes_max=batch_bytes_max,
        versions=versions,
        views={spec.topic: _opened(number, spec, versions, is_state=is_state) for number, spec in enumerate(views)},
    )


def _opened(number: int, spec: ViewSpec, versions: Sequence[tuple[int, CutProgram]], *, is_state: bool) -> _View:
    if missing := [version for version, _program in versions if version not in spec.schemas]:
        raise SchemaError(f"{spec.topic} has no schema for {missing} of its resource's")
    hides_key = not all(program.key_whole[number] for _version, program in versions)
    hides = hides_key or any(mask == "hmac" for mask in spec.selection.masks.values())
    if hides and len(spec.secret) != SECRET_BYTES:
        raise SchemaError(f"{spec.topic} hides keys or fields, and has no secret of {SECRET_BYTES} bytes to hide them by")
    remembers = is_state and bool(spec.selection.rows or spec.from_now)
    passes = kernel.TOMBSTONES_PASS if is_state else kernel.TOMBSTONES_END
    return _View(
        number=number,
        frames=tuple(
            read_only(np.frombuffer(spec.schemas[version].to_bytes(kernel.FRAME_BYTES), np.uint8)) for version, _program in versions
        ),
        actions=tuple(program.actions[number] for _version, program in versions),
        hides_key=hides_key,
        field_secret=hmac_tables(_derived(spec.secret, b"field")),
        key_secret=hmac_tables(_derived(spec.secret, b"key")),
        tombstones=kernel.TOMBSTONES_OF_SHOWN if remembers else passes,
    )


def _derived(secret: bytes, use: bytes) -> bytes:
    """Return the secret of one use: what hides a field and what hides a key tell nothing of each other."""
    return hmac.digest(secret, use, "sha256")


def warm() -> None:
    """Load the kernel of views from its cache, or compile it there: afterwards no record waits for it."""
    schema = {"type": "record", "name": "Warm", "key": ["a"], "fields": [{"name": "a", "type": "string"}]}
    topic, view = Topic("000000.warm.warm"), Topic("000000.warm.warm.v-000000000000")
    spec = ViewSpec(
        topic=view, selection=Selection(rows='a != ""', masks={"a": "hide"}), from_now=False, schemas={0: 0}, secret=bytes(SECRET_BYTES)
    )
    opened = open_views(
        resource=topic, schemas={0: msgspec.json.encode(schema).decode()}, is_state=True, batch_bytes_max=MIB, views=(spec,)
    )
    shown = Shown(bytes(SEED_BYTES))
    shown.opened(0)
    data = build((Record(0, 0, b"a", bytes(5) + b"\2a"), Record(1, 0, b"a", None)), codec=NONE)
    made = opened.make(0, [Write(topic, data, 0, read(data, 0))], 0, {view: shown})
    assert shown.resume(0)
    for write in made[view].writes:
        Shown(bytes(SEED_BYTES)).learn(write)
