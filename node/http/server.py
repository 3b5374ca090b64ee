"""The HTTP server around a node, on the node's own event loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig

from node import __version__
from node.errors import BusError, CommandRefused
from node.http import book, operations
from node.http.answers import http_error, refused, unforeseen
from node.runtime import Node

_BODY_BYTES_MAX = 4 << 20
_STOP_S = 2


def application(node: Node) -> Litestar:
    """Return the ASGI application that serves a node."""
    return Litestar(
        [*operations.HANDLERS, *book.HANDLERS],
        dependencies={"node": Provide(lambda: node, sync_to_thread=False)},
        exception_handlers={CommandRefused: refused, HTTPException: http_error, Exception: unforeseen},
        openapi_config=OpenAPIConfig(title="Exchange node", version=__version__, path="/v1/openapi"),
        request_max_body_size=_BODY_BYTES_MAX,
        logging_config=None,
    )


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers: who runs the node decides when it stops."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def open_http(node: Node, host: str, port: int) -> AsyncIterator[int]:
    """Serve a node; yields the port (a free one for 0). BusError if the address cannot be had."""
    try:
        # Not by uvicorn, which would end the process where the address is taken.
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise BusError(f"http.listen {host}:{port} cannot be had ({error}): is another process listening there?") from error
    config = uvicorn.Config(application(node), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=_STOP_S)
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listening]), name="http")
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await asyncio.wait([serving], timeout=_STOP_S * 2)
        serving.cancel()
        listening.close()
