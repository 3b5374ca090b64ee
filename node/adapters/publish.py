"""A file goes to a resource's inbox, exactly once, however often it is interrupted and run again. The gate takes it from there."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import stamina
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from node.adapters.files import Row, Survey, read_rows, survey, unchanged
from node.adapters.transactions import Place, abort, kafka_errors, open_producer, read_place
from node.avro import ParsedSchema, encode, frame_header, key_of, parse
from node.bus.security import Security
from node.errors import BusError, DataError, RowError, Unavailable
from node.model.limits import BACKOFF_FIRST_S, BACKOFF_MAX_S, KIB, TRANSACTION_TIMEOUT_S
from node.model.names import Topic, department_of, inbox_topic
from node.model.partition import partition_of
from node.model.values import Kind, ResourceValue, SchemaValue

TRANSACTION_ROWS = 25_000
TRANSACTION_S = 1.0
"""A transaction closes at the first of the two, about the same at 25,000 rows a second. Its end costs some 70 ms, in which
nothing is filled: a few hundredths of it; and a taker waits a second at most."""
DEADLINE_S = TRANSACTION_TIMEOUT_S - TRANSACTION_S
"""A transaction that takes longer is given up by us, before its coordinator does and fences us."""
KEYLESS_RUN = 1000
"""So many records without key go to one partition before the next has its turn: full batches, even partitions."""
BATCH_BYTES_MAX = 512 * KIB
"""Some 3,000 records of 170 bytes, before compression. Each hop behind pays by the batch, some 0.1 ms whatever is in it; larger ones compress
no better, and Kafka's default bound of 1 MiB must hold one that does not compress at all."""
RECORD_OVERHEAD_BYTES = 128
"""A batch's header (61 bytes) and a record's own lengths and deltas (up to 36), rounded up."""
REFUSALS_TOLD = 100
"""A wholly wrong file has as many refusals as rows: the first tell what is wrong with it."""
GIVE_UP_S = 60.0
"""Without one transaction committed for so long, publishing ends; run again, it goes on."""


class Refusal(msgspec.Struct, frozen=True):
    """One row that was not published: its line, the field at fault (empty: the row as a whole) and why."""

    line: int
    field: str
    reason: str


class Published(msgspec.Struct, frozen=True):
    """What became of a file, over all runs: rows = published + refused_count. `refused` has the first of this run only."""

    rows: int
    published: int
    refused_count: int
    refused: tuple[Refusal, ...]
    resumed_from: int
    """row at which this run began; `rows` if all was published before"""
    seconds: float


Progress = Callable[[int, int, int], None]
"""Called after each commit with rows done, rows in all, and rows refused, over all runs."""


async def publish(
    path: Path,
    *,
    resource: ResourceValue,
    schema: SchemaValue,
    bootstrap: str,
    security: Security | None = None,
    on_progress: Progress = lambda _done, _rows, _refused: None,
    on_refused: Callable[[Sequence[Refusal]], None] = lambda _refusals: None,
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
) -> Published:
    """Publish the rows of a CSV, NDJSON or Avro file to a resource's inbox, each exactly once, typed by its schema.

    A row that does not fit is refused, by line, and the rest goes on; `on_refused` gets all refusals of a transaction
    once it is committed. The place is kept for each resource by the
    file's content (as long as Kafka keeps the offsets of an idle group, 7 days by default): a second run goes on
    where the first ended, and after its end publishes nothing. A mended file is another file: put only the mended
    rows into it.

    DataError: the file cannot be read, or changes meanwhile. Fenced: the same file is being published elsewhere.
    Unavailable: Kafka, or the topic, was away for GIVE_UP_S. Another BusError: no right to write, a topic that is not as
    the catalogue says.
    """
    started = time.monotonic()
    parsed = parse(msgspec.json.decode(schema.schema))
    if resource.kind is Kind.STATE and not parsed.key:
        raise DataError(f'{resource.name} is state, kept by key, but its schema {parsed.name} names no "key"')
    seen = await asyncio.to_thread(survey, path)
    job = _Job(path, seen, resource, parsed, frame_header(schema.id), bootstrap, security or Security(), now_ms)
    course = _Course(seen.rows, on_progress, on_refused)
    while not course.done:
        retries = stamina.retry_context(
            on=Unavailable, attempts=None, timeout=GIVE_UP_S, wait_initial=BACKOFF_FIRST_S, wait_max=BACKOFF_MAX_S
        )
        async for attempt in retries:
            with attempt:
                await _session(job, course)
    return course.result(time.monotonic() - started)


def publication_group(resource: ResourceValue, sha256: str) -> str:
    """Return the transactional.id of a file's publication, which is also the consumer group that keeps its place."""
    return f"{department_of(resource.name)}.publish.{sha256[:16]}"


class _Job(msgspec.Struct, frozen=True):
    """What is published, and where to."""

    path: Path
    seen: Survey
    resource: ResourceValue
    schema: ParsedSchema
    header: bytes
    bootstrap: str
    security: Security
    now_ms: Callable[[], int]

    @property
    def topic(self) -> Topic:
        return inbox_topic(self.resource.name)

    @property
    def group(self) -> str:
        return publication_group(self.resource, self.seen.sha256)


class _Course:
    """How far the file has come, by committed transactions alone."""

    def __init__(self, rows: int, on_progress: Progress, on_refused: Callable[[Sequence[Refusal]], None]) -> None:
        self._rows, self._on_progress, self._on_refused = rows, on_progress, on_refused
        self._resumed_from: int | None = None
        self._refused: list[Refusal] = []
        self.place = Place()

    @property
    def done(self) -> bool:
        """Whether the place is known and no row is left."""
        return self._resumed_from is not None and self.place.row >= self._rows

    def found(self, place: Place) -> None:
        """Go on from the place that Kafka keeps: it may be ahead of ours, if a commit's answer was lost."""
        if self._resumed_from is None:
            self._resumed_from = place.row
        self.place = place

    def committed(self, place: Place, refused: list[Refusal]) -> None:
        self._refused += refused[: REFUSALS_TOLD - len(self._refused)]
        if refused:
            self._on_refused(refused)
        self.place = place
        self._on_progress(place.row, self._rows, place.refused)

    def result(self, seconds: float) -> Published:
        assert self._resumed_from is not None
        rows, refused = self.place.row, self.place.refused
        return Published(rows, rows - refused, refused, tuple(self._refused), self._resumed_from, seconds)


async def _session(job: _Job, course: _Course) -> None:
    """Publish with one producer to the file's end. Unavailable if Kafka went away before anything was committed."""
    topic, progressed = job.topic, False
    batch_bytes = min(BATCH_BYTES_MAX, job.resource.max_message_bytes)
    try:
        with kafka_errors(topic):
            async with open_producer(job.bootstrap, job.group, batch_bytes=batch_bytes, security=job.security) as producer:
                await _check_topic(producer, topic, job.resource.partitions)
                course.found(await read_place(job.bootstrap, job.group, topic, security=job.security))
                with closing(read_rows(job.path, job.schema, course.place.row)) as rows:
                    while not course.done:
                        course.committed(*await _transaction(job, producer, rows, course.place))
                        progressed = True
    except Unavailable:
        if not progressed:
            raise


async def _check_topic(producer: AIOKafkaProducer, topic: Topic, wanted: int) -> None:
    """Return when the topic is as the catalogue says. All topics are asked for: asking for one by name may make it."""
    partitions = (await producer.client.fetch_all_metadata()).partitions_for_topic(topic)
    if partitions is None:
        raise Unavailable(f"{topic}: the topic is not there yet; the owner's node makes it")
    if len(partitions) != wanted:
        raise BusError(f"{topic}: the topic has {len(partitions)} partitions, the catalogue says {wanted}")


async def _transaction(job: _Job, producer: AIOKafkaProducer, rows: Iterator[Row], place: Place) -> tuple[Place, list[Refusal]]:
    """Publish the next rows in one transaction, with the place behind them; return that place and what was refused."""
    topic = job.topic
    async with asyncio.timeout(DEADLINE_S):
        await producer.begin_transaction()
        try:
            batches = _Batches(producer, topic, job.resource.partitions)
            row, refused = await _fill(job, batches, rows)
            if row is None or not unchanged(job.path, job.seen):
                raise DataError(f"{job.path.name}: changed while it was being published; only a file that stands still can be")
            place = Place(row.number + 1, place.refused + len(refused))
            # A commit would go through even if a batch had failed: every one is awaited first.
            await batches.sent()
            await producer.send_offsets_to_transaction(
                {TopicPartition(topic, 0): OffsetAndMetadata(place.row, str(place.refused))}, job.group
            )
        except (DataError, asyncio.CancelledError):
            await abort(producer)
            raise
        await producer.commit_transaction()
    return place, refused


async def _fill(job: _Job, batches: "_Batches", rows: Iterator[Row]) -> tuple[Row | None, list[Refusal]]:
    """Take rows until the transaction is full; return the last one, None if there was none, and what was refused."""
    until, row = time.monotonic() + TRANSACTION_S, None
    refused = []
    for row in islice(rows, TRANSACTION_ROWS):
        try:
            key, value = _record(job, row)
        except RowError as error:
            refused.append(Refusal(row.line, error.field, error.reason))
        else:
            if batches.add(key, value, job.now_ms()):
                await batches.send()
        if time.monotonic() > until:
            break
    return row, refused


def _record(job: _Job, row: Row) -> tuple[bytes | None, bytes]:
    """Return key and value of a row's record; RowError if the row does not fit or the record is too large."""
    if isinstance(row.datum, RowError):
        raise row.datum
    value, key = job.header + encode(job.schema, row.datum), key_of(job.schema, row.datum)
    size = len(value) + len(key or b"") + RECORD_OVERHEAD_BYTES
    if size > job.resource.max_message_bytes:
        raise RowError("", f"the record takes {size} bytes, the resource allows {job.resource.max_message_bytes}")
    return key, value


class _Batches:
    """The batches of one transaction: one open for each partition, the full ones on their way.

    Rows go into batches of our own because `producer.send` costs a future and a task's turn for each of them.
    """

    def __init__(self, producer: AIOKafkaProducer, topic: Topic, partitions: int) -> None:
        self._producer, self._topic, self._partitions = producer, topic, partitions
        self._open: dict[int, Any] = {}
        self._full: list[tuple[int, Any]] = []
        self._answers: list[asyncio.Future[Any]] = []
        self._count = 0

    def add(self, key: bytes | None, value: bytes, timestamp_ms: int) -> bool:
        """Add a record to the partition of its key; records without key take turns by KEYLESS_RUN. True: a batch is full, `send` it."""
        self._count += 1
        partition = self._count // KEYLESS_RUN % self._partitions if key is None else partition_of(key, self._partitions)
        batch = self._open.get(partition)
        if batch is not None and batch.append(timestamp=timestamp_ms, key=key, value=value) is not None:
            return False
        self._open[partition] = opened = self._producer.create_batch()
        opened.append(timestamp=timestamp_ms, key=key, value=value)
        if batch is None:
            return False
        self._full.append((partition, batch))
        return True

    async def send(self) -> None:
        """Hand the full batches to the producer; it holds us back while it has not taken the partition's last one."""
        full, self._full = self._full, []
        for partition, batch in full:
            batch.close()
            answer = await self._producer.send_batch(batch, self._topic, partition=partition)
            # Whoever gives the transaction up does not ask any more: an unasked failure must not be logged as forgotten.
            answer.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._answers.append(answer)
        await asyncio.sleep(0)  # the producer's own tasks get their turn before the next batch is filled

    async def sent(self) -> None:
        """Send what is left and wait until Kafka has every batch; raise what befell the first that failed."""
        self._full += self._open.items()
        self._open = {}
        await self.send()
        await asyncio.gather(*self._answers)
