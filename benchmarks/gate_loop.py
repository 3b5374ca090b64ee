"""The peer of `gate`: the usual way, a loop of aiokafka and fastavro that does the same work exactly once, until SIGTERM.

`python -m benchmarks.gate_loop BOOTSTRAP RESOURCE PARTITIONS`. It is written to be fast: many records a poll, no check of CRCs,
batches filled by `create_batch` instead of a future for each record, one transaction a second at most.
"""

import asyncio
import signal
import sys
import time
from io import BytesIO
from typing import Any

import fastavro
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks.flat import checks, flat
from node.adapters.publish import BATCH_BYTES_MAX
from node.avro import frame_header
from node.model.names import Topic, inbox_topic, quarantine_topic
from node.model.partition import partition_of

_POLL_RECORDS = 20_000
_TRANSACTION_S = 0.5
_AHEAD_MS = 3_600_000
_ALLOWED = {"traceparent", "tracestate"}


class Loop:
    """One consumer, one transactional producer, and the check between them."""

    def __init__(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, resource: Topic, partitions: int) -> None:
        self._consumer, self._producer = consumer, producer
        self._resource, self._quarantine, self._partitions = resource, quarantine_topic(resource), partitions
        ready = flat()
        self._schema, self._frame = ready.schema.avro, frame_header(ready.number)
        self._check = checks()
        self._open: dict[tuple[str, int], Any] = {}
        self._answers: list[asyncio.Future[Any]] = []

    async def turn(self) -> None:
        """Take records for half a second, write what became of them and where the reading stands, in one transaction."""
        until = time.monotonic() + _TRANSACTION_S
        await self._producer.begin_transaction()
        places: dict[TopicPartition, int] = {}
        while time.monotonic() < until:
            found = await self._consumer.getmany(timeout_ms=100, max_records=_POLL_RECORDS)
            for partition, records in found.items():
                await self._take(partition.partition, records)
                places[partition] = records[-1].offset + 1
            if not found and places:
                break
        for (topic, partition), batch in self._open.items():
            await self._send(topic, partition, batch)
        self._open.clear()
        await asyncio.gather(*self._answers)
        self._answers.clear()
        if places:
            await self._producer.send_offsets_to_transaction(places, "benchmark")
        await self._producer.commit_transaction()

    async def _take(self, partition: int, records: list[Any]) -> None:
        now = int(time.time() * 1000)
        today = now // 86_400_000
        for record in records:
            why = self._fault(record, partition, now, today)
            if why:
                headers = [*record.headers, ("exchange.reason", why.encode()), ("exchange.inbox.offset", str(record.offset).encode())]
                await self._put(self._quarantine, partition, record, headers)
            else:
                await self._put(self._resource, partition, record, list(record.headers))

    def _fault(self, record: Any, partition: int, now: int, today: int) -> str:
        """Return why a record is refused, empty if it passes."""
        if any(name not in _ALLOWED for name, _value in record.headers):
            return "header"
        if not 0 <= record.timestamp <= now + _AHEAD_MS:
            return "timestamp"
        datum = self._decoded(record.value)
        if datum is None:
            return "value"
        why = self._check(datum, today)
        if not why and record.key != datum["id"].encode():
            why = "key"
        if not why and partition_of(record.key, self._partitions) != partition:
            why = "partition"
        return why

    def _decoded(self, value: bytes | None) -> dict[str, Any] | None:
        if value is None or value[:5] != self._frame:
            return None
        source = BytesIO(value)
        source.seek(5)
        try:
            datum: Any = fastavro.schemaless_reader(source, self._schema, None)
        except (EOFError, ValueError, IndexError, KeyError, TypeError, OverflowError):
            return None
        return datum if source.tell() == len(value) else None

    async def _put(self, topic: str, partition: int, record: Any, headers: Any) -> None:
        batch = self._open.get((topic, partition))
        content = {"timestamp": record.timestamp, "key": record.key, "value": record.value, "headers": headers}
        if batch is not None and batch.append(**content) is not None:
            return
        if batch is not None:
            await self._send(topic, partition, batch)
        self._open[topic, partition] = batch = self._producer.create_batch()
        batch.append(**content)

    async def _send(self, topic: str, partition: int, batch: Any) -> None:
        batch.close()
        self._answers.append(await self._producer.send_batch(batch, topic, partition=partition))


async def carry(bootstrap: str, resource: Topic, partitions: int) -> None:
    """Check an inbox until SIGTERM."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    consumer = AIOKafkaConsumer(
        inbox_topic(resource),
        bootstrap_servers=bootstrap,
        group_id="benchmark",
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        check_crcs=False,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, transactional_id="benchmark", compression_type="lz4", max_batch_size=BATCH_BYTES_MAX, acks="all"
    )
    async with consumer, producer:
        loop = Loop(consumer, producer, resource, partitions)
        while not stopping.is_set():
            await loop.turn()


if __name__ == "__main__":
    asyncio.run(carry(sys.argv[1], Topic(sys.argv[2]), int(sys.argv[3])))
