"""The tree of commands, and what becomes of whatever a command raises."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from node import errors
from node.cli import program, status
from node.cli.program import build

COMMANDS = [
    ["run"],
    ["check"],
    ["demo"],
    ["demo", "break"],
    ["demo", "mend"],
    ["status"],
    ["division", "add"],
    ["division", "list"],
    ["department", "add"],
    ["department", "list"],
    ["catalogue", "apply"],
    ["catalogue", "list"],
    ["catalogue", "show"],
    ["grant", "revoke"],
    ["grant", "list"],
    ["view", "list"],
    ["view", "show"],
    ["route", "list"],
    ["route", "resume"],
    ["generate"],
    ["publish"],
    ["tail"],
    ["export"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_teaches_by_an_example(cli: Callable[..., Any], command: list[str]) -> None:
    """Its help has an example of itself, both languages, and the options that all share."""
    done = cli(*command, "--help")
    assert done.status == 0
    assert "例如 / For example:" in done.out
    assert f"exchange-node {' '.join(command)}" in done.out.partition("For example:")[2]
    assert "--json" in done.out
    assert "--lang" in done.out


def test_nothing_asked_shows_the_commands(cli: Callable[..., Any]) -> None:
    """A newcomer types the name alone."""
    done = cli()
    assert done.status == 0
    assert all(command[0] in done.out for command in COMMANDS)


@pytest.mark.parametrize(
    "line", ["statsu", "status --colour", "status extra", "grant revoke", "division add", "tail x --count 0", "status --lang fr"]
)
def test_wrong_usage_is_told_and_ends_with_two(cli: Callable[..., Any], line: str) -> None:
    """A slip on the command line does nothing and is told on standard error."""
    done = cli(*line.split())
    assert (done.status, done.out) == (2, "")
    assert done.err


def test_failure_is_told_in_one_language_and_as_json_in_both(cli: Callable[..., Any]) -> None:
    """People read standard error in their language, programs one object on standard output."""
    done = cli("status", "--node", "http://127.0.0.1:1", "--lang", "zh", "--json")
    assert done.status == 1
    assert "没有节点应答" in done.err
    assert done.json.keys() == {"code", "en", "zh"}
    assert cli("status", "--node", "http://127.0.0.1:1").out == ""


@pytest.mark.parametrize(
    ("raised", "expected", "told"),
    [
        (errors.CommandRefused("past", "it is past", "已过"), 1, "it is past"),
        (errors.ConfigError(["one", "two"]), 2, "one\ntwo"),
        (errors.Unavailable("no broker"), 1, "`exchange-node status` tells"),
        (errors.DataError("row 3 is cut"), 1, "row 3 is cut"),
        (errors.NodeError("odd"), 1, "odd"),
        (FileNotFoundError(2, "No such file", "x.csv"), 1, "x.csv: No such file: mend this"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_whatever_is_raised_has_its_words_and_status(
    cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, raised: BaseException, expected: int, told: str
) -> None:
    """No command ends with a traceback for what can be foreseen."""

    def failing(*_args: object, **_kwargs: object) -> None:
        raise raised

    monkeypatch.setattr(status, "open_node", failing)
    done = cli("status")
    assert done.status == expected
    assert told in done.err


def test_reader_that_has_seen_enough_is_no_error() -> None:
    """`exchange-node … | head` ends without a traceback."""
    script = f"from node.cli import main; import sys; sys.exit(main(['check', '--config', {os.devnull!r}, '--json']))"
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as out:
        done = subprocess.run([sys.executable, "-c", script], stdout=out, stderr=subprocess.PIPE, text=True, check=False, timeout=30)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr


def test_tree_is_built_anew_for_each_line() -> None:
    """No command line leaves anything behind for the next."""
    assert build() is not build()
    assert program.main(["--version"]) == 0


def test_most_commands_start_without_the_node() -> None:
    """Whoever asks a running node waits for neither its loops nor Numba: half of the start, each time."""
    script = "import sys, node.cli; print([name for name in ('node.runtime', 'numba', 'litestar') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "[]\n"
