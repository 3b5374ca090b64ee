"""Child processes: their words, their end."""

import asyncio
import os
from pathlib import Path

import pytest

from node.bus.embedded.process import check_alive, end, reap, spawn, tail
from node.errors import Unavailable

_DEAF = "trap '' TERM; echo deaf; while :; do sleep 0.1; done"


async def _spawn(folder: Path, script: str, log: Path) -> asyncio.subprocess.Process:
    return await spawn(["sh", "-c", script], folder=folder, log=log, environment={"WORD": "记录"})


async def _said(log: Path, word: str) -> None:
    async with asyncio.timeout(10):
        while word not in log.read_text():
            await asyncio.sleep(0.01)


async def test_both_outputs_are_appended_to_the_log(tmp_path: Path) -> None:
    """Output and errors of every start land in one file; the command runs in its folder with its environment."""
    log = tmp_path / "log"
    for _ in range(2):
        process = await _spawn(tmp_path, 'echo "$WORD"; pwd >&2', log)
        assert await reap(process, 10) == 0
    assert log.read_text() == f"记录\n{tmp_path}\n" * 2


async def test_a_process_is_asked_first(tmp_path: Path) -> None:
    """A process that heeds SIGTERM ends in its own way."""
    log = tmp_path / "log"
    process = await _spawn(tmp_path, "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.1; done", log)
    await _said(log, "up")
    assert await end(process, 10) == 7
    assert "bye" in log.read_text()


async def test_a_deaf_process_is_killed(tmp_path: Path) -> None:
    """What does not end in time is killed, and reaped."""
    process = await _spawn(tmp_path, _DEAF, tmp_path / "log")
    await _said(tmp_path / "log", "deaf")
    assert await end(process, 0.1) == -9
    assert not Path(f"/proc/{process.pid}").exists()


async def test_cancelling_the_wait_kills_and_reaps(tmp_path: Path) -> None:
    """A cancelled end leaves no process behind and stays cancelled."""
    process = await _spawn(tmp_path, _DEAF, tmp_path / "log")
    await _said(tmp_path / "log", "deaf")
    ending = asyncio.create_task(end(process, 60))
    await asyncio.sleep(0)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert process.returncode == -9
    assert not Path(f"/proc/{process.pid}").exists()


async def test_ctrl_c_does_not_reach_the_process(tmp_path: Path) -> None:
    """The process is in a session of its own, so a terminal's Ctrl-C comes to us alone."""
    process = await _spawn(tmp_path, "echo up; exec sleep 600", tmp_path / "log")
    await _said(tmp_path / "log", "up")
    assert os.getsid(process.pid) == process.pid != os.getsid(0)
    await end(process, 10)


async def test_an_ended_process_is_reported_with_its_last_words(tmp_path: Path) -> None:
    """The error names the process, its exit status and the end of its log."""
    process = await _spawn(tmp_path, "echo no memory; exit 4", tmp_path / "log")
    await process.wait()
    with pytest.raises(Unavailable, match=r"broker 1 ended with exit status 4; the end of .*log:\nno memory"):
        check_alive(process, "broker 1", tmp_path / "log")


def test_the_tail_of_a_long_log_is_short(tmp_path: Path) -> None:
    """Of a long log only the last lines are quoted."""
    (tmp_path / "log").write_text("".join(f"line {number}\n" for number in range(10_000)))
    lines = tail(tmp_path / "log").splitlines()
    assert lines[-1] == "line 9999"
    assert len(lines) == 12
