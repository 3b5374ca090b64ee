"""Answers for node/http/debug.py: what the node is doing, for whom the configuration lets."""

from pathlib import Path

import httpx
import msgspec
import pytest

from node.http.server import application
from node.model.names import Division
from node.model.values import Actor
from node.runtime import Node, NodeSettings
from node.runtime.dumping import Dump
from node.telemetry import Metrics
from tests.http.tokens import AsNamed, as_

INSPECTOR = Actor(name="监", role="inspector")


@pytest.mark.kafka
async def test_it_is_not_there_unless_it_is_said(web: httpx.AsyncClient) -> None:
    """And an inspector may not ask for it in any case."""
    answer = await web.get("/v1/debug")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert "SIGUSR1" in answer.json()["zh"]
    assert (await web.send(web.build_request("GET", "/v1/debug"), auth=as_(web, INSPECTOR))).status_code == 403


async def test_where_it_is_said_operators_see_tasks_and_lanes(tmp_path: Path) -> None:
    """In the form of the file that SIGUSR1 writes."""
    settings = NodeSettings(division=Division("990000"), bootstrap="127.0.0.1:1", replication=1, data_dir=tmp_path, debug=True)
    transport = httpx.ASGITransport(application(Node(settings, Metrics())))  # type: ignore[arg-type]  # litestar's type of the same thing
    async with httpx.AsyncClient(transport=transport, base_url="http://node", auth=AsNamed(tmp_path)) as client:
        answer = await client.get("/v1/debug")
    assert answer.status_code == 200
    found = msgspec.json.decode(answer.content, type=Dump)
    assert found.division == "990000"
    assert found.tasks
