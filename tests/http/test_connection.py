"""A connection whose client is slow, or sends what is no HTTP: each is ended within a time, and others are served meanwhile."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest

from node.http import connection, listening, open_http
from node.runtime import Node
from tests.http.catalogued import catalogued_node

HEAD = b"POST /v1/commands HTTP/1.1\r\nhost: a\r\n"
Open = Callable[[], Awaitable[tuple[StreamReader, StreamWriter]]]


@pytest.fixture
async def node() -> Node:
    """A node that has everything but its clusters."""
    return catalogued_node()


@pytest.fixture
async def to_node(node: Node) -> AsyncIterator[Open]:
    """Return what opens a connection to the node's server."""
    opened: list[StreamWriter] = []
    async with open_http(node, "127.0.0.1", 0) as port:

        async def connect() -> tuple[StreamReader, StreamWriter]:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            opened.append(writer)
            return reader, writer

        yield connect
        for writer in opened:
            writer.close()


async def rest(reader: StreamReader) -> bytes:
    """What comes until the server ends the connection."""
    async with asyncio.timeout(10):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b"reset"


def problem(answer: bytes) -> tuple[int, str]:
    """Status and code of a refusal."""
    head, _blank, body = answer.partition(b"\r\n\r\n")
    assert b"x-content-type-options: nosniff" in head
    assert b"\r\nserver:" not in head.lower()
    return int(head.split()[1]), msgspec.json.decode(body)["code"]


@pytest.mark.parametrize("sent", [b"", HEAD], ids=["nothing", "half a head"])
async def test_a_head_that_does_not_come_ends_its_connection(to_node: Open, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    """With nothing said, or half of it."""
    monkeypatch.setattr(connection, "HEAD_S", 0.05)
    reader, writer = await to_node()
    writer.write(sent)
    assert problem(await rest(reader)) == (408, "too-slow")


async def test_a_head_that_trickles_has_no_more_time(node: Node, to_node: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then is no reason to wait on; nor is an answer before it."""
    monkeypatch.setattr(connection, "HEAD_S", 0.1)
    reader, writer = await to_node()
    writer.write(b"GET /v1/node HTTP/1.1\r\nhost: a\r\n\r\n")
    assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 401 ")

    async def trickle() -> None:
        for byte in HEAD * 100:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.01)

    trickling = asyncio.create_task(trickle())
    answer = await rest(reader)
    trickling.cancel()
    assert answer == b"reset" or problem(answer) == (408, "too-slow"), (
        "a byte that comes after the end makes the kernel forget what was said"
    )
    assert node.metrics.registry.get_sample_value("exchange_http_refused_total", {"reason": "too-slow"}) == 1


async def test_a_body_that_nobody_reads_has_to_end_too(to_node: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal comes at once; the client may send the rest of its request for a while, and then the connection ends."""
    monkeypatch.setattr(connection, "HEAD_S", 0.1)
    reader, writer = await to_node()
    writer.write(HEAD + b"content-length: 1000\r\n\r\n")
    assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 401 ")

    async def trickle() -> None:
        while True:
            writer.write(b" ")
            await asyncio.sleep(0.01)

    trickling = asyncio.create_task(trickle())
    assert await rest(reader) in {b"", b"reset"}
    trickling.cancel()


async def test_a_connection_is_kept_for_the_next_request_and_no_longer(to_node: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of a body is passed over, and a client that asks nothing more is gone."""
    monkeypatch.setattr(connection, "HEAD_S", 0.1)
    reader, writer = await to_node()
    writer.write(HEAD + b"content-length: 3\r\n\r\n")
    assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 401 ")
    writer.write(b"abcGET /v1/node HTTP/1.1\r\nhost: a\r\n\r\n")
    assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 401 ")


async def test_an_idle_connection_ends(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time for which one is kept."""
    monkeypatch.setattr(listening, "KEEP_ALIVE_S", 0.05)
    async with open_http(node, "127.0.0.1", 0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /v1/node HTTP/1.1\r\nhost: a\r\n\r\n")
        assert (await rest(reader)).startswith(b"HTTP/1.1 401 ")
        writer.close()


async def test_a_client_that_does_not_read_is_let_go(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks and asks on one connection, and reads no answer."""
    monkeypatch.setattr(connection, "WRITE_S", 0.05)
    async with open_http(node, "127.0.0.1", 0) as port:
        _reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)

        async def ask_on() -> None:
            while True:
                writer.write(b"GET /v1/openapi/openapi.json HTTP/1.1\r\nhost: a\r\n\r\n" * 10)
                await writer.drain()
                await asyncio.sleep(0.01)

        async with asyncio.timeout(20):
            with pytest.raises(ConnectionError):
                await ask_on()
        writer.close()


async def test_what_is_no_http_is_refused_and_not_told(to_node: Open) -> None:
    """In the form of all refusals; what came may hold anything."""
    reader, writer = await to_node()
    writer.write(b"440102199001011234 is no request\r\n\r\n")
    answer = await rest(reader)
    assert problem(answer) == (400, "malformed")
    assert b"440102199001011234" not in answer


async def test_connections_are_bounded_and_those_there_are_go_on(node: Node, to_node: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is told so and counted; when another ends there is room."""
    monkeypatch.setattr(connection, "CONNECTIONS_MAX", 2)
    first, second, third = [await to_node() for _ in range(3)]
    assert problem(await rest(third[0])) == (503, "too-many-connections")
    assert node.metrics.registry.get_sample_value("exchange_http_refused_total", {"reason": "too-many-connections"}) == 1
    for reader, writer in (first, second):
        writer.write(b"GET /v1/node HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        assert (await rest(reader)).startswith(b"HTTP/1.1 401 ")
    reader, writer = await to_node()
    writer.write(b"GET /v1/node HTTP/1.1\r\nhost: a\r\n\r\n")
    assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 401 ")
