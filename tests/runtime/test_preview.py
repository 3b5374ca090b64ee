"""What a grant would give, shown before there is one."""

from collections.abc import Callable
from datetime import date
from typing import Any

import confluent_kafka
import pytest

from node.avro import encode, frame, parse, schema_id
from node.model.names import Division, Topic
from node.model.values import DepartmentValue, Kind, RequestValue
from node.runtime.preview import ROWS_MAX, preview
from node.runtime.reading import Cluster
from tests.conftest import Kafka
from tests.granting import wanted
from tests.runtime.conftest import Bench
from tests.runtime.test_gates import Stand as Told

SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Person",
    "key": ["id"],
    "fields": [
        {"name": "id", "type": "string", "doc": "编号"},
        {"name": "name", "type": "string", "doc": "姓名"},
        {"name": "born_on", "type": {"type": "int", "logicalType": "date"}},
        {"name": "street", "type": "string"},
    ],
}
WIDER = SCHEMA | {"fields": [*SCHEMA["fields"], {"name": "phone", "type": ["null", "string"], "default": None}]}


class Desk(Told):
    """A resource with records, on a cluster and in a book."""

    def __init__(self, kafka: Kafka, topic: Topic) -> None:
        super().__init__()
        self.topic, self._kafka = topic, kafka
        here = Division(topic[:6])
        self.cluster = Cluster(here, kafka.bootstrap, kafka.security)
        self.say(here, DepartmentValue(department=topic.rpartition(".")[0], name="某局"))  # type: ignore[arg-type]  # a topic's owner
        Bench.make(kafka, topic, 3)

    def publish(self, schema: dict[str, Any], numbers: range) -> None:
        """Write people, and a tombstone behind them."""
        producer = confluent_kafka.Producer(self._kafka.librdkafka())
        number, parsed = schema_id(schema), parse(schema)
        for one in numbers:
            datum = {
                "id": f"{one:04}",
                "name": "林桂兰",
                "born_on": date(1990, 1, 1),
                "street": "太平" if one % 2 else "西新",
                "phone": None,
            }
            producer.produce(self.topic, frame(number, encode(parsed, datum)), str(datum["id"]).encode(), partition=one % 3)
        producer.produce(self.topic, None, b"0000", partition=0)
        assert producer.flush(20) == 0

    def asked(self, **parts: Any) -> RequestValue:
        """Return what somebody asks for of it."""
        return wanted(self.topic, "445102.police", **parts).value


@pytest.fixture
def desk(kafka: Kafka, topic_name: Callable[[], str]) -> Desk:
    """A resource of state with forty people."""
    desk = Desk(kafka, Topic(topic_name()))
    desk.describe(desk.topic, SCHEMA, kind=Kind.STATE)
    desk.publish(SCHEMA, range(40))
    return desk


async def test_rows_are_shown_masked_and_filtered(desk: Desk) -> None:
    """Ten of them, with the schema that their taker would read them by; nothing of the grant is written."""
    asked = desk.asked(fields=("name", "born_on"), rows='street == "太平"', masks={"name": "keep-first:1", "born_on": "year"})
    shown = await preview(desk.cluster, desk.book, asked)
    assert shown.rows == [{"name": "林**", "born_on": 1990}] * ROWS_MAX
    assert [field["name"] for field in shown.schema["fields"]] == ["name", "born_on"]
    assert "姓名" in shown.schema["fields"][0]["doc"]
    assert 20 <= shown.read <= 41
    assert desk.book.grants == {}


async def test_versions_are_shown_together(desk: Desk) -> None:
    """Each record by its own version; the schema is that of the newest."""
    desk.describe(desk.topic, WIDER, kind=Kind.STATE)
    desk.publish(WIDER, range(40, 44))
    shown = await preview(desk.cluster, desk.book, desk.asked(rows='id >= "0038"'))
    assert sorted(row["id"] for row in shown.rows) == ["0038", "0039", "0040", "0041", "0042", "0043"]
    assert sum("phone" in row for row in shown.rows) == 4
    assert shown.schema["fields"][-1]["name"] == "phone"


async def test_hidden_values_are_not_those_of_the_view(desk: Desk) -> None:
    """They are under a secret of the moment: a preview shows no taker's own."""
    asked = desk.asked(fields=("id",), masks={"id": "hmac"})
    first, second = [await preview(desk.cluster, desk.book, asked) for _ in range(2)]
    assert {len(row["id"]) for row in first.rows} == {32}
    assert not {row["id"] for row in first.rows} & {row["id"] for row in second.rows}


async def test_where_nothing_fits_that_is_shown_too(desk: Desk) -> None:
    """All was looked at, and no row is there."""
    shown = await preview(desk.cluster, desk.book, desk.asked(rows='street == "nowhere"'))
    assert (shown.rows, shown.read) == ([], 42 - 1)


async def test_as_few_records_are_looked_at_as_will_do(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more partitions once ten rows are found, or so many records are looked at as are to be at most."""
    assert (await preview(desk.cluster, desk.book, desk.asked())).read < 41
    monkeypatch.setattr("node.runtime.preview.READ_MAX", 1)
    shown = await preview(desk.cluster, desk.book, desk.asked(rows='street == "nowhere"'))
    assert (shown.rows, 0 < shown.read < 41) == ([], True)
