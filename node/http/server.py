"""The HTTP server around a node, on the node's own event loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from litestar import Litestar, Request, Response, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

from node import __version__
from node.errors import BusError, CommandRefused
from node.http import audit, book, catalogue, exports, grants, keys, operations, quarantine, registry, registry_answers, requests, views
from node.http.admission import SCHEME, actor, admit
from node.http.answers import http_error, refused, unforeseen
from node.http.description import Description
from node.runtime import Node
from node.runtime.auditing import Audit
from node.runtime.quarantine import quarantine_of

_BODY_BYTES_MAX = 4 << 20
_STOP_S = 2


def application(node: Node) -> Litestar:
    """Return the ASGI application that serves a node."""
    refused_records, acts = quarantine_of(node), Audit(node.cluster)
    return Litestar(
        [*operations.OPEN, _behind_tokens(), registry.registry()],
        dependencies={
            "node": Provide(lambda: node, sync_to_thread=False),
            "quarantine": Provide(lambda: refused_records, sync_to_thread=False),
            "audit": Provide(lambda: acts, sync_to_thread=False),
        },
        state=State({"node": node}),
        exception_handlers={CommandRefused: refused, HTTPException: _http_error, Exception: unforeseen},
        openapi_config=OpenAPIConfig(
            title="Exchange node",
            version=__version__,
            path="/v1/openapi",
            render_plugins=[Description(path="/openapi.json")],
            components=Components(security_schemes={SCHEME: SecurityScheme(type="http", scheme=SCHEME)}),
        ),
        request_max_body_size=_BODY_BYTES_MAX,
        logging_config=None,
    )


def _behind_tokens() -> Router:
    """Return the paths for which somebody must say who they are."""
    modules = (operations, book, catalogue, exports, grants, keys, quarantine, requests, views, audit)
    return Router(
        "/",
        route_handlers=[handler for module in modules for handler in module.HANDLERS],
        guards=[admit],
        dependencies={"by": Provide(actor, sync_to_thread=False)},
        security=[{SCHEME: []}],
    )


def _http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Answer where no handler was found, in the form of the face that the path belongs to."""
    answer = registry_answers.http_error if registry.serves(request.url.path) else http_error
    return answer(request, error)


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
    # Connections inherit it. asyncio does so only where a socket names its protocol, which `create_server` leaves out, and headers and
    # body go out apart: each answer but the first would wait 40 ms for the client's delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(
        application(node),
        log_config=None,
        log_level="error",  # each first request of a Java client offers HTTP/2, about which uvicorn would warn twice
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=_STOP_S,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listening]), name="http")
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await asyncio.wait([serving], timeout=_STOP_S * 2)
        serving.cancel()
        listening.close()
