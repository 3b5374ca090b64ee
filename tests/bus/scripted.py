"""A broker of the test's own over a real socket: it answers as told, for replies that no real broker can be made to give."""

import asyncio
import ssl
import struct
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any, TypeVar

import msgspec
from aiokafka.protocol.admin import ApiVersionResponse_v0
from aiokafka.protocol.coordination import FindCoordinatorResponse_v1
from aiokafka.protocol.metadata import MetadataResponse_v5
from aiokafka.protocol.produce import ProduceRequest_v7, ProduceResponse_v7
from aiokafka.protocol.transaction import (
    AddPartitionsToTxnRequest_v0,
    AddPartitionsToTxnResponse_v0,
    EndTxnResponse_v0,
    InitProducerIdResponse_v0,
)

from node.bus import metadata

PRODUCE, FETCH, LIST_OFFSETS, METADATA, COORDINATOR, API_VERSIONS, INIT, ADD, END = 0, 1, 2, 3, 10, 18, 22, 24, 26
TOPIC = "445102.test.scripted"
TOPIC_ID = uuid.UUID(int=7)
_VERSIONS = {PRODUCE: 8, FETCH: 13, LIST_OFFSETS: 5, METADATA: 12, COORDINATOR: 1, API_VERSIONS: 0, INIT: 0, ADD: 0, END: 0}
_FLEXIBLE = {(FETCH, 13), (METADATA, 12)}


class Asked(msgspec.Struct, frozen=True):
    """A request as it came: `body` is what follows the header, `connection` counts from 1."""

    connection: int
    api: int
    version: int
    correlation: int
    body: bytes


class HangUp(Exception):
    """Raised by an answer: the broker closes the connection instead."""


Answer = Callable[[Asked], bytes | None]
"""What to reply, without the header; None: nothing."""


B = TypeVar("B", bound="Broker")


class Broker:
    """Node 1 and whole cluster in one. `answers` may be replaced by API key at any time."""

    def __init__(self) -> None:
        self.port = 0
        self.node = 1
        self.asked: list[Asked] = []
        self.connections = 0
        self.open: set[asyncio.StreamWriter] = set()
        self.others: dict[int, int] = {}
        """ports of further nodes of the cluster, which are not ours"""
        self.topics: dict[str, tuple[uuid.UUID, list[int]]] = {TOPIC: (TOPIC_ID, [1])}
        """topic id and the leader of each partition"""
        self.answers: dict[int, Answer] = {
            API_VERSIONS: lambda _asked: ApiVersionResponse_v0(0, [(api, 0, version) for api, version in _VERSIONS.items()]).encode(),
            METADATA: self._metadata,
            COORDINATOR: lambda _asked: FindCoordinatorResponse_v1(0, 0, None, self.node, "127.0.0.1", self.port).encode(),
            INIT: lambda _asked: InitProducerIdResponse_v0(0, 0, 500, 0).encode(),
            ADD: added,
            END: lambda _asked: EndTxnResponse_v0(0, 0).encode(),
            PRODUCE: produced,
        }
        self.waits: dict[int, asyncio.Event] = {}
        """what replies of an API key wait for before they are sent"""
        self.changed = asyncio.Event()

    @property
    def bootstrap(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    def count(self, api: int) -> int:
        """Return how many requests of a kind came."""
        return sum(asked.api == api for asked in self.asked)

    async def until(self, there: Callable[[], bool]) -> None:
        """Wait until a condition on what came holds."""
        async with asyncio.timeout(10):
            while not there():
                self.changed.clear()
                await self.changed.wait()

    def hang_up(self) -> None:
        """Close every connection."""
        for writer in self.open:
            writer.close()

    def _metadata(self, asked: Asked) -> bytes:
        brokers = [(node, "127.0.0.1", port, None) for node, port in {self.node: self.port, **self.others}.items()]
        found: list[Any] = []
        for name, (topic_id, leaders) in self.topics.items():
            if asked.version < 12:
                found.append((0, name, False, [(0, p, leader, [leader], [leader], []) for p, leader in enumerate(leaders)]))
            else:
                partitions: list[Any] = [(0, p, leader, 0, [leader], [leader], [], {}) for p, leader in enumerate(leaders)]
                found.append((0, name, topic_id, False, partitions, 0, {}))
        if asked.version < 12:
            encoded: bytes = MetadataResponse_v5(0, brokers, "scripted", self.node, found).encode()
            return encoded
        return bytes(metadata._Answer(0, [(*one, {}) for one in brokers], "scripted", self.node, found, {}).encode())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests in turn."""
        self.connections += 1
        number = self.connections
        self.open.add(writer)
        try:
            while True:
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                asked = _read(number, await reader.readexactly(size))
                self.asked.append(asked)
                self.changed.set()
                reply = self.answers[asked.api](asked) if asked.api in self.answers else None
                if reply is not None:
                    if asked.api in self.waits:
                        await self.waits[asked.api].wait()
                    writer.write(framed(asked, reply))
        except (OSError, EOFError, HangUp):
            pass
        finally:
            self.open.discard(writer)
            self.changed.set()
            writer.close()


def framed(asked: Asked, reply: bytes) -> bytes:
    """Return a reply with size and header."""
    tags = b"\0" if (asked.api, asked.version) in _FLEXIBLE else b""
    frame = struct.pack(">i", asked.correlation) + tags + reply
    return struct.pack(">i", len(frame)) + frame


def _read(connection: int, data: bytes) -> Asked:
    api, version, correlation, name = struct.unpack_from(">hhih", data)
    at = 10 + max(name, 0) + ((api, version) in _FLEXIBLE)
    return Asked(connection, api, version, correlation, data[at:])


def wanted_of(asked: Asked) -> tuple[int, list[tuple[int, int]]]:
    """Return how long (ms) a Fetch of the one topic may wait, and each partition with the offset that it asks for."""
    _replica, wait_ms = struct.unpack_from(">ii", asked.body)
    topics, count = asked.body[25], asked.body[42] - 1  # behind the numbers before the topics, and the topic's id
    assert (topics, count) < (3, 127), "one topic, and counts of one byte"
    places = [struct.unpack_from(">iiq", asked.body, 43 + 33 * number) for number in range(count)]
    return wait_ms, [(partition, offset) for partition, _epoch, offset in places]


def batches_of(asked: Asked) -> list[tuple[str, int, bytes]]:
    """Return topic, partition and bytes of each batch of a produce request, as aiokafka reads it."""
    request: Any = ProduceRequest_v7.decode(BytesIO(asked.body))
    return [(topic, partition, bytes(data)) for topic, partitions in request.topics for partition, data in partitions]


def produced(asked: Asked, codes: Sequence[int] = (0,), offset: int = 0) -> bytes:
    """Answer a produce request; the codes are for its batches in turn, the last for all that follow."""
    given = [codes[min(number, len(codes) - 1)] for number in range(len(batches_of(asked)))]
    topics: dict[str, list[tuple[int, int, int, int, int]]] = {}
    for (topic, partition, _data), code in zip(batches_of(asked), given, strict=True):
        topics.setdefault(topic, []).append((partition, code, -1 if code else offset, -1, 0))
    encoded: bytes = ProduceResponse_v7(list(topics.items()), 0).encode()
    return encoded


def added(asked: Asked, code: int = 0, *, topic: str = TOPIC, others: int = 0) -> bytes:
    """Answer AddPartitionsToTxn with one code for the partitions of a topic and another for all others."""
    request: Any = AddPartitionsToTxnRequest_v0.decode(BytesIO(asked.body))
    errors = [(name, [(partition, code if name == topic else others) for partition in partitions]) for name, partitions in request.topics]
    encoded: bytes = AddPartitionsToTxnResponse_v0(0, errors).encode()
    return encoded


def in_turn(*answers: Answer) -> Answer:
    """Give each answer once, the last for ever."""
    left = list(answers)

    def give(asked: Asked) -> bytes | None:
        return left.pop(0)(asked) if len(left) > 1 else left[0](asked)

    return give


def hang_up(_asked: Asked) -> bytes:
    """Close the connection instead of answering."""
    raise HangUp


def silent(_asked: Asked) -> None:
    """Never answer."""


@asynccontextmanager
async def open_broker(tls: ssl.SSLContext | None = None) -> AsyncIterator[Broker]:
    """Run a scripted broker on loopback."""
    async with serving(Broker(), tls) as broker:
        yield broker


@asynccontextmanager
async def serving(broker: B, tls: ssl.SSLContext | None = None) -> AsyncIterator[B]:
    """Run this broker on loopback."""
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0, ssl=tls)
    broker.port = server.sockets[0].getsockname()[1]
    try:
        yield broker
    finally:
        server.close()
        broker.hang_up()
        await broker.until(lambda: not broker.open)
