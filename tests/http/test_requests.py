"""Requests over HTTP: how they stand, what one would come to, and the road of one on a real node."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from litestar.testing import AsyncTestClient

from node.control.calendar import Calendar
from node.runtime import Node, NodeSettings
from node.telemetry import Metrics
from tests.conftest import NO_DATA
from tests.control.acting import CITY, DISTRICT, NODES, PROVINCE, Nodes, answered, approved, asked, bills, department, settled
from tests.granting import approval, steward, wanted
from tests.http.catalogued import served
from tests.http.conftest import ROOT
from tests.http.tokens import OPERATOR, as_

PREVIEW = "/v1/requests/preview"


def told(nodes: Nodes) -> Node:
    """The city's node, without Kafka, with what all have said."""
    node = Node(NodeSettings(division=CITY, bootstrap="127.0.0.1:1", replication=1, data_dir=NO_DATA), Metrics())
    for author in NODES:
        for value in nodes.logs[author]:
            node.ledger.book.fold(author, value)
    return node


@pytest.fixture
def nodes() -> Nodes:
    """Three nodes with a draft to the district and a refused request to the province, both the city's."""
    nodes = settled()
    nodes.carry_out(CITY, asked(CITY, DISTRICT, fields=("code",)))
    (second,) = nodes.carry_out(CITY, asked(CITY, PROVINCE))
    nodes.carry_out(CITY, approved(second))
    nodes.bring_all()
    nodes.carry_out(PROVINCE, answered(second, PROVINCE, "refuse", reason="超出职责"))
    nodes.bring_all()
    return nodes


@pytest.fixture
async def client(nodes: Nodes) -> AsyncIterator[AsyncTestClient[Any]]:
    """A client of the city's node."""
    async with served(told(nodes)) as client:
        yield client


async def test_a_request_is_told_with_its_course_clock_and_path(client: AsyncTestClient[Any], nodes: Nodes) -> None:
    """In the list as alone, by the number of its first event."""
    draft, refused = sorted(nodes.books[CITY].requests)
    found = (await client.get("/v1/requests")).json()
    assert [tuple(one["request"]) for one in found] == [draft, refused]
    one = (await client.get(f"/v1/requests/{refused[0]}/{refused[1]}")).json()
    assert found[1] == one
    assert (one["state"], one["path"], one["clock_problem"]) == ("answered-refused", [PROVINCE, CITY], None)
    assert [(step["kind"], step["by"]["role"]) for step in one["course"]] == [
        ("request", "steward"),
        ("request-approved", "head"),
        ("request-answered", "head"),
    ]
    assert (one["course"][2]["reason"], one["clock"]["kind"], one["clock"]["state"]) == ("超出职责", "answer-unconditional", "met")
    assert one["clock"]["article"].startswith("Decree 809")


async def test_a_list_holds_what_was_asked_for(client: AsyncTestClient[Any]) -> None:
    """By state, resource and department; a state that there is not is the asker's mistake."""

    async def states(query: str) -> list[str]:
        return [one["state"] for one in (await client.get(f"/v1/requests?{query}")).raise_for_status().json()]

    assert await states("state=draft") == ["draft"]
    assert await states(f"resource={bills(PROVINCE)}") == ["answered-refused"]
    assert await states(f"department={department(DISTRICT, 'tax')}") == ["draft"]
    assert await states(f"department={department(CITY)}") == ["draft", "answered-refused"]
    assert (await client.get("/v1/requests?state=lost")).status_code == 400


async def test_a_year_without_a_calendar_does_not_fail_the_answer(nodes: Nodes) -> None:
    """The problem stands where the clock would, in both languages."""
    node = told(nodes)
    node.calendar = Calendar()
    async with served(node) as client:
        (one,) = (await client.get("/v1/requests?state=answered-refused")).raise_for_status().json()
    assert (one["clock"], set(one["clock_problem"])) == (None, {"en", "zh"})
    assert "2026" in one["clock_problem"]["zh"]


async def test_the_metrics_tell_what_is_due_first_of_ones_own() -> None:
    """What the node's departments have to answer; the terms of others are no alarm here."""
    nodes = settled()
    for asker, owner in ((DISTRICT, CITY), (CITY, PROVINCE)):
        (ref,) = nodes.carry_out(asker, asked(asker, owner))
        nodes.carry_out(asker, approved(ref))
    nodes.bring_all()
    lines = [line for line in told(nodes).shown.figures().decode().splitlines() if line.startswith("exchange_request_due_seconds{")]
    assert len(lines) == 1
    assert 'kind="answer-conditional"' in lines[0]


@pytest.mark.parametrize("name", [f"{CITY}/1", f"{CITY}/99999", "x/1"])
async def test_what_is_no_request_is_not_found(client: AsyncTestClient[Any], name: str) -> None:
    """Another event's number too."""
    answer = await client.get(f"/v1/requests/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_what_a_request_would_come_to(client: AsyncTestClient[Any]) -> None:
    """Schema, path and whose node shows rows; nothing is written. Refused as the command itself would be."""
    before = (await client.get("/v1/requests")).json()
    found = (await client.post(PREVIEW, content=msgspec.json.encode(asked(CITY, DISTRICT, fields=("sum",))))).raise_for_status().json()
    assert found["sample"] is None
    assert [field["name"] for field in found["foreseen"]["schema"]["fields"]] == ["sum"]
    assert (found["foreseen"]["path"], found["foreseen"]["owner"]) == ([DISTRICT, CITY], DISTRICT)
    assert (await client.get("/v1/requests")).json() == before
    refused = await client.post(PREVIEW, content=msgspec.json.encode(asked(CITY, DISTRICT, way="interface")))
    assert (refused.status_code, refused.json()["code"]) == (409, "way-comes-later")
    other = await client.post(PREVIEW, json={"command": "add-department", "department": "445100.x", "name": "x"})
    assert (other.status_code, other.json()["code"]) == (400, "malformed")


async def test_rows_are_the_owners_to_show(client: AsyncTestClient[Any], nodes: Nodes) -> None:
    """Another node names it; a request that is not there is not found."""
    draft, _refused = sorted(nodes.books[CITY].requests)
    answer = await client.get(f"/v1/requests/{draft[0]}/{draft[1]}/sample")
    assert (answer.status_code, answer.json()["code"]) == (409, "not-own-resource")
    assert DISTRICT in answer.json()["en"]
    answer = await client.get(f"/v1/requests/{CITY}/99999/sample")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_rows_as_their_asker_would_have_them(web: httpx.AsyncClient) -> None:
    """To the owner, on its own node, before the request is made as after it; to nobody else, its asker included. Who looked stands in the audit."""
    name, taker = f"{ROOT}.civil-affairs.shown", f"{ROOT}.police"
    fields = [{"name": "code", "type": "string"}, {"name": "n", "type": "int"}]
    schema = {"type": "record", "name": "Shown", "key": ["code"], "fields": fields}
    item = {"name": name, "title": "村居", "kind": "state", "schema": schema, "partitions": 2}
    (await web.post("/v1/commands", json={"command": "apply-catalogue", "resources": [item]})).raise_for_status()
    command = wanted(name, taker, fields=("code",))
    owner = steward(f"{ROOT}.civil-affairs")
    foreseen = (await web.post(PREVIEW, content=msgspec.json.encode(command))).raise_for_status().json()
    assert foreseen["sample"] is None, "a dry run must not give its asker rows that nobody granted"
    body = msgspec.json.encode(msgspec.structs.replace(command, by=owner))
    found = (await web.post(PREVIEW, content=body)).raise_for_status().json()
    assert found["foreseen"] == foreseen["foreseen"]
    assert (found["sample"]["rows"], found["sample"]["read"], found["foreseen"]["path"]) == ([], 0, [ROOT])
    (made,) = (await web.post("/v1/commands", content=msgspec.json.encode(command))).raise_for_status().json()["events"]
    request = (ROOT, made["sequence"])
    (await web.post("/v1/commands", content=msgspec.json.encode(approval(command, request)))).raise_for_status()
    path = f"/v1/requests/{ROOT}/{request[1]}/sample"
    sample = (await web.get(path, auth=as_(web, owner))).raise_for_status().json()
    for other in (steward(taker), OPERATOR):
        assert (await web.get(path, auth=as_(web, other))).status_code == 403
    audit = (await web.get("/v1/audit", params={"act": "show-sample", "about": name})).text
    assert (audit.count('"outcome":"done"'), audit.count('"outcome":"refused"')) == (2, 2)
    assert sample == found["sample"]
    assert [field["name"] for field in sample["schema"]["fields"]] == ["code"]
    assert name not in [one["value"]["resource"] for one in (await web.get("/v1/grants")).json()]


async def test_the_road_of_a_request_on_a_real_node(web: httpx.AsyncClient) -> None:
    """Asked, approved and consented to: a grant that names it; and it is told so."""
    owner, taker = f"{ROOT}.civil-affairs", f"{ROOT}.taxation"
    schema = {"type": "record", "name": "Asked", "key": ["code"], "fields": [{"name": "code", "type": "string"}]}
    item = {"name": f"{owner}.asked", "title": "村居", "kind": "state", "schema": schema, "partitions": 1}
    steward, head = {"name": "李", "role": "steward", "department": taker}, {"name": "王", "role": "head", "department": taker}

    async def carry_out(command: str, **parts: Any) -> list[Any]:
        answer = await web.post("/v1/commands", json={"command": command, **parts})
        found: list[Any] = answer.raise_for_status().json()["events"]
        return found

    await carry_out("add-department", department=taker, name="税务局")
    await carry_out("apply-catalogue", resources=[item])
    (made,) = await carry_out("new-request", by=steward, resource=item["name"], taker=taker, basis="税收征管法", purpose="核对")
    ref = [made["author"], made["sequence"]]
    await carry_out("approve-request", by=head, request=ref, version=1)
    answering = {"by": head | {"department": owner}, "request": ref, "version": 1, "answer": "consent"}
    assert [event["kind"] for event in await carry_out("answer-request", **answering)] == ["request-answered", "grant"]
    found = (await web.get(f"/v1/requests/{ROOT}/{ref[1]}")).json()
    assert (found["state"], found["path"]) == ("granted", [ROOT])
    grants = [one for one in (await web.get("/v1/grants")).json() if one["value"]["request"] == ref]
    assert [(one["grant"], one["active"]) for one in grants] == [(found["grant"], True)]
