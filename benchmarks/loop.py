"""The peer of `gate` and `view`: the usual way, a loop of aiokafka and fastavro that works exactly once, until SIGTERM.

It is written to be fast: many records a poll, no check of CRCs, batches filled by `create_batch` instead of a future for each record, two
transactions a second at most. What it does with records is a function of the benchmark's own.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks.carry import until_told
from node.adapters.publish import BATCH_BYTES_MAX
from node.model.names import Topic

GROUP = "benchmark"
_POLL_RECORDS = 20_000
_TRANSACTION_S = 0.5

Put = Callable[..., None]
"""Called with topic, partition, timestamp, key, value and headers: writes a record."""
Take = Callable[[int, Sequence[Any], Put], None]
"""What is done with the records of a partition."""


class Loop:
    """One consumer, one transactional producer, and what is done between them."""

    def __init__(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, take: Take) -> None:
        self._consumer, self._producer, self._take = consumer, producer, take
        self._open: dict[tuple[str, int], Any] = {}
        self._full: list[tuple[str, int, Any]] = []
        self._answers: list[asyncio.Future[Any]] = []

    async def turn(self) -> None:
        """Take records for half a second, write what became of them and where the reading stands, in one transaction."""
        until = time.monotonic() + _TRANSACTION_S
        await self._producer.begin_transaction()
        places: dict[TopicPartition, int] = {}
        while time.monotonic() < until:
            found = await self._consumer.getmany(timeout_ms=100, max_records=_POLL_RECORDS)
            for partition, records in found.items():
                self._take(partition.partition, records, self._put)
                places[partition] = records[-1].offset + 1
            await self._send()
            if not found and places:
                break
        self._full += [(*place, batch) for place, batch in self._open.items()]
        self._open.clear()
        await self._send()
        await asyncio.gather(*self._answers)
        self._answers.clear()
        if places:
            await self._producer.send_offsets_to_transaction(places, GROUP)
        await self._producer.commit_transaction()

    def _put(self, topic: str, partition: int, timestamp: int, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> None:  # noqa: PLR0917
        place = topic, partition
        batch = self._open.get(place)
        if batch is not None:
            if batch.append(timestamp=timestamp, key=key, value=value, headers=headers) is not None:
                return
            self._full.append((*place, batch))
        self._open[place] = batch = self._producer.create_batch()
        batch.append(timestamp=timestamp, key=key, value=value, headers=headers)

    async def _send(self) -> None:
        for topic, partition, batch in self._full:
            batch.close()
            self._answers.append(await self._producer.send_batch(batch, topic, partition=partition))
        self._full.clear()


async def loop(bootstrap: str, topic: Topic, take: Take) -> None:
    """Work through a topic until SIGTERM."""
    told = until_told()
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=GROUP,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        check_crcs=False,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, transactional_id=GROUP, compression_type="lz4", max_batch_size=BATCH_BYTES_MAX, acks="all"
    )
    async with consumer, producer:
        one = Loop(consumer, producer, take)
        while not told.is_set():
            await one.turn()
