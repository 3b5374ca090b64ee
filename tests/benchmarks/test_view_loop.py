"""Answers for benchmarks/view_loop.py: the peer does what our views do."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.view_cases import SIDES
from benchmarks.view_loop import cutter
from node.model.names import Topic
from tests.benchmarks.test_view_cases import BASE_MS, cut


@pytest.mark.parametrize("name", ["flat", "nested"])
def test_both_sides_write_the_same_records(name: str, tmp_path: Path) -> None:
    """Byte for byte, with key and timestamp: else one of them would be measured at less work."""
    side, target = SIDES[name], Topic("445102.any.any.v-000000000000")
    content = side.source.content(1500)
    put: list[tuple[Any, ...]] = []
    came = [SimpleNamespace(offset=at, timestamp=BASE_MS + at, key=key, value=value) for at, (key, value) in enumerate(content)]
    cutter(side, target)(1, came, lambda *record: put.append(record))
    (ours,) = cut(side, content, tmp_path).values()
    assert len(ours) > 200
    assert put == [(target, 1, one.timestamp, one.key, one.value, []) for one in ours]


def test_a_record_of_another_schema_ends_the_loop() -> None:
    """It would be decoded to something else, and counted as done."""
    one = SimpleNamespace(offset=3, timestamp=0, key=b"", value=b"\0\0\0\0\1")
    with pytest.raises(ValueError, match="offset 3"):
        cutter(SIDES["flat"], Topic("any"))(0, [one], lambda *_record: None)
