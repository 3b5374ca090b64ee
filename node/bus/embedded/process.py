"""One child process: started tethered, its words in a file, ended in order and always reaped."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from node.errors import Unavailable

_TETHER = Path(__file__).with_name("tether.py")
_TAIL_BYTES = 4096
_TAIL_LINES = 12
"""What an error quotes of a log: the end of a Java stack trace and the line before it, one screen."""


async def spawn(command: Sequence[str], *, folder: Path, log: Path, environment: Mapping[str, str]) -> Process:
    """Start a command in `folder`, both outputs appended to `log`; it is killed by the kernel when this thread ends.

    It has a session of its own: Ctrl-C in a terminal reaches us, and we end it when those that use it have finished.
    """
    with _appending(log) as output:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), *command),
            cwd=folder,
            env={**os.environ, **environment},
            stdin=DEVNULL,
            stdout=output,
            stderr=STDOUT,
            start_new_session=True,
        )


async def end(process: Process, grace_s: float) -> int:
    """Ask a process to end, then do as `reap`."""
    if process.returncode is None:
        process.terminate()
    return await reap(process, grace_s)


async def reap(process: Process, within_s: float) -> int:
    """Wait for a process to end, kill it after `within_s` or when cancelled, and return its exit status (-9: killed)."""
    try:
        async with asyncio.timeout(within_s):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            process.kill()
        # Cancelled a second time, this too is given up; the kill is sent by then, and asyncio's watcher reaps in any case.
        status = await process.wait()
    return status


def check_alive(process: Process, name: str, log: Path) -> None:
    """Raise Unavailable, quoting the end of the log, if the process has ended."""
    if process.returncode is not None:
        raise Unavailable(f"{name} ended with exit status {process.returncode}; the end of {log}:\n{tail(log)}")


def tail(log: Path) -> str:
    """Return the last lines of a log."""
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-_TAIL_LINES:])


def _appending(log: Path) -> BinaryIO:
    return log.open("ab")
