"""Answers for node/demo/generate/stories/credit.py."""

from collections import Counter

from node.demo.generate import records


def test_entries_are_listed_first_and_removed_last() -> None:
    """With the day of removal, and no measure after it."""
    stories: dict[tuple[str, str], list[str]] = {}
    for made in records("credit-lists", count=3000, seed=6):
        entry = made.datum
        story = stories.setdefault((entry["list_code"], entry["entry_no"]), [])
        story.append(entry["event"])
        assert (entry["removed_on"] is not None) == (entry["event"] == "REMOVED")
        assert entry["event"] != "REMOVED" or entry["measures"] == {}
        assert entry["list_code"][:2] == {"HONOURED": "HM", "SERIOUS": "SX", "ATTENTION": "GZ"}[entry["list_kind"]]
    assert {story[0] for story in stories.values()} == {"LISTED"}
    assert all("REMOVED" not in story[:-1] for story in stories.values())
    assert {event for story in stories.values() for event in story} == {"LISTED", "CORRECTED", "REMOVED"}


def test_applications_are_decided_once() -> None:
    """Filed, accepted or not, upheld or denied with a decision; nothing follows."""
    seen: Counter[str] = Counter()
    ended: set[str] = set()
    for made in records("credit-remedies", count=3000, seed=6):
        one = made.datum
        seen[one["step"]] += 1
        assert one["application_no"] not in ended
        assert (one["version"] == 1) == (one["step"] == "FILED")
        decided = one["step"] in {"UPHELD", "DENIED", "REFUSED"}
        assert (one["decision"] is not None) == (one["decided_on"] is not None) == decided
        if decided or one["step"] == "WITHDRAWN":
            ended.add(one["application_no"])
    assert seen.keys() == {"FILED", "SUPPLEMENT", "ACCEPTED", "REFUSED", "UPHELD", "DENIED", "WITHDRAWN"}
