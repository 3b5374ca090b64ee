"""Who is let in at the HTTP face, and what each sees."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from litestar.testing import AsyncTestClient

from node.control import day_of
from node.http.admission import REFUSALS_BURST
from node.model.values import Actor
from node.runtime.access import add_token, remove_token
from tests.control.acting import CITY, DISTRICT, Nodes, actor, answered, approved, asked, bills, department, settled
from tests.http.catalogued import served
from tests.http.conftest import ROOT
from tests.http.test_requests import told
from tests.http.tokens import as_

OWNER, TAKER, OTHER = actor("head", f"{DISTRICT}.tax"), actor("steward", department(CITY)), actor("head", f"{CITY}.tax")


@pytest.fixture
def nodes() -> Nodes:
    """Three nodes: the city's police has a grant on some of the district's bills, and a draft that its head has not seen."""
    nodes = settled()
    (ref,) = nodes.carry_out(CITY, asked(CITY, DISTRICT, fields=("code",)))
    nodes.carry_out(CITY, approved(ref))
    nodes.bring_all()
    nodes.carry_out(DISTRICT, answered(ref, DISTRICT))
    nodes.carry_out(CITY, asked(CITY, DISTRICT))
    nodes.bring_all()
    return nodes


@pytest.fixture
async def client(nodes: Nodes) -> AsyncIterator[AsyncTestClient[Any]]:
    """A client of the city's node."""
    async with served(told(nodes)) as client:
        yield client


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer xn-unknown", "Basic b3BlcmF0b3I6eA==", "xn-unknown"])
async def test_without_a_token_that_counts_nobody_is_let_in(web: httpx.AsyncClient, header: str | None) -> None:
    """Told as RFC 6750 asks, in both languages with the next step; nothing of what was brought comes back."""
    for method, path in (("GET", "/v1/node"), ("GET", "/v1/audit"), ("POST", "/v1/commands"), ("GET", "/v1/quarantine")):
        request = web.build_request(method, path, headers={} if header is None else {"authorization": header})
        answer = await web.send(request, auth=None)
        assert (answer.status_code, answer.json()["code"], answer.headers["www-authenticate"]) == (401, "no-access", "Bearer")
        assert "access add" in answer.json()["zh"]
        assert "unknown" not in answer.text.replace("is unknown here", "")


async def test_the_description_is_open(web: httpx.AsyncClient) -> None:
    """Whoever writes a program against the interface reads it first."""
    assert (await web.get("/v1/openapi/openapi.json", auth=None)).status_code == 200


async def test_a_token_that_has_ended_lets_nobody_in_and_its_use_is_audited(web: httpx.AsyncClient, work_folder: Path) -> None:
    """By the number under which it was made; never what it is. One that was taken away is nobody's any more."""
    over = (day_of(datetime.now(UTC)) - timedelta(days=1)).isoformat()
    by = actor("steward", f"{ROOT}.police", "离任者")
    token, secret = add_token(work_folder / "data", by, over)
    for path in ("/v1/me", "/subjects"):
        request = web.build_request("GET", path, headers={"authorization": f"Bearer {secret}"})
        assert (await web.send(request, auth=None)).status_code == 401
    acts = await audited(web, name="离任者")
    assert [(act["act"], act["outcome"], act["code"], act["subject"]) for act in acts] == [
        ("use-ended-token", "refused", "no-access", {"token": token.id})
    ] * 2
    assert secret not in json.dumps(acts)
    remove_token(work_folder / "data", token.id)
    request = web.build_request("GET", "/v1/me", headers={"authorization": f"Bearer {secret}"})
    assert (await web.send(request, auth=None)).status_code == 401
    assert len(await audited(web, name="离任者")) == 2


async def audited(web: httpx.AsyncClient, **sought: str) -> list[Any]:
    """The acts of the last days that are sought."""
    lines = [json.loads(line) for line in (await web.get("/v1/audit", params=sought)).text.splitlines()]
    return [line["act"] for line in lines if line["line"] == "audited"]


async def test_what_is_refused_by_role_alone_is_audited_as_often_as_it_is_refused(web: httpx.AsyncClient) -> None:
    """With the path's act and what it names; whoever is refused too often is told to wait, and has done nothing that would have to be told."""
    auth = as_(web, actor("inspector", name="越权者"))
    answer = await web.post(f"/v1/quarantine/{ROOT}.police.cases/replay", json={}, auth=auth)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-entitled")
    answers = [await web.post("/v1/commands", json={}, auth=auth) for _ in range(REFUSALS_BURST + 5)]
    refused = sum(answer.status_code == 403 for answer in answers)
    late = [answer for answer in answers if answer.status_code != 403]
    assert late
    assert {(answer.status_code, answer.headers["retry-after"]) for answer in late} == {(429, "1")}
    acts = await audited(web, name="越权者")
    first, *rest = [(act["act"], act["outcome"], act["code"], act["subject"]) for act in acts]
    assert first == ("replay-quarantined", "refused", "not-entitled", {"resource": f"{ROOT}.police.cases"})
    assert rest == [("give-command", "refused", "not-entitled", {})] * refused


async def test_whoever_cannot_be_audited_is_refused_all_the_same(client: AsyncTestClient[Any], capfd: pytest.CaptureFixture[str]) -> None:
    """Without waiting for a cluster that is away; the log has it then."""
    assert (await client.get("/v1/status", auth=as_(client, TAKER))).status_code == 403
    assert "act-not-audited" in "".join(capfd.readouterr())


async def test_the_node_tells_as_whom_one_asks(web: httpx.AsyncClient) -> None:
    """Name, role and department of the token."""
    assert msgspec.convert((await web.get("/v1/me", auth=as_(web, TAKER))).json(), Actor) == TAKER


async def test_a_command_is_given_by_whom_it_names(web: httpx.AsyncClient) -> None:
    """Another's name, role or department is refused, and the attempt stands in the audit."""
    command = msgspec.json.encode(asked(ROOT, ROOT, by=actor("steward", f"{ROOT}.civil-affairs", "冒名者")))
    headers = {"authorization": f"Bearer {as_(web, OTHER).secret(OTHER)}"}
    answer = await web.send(web.build_request("POST", "/v1/commands", content=command, headers=headers), auth=None)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-entitled")
    assert "冒名者" in answer.json()["zh"]


@pytest.mark.parametrize(
    ("method", "path", "by", "status"),
    [
        ("GET", "/v1/status", TAKER, 403),
        ("GET", "/v1/status", actor("inspector"), 200),
        ("POST", "/v1/routes/resume", actor("authority"), 403),
        ("POST", "/v1/commands", actor("inspector"), 403),
        ("GET", "/v1/departments", TAKER, 200),
    ],
)
async def test_each_path_is_for_some_roles(client: AsyncTestClient[Any], method: str, path: str, by: Actor, status: int) -> None:
    """Least rights: what a role does not need it is refused."""
    answer = await client.request(method, path, auth=as_(client, by))
    assert answer.status_code == status, answer.text


async def test_a_department_sees_its_own_affairs_and_no_others(client: AsyncTestClient[Any], nodes: Nodes) -> None:
    """Requests, grants and views, in lists and one by one; a draft only its asker."""
    granted, draft = sorted(nodes.books[CITY].requests)
    grant = nodes.books[CITY].requests[granted].grant
    assert grant is not None
    view = nodes.books[CITY].grants[grant].view

    async def seen(by: Actor) -> list[Any]:
        async def get(path: str) -> Any:
            answer = await client.get(path, auth=as_(client, by))
            return answer.json() if answer.status_code == 200 else answer.status_code

        one = [await get(f"/v1/requests/{ref[0]}/{ref[1]}") for ref in (granted, draft)]
        alone = [*one, await get(f"/v1/grants/{grant[0]}/{grant[1]}"), await get(f"/v1/views/{view}")]
        lists = [len(await get(path)) for path in ("/v1/requests", "/v1/grants", "/v1/views")]
        return [*lists, *(1 if isinstance(found, dict) else found for found in alone)]

    assert await seen(TAKER) == [2, 1, 1, 1, 1, 1, 1]
    assert await seen(OWNER) == [1, 1, 1, 1, 404, 1, 1]
    assert await seen(OTHER) == [0, 0, 0, 404, 404, 404, 404]
    assert await seen(actor("inspector")) == [2, 1, 1, 1, 1, 1, 1]


async def test_a_department_sees_the_published_catalogue(client: AsyncTestClient[Any]) -> None:
    """Others' items too, without who takes them."""
    offers = (await client.get("/v1/catalogue", auth=as_(client, OTHER))).json()
    assert bills(DISTRICT) in {offer["name"] for offer in offers}
    assert (await client.get(f"/v1/catalogue/{bills(DISTRICT)}", auth=as_(client, OTHER))).status_code == 200
