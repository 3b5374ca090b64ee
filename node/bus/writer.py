"""Records written to some topics in one transaction, as they are given: for what is written on request, where no lane carries it.

aiokafka's producer, whose `commit_transaction` commits even where a batch failed, and whose `stop` may wait for ever: every batch is awaited
before, and every end has a deadline. After any error a writer is of no use: open a new one, which settles the transaction of the former.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, ProducerFenced

from node.batch.records import Record
from node.bus.client import stopped
from node.bus.security import Security
from node.bus.wire import cut_off
from node.errors import BusError, Fenced, Unavailable, said
from node.lane import TopicPartition
from node.model.limits import REQUEST_TIMEOUT_S, TRANSACTION_TIMEOUT_S

DEADLINE_S = TRANSACTION_TIMEOUT_S - 1.0
"""A transaction that takes longer is given up by us, before its coordinator does and fences us."""


class Writer:
    """The one writer under its transactional.id. Made by `open_writer`."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._open = self._abandoned = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Commit what is sent within; nothing of it where an error comes up, DEADLINE_S pass, or it is abandoned.

        Fenced if another process has this transactional.id now; Unavailable if nothing came of it, or nobody knows.
        """
        self._abandoned = False
        with _errors():
            async with asyncio.timeout(DEADLINE_S):
                await self._producer.begin_transaction()
                self._open = True
                yield
            # Not within DEADLINE_S: cut short, nobody would know how it ended.
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                await (self._producer.abort_transaction() if self._abandoned else self._producer.commit_transaction())
            self._open = False

    def abandon(self) -> None:
        """Let nothing come of the open transaction; there may be another after it."""
        self._abandoned = True

    async def send(self, place: TopicPartition, records: Iterable[Record]) -> int:
        """Write records to a partition in order, as they are but for their offsets; return the offset of the first. They stand when it returns.

        BusError if one is larger than its topic takes.
        """
        with _errors():
            answers = []
            batch = self._producer.create_batch()
            for record in records:
                while not _appended(batch, record):
                    answers.append(await self._send(batch, place))
                    batch = self._producer.create_batch()
            answers.append(await self._send(batch, place))
            stand = await asyncio.gather(*answers)
        return int(stand[0].offset)

    async def _send(self, batch: Any, place: TopicPartition) -> "asyncio.Future[Any]":
        batch.close()
        answer: asyncio.Future[Any] = await self._producer.send_batch(batch, place.topic, partition=place.partition)
        # Whoever gives the transaction up does not ask any more: an unasked failure must not be logged as forgotten.
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        return answer

    async def close(self) -> None:
        """Abort what is open, if that is still possible; if not, the coordinator does after TRANSACTION_TIMEOUT_S."""
        if self._open:
            # aiokafka asserts its own states: a transaction that failed or is being committed is not there to be aborted.
            with suppress(KafkaError, OSError, TimeoutError, AssertionError):
                await self._producer.abort_transaction()
        await self._producer.stop()


def _appended(batch: Any, record: Record) -> bool:
    """Add a record to a batch, False if there is no room; an empty one takes any."""
    headers = list(record.headers)
    return batch.append(timestamp=record.timestamp, key=record.key, value=record.value, headers=headers) is not None


@asynccontextmanager
async def open_writer(bootstrap: str, transactional_id: str, *, batch_bytes: int, security: Security) -> AsyncIterator[Writer]:
    """Take the right to write under a transactional.id, which is the client's name too: a former writer is fenced (KIP-98).

    When it opens, the former writer's last transaction is settled: what was committed can be read.
    """
    arguments: dict[str, Any] = security.aiokafka()
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        client_id=transactional_id,
        transactional_id=transactional_id,
        transaction_timeout_ms=int(TRANSACTION_TIMEOUT_S * 1000),
        request_timeout_ms=int(REQUEST_TIMEOUT_S * 1000),
        # aiokafka writes lz4 in independent blocks, the only ones that Java clients read (KIP-57).
        compression_type="lz4",
        max_batch_size=batch_bytes,
        **arguments,
    )
    writer = Writer(producer)
    try:
        with _errors():
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                await producer.start()
        yield writer
    finally:
        if not await stopped(writer.close()):
            cut_off(producer)
            await stopped(producer.client.close())


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except ProducerFenced as error:
        raise Fenced("another process writes under this node's name: is the node running twice?") from error
    except BusError:
        raise
    except MessageSizeTooLargeError as error:
        raise BusError("a record is larger than its topic takes; nothing was committed") from error
    except (KafkaError, OSError, TimeoutError) as error:
        raise Unavailable(f"the transaction was not committed, or nobody knows: {said(error)}") from error
