"""One cluster as a lane sees it: who leads what under which topic id, and requests with their retries.

Ordinary requests go over `AIOKafkaClient`; the raw connections of source and sink are opened here too, so that security settings
reach both through one value.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import KafkaConnectionError, KafkaError

from node.bus import metadata
from node.bus.faults import RETRY_COORDINATOR, UNAUTHORIZED
from node.bus.metadata import TopicInfo
from node.bus.security import Security
from node.bus.skew import Skew
from node.bus.wire import Wire, knock
from node.bus.wire import connect as connect_wire
from node.errors import Unavailable, said
from node.model.limits import BACKOFF_FIRST_S, CONNECT_TIMEOUT_S, REQUEST_TIMEOUT_S, STOP_S
from node.model.names import Topic

W = TypeVar("W", bound=Wire)
_ANSWER_TIMEOUT_S = CONNECT_TIMEOUT_S
"""aiokafka's own limit on connecting and on an answer, less than REQUEST_TIMEOUT_S: after it the connection is closed, and a
transaction request has time for another. One that we cancel leaves its connection standing: if nothing comes through it any
more, every request would fail until TCP itself gives up, a quarter of an hour later."""
_CONCURRENT = 51
_CONCURRENT_PAUSE_S = 0.001
"""CONCURRENT_TRANSACTIONS means that the markers of the last transaction are still being written: about a millisecond."""


class Client:
    """A cluster's requests and what is known of its topics. Made by `open_client`."""

    def __init__(self, kafka: AIOKafkaClient, bootstrap: str, client_id: str, security: Security) -> None:
        self._kafka = kafka
        self.bootstrap = bootstrap
        self.skew = Skew()
        self._client_id = client_id
        self._security = security
        self._topics: dict[Topic, TopicInfo] = {}
        self._hidden: set[Topic] = set()
        self._brokers: dict[int, tuple[str, int]] = {}
        self._asked: set[Topic] = set()
        self._coming: asyncio.Task[None] | None = None
        """a look that has not asked yet: who comes now shares it"""
        self._looks: set[asyncio.Task[None]] = set()

    def topic(self, topic: Topic) -> TopicInfo | None:
        """Return what the last look found, None for a topic that was not there."""
        return self._topics.get(topic)

    def is_hidden(self, topic: Topic) -> bool:
        """Tell whether the cluster, at the last look, did not let us see a topic: whether it is there, it does not say."""
        return topic in self._hidden

    def leader(self, topic: Topic, partition: int) -> int | None:
        """Return the broker that led a partition at the last look."""
        info = self._topics.get(topic)
        return info.leaders.get(partition) if info else None

    async def look(self, topics: Collection[Topic]) -> None:
        """Learn anew what these topics are. Callers of the same moment share one request. Unavailable if no broker answers."""
        self._asked.update(topics)
        if self._coming is None:
            self._coming = asyncio.create_task(self._look(), name=f"look at {self.bootstrap}")
            self._looks.add(self._coming)
            self._coming.add_done_callback(self._looked)
        await asyncio.shield(self._coming)

    def _looked(self, look: asyncio.Task[None]) -> None:
        self._looks.discard(look)
        if not look.cancelled():
            look.exception()  # whoever asked may be gone: then nobody else takes it

    async def close(self) -> None:
        """End what is under way and close all ordinary connections."""
        if self._looks:
            for look in self._looks:
                look.cancel()
            await asyncio.wait(self._looks)
        await stopped(self._kafka.close())

    async def _look(self) -> None:
        await asyncio.sleep(0)
        asked, self._asked, self._coming = sorted(self._asked), set(), None
        found = metadata.parse(await self.call(None, metadata.request(asked)))
        self._brokers = found.brokers
        for topic in asked:
            self._topics.pop(topic, None)
        self._topics.update(found.topics)
        self._hidden.difference_update(asked)
        self._hidden.update(topic for topic, code in found.errors.items() if code == UNAUTHORIZED)

    async def call(self, node: int | None, request: object) -> Any:
        """Send one request to a broker (None: any). Unavailable if it cannot be sent or is not answered in time.

        Each may be repeated, and is, once, where its connection ends meanwhile: a broker ends one whose login has got too old (KIP-368) with the
        next request that comes over it.
        """
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                try:
                    return await self._send(node, request)
                except KafkaConnectionError:
                    return await self._send(node, request)
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable(f"{self.bootstrap}: {said(error)}") from error

    async def call_any(self, request: object) -> Any:
        """Send one request to the brokers that are known, one after the other, until one answers. Unavailable if none does."""
        known = [broker.nodeId for broker in self._kafka.cluster.brokers()]
        for node in known[:-1]:
            with contextlib.suppress(Unavailable):
                return await self.call(node, request)
        return await self.call(known[-1] if known else None, request)

    async def _send(self, node: int | None, request: object) -> Any:
        node = self._kafka.get_random_node() if node is None else node
        if node is None:
            await self._kafka.force_metadata_update()
            raise Unavailable(f"no broker known behind {self.bootstrap}")
        return await self._kafka.send(node, request)

    async def coordinator(self, transactional_id: str) -> int:
        """Return the broker that coordinates a transactional.id."""
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                node: int = await self._kafka.coordinator_lookup(CoordinationType.TRANSACTION, transactional_id)
                return node
        except (KafkaError, OSError, TimeoutError, AssertionError) as error:
            raise Unavailable(f"{self.bootstrap}: no transaction coordinator: {said(error)}") from error

    async def connect(self, node: int, wire: W) -> W:
        """Open a raw connection to a broker."""
        address = self._brokers.get(node)
        if address is None:
            raise Unavailable(f"{self.bootstrap}: broker {node} is not known")
        return await connect_wire(*address, wire, self._client_id, self._security)


OPEN: set[Client] = set()
"""Those of this process, for whoever looks what it is doing."""


class Coordinator:
    """The transaction coordinator of one transactional.id, looked up anew when it moves."""

    def __init__(self, client: Client, transactional_id: str) -> None:
        self._client = client
        self._id = transactional_id
        self._node: int | None = None

    async def call(self, request: object) -> tuple[Any, int]:
        """Send a transaction request until its answer is not merely `try again`; return it with its first error code.

        Unavailable when REQUEST_TIMEOUT_S have passed.
        """
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                return await self._until_answered(request)
        except TimeoutError as error:
            raise Unavailable(f"{self._client.bootstrap}: the transaction coordinator of {self._id} does not answer") from error

    async def _until_answered(self, request: object) -> tuple[Any, int]:
        while True:
            try:
                if self._node is None:
                    self._node = await self._client.coordinator(self._id)
                answer = await self._client.call(self._node, request)
            except Unavailable:
                # Every transaction request may be repeated: the coordinator answers a repetition as it answered the first.
                self._node = None
                await asyncio.sleep(BACKOFF_FIRST_S)
                continue
            code = first_error(answer)
            if code not in RETRY_COORDINATOR:
                return answer, code
            if code != _CONCURRENT:
                self._node = None
            await asyncio.sleep(_CONCURRENT_PAUSE_S if code == _CONCURRENT else BACKOFF_FIRST_S)


def first_error(answer: Any) -> int:
    """Return the first error code in an answer of the transaction family, 0 if there is none."""
    if hasattr(answer, "error_code"):
        code: int = answer.error_code
        return code
    return next((code for _topic, partitions in answer.errors for _partition, code in partitions if code), 0)


@asynccontextmanager
async def open_client(bootstrap: str, *, client_id: str, security: Security) -> AsyncIterator[Client]:
    """Connect to a cluster. Unavailable, with the address, if none of the bootstrap servers answers."""
    kafka = AIOKafkaClient(
        bootstrap_servers=bootstrap, client_id=client_id, request_timeout_ms=int(_ANSWER_TIMEOUT_S * 1000), **_arguments(security)
    )
    client = Client(kafka, bootstrap, client_id, security)
    try:
        try:
            await kafka.bootstrap()
        except (KafkaError, OSError, TimeoutError, ValueError) as error:
            why = await knock(bootstrap, client_id, security)
            raise Unavailable(f"no Kafka broker answers at {bootstrap}: {why or error}") from error
        OPEN.add(client)
        yield client
    finally:
        OPEN.discard(client)
        await client.close()


async def stopped(stopping: Coroutine[Any, Any, None]) -> bool:
    """Let a client of aiokafka stop, and tell whether it did within 5 s: it may wait for ever, and it swallows cancellation."""
    task = asyncio.ensure_future(stopping)
    done, _ = await asyncio.wait([task], timeout=STOP_S / 2)
    if not done:
        task.cancel()
    return bool(done)


def _arguments(security: Security) -> dict[str, Any]:
    return security.aiokafka()
