"""Answers for node/demo/generate/stories/enterprises.py."""

from collections import Counter
from typing import Any

from node.demo.generate import records

ITEMS = {"NAME": "name", "CAPITAL": "capital", "SCOPE": "scope", "REPRESENTATIVE": "representative", "PLACE": "place"}


def test_changes_change_what_they_say_and_nothing_else() -> None:
    """What was before and is after is the record's; versions ascend, and nothing follows the end."""
    former: dict[str, dict[str, Any]] = {}
    seen: Counter[str] = Counter()
    for made in records("enterprises", count=3000, seed=6):
        now, before = made.datum, former.get(made.datum["uscc"])
        if before is None:
            assert (now["event"], now["version"], now["changes"]) == ("ESTABLISHED", 1, [])
        else:
            assert now["version"] == before["version"] + 1
            assert before["event"] in {"ESTABLISHED", "CHANGED"}
        if before and now["event"] == "CHANGED":
            (change,) = now["changes"]
            seen[change["item"]] += 1
            changed = {name for name in ITEMS.values() if now[name] != before[name]}
            assert changed <= {ITEMS[change["item"]]}
        if before and now["event"] in {"REVOKED", "DEREGISTERED"}:
            seen[now["event"]] += 1
            assert now["reason"]
        former[now["uscc"]] = now
    assert seen.keys() == ITEMS.keys() | {"REVOKED", "DEREGISTERED"}
