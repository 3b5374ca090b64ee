"""`demo`: what is typed reaches the demo."""

from collections.abc import Callable
from typing import Any

import pytest

from node import demo


def test_options_reach_the_demo_and_its_status_comes_back(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit status 0 only when the demo says so."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(demo, "run", lambda **options: given.update(options) or 1, raising=False)
    assert cli("demo", "--once", "--records", "20000").status == 1
    assert (given["once"], given["records"]) == (True, 20000)
    cli("demo")
    assert (given["once"], given["records"]) == (False, 100_000)


def test_break_and_mend_name_the_link(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is told what it did, and break how to undo it."""
    asked: list[str] = []
    monkeypatch.setattr(demo, "cut", lambda division: asked.append(f"cut {division}"), raising=False)
    monkeypatch.setattr(demo, "mend", lambda division: asked.append(f"mend {division}"), raising=False)
    assert "demo mend 445100" in cli("demo", "break", "445100").out
    assert cli("demo", "mend", "445100", "--json").json == {"division": "445100", "link": "mended"}
    assert asked == ["cut 445100", "mend 445100"]
