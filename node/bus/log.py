"""Control logs with aiokafka's ordinary clients: the own one written, all of them read."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerFenced
from aiokafka.structs import TopicPartition as KafkaPartition

from node.bus.client import stopped
from node.bus.security import Security
from node.bus.wire import cut_off, knock
from node.errors import BusError, Fenced, Unavailable, said
from node.model.keys import HEADER, Signed
from node.model.limits import REQUEST_TIMEOUT_S, TRANSACTION_TIMEOUT_S
from node.model.names import Topic

_POLL_S = 1.0
_FETCH_WAIT_MS = 150
"""aiokafka leaves a log whose events are not taken yet out of its next Fetch, and one Fetch is in flight for a broker: a log that
speaks twice is read the second time only after that Fetch. Kafka's 500 ms would make a steward wait half a second for each command."""


class LogWriter:
    """The one writer of a control log. After any error it is of no use: open a new one."""

    def __init__(self, producer: AIOKafkaProducer, topic: Topic) -> None:
        self._producer = producer
        self._topic = topic

    async def append(self, records: Sequence[Signed], *, beside: tuple[Topic, bytes] | None = None) -> None:
        """Append events in one transaction, each with its seal in a header, and a record in another topic's partition 0: all stand, or none does.

        Fenced if another process writes this log, else Unavailable.
        """
        try:
            # Two limits: when the inner one has struck, leaving the transaction aborts it, which may wait for ever as well.
            async with asyncio.timeout(REQUEST_TIMEOUT_S), self._producer.transaction(), asyncio.timeout(REQUEST_TIMEOUT_S / 2):
                places = [(self._topic, one) for one in records]
                if beside is not None:
                    places.append((beside[0], Signed(beside[1])))
                sent = [await self._producer.send(topic, one.value, partition=0, headers=_headers(one)) for topic, one in places]
                await asyncio.gather(*sent)  # aiokafka would commit with a batch in doubt
        except ProducerFenced as error:
            raise Fenced(f"another process writes {self._topic}: is this node running twice?") from error
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable(f"{self._topic}: {said(error)}") from error


@asynccontextmanager
async def open_log_writer(bootstrap: str, topic: Topic, transactional_id: str, security: Security) -> AsyncIterator[LogWriter]:
    """Take the right to write a control log: a former writer is fenced (KIP-98)."""
    arguments: dict[str, Any] = security.aiokafka()
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        transactional_id=transactional_id,
        transaction_timeout_ms=int(TRANSACTION_TIMEOUT_S * 1000),
        acks="all",
        request_timeout_ms=int(REQUEST_TIMEOUT_S * 1000),
        **arguments,
    )
    try:
        await _start(producer, bootstrap, security)
        yield LogWriter(producer, topic)
    finally:
        if not await stopped(producer.stop()):
            cut_off(producer)
            await stopped(producer.client.close())


class LogReader:
    """Reads control logs from their beginning, committed events only, in the order of each log."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._next: dict[Topic, int] = {}

    @property
    def followed(self) -> tuple[Topic, ...]:
        """The topics that are read."""
        return tuple(self._next)

    def follow(self, topics: Iterable[Topic]) -> None:
        """Read these topics, which exist, from where each was left."""
        wanted = set(topics)
        if wanted == self._next.keys():
            return
        self._next = {topic: self._next.get(topic, 0) for topic in wanted}
        self._consumer.assign([KafkaPartition(topic, 0) for topic in sorted(wanted)])
        for topic, offset in self._next.items():
            self._consumer.seek(KafkaPartition(topic, 0), offset)

    def rewind(self, topic: Topic) -> None:
        """Read a log from its beginning again."""
        if topic in self._next:
            self._next[topic] = 0
            self._consumer.seek(KafkaPartition(topic, 0), 0)

    async def read(self) -> dict[Topic, list[Signed]]:
        """Wait up to a second for events, and return those of each log in their order; BusError if a log is not there any more from where it was left."""
        if not self._next:
            await asyncio.sleep(_POLL_S)
            return {}
        try:
            batches = await self._consumer.getmany(timeout_ms=int(_POLL_S * 1000))
        except (KafkaError, OSError) as error:
            raise BusError(f"control logs cannot be read: {said(error)}") from error
        events = {}
        for partition, records in batches.items():
            topic = Topic(partition.topic)
            if topic in self._next:
                self._next[topic] = records[-1].offset + 1
                events[topic] = [Signed(record.value or b"", dict(record.headers).get(HEADER)) for record in records]
        return events

    async def at_end(self, topic: Topic) -> bool:
        """Tell whether all that is committed in a log now has been read."""
        partition = KafkaPartition(topic, 0)
        if topic not in self._next:
            return False
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                ends = await self._consumer.end_offsets([partition])
                position = await self._consumer.position(partition)
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable(f"{topic}: {said(error)}") from error
        return bool(position >= ends[partition])


def _headers(one: Signed) -> list[tuple[str, bytes]]:
    return [] if one.seal is None else [(HEADER, one.seal)]


@asynccontextmanager
async def open_log_reader(bootstrap: str, security: Security) -> AsyncIterator[LogReader]:
    """Open a reader of a cluster's control logs."""
    arguments: dict[str, Any] = security.aiokafka()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="none",
        enable_auto_commit=False,
        fetch_max_wait_ms=_FETCH_WAIT_MS,
        **arguments,
    )
    try:
        await _start(consumer, bootstrap, security)
        yield LogReader(consumer)
    finally:
        await stopped(consumer.stop())


async def _start(client: AIOKafkaProducer | AIOKafkaConsumer, bootstrap: str, security: Security) -> None:
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            await client.start()
    except (KafkaError, OSError, TimeoutError, ValueError) as error:
        why = await knock(bootstrap, "knock", security)
        raise Unavailable(f"no Kafka broker answers at {bootstrap}: {why or said(error)}") from error


async def read_log(bootstrap: str, topic: Topic, security: Security) -> list[Signed]:
    """Return all that is committed in a control log now, which exists. BusError if it cannot be read to its end."""
    found: list[Signed] = []
    async with open_log_reader(bootstrap, security) as reader:
        reader.follow({topic})
        while not await reader.at_end(topic):
            found += (await reader.read()).get(topic, [])
    return found
