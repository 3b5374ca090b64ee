"""The demo as its user runs it."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from node.demo.prometheus import find
from node.demo.run import _Demo
from node.demo.story import Publication
from node.demo.table import Board
from node.demo.world import World
from node.errors import Unavailable

DEMO = [sys.executable, "-m", "node", "demo", "--lang", "en", "--records", "2000"]


def _left(folder: Path) -> list[str]:
    """Return the processes that work in the folder, as brokers, nodes and publishers of a demo do."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink().is_relative_to(folder):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


def test_once_everything_arrives_and_is_equal(tmp_path: Path) -> None:
    """`demo --once` ends by itself with status 0, every taker equal, and leaves nothing running.

    What is wrong lies in quarantine, each row for its own reason, and the address of each node's metrics is told.
    """
    done = subprocess.run([*DEMO, "--once", "--prometheus"], check=False, cwd=tmp_path, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("Prometheus  http://127.0.0.1:" in done.stdout) is (find() is not None)
    arrived, refused = done.stdout.split("What the gate refused")
    assert arrived.count("✓") == 9
    assert "One row, at its owner and at the view's taker" in refused
    assert re.search(r"suspended: all copies disposed of in \d\.\d s, nothing came; all of it anew \d", refused.replace("\n", " "))
    acts = ["request", "request-approved", "request-answered", "grant", "grant-suspended", "grant-resumed"]
    found = re.findall(r"│ \d{4}-\d\d-\d\d [\d:]{8} │ ([a-z-]+) ", refused)
    assert found == acts
    assert refused.count("✓") >= 5
    assert "NOT EQUAL" not in done.stdout
    assert done.stdout.count("/metrics") == 3
    assert _left(tmp_path) == []


@pytest.mark.full
def test_one_demo_at_a_time_and_none_outlives_its_killed_parent(tmp_path: Path) -> None:
    """A second demo in the same folder is refused while the first runs; after kill -9 no broker, node or publisher is left."""
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
            while not any(" publish " in line for line in _left(tmp_path)):
                assert time.monotonic() < end
                time.sleep(0.05)
        finally:
            os.kill(first.pid, signal.SIGKILL)
    end = time.monotonic() + 15
    while _left(tmp_path):
        assert time.monotonic() < end, _left(tmp_path)
        time.sleep(0.1)


def test_without_jars_it_says_what_to_do_and_begins_nothing(tmp_path: Path) -> None:
    """What is missing is told in a line with the command that gets it, exit status 2, however many clusters miss it."""
    environment = os.environ | {"EXCHANGE_NODE_KAFKA_LIBS": str(tmp_path)}
    done = subprocess.run([*DEMO, "--once"], check=False, cwd=tmp_path, capture_output=True, text=True, timeout=30, env=environment)
    assert done.returncode == 2
    assert done.stderr.count("EXCHANGE_NODE_KAFKA_LIBS=") == len(done.stderr.splitlines()) == 1


async def test_without_prometheus_it_says_so_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is told in a line of either language; where nobody asked for it nothing is said."""
    monkeypatch.setitem(_Demo.play.__globals__, "find", lambda: None)
    for lang, words in (("en", "make prometheus"), ("zh", "未安装 Prometheus")):
        console = Console(record=True, width=136)
        for watched in (False, True):
            async with _Demo(tmp_path, 1, Board(lang), console, watched=watched)._prometheus(World(tmp_path, {}, {})) as prometheus:
                assert prometheus is None
            assert (words in console.export_text()) is watched


async def test_a_failed_publication_is_told_as_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several that fail at the same time the first is raised, not a group of them."""

    async def fail(_world: object, publication: Publication) -> int:
        raise Unavailable(publication.resource)

    monkeypatch.setitem(_Demo._publish.__globals__, "publish", fail)  # the module's name is taken by its function
    demo = _Demo(tmp_path, 1, Board("en"), Console())
    with pytest.raises(Unavailable, match="one"):
        await demo._publish(World(tmp_path, {}, {}), [Publication("one", tmp_path), Publication("two", tmp_path)])
