"""The program as a process."""

import subprocess
import sys

import pytest

from node import __version__, cli
from node.__main__ import main


def test_module_runs_as_the_command_does() -> None:
    """`python -m node` is `exchange-node`: it takes the command line and returns the exit status."""
    done = subprocess.run([sys.executable, "-m", "node", "--version"], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == f"{__version__}\n"


def test_main_passes_the_command_line_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The installed command calls `main`, whose number becomes the exit status."""
    monkeypatch.setattr(sys, "argv", ["exchange-node", "status", "--json"])
    monkeypatch.setattr(cli, "main", lambda tokens: 3 if tokens == ["status", "--json"] else 0)
    assert main() == 3
