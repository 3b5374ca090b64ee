"""Answers for node/cli/audit.py."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from node.control.acts import Act, Audited
from node.control.quarantine import Advanced, Ended
from node.model.names import Department, Division
from node.model.values import Actor
from tests.cli.conftest import Done, FakeNode

HEAD = Actor(name="林海", role="head", department=Department("445100.taxation"))
DONE = Act(
    at="2026-11-22T12:00:00.000Z",
    by=HEAD,
    act="answer-request",
    outcome="done",
    subject={"request": "445100/12"},
    events=((Division("445102"), 7),),
)
REFUSED = msgspec.structs.replace(DONE, outcome="refused", code="wrong-state", events=())


def _laid(node: FakeNode, path: str, *lines: Any) -> None:
    node.answer(path, b"\n".join(msgspec.json.encode(line) for line in (Advanced(0, 9), *lines)))


def test_acts_are_shown_to_people_and_as_lines_of_json(cli: Callable[..., Done], node: FakeNode) -> None:
    """Who, as whom, what, to what, how it ended and by which events."""
    _laid(node, "/v1/audit", Audited(3, DONE), Audited(4, REFUSED), Ended(records=2))
    shown = cli("audit", "--lang", "zh")
    assert shown.status == 0
    for word in ("林海", "head 445100.taxation", "answer-request", "完成", "被拒: wrong-state", "request=445100/12", "445102/7"):
        assert word in shown.out
    told = [msgspec.json.decode(line) for line in cli("audit", "--json").out.splitlines()]
    assert [(one["offset"], one["act"]["outcome"]) for one in told] == [(3, "done"), (4, "refused")]


def test_what_is_asked_reaches_the_node(cli: Callable[..., Done], node: FakeNode) -> None:
    """As its path has it; what is left out is not asked."""
    cli("audit", "--since", "2026-11-01", "--about", "445100/12", "--outcome", "refused")
    (path,) = [path for path, _body in node.asked]
    assert sorted(path.partition("?")[2].split("&")) == ["about=445100%2F12", "outcome=refused", "since=2026-11-01"]


def test_nothing_found_is_said(cli: Callable[..., Done], node: FakeNode) -> None:
    """No empty table."""
    _laid(node, "/v1/audit", Ended())
    assert "no such act" in cli("audit", "--lang", "en").out


@pytest.mark.parametrize("arguments", [("--until",), ("--outcome", "perhaps")])
def test_what_cannot_be_asked_is_wrong_usage(cli: Callable[..., Done], node: FakeNode, arguments: tuple[str, ...]) -> None:
    """Before the node is asked."""
    assert cli("audit", *arguments).status == 2
    assert node.asked == []
