"""The node's own HTTP: its paths and the schema registry's, behind tokens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Request, Response, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

from node import __version__
from node.errors import CommandRefused
from node.http import (
    audit,
    book,
    catalogue,
    debug,
    doctor,
    exports,
    grants,
    joining,
    keys,
    links,
    log,
    logins,
    operations,
    quarantine,
    registry,
    registry_answers,
    requests,
    views,
)
from node.http.admission import SCHEME, Refusals, actor, admit, finding
from node.http.answers import http_error, refused, unforeseen
from node.http.description import Description
from node.http.doors import REQUESTS_PER_S, Doors
from node.http.faces import is_registrys
from node.http.listening import Tls, listen
from node.runtime import Node
from node.runtime.auditing import Audit
from node.runtime.quarantine import quarantine_of

_BODY_BYTES_MAX = 4 << 20


def application(node: Node, *, requests_per_s: int = REQUESTS_PER_S, tls: bool = False) -> Doors:
    """Return the ASGI application that serves a node."""
    return Doors(_paths(node), node.metrics, finding(node.access), requests_per_s=requests_per_s, tls=tls)


def _paths(node: Node) -> Litestar:
    refused_records, acts = quarantine_of(node), Audit(node.cluster)
    return Litestar(
        [_behind_tokens(), *joining.OPEN, registry.registry()],
        dependencies={
            "node": Provide(lambda: node, sync_to_thread=False),
            "quarantine": Provide(lambda: refused_records, sync_to_thread=False),
            "audit": Provide(lambda: acts, sync_to_thread=False),
        },
        state=State({"node": node, "refusals": Refusals(node)}),
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
    modules = (
        operations,
        book,
        catalogue,
        debug,
        doctor,
        exports,
        grants,
        joining,
        keys,
        links,
        log,
        logins,
        quarantine,
        requests,
        views,
        audit,
    )
    handlers = [handler for module in modules for handler in module.HANDLERS]
    assert all("act" in one.opt for one in handlers if "roles" in one.opt), "what is refused by role is an act, and has a name"
    return Router(
        "/",
        route_handlers=handlers,
        guards=[admit],
        dependencies={"by": Provide(actor, sync_to_thread=False)},
        security=[{SCHEME: []}],
    )


def _http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Answer where no handler was found, in the form of the face that the path belongs to."""
    answer = registry_answers.http_error if is_registrys(request.url.path) else http_error
    return answer(request, error)


@asynccontextmanager
async def open_http(
    node: Node, host: str, port: int, *, requests_per_s: int = REQUESTS_PER_S, tls: Tls | None = None
) -> AsyncIterator[int]:
    """Serve a node; yields the port (a free one for 0). BusError if the address cannot be had."""
    doors = application(node, requests_per_s=requests_per_s, tls=tls is not None)
    async with listen(doors, host, port, named="http.listen", tls=tls) as bound:
        yield bound
