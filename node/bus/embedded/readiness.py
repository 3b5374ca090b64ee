"""When a cluster is ready: its own API says so, no time is waited for luck."""

import asyncio
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from node.bus.embedded.settings import HOST
from node.bus.security import Security
from node.errors import Unavailable

READY_S = 60.0
"""Three brokers at once took 4 s on two idle cores; fifteen times that on a busy machine is a broker that hangs."""

_POLL_S = 0.05
_REQUEST_MS = 5000


async def await_ready(ports: Mapping[int, int], check: Callable[[], None], folder: Path, security: Security) -> None:
    """Wait until every broker of `ports` (node id → port) lists all of them and the controller would make a topic on all.

    `check` is called after each look in vain and raises if waiting has become hopeless; `folder` is where the logs are.
    Unavailable after READY_S.
    """
    try:
        async with asyncio.timeout(READY_S):
            for port in ports.values():
                while not await _lists(port, ports.keys(), security):
                    check()
                    await asyncio.sleep(_POLL_S)
            while not await _creates(min(ports.values()), len(ports), security):
                check()
                await asyncio.sleep(_POLL_S)
    except TimeoutError as late:
        raise Unavailable(
            f"brokers {', '.join(map(str, ports))} were not ready after {READY_S:.0f} s; their logs are under {folder}"
        ) from late


async def _lists(port: int, node_ids: AbstractSet[int], security: Security) -> bool:
    # A look of our own first: aiokafka logs an error for each refused connection.
    if not await _accepts(port):
        return False
    arguments: dict[str, Any] = security.aiokafka()
    client = AIOKafkaClient(bootstrap_servers=f"{HOST}:{port}", request_timeout_ms=_REQUEST_MS, **arguments)
    try:
        await client.bootstrap()
        return node_ids <= {broker.nodeId for broker in client.cluster.brokers()}
    except (KafkaError, OSError):
        return False
    finally:
        await client.close()


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
        writer.close()
        await writer.wait_closed()
    except OSError:
        return False
    return True


async def _creates(port: int, copies: int, security: Security) -> bool:
    arguments: dict[str, Any] = security.aiokafka()
    admin = AIOKafkaAdminClient(bootstrap_servers=f"{HOST}:{port}", request_timeout_ms=_REQUEST_MS, **arguments)
    try:
        await admin.start()
        answer = await admin.create_topics([NewTopic("embedded-readiness", 1, copies)], validate_only=True)
        return all(code == 0 for _, code, _ in answer.topic_errors)
    except (KafkaError, OSError):
        return False
    finally:
        await admin.close()
