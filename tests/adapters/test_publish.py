"""Answers for node/adapters/publish.py: read back by an independent client, each row is there exactly once."""

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from node.adapters import Published, Refusal, publication_group, publish, survey
from node.adapters.transactions import open_producer
from node.avro import decode, parse, unframe
from node.bus.passwords import Login, write_login
from node.errors import BusError, DataError, Fenced, Unavailable
from node.model.names import inbox_topic
from node.model.names import resource as resource_name
from node.model.partition import partition_of
from node.model.values import Kind, ResourceValue, SchemaValue
from tests.conftest import Kafka

pytestmark = pytest.mark.kafka

PUBLISH = sys.modules["node.adapters.publish"]
PUBLISHER = Path(__file__).parent / "publisher.py"
FIELDS = [{"name": "code", "type": "string"}, {"name": "version", "type": "int"}]
KEYED = SchemaValue(id=77, schema=json.dumps({"type": "record", "name": "Item", "key": ["code"], "fields": FIELDS}))
KEYLESS = SchemaValue(id=78, schema=json.dumps({"type": "record", "name": "Item", "fields": FIELDS}))
PARTITIONS = 3
NOW_MS = 1_750_000_000_000


class Bench:
    """A resource of one test on the shared cluster, with a file, published and read back."""

    def __init__(self, kafka: Kafka, name: str, folder: Path) -> None:
        self.kafka, self._folder = kafka, folder
        self.resource = ResourceValue(name=resource_name(name), title="t", kind=Kind.FACTS, schema=77, partitions=PARTITIONS)
        self.topic = inbox_topic(self.resource.name)
        admin = AdminClient(kafka.librdkafka())
        admin.create_topics([NewTopic(self.topic, PARTITIONS, 1)])[self.topic].result(30)

    def file(self, rows: int, *, keys: int = 10) -> Path:
        """Write rows: each key's versions ascend."""
        path = self._folder / f"{rows}.csv"
        path.write_text("code,version\n" + "".join(f"k{number % keys},{number // keys}\n" for number in range(rows)))
        return path

    def login(self) -> str:
        """Return the file with which another process logs in, empty where nobody has to."""
        username, password = self.kafka.security.username, self.kafka.security.password
        if username is None or password is None:
            return ""
        file = self._folder / "publisher.login"
        write_login(file, Login(username=username, password=password))
        return str(file)

    async def publish(self, path: Path, *, schema: SchemaValue = KEYED, **how: Any) -> Published:
        """Publish with the clock standing at NOW_MS."""
        arguments = {
            "resource": self.resource,
            "bootstrap": self.kafka.bootstrap,
            "security": self.kafka.security,
            "now_ms": lambda: NOW_MS,
            **how,
        }
        return await publish(path, schema=schema, **arguments)

    async def read(self) -> list[Message]:
        """Return all committed records, each partition in its order, once the last stable offset is the log's end."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> list[Message]:
        """An open transaction would hold the end back: within 5 s, half of its time-out, the log's end must be reached."""
        how = {**self.kafka.librdkafka(), "group.id": "none", "enable.auto.commit": False}
        partitions = [TopicPartition(self.topic, partition, 0) for partition in range(PARTITIONS)]
        # Only without isolation is this the log's end; read_committed would answer with the last stable offset.
        plain = Consumer({**how, "isolation.level": "read_uncommitted"})
        ends = [plain.get_watermark_offsets(partition)[1] for partition in partitions]
        plain.close()
        consumer = Consumer({**how, "isolation.level": "read_committed", "enable.partition.eof": True, "fetch.wait.max.ms": 50})
        consumer.assign(partitions)
        records, reached, until = [], [-1] * PARTITIONS, time.monotonic() + 5
        while any(at < end for at, end in zip(reached, ends, strict=True)):
            assert time.monotonic() < until, f"an open transaction holds readers at {reached}, the ends are {ends}"
            message = consumer.poll(0.1)
            if message is None:
                continue
            error, partition, offset = message.error(), message.partition(), message.offset()
            if error is None:
                records.append(message)
            else:
                assert error.code() == KafkaError._PARTITION_EOF, error
                assert partition is not None
                reached[partition] = offset or 0
        consumer.close()
        return records


@pytest.fixture
def bench(kafka: Kafka, topic_name: Callable[[], str], tmp_path: Path) -> Bench:
    """Return a resource of this test's own."""
    return Bench(kafka, topic_name(), tmp_path)


def _data(records: list[Message], schema: SchemaValue = KEYED) -> list[tuple[str, int]]:
    parsed = parse(json.loads(schema.schema))
    found = [(unframe(record.value() or b""), record) for record in records]
    assert {schema_id for (schema_id, _), _ in found} <= {schema.id}
    data = [decode(parsed, payload) for (_, payload), _ in found]
    return [(datum["code"], datum["version"]) for datum in data]


def _assert_each_once(records: list[Message], rows: int, keys: int = 10) -> None:
    """Assert that each row is there once, and each key's rows in their order."""
    data = _data(records)
    assert Counter(data) == Counter((f"k{number % keys}", number // keys) for number in range(rows))
    for key in {key for key, _ in data}:
        versions = [version for found, version in data if found == key]
        assert versions == sorted(versions)


async def test_each_row_becomes_one_record(bench: Bench) -> None:
    """Every row is there once, in order per key, framed, in the partition of its key, with the time of its sending."""
    result = await bench.publish(bench.file(1000))
    assert msgspec.structs.replace(result, seconds=0) == Published(1000, 1000, 0, (), 0, 0)
    records = await bench.read()
    _assert_each_once(records, 1000)
    for record, (code, _) in zip(records, _data(records), strict=True):
        assert record.key() == code.encode()
        assert record.partition() == partition_of(code.encode(), PARTITIONS)
        assert record.timestamp()[1] == NOW_MS
        assert record.headers() is None


async def test_published_again_nothing_is_added(bench: Bench) -> None:
    """A second run of the same content finds all done and tells the same figures."""
    await bench.publish(bench.file(100))
    again = await bench.publish(bench.file(100))
    assert msgspec.structs.replace(again, seconds=0) == Published(100, 100, 0, (), 100, 0)
    _assert_each_once(await bench.read(), 100)


async def test_bad_rows_are_told_by_line_and_the_rest_goes_on(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that do not fit, or make too large a record, are refused by line over all transactions; the good ones are published."""
    monkeypatch.setattr(PUBLISH, "TRANSACTION_ROWS", 2)
    bench.resource = msgspec.structs.replace(bench.resource, max_message_bytes=500)
    path = tmp_path / "bad.csv"
    path.write_text(f"code,version\nk0,0\nk1,x\n{'k' * 500},1\n,1\nk1,0,5\nk0,1\nk2,99999999999\n")
    ticks: list[tuple[int, int, int]] = []
    result = await bench.publish(path, on_progress=lambda *tick: ticks.append(tick))
    assert (result.rows, result.published, result.refused_count) == (7, 2, 5)
    assert [(refusal.line, refusal.field) for refusal in result.refused] == [(3, "version"), (4, ""), (5, "code"), (6, ""), (8, "version")]
    assert result.refused[0] == Refusal(3, "version", "expected a whole number from -2147483648 to 2147483647, got text of 1 characters")
    assert ticks == [(2, 7, 1), (4, 7, 3), (6, 7, 4), (7, 7, 5)]
    assert _data(await bench.read()) == [("k0", 0), ("k0", 1)]
    again = await bench.publish(path)
    assert (again.rows, again.published, again.refused_count, again.refused) == (7, 2, 5, ())


async def test_a_wholly_wrong_file_tells_its_first_refusals(bench: Bench, tmp_path: Path) -> None:
    """What is refused is counted in full, handed on in full, and told up to a bound."""
    path = tmp_path / "wrong.ndjson"
    path.write_text('{"code": 5}\n' * 500)
    handed_on: list[Refusal] = []
    result = await bench.publish(path, on_refused=handed_on.extend)
    assert len(handed_on) == 500
    assert (result.published, result.refused_count, len(result.refused)) == (0, 500, 100)
    assert await bench.read() == []


async def test_records_without_key_take_turns(bench: Bench) -> None:
    """A schema without key fills the partitions by turns, and nothing is lost."""
    path = bench.file(2500)
    await bench.publish(path, schema=KEYLESS)
    records = await bench.read()
    assert len(set(_data(records, KEYLESS))) == 2500
    assert all(record.key() is None for record in records)
    assert sorted(Counter(record.partition() for record in records).values()) == [501, 999, 1000]


@pytest.mark.parametrize(
    ("method", "moment", "done"),
    [
        ("send_batch", "after", 0),
        ("send_offsets_to_transaction", "before", 100),
        ("send_offsets_to_transaction", "after", 100),
        ("commit_transaction", "after", 200),
    ],
)
async def test_killed_in_the_middle_it_goes_on_where_it_stopped(bench: Bench, method: str, moment: str, done: int) -> None:
    """After SIGKILL at each point of a transaction the next run goes on from the last commit, and each row is there once."""
    path = bench.file(1000)
    told = [
        bench.kafka.bootstrap,
        bench.login(),
        msgspec.json.encode(bench.resource).decode(),
        msgspec.json.encode(KEYED).decode(),
        str(path),
    ]
    process = await asyncio.create_subprocess_exec(sys.executable, str(PUBLISHER), *told, method, moment, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"there\n"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    result = await bench.publish(path)
    assert (result.resumed_from, result.rows, result.published) == (done, 1000, 1000)
    _assert_each_once(await bench.read(), 1000)


def _once(
    monkeypatch: pytest.MonkeyPatch, method: str, act: Callable[[Any, Callable[..., Any], tuple[Any, ...]], Any], call: int = 2
) -> None:
    """Let `act` stand in for one call of a producer's method, the second if not told otherwise; all others are the real one."""
    original, calls = getattr(AIOKafkaProducer, method), []

    async def instead(self: AIOKafkaProducer, *arguments: Any, **named: Any) -> Any:
        calls.append(method)
        if len(calls) != call:
            return await original(self, *arguments, **named)
        return await act(self, lambda: original(self, *arguments, **named), arguments)

    monkeypatch.setattr(AIOKafkaProducer, method, instead)


async def test_a_failed_batch_is_not_committed_around(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """When one batch of a transaction fails, the transaction is thrown away, and a new producer sends all of it again."""

    async def fail(_producer: Any, _real: Any, _arguments: Any) -> Any:
        failed = asyncio.get_running_loop().create_future()
        failed.set_exception(KafkaTimeoutError())
        return failed

    monkeypatch.setattr(PUBLISH, "TRANSACTION_ROWS", 100)
    _once(monkeypatch, "send_batch", fail, call=5)
    result = await bench.publish(bench.file(300))
    assert (result.published, result.resumed_from) == (300, 0)
    _assert_each_once(await bench.read(), 300)


async def test_a_lost_answer_to_a_commit_doubles_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a commit went through and its answer did not arrive, the place in Kafka says so."""

    async def lose(_producer: Any, real: Any, _arguments: Any) -> Any:
        await real()
        raise KafkaTimeoutError

    monkeypatch.setattr(PUBLISH, "TRANSACTION_ROWS", 100)
    _once(monkeypatch, "commit_transaction", lose)
    result = await bench.publish(bench.file(300))
    assert (result.rows, result.published) == (300, 300)
    _assert_each_once(await bench.read(), 300)


async def test_the_later_of_two_publications_fences_the_earlier(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is fenced gives up instead of fighting back, and nothing of its open transaction stands."""
    path = bench.file(300)

    async def another(_producer: Any, real: Any, _arguments: Any) -> Any:
        group = publication_group(bench.resource, survey(path).sha256)
        async with open_producer(bench.kafka.bootstrap, group, batch_bytes=1000, security=bench.kafka.security):
            pass
        return await real()

    monkeypatch.setattr(PUBLISH, "TRANSACTION_ROWS", 100)
    _once(monkeypatch, "send_offsets_to_transaction", another)
    with pytest.raises(Fenced, match="another publication of the same file"):
        await bench.publish(path)
    assert len(await bench.read()) == 100


async def test_cancelled_it_aborts_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancelled publication leaves no open transaction behind that would hold readers back, and can be run again."""
    reached = asyncio.Event()

    async def hang(_producer: Any, _real: Any, _arguments: Any) -> None:
        reached.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(PUBLISH, "TRANSACTION_ROWS", 100)
    path = bench.file(300)
    _once(monkeypatch, "send_offsets_to_transaction", hang)
    task = asyncio.create_task(bench.publish(path))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(await bench.read()) == 100
    assert (await bench.publish(path)).resumed_from == 100
    _assert_each_once(await bench.read(), 300)


async def test_a_file_that_changes_meanwhile_is_not_published_on(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The place belongs to the content that was surveyed: rows of another are not committed under it."""

    def grow(*_tick: int) -> None:
        with path.open("a") as file:
            file.write("late,1\n")

    monkeypatch.setattr(PUBLISH, "TRANSACTION_ROWS", 100)
    path = bench.file(300)
    with pytest.raises(DataError, match="changed while it was being published"):
        await bench.publish(path, on_progress=grow)
    assert len(await bench.read()) == 100


async def test_a_resource_that_is_not_as_the_catalogue_says_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another number of partitions than the catalogue's would put keys elsewhere; state needs a key; a topic is not made in passing."""
    path = bench.file(10)
    monkeypatch.setattr(PUBLISH, "GIVE_UP_S", 0.2)
    absent = msgspec.structs.replace(bench.resource, name=resource_name(f"{bench.resource.name}-absent"))
    with pytest.raises(Unavailable, match="the topic is not there yet"):
        await bench.publish(path, resource=absent)
    assert inbox_topic(absent.name) not in AdminClient(bench.kafka.librdkafka()).list_topics(timeout=10).topics
    with pytest.raises(BusError, match="the topic has 3 partitions, the catalogue says 4"):
        await bench.publish(path, resource=msgspec.structs.replace(bench.resource, partitions=4))
    with pytest.raises(DataError, match=r"is state, kept by key, but its schema Item names no \"key\""):
        await bench.publish(path, schema=KEYLESS, resource=msgspec.structs.replace(bench.resource, kind=Kind.STATE))
    assert await bench.read() == []


async def test_an_unreadable_file_is_refused_before_kafka_is_asked(tmp_path: Path) -> None:
    """A file in another encoding is told with its line, and no connection is opened."""
    path = tmp_path / "gb.csv"
    path.write_bytes("code,version\n湘桥,1\n".encode("gb18030"))
    resource = ResourceValue(name=resource_name("445102.test.none"), title="t", kind=Kind.FACTS, schema=77, partitions=1)
    with pytest.raises(DataError, match="line 2: not UTF-8"):
        await publish(path, resource=resource, schema=KEYED, bootstrap="127.0.0.1:1")


async def test_without_kafka_it_gives_up_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kafka away from the start is Unavailable after the bound, not a wait for ever."""
    monkeypatch.setattr(PUBLISH, "GIVE_UP_S", 0.2)
    path = tmp_path / "a.csv"
    path.write_text("code,version\nk,1\n")
    resource = ResourceValue(name=resource_name("445102.test.none"), title="t", kind=Kind.FACTS, schema=77, partitions=1)
    with pytest.raises(Unavailable, match=r"445102.test.none"):
        await publish(path, resource=resource, schema=KEYED, bootstrap="127.0.0.1:1")
