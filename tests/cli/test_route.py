"""`route`."""

from collections.abc import Callable
from typing import Any

import pytest

from node.http.operations import ControlFace, ResumedFace, ResumedRoute, StatusFace
from node.model.names import Division
from node.runtime import RouteStatus

VILLAGES = "445102.civil-affairs.villages"


@pytest.mark.parametrize("mode", ["from-start", "from-now", "accept"])
def test_resume_says_one_of_three_words(cli: Callable[..., Any], node: Any, mode: str) -> None:
    """The word typed is the word that the node gets, and the partitions that go on are told."""
    node.answer("/v1/routes/resume", ResumedFace([ResumedRoute(VILLAGES, 0), ResumedRoute(VILLAGES, 1)]))
    done = cli("route", "resume", VILLAGES, f"--{mode}")
    assert node.asked == [("/v1/routes/resume", {"topic": VILLAGES, "mode": mode})]
    assert done.status == 0
    assert "partitions 0, 1" in done.out


@pytest.mark.parametrize("options", [[], ["--from-start", "--from-now"], ["--from-start", "--from-now", "--accept"]])
def test_resume_without_exactly_one_word_is_wrong_usage(cli: Callable[..., Any], node: Any, options: list[str]) -> None:
    """Losing or doubling records is chosen, never a default."""
    done = cli("route", "resume", VILLAGES, *options)
    assert (done.status, node.asked) == (2, [])
    assert "--from-start, --from-now" in done.err


def test_help_says_what_each_word_costs(cli: Callable[..., Any]) -> None:
    """Whoever chooses knows what is doubled or lost."""
    out = " ".join(cli("route", "resume", "--help").out.replace("│", "").split())
    assert "is doubled" in out
    assert "never arrives" in out
    assert "no longer has is lost" in out


def test_resume_of_what_flows_fails(cli: Callable[..., Any], node: Any) -> None:
    """The node's own words."""
    node.answer("/v1/routes/resume", {"code": "not-stopped", "en": "none is stopped", "zh": "没有停止"}, 409)
    done = cli("route", "resume", VILLAGES, "--accept", "--lang", "zh")
    assert (done.status, done.err) == (1, "没有停止\n")


def test_list_shows_each_partition(cli: Callable[..., Any], node: Any) -> None:
    """State, lag and what was carried; why it does not flow stands at the end."""
    route = RouteStatus(
        lane="link-up",
        topic=VILLAGES,
        partition=1,
        state="waiting",
        reason="",
        detail="no such topic",
        next=0,
        lag_records=1500,
        lag_seconds=2.25,
        records=0,
        bytes=0,
        outcomes={},
    )
    control = ControlFace(authors={}, refused=0, unknown=0)
    node.answer(
        "/v1/status",
        StatusFace(
            division=Division("445102"), ready=True, reasons=[], link=None, tree=[], flows=[], volumes=[], routes=[route], control=control
        ),
    )
    assert cli("route", "list").out.splitlines()[1].split() == [
        "link-up",
        VILLAGES,
        "1",
        "waiting",
        "1,500",
        "2.2",
        "0",
        "0",
        "no",
        "such",
        "topic",
    ]
    assert cli("route", "list", "--json").json[0]["state"] == "waiting"
