"""Answers for node/telemetry/events.py: the list of log events is the log, name by name and field by field."""

import ast
from collections import defaultdict
from pathlib import Path
from typing import get_args

from node.control.audit import NoteKind
from node.telemetry.events import EVENTS

NODE = Path(__file__).parents[2] / "node"
LEVELS = {"debug", "info", "warning", "error"}
NAMED_ELSEWHERE = {"node/runtime/repair.py": get_args(NoteKind), "node/runtime/clocks.py": ("clock-soon", "clock-overdue")}
"""What is logged under the name that it has elsewhere, by module."""
GIVEN_ELSEWHERE = {"transform-failed", "rights-changed", "clock-soon", "clock-overdue", "library"}
"""Events of which some fields come in a mapping."""
IMPLIED = {"exc_info": "exception"}


class Call:
    """A call of the logger."""

    def __init__(self, path: Path, node: ast.Call, level: str) -> None:
        self.where = f"{path.relative_to(NODE.parent).as_posix()}:{node.lineno}"
        self.level = level
        name = node.args[0]
        self.names: tuple[str, ...] = (
            (str(name.value),) if isinstance(name, ast.Constant) else NAMED_ELSEWHERE[self.where.partition(":")[0]]
        )
        self.fields = {IMPLIED.get(word.arg, word.arg) for word in node.keywords if word.arg is not None}
        self.open = any(word.arg is None for word in node.keywords)


def calls() -> list[Call]:
    """Find every call of `logger()` or of structlog's own under node/."""
    found = []
    for path in sorted(NODE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Call(func=ast.Name(id="logger") | ast.Attribute(attr="get_logger")), attr=level)
                ):
                    found.append(Call(path, node, level))
                case _:
                    pass
    return found


def test_every_event_is_listed_with_its_levels_and_fields() -> None:
    """And nothing is listed that is never logged, or with a field that no call has."""
    levels, fields = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    opened = set()
    for call in calls():
        for name in call.names:
            assert name in EVENTS, f"{call.where}: {name} is not in node/telemetry/events.py"
            listed = set(EVENTS[name].fields.split())
            assert call.fields <= listed, f"{call.where}: {name} has {call.fields - listed}, which are not listed"
            levels[name].add(call.level)
            fields[name] |= call.fields
            opened |= {name} if call.open else set()
    assert levels.keys() == EVENTS.keys()
    assert opened == GIVEN_ELSEWHERE
    for name, told in EVENTS.items():
        assert set(told.levels.split()) == levels[name], name
        assert name in opened or set(told.fields.split()) == fields[name], name


def test_every_event_says_what_it_means_in_both_languages() -> None:
    """Names are plain words; an error or a warning that an operator can do something about says what, in both."""
    for name, told in EVENTS.items():
        assert set(told.levels.split()) <= LEVELS
        assert name == name.lower()
        assert told.en
        assert any("\u4e00" <= letter <= "\u9fff" for letter in told.zh), name
        assert bool(told.do_en) == bool(told.do_zh)
