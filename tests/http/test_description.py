"""The description of the HTTP face, held against a running node by schemathesis, which asks every path what people would not."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import ignored_auth, missing_required_header, positive_data_acceptance, unsupported_method

from node.http import open_http
from node.http.description import BODIES
from node.model.names import Department, Division
from node.model.values import Actor
from node.runtime import Node, NodeSettings, run_node
from node.telemetry import Metrics
from tests.conftest import Kafka
from tests.granting import give_over_http, wanted
from tests.http.tokens import OPERATOR, AsNamed

pytestmark = pytest.mark.kafka
HERE = Division("990020")
"""A division that no other test uses: the cluster is shared."""
OWNER, TAKER = Department(f"{HERE}.tax"), Department(f"{HERE}.police")
FEES = f"{OWNER}.fees"
SELDOM = {
    "GET /v1/link",
    "POST /v1/commands",
    "POST /v1/dismiss",
    "POST /v1/exports",
    "POST /v1/invitations",
    "POST /v1/join",
    "POST /v1/leave",
    "POST /v1/link/rate",
    "POST /v1/routes/resume",
    "POST /v1/quarantine/{name}/replay",
    "POST /v1/quarantine/{name}/discard",
}
"""These take more than chance brings: their own tests have them done, these have them refused."""
PEOPLE = [
    OPERATOR,
    Actor(name="李", role="steward", department=OWNER),
    Actor(name="王", role="head", department=OWNER),
    Actor(name="陈", role="steward", department=TAKER),
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
    """A node of its own, for what is asked of it may leave anything in its book; it has an item of which one of its departments was granted a part."""
    folder = work_folder / "described"
    node = Node(
        NodeSettings(division=HERE, bootstrap=kafka.bootstrap, security=kafka.security, replication=1, data_dir=folder, debug=True),
        Metrics(),
    )
    running = asyncio.create_task(run_node(node))
    schema = {
        "type": "record",
        "name": "Fee",
        "key": ["code"],
        "fields": [{"name": "code", "type": "string"}, {"name": "sum", "type": "int"}],
    }
    item = {"name": FEES, "title": "规费", "kind": "state", "schema": schema, "partitions": 1}
    async with open_http(node, "127.0.0.1", 0) as port:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20, auth=AsNamed(folder)) as client:
            async with asyncio.timeout(30):
                while node.reasons:
                    await asyncio.sleep(0.05)
            for command in (
                {"command": "add-division", "code": HERE, "name": "测试省", "level": "province"},
                {"command": "add-department", "department": OWNER, "name": "税务局"},
                {"command": "add-department", "department": TAKER, "name": "公安厅"},
                {"command": "apply-catalogue", "resources": [item]},
            ):
                (await client.post("/v1/commands", json=command)).raise_for_status()
            await give_over_http(client, wanted(FEES, TAKER, fields=("code",)))
        yield f"http://127.0.0.1:{port}"
        node.stopping.set()
        await running


def _known(url: str, secret: str) -> dict[str, Any]:
    """What there is in the node's book, by the names under which paths and bodies have it."""
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {secret}"}) as client:
        (grant,) = client.get("/v1/grants").json()
        number = client.get(f"/v1/resources/{FEES}").json()["schema_id"]
    request, ref = grant["value"]["request"], grant["grant"]
    places = {"name": FEES, "topic": grant["view"], "number": number, "author": HERE}
    return places | {
        "resource": FEES,
        "item": FEES,
        "taker": TAKER,
        "department": TAKER,
        "request": request,
        "grant": ref,
        "seen": ref,
        "user": TAKER,
        "grace_s": 0.0,
    }


def _held(url: str, secrets: dict[Actor, str], examples: int, mode: GenerationMode) -> Counter[tuple[str, int]]:
    """Ask every path; return how often each answered with which status. What does not answer as it is described fails, with what showed it."""
    told = httpx.get(f"{url}/v1/openapi/openapi.json").json()
    for operations in told["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)  # tokens are ours to bring, right ones and wrong ones: see test_admission.py
    document = schemathesis.openapi.from_dict(told)
    document.config.update(base_url=url)
    known, seen = _known(url, secrets[OPERATOR]), Counter[tuple[str, int]]()
    found = [one.ok() for one in document.get_all_operations() if isinstance(one, Ok)]
    # Commands last: what they end would not be there to be shown.
    for operation in sorted(found, key=lambda one: one.path == "/v1/commands"):
        if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query or operation.path_parameters):
            continue  # there is nothing that could be wrong

        @given(case=operation.as_strategy(generation_mode=mode), by=st.sampled_from(PEOPLE), real=st.sampled_from([True, True, False]))
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def hold(case: Case[Any], by: Actor, *, real: bool) -> None:
            if mode is GenerationMode.POSITIVE:
                told = (known if real else {}) | {"by": {"name": by.name, "role": by.role, "department": by.department}}
                if isinstance(case.body, dict):
                    case.body.update({key: value for key, value in told.items() if key in case.body})
                if real:
                    sequence = known["grant" if "/grants/" in case.path else "request"][1]
                    case.path_parameters.update({key: (known | {"sequence": sequence})[key] for key in case.path_parameters})
            headers = {"authorization": f"Bearer {secrets[by]}"}
            answer = case.call_and_validate(headers=headers, excluded_checks=NOT_HELD)
            seen[f"{case.method} {case.path}", answer.status_code] += 1

        with suppress(*((Unsatisfiable,) if mode is GenerationMode.NEGATIVE else ())):  # any text will do as a name
            hold()
    return seen


@pytest.mark.timeout(900)
@pytest.mark.parametrize("examples", [8, pytest.param(200, marks=pytest.mark.full)])
async def test_every_path_answers_as_it_is_described(url: str, work_folder: Path, examples: int) -> None:
    """Status, media type and body: whatever is asked, by whomever, of what there is and what there is not; never an error of the server's own."""
    auth = AsNamed(work_folder / "described")
    secrets = {by: auth.secret(by) for by in PEOPLE}
    seen = await asyncio.to_thread(_held, url, secrets, examples, GenerationMode.POSITIVE)
    paths = {path for path, _status in seen}
    assert len(paths) >= 25
    answered = {path for path, status in seen if status == 200}
    never = paths - answered - SELDOM
    assert never == set(), "a path that never answers was not asked in earnest"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("examples", [6, pytest.param(200, marks=pytest.mark.full)])
async def test_what_is_not_described_is_refused(url: str, work_folder: Path, examples: int) -> None:
    """As a mistake of whoever asks: bodies of the wrong form, texts for numbers, fields that there are not."""
    auth = AsNamed(work_folder / "described")
    seen = await asyncio.to_thread(_held, url, {by: auth.secret(by) for by in PEOPLE}, examples, GenerationMode.NEGATIVE)
    assert seen["POST /v1/commands", 400] > 0


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
    assert set(document["components"]["schemas"][problem.rpartition("/")[2]]["properties"]) == {"code", "en", "zh", "request_id"}
