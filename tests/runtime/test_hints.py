"""Answers for node/runtime/hints.py; what is kept by it stands in the tests of who keeps it."""

from pathlib import Path

import pytest

from node.runtime.hints import read_hint, write_hint


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """The folder is made where it is not there, and nothing else is left in it."""
    file = tmp_path / "data" / "hint.json"
    write_hint(file, {"a": 1.5})
    write_hint(file, {"a": 2.5})
    assert read_hint(file, dict[str, float], {}) == {"a": 2.5}
    assert [path.name for path in file.parent.iterdir()] == ["hint.json"]


@pytest.mark.parametrize("text", [None, "", "{", '{"a": "b"}', "[]"])
def test_what_cannot_be_read_is_not_missed(tmp_path: Path, text: str | None) -> None:
    """There is none, it is damaged, or it holds something else."""
    file = tmp_path / "hint.json"
    if text is not None:
        file.write_text(text)
    assert read_hint(file, dict[str, float], {"otherwise": 0.0}) == {"otherwise": 0.0}
