"""`view`."""

from collections.abc import Callable
from typing import Any

import pytest

from node.http.views import CutFace, ViewFace, ViewShownFace
from node.model.names import Department, Division, Topic
from node.runtime import RouteStatus

VILLAGES, TAKER = Topic("445102.civil-affairs.villages"), Department("440000.civil-affairs")
TOPIC = Topic(f"{VILLAGES}.v-0123456789ab")
VIEW = ViewFace(
    topic=TOPIC,
    resource=VILLAGES,
    takers=(TAKER, Department("445100.tax")),
    grants=((Division("445102"), 17), (Division("445102"), 19)),
    fields=("code", "name"),
    rows="code == '1'",
    masks={"name": "keep-first:1"},
    history="all",
    states={"flowing": 1, "stopped": 1},
    cut=CutFace(read=1200, filtered=1000, sent=200, bytes=3456),
)
ELSEWHERE = ViewFace(
    topic=Topic(f"{VILLAGES}.v-ba9876543210"),
    resource=VILLAGES,
    takers=(TAKER,),
    grants=((Division("445102"), 20),),
    fields=None,
    rows="",
    masks={},
    history="from-now",
    states={},
    cut=None,
)
SCHEMA = {"type": "record", "name": "V", "fields": [{"name": "code", "type": "string", "doc": "twelve digits"}]}


def route(partition: int, state: str, lag: int) -> RouteStatus:
    """A partition of the view."""
    return RouteStatus(
        lane="view",
        topic=TOPIC,
        partition=partition,
        state=state,
        reason="truncated" if state == "stopped" else "",
        detail="",
        next=600,
        lag_records=lag,
        lag_seconds=1.5,
        records=600,
        bytes=1728,
        outcomes={"sent": 100},
    )


def test_list_shows_views_and_what_became_of_records(cli: Callable[..., Any], node: Any) -> None:
    """One line for each; where another node cuts a view, there are no figures."""
    node.answer("/v1/views", [VIEW, ELSEWHERE])
    lines = cli("view", "list").out.splitlines()
    assert lines[0].split() == ["view", "takers", "shows", "state", "read", "filtered", "sent"]
    for text in (TOPIC, "440000.civil-affairs, 445100.tax", "code, name; rows code == '1'; name=keep-first:1", "1 flowing, 1 stopped"):
        assert text in lines[1]
    assert lines[1].split()[-3:] == ["1,200", "1,000", "200"]
    assert lines[2].rstrip().endswith("all fields; from now on")
    told = cli("view", "list", "--json").json
    assert [one["cut"] for one in told] == [{"read": 1200, "filtered": 1000, "sent": 200, "bytes": 3456}, None]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_show_tells_all_of_one_view(cli: Callable[..., Any], node: Any, lang: str) -> None:
    """Its resource, takers, grants, what it has, figures, schema, and each partition with its state and lag."""
    node.answer(
        f"/v1/views/{TOPIC}", ViewShownFace(view=VIEW, schema=SCHEMA, schema_id=7, routes=[route(0, "flowing", 0), route(1, "stopped", 42)])
    )
    out = cli("view", "show", TOPIC, "--lang", lang).out
    for text in (
        TOPIC,
        VILLAGES,
        "445100.tax",
        "445102/17, 445102/19",
        "code == '1'",
        "1,200",
        "3,456",
        "1,000",
        "200",
        "twelve digits",
        "42",
    ):
        assert text in out
    assert [line.split()[2:4] for line in out.splitlines() if line.startswith("view ")] == [["0", "flowing"], ["1", "stopped"]]
    told = cli("view", "show", TOPIC, "--json").json
    assert (told["schema"], told["schema_id"], [one["lag_records"] for one in told["routes"]]) == (SCHEMA, 7, [0, 42])


def test_a_view_of_another_node_is_shown_as_far_as_it_is_known(cli: Callable[..., Any], node: Any) -> None:
    """Without figures and routes, and with the reason where there is no schema."""
    node.answer(f"/v1/views/{ELSEWHERE.topic}", ViewShownFace(view=ELSEWHERE, schema=None, schema_id=None, routes=[]))
    out = cli("view", "show", ELSEWHERE.topic).out
    assert "has not come with its owner's control log yet" in out
    assert "filtered" not in out


def test_a_view_that_is_not_there_is_told(cli: Callable[..., Any]) -> None:
    """As everything that the book does not have."""
    assert cli("view", "show", TOPIC).status == 1
