"""Answers for node/cli/moving.py."""

import pytest

from node.cli.moving import moving
from node.cli.voice import Session
from node.control.quarantine import Advanced, Ended


@pytest.mark.parametrize("session", [Session(), Session(json=True)])
def test_every_line_comes_in_order_whether_or_not_somebody_watches(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    """And where nobody does, no bar is written."""
    lines = [Advanced(0, 2), "a", Advanced(2, 2), Ended()]
    assert list(moving(lines, "审计", session)) == lines
    assert "".join(capsys.readouterr()).strip() == ""
