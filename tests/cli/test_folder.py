"""The department's folder: what is in it, and that its examples run as they stand, through the gate of a real node on a real broker."""

import asyncio
import base64
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from node.avro import decode, parse, schema_id, unframe
from node.bus.passwords import Login
from node.cli.answered import KafkaInfo
from node.cli.folder import check_folder, department_files, write_folder
from node.cli.voice import CliError
from node.control import AddDepartment, ApplyCatalogue, CatalogueItem
from node.http import open_http
from node.model.names import Department, Topic, division_of
from node.model.partition import partition_of
from node.model.shipped import shipped_root
from node.model.values import Actor, Kind
from node.runtime import Node, NodeSettings, run_node
from node.runtime.access import add_token
from node.telemetry import Metrics
from tests.conftest import Kafka, data_folder

DEPARTMENT = Department("992000.civil-affairs")
"""Of a division that no other test uses: the cluster is shared."""
PARTITIONS = 3
SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Case",
    "namespace": "cn.gov.cases",
    "key": ["code", "part"],
    "fields": [
        {"name": "code", "type": "string"},
        {"name": "part", "type": "int"},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["OPEN", "CLOSED"]}},
        {"name": "was", "type": ["null", "Kind"], "default": None},
        {"name": "total", "type": "long"},
        {"name": "share", "type": "double"},
        {"name": "rate", "type": "float", "default": 0.5},
        {"name": "urgent", "type": "boolean"},
        {"name": "fee", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}},
        {"name": "debt", "type": {"type": "fixed", "name": "Debt", "size": 6, "logicalType": "decimal", "precision": 12, "scale": 2}},
        {"name": "digest", "type": ["null", {"type": "fixed", "name": "Digest", "size": 4}], "default": None},
        {"name": "photo", "type": "bytes"},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "opens", "type": {"type": "int", "logicalType": "time-millis"}},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "extra", "type": {"type": "map", "values": ["null", "int"]}},
        {
            "name": "steps",
            "type": {
                "type": "array",
                "items": {
                    "type": "record",
                    "name": "Step",
                    "fields": [{"name": "kind", "type": "Kind"}, {"name": "by", "type": ["null", "string"]}],
                },
            },
        },
    ],
}
ROW: dict[str, Any] = {
    "code": "湘桥-1",
    "part": 7,
    "kind": "CLOSED",
    "was": "OPEN",
    "total": -(2**40),
    "share": 0.1,
    "urgent": True,
    "fee": "-12.30",
    "debt": "-0.05",
    "digest": base64.b64encode(b"\x00\xff\x80a").decode(),
    "photo": base64.b64encode(bytes(range(256))).decode(),
    "day": "1969-12-31",
    "at": "2026-11-22T20:00:00.123+08:00",
    "opens": "08:30:00",
    "tags": ["村", "", "b"],
    "extra": {"x": None, "y": 300},
    "steps": [{"kind": "OPEN", "by": None}, {"kind": "CLOSED", "by": "tax"}],
}
PLAIN = ROW | {"code": "2", "was": None, "digest": None, "tags": [], "extra": {}, "steps": [], "rate": 1.5, "fee": "0.00", "debt": "99.99"}
KEYS, GONE = ["湘桥-1\x1f7", "2\x1f7"], "3\x1f1"
LIBS = shipped_root() / ".kafka/libs"
NEEDS_KCAT = pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not installed (Debian, Ubuntu: apt-get install kcat)")


class Given(NamedTuple):
    """A department's folder, and a resource with its inbox whose topics exist."""

    folder: Path
    kafka: Kafka
    resource: Topic

    async def run(self, *command: str) -> str:
        """Run a command of the folder as its user does; return what it printed. It must not fail."""
        environment = os.environ | {"EXCHANGE_NODE_TOKEN_FILE": str(self.folder / "token")}
        process = await asyncio.create_subprocess_exec(
            *command, cwd=self.folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            async with asyncio.timeout(60):
                out, err = await process.communicate()
        except TimeoutError:
            process.kill()
            out, err = await process.communicate()
        assert process.returncode == 0, out.decode() + err.decode()
        return out.decode()

    async def python(self, *words: str) -> str:
        """Run the Python example."""
        return await self.run(sys.executable, "example.py", *words)

    async def java(self, *words: str) -> str:
        """Run the Java example."""
        return await self.run("java", "-cp", f"{LIBS}/*", "Example.java", *words)

    async def kcat(self, *words: str) -> str:
        """Run the kcat example."""
        return await self.run("sh", "example.sh", *words)


@pytest.fixture(scope="module")
async def node(kafka: Kafka) -> AsyncIterator[tuple[Node, str]]:
    """A node with the department, and its URL."""
    settings = NodeSettings(
        division=division_of(DEPARTMENT),
        bootstrap=kafka.bootstrap,
        security=kafka.security,
        replication=1,
        data_dir=data_folder(division_of(DEPARTMENT)),
    )
    node = Node(settings, Metrics())
    running = asyncio.create_task(run_node(node))
    async with open_http(node, "127.0.0.1", 0) as port:
        async with asyncio.timeout(60):
            while node.reasons:
                await asyncio.sleep(0.05)
        await node.command(AddDepartment(department=DEPARTMENT, name="民政厅"))
        yield node, f"http://127.0.0.1:{port}"
        node.stopping.set()
        await running


@pytest.fixture
async def given(kafka: Kafka, topic_name: Callable[[], str], tmp_path: Path, node: tuple[Node, str]) -> Given:
    """Return a resource with the topics that the node makes of it, and the folder with two rows in a file."""
    running, url = node
    resource = Topic(f"{DEPARTMENT}.{topic_name().rpartition('.')[2]}")
    item = CatalogueItem(name=resource, title="办件", kind=Kind.STATE, schema=SCHEMA, partitions=PARTITIONS)
    await running.command(ApplyCatalogue(resources=(item,)))
    admin = AdminClient(kafka.librdkafka())
    async with asyncio.timeout(20):
        while not {resource, f"{resource}.inbox"} <= (await asyncio.to_thread(admin.list_topics, timeout=10)).topics.keys():
            await asyncio.sleep(0.05)
    info, s = KafkaInfo(bootstrap=kafka.bootstrap, protocol=kafka.security.protocol), kafka.security
    login = Login(username=s.username, password=s.password) if s.username and s.password else None
    write_folder(tmp_path / "given", department_files(DEPARTMENT, "民政厅", kafka=info, login=login, registry=f"{url}/"))
    rows = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in (ROW, PLAIN))
    (tmp_path / "given/rows.ndjson").write_text(rows, "utf-8")
    program = Actor(name="程序", role="steward", department=DEPARTMENT)
    (tmp_path / "given/token").write_text(f"{add_token(running.settings.data_dir, program)[1]}\n")
    return Given(tmp_path / "given", kafka, resource)


def records(kafka: Kafka, topic: str, count: int) -> list[tuple[int, str, bytes | None]]:
    """Partition, key and value of so many records of a topic, in order of their keys."""
    consumer = Consumer({**kafka.librdkafka(), "group.id": topic, "auto.offset.reset": "earliest", "enable.auto.commit": False})
    consumer.subscribe([topic])
    found: list[tuple[int, str, bytes | None]] = []
    while len(found) < count:
        message = consumer.poll(10)
        assert message is not None
        assert not message.error()
        partition, key = message.partition(), message.key()
        assert partition is not None
        assert isinstance(key, bytes)
        found.append((partition, key.decode(), message.value()))
    consumer.close()
    return sorted(found, key=lambda one: one[1])


def give_up(kafka: Kafka, topic: str) -> None:
    """Write a record in a transaction that is given up, as a gate that was killed leaves it."""
    producer = Producer({**kafka.librdkafka(), "transactional.id": topic})
    producer.init_transactions(10)
    producer.begin_transaction()
    producer.produce(topic, key="given up", value=b"\x00")
    producer.flush(10)
    producer.abort_transaction(10)


def remove(kafka: Kafka, resource: str, *keys: str) -> None:
    """Say in the inbox that what the keys name is no more."""
    producer = Producer({**kafka.librdkafka(), "partitioner": "murmur2_random"})
    for key in keys:
        producer.produce(f"{resource}.inbox", key=key)
    assert producer.flush(10) == 0


async def check_round_trip(given: Given, write: Callable[..., Awaitable[str]], read: Callable[..., Awaitable[str]]) -> list[Any]:
    """Publish the rows by one example, look at what passed the gate, read it by another; return what that printed."""
    await asyncio.to_thread(give_up, given.kafka, given.resource)
    await write("produce", given.resource, "rows.ndjson")
    await asyncio.to_thread(remove, given.kafka, given.resource, GONE)
    passed = await asyncio.to_thread(records, given.kafka, given.resource, 3)
    assert [key for _partition, key, _value in passed] == sorted([*KEYS, GONE])
    assert [partition for partition, _key, _value in passed] == [partition_of(key.encode(), PARTITIONS) for key in sorted([*KEYS, GONE])]
    for _partition, key, value in passed:
        if value is not None:
            number, payload = unframe(value)
            datum, row = decode(parse(SCHEMA), payload), ROW if key == KEYS[0] else PLAIN
            assert number == schema_id(SCHEMA)
            assert (datum["fee"], datum["debt"]) == (Decimal(row["fee"]), Decimal(row["debt"]))
            assert datum["at"].timestamp() == 1795348800.123
    printed = [json.loads(line) for line in (await read("consume", given.resource, "3")).splitlines()]
    return sorted(printed, key=lambda one: str(one["key"]))


def told(row: dict[str, Any], at: str) -> dict[str, Any]:
    """A row as it is printed."""
    return row | {"rate": row.get("rate", 0.5), "at": at}


INFO = KafkaInfo(bootstrap="10.0.0.1:9092", protocol="SASL_SSL", ca="-----BEGIN CERTIFICATE-----\n")
LOGIN = Login(username=DEPARTMENT, password="secret")  # noqa: S106


def test_the_settings_are_filled_in() -> None:
    """Addresses and names of this department; nothing is left blank, and a name of two lines stays in its comment."""
    files = department_files(DEPARTMENT, "民政\nacks=0", kafka=INFO, login=LOGIN, registry="http://10.0.0.1:8080/")
    lines = dict(line.split("=", 1) for line in files["client.properties"].splitlines() if line and not line.startswith("#"))
    assert lines == {
        "bootstrap.servers": "10.0.0.1:9092",
        "schema.registry.url": "http://10.0.0.1:8080",
        "client.id": DEPARTMENT,
        "group.id": f"{DEPARTMENT}.programs",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": DEPARTMENT,
        "sasl.password": "secret",
        "sasl.jaas.config": f'org.apache.kafka.common.security.scram.ScramLoginModule required username="{DEPARTMENT}" password="secret";',
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": "authority.pem",
        "ssl.ca.location": "authority.pem",
        "acks": "all",
        "enable.idempotence": "true",
        "compression.type": "lz4",
        "partitioner": "murmur2_random",
        "isolation.level": "read_committed",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": "false",
    }
    assert not any("$department" in text or "$name" in text for text in files.values())
    assert files["README.md"].startswith(f"# 民政 acks=0（{DEPARTMENT}）")


def test_files_that_are_as_written_may_be_written_again(tmp_path: Path) -> None:
    """Also beside files that are not ours; what was changed, or cannot be read, is named."""
    write_folder(tmp_path, {"a": "1", "b": "二"})
    (tmp_path / "c").write_text("theirs")
    check_folder(tmp_path, {"a": "1", "b": "二"})
    check_folder(tmp_path / "none", {"a": "1"})
    (tmp_path / "b").write_bytes(b"\xff")
    with pytest.raises(CliError, match=r"other contents: a, b\. Nothing was done"):
        check_folder(tmp_path, {"a": "2", "b": "二"})


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """With what was done, and what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(CliError, match="the department is added") as refused:
        write_folder(tmp_path / "file/folder", {"a": "1"})
    assert "部门已添加" in refused.value.zh


async def test_the_python_example_publishes_and_reads(given: Given) -> None:
    """Every type arrives under the registered id in murmur2's partition, and is read back; what was given up is not."""
    first, gone, second = await check_round_trip(given, given.python, given.python)
    assert first == {"key": KEYS[1], "value": told(PLAIN, "2026-11-22T12:00:00.123000+00:00")}
    assert second == {"key": KEYS[0], "value": told(ROW, "2026-11-22T12:00:00.123000+00:00")}
    assert gone == {"key": GONE, "value": None}


@pytest.mark.full
async def test_the_java_example_publishes_and_reads(given: Given) -> None:
    """The same with the jars of Apache Kafka alone, whose default would read what was given up."""
    first, gone, second = await check_round_trip(given, given.java, given.java)
    assert first == {"key": KEYS[1], "value": told(PLAIN, "2026-11-22T12:00:00.123Z")}
    assert second == {"key": KEYS[0], "value": told(ROW, "2026-11-22T12:00:00.123Z")}
    assert gone == {"key": GONE, "value": None}


@pytest.mark.full
async def test_what_was_read_is_not_read_again(given: Given) -> None:
    """Each example commits what it has printed and no more: the next begins there, in whichever language."""
    keys = [f"{number}\x1f1" for number in range(6)]
    await asyncio.to_thread(remove, given.kafka, given.resource, *keys)
    seen = []
    for example in (given.python, given.java, given.python):
        seen += [json.loads(line)["key"] for line in (await example("consume", given.resource, "2")).splitlines()]
    assert sorted(seen) == keys


@pytest.mark.full
@NEEDS_KCAT
async def test_the_kcat_example_shows_and_removes(given: Given) -> None:
    """Topics, what was committed, and a record without a value in the partition of its key."""
    assert f'topic "{given.resource}"' in await given.kcat("list")
    await asyncio.to_thread(give_up, given.kafka, given.resource)
    await given.python("produce", given.resource, "rows.ndjson")
    assert await given.kcat("remove", given.resource, GONE) == ""
    passed = await asyncio.to_thread(records, given.kafka, given.resource, 3)
    assert (partition_of(GONE.encode(), PARTITIONS), GONE, None) in passed
    lengths = {key: -1 if value is None else len(value) for _partition, key, value in passed}
    shown = await given.kcat("consume", given.resource)
    ids = {GONE: ""} | dict.fromkeys(KEYS, str(schema_id(SCHEMA)))
    assert sorted(shown.splitlines()) == [f"{key}\tschema {ids[key]}, {lengths[key]} bytes" for key in sorted(lengths)]
    assert len((await given.kcat("consume", given.resource, "1")).splitlines()) == 1
