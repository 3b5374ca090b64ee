"""Cutting and mending a link of a running demo from another terminal: one JSON line there, one back, on loopback."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from node.demo.world import World
from node.errors import CommandRefused

_LINE_BYTES_MAX = 4096
_WAIT_S = 5.0


@asynccontextmanager
async def serve(world: World, folder: Path) -> AsyncIterator[None]:
    """Listen for `break` and `mend` while it is open; the port stands in the demo's folder."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_WAIT_S):
                asked = json.loads(await reader.readline())
                reply = _act(world, asked)
                writer.write(json.dumps(reply).encode() + b"\n")
                await writer.drain()
        except (TimeoutError, ValueError, OSError):
            pass  # whoever asked is told nothing and sees that the connection ends
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=_LINE_BYTES_MAX)
    async with server:
        _port_file(folder).write_text(str(server.sockets[0].getsockname()[1]))
        yield


def _port_file(folder: Path) -> Path:
    return folder / "remote.port"


def _act(world: World, asked: dict[str, str]) -> dict[str, str]:
    try:
        match asked:
            case {"act": "break", "division": division}:
                world.cut(division)
            case {"act": "mend", "division": division}:
                world.mend(division)
            case _:
                return {"code": "malformed", "en": "unknown act", "zh": "未知操作"}
    except CommandRefused as error:
        return {"code": error.code, "en": error.en, "zh": error.zh}
    return {}


def ask(folder: Path, act: str, division: str) -> None:
    """Ask the running demo to act. CommandRefused if none runs here or it refuses."""
    try:
        port = int(_port_file(folder).read_text())
        with socket.create_connection(("127.0.0.1", port), timeout=_WAIT_S) as connection:
            connection.sendall(json.dumps({"act": act, "division": division}).encode() + b"\n")
            reply = json.loads(connection.makefile().readline())
    except (OSError, ValueError) as error:
        where = folder.absolute()
        raise CommandRefused(
            "no-demo", f"no demo runs in {where}: start one with `make demo`", f"{where} 没有运行中的演示：请先运行 make demo"
        ) from error
    if reply:
        raise CommandRefused(reply["code"], reply["en"], reply["zh"])
