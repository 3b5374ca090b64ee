"""A root node on a real cluster behind its own HTTP server, shared by the tests of the HTTP face."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from node.http import open_http
from node.model.names import Division
from node.runtime import Node, NodeSettings, run_node
from node.telemetry import Metrics
from tests.conftest import Kafka
from tests.http.tokens import AsNamed

ROOT = Division("990000")
"""A division that no other test uses: the cluster is shared."""


@pytest.fixture(scope="package")
async def web(kafka: Kafka, work_folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of a node that is ready and has two departments."""
    node = Node(
        NodeSettings(division=ROOT, bootstrap=kafka.bootstrap, security=kafka.security, replication=1, data_dir=work_folder / "data"),
        Metrics(),
    )
    running = asyncio.create_task(run_node(node))
    auth = AsNamed(work_folder / "data")
    async with (
        open_http(node, "127.0.0.1", 0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20, auth=auth) as client,
    ):
        async with asyncio.timeout(30):
            while node.reasons:
                await asyncio.sleep(0.05)
        for command in (
            {"command": "add-division", "code": ROOT, "name": "测试省", "level": "province"},
            {"command": "add-department", "department": f"{ROOT}.civil-affairs", "name": "民政厅"},
            {"command": "add-department", "department": f"{ROOT}.police", "name": "公安厅"},
        ):
            (await client.post("/v1/commands", json=command)).raise_for_status()
        yield client
        node.stopping.set()
        await running
