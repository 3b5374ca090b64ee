"""The book over HTTP, on a real node."""

from typing import Any

import httpx

from tests.granting import give_over_http, wanted
from tests.http.conftest import ROOT

NAME = f"{ROOT}.civil-affairs.villages"
SCHEMA = {"type": "record", "name": "Village", "key": ["code"], "fields": [{"name": "code", "type": "string"}]}


def _catalogue(**changed: Any) -> dict[str, Any]:
    item = {"name": NAME, "title": "村居", "kind": "facts", "schema": SCHEMA, "partitions": 2} | changed
    return {"command": "apply-catalogue", "resources": [item]}


async def test_a_command_answers_with_its_events_and_said_again_with_none(web: httpx.AsyncClient) -> None:
    """What a command made stands in the answer as it stands in the log; what holds already makes nothing."""
    first = (await web.post("/v1/commands", json=_catalogue())).raise_for_status().json()
    again = (await web.post("/v1/commands", json=_catalogue())).raise_for_status().json()
    assert [event["kind"] for event in first["events"]] == ["schema", "resource"]
    assert [event["author"] for event in first["events"]] == [ROOT, ROOT]
    assert again == {"events": []}


async def test_a_resource_comes_with_its_schema_by_name_and_by_id(web: httpx.AsyncClient) -> None:
    """Who has a name gets the schema, and who has a record's id gets the same one."""
    await web.post("/v1/commands", json=_catalogue())
    found = (await web.get(f"/v1/resources/{NAME}")).raise_for_status().json()
    schema = (await web.get(f"/v1/schemas/{found['schema_id']}")).raise_for_status().json()
    assert found["resource"]["partitions"] == 2
    assert found["schema"] == SCHEMA
    assert schema == {"id": found["schema_id"], "schema": SCHEMA}


async def test_lists_hold_what_was_said(web: httpx.AsyncClient) -> None:
    """Divisions, departments, resources and grants are listed with their fields."""
    await web.post("/v1/commands", json=_catalogue())
    await give_over_http(web, wanted(NAME, f"{ROOT}.police"))
    assert ROOT in [one["code"] for one in (await web.get("/v1/divisions")).json()]
    assert "民政厅" in [one["name"] for one in (await web.get("/v1/departments")).json()]
    assert NAME in [one["name"] for one in (await web.get("/v1/resources")).json()]
    grants = [one for one in (await web.get("/v1/grants")).json() if one["value"]["resource"] == NAME]
    assert [(one["active"], one["ended"]) for one in grants] == [(True, False)]


async def test_a_refusal_tells_why_in_both_languages(web: httpx.AsyncClient) -> None:
    """What the book forbids is a conflict, with a code, and nothing is written."""
    await web.post("/v1/commands", json=_catalogue())
    answer = await web.post("/v1/commands", json=_catalogue(partitions=3))
    assert answer.status_code == 409
    assert set(answer.json()) == {"code", "en", "zh", "request_id"}
    assert (await web.get(f"/v1/resources/{NAME}")).json()["resource"]["partitions"] == 2


async def test_what_is_no_command_is_told_with_the_field(web: httpx.AsyncClient) -> None:
    """Broken JSON, an unknown command and an unknown field are the asker's fault, and each says where."""
    for body in (b"{", b'{"command": "dance"}', b'{"command": "add-department", "department": "1.x", "name": "n", "nmae": 1}', b"\xff"):
        answer = await web.post("/v1/commands", content=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed"), body


async def test_what_the_book_does_not_have_is_not_found(web: httpx.AsyncClient) -> None:
    """An unknown resource or schema is a 404 with the name in it."""
    for path in ("/v1/resources/990000.civil-affairs.nothing", "/v1/schemas/1"):
        answer = await web.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
        assert path.rpartition("/")[2] in answer.json()["en"]
