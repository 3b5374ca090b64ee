"""Answers for node/runtime/level.py."""

import time
from pathlib import Path

import pytest

from node.model.names import Topic
from node.runtime.level import Level

TOPIC = Topic("445102.tax.bills")


def test_what_is_known_outlives_a_restart(tmp_path: Path) -> None:
    """By lane and topic; the folder is made where it is not there."""
    level = Level(tmp_path / "data")
    level.note("link-up", {TOPIC: 1_770_000_000_123.5})
    level.save()
    assert Level(tmp_path / "data").of("link-up", TOPIC) == 1_770_000_000_123.5
    assert list(Level(tmp_path / "data").topics("link-up")) == [TOPIC]
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["level.json"]


def test_what_is_not_known_counts_from_the_start(tmp_path: Path) -> None:
    """Then a lag begins at 0 and grows."""
    before = time.time() * 1000
    level = Level(tmp_path)
    assert before <= level.of("gate", TOPIC) <= time.time() * 1000
    level.note("link-up", {TOPIC: 5.0})
    assert level.of("gate", TOPIC) >= before


@pytest.mark.parametrize("text", ["", "{", '{"link-up": 5}', "[]"])
def test_a_damaged_hint_is_none(tmp_path: Path, text: str) -> None:
    """The node starts without."""
    (tmp_path / "level.json").write_text(text)
    assert list(Level(tmp_path).topics("link-up")) == []


def test_without_a_folder_nothing_is_kept() -> None:
    """For lanes that are opened outside a node."""
    Level().save()
