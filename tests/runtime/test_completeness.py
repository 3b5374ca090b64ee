"""Answers for node/runtime/completeness.py."""

import time
from pathlib import Path

import pytest

from node.model.names import Topic
from node.runtime.completeness import Completeness

TOPIC = Topic("445102.tax.bills")


def test_what_is_known_outlives_a_restart(tmp_path: Path) -> None:
    """By lane and topic; the folder is made where it is not there."""
    known = Completeness(tmp_path / "data")
    known.note("link-up", {TOPIC: 1_770_000_000_123.5})
    known.save()
    assert Completeness(tmp_path / "data").of("link-up", TOPIC) == 1_770_000_000_123.5
    assert list(Completeness(tmp_path / "data").topics("link-up")) == [TOPIC]
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["complete.json"]


def test_what_is_not_known_counts_from_the_start(tmp_path: Path) -> None:
    """Then a lag begins at 0 and grows."""
    before = time.time() * 1000
    known = Completeness(tmp_path)
    assert before <= known.of("gate", TOPIC) <= time.time() * 1000
    known.note("link-up", {TOPIC: 5.0})
    assert known.of("gate", TOPIC) >= before


@pytest.mark.parametrize("text", ["", "{", '{"link-up": 5}', "[]"])
def test_a_damaged_hint_is_none(tmp_path: Path, text: str) -> None:
    """The node starts without."""
    (tmp_path / "complete.json").write_text(text)
    assert list(Completeness(tmp_path).topics("link-up")) == []


def test_without_a_folder_nothing_is_kept() -> None:
    """For lanes that are opened outside a node."""
    Completeness().save()
