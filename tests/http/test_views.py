"""Views over HTTP: which stand and how they are."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from litestar.testing import AsyncTestClient

from node.avro.ids import schema_id
from node.control import day_of
from node.control.views import views
from node.http.views import CutFace, face_of
from node.model.names import Division
from node.model.values import GrantEndedValue
from node.runtime import Node, RouteStatus
from tests.granting import AUTHORITY
from tests.http.catalogued import HERE, OTHER, POLICE, SECOND, VILLAGES, catalogued_node, say, served, show, show_unregistered

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
        "takers": [POLICE],
        "grants": [[HERE, one["grants"][0][1]]],
        "fields": ["code", "people"],
        "rows": "",
        "masks": MASKS,
        "history": "all",
        "states": {},
        "cut": {"read": 0, "filtered": 0, "sent": 0, "bytes": 0},
    }
    assert (other["topic"], other["fields"], other["history"]) == (own, None, "from-now")
    say(node, HERE, *(GrantEndedValue(by=AUTHORITY, grant=ref) for ref in node.ledger.book.grants))
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


async def test_a_view_whose_schema_is_not_known_is_shown_without(node: Node, client: AsyncTestClient[Any]) -> None:
    """Where a node said a grant alone."""
    topic = show_unregistered(node)
    found = (await client.get(f"/v1/views/{topic}")).json()
    assert (found["schema"], found["schema_id"], found["view"]["fields"]) == (None, None, ["people"])
