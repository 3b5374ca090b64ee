"""A cable that can be cut and mended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from node.bus.embedded.cable import open_cable
from node.bus.embedded.ports import reserved_ports

_MANY = b"0123456789abcdef" * 65_536
"""1 MiB: more than any socket buffer on the way, so flow control must work."""


@asynccontextmanager
async def _echo(*, answer_at_end: bool = False) -> AsyncIterator[int]:
    """Serve what arrives back, at once or only when the sender has ended."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer_at_end:
            writer.write(await reader.read(-1))
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def _dial(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def _is_dead(reader: asyncio.StreamReader) -> bool:
    """Say whether the other side ends the connection, by an end or by a reset."""
    try:
        return await reader.read(1) == b""
    except ConnectionResetError:
        return True


async def test_much_goes_both_ways_unchanged() -> None:
    """What is sent arrives whole and in order while as much comes back."""
    async with _echo() as port, open_cable([port]) as cable:
        reader, writer = await _dial(cable.ports[0])
        received = asyncio.create_task(reader.readexactly(len(_MANY)))
        writer.write(_MANY)
        await writer.drain()
        assert await received == _MANY
        writer.close()


async def test_the_end_of_one_way_leaves_the_other_open() -> None:
    """A sender that has finished still gets its answer (half-close)."""
    async with _echo(answer_at_end=True) as port, open_cable([port]) as cable:
        reader, writer = await _dial(cable.ports[0])
        writer.write(b"question")
        writer.write_eof()
        assert await reader.read(-1) == b"question"
        writer.close()


async def test_each_end_leads_to_its_own_target() -> None:
    """A cable to several brokers has one port for each, in their order."""
    async with _echo() as first, _echo(answer_at_end=True) as second, open_cable([first, second]) as cable:
        reader, writer = await _dial(cable.ports[0])
        writer.write(b"x")
        assert await reader.read(1) == b"x"
        writer.close()
        assert len(set(cable.ports)) == 2


async def test_cut_ends_what_is_there_and_what_comes() -> None:
    """A cut resets open connections and lets no new one through; mended, new connections work again."""
    async with _echo() as port, open_cable([port]) as cable:
        reader, writer = await _dial(cable.ports[0])
        writer.write(b"a")
        assert await reader.read(1) == b"a"
        cable.cut()
        assert await _is_dead(reader)
        writer.close()
        reader, writer = await _dial(cable.ports[0])
        assert await _is_dead(reader)
        writer.close()
        cable.mend()
        reader, writer = await _dial(cable.ports[0])
        writer.write(b"b")
        assert await reader.read(1) == b"b"
        writer.close()


async def test_a_broker_that_is_down_ends_the_connection() -> None:
    """With nobody behind the cable a connection ends at once, as it would without one."""
    with reserved_ports(1) as (port,):
        async with open_cable([port]) as cable:
            reader, writer = await _dial(cable.ports[0])
            assert await _is_dead(reader)
            writer.close()


@pytest.mark.parametrize("delay_s", [0.02, 0.1])
async def test_delay_holds_in_each_direction(delay_s: float) -> None:
    """An answer takes at least twice the one-way delay."""
    async with _echo() as port, open_cable([port], delay_s=delay_s) as cable:
        reader, writer = await _dial(cable.ports[0])
        clock = asyncio.get_running_loop().time
        began = clock()
        writer.write(b"x")
        assert await reader.read(1) == b"x"
        assert clock() - began >= 2 * delay_s
        writer.close()


async def test_a_narrow_cable_carries_so_much_and_evenly() -> None:
    """In each direction for all connections together; a small message of another waits for a chunk or two, not for all that is under way."""
    async with _echo() as port, open_cable([port]) as cable:
        cable.bytes_per_s = 2_000_000
        clock = asyncio.get_running_loop().time
        (reader, writer), (other_reader, other) = await _dial(cable.ports[0]), await _dial(cable.ports[0])
        began = clock()
        writer.write(_MANY)
        received = asyncio.create_task(reader.readexactly(len(_MANY)))
        await asyncio.sleep(0.1)
        asked = clock()
        other.write(b"small")
        assert await other_reader.readexactly(5) == b"small"
        assert clock() - asked < 0.2
        assert await received == _MANY
        assert 0.45 < clock() - began < 1.0
        writer.close()
        other.close()


async def test_closing_leaves_no_task_behind() -> None:
    """When a cable is closed its connections are dead and all its tasks have ended."""
    before = asyncio.all_tasks()
    async with _echo() as port:
        async with open_cable([port]) as cable:
            reader, writer = await _dial(cable.ports[0])
            writer.write(b"x")
            assert await reader.read(1) == b"x"
        assert await _is_dead(reader)
        writer.close()
        assert {task for task in asyncio.all_tasks() - before if "Cable" in repr(task) or "_leave" in repr(task)} == set()
