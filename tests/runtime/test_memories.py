"""What is kept of a shard's routes: learned from the target, true to what is committed, gone with its route."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import confluent_kafka
import pytest

from node.bus.client import Client, open_client
from node.errors import BusError
from node.lane import Progress, TopicPartition, Written
from node.lane.facts import Moved
from node.model.names import Topic
from node.runtime.memories import Memories
from node.transform import Made, Write
from node.transform.shown import Shown
from tests.conftest import Kafka
from tests.runtime.conftest import Bench


class Remembering:
    """A transform that keeps something of each route, or of none."""

    def __init__(self) -> None:
        self.keeps = True

    def outcomes(self, route: Topic) -> Mapping[Topic, str]:
        """Where a route writes to."""
        return {route: "sent"}

    def memory(self, _route: Topic, key: bytes) -> Shown | None:
        """Keep the keys that were shown."""
        return Shown(key) if self.keeps else None

    def make(self, partition: int, raws: Sequence[Write], now_ms: int, routes: Mapping[Topic, Shown | None]) -> Mapping[Topic, Made]:
        """Make nothing: what is kept is changed by the tests themselves."""
        raise NotImplementedError


class Stand:
    """The memories of a shard whose routes write to one topic."""

    def __init__(self, client: Client, kafka: Kafka, topic: Topic) -> None:
        self.transform, self.rest = Remembering(), asyncio.Event()
        self.rest.set()
        self.memories = Memories(client, lambda _route: self.transform, self._at_rest)
        self.route = TopicPartition(topic, 0)
        self._kafka = kafka

    async def _at_rest(self) -> None:
        await self.rest.wait()

    @property
    def shown(self) -> Shown:
        """What is kept of the route."""
        found = self.memories.of(self.route)
        assert found is not None
        return found

    def write(self, *records: tuple[bytes, bytes | None], commit: bool = True) -> Written:
        """Write records in one transaction; return what a progress would say of the topic after it."""
        producer = confluent_kafka.Producer({**self._kafka.librdkafka(), "transactional.id": self.route.topic})
        producer.init_transactions()
        producer.begin_transaction()
        offsets: list[int] = []

        def noted(_error: object, message: confluent_kafka.Message) -> None:
            offsets.append(message.offset() or 0)

        for key, value in records:
            producer.produce(self.route.topic, value, key, partition=0, on_delivery=noted)
        producer.flush(20)
        if commit:
            producer.commit_transaction()
        else:
            producer.abort_transaction()
        return Written(id="any", last=offsets[0], count=len(offsets))

    def moved(self, offset: int) -> tuple[Moved, ...]:
        """What a transaction would record of the route."""
        progress = Progress(source_id="any", next=offset, targets={})
        return (Moved(route=self.route, before=progress, progress=progress, ages=()),)


@pytest.fixture
async def stand(kafka: Kafka, topic_name: Callable[[], str]) -> AsyncIterator[Stand]:
    """Memories on a topic of the test's own."""
    topic = Topic(topic_name())
    Bench.make(kafka, topic, 1)
    async with open_client(kafka.bootstrap, client_id="test", security=kafka.security) as client:
        yield Stand(client, kafka, topic)


async def test_a_memory_is_learned_from_what_the_route_has_written(stand: Stand) -> None:
    """From the committed records below the progress' end: what was aborted, and what comes later, is none of it."""
    await asyncio.to_thread(stand.write, (b"a", b"1"), (b"b", b"1"))
    await asyncio.to_thread(stand.write, (b"never", b"1"), commit=False)
    written = await asyncio.to_thread(stand.write, (b"a", None), (b"c", b"1"))
    await asyncio.to_thread(stand.write, (b"later", b"1"))
    await stand.memories.open(stand.route, 7, written)
    assert [key for key in (b"a", b"b", b"c", b"never", b"later") if key in stand.shown] == [b"b", b"c"]
    assert stand.shown.at == 7


async def test_a_route_that_wrote_nothing_remembers_nothing(stand: Stand) -> None:
    """Whatever stands in its target: only what the progress speaks of is its own."""
    await asyncio.to_thread(stand.write, (b"a", b"1"))
    await stand.memories.open(stand.route, 0, None)
    assert len(stand.shown) == 0


async def test_a_lost_transaction_is_undone_and_a_committed_one_is_kept(stand: Stand) -> None:
    """By where the route goes on; also where the answer to a commit was lost."""
    written = await asyncio.to_thread(stand.write, (b"z", b"1"))
    await stand.memories.open(stand.route, 0, written)
    stand.shown.put(b"a", there=True)
    stand.memories.recorded(stand.moved(10))
    stand.memories.confirm(stand.moved(10))
    stand.shown.put(b"b", there=True)
    stand.memories.close(stand.route)
    await stand.memories.open(stand.route, 10, written)
    assert (b"a" in stand.shown, b"b" in stand.shown) == (True, False)
    stand.shown.put(b"c", there=True)
    stand.memories.recorded(stand.moved(20))
    stand.memories.close(stand.route)  # whether it was committed nobody knows, until the progress is read
    await stand.memories.open(stand.route, 20, written)
    assert b"c" in stand.shown


async def test_where_nobody_can_tell_it_is_learned_anew(stand: Stand) -> None:
    """An operator has sent the route back: what it has shown stands in its target."""
    written = await asyncio.to_thread(stand.write, (b"a", b"1"))
    await stand.memories.open(stand.route, 5, written)
    stand.shown.put(b"b", there=True)
    stand.memories.close(stand.route)
    await stand.memories.open(stand.route, 0, written)
    assert (b"a" in stand.shown, b"b" in stand.shown, stand.shown.at) == (True, False, 0)


async def test_after_an_operators_word_it_is_learned_anew_where_it_stood(stand: Stand) -> None:
    """Both sides are taken as they are: the target may be another one, or have lost its end, and the offset does not tell."""
    written = await asyncio.to_thread(stand.write, (b"a", b"1"))
    await stand.memories.open(stand.route, 5, written)
    stand.shown.put(b"gone", there=True)
    stand.memories.recorded(stand.moved(8))
    stand.memories.confirm(stand.moved(8))
    stand.memories.close(stand.route)
    await stand.memories.open(stand.route, 8, Written(id="any", last=written.next))
    assert (b"a" in stand.shown, b"gone" in stand.shown, stand.shown.at) == (True, False, 8)


async def test_a_record_says_nothing_of_what_is_not_open(stand: Stand) -> None:
    """A route that begins now, or goes on by an operator's word, is recorded while what is kept of it may still be learned."""
    await stand.memories.open(stand.route, 50, None)
    stand.memories.close(stand.route)
    stand.memories.recorded(stand.moved(0))
    await stand.memories.open(stand.route, 0, None)
    stand.memories.confirm(stand.moved(0))
    assert stand.shown.at == 0
    stand.memories.recorded(stand.moved(3))
    stand.memories.confirm(stand.moved(3))
    assert stand.shown.at == 3


async def test_it_waits_for_the_thread_that_works_on_it(stand: Stand) -> None:
    """What a lost transaction still changes would be undone too early; a route of which nothing is kept waits for nobody."""
    stand.rest.clear()
    opening = asyncio.create_task(stand.memories.open(stand.route, 0, None))
    await asyncio.sleep(0.05)
    assert not opening.done()
    assert stand.memories.of(stand.route) is None
    stand.rest.set()
    await opening
    stand.rest.clear()
    stand.transform.keeps = False
    other = TopicPartition(stand.route.topic, 1)
    await stand.memories.open(other, 0, None)
    assert stand.memories.of(other) is None


async def test_what_is_carried_no_more_is_forgotten(stand: Stand) -> None:
    """Open or closed."""
    await stand.memories.open(stand.route, 0, None)
    stand.memories.keep({stand.route})
    assert len(stand.shown) == 0
    stand.memories.keep(set())
    assert stand.memories.of(stand.route) is None


async def test_a_target_that_cannot_be_read_is_an_error(stand: Stand) -> None:
    """Its route is looked at anew, and nothing is made for it meanwhile."""
    gone: Any = TopicPartition(Topic("445102.test.gone"), 0)
    with pytest.raises(BusError):
        await stand.memories.open(gone, 0, Written(id="any", last=0, count=5))
    assert stand.memories.of(gone) is None
