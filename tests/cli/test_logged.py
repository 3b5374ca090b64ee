"""`logging`."""

from collections.abc import Callable
from typing import Any

import pytest

from node.http.log import LevelFace
from node.telemetry.events import EVENTS


def test_the_level_is_shown(cli: Callable[..., Any], node: Any) -> None:
    """Asked for, not changed."""
    node.answer("/v1/log/level", LevelFace(level="info", configured="info", ends_in_s=None))
    assert cli("logging", "level").out == "info, as it is configured\n"
    assert cli("logging", "level", "--lang", "zh").out == "info（配置的级别）\n"


@pytest.mark.parametrize(
    ("given", "seconds"), [((), 900.0), (("--for", "30m"), 1800.0), (("--for", "90s"), 90.0), (("--for", "2h"), 7200.0)]
)
def test_it_is_changed_for_a_while(cli: Callable[..., Any], node: Any, given: tuple[str, ...], seconds: float) -> None:
    """A quarter of an hour unless it is said otherwise; when it ends is told."""
    node.answer("/v1/log/level", LevelFace(level="debug", configured="info", ends_in_s=seconds))
    done = cli("logging", "level", "debug", *given)
    assert node.asked == [("/v1/log/level", {"level": "debug", "for_s": seconds})]
    assert done.status == 0
    assert done.out.startswith("debug for ")
    assert "then info again" in done.out


def test_another_word_is_wrong_usage(cli: Callable[..., Any], node: Any) -> None:
    """Nothing is asked."""
    done = cli("logging", "level", "trace")
    assert (done.status, node.asked) == (2, [])


def test_all_events_are_listed(cli: Callable[..., Any]) -> None:
    """For people with what there is to do, for programs whole."""
    done = cli("logging", "events", "--lang", "zh")
    assert all(name in done.out for name in EVENTS)
    assert EVENTS["route-stopped"].do_zh in done.out
    assert cli("logging", "events", "--json").json["route-stopped"]["levels"] == "error"
