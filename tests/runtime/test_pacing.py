"""What the link may carry: the configuration's limits, an operator's words over them, kept in a file."""

import stat
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from node.errors import CommandRefused
from node.lane.pace import Limits
from node.model.names import Topic
from node.runtime.pacing import FILE, LANES, WHOLE, WORDS_MAX, Pacing
from node.telemetry import Metrics

VILLAGES, BULK = Topic("445102.civil-affairs.villages"), Topic("445102.tax.bulk")
CONFIGURED = Limits(link=2_000_000, resources={VILLAGES: 50_000})


def test_a_word_counts_at_once_and_over_restarts(tmp_path: Path) -> None:
    """In the file of the node alone; a lane that is opened later has it too."""
    pacing = Pacing(tmp_path, CONFIGURED)
    up = pacing.begin("link-up")
    assert up.limits == CONFIGURED
    pacing.say(LANES, BULK, 10_000)
    pacing.say(["link-up"], WHOLE, "none")
    assert up.limits == Limits(link=None, resources={VILLAGES: 50_000, BULK: 10_000})
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    again = Pacing(tmp_path, CONFIGURED)
    assert again.begin("link-up").limits == up.limits
    assert again.begin("link-down").limits == Limits(link=2_000_000, resources={VILLAGES: 50_000, BULK: 10_000})
    again.say(LANES, BULK, "default")
    again.say(LANES, WHOLE, "default")
    assert again.begin("link-up").limits == CONFIGURED


def test_all_limits_are_told_with_who_set_them(tmp_path: Path) -> None:
    """The whole link first; one that was lifted too."""
    pacing = Pacing(tmp_path, CONFIGURED)
    pacing.say(["link-down"], VILLAGES, "none")
    told = [(one.lane, one.resource, one.bytes_per_s, one.said_by) for one in pacing.rates()]
    assert told == [
        ("link-up", "", 2_000_000, "configuration"),
        ("link-up", VILLAGES, 50_000, "configuration"),
        ("link-down", "", 2_000_000, "configuration"),
        ("link-down", VILLAGES, None, "command"),
    ]


def test_words_are_bounded(tmp_path: Path) -> None:
    """One more than there may be is refused, and nothing is changed."""
    pacing = Pacing(tmp_path, Limits())
    (tmp_path / FILE).write_text('{"link-up": {' + ",".join(f'"445102.tax.r{number}": 5000' for number in range(WORDS_MAX)) + "}}")
    with pytest.raises(CommandRefused, match="--default"):
        pacing.say(["link-up"], BULK, 5000)
    assert len(pacing.rates()) == WORDS_MAX


@pytest.mark.parametrize("text", ["", "[]", '{"link-up": {"x": "fast"}}', "\xff"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    """The link is opened by what the configuration says, with a warning, and who asks is told what to do."""
    (tmp_path / FILE).write_bytes(text.encode("latin-1"))
    pacing = Pacing(tmp_path, CONFIGURED)
    with capture_logs() as logged:
        assert pacing.begin("link-up").limits == CONFIGURED
    (told,) = logged
    assert (told["event"], told["lane"]) == ("rates-unreadable", "link-up")
    assert all(str(tmp_path / FILE) in told[field] for field in ("cause", "next_step"))
    assert "exchange-node link rate" in told["next_step"]
    with pytest.raises(CommandRefused, match="restore the file, or remove it"):
        pacing.rates()
    with pytest.raises(CommandRefused, match="restore the file, or remove it"):
        pacing.say(LANES, WHOLE, 5000)


def test_metrics_show_limits_and_count_what_was_held_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over all openings of a lane; a limit that is lifted leaves no series."""
    pacing, metrics, now = Pacing(tmp_path, CONFIGURED), Metrics(), [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for _opening in range(2):
        pace = pacing.begin("link-up")
        pace.found(VILLAGES, 1_000_000, now[0])
        pace.shares([VILLAGES], now[0])
        now[0] += 2.0
        pacing.figures(metrics)
        pacing.figures(metrics)
    page = metrics.text().decode()
    assert 'exchange_throttled_seconds_total{lane="link-up"} 4.0' in page
    assert 'exchange_rate_limit_bytes_per_second{lane="link-up",resource=""} 2000000.0' in page
    assert f'exchange_rate_limit_bytes_per_second{{lane="link-up",resource="{VILLAGES}"}} 50000.0' in page
    pacing.say(LANES, WHOLE, "none")
    pacing.figures(metrics)
    assert 'resource=""' not in metrics.text().decode()
    (told,) = pacing.paces()
    assert (told.lane, told.unsettled_bytes) == ("link-up", 1_000_000)
