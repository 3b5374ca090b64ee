"""Answers for node/bus/skew.py."""

import time
from types import SimpleNamespace

import pytest

from node.bus import skew as module
from node.bus.skew import Skew


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that stands still unless moved."""
    now = SimpleNamespace(wall=1_770_000_000.0, since=100.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: now.wall, monotonic=lambda: now.since))
    return now


def test_nothing_is_known_before_an_answer() -> None:
    """Nobody may take that for level clocks."""
    assert Skew().seconds is None


def test_an_answer_dates_the_middle_of_its_way(clock: SimpleNamespace) -> None:
    """A cluster that is 5 s ahead, and whose answer took 0.2 s."""
    skew = Skew()
    skew.note(int((clock.wall + 5 - 0.1) * 1000), 0.2)
    assert skew.seconds == pytest.approx(5, abs=0.002)


def test_of_a_minute_the_quickest_answer_counts(clock: SimpleNamespace) -> None:
    """A slow one may be wrong by half its time; after a minute any is better than an old one."""
    skew = Skew()
    skew.note(int(clock.wall * 1000), 0.01)
    skew.note(int((clock.wall + 3) * 1000), 4.0)
    assert skew.seconds == pytest.approx(0.005, abs=0.001)
    clock.since += 61
    skew.note(int((clock.wall + 3) * 1000), 4.0)
    assert skew.seconds == pytest.approx(5, abs=0.001)


def test_clocks_of_this_machine_agree() -> None:
    """Against the real clocks."""
    skew = Skew()
    skew.note(int(time.time() * 1000), 0.0)
    assert skew.seconds is not None
    assert abs(skew.seconds) < 0.1
