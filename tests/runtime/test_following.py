"""Whether a node does what a grant says, on a real cluster."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import confluent_kafka
import pytest

from node.bus.client import Client, open_client
from node.bus.security import Security
from node.control import Command, SuspendGrant, decide, encode
from node.control.commands import SeeGrant
from node.errors import Unavailable
from node.model.names import Department, Division, Topic
from node.model.values import RULE, DepartmentValue, DivisionValue, EventRef, GrantState
from node.runtime.following import follows
from tests.conftest import Kafka
from tests.granting import AUTHORITY, give, wanted
from tests.runtime.conftest import Bench
from tests.runtime.test_gates import FIRST, HERE, Stand

NOW = datetime(2026, 11, 25, 4, tzinfo=UTC)
TAKER = Department("445102.police")


class Desk(Stand):
    """A book with a resource, and the cluster where it lies."""

    def __init__(self, client: Client, topic: Topic) -> None:
        super().__init__()
        self.topic, self._client = topic, client
        self.say(HERE, DivisionValue(code=HERE, name="湘桥区", level="county"))
        self.say(HERE, DepartmentValue(department=TAKER, name="公安局"))
        self.describe(topic, FIRST)

    def give(self, purpose: str = "核对") -> EventRef:
        """Let the whole resource be granted to another department of its own node."""
        return give(lambda _here, command: self._carry_out(command), wanted(self.topic, TAKER, purpose))

    def suspend(self, grant: EventRef) -> EventRef:
        """Suspend a grant."""
        return self._carry_out(SuspendGrant(by=AUTHORITY, grant=grant, reason="核查"))

    def _carry_out(self, command: Command) -> EventRef:
        events = decide(command, self.book, HERE, NOW)
        for event in events:
            self.book.fold(HERE, encode(event))
        return events[-1].ref

    async def follows(self, grant: EventRef, state: GrantState, *carried: Topic, here: Division = HERE) -> bool:
        """Ask for a node."""
        command = SeeGrant(by=RULE, grant=grant, seen=grant, state=state)
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(Unavailable):  # a topic that has just been made may have no leader yet
                    return await follows(self._client, self.book, here, command, carried)
                await asyncio.sleep(0.05)


@pytest.fixture
async def desk(kafka: Kafka, topic_name: Callable[[], str]) -> AsyncIterator[Desk]:
    """A resource whose topic is not there yet."""
    topic = Topic(f"445102.tax.{topic_name().rpartition('.')[2]}")
    async with open_client(kafka.bootstrap, client_id="test", security=Security()) as client:
        yield Desk(client, topic)


async def test_it_flows_once_the_topic_is_there_and_at_its_taker_once_something_has_come(desk: Desk, kafka: Kafka) -> None:
    """A node between the two cannot wait for records: it may have none of its own to see."""
    grant, between = desk.give(), Division("445100")
    assert not await desk.follows(grant, "flowing")
    assert not await desk.follows(grant, "flowing", here=between)
    Bench.make(kafka.bootstrap, desk.topic, 2)
    assert await desk.follows(grant, "flowing", here=between)
    assert not await desk.follows(grant, "flowing")
    producer = confluent_kafka.Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(desk.topic, b"value", partition=1)
    assert producer.flush(20) == 0
    assert await desk.follows(grant, "flowing")


async def test_it_has_stopped_once_no_route_carries_it(desk: Desk) -> None:
    """Unless another grant lets the same topic move; one that is suspended itself does not."""
    grant = desk.give()
    desk.suspend(grant)
    assert not await desk.follows(grant, "suspended", desk.topic)
    assert await desk.follows(grant, "suspended", Topic("445102.tax.other"))
    other = desk.give("另一用途")
    assert await desk.follows(grant, "suspended", desk.topic)
    desk.suspend(other)
    assert not await desk.follows(grant, "suspended", desk.topic)
