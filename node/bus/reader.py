"""Committed records of a stretch of a topic, in order, once: for what is looked at on request, where no lane carries it.

Bounds: a reader holds FETCH_BYTES_MAX of fetched batches and hands on RECORDS_MAX records at a time; it waits for records that must come for
as long as a transaction may stay open before them, no longer.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition as KafkaPartition

from node.batch.records import Record
from node.bus.client import Client, open_client, stopped
from node.bus.inspect import LATEST, offset
from node.bus.metadata import TopicInfo
from node.bus.security import Security
from node.errors import BusError, Unavailable, said
from node.lane import TopicPartition
from node.model.limits import MIB, REQUEST_TIMEOUT_S, TRANSACTION_TIMEOUT_S
from node.model.names import Topic

FETCH_BYTES_MAX = 4 * MIB
RECORDS_MAX = 500
"""About 5 ms of work on them, refused records being seen at 100,000 a second, and then the loop turns: lanes run on the same one."""
_WAIT_S = TRANSACTION_TIMEOUT_S + 5.0
"""An open transaction holds what stands behind it back until it ends, or its coordinator aborts it."""
_POLL_S = 0.02
"""aiokafka does not return for a control batch that comes alone, and a stretch often ends with one: the position has to be looked at."""
_RETRY_MS = 20
"""aiokafka's pause before it looks again whether it knows a topic that it is asked about for the first time; 100 ms by itself."""
_FETCH_WAIT_MS = 10
"""The broker's longest pause before it answers that nothing is there: one stretch is read after another, each with a Fetch of its own."""


class Stretch(msgspec.Struct, frozen=True):
    """Some records, and the offset that the reading has come to: control and aborted batches may stand behind the last of them."""

    records: list[Record]
    position: int


class Reader:
    """Reads one stretch at a time. Made by `open_reader`; every method raises BusError if the cluster does not answer, or refuses."""

    def __init__(self, consumer: AIOKafkaConsumer, client: Client) -> None:
        self._consumer = consumer
        self._client = client

    async def look(self, topics: Collection[Topic]) -> dict[Topic, TopicInfo]:
        """Return those of these topics that are there. None is made by asking."""
        await self._client.look(topics)
        return {topic: info for topic in topics if (info := self._client.topic(topic)) is not None}

    async def bounds(self, places: Collection[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        """Return where each partition begins, and where what is committed in it ends."""
        partitions = [KafkaPartition(*place) for place in places]
        with _errors(", ".join(sorted({place.topic for place in places}))):
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                begins = await self._consumer.beginning_offsets(partitions) if partitions else {}
                ends = await self._consumer.end_offsets(partitions) if partitions else {}
        return {place: (begins[one], ends[one]) for place, one in zip(places, partitions, strict=True)}

    async def high(self, place: TopicPartition) -> int:
        """Return a partition's high watermark: what is written there now stands before it, committed or not yet."""
        return await offset(self._client, place, LATEST)

    async def since(self, place: TopicPartition, moment_ms: int) -> int | None:
        """Return the first offset whose record is no earlier than a moment, None if there is none."""
        partition = KafkaPartition(*place)
        with _errors(str(place)):
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                found = (await self._consumer.offsets_for_times({partition: max(moment_ms, 0)}))[partition]
        return None if found is None else int(found.offset)

    async def read(self, place: TopicPartition, begin: int, end: int) -> AsyncGenerator[Stretch, None]:
        """Yield the committed records from `begin` on and before `end`, in order; the last position is `end`.

        Unavailable if nothing more comes because another transaction stays open before `end`.
        """
        if begin >= end:
            return
        partition, position = KafkaPartition(*place), begin
        with _errors(str(place)):
            self._consumer.assign([partition])
            self._consumer.seek(partition, begin)
            moved_at = asyncio.get_running_loop().time()
            while position < end:
                fetched = await self._consumer.getmany(timeout_ms=int(_POLL_S * 1000), max_records=RECORDS_MAX)
                records = [_record(one) for one in fetched.get(partition, ()) if one.offset < end]
                reached = await self._consumer.position(partition)
                now = asyncio.get_running_loop().time()
                if reached > position:
                    position, moved_at = min(reached, end), now
                    yield Stretch(records, position)
                    await asyncio.sleep(0)  # what is buffered comes without a pause
                elif now - moved_at > _WAIT_S:
                    why = "an open transaction holds readers back"
                    raise Unavailable(f"{place}: nothing came for {_WAIT_S:.0f} s at offset {position} of {end}: {why}")


def _record(one: Any) -> Record:
    return Record(one.offset, one.timestamp, one.key, one.value, one.headers)


@asynccontextmanager
async def open_reader(bootstrap: str, client_id: str, security: Security) -> AsyncIterator[Reader]:
    """Open a reader of a cluster. Unavailable if no broker answers."""
    arguments: dict[str, Any] = security.aiokafka()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        client_id=client_id,
        isolation_level="read_committed",
        auto_offset_reset="none",
        enable_auto_commit=False,
        fetch_max_wait_ms=_FETCH_WAIT_MS,
        fetch_max_bytes=FETCH_BYTES_MAX,
        retry_backoff_ms=_RETRY_MS,
        request_timeout_ms=int(REQUEST_TIMEOUT_S * 1000),
        **arguments,
    )
    async with open_client(bootstrap, client_id=client_id, security=security) as client:
        try:
            with _errors(bootstrap):
                async with asyncio.timeout(REQUEST_TIMEOUT_S):
                    await consumer.start()
            yield Reader(consumer, client)
        finally:
            await stopped(consumer.stop())


@contextmanager
def _errors(where: str) -> Iterator[None]:
    try:
        yield
    except BusError:
        raise
    except (KafkaError, OSError, TimeoutError) as error:
        raise Unavailable(f"{where}: {said(error)}") from error
