"""Answers for node/adapters/export.py: records of real brokers in files, compared with what was written."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from node.adapters import export as module
from node.adapters import read_rows
from node.adapters.export import Exported, Undecoded, export
from node.avro import encode, frame, parse
from node.avro.ids import schema_id
from node.control.exporting import Export
from node.errors import DataError, Unavailable
from node.model.names import Division, Topic
from node.model.values import Kind
from tests.conftest import Kafka

pytestmark = pytest.mark.kafka
FIRST: dict[str, Any] = {"type": "record", "name": "Bill", "key": ["code"], "fields": [{"name": "code", "type": "string"}]}
SECOND = FIRST | {"fields": [*FIRST["fields"], {"name": "raw", "type": "bytes", "default": "\u00ff"}]}
OLD, NEW = parse(FIRST), parse(SECOND)
Sent = tuple[int, str, bytes | None, int]
"""Partition, key, value and timestamp."""


def old(code: str) -> bytes:
    """A record of the first version."""
    return frame(schema_id(FIRST), encode(OLD, {"code": code}))


def new(code: str, raw: bytes = b"") -> bytes:
    """A record of the newest version."""
    return frame(schema_id(SECOND), encode(NEW, {"code": code, "raw": raw}))


def row(code: str, raw: bytes = b"") -> dict[str, Any]:
    """What stands in the file of a record."""
    return {"code": code, "raw": raw}


@asynccontextmanager
async def producing(kafka: Kafka, topic: Topic) -> AsyncIterator[AIOKafkaProducer]:
    """Open a transactional producer."""
    producer = AIOKafkaProducer(**kafka.aiokafka(), transactional_id=f"{topic}.writer")
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def send(producer: AIOKafkaProducer, topic: Topic, sent: Sequence[Sent]) -> None:
    """Write records into the open transaction, each acknowledged."""
    for partition, key, value, at in sent:
        await producer.send_and_wait(topic, value, key=key.encode(), partition=partition, timestamp_ms=at)


@pytest.fixture
def laid(kafka: Kafka, topic_name: Callable[[], str]) -> Callable[..., Any]:
    """Return what makes a topic of two partitions with these transactions; one after an empty one is aborted."""

    async def lay(*runs: Sequence[Sent]) -> Topic:
        topic = Topic(topic_name())
        admin = AIOKafkaAdminClient(**kafka.aiokafka())
        await admin.start()
        await admin.create_topics([NewTopic(topic, 2, 1)])
        await admin.close()
        async with producing(kafka, topic) as producer:
            aborts = False
            for run in runs:
                if run:
                    await producer.begin_transaction()
                    await send(producer, topic, run)
                    await (producer.abort_transaction() if aborts else producer.commit_transaction())
                aborts = not run
        return topic

    return lay


def wanted(topic: Topic, kind: Kind = Kind.FACTS, begin: int | None = None, end: int | None = None) -> Export:
    """What a node has decided."""
    return Export(
        grant=(Division("445102"), 7),
        topic=topic,
        partitions=2,
        kind=kind,
        schema_id=schema_id(SECOND),
        schemas={schema_id(one): one for one in (FIRST, SECOND)},
        from_ms=begin,
        to_ms=end,
    )


async def exported(kafka: Kafka, path: Path, asked: Export, **how: Any) -> tuple[Exported, list[Any]]:
    """Export; return what came of it and the rows in the file."""
    async with asyncio.timeout(30):
        done = await export(path, wanted=asked, bootstrap=kafka.bootstrap, security=kafka.security, **how)
    assert (done.bytes, done.sha256) == (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    return done, [one.datum for one in read_rows(path, NEW)]


@pytest.mark.parametrize("ending", ["csv", "ndjson", "jsonl", "avro"])
async def test_facts_are_all_there_in_the_newest_schema(kafka: Kafka, laid: Any, tmp_path: Path, ending: str) -> None:
    """Partition by partition, each in its order, older versions with the newest's defaults; what was aborted is not there. Twice is the same."""
    topic = await laid(
        [(1, "c", new("c", b"\x00"), 5), (0, "a", old("a"), 5), (1, "c", new("潮州"), 5)],
        [],
        [(0, "x", new("x"), 5)],
        [(0, "b", new("b"), 5)],
    )
    steps: list[tuple[int, int, int]] = []
    done, rows = await exported(kafka, tmp_path / f"a.{ending}", wanted(topic), on_progress=lambda *step: steps.append(step))
    assert rows == [row("a", b"\xff"), row("b"), row("c", b"\x00"), row("潮州")]
    assert (done.records, done.superseded, done.deleted, done.undecoded, done.formulas) == (4, 0, 0, 0, 0)
    assert done.positions == {0: (0, 6), 1: (0, 3)}
    assert steps[-1] == (9, 9, 4)
    assert steps == sorted(steps)
    again, _rows = await exported(kafka, tmp_path / f"b.{ending}", wanted(topic))
    assert again.sha256 == done.sha256
    assert {one.name for one in tmp_path.iterdir()} == {f"a.{ending}", f"b.{ending}"}


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ((20, None), ["20", "35", "30"]),
        ((20, 30), ["20"]),
        ((None, 20), ["10", "15"]),
        ((36, 40), []),
        ((10, 36), ["10", "20", "15", "35", "30"]),
    ],
)
async def test_times_are_those_of_each_record(
    kafka: Kafka, laid: Any, tmp_path: Path, times: tuple[int | None, int | None], expected: list[str]
) -> None:
    """In whatever order they stand: one that is too early or too late among others is left out, its neighbours are not. Reading begins at the first."""
    topic = await laid([(0, "k", new(str(at)), at) for at in (10, 20, 15, 35, 30)])
    done, rows = await exported(kafka, tmp_path / "a.ndjson", wanted(topic, Kind.FACTS, *times))
    assert [one["code"] for one in rows] == expected
    starts = {None: 0, 10: 0, 20: 1, 36: 5}  # the marker of the transaction is no record, but has a time
    assert done.positions[0] == (starts[times[0]], 6)


async def test_of_state_the_newest_of_each_key_of_the_time_is_there(kafka: Kafka, laid: Any, tmp_path: Path) -> None:
    """Without keys whose newest is a deletion; what came after the time does not count."""
    topic = await laid(
        [
            (0, "a", new("a", b"1"), 10),
            (0, "b", new("b"), 11),
            (0, "a", new("a", b"2"), 12),
            (1, "c", new("c"), 13),
            (1, "d", new("d"), 14),
        ],
        [(0, "b", None, 15), (1, "e", None, 15), (1, "c", new("c", b"2"), 30), (1, "d", None, 31)],
    )
    done, rows = await exported(kafka, tmp_path / "a.csv", wanted(topic, Kind.STATE, end=20))
    assert rows == [row("a", b"2"), row("c"), row("d")]
    assert (done.records, done.superseded, done.deleted) == (3, 2, 2)
    done, rows = await exported(kafka, tmp_path / "b.csv", wanted(topic, Kind.STATE))
    assert rows == [row("a", b"2"), row("c", b"2")]
    assert (done.records, done.superseded, done.deleted) == (2, 4, 3)


async def test_what_cannot_be_decoded_is_told_and_the_rest_is_there(
    kafka: Kafka, laid: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No frame, a schema that nobody registered, bytes cut short: each with its place, the first of them with why."""
    topic = await laid(
        [(0, "k", value, 5) for value in (b"plain", new("a"), frame(7, b""), new("b", b"xyz")[:-1], old("c")[:-1], new("d"))]
    )
    monkeypatch.setattr(module, "UNDECODED_TOLD", 3)
    done, rows = await exported(kafka, tmp_path / "a.csv", wanted(topic))
    assert rows == [row("a"), row("d")]
    assert (done.records, done.undecoded) == (2, 4)
    assert [(one.partition, one.offset) for one in done.undecoded_first] == [(0, 0), (0, 2), (0, 3)]
    assert done.undecoded_first[1] == Undecoded(0, 2, "schema 7 is of no version that was registered when the export began")


async def test_an_open_transaction_is_not_waited_for(kafka: Kafka, laid: Any, tmp_path: Path) -> None:
    """The end is what was committed at first: what may still be aborted is not there yet, and what comes later is another export's."""
    topic = await laid([(0, "a", new("a"), 5)])
    async with producing(kafka, topic) as producer:
        await producer.begin_transaction()
        await send(producer, topic, [(0, "b", new("b"), 5)])
        _done, rows = await exported(kafka, tmp_path / "a.csv", wanted(topic))
        await producer.abort_transaction()
    assert rows == [row("a")]


async def test_a_spreadsheet_program_knows_the_encoding(kafka: Kafka, laid: Any, tmp_path: Path) -> None:
    """By the BOM; what it would take for a formula is counted."""
    topic = await laid([(0, "k", new("=1+1"), 5)])
    done, _rows = await exported(kafka, tmp_path / "a.csv", wanted(topic))
    assert (tmp_path / "a.csv").read_bytes() == b"\xef\xbb\xbfcode,raw\r\n=1+1,\r\n"
    assert done.formulas == 1


async def test_what_fails_leaves_no_file(kafka: Kafka, laid: Any, topic_name: Callable[[], str], tmp_path: Path) -> None:
    """A topic that is not there, which is not made by asking; a schema that is none; an export that is cancelled; a cluster that is away."""
    topic = await laid([(0, "k", new("a"), 5)])
    path, missing = tmp_path / "a.csv", Topic(topic_name())
    for _ in range(2):
        with pytest.raises(Unavailable, match="is not in this node's cluster"):
            await exported(kafka, path, wanted(missing))
    broken = msgspec.structs.replace(wanted(topic), schemas={schema_id(SECOND): {"type": "none"}})
    with pytest.raises(DataError):
        await exported(kafka, path, broken)

    def cancel(*_step: int) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await exported(kafka, path, wanted(topic), on_progress=cancel)
    with pytest.raises(Unavailable):
        await exported(Kafka("127.0.0.1:1"), path, wanted(topic))
    assert list(tmp_path.iterdir()) == []
