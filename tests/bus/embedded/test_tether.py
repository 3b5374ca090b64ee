"""Commands that die with their parent."""

import os
import select
import signal
import subprocess
import sys

from node.bus.embedded import tether

_TETHER = str(tether.__file__)
_WAIT_S = 10

# Starts a tethered `sleep`, prints its process id and waits for its own end.
_PARENT = """
import os, signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-I", "-S", sys.argv[1], str(os.getpid()), "sleep", "600"])
print(child.pid, flush=True)
signal.pause()
"""


def test_the_command_takes_the_place_of_the_tether() -> None:
    """The command runs under the same process id and its exit status is the one seen."""
    arguments = [sys.executable, "-I", "-S", _TETHER, str(os.getpid()), "sh", "-c", "echo $$; exit 3"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.communicate()[0] == f"{process.pid}\n"
    assert process.returncode == 3


def test_killing_the_parent_kills_the_command() -> None:
    """After kill -9 of the parent, which can run nothing any more, the command is gone."""
    with subprocess.Popen([sys.executable, "-c", _PARENT, _TETHER], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        try:
            parent.send_signal(signal.SIGKILL)
            assert select.select([child], [], [], _WAIT_S)[0], "the command outlived its parent"
        finally:
            os.close(child)


def test_a_parent_that_is_gone_already_starts_nothing() -> None:
    """If the parent died before the tether was tied, the command does not begin."""
    done = subprocess.run([sys.executable, "-I", "-S", _TETHER, "1", "echo", "began"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stdout == ""
    assert "echo is not started" in done.stderr
