"""What Prometheus and probes ask, without a token, on a listener of its own: who watches a node need not reach what it is watched for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from litestar import Litestar, Response, get
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.params import QueryParameter

from node.http.answers import http_error, unforeseen
from node.http.doors import Doors
from node.http.listening import Tls, listen
from node.runtime import Node


@get("/metrics")
async def metrics(node: NamedDependency[Node], names: Annotated[list[str] | None, QueryParameter(name="name[]")] = None) -> Response[bytes]:
    """Return the metrics in Prometheus' text format, all of them or those named, as in `?name[]=exchange_ready`."""
    return Response(node.shown.figures(names or ()), headers={"content-type": "text/plain; version=0.0.4; charset=utf-8"})


@get("/livez", media_type="text/plain")
async def livez() -> str:
    """Answer while the process turns."""
    return "ok"


@get("/readyz", media_type="text/plain")
async def readyz(node: NamedDependency[Node]) -> Response[str]:
    """Answer 200 while the node does all it is there for, else 503 and what it does not."""
    reasons = node.reasons
    return Response("\n".join(reasons) or "ok", status_code=503 if reasons else 200, media_type="text/plain")


@asynccontextmanager
async def open_probes(node: Node, host: str, port: int, tls: Tls | None = None) -> AsyncIterator[int]:
    """Serve a node's metrics and probes; yields the port (a free one for 0). BusError if the address cannot be had."""
    app = Litestar(
        [metrics, livez, readyz],
        dependencies={"node": Provide(lambda: node, sync_to_thread=False)},
        exception_handlers={HTTPException: http_error, Exception: unforeseen},
        openapi_config=None,
        logging_config=None,
    )
    async with listen(Doors(app, node.metrics, tls=tls is not None), host, port, named="http.probes", tls=tls) as bound:
        yield bound
