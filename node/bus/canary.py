"""Canaries in the own cluster: the own one written, all others read, the newest of each and no more."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition as KafkaPartition

from node.bus.client import stopped
from node.bus.security import Security
from node.errors import BusError, Unavailable, said
from node.model.limits import CANARY_BYTES_MAX, CANARY_INTERVAL_S, KIB, REQUEST_TIMEOUT_S
from node.model.names import Topic

_KEY = b"canary"
"""All have one key, so that compaction keeps the newest."""
_BACK = 16
"""So many offsets before its end a log is begun: the last canary is among them, for each takes two, its own and its transaction's marker."""
_POLL_S = 1.0
_FETCH_WAIT_MS = int(CANARY_INTERVAL_S * 100)


class Canaries:
    """Made by `open_canaries`; every method raises BusError if the cluster does not answer."""

    def __init__(self, producer: AIOKafkaProducer, consumer: AIOKafkaConsumer) -> None:
        self._producer = producer
        self._consumer = consumer
        self._followed: frozenset[Topic] = frozenset()

    async def write(self, topic: Topic, value: bytes, made_ms: int) -> None:
        """Write a canary; it stands when this returns."""
        assert len(value) <= CANARY_BYTES_MAX
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                await self._producer.send_and_wait(topic, value, key=_KEY, partition=0, timestamp_ms=made_ms)
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable(f"{topic}: {said(error)}") from error

    async def read(self, topics: Iterable[Topic]) -> dict[Topic, bytes]:
        """Wait up to a second for canaries of these topics, which exist; return the newest of each that came."""
        wanted = frozenset(topics)
        try:
            if wanted != self._followed:
                await self._follow(wanted)
            if not wanted:
                await asyncio.sleep(_POLL_S)
                return {}
            found = await self._consumer.getmany(timeout_ms=int(_POLL_S * 1000))
        except (KafkaError, OSError, TimeoutError) as error:
            raise BusError(f"canaries cannot be read: {said(error)}") from error
        return {Topic(partition.topic): records[-1].value or b"" for partition, records in found.items()}

    async def _follow(self, topics: frozenset[Topic]) -> None:
        partitions = [KafkaPartition(topic, 0) for topic in sorted(topics)]
        self._consumer.assign(partitions)
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            ends = await self._consumer.end_offsets(partitions) if partitions else {}
        for partition, end in ends.items():
            self._consumer.seek(partition, max(end - _BACK, 0))
        self._followed = topics


@asynccontextmanager
async def open_canaries(bootstrap: str, client_id: str, security: Security) -> AsyncIterator[Canaries]:
    """Open the canaries of a cluster. Unavailable if no broker answers."""
    arguments: dict[str, Any] = security.aiokafka()
    arguments |= {"bootstrap_servers": bootstrap, "client_id": client_id, "request_timeout_ms": int(REQUEST_TIMEOUT_S * 1000)}
    producer = AIOKafkaProducer(acks="all", **arguments)
    consumer = AIOKafkaConsumer(
        isolation_level="read_committed",
        auto_offset_reset="none",
        enable_auto_commit=False,
        fetch_max_wait_ms=_FETCH_WAIT_MS,
        max_partition_fetch_bytes=64 * KIB,
        **arguments,
    )
    try:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                await producer.start()
                await consumer.start()
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable(f"no Kafka broker answers at {bootstrap}: {said(error)}") from error
        yield Canaries(producer, consumer)
    finally:
        await stopped(consumer.stop())
        await stopped(producer.stop())
