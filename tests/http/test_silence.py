"""Nothing personal is told by refusals or logs: an identity number and a token in bad requests of every kind come back nowhere."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from node.telemetry import configure
from tests.http.tokens import OPERATOR, as_
from tests.telemetry.undoing import undone

PERSON = "440102199001011234"
SECRET = "xn-" + "Zq3" * 14 + "A"
NEEDLES = (PERSON, SECRET, "Zq3Zq3")
PLANTS = (PERSON, SECRET, f"{PERSON}张三丰", f"({SECRET})")

GETS = (
    "/{plant}",
    "/v1/{plant}",
    "/v1/resources/{plant}",
    "/v1/schemas/{plant}",
    "/v1/catalogue/{plant}",
    "/v1/views/{plant}",
    "/v1/grants/{plant}/1",
    "/v1/grants/990000/{plant}",
    "/v1/requests/{plant}/1",
    "/v1/requests/990000/{plant}/sample",
    "/v1/quarantine/{plant}",
    "/v1/quarantine?resource={plant}",
    "/v1/quarantine/990000.a.b?count={plant}",
    "/v1/quarantine/990000.a.b?values={plant}",
    "/v1/audit?since={plant}",
    "/v1/audit?outcome={plant}",
    "/v1/audit?{plant}=1",
    "/v1/requests?state={plant}",
    "/v1/catalogue?kind={plant}&due={plant}",
    "/subjects/{plant}/versions/latest",
    "/subjects/{plant}-value/versions",
    "/subjects/990000.a.b-value/versions/{plant}",
    "/subjects?limit={plant}",
    "/schemas/ids/{plant}",
    "/config/{plant}",
    "/mode/{plant}?defaultToGlobal={plant}",
)
BY: dict[str, Any] = {"name": "operator", "role": "operator", "department": ""}
POSTS: dict[str, list[Any]] = {
    "/v1/commands": [
        "plant",
        {"command": "plant"},
        {"command": "add-division", "plant": 1},
        {"command": "add-division", "code": "plant", "name": "", "level": "plant"},
        {"command": "add-department", "department": "plant", "name": "plant"},
        {"command": "apply-catalogue", "resources": [{"name": "plant", "title": "", "kind": "state", "schema": {"type": "plant"}}]},
        {"command": "apply-catalogue", "resources": [{"name": "990000.police.x", "title": "", "kind": "plant", "schema": "plant"}]},
        {"command": "new-request", "by": BY, "resource": "plant", "taker": "plant", "basis": "plant", "purpose": "plant", "rows": "plant"},
        {"command": "new-request", "by": {"name": "plant", "role": "head"}, "resource": "a", "taker": "a", "basis": "", "purpose": ""},
        {"command": "approve-request", "by": BY, "request": ["plant", 1], "version": 1},
    ],
    "/v1/requests/preview": [
        {"command": "new-request", "by": BY, "resource": "990000.a.b", "taker": "plant", "basis": "x", "purpose": "x"}
    ],
    "/v1/exports": ["plant", {"plant": 1}, {"by": BY, "resource": "plant", "taker": "plant", "from_time": "plant"}],
    "/v1/link/rate": [{"rate": 2000, "resource": "plant"}, {"rate": "plant"}, {"rate": 2000, "lane": "plant"}, {"rate": 2000, "plant": 1}],
    "/v1/routes/resume": [{"topic": "plant", "mode": "accept"}, {"topic": "a", "mode": "plant"}, ["plant"]],
    "/v1/quarantine/plant/replay": [{}, {"plant": 1}],
    "/v1/quarantine/990000.a.b/discard": [{"reason": "plant"}, {"offsets": "plant"}],
    "/subjects/990000.a.b-value": [{"schema": "plant"}, "plant"],
    "/subjects/plant-value/versions": [{"schema": '{"type": "record", "name": "plant", "fields": []}'}],
    "/compatibility/subjects/plant-value/versions/plant": [{"schema": '"plant"', "schemaType": "plant"}],
}


@pytest.fixture(autouse=True)
def _as_a_node_logs() -> Iterator[None]:
    """In lines of JSON; what is configured for the whole process is undone."""
    with undone():
        configure(division="990000", readable=False, level="debug")
        yield


def bad_requests(web: httpx.AsyncClient, plant: str) -> Iterator[httpx.Request]:
    """Every kind of bad request: path, query, body and header."""
    for path in GETS:
        yield web.build_request("GET", path.replace("{plant}", quote(plant)))
    for path, bodies in POSTS.items():
        for body in bodies:
            content = json.dumps(body, ensure_ascii=False).replace("plant", plant)
            yield web.build_request("POST", path.replace("plant", quote(plant)), content=content)
        yield web.build_request("POST", path, content=f"{plant}".encode())
    yield web.build_request(quote(plant, safe="-"), "/v1/node")
    header = quote(plant)
    for name in ("content-type", "accept", "cookie", "x-forwarded-for", "host", "expect", header):
        yield web.build_request("POST", "/v1/commands", content=b"{}", headers={name: header})


@pytest.mark.parametrize("plant", PLANTS)
async def test_what_is_wrong_is_told_without_whom_it_was_about(
    web: httpx.AsyncClient, plant: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Asked by an operator, for whom least is refused before it is read; each is answered as a mistake of whoever asks, and the log holds nothing of it."""
    auth, said, refused = as_(web, OPERATOR), list[str](), 0
    for request in bad_requests(web, plant):
        answer = await web.send(request, auth=auth)
        assert answer.status_code < 500 or answer.status_code == 503, (request.url, answer.text)
        refused += answer.is_error
        said.append(f"{answer.text} {answer.headers}")
    for header in (f"Bearer {plant}", f"Basic {plant}", plant):
        for path in ("/v1/node", "/subjects", "/none"):
            answer = await web.send(web.build_request("GET", path, headers={"authorization": quote(header)}), auth=None)
            said.append(answer.text)
    assert refused > 60
    assert [text for text in said if any(needle in text for needle in NEEDLES)] == []
    logged = "".join(capfd.readouterr())
    assert [needle for needle in (*NEEDLES, "张三丰") if needle in logged] == [], "a name comes back to who wrote it, and to nobody else"
