"""The demo as its user runs it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

DEMO = [sys.executable, "-m", "node", "demo", "--lang", "en", "--records", "2000"]


def _left(folder: Path) -> list[str]:
    """Return the processes that still work in the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(folder) in line:
                found.append(line)
    return found


def test_once_everything_arrives_and_is_equal(tmp_path: Path) -> None:
    """`demo --once` ends by itself with status 0, every taker equal, the address of each node's metrics told, and leaves nothing running."""
    done = subprocess.run([*DEMO, "--once"], check=False, cwd=tmp_path, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") == 8
    assert done.stdout.count("/metrics") == 3
    assert _left(tmp_path) == []


def test_one_demo_at_a_time_and_none_outlives_its_killed_parent(tmp_path: Path) -> None:
    """A second demo in the same folder is refused while the first runs; after kill -9 no broker and no node is left."""
    with subprocess.Popen([*DEMO], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
        try:
            end = time.monotonic() + 60
            while not (tmp_path / ".run/demo/remote.port").exists():
                assert time.monotonic() < end
                assert first.poll() is None
                time.sleep(0.1)
            second = subprocess.run([*DEMO, "--once"], check=False, cwd=tmp_path, capture_output=True, text=True, timeout=30)
            assert second.returncode == 2
            assert "runs here already" in second.stderr
        finally:
            os.kill(first.pid, signal.SIGKILL)
    end = time.monotonic() + 10
    while _left(tmp_path):
        assert time.monotonic() < end, _left(tmp_path)
        time.sleep(0.1)
