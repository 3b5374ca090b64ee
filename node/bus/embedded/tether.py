"""Become a command that dies with its parent: `python tether.py PARENT_PID COMMAND [ARGUMENT ...]`. Linux only.

A small program of its own instead of a `preexec_fn`: that runs Python between fork and exec, where a process with threads
may hang on a lock which another thread held. The command keeps this program's process id.

Non-obvious: prctl(2) ties the command to the *thread* that forked it, not to the process. Whoever starts a command this way
must do so from a thread that lives as long as the command should: an event loop in the main thread, not one in a worker.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Ask the kernel for SIGKILL at the parent's end, then become the command."""
    parent, command = int(arguments[0]), arguments[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    # A parent that died before the line above sends no signal any more; its children have a new parent by now.
    if os.getppid() != parent:
        sys.exit(f"process {parent} ended before its command began: {command[0]} is not started")
    os.execvp(command[0], command)  # noqa: S606 -- an argument list, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
