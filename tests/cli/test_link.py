"""`link`."""

from collections.abc import Callable
from typing import Any

import pytest

from node.http.links import LinkFace
from node.model.names import Division, Topic
from node.runtime.pacing import PaceStatus, Rate

VILLAGES = Topic("445102.civil-affairs.villages")


def _face(*rates: Rate, trouble: str = "") -> LinkFace:
    pace = PaceStatus(lane="link-up", unsettled_bytes=123_456, window_bytes=625_000, throttled_s=12.5)
    return LinkFace(parent=Division("445100"), trouble=trouble, rates=list(rates), paces=[pace])


def test_show_tells_limits_and_what_is_under_way(cli: Callable[..., Any], node: Any) -> None:
    """For people and for programs."""
    whole = Rate(lane="link-up", resource=Topic(""), bytes_per_s=1_250_000, said_by="configuration")
    lifted = Rate(lane="link-down", resource=VILLAGES, bytes_per_s=None, said_by="command")
    node.answer("/v1/link", _face(whole, lifted, trouble="connection refused"))
    lines = [line.split() for line in cli("link", "show").out.splitlines()]
    assert ["connection", "refused"] in lines
    assert ["link-up", "123,456", "625,000", "12.5"] in lines
    assert ["link-up", "(whole", "link)", "1,250,000", "configuration"] in lines
    assert ["link-down", VILLAGES, "no", "limit", "command"] in lines
    assert "（整条链路）" in cli("link", "show", "--lang", "zh").out
    assert cli("link", "show", "--json").json["rates"][1]["bytes_per_s"] is None


def test_show_says_that_there_are_no_limits(cli: Callable[..., Any], node: Any) -> None:
    """In words, not by an empty table."""
    node.answer("/v1/link", _face())
    assert "no limits" in cli("link", "show").out


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        (["--bytes-per-s", "1250000"], {"rate": 1_250_000, "resource": "", "lane": ""}),
        (["--none", "--lane", "link-up"], {"rate": "none", "resource": "", "lane": "link-up"}),
        (["--default", "--resource", VILLAGES], {"rate": "default", "resource": VILLAGES, "lane": ""}),
    ],
)
def test_rate_says_one_of_three_words(cli: Callable[..., Any], node: Any, given: list[str], asked: dict[str, object]) -> None:
    """Of the whole link or a resource, in one direction or both."""
    node.answer("/v1/link/rate", _face())
    done = cli("link", "rate", *given)
    assert (done.status, node.asked) == (0, [("/v1/link/rate", asked)])


@pytest.mark.parametrize("given", [[], ["--none", "--default"], ["--bytes-per-s", "5000", "--none"], ["--none", "--lane", "gate"]])
def test_rate_without_exactly_one_word_is_wrong_usage(cli: Callable[..., Any], node: Any, given: list[str]) -> None:
    """Nothing is asked."""
    assert (cli("link", "rate", *given).status, node.asked) == (2, [])


def test_what_the_node_refuses_is_told(cli: Callable[..., Any], node: Any) -> None:
    """In its own words."""
    node.answer("/v1/link/rate", {"code": "no-link", "en": "no link here", "zh": "无链路"}, 409)
    done = cli("link", "rate", "--default")
    assert (done.status, done.err) == (1, "no link here\n")
