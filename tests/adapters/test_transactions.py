"""Answers for node/adapters/transactions.py."""

import asyncio
from collections.abc import Callable

import aiokafka.errors
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import OffsetAndMetadata

from node.adapters import transactions
from node.adapters.transactions import Place, abort, kafka_errors, open_producer, read_place
from node.bus.security import Security
from node.errors import BusError, Fenced, Unavailable
from node.model.names import resource
from tests.conftest import Kafka

TOPIC = resource("445102.test.none")


@pytest.mark.parametrize(
    ("raised", "expected", "message"),
    [
        (aiokafka.errors.ProducerFenced(), Fenced, "another publication"),
        (aiokafka.errors.TopicAuthorizationFailedError(TOPIC), BusError, "TopicAuthorizationFailedError"),
        (aiokafka.errors.MessageSizeTooLargeError(), BusError, "MessageSizeTooLargeError"),
        (aiokafka.errors.UnknownTopicOrPartitionError(), Unavailable, "UnknownTopicOrPartitionError"),
        (aiokafka.errors.KafkaConnectionError("gone"), Unavailable, "gone"),
        (TimeoutError(), Unavailable, "TimeoutError"),
        (ConnectionResetError("reset"), Unavailable, "reset"),
    ],
)
def test_kafkas_errors_become_the_houses(raised: Exception, expected: type[BusError], message: str) -> None:
    """Each error says to its caller whether to wait, or to give up."""
    with pytest.raises(expected, match=message) as caught, kafka_errors(TOPIC):
        raise raised
    assert type(caught.value) is expected


def test_errors_that_are_not_kafkas_pass() -> None:
    """A defect is not taken for an outage."""
    with pytest.raises(KeyError), kafka_errors(TOPIC):
        raise KeyError


@pytest.mark.kafka
async def test_a_place_is_read_as_it_was_committed(kafka: Kafka, topic_name: Callable[[], str]) -> None:
    """A group without a place stands at the first row; a committed place is read with its figures, an aborted one is not."""
    topic = resource(topic_name())
    group, place = f"{topic}.group", {TopicPartition(topic, 0): OffsetAndMetadata(250, "7")}
    admin = AIOKafkaAdminClient(**kafka.aiokafka())
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
        async with open_producer(kafka.bootstrap, group, batch_bytes=1000, security=kafka.security) as producer:
            assert await read_place(kafka.bootstrap, group, topic, security=kafka.security) == Place(0, 0)
            await producer.begin_transaction()
            await producer.send_offsets_to_transaction(place, group)
            await abort(producer)
            assert await read_place(kafka.bootstrap, group, topic, security=kafka.security) == Place(0, 0)
            await producer.begin_transaction()
            await producer.send_offsets_to_transaction(place, group)
            await producer.commit_transaction()
        async with open_producer(kafka.bootstrap, group, batch_bytes=1000, security=kafka.security):
            assert await read_place(kafka.bootstrap, group, topic, security=kafka.security) == Place(250, 7)
    finally:
        await admin.close()


@pytest.mark.kafka
async def test_opening_again_fences_the_former(kafka: Kafka, topic_name: Callable[[], str]) -> None:
    """Two producers of one transactional.id: the later holds it, the earlier is Fenced."""
    topic = resource(topic_name())
    how = {"batch_bytes": 1000, "security": kafka.security}
    async with open_producer(kafka.bootstrap, topic, **how) as earlier:  # type: ignore[arg-type]  # as the dict says
        await earlier.begin_transaction()
        async with open_producer(kafka.bootstrap, topic, **how):  # type: ignore[arg-type]
            with pytest.raises(Fenced), kafka_errors(topic):
                await earlier.send_offsets_to_transaction({TopicPartition(topic, 0): OffsetAndMetadata(1, "")}, topic)


async def test_abort_of_what_cannot_be_aborted_is_no_error() -> None:
    """Where no transaction is open, or its producer is lost, abort returns and leaves it to the coordinator."""
    await abort(AIOKafkaProducer(bootstrap_servers="127.0.0.1:1", transactional_id="x", enable_idempotence=True))


async def test_a_producer_that_does_not_stop_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop that waits for ever, and keeps its first cancellation to itself, ends at the deadline with the connections closed."""
    closed: list[bool] = []

    class Client:
        async def close(self) -> None:
            closed.append(True)

    class Stuck:
        client = Client()

        async def start(self) -> None:
            """Be ready at once."""

        async def stop(self) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await asyncio.Event().wait()

    monkeypatch.setattr(transactions, "STOP_S", 0.05)
    monkeypatch.setattr(transactions, "AIOKafkaProducer", lambda **_settings: Stuck())
    async with asyncio.timeout(5):
        async with open_producer("127.0.0.1:1", "x", batch_bytes=1000, security=Security()):
            pass
    assert closed == [True]


async def test_an_unreachable_cluster_is_unavailable() -> None:
    """Neither producer nor place waits for a cluster that refuses connections."""
    with pytest.raises(Unavailable), kafka_errors(TOPIC):
        async with open_producer("127.0.0.1:1", "x", batch_bytes=1000, security=Security()):
            pass
    with pytest.raises(Unavailable), kafka_errors(TOPIC):
        await read_place("127.0.0.1:1", "x", TOPIC, security=Security())
