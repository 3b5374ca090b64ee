"""The audit read from a real topic, between what it does not know and what is damaged."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from node.batch.records import Record
from node.bus.client import open_client
from node.bus.topics import make_topics
from node.bus.writer import open_writer
from node.control import Book, day_of, topics_here
from node.control.acts import Act, Audited, Sought, Unreadable, acted, encode_act
from node.control.quarantine import Advanced, Ended
from node.errors import CommandRefused
from node.lane import TopicPartition
from node.model.names import Division, audit_topic
from node.model.values import Actor
from node.runtime import auditing
from node.runtime.auditing import Audit
from node.runtime.reading import Cluster
from tests.conftest import Kafka

pytestmark = pytest.mark.kafka
HEAD = Actor(name="林海", role="head")
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def _act(day: int) -> Act:
    return acted("export", HEAD, BEGIN + timedelta(days=day), subject={"day": str(day)})


def _ms(day: int) -> int:
    return int((BEGIN + timedelta(days=day)).timestamp() * 1000)


async def _laid(kafka: Kafka, here: Division, *values: tuple[int, bytes]) -> Audit:
    """An audit topic with these records, each of a day."""
    specs = topics_here(Book(), here, None, day_of(datetime.now(UTC)))
    async with open_client(kafka.bootstrap, client_id=here, security=kafka.security) as client:
        await make_topics(client, [specs[audit_topic(here)]], replication=1, security=kafka.security)
    async with open_writer(kafka.bootstrap, f"{here}.test", batch_bytes=1 << 16, security=kafka.security) as writer, writer.transaction():
        for day, value in values:
            await writer.send(TopicPartition(audit_topic(here), 0), [Record(offset=0, timestamp=_ms(day), key=None, value=value)])
    return Audit(Cluster(here, kafka.bootstrap, kafka.security))


async def _days(lines: AsyncGenerator[Any, None]) -> list[str]:
    found = [line async for line in lines]
    assert isinstance(found[0], Advanced)
    acts = [line.act for line in found if isinstance(line, Audited)]
    assert found[-1] == Ended(records=len(acts))
    return [act.subject["day"] for act in acts]


async def test_acts_between_two_moments_are_read_in_order(kafka: Kafka) -> None:
    """From the first moment on, before the second; what a newer node wrote is passed over; what one does not see is not told."""
    newer = msgspec.json.encode({"version": 9, "kind": "act", "what": "?"})
    audit = await _laid(
        kafka, Division("981001"), *((day, encode_act(_act(day))) for day in range(5)), (5, newer), (6, encode_act(_act(6)))
    )

    async def days(since: int, until: int | None = None, hidden: str = "") -> list[str]:
        end = None if until is None else _ms(until)
        return await _days(audit.read(Sought(), lambda act: act.subject["day"] != hidden, _ms(since), end))

    assert await days(0) == ["0", "1", "2", "3", "4", "6"]
    assert await days(2, 4) == ["2", "3"]
    assert await days(0, hidden="3") == ["0", "1", "2", "4", "6"]
    assert await days(99) == []


async def test_a_topic_that_is_not_there_has_no_acts(kafka: Kafka) -> None:
    """A node that was never started has done nothing."""
    assert (
        await _days(Audit(Cluster(Division("981002"), kafka.bootstrap, kafka.security)).read(Sought(), lambda _act: True, _ms(0), None))
        == []
    )


async def test_a_damaged_record_is_told_and_hides_no_other(kafka: Kafka) -> None:
    """By its offset: an audit with holes must not look whole, and one with a hole must not look empty."""
    audit = await _laid(kafka, Division("981003"), (0, encode_act(_act(0))), (1, b"{"), (2, encode_act(_act(2))))
    lines = [line async for line in audit.read(Sought(), lambda _act: True, _ms(0), None)]
    assert [(line.offset, bool(line.why)) for line in lines if isinstance(line, Unreadable)] == [(1, True)]
    assert [line.act.subject["day"] for line in lines if isinstance(line, Audited)] == ["0", "2"]


async def test_more_than_a_few_at_once_are_told_to_wait(kafka: Kafka) -> None:
    """And whoever hangs up leaves room."""
    audit = await _laid(kafka, Division("981004"), (0, encode_act(_act(0))))

    def asked() -> AsyncGenerator[Any, None]:
        return audit.read(Sought(), lambda _act: True, _ms(0), None)

    standing = [asked() for _ in range(auditing.READINGS_MAX)]
    for one in standing:
        await anext(one)
    with pytest.raises(CommandRefused) as refused:
        await anext(asked())
    assert refused.value.code == "busy"
    for one in standing:
        async with aclosing(one):
            pass
    assert await _days(asked()) == ["0"]
