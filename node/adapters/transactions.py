"""A transactional producer of aiokafka with deadlines, errors of this house, and a place kept in a consumer group.

aiokafka 0.14 has none of the three: it repeats a retriable request for ever, its `stop` waits for batches that can
never be sent and keeps cancellation from its caller, and after a failed batch it must be thrown away (it lacks KIP-360).
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    GroupAuthorizationFailedError,
    KafkaError,
    MessageSizeTooLargeError,
    NotCoordinatorError,
    ProducerFenced,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
from aiokafka.structs import OffsetAndMetadata

from node.bus.security import Security
from node.errors import BusError, Fenced, Unavailable
from node.model.limits import BACKOFF_FIRST_S, REQUEST_TIMEOUT_S, TRANSACTION_TIMEOUT_S
from node.model.names import Topic

STOP_S = 2.0
"""A producer that has not stopped by then has batches that cannot be sent: it is cut off. Far more than an abort takes (5 ms)."""
LINGER_MS = 5
"""A batch that is not full waits this long: at a transaction's end it is sent at once anyway."""

_PERMANENT = (
    AuthenticationFailedError,
    SaslAuthenticationFailed,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    MessageSizeTooLargeError,
)
"""Waiting mends none of these."""


class Place(msgspec.Struct, frozen=True):
    """How far a file has come: the number of the next row, and how many rows before it were refused."""

    row: int = 0
    refused: int = 0


@contextmanager
def kafka_errors(topic: Topic) -> Iterator[None]:
    """Turn what aiokafka raises inside into errors of this house."""
    try:
        yield
    except ProducerFenced as error:
        raise Fenced(f"{topic}: another publication of the same file has taken over, or this one stood still for too long") from error
    except _PERMANENT as error:
        raise BusError(f"{topic}: {type(error).__name__}: {error}") from error
    except (KafkaError, OSError, TimeoutError) as error:
        raise Unavailable(f"{topic}: {type(error).__name__}: {error}") from error


@asynccontextmanager
async def open_producer(bootstrap: str, transactional_id: str, *, batch_bytes: int, security: Security) -> AsyncIterator[AIOKafkaProducer]:
    """Open the producer of a transactional.id; its former owner is then fenced and that one's transaction ended (KIP-98)."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        client_id=transactional_id,
        transactional_id=transactional_id,
        transaction_timeout_ms=int(TRANSACTION_TIMEOUT_S * 1000),
        request_timeout_ms=int(REQUEST_TIMEOUT_S * 1000),
        # aiokafka writes lz4 in independent blocks, the only ones that Java clients read (KIP-57).
        compression_type="lz4",
        max_batch_size=batch_bytes,
        linger_ms=LINGER_MS,
        **_arguments(security),
    )
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            await producer.start()
        yield producer
    finally:
        await _stop(producer)


async def read_place(bootstrap: str, group: str, topic: Topic, *, security: Security) -> Place:
    """Return the place that a group keeps on partition 0 of `topic`, the first row if it keeps none.

    Read it after the group's producer was opened: only then is its last transaction settled, and the place with it.
    """
    partition = TopicPartition(topic, 0)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(REQUEST_TIMEOUT_S * 1000), **_arguments(security))
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            await admin.start()
            while True:
                found = await _asked(admin, group, partition)
                if found is not None:
                    return Place(found.offset, int(found.metadata or 0)) if found.offset >= 0 else Place()
                await asyncio.sleep(BACKOFF_FIRST_S)
    finally:
        await admin.close()


async def _asked(admin: AIOKafkaAdminClient, group: str, partition: TopicPartition) -> OffsetAndMetadata | None:
    """Return what the coordinator knows (offset -1: nothing), None while it is being made, moved or loaded."""
    try:
        # Errors of the group as a whole stand above the partitions, where aiokafka does not look: the answer is empty then.
        answer = await admin.list_consumer_group_offsets(group, partitions=[partition])
    except (CoordinatorNotAvailableError, NotCoordinatorError, CoordinatorLoadInProgressError):
        return None
    return answer.get(partition)


async def abort(producer: AIOKafkaProducer) -> None:
    """Abort the open transaction if that is still possible; if not, the coordinator does after TRANSACTION_TIMEOUT_S."""
    # aiokafka asserts its own states: a transaction that failed or is being committed is not there to be aborted.
    with suppress(KafkaError, OSError, TimeoutError, AssertionError):
        async with asyncio.timeout(STOP_S):
            await producer.abort_transaction()


async def _stop(producer: AIOKafkaProducer) -> None:
    stopping = asyncio.ensure_future(producer.stop())
    done, _ = await asyncio.wait((stopping,), timeout=STOP_S)
    if not done:
        stopping.cancel()
        await producer.client.close()


def _arguments(security: Security) -> dict[str, Any]:
    return security.aiokafka()
