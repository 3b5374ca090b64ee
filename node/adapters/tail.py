"""The committed records of a topic as they are, from a place on, to its end or for ever."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from node.adapters.transactions import kafka_errors
from node.bus.security import Security
from node.errors import Unavailable
from node.model.limits import FETCH_BYTES_MAX, REQUEST_TIMEOUT_S
from node.model.values import ResourceValue

Start = Literal["start", "now"] | int

POLL_S = 0.5
RECORDS_MAX = 500
"""Records handed on before the consumer is asked again: what is not yet taken stays in its buffers, FETCH_BYTES_MAX at most."""
STOP_S = 2.0
"""A consumer without a group has nothing to hand back: whatever hangs is cut off."""


class Tailed(msgspec.Struct, frozen=True, kw_only=True):
    """One record; a `value` of None is a tombstone."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None


async def tail(
    bootstrap: str, resource: ResourceValue, *, start: Start, follow: bool = False, security: Security | None = None
) -> AsyncGenerator[Tailed, None]:
    """Yield the records of a resource, each partition in its order, until the end that was seen at first; with `follow` for ever.

    An offset as `start` counts in every partition; where it is before the log's start or behind its end, that bound counts.
    Unavailable: the topic is not there, or Kafka did not answer for REQUEST_TIMEOUT_S.
    """
    topic = resource.name
    with kafka_errors(topic):
        async with _open(bootstrap, security or Security()) as consumer:
            ends = await _place(consumer, resource, bootstrap, start)
            silent = 0.0
            while follow or ends:
                fetched = await consumer.getmany(timeout_ms=int(POLL_S * 1000), max_records=RECORDS_MAX)
                for partition, records in fetched.items():
                    for record in records:
                        yield Tailed(
                            partition=partition.partition,
                            offset=record.offset,
                            timestamp_ms=record.timestamp,
                            key=record.key,
                            value=record.value,
                        )
                # Behind the last record may stand control and aborted batches: only the position tells.
                moved = {partition: end for partition, end in ends.items() if await consumer.position(partition) < end}
                silent = 0.0 if fetched or moved != ends else silent + POLL_S
                if ends and silent >= REQUEST_TIMEOUT_S:
                    raise Unavailable(f"{topic}: {bootstrap} has sent nothing for {REQUEST_TIMEOUT_S:.0f} s, and its end is not reached")
                ends = moved


async def _place(consumer: AIOKafkaConsumer, resource: ResourceValue, bootstrap: str, start: Start) -> dict[TopicPartition, int]:
    """Go to the start in every partition; return the ends, in the sense of read_committed, of those that have anything to read."""
    async with asyncio.timeout(REQUEST_TIMEOUT_S):
        # All topics are asked for: asking for one by name may make it, where the cluster allows that.
        if resource.name not in await consumer.topics():
            raise Unavailable(f"{resource.name} is not in the cluster at {bootstrap}, or not yet")
        partitions = [TopicPartition(resource.name, number) for number in range(resource.partitions)]
        consumer.assign(partitions)
        begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    for partition in partitions:
        wanted = 0 if start == "start" else ends[partition] if start == "now" else start
        consumer.seek(partition, max(begins[partition], min(wanted, ends[partition])))
    return {partition: end for partition, end in ends.items() if await consumer.position(partition) < end}


@asynccontextmanager
async def _open(bootstrap: str, security: Security) -> AsyncIterator[AIOKafkaConsumer]:
    arguments: dict[str, Any] = security.aiokafka()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="none",
        enable_auto_commit=False,
        fetch_max_bytes=FETCH_BYTES_MAX,
        request_timeout_ms=int(REQUEST_TIMEOUT_S * 1000),
        **arguments,
    )
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            await consumer.start()
        yield consumer
    finally:
        stopping = asyncio.ensure_future(consumer.stop())
        await asyncio.wait([stopping], timeout=STOP_S)
        stopping.cancel()
