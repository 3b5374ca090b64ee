"""Waiting for brokers that do not come; those that do are met in test_cluster.py."""

import asyncio
from pathlib import Path

import pytest

from node.bus.embedded import readiness
from node.bus.embedded.ports import reserved_ports
from node.bus.embedded.readiness import await_ready
from node.bus.security import Security
from node.errors import Unavailable


def _give_up() -> None:
    raise Unavailable("broker 1 ended")


async def test_hopeless_waiting_ends_at_once() -> None:
    """When the check says that the broker is dead, its error is raised without waiting further."""
    with reserved_ports(1) as (port,), pytest.raises(Unavailable, match="broker 1 ended"):
        await await_ready({1: port}, _give_up, Path("logs"), Security())


async def test_a_port_that_answers_nothing_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """An accepted connection alone is no readiness, and the wait is bounded; the error says where the logs are."""
    monkeypatch.setattr(readiness, "READY_S", 0.3)

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Unavailable, match=r"brokers 1 were not ready after 0 s; their logs are under logs"):
            await await_ready({1: port}, lambda: None, Path("logs"), Security())
