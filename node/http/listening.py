"""A listener: uvicorn on the node's own event loop, on a socket of ours."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import uvicorn

from node.errors import BusError
from node.http.connection import Connection
from node.http.doors import Doors

KEEP_ALIVE_S = 5
"""A connection may be idle so long between two requests."""
HANDSHAKE_S = 10.0
"""Of TLS, as for a head: until then a connection is counted nowhere."""
BACKLOG = 128
"""Connections that wait to be taken; more are refused by the kernel."""
_STOP_S = 2


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """A listener's certificate, with those between it and its authority, and its key, in PEM."""

    certificate_file: Path
    key_file: Path


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers: who runs the node decides when it stops."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen on sockets of ours, as uvicorn would, but for the time of a TLS handshake: asyncio lets one take a minute, and uvicorn cannot be told."""
        config, loop = self.config, asyncio.get_running_loop()
        handshake_s = None if config.ssl is None else HANDSHAKE_S

        def connection() -> Connection:
            return Connection(config, self.server_state, self.lifespan.state)

        self.servers = [
            await loop.create_server(connection, sock=one, ssl=config.ssl, backlog=config.backlog, ssl_handshake_timeout=handshake_s)
            for one in sockets or []
        ]
        self.started = True


def secured(tls: Tls) -> ssl.SSLContext:
    """Return what a listener needs to speak TLS 1.2 or newer. OSError, which ssl.SSLError is, for files that are none of it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(tls.certificate_file, tls.key_file)
    return context


@asynccontextmanager
async def listen(doors: Doors, host: str, port: int, *, named: str, tls: Tls | None = None) -> AsyncIterator[int]:
    """Serve what is behind the doors; yields the port (a free one for 0). BusError, which names the listener, if the address or its files cannot be had."""
    try:
        # Not by uvicorn, which would end the process where the address is taken.
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise BusError(f"{named} {host}:{port} cannot be had ({error}): is another process listening there?") from error
    # Connections inherit it. asyncio does so only where a socket names its protocol, which `create_server` leaves out, and headers and
    # body go out apart: each answer but the first would wait 40 ms for the client's delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        server = _Server(_config(doors, tls))
    except OSError as error:
        listening.close()
        raise BusError(f"http.tls cannot be used ({error}): `exchange-node check` tells which of its files is wrong") from error
    serving = asyncio.create_task(server.serve([listening]), name=named)
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await asyncio.wait([serving], timeout=_STOP_S * 2)
        serving.cancel()
        listening.close()


def _config(doors: Doors, tls: Tls | None) -> uvicorn.Config:
    context = None if tls is None else secured(tls)  # now, while somebody can be told
    factory: Callable[..., ssl.SSLContext] | None = None if context is None else lambda *_config: context
    return uvicorn.Config(
        doors,
        http=Connection,
        ws="none",
        log_config=None,
        log_level="error",  # each first request of a Java client offers HTTP/2, about which uvicorn would warn twice
        access_log=False,
        server_header=False,
        proxy_headers=False,  # anybody can write them, also the one whose requests are counted by his address
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=_STOP_S,
        backlog=BACKLOG,
        ssl_context_factory=factory,
    )
