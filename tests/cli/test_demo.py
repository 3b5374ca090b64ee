"""`demo`: what is typed reaches the demo."""

from collections.abc import Callable
from typing import Any

import pytest

from node.demo import run as demo


def test_options_reach_the_demo_and_its_status_comes_back(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit status 0 only when the demo says so."""
    given: list[dict[str, Any]] = []

    def play(**options: Any) -> int:
        given.append(options)
        return 1

    monkeypatch.setattr(demo, "run", play)
    assert cli("demo", "--once", "--records", "20000", "--lang", "zh").status == 1
    assert cli("demo", "--prometheus").status == 1
    assert given == [
        {"once": True, "records": 20000, "lang": "zh", "watched": False},
        {"once": False, "records": 100_000, "lang": "en", "watched": True},
    ]


def test_break_and_mend_name_the_link(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is told what it did, and break how to undo it."""
    asked: list[str] = []
    monkeypatch.setattr(demo, "cut", lambda division: asked.append(f"cut {division}"))
    monkeypatch.setattr(demo, "mend", lambda division: asked.append(f"mend {division}"))
    assert "demo mend 445100" in cli("demo", "break", "445100").out
    assert cli("demo", "mend", "445100", "--json").json == {"division": "445100", "link": "mended"}
    assert asked == ["cut 445100", "mend 445100"]
