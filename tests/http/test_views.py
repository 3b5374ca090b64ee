"""Views over HTTP: which stand and how they are, and what a grant would show."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from litestar.testing import AsyncTestClient

from node.avro.ids import schema_id
from node.control import day_of
from node.control.views import views
from node.http.views import CutFace, face_of
from node.model.names import Department, Division, Topic
from node.model.values import GrantEndedValue, GrantValue
from node.runtime import Node, RouteStatus
from tests.http.catalogued import HERE, OTHER, SECOND, VILLAGES, catalogued_node, say, served, show
from tests.http.conftest import ROOT

PREVIEW = "/v1/grants/preview"
MASKS = {"people": "round:10"}


@pytest.fixture
def node() -> Node:
    """A node with a catalogue."""
    return catalogued_node()


@pytest.fixture
async def client(node: Node) -> AsyncIterator[AsyncTestClient[Any]]:
    """A client of that node."""
    async with served(node) as client:
        yield client


async def test_views_are_listed_with_what_they_show(node: Node, client: AsyncTestClient[Any]) -> None:
    """Those that active grants need, by their topics; one that is cut here, but not yet, has read nothing."""
    shared, own = show(node, fields=("people", "code"), masks=MASKS), show(node, rows="code == '1'", history="from-now")
    (one, other) = sorted((await client.get("/v1/views")).json(), key=lambda view: str(view["rows"]))
    assert one == {
        "topic": shared,
        "resource": VILLAGES,
        "takers": ["990000.civil-affairs"],
        "grants": [[HERE, one["grants"][0][1]]],
        "fields": ["code", "people"],
        "rows": "",
        "masks": MASKS,
        "history": "all",
        "states": {},
        "cut": {"read": 0, "filtered": 0, "sent": 0, "bytes": 0},
    }
    assert (other["topic"], other["fields"], other["history"]) == (own, None, "from-now")
    say(node, HERE, *(GrantEndedValue(grant=ref) for ref in node.ledger.book.grants))
    assert (await client.get("/v1/views")).json() == []


async def test_one_view_is_shown_with_its_schema(node: Node, client: AsyncTestClient[Any]) -> None:
    """The newest version's, as JSON; what no active grant needs is not there."""
    topic = show(node, fields=("code", "people"), masks=MASKS)
    found = (await client.get(f"/v1/views/{topic}")).json()
    assert [found["view"]] == (await client.get("/v1/views")).json()
    assert [field["name"] for field in found["schema"]["fields"]] == ["code", "people"]
    assert "masked" in found["schema"]["fields"][1]["doc"]
    assert found["routes"] == []
    assert schema_id(found["schema"]) == found["schema_id"]
    rows_alone = show(node, rows="code == '1'")
    whole = (await client.get(f"/v1/views/{rows_alone}")).json()
    assert whole["schema_id"] == schema_id(SECOND)
    for unknown in (VILLAGES, f"{topic}0", "x"):
        answer = await client.get(f"/v1/views/{unknown}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def route(lane: str, partition: int, state: str, records: int, sent: int) -> RouteStatus:
    """A partition of a view on one lane."""
    return RouteStatus(
        lane=lane,
        topic="",
        partition=partition,
        state=state,
        reason="",
        detail="",
        next=0,
        lag_records=0,
        lag_seconds=0,
        records=records,
        bytes=10 * records,
        outcomes={"sent": sent} if lane == "view" else {"carried": sent},
    )


@pytest.mark.parametrize(
    ("here", "routes", "states", "cut"),
    [
        (
            HERE,
            [route("view", 0, "flowing", 7, 3), route("view", 1, "stopped", 2, 0), route("link-up", 0, "waiting", 3, 3)],
            {"flowing": 1, "stopped": 1},
            CutFace(read=9, filtered=6, sent=3, bytes=90),
        ),
        (OTHER, [route("link-down", 0, "waiting", 3, 3), route("link-down", 1, "waiting", 3, 3)], {"waiting": 2}, None),
        (OTHER, [], {}, None),
    ],
    ids=["owner", "taker", "elsewhere"],
)
def test_figures_are_those_of_the_lane_that_cuts(
    node: Node, here: Division, routes: list[RouteStatus], states: dict[str, int], cut: CutFace | None
) -> None:
    """The owner's links carry the same topic: that is counted once. Another node knows its own partitions alone."""
    topic = show(node, fields=("code",))
    view = views(node.ledger.book, day_of(datetime.now(UTC)))[topic]
    face = face_of(view, here, routes)
    assert (face.states, face.cut) == (states, cut)


def give(**parts: Any) -> dict[str, Any]:
    """The body of a command that gives some of villages."""
    return {"command": "give-grant", "resource": VILLAGES, "taker": "990000.civil-affairs", "purpose": "核对"} | parts


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"command": "add-department", "department": "990000.x", "name": "x"}, 400, "malformed"),
        ({"command": "dance"}, 400, "malformed"),
        (give(fields=["none"]), 409, "bad-selection"),
        (give(rows="code == '1'"), 409, "kafka"),
    ],
)
async def test_a_preview_that_cannot_be_is_refused(
    node: Node, client: AsyncTestClient[Any], body: dict[str, Any], status: int, code: str
) -> None:
    """As the command itself would be, or because the cluster does not answer; nothing is written."""
    answer = await client.post(PREVIEW, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not node.ledger.book.grants


async def test_a_preview_of_a_real_resource(web: httpx.AsyncClient) -> None:
    """The schema that takers would have, and the rows that there are: none, where nobody has published yet."""
    name = Topic(f"{ROOT}.civil-affairs.shown")
    schema = {
        "type": "record",
        "name": "Shown",
        "key": ["code"],
        "fields": [{"name": "code", "type": "string"}, {"name": "n", "type": "int"}],
    }
    item = {"name": name, "title": "村居", "kind": "state", "schema": schema, "partitions": 2}
    (await web.post("/v1/commands", json={"command": "apply-catalogue", "resources": [item]})).raise_for_status()
    body = give(resource=name, taker=f"{ROOT}.civil-affairs", fields=["code"])
    found = (await web.post(PREVIEW, json=body)).raise_for_status().json()
    assert [field["name"] for field in found["schema"]["fields"]] == ["code"]
    assert (found["rows"], found["read"]) == ([], 0)
    assert name not in [one["value"]["resource"] for one in (await web.get("/v1/grants")).json()]


async def test_a_view_whose_schema_is_not_known_is_shown_without(node: Node, client: AsyncTestClient[Any]) -> None:
    """Where a node said a grant alone."""
    value = GrantValue(resource=VILLAGES, taker=Department("990000.civil-affairs"), purpose="", fields=("people",))
    say(node, HERE, value)
    (topic,) = node.ledger.book.views
    found = (await client.get(f"/v1/views/{topic}")).json()
    assert (found["schema"], found["schema_id"], found["view"]["fields"]) == (None, None, ["people"])
