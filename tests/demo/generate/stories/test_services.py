"""Answers for node/demo/generate/stories/services.py."""

from collections import Counter
from typing import Any

from node.demo.generate import records


def _stories(name: str, key: str) -> list[list[dict[str, Any]]]:
    stories: dict[str, list[dict[str, Any]]] = {}
    for made in records(name, count=4000, seed=6):
        stories.setdefault(made.datum[key], []).append(made.datum)
    return list(stories.values())


def test_cases_pass_their_steps() -> None:
    """Submitted first, numbered from 1; accepted before reviewed, reviewed before completed; a result from then on; nothing after the end."""
    seen: Counter[str] = Counter()
    for story in _stories("cases", "case_no"):
        steps = [record["step"] for record in story]
        seen.update(steps)
        assert steps[0] == "SUBMITTED"
        assert [record["step_no"] for record in story] == list(range(1, len(story) + 1))
        assert len({(record["applicant_name"], record["matter_code"]) for record in story}) == 1
        assert not {"DELIVERED", "REJECTED", "WITHDRAWN"} & set(steps[:-1])
        if "COMPLETED" in steps:
            done = steps.index("COMPLETED")
            assert "REVIEWED" in steps[:done]
            assert all((record["result"] is not None) == (place >= done) for place, record in enumerate(story))
    assert seen.keys() == {"SUBMITTED", "SUPPLEMENT", "ACCEPTED", "REJECTED", "SPECIAL", "REVIEWED", "COMPLETED", "DELIVERED", "WITHDRAWN"}


def test_grid_events_are_closed_with_an_outcome() -> None:
    """Reported, dispatched, dealt with, closed; none goes on after that."""
    seen: Counter[str] = Counter()
    for story in _stories("grid-events", "event_no"):
        steps = [record["step"] for record in story]
        seen.update(steps)
        assert steps[0] == "REPORTED"
        assert "CLOSED" not in steps[:-1]
        for record in story:
            assert (record["closed_at"] is not None) == (record["step"] == "CLOSED")
            assert (record["outcome"] is not None) == (record["step"] in {"HANDLED", "CLOSED"})
    assert seen.keys() == {"REPORTED", "DISPATCHED", "HANDLED", "CLOSED", "RETURNED"}
