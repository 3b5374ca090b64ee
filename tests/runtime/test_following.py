"""Whether a node does what a grant says, on a real cluster."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial

import confluent_kafka
import pytest

from node.bus import topics
from node.bus.client import Client, open_client
from node.control import Command, ResumeGrant, SuspendGrant, decide, encode, topics_here
from node.control.commands import SeeGrant
from node.errors import Unavailable
from node.model.names import Department, Division, Topic
from node.model.values import RULE, DepartmentValue, DivisionValue, EventRef, GrantState
from node.runtime import following
from node.runtime.following import Following, follows
from node.telemetry import Metrics
from tests.conftest import Kafka
from tests.granting import AUTHORITY, give, wanted
from tests.runtime.conftest import Bench
from tests.runtime.test_gates import FIRST, HERE, Stand

NOW = datetime(2026, 11, 25, 4, tzinfo=UTC)
TODAY = NOW.date()
TAKER = Department("445102.police")
ABOVE, ABROAD = Division("445100"), Department("445100.tax")


class Desk(Stand):
    """A book with a resource, and the cluster where it lies."""

    def __init__(self, client: Client, topic: Topic) -> None:
        super().__init__()
        self.topic, self.client = topic, client
        self.say(ABOVE, DivisionValue(code=ABOVE, name="潮州市", level="city"))
        self.say(ABOVE, DivisionValue(code=HERE, name="湘桥区", level="county", parent=ABOVE))
        self.say(ABOVE, DepartmentValue(department=ABROAD, name="税务局"))
        self.say(HERE, DepartmentValue(department=TAKER, name="公安局"))
        self.describe(topic, FIRST)

    def give(self, purpose: str = "核对", taker: Department = TAKER, until: str = "") -> EventRef:
        """Let the whole resource be granted to another department of its own node, or to one of the node above."""
        return give(self._carry_out, wanted(self.topic, taker, purpose, until=until))

    def suspend(self, grant: EventRef) -> EventRef:
        """Suspend a grant."""
        return self._carry_out(HERE, SuspendGrant(by=AUTHORITY, grant=grant, reason="核查"))

    def resume(self, grant: EventRef) -> EventRef:
        """Let it flow again."""
        return self._carry_out(HERE, ResumeGrant(by=AUTHORITY, grant=grant))

    async def is_there(self) -> bool:
        """Tell whether the cluster has the topic."""
        await self.client.look([self.topic])
        return self.client.topic(self.topic) is not None

    def _carry_out(self, here: Division, command: Command) -> EventRef:
        events = decide(command, self.book, here, NOW)
        for event in events:
            self.book.fold(here, encode(event))
        return events[-1].ref

    async def follows(self, grant: EventRef, state: GrantState, *carried: Topic, here: Division = HERE) -> bool:
        """Ask for a node."""
        command = SeeGrant(by=RULE, grant=grant, seen=grant, state=state)
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(Unavailable):  # a topic that has just been made may have no leader yet
                    await self.client.look([self.topic])
                    return await follows(self.client, self.book, here, command, carried)
                await asyncio.sleep(0.05)


class Told:
    """What the node above does about a grant that comes to it, in the same cluster, and what it says."""

    def __init__(self, desk: Desk, kafka: Kafka) -> None:
        self.said: list[SeeGrant] = []
        self.metrics = Metrics()
        self._desk = desk
        self.following = Following(ABOVE, kafka.security, self.metrics, self._say)

    async def _say(self, command: SeeGrant) -> None:
        self.said.append(command)
        for event in decide(command, self._desk.book, ABOVE, NOW):
            self._desk.book.fold(ABOVE, encode(event))

    async def step(self, carried: set[Topic], today: date = TODAY) -> bool:
        """Let it do what is to be done."""
        wanted = partial(topics_here, self._desk.book, ABOVE, None, today)
        return await self.following.step(self._desk.client, self._desk.book, today, carried, wanted)


@pytest.fixture
async def desk(kafka: Kafka, topic_name: Callable[[], str]) -> AsyncIterator[Desk]:
    """A resource whose topic is not there yet."""
    topic = Topic(f"445102.tax.{topic_name().rpartition('.')[2]}")
    async with open_client(kafka.bootstrap, client_id="test", security=kafka.security) as client:
        yield Desk(client, topic)


async def test_it_flows_once_the_topic_is_there_and_at_its_taker_once_something_has_come(desk: Desk, kafka: Kafka) -> None:
    """A node between the two cannot wait for records: it may have none of its own to see."""
    grant, between = desk.give(), Division("445100")
    assert not await desk.follows(grant, "flowing")
    assert not await desk.follows(grant, "flowing", here=between)
    Bench.make(kafka, desk.topic, 2)
    assert await desk.follows(grant, "flowing", here=between)
    assert not await desk.follows(grant, "flowing")
    producer = confluent_kafka.Producer(kafka.librdkafka())
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


async def test_a_copy_is_removed_before_it_is_said(desk: Desk, kafka: Kafka) -> None:
    """As long as a route carries it neither is done; once it is let go both are, once."""
    told = Told(desk, kafka)
    Bench.make(kafka, desk.topic, 2)
    grant = desk.give(taker=ABROAD)
    desk.suspend(grant)
    assert await told.step({desk.topic})
    assert (told.said, await desk.is_there()) == ([], True)
    assert not await told.step(set())
    assert [(one.grant, one.state, one.disposed) for one in told.said] == [(grant, "suspended", (desk.topic,))]
    assert not await desk.is_there()
    assert "exchange_copies_disposed_total 1.0" in told.metrics.text().decode()


async def test_what_lies_here_with_no_grant_is_swept_whatever_was_said(desk: Desk, kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """A controller may make a topic late, after all was said of it; what a route carries, or a grant asks for, is left alone."""
    told = Told(desk, kafka)
    Bench.make(kafka, desk.topic, 2)
    grant = desk.give(taker=ABROAD)
    desk.suspend(grant)
    await told.step(set())
    told.said.clear()
    Bench.make(kafka, desk.topic, 2)
    await told.step(set())
    assert await desk.is_there(), "it is not looked for at every step"
    monkeypatch.setattr(following, "_SWEEP_S", 0.0)
    await told.step({desk.topic})
    assert await desk.is_there()
    await told.step(set())
    assert (told.said, await desk.is_there()) == ([], False)
    desk.resume(grant)
    Bench.make(kafka, desk.topic, 2)
    await told.step(set())
    assert await desk.is_there()


async def test_a_copy_whose_grants_term_is_over_is_removed(desk: Desk, kafka: Kafka) -> None:
    """On the day after the last one, without any event; on that one it stays."""
    told = Told(desk, kafka)
    Bench.make(kafka, desk.topic, 2)
    grant = desk.give(taker=ABROAD, until=TODAY.isoformat())
    await told.step(set())
    assert await desk.is_there()
    told.said.clear()
    await told.step(set(), TODAY + timedelta(days=1))
    assert [(one.grant, one.state, one.disposed) for one in told.said] == [(grant, "expired", (desk.topic,))]
    assert not await desk.is_there()


async def test_a_copy_that_is_gone_already_is_said_to_be(desk: Desk, kafka: Kafka) -> None:
    """A node may have been killed after it removed it and before it said so."""
    told = Told(desk, kafka)
    grant = desk.give(taker=ABROAD)
    desk.suspend(grant)
    desk.resume(grant)
    assert not await told.step(set())
    assert [(one.state, one.disposed) for one in told.said] == [("suspended", (desk.topic,))]
    assert "exchange_copies_disposed_total 0.0" in told.metrics.text().decode()


async def test_a_copy_that_cannot_be_removed_is_told_and_not_said(desk: Desk, kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried again, and the trouble passes with it."""
    told = Told(desk, kafka)
    Bench.make(kafka, desk.topic, 2)
    desk.suspend(desk.give(taker=ABROAD))
    with monkeypatch.context() as patch:
        patch.setattr(topics, "REQUEST_TIMEOUT_S", 0.0)
        await told.step(set())
    assert (told.said, desk.topic in told.following.trouble) == ([], True)
    await told.step(set())
    assert ([one.disposed for one in told.said], told.following.trouble) == ([(desk.topic,)], "")
