"""`status`."""

import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from node.http.operations import AuthorFace, ControlFace, StatusFace
from node.model.names import Division
from node.runtime import LinkStatus, RouteStatus

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


WELL = StatusFace(
    division=OWN,
    ready=True,
    reasons=[],
    link=LinkStatus(parent=PARENT, up=True, answered_s_ago=0.25, trouble=""),
    routes=[route(VILLAGES, 0, "flowing")],
    control=QUIET,
)
ILL = StatusFace(
    division=OWN,
    ready=False,
    reasons=["link: no Kafka broker answers"],
    link=LinkStatus(parent=PARENT, up=False, answered_s_ago=None, trouble="no route to host"),
    routes=[
        route(VILLAGES, 0, "stopped", "source-recreated", "another topic id"),
        route(VILLAGES, 1, "stopped", "source-recreated"),
        route(LICENCES, 0, "flowing"),
    ],
    control=ControlFace(authors={PARENT: AuthorFace(sequence=3, broken="a gap", waiting=2)}, refused=1, unknown=4),
)


def test_a_look_shows_node_link_and_routes(cli: Callable[..., Any], node: Any) -> None:
    """One line for the node, one for the link, one for each partition with its lag."""
    node.answer("/v1/status", WELL)
    done = cli("status")
    lines = done.out.splitlines()
    assert done.status == 0
    assert lines[0] == "445102  ready"
    assert lines[1] == "link to 445100: up, last answer 0.2 s ago"
    assert lines[4].split() == ["link-up", VILLAGES, "0", "flowing", "12,345", "1.5", "100,000", "17,000,000"]
    assert len(lines) == 5


def test_what_is_wrong_is_told_with_the_repair(cli: Callable[..., Any], node: Any) -> None:
    """Why it is not ready, the link's trouble, broken logs; and for a stopped topic, once, the command that repairs it."""
    node.answer("/v1/status", ILL)
    out = cli("status").out
    assert "445102  not ready\n  link: no Kafka broker answers\n" in out
    assert "link to 445100: down, never answered yet  no route to host" in out
    assert "source-recreated  another topic id" in out
    assert out.count(f"exchange-node route resume {VILLAGES} --from-start | --from-now | --accept") == 1
    assert LICENCES + " stopped" not in out
    assert "control log of 445100 is broken: a gap" in out
    assert "2 events of 445100 wait" in out
    assert "1 events were refused" in out
    assert "4 events are of a newer node's kinds" in out


def test_a_gate_shows_what_lies_in_quarantine(cli: Callable[..., Any], node: Any) -> None:
    """Beside what was read; a link has no such figure."""
    gate = msgspec.structs.replace(route(VILLAGES + ".inbox", 0, "flowing"), lane="gate", outcomes={"passed": 98765, "quarantined": 1234})
    node.answer("/v1/status", msgspec.structs.replace(WELL, routes=[gate]))
    line = next(line for line in cli("status").out.splitlines() if VILLAGES in line)
    assert line.split()[-3:] == ["100,000", "1,234", "17,000,000"]


def test_root_has_no_link(cli: Callable[..., Any], node: Any) -> None:
    """Nothing is said of a link that cannot be."""
    node.answer("/v1/status", msgspec.structs.replace(WELL, link=None, routes=[]))
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
