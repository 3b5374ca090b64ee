"""The server around the node: its own refusals, its bounds, its description."""

import httpx
import pytest

from node.errors import BusError
from node.http import open_http
from node.model.names import Division
from node.runtime import Node, NodeSettings
from node.telemetry import Metrics
from tests.conftest import NO_DATA


async def test_the_interface_is_described(web: httpx.AsyncClient) -> None:
    """OpenAPI names every path that tools may use."""
    paths = (await web.get("/v1/openapi/openapi.json")).raise_for_status().json()["paths"]
    assert {"/v1/commands", "/v1/status", "/v1/routes/resume", "/readyz"} <= set(paths)


async def test_a_body_without_bound_is_refused(web: httpx.AsyncClient) -> None:
    """More than 4 MiB is refused, and the node goes on."""
    answer = await web.post("/v1/commands", content=b" " * (5 << 20))
    assert answer.status_code == 413
    assert (await web.get("/livez")).status_code == 200


async def test_an_unknown_path_is_told_as_json(web: httpx.AsyncClient) -> None:
    """Even what nobody serves is answered in the form that all errors have."""
    answer = await web.get("/v2/nothing")
    assert (answer.status_code, set(answer.json())) == (404, {"code", "en", "zh"})


async def test_an_answer_on_a_kept_connection_waits_for_nobody() -> None:
    """Nagle's algorithm and a delayed acknowledgement would make each take 40 ms."""
    node = Node(NodeSettings(division=Division("990000"), bootstrap="127.0.0.1:1", replication=1, data_dir=NO_DATA), Metrics())
    async with open_http(node, "127.0.0.1", 0) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answers = [await client.get("/livez") for _ in range(20)]
    assert min(answer.elapsed.total_seconds() for answer in answers[1:]) < 0.02


async def test_an_offer_of_http_2_is_passed_over_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    """Java's client makes it with its first request; the answer comes in HTTP/1.1, and the log stays as it is."""
    offer = {"connection": "Upgrade, HTTP2-Settings", "upgrade": "h2c", "http2-settings": "AAEAAEAA"}
    node = Node(NodeSettings(division=Division("990000"), bootstrap="127.0.0.1:1", replication=1, data_dir=NO_DATA), Metrics())
    async with open_http(node, "127.0.0.1", 0) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answer = await client.get("/livez", headers=offer)
    assert (answer.status_code, answer.text) == (200, "ok")
    assert "pgrade" not in "".join(capfd.readouterr())


async def test_an_address_that_is_taken_is_told() -> None:
    """The second server on an address says which address it could not have."""
    node = Node(NodeSettings(division=Division("990000"), bootstrap="127.0.0.1:1", replication=1, data_dir=NO_DATA), Metrics())
    async with open_http(node, "127.0.0.1", 0) as port:
        with pytest.raises(BusError, match=str(port)):
            async with open_http(node, "127.0.0.1", port):
                pass
