"""The demo's screen."""

import io
from typing import Any

from rich.console import Console

from node.demo.table import Arrived, Board, refusals, summary
from node.demo.takers import Received


def _route(**changed: Any) -> dict[str, Any]:
    given = {"topic": "445102.a.b", "lane": "link-up", "records": 0, "lag_seconds": 0.0, "state": "flowing", "reason": ""}
    return given | changed


def _status(*routes: dict[str, Any], up: bool = True, trouble: str = "") -> dict[str, Any]:
    return {"link": {"parent": "445100", "up": up, "trouble": trouble}, "routes": list(routes)}


def _drawn(board: Board) -> str:
    console = Console(width=140, file=io.StringIO(), record=True)
    console.print(board.draw("note"))
    return console.export_text()


def test_partitions_of_a_resource_are_one_line_with_its_rate() -> None:
    """Records add up over partitions, the rate comes from two looks, the worst lag counts."""
    board = Board("en")
    board.update("445102", _status(_route(records=10), _route(records=20)), 1.0)
    board.update("445102", _status(_route(records=30), _route(records=40, lag_seconds=2.5)), 2.0)
    text = _drawn(board)
    line = next(line for line in text.splitlines() if "445102.a.b" in line)
    assert [cell.strip() for cell in line.strip("│ ").split("│")] == ["445102 → 445100", "445102.a.b", "70", "20", "2.5", "flowing"]


def test_the_nodes_own_topics_are_not_shown() -> None:
    """Control logs move as well, but nobody watches the demo for them."""
    board = Board("en")
    board.update("445102", _status(_route(topic="445102.node.control")), 1.0)
    assert "node.control" not in _drawn(board)


def test_a_stopped_partition_shows_its_reason() -> None:
    """One stopped partition among flowing ones is what the reader must see."""
    board = Board("en")
    board.update("445102", _status(_route(), _route(state="stopped", reason="source-recreated")), 1.0)
    assert "source-recreated" in _drawn(board)


def test_a_gate_is_shown_with_its_resource() -> None:
    """At the root too, which has no link; the inbox goes by its resource's name."""
    board = Board("en")
    board.update("440000", {"link": None, "routes": [_route(topic="440000.a.b.inbox", lane="gate", records=7)]}, 1.0)
    line = next(line for line in _drawn(board).splitlines() if "440000.a.b" in line)
    assert [cell.strip() for cell in line.strip("│ ").split("│")][:3] == ["440000 gate", "440000.a.b", "7"]


def test_trouble_is_told_and_goes_when_it_is_over() -> None:
    """A link that is cut and a node that does not answer are named until they are back."""
    board = Board("zh")
    board.update("445102", _status(up=False, trouble="connection ended"), 1.0)
    board.update("440000", None, 1.0)
    assert "445102: connection ended" in _drawn(board)
    assert "440000: 节点无应答" in _drawn(board)
    board.update("445102", _status(), 1.0)
    board.update("440000", {"link": None, "routes": []}, 1.0)
    assert "440000" not in _drawn(board)
    assert "connection ended" not in _drawn(board)


def test_the_sum_marks_what_is_not_equal() -> None:
    """A taker that has too little is seen at a glance."""
    rows = [Arrived("r", 2, 0, "t", Received(2, "ab" * 32), equal=True), Arrived("r", 2, 0, "u", Received(1, "cd" * 32), equal=False)]
    console = Console(width=140, file=io.StringIO(), record=True)
    console.print(summary(Board("en"), rows))
    text = console.export_text()
    assert text.count("✓") == 1
    assert text.count("NOT EQUAL") == 1


def test_a_refusal_for_another_reason_is_not_equal() -> None:
    """What is wrong and was not refused, and what was refused and is not wrong, are both seen."""
    console = Console(width=140, file=io.StringIO(), record=True)
    console.print(refusals(Board("en"), [("r", {"cn-uscc a": 2, "length b": 1}, {"cn-uscc a": 2, "minimum c": 1})]))
    text = console.export_text()
    assert text.count("✓") == 1
    assert text.count("NOT EQUAL") == 2
