"""`status`."""

import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from node.control.canary import Direction
from node.control.neighbourhood import DirectionSeen, NodeSeen, Place
from node.http.operations import AuthorFace, ControlFace, StatusFace
from node.model.names import Division
from node.runtime import FlowStatus, LinkStatus, RouteStatus

SINCE_MS = 1_770_000_062_000
"""10:41:02 in Shanghai."""
OWN, PARENT = Division("445102"), Division("445100")
VILLAGES, LICENCES = "445102.civil-affairs.villages", "445102.government-services.licences"
QUIET = ControlFace(authors={OWN: AuthorFace(sequence=3, broken="", waiting=0)}, refused=0, unknown=0)


def route(topic: str, partition: int, state: str, reason: str = "", detail: str = "") -> RouteStatus:
    """Return a route that is 12,345 records and 1.5 s behind."""
    return RouteStatus(
        lane="link-up",
        topic=topic,
        partition=partition,
        state=state,
        reason=reason,
        detail=detail,
        next=0,
        lag_records=12345,
        lag_seconds=1.5,
        records=100000,
        bytes=17_000_000,
        outcomes={},
    )


def flow(topic: str, state: str = "flowing", **fields: Any) -> FlowStatus:
    """Return a resource that is 12,345 records and 90 s behind, and will be level in two hours."""
    given = {
        "lane": "link-up", "topic": topic, "state": state, "lag_records": 12345, "lag_seconds": 90.0, "catch_up_s": 7200.0, "records_per_s": 4321.0,
        "records": 100_000, "since_ms": SINCE_MS,
    }  # fmt: skip
    return FlowStatus(**(given | fields))  # type: ignore[arg-type]  # as the dict says


def seen(code: Division, place: Place, parent: Division | None, **fields: Any) -> NodeSeen:
    """Return a node that is ready, and whose link is well."""
    way = DirectionSeen(state="flowing", lag_s=0.25, records_per_s=1234.5, newest_age_s=61.0)
    given = {
        "division": code, "name": "湘桥区", "level": "county", "place": place, "parent": parent, "heard_s": 0.5, "ready": True, "software": "0.1.0",
        "up": way, "down": way,
    }  # fmt: skip
    return NodeSeen(**(given | fields))


WELL = StatusFace(
    division=OWN,
    ready=True,
    reasons=[],
    link=LinkStatus(parent=PARENT, up=Direction(heard_ms=SINCE_MS), down=Direction(heard_ms=SINCE_MS), trouble=""),
    tree=[seen(PARENT, "above", None, name="潮州市", up=None, down=None), seen(OWN, "here", PARENT)],
    flows=[flow(VILLAGES)],
    volumes=[],
    routes=[route(VILLAGES, 0, "flowing")],
    control=QUIET,
)
ILL = StatusFace(
    division=OWN,
    ready=False,
    reasons=["link: no Kafka broker answers"],
    link=LinkStatus(parent=PARENT, up=Direction(heard_ms=SINCE_MS), down=Direction(heard_ms=SINCE_MS), trouble="no route to host"),
    tree=[
        seen(PARENT, "above", None, heard_s=75.0, ready=None, up=None, down=None),
        seen(
            OWN,
            "here",
            PARENT,
            ready=False,
            up=DirectionSeen(state="late", since_ms=SINCE_MS, age_s=42.0),
            down=DirectionSeen(state="stopped"),
        ),
        seen(
            Division("445102001"),
            "below",
            OWN,
            heard_s=None,
            ready=None,
            up=DirectionSeen(state="unknown"),
            down=DirectionSeen(state="unknown"),
        ),
    ],
    flows=[
        flow(LICENCES, catch_up_s=None),
        flow(VILLAGES, "stopped", reason="source-recreated", detail="another topic id", catch_up_s=0.0),
    ],
    volumes=[],
    routes=[
        route(VILLAGES, 0, "stopped", "source-recreated", "another topic id"),
        route(VILLAGES, 1, "stopped", "source-recreated"),
        route(LICENCES, 0, "flowing"),
    ],
    control=ControlFace(authors={PARENT: AuthorFace(sequence=3, broken="a gap", waiting=2)}, refused=1, unknown=4),
)


def test_a_look_shows_node_link_and_routes(cli: Callable[..., Any], node: Any) -> None:
    """One line for the node, the tree with both directions of each link, one line for each resource on a lane."""
    node.answer("/v1/status", WELL)
    done = cli("status")
    lines = done.out.splitlines()
    assert done.status == 0
    assert lines[0] == "445102  ready"
    assert lines[3].split() == ["445100", "潮州市", "ready"]
    way = ["flowing", "0.2", "s", "1,234", "1.0", "min"]
    assert lines[4].split() == ["445102", "湘桥区", "ready", *way, *way]
    assert lines[4].startswith("  445102")
    assert lines[7].split() == ["link-up", VILLAGES, "flowing", "12,345", "1.5", "min", "2.0", "h", "4,321", "100,000"]
    assert len(lines) == 8


def test_partitions_are_shown_where_they_are_asked_for(cli: Callable[..., Any], node: Any) -> None:
    """One line for each, in place of the resource's."""
    node.answer("/v1/status", WELL)
    line = cli("status", "--partitions").out.splitlines()[-1]
    assert line.split() == ["link-up", VILLAGES, "0", "flowing", "12,345", "1.5", "100,000", "17,000,000"]


def test_what_is_wrong_is_told_with_the_repair(cli: Callable[..., Any], node: Any) -> None:
    """Why it is not ready, which direction of which link is late since when, broken logs; for a stopped topic, once, the command that repairs it."""
    node.answer("/v1/status", ILL)
    out = cli("status").out
    assert out.startswith("445102  not ready\n  link: no Kafka broker answers\n  no route to host\n")
    assert "445102 → 445100 (up): late, nothing since 2026-02-02 10:41:02 (42.0 s)\n" in out
    assert "445100 → 445102 (down): stopped\n" in out
    assert "silent for 1.2 min" in out
    assert "    445102001 湘桥区  never heard" in out
    flows = [line.split() for line in out.splitlines() if line.startswith("link-up")]
    assert [line[1:5] for line in flows] == [[VILLAGES, "stopped", "since", "2026-02-02"], [LICENCES, "flowing", "12,345", "1.5"]]
    assert "never" in flows[1]
    assert "source-recreated  another topic id" in out
    assert out.count(f"exchange-node route resume {VILLAGES} --from-start | --from-now | --accept") == 1
    assert LICENCES + " stopped" not in out
    assert "control log of 445100 is broken: a gap" in out
    assert "2 events of 445100 wait" in out
    assert "1 events were refused" in out
    assert "4 events are of a newer node's kinds" in out


def test_a_gate_shows_what_lies_in_quarantine(cli: Callable[..., Any], node: Any) -> None:
    """Beside what was read; a link has no such figure."""
    found = {"passed": 98765, "quarantined": 1234}
    gate = msgspec.structs.replace(route(VILLAGES + ".inbox", 0, "flowing"), lane="gate", outcomes=found)
    node.answer("/v1/status", msgspec.structs.replace(WELL, flows=[flow(VILLAGES + ".inbox", lane="gate", outcomes=found)], routes=[gate]))
    line = next(line for line in cli("status", "--partitions").out.splitlines() if VILLAGES in line)
    assert line.split()[-3:] == ["100,000", "1,234", "17,000,000"]
    line = next(line for line in cli("status").out.splitlines() if VILLAGES in line)
    assert line.split()[-2:] == ["100,000", "1,234"]


def test_root_has_no_link(cli: Callable[..., Any], node: Any) -> None:
    """Nothing is said of a link that cannot be."""
    node.answer("/v1/status", msgspec.structs.replace(WELL, link=None, tree=WELL.tree[:1], flows=[], routes=[]))
    assert cli("status", "--lang", "zh").out == "445102  就绪\n"


def test_json_is_the_nodes_answer(cli: Callable[..., Any], node: Any) -> None:
    """Programs get every figure."""
    node.answer("/v1/status", ILL)
    assert cli("status", "--json").json == msgspec.to_builtins(ILL)


@pytest.mark.parametrize("options", [["--json"], []])
def test_watch_looks_until_it_is_interrupted(
    cli: Callable[..., Any], node: Any, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """It looks again after each pause, outlives a node that is away for a while, and Ctrl-C is its proper end."""
    node.answer("/v1/status", WELL)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise KeyboardInterrupt
        if not options:
            node.answer("/v1/status", b"", 502)

    monkeypatch.setattr(time, "sleep", pause)
    done = cli("status", "--watch", *options)
    assert done.status == 0
    assert len(pauses) == len(node.asked) == 3
    assert ("no exchange node" in done.out) == (not options)
