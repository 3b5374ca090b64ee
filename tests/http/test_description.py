"""The description of the HTTP face, held against a running node by schemathesis, which asks every path what people would not."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import ignored_auth, missing_required_header, positive_data_acceptance, unsupported_method

from node.http import open_http
from node.http.description import BODIES
from node.model.names import Department, Division
from node.model.values import Actor
from node.runtime import Node, NodeSettings, run_node
from node.telemetry import Metrics
from tests.conftest import Kafka
from tests.http.tokens import OPERATOR, AsNamed

pytestmark = pytest.mark.kafka
HERE = Division("990020")
"""A division that no other test uses: the cluster is shared."""
OWNER = Department(f"{HERE}.tax")
PEOPLE = [
    OPERATOR,
    Actor(name="李", role="steward", department=OWNER),
    Actor(name="王", role="head", department=OWNER),
    Actor(name="黄", role="authority"),
    Actor(name="吴", role="inspector"),
]
NOT_HELD = [
    # What the description allows the book may still forbid.
    positive_data_acceptance,
    # These ask without a token, or with methods of their own: tests/http/test_admission.py does the one, litestar the other.
    ignored_auth,
    missing_required_header,
    unsupported_method,
]


@pytest.fixture(scope="module")
async def url(kafka: Kafka, work_folder: Path) -> AsyncIterator[str]:
    """A node of its own, for what is asked of it may leave anything in its book; it has an item and a department."""
    folder = work_folder / "described"
    node = Node(NodeSettings(division=HERE, bootstrap=kafka.bootstrap, replication=1, data_dir=folder), Metrics())
    running = asyncio.create_task(run_node(node))
    schema = {"type": "record", "name": "Fee", "key": ["code"], "fields": [{"name": "code", "type": "string"}]}
    item = {"name": f"{OWNER}.fees", "title": "规费", "kind": "state", "schema": schema, "partitions": 1}
    async with open_http(node, "127.0.0.1", 0) as port:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20, auth=AsNamed(folder)) as client:
            async with asyncio.timeout(30):
                while (await client.get("/readyz")).status_code != 200:
                    await asyncio.sleep(0.05)
            for command in (
                {"command": "add-division", "code": HERE, "name": "测试省", "level": "province"},
                {"command": "add-department", "department": OWNER, "name": "税务局"},
                {"command": "apply-catalogue", "resources": [item]},
            ):
                (await client.post("/v1/commands", json=command)).raise_for_status()
        yield f"http://127.0.0.1:{port}"
        node.stopping.set()
        await running


def _held(url: str, secrets: dict[Actor, str], examples: int) -> int:
    """Ask every path; return how many there are. What does not answer as it is described fails, with the request that showed it."""
    document = schemathesis.openapi.from_url(f"{url}/v1/openapi/openapi.json")
    operations = [found.ok() for found in document.get_all_operations() if isinstance(found, Ok)]
    for operation in operations:

        @given(case=operation.as_strategy(), by=st.sampled_from(PEOPLE))
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def hold(case: Case[Any], by: Actor) -> None:
            if isinstance(case.body, dict) and "by" in case.body:
                case.body["by"] = {"name": by.name, "role": by.role, "department": by.department}
            headers = {"authorization": f"Bearer {secrets[by]}"}
            case.call_and_validate(headers=headers, excluded_checks=NOT_HELD)

        hold()
    return len(operations)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("examples", [12, pytest.param(200, marks=pytest.mark.full)])
async def test_every_path_answers_as_it_is_described(url: str, work_folder: Path, examples: int) -> None:
    """Status, media type and body: whatever is asked, by whomever; never an error of the server's own."""
    auth = AsNamed(work_folder / "described")
    assert await asyncio.to_thread(_held, url, {by: auth.secret(by) for by in PEOPLE}, examples) >= 20


async def test_what_is_posted_is_described(url: str) -> None:
    """Every path that takes a body says what it may hold; commands by their kind; who may not be there is a problem."""
    async with httpx.AsyncClient(base_url=url) as client:
        document: dict[str, Any] = (await client.get("/v1/openapi/openapi.json")).json()
    posted = {path for path, operations in document["paths"].items() if "post" in operations}
    assert posted == set(BODIES)
    for path in posted:
        assert "requestBody" in document["paths"][path]["post"], path
    commands = document["paths"]["/v1/commands"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "approve-request" in commands["discriminator"]["mapping"]
    assert document["paths"]["/v1/node"]["get"]["security"] == [{"bearer": []}]
    assert not [path for path in document["paths"] if path.startswith("/subjects")]
    problem = document["paths"]["/v1/node"]["get"]["responses"]["4XX"]["content"]["application/json"]["schema"]["$ref"]
    assert set(document["components"]["schemas"][problem.rpartition("/")[2]]["properties"]) == {"code", "en", "zh"}
