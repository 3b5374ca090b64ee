"""Answers for node/runtime/dumping.py: what a node is doing, in names and numbers."""

import asyncio
import signal
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from node.errors import BusError
from node.model.names import Division
from node.runtime import Node, NodeSettings
from node.runtime.dumping import DUMPS_MAX, FOLDER, FRAMES_MAX, THREADS, Dump, _waits, dump, keep, threads_on
from node.telemetry import Metrics
from tests.conftest import NO_DATA
from tests.runtime.conftest import Bench, until

SECRET = b"440102199001011234"


def _node(division: str = "445102") -> Node:
    return Node(NodeSettings(division=Division(division), bootstrap="127.0.0.1:1", replication=1, data_dir=NO_DATA), Metrics())


async def _inner(event: asyncio.Event) -> None:
    await event.wait()


async def _outer(event: asyncio.Event) -> None:
    secret = SECRET  # noqa: F841 - a local variable that no dump may show
    await _inner(event)


async def test_a_task_tells_where_it_waits() -> None:
    """Call by call, from the outermost to what it waits for; names and lines, nothing of what they hold."""
    event = asyncio.Event()
    task = asyncio.create_task(_outer(event), name="a task")
    await asyncio.sleep(0)
    shown = dump(_node())
    (one,) = [one for one in shown.tasks if one.name == "a task"]
    assert one.runs == "_outer"
    assert [place.rpartition(" ")[2] for place in one.waits] == ["_outer", "_inner", "Event.wait", "FutureIter"]
    assert one.waits[0].startswith("tests/runtime/test_dumping.py:")
    assert any("test_dumping" in place for places in shown.threads.values() for place in places)
    assert SECRET not in msgspec.json.encode(shown)
    event.set()
    await task


async def test_deep_calls_are_cut() -> None:
    """So many frames tell where it is."""

    async def deeper(depth: int) -> None:
        await (deeper(depth - 1) if depth else asyncio.sleep(60))

    task = asyncio.create_task(deeper(100))
    await asyncio.sleep(0)
    assert len(_waits(task.get_coro())) == FRAMES_MAX
    task.cancel()


@pytest.mark.kafka
async def test_a_lane_tells_how_its_shards_stand(bench: Bench) -> None:
    """Routes by state, what is fetched over which connection, when it committed last; nothing of the records."""
    metrics, node = Metrics(), _node()
    async with bench.lane(metrics) as lane:
        node._lanes["link-up"] = lane
        topic = bench.topic()
        lane.route([(topic, 2)])
        bench.publish(topic, [SECRET + b"%d" % n for n in range(50)])
        await until(lambda: sum(one.records for one in lane.status()) == 50 and not any(one.lag_records for one in lane.status()))
        shown = dump(node)
        assert msgspec.json.decode(msgspec.json.encode(shown), type=Dump) == shown
        (one,) = shown.lanes
        assert (one.lane, one.unplaced, one.trouble) == ("link-up", 0, "")
        assert sum(shard.routes.get("flowing", 0) for shard in one.shards) == 2
        assert all(shard.phase == "running" and shard.queue_bytes == 0 for shard in one.shards)
        assert any(shard.committed_s_ago is not None and shard.committed_s_ago < 60 for shard in one.shards)
        assert sum(connection.routes for connection in one.fetching) == 2
        clients = [client for client in shown.clients if client.client_id == "test"]
        assert {client.bootstrap for client in clients} == {bench.source.bootstrap, bench.target.bootstrap}
        assert all(client.connections for client in clients)
        assert SECRET not in msgspec.json.encode(shown)
        assert (bench.source.security.password or "?") not in str(shown)


async def test_the_newest_dumps_are_kept(tmp_path: Path) -> None:
    """For the node's user alone, and no more of them than there is use for."""
    shown = dump(_node())
    files = [keep(shown, tmp_path) for _ in range(DUMPS_MAX + 3)]
    assert sorted((tmp_path / FOLDER).iterdir()) == files[3:]
    assert stat.S_IMODE(files[-1].stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / FOLDER).stat().st_mode) == 0o700
    assert msgspec.json.decode(files[-1].read_bytes(), type=Dump) == shown


_STUCK = """
import signal, sys
from pathlib import Path
from node.runtime.dumping import threads_on
def stuck_here():
    print("ready", flush=True)
    while True:
        try:
            sum(range(1000))
        except KeyboardInterrupt:
            pass
signal.signal(signal.SIGUSR1, lambda *_: print("handled", flush=True))
with threads_on(signal.SIGUSR1, Path(sys.argv[1])):
    stuck_here()
"""


def test_a_data_folder_that_cannot_be_written_is_told_at_once() -> None:
    """Before a node has begun, which could keep nothing."""
    with pytest.raises(BusError, match="data_dir of its own"), threads_on(signal.SIGUSR1, NO_DATA):
        pass


def test_a_process_that_answers_nobody_tells_where_its_threads_are(tmp_path: Path) -> None:
    """In a file beside the dumps, for its user alone; the handler that was there is called too."""
    file = tmp_path / FOLDER / THREADS
    with subprocess.Popen([sys.executable, "-c", _STUCK, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGUSR1)
        assert process.stdout.readline() == "handled\n"
        process.kill()
    assert "in stuck_here" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
