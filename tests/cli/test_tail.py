"""`tail`: how records are shown; where they are read is the adapters'."""

from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

import msgspec
import pytest

from node.adapters import tail as adapter
from node.adapters.tail import Tailed
from node.avro import encode, frame, parse
from node.bus.security import Security
from node.http.book import ResourceFace, SchemaFace
from node.http.views import ViewFace, ViewShownFace
from node.model.names import Topic
from node.model.values import Kind, ResourceValue

NAME = "445102.civil-affairs.villages"
SCHEMA = {
    "type": "record",
    "name": "Village",
    "fields": [{"name": "code", "type": "string"}, {"name": "since", "type": {"type": "int", "logicalType": "date"}}],
}
VALUE = frame(7, encode(parse(SCHEMA), {"code": "445102001", "since": date(2024, 10, 4)}))


def record(offset: int, value: bytes | None = VALUE, key: bytes | None = b"445102001", timestamp_ms: int = 1_700_000_000_123) -> Tailed:
    """Return a record of partition 1."""
    return Tailed(partition=1, offset=offset, timestamp_ms=timestamp_ms, key=key, value=value)


class Records:
    """Stands for the adapters' `tail`."""

    def __init__(self) -> None:
        self.laid: list[Tailed | BaseException] = []
        self.given: tuple[Any, ...] = ()
        self.closed = False

    async def tail(self, bootstrap: str, resource: ResourceValue, *, start: Any, follow: bool, security: Security) -> AsyncIterator[Tailed]:
        """Yield what is laid down."""
        assert security == Security()
        self.given = (bootstrap, resource.name, start, follow)
        try:
            for one in self.laid:
                if isinstance(one, BaseException):
                    raise one
                yield one
        finally:
            self.closed = True


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch, node: Any) -> Records:
    """Return what stands for the adapters; resource and schema are known to the node."""
    resource = ResourceValue(name=Topic(NAME), title="村", kind=Kind.STATE, schema=7, partitions=2)
    node.answer(f"/v1/resources/{NAME}", ResourceFace(resource, SCHEMA, 7))
    node.answer("/v1/schemas/7", SchemaFace(7, SCHEMA))
    records = Records()
    monkeypatch.setattr(adapter, "tail", records.tail)
    return records


def lines(done: Any) -> list[Any]:
    """Return what was printed, one object a line."""
    return [msgspec.json.decode(line) for line in done.out.splitlines()]


def test_records_are_decoded_by_the_schema_that_each_names(cli: Callable[..., Any], records: Records, node: Any) -> None:
    """Dates are dates, the key is text, the time is ISO 8601; a schema is asked for once."""
    records.laid = [record(5), record(6, value=None)]
    done = cli("tail", NAME)
    assert done.status == 0
    assert lines(done) == [
        {
            "partition": 1,
            "offset": 5,
            "timestamp": "2023-11-14T22:13:20.123+00:00",
            "key": "445102001",
            "value": {"code": "445102001", "since": "2024-10-04"},
        },
        {"partition": 1, "offset": 6, "timestamp": "2023-11-14T22:13:20.123+00:00", "key": "445102001", "value": None},
    ]
    assert [path for path, _ in node.asked].count("/v1/schemas/7") == 1
    assert records.given == ("127.0.0.1:1", NAME, "start", False)


def test_a_view_is_read_as_a_resource_is(cli: Callable[..., Any], records: Records, node: Any) -> None:
    """From its own topic, which has its resource's partitions; records are decoded by the schemas that they name."""
    topic = Topic(f"{NAME}.v-0123456789ab")
    view = ViewFace(
        topic=topic,
        resource=Topic(NAME),
        takers=(),
        grants=(),
        fields=None,
        rows="",
        masks={},
        history="all",
        states={},
        cut=None,
    )
    node.answer(f"/v1/views/{topic}", ViewShownFace(view=view, schema=SCHEMA, schema_id=7, routes=[]))
    records.laid = [record(0)]
    assert [one["value"]["code"] for one in lines(cli("tail", topic))] == ["445102001"]
    assert records.given[:2] == ("127.0.0.1:1", topic)
    assert cli("tail", f"{topic}0").status == 1


def test_record_that_cannot_be_decoded_is_told_and_the_rest_goes_on(cli: Callable[..., Any], records: Records) -> None:
    """No frame, no such schema, bytes cut short: each says why, and the exit status tells that there were such."""
    records.laid = [record(0, b"plain"), record(1, frame(8, b"")), record(2, VALUE[:-1]), record(3, key=b"\xff", timestamp_ms=-1)]
    done = cli("tail", NAME)
    assert done.status == 3
    shown = lines(done)
    assert ["problem" in one for one in shown] == [True, True, True, False]
    assert shown[1]["problem"] == "not there"
    assert (shown[3]["key"], shown[3]["timestamp"]) == ("\\xff", None)


def test_count_ends_the_reading(cli: Callable[..., Any], records: Records) -> None:
    """No more than asked for, and the reading is closed."""
    records.laid = [record(offset) for offset in range(5)]
    assert [one["offset"] for one in lines(cli("tail", NAME, "--count", "2", "--from", "17"))] == [0, 1]
    assert records.given[2] == 17
    assert records.closed


@pytest.mark.parametrize(("options", "status"), [([], 130), (["--follow", "--from", "now"], 0)])
def test_interruption_is_the_proper_end_of_following(cli: Callable[..., Any], records: Records, options: list[str], status: int) -> None:
    """Ctrl-C while waiting for new records is no failure; before the end it is an interruption."""
    records.laid = [record(0), KeyboardInterrupt()]
    done = cli("tail", NAME, *options)
    assert (done.status, len(lines(done))) == (status, 1)


@pytest.mark.parametrize("start", ["-1", "yesterday", "1.5", "²"])
def test_start_that_cannot_be_is_wrong_usage(cli: Callable[..., Any], node: Any, start: str) -> None:
    """Nothing is read by guessing."""
    done = cli("tail", NAME, f"--from={start}")
    assert (done.status, node.asked) == (2, [])


def test_resource_that_is_not_there_fails_before_kafka_is_asked(cli: Callable[..., Any], records: Records) -> None:
    """The node's own words."""
    done = cli("tail", "445102.a.b")
    assert (done.status, done.err, records.given) == (1, "not there\n", ())


def test_time_beyond_the_calendar_is_none(cli: Callable[..., Any], records: Records) -> None:
    """A mad timestamp does not stop the reading."""
    records.laid = [record(0, timestamp_ms=2**62)]
    assert lines(cli("tail", NAME))[0]["timestamp"] is None
