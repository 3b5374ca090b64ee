"""Answers for node/runtime/moved.py."""

from pathlib import Path

import pytest

from node.runtime.moved import Moved
from node.telemetry.metrics import Volume

DAY = "2026-11-26"


def volume(records: int, direction: str = "up") -> Volume:
    """Return what moved of bills."""
    return Volume(department="445102.tax", resource="445102.tax.bills", direction=direction, records=records, bytes=10 * records)


def test_partitions_are_told_together(tmp_path: Path) -> None:
    """By resource and direction."""
    assert Moved(tmp_path).told(DAY, [volume(5), volume(7), volume(3, "published")]) == [volume(12), volume(3, "published")]


def test_what_cannot_be_seen_stands_as_it_was(tmp_path: Path) -> None:
    """While a lane is not open, and after a restart before its progress is read: a day's figures only grow."""
    moved = Moved(tmp_path)
    moved.told(DAY, [volume(12), volume(3, "published")])
    assert moved.told(DAY, [volume(4, "published")]) == [volume(12), volume(4, "published")]
    moved.save()
    again = Moved(tmp_path)
    assert again.told(DAY, [volume(5)]) == [volume(12), volume(4, "published")]
    assert again.told(DAY, [volume(13)]) == [volume(13), volume(4, "published")]


def test_a_day_begins_with_nothing(tmp_path: Path) -> None:
    """What was kept of the day before is gone."""
    moved = Moved(tmp_path)
    moved.told(DAY, [volume(12)])
    moved.save()
    assert Moved(tmp_path).told("2026-11-27", []) == []
    assert moved.told("2026-11-27", [volume(1)]) == [volume(1)]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"day": 5}'])
def test_a_damaged_file_is_none(tmp_path: Path, text: str) -> None:
    """The lanes know all of it once they are open."""
    (tmp_path / "moved.json").write_text(text)
    assert Moved(tmp_path).told(DAY, [volume(2)]) == [volume(2)]
