"""Metrics and probes, on a listener of their own."""

from collections.abc import AsyncIterator

import httpx
import pytest

from node.http import open_http, open_probes
from node.runtime import Node
from tests.http.catalogued import catalogued_node


@pytest.fixture
async def watched() -> AsyncIterator[tuple[Node, httpx.AsyncClient]]:
    """A node that has everything but its clusters, and who watches it without a token."""
    node = catalogued_node()
    async with open_probes(node, "127.0.0.1", 0) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        yield node, client


async def test_health_is_told_in_plain_text(watched: tuple[Node, httpx.AsyncClient]) -> None:
    """The process turns; what the node does not do is told by part, and once there is nothing it is ready."""
    node, client = watched
    assert (await client.get("/livez")).text == "ok"
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.headers["content-type"]) == (503, "text/plain; charset=utf-8")
    assert [line.partition(":")[0] for line in ready.text.splitlines()] == ["own cluster", "gate", "views", "canary"]
    node.shown.troubles.clear()
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.text) == (200, "ok")


async def test_metrics_are_in_prometheus_text_format(watched: tuple[Node, httpx.AsyncClient]) -> None:
    """The page has our series, under their namespace, and the content type that Prometheus asks for."""
    answer = await watched[1].get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "exchange_ready 0.0" in answer.text
    assert 'exchange_control_events{outcome="folded"}' in answer.text


async def test_metrics_that_are_named_come_alone(watched: tuple[Node, httpx.AsyncClient]) -> None:
    """So that what has to be known within seconds does not cost a page of thousands of series each time; a name that is none gives none."""
    answer = await watched[1].get("/metrics", params={"name[]": ["exchange_ready", "exchange_clocks_untold", "no_such"]})
    found = {line.partition(" ")[0] for line in answer.text.splitlines() if not line.startswith("#")}
    assert found == {"exchange_ready", "exchange_clocks_untold"}
    assert (await watched[1].get("/metrics", params={"name[]": "no_such"})).text == ""


async def test_each_listener_serves_its_own_paths_alone() -> None:
    """Whoever watches a node cannot ask it anything, and whoever asks it does not see what is watched."""
    node = catalogued_node()
    async with (
        open_http(node, "127.0.0.1", 0) as port,
        open_probes(node, "127.0.0.1", 0) as probes_port,
        httpx.AsyncClient() as client,
    ):
        for path in ("/metrics", "/livez", "/readyz"):
            assert (await client.get(f"http://127.0.0.1:{port}{path}")).status_code == 404, path
        for path in ("/v1/node", "/subjects", "/v1/openapi/openapi.json"):
            answer = await client.get(f"http://127.0.0.1:{probes_port}{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), path
