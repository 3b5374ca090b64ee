"""Answers for node/control/checkup_node.py: why a node is not ready, logs that are broken off, clocks, versions, days off, tokens."""

from datetime import date

import pytest

from node.control.calendar import Calendar
from node.control.checkup_node import clock, control_logs, holidays, neighbours, ready, tokens
from node.model.names import Division
from tests.control.checked import states

CITY, DISTRICT = Division("445100"), Division("445102")


def test_each_reason_is_a_failure() -> None:
    """As `/readyz` tells it."""
    assert states(ready([])) == [("ready", "ok")]
    found = list(ready(["link: away", "gate: not connected"]))
    assert states(found) == [("ready", "fail")] * 2
    assert found[0].en == found[0].zh == "link: away"


def test_alarms_of_control_logs_are_failures_and_what_a_newer_node_wrote_a_warning() -> None:
    """By author, with the cause."""
    assert states(control_logs({}, 0)) == [("control-logs", "ok")]
    found = list(control_logs({CITY: "event 7: two events have this number"}, 3))
    assert states(found) == [("control-logs", "fail"), ("control-logs", "warn")]
    assert all(CITY in text and "event 7" in text for text in (found[0].en, found[0].zh))
    assert "3 events" in found[1].en


@pytest.mark.parametrize(
    ("ahead", "state"), [(0.0, "ok"), (-0.99, "ok"), (1.0, "warn"), (-59.9, "warn"), (60.0, "fail"), (-3600.0, "fail")]
)
def test_clocks_that_are_apart_are_told_with_what_breaks(ahead: float, state: str) -> None:
    """In either direction; where nobody knows there is nothing to say."""
    (found,) = clock("parent", ahead)
    assert (states([found]), found.subject) == ([("clock", state)], "parent")
    assert ("not-future" in found.en, "not-future" in found.zh) == (state != "ok", state != "ok")
    assert ("ahead of" in found.en, "快" in found.zh) == (ahead > 0, ahead > 0)
    assert states(clock("parent", None)) == []


@pytest.mark.parametrize(
    ("theirs", "state"),
    [
        ("1.4.0", "ok"),
        ("1.5.9", "ok"),
        ("1.3", "ok"),
        ("1.6.0", "warn"),
        ("1.2.0", "warn"),
        ("2.4.0", "fail"),
        ("0.4.0", "fail"),
        ("odd", "ok"),
    ],
)
def test_versions_of_neighbours_may_be_one_minor_apart(theirs: str, state: str) -> None:
    """Whose does not go with this one's is named."""
    (found,) = neighbours("1.4.0", {CITY: theirs, DISTRICT: "1.4.2"}, CITY)
    assert states([found]) == [("versions", state)]
    assert (f"{CITY} (parent): {theirs}" in found.en, f"{DISTRICT}" in found.en) == ((True, False) if state != "ok" else (False, True))
    assert states(neighbours("1.4.0", {}, CITY)) == []


@pytest.mark.parametrize(
    ("years", "today", "state", "lacking"),
    [
        ({2026}, date(2026, 9, 30), "ok", ""),
        ({2026}, date(2026, 10, 1), "warn", "2027"),
        ({2026}, date(2026, 11, 30), "warn", "2027"),
        ({2026}, date(2026, 12, 1), "fail", "2027"),
        ({2026, 2027}, date(2026, 12, 31), "ok", ""),
        ({2025}, date(2026, 1, 1), "fail", "2026"),
        (set(), date(2026, 10, 1), "fail", "2026, 2027"),
    ],
)
def test_days_off_are_wanted_before_terms_reach_into_them(years: set[int], today: date, state: str, lacking: str) -> None:
    """A warning from October, a failure from December; how to mend it stands beside it."""
    found = holidays(Calendar(years=frozenset(years)), today)
    assert states([found]) == [("holidays", state)]
    assert lacking in found.en
    assert lacking in found.zh
    assert not lacking or (f"years: [{lacking}]" in found.do_en and f"years: [{lacking}]" in found.do_zh)


def test_tokens_that_end_soon_are_told_by_id_and_role() -> None:
    """Neither those that have ended nor those that count for long."""
    today = date(2026, 11, 26)
    ends = {"aa operator": date(2026, 11, 26), "bb head": date(2026, 12, 9), "cc head": date(2026, 12, 10), "dd head": date(2026, 11, 25)}
    (found,) = tokens(ends, today)
    assert states([found]) == [("tokens", "warn")]
    assert found.en == "tokens that end soon: aa operator (2026-11-26); bb head (2026-12-09)"
    assert states(tokens({}, today)) == []
