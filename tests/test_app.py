"""The node as a process: what signals, deaf clusters and a taken port do to it. No Kafka is needed for any of it."""

import asyncio
import errno
import json
import signal
import socket
import ssl
import sys
import time
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from node.app import _tell_held_back, settings_of
from node.bus.embedded.ports import reserved_ports
from node.bus.embedded.process import reap, spawn
from node.config import load
from node.model.limits import STOP_S
from node.telemetry.log import Sparing
from tests.certificates import Authority

_DEADLINE_S = 20.0


class App:
    """An `exchange-node run` and what it has logged."""

    def __init__(self, process: Process, log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every line of its log that is whole."""
        return [json.loads(line) for line in self._log.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def named(self, event: str) -> list[dict[str, Any]]:
        """Return the log events of one name."""
        return [one for one in self.events if one["event"] == event]

    async def until(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until an event was logged so many times."""
        async with asyncio.timeout(_DEADLINE_S):
            while len(found := self.named(event)) < count:
                assert self.process.returncode is None, self._log.read_text()
                await asyncio.sleep(0.02)
        return found

    async def ended(self) -> int:
        """Wait for its end and return the exit status."""
        return await reap(self.process, _DEADLINE_S)


@pytest.fixture
async def deaf() -> AsyncIterator[tuple[str, str]]:
    """Two addresses that take connections and never say a word."""
    ends: list[StreamWriter] = []

    async def take(_reader: StreamReader, writer: StreamWriter) -> None:
        ends.append(writer)

    servers = [await asyncio.start_server(take, "127.0.0.1", 0) for _ in range(2)]
    own, parent = (f"127.0.0.1:{server.sockets[0].getsockname()[1]}" for server in servers)
    yield own, parent
    for server in servers:
        server.close()
    for end in ends:
        end.transport.abort()


@pytest.fixture
def nobody() -> Iterator[tuple[str, str]]:
    """Two addresses where nobody listens while the test runs."""
    with reserved_ports(2) as (own, parent):
        yield f"127.0.0.1:{own}", f"127.0.0.1:{parent}"


async def _start(folder: Path, clusters: tuple[str, str], listen: str = "127.0.0.1:0", more: str = "") -> App:
    own, parent = clusters
    config = folder / "node.yaml"
    config.write_text(
        f'division: "445102"\nkafka: {{bootstrap: "{own}", replication: 1}}\n'
        f'parent: {{division: "445100", bootstrap: "{parent}", root: "SHA256:{"0" * 64}"}}\nhttp: {{listen: "{listen}"{more}}}\n'
    )
    log = folder / "node.log"
    return App(await spawn([sys.executable, "-m", "node", "run", "--config", str(config)], folder=folder, log=log, environment={}), log)


async def test_a_node_tells_each_vain_attempt_and_ends_at_once_when_asked(tmp_path: Path, nobody: tuple[str, str]) -> None:
    """Clusters away at start: each attempt says which, why and when the next one is; readiness says it too; SIGTERM waits for none."""
    app = await _start(tmp_path, nobody)
    (listening,) = await app.until("listening")
    assert await app.until("nobody-has-a-token"), "an operator who has just installed it is told what comes next"
    tried = await app.until("not-ready", 19)
    for part in ("own cluster", "link"):  # the link begins at the own cluster, which is missed first
        mine = [one for one in tried if one["part"] == part]
        assert all(f"no Kafka broker answers at {nobody[0]}" in one["cause"] for one in mine)
        pauses = [one["next_attempt_s"] for one in mine]
        assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0][: len(pauses)]
        assert len(pauses) >= 4
    async with httpx.AsyncClient() as http:
        ready = await http.get(f"{listening['probes']}/readyz")
        alive = await http.get(f"{listening['probes']}/livez")
    assert (ready.status_code, alive.status_code) == (503, 200)
    assert [line.partition(":")[0] for line in ready.text.splitlines()] == ["own cluster", "gate", "views", "canary", "link"]
    began = time.monotonic()
    app.process.send_signal(signal.SIGTERM)
    assert await app.ended() == 0
    assert time.monotonic() - began < 2
    assert [one["event"] for one in app.events[-2:]] == ["stopping", "stopped"]


async def test_sigterm_ends_in_time_whatever_the_clusters_do(tmp_path: Path, deaf: tuple[str, str]) -> None:
    """With clusters that take connections and never answer, the process still ends within ten seconds, in order."""
    app = await _start(tmp_path, deaf)
    await app.until("listening")
    await asyncio.sleep(0.5)  # both halves are in the middle of their first request
    began = time.monotonic()
    app.process.send_signal(signal.SIGTERM)
    assert await app.ended() == 0
    assert time.monotonic() - began < STOP_S
    assert app.named("stopped")


async def test_sigusr1_writes_what_the_node_is_doing(tmp_path: Path, deaf: tuple[str, str]) -> None:
    """Into its data folder, and the log says where; the node goes on, and level and form of the log are as configured."""
    app = await _start(tmp_path, deaf)
    await app.until("started")
    app.process.send_signal(signal.SIGUSR1)
    (dumped,) = await app.until("dumped")
    file = Path(dumped["file"])
    assert file.parent == tmp_path / "data/dumps"
    shown = json.loads(file.read_text())
    assert {"own cluster", "gate", "views", "link", "http.listen", "http.probes", "log"} <= {task["name"] for task in shown["tasks"]}
    assert "node/runtime/supervising.py" in str(shown["tasks"])
    assert (file.parent / "threads.txt").read_text() == "", "it is not stuck"
    app.process.send_signal(signal.SIGTERM)
    assert await app.ended() == 0


async def test_a_second_sigint_ends_at_once(tmp_path: Path, deaf: tuple[str, str]) -> None:
    """Whoever presses Ctrl-C twice waits for nothing: exit status 130."""
    app = await _start(tmp_path, deaf)
    await app.until("listening")
    app.process.send_signal(signal.SIGSTOP)  # both signals are there when it looks
    app.process.send_signal(signal.SIGINT)
    app.process.send_signal(signal.SIGCONT)
    await app.until("stopping")
    app.process.send_signal(signal.SIGINT)
    assert await app.ended() == 130


async def test_a_taken_port_is_an_error_before_anything_else(tmp_path: Path, nobody: tuple[str, str]) -> None:
    """Where another process listens, the node says so and ends with status 1: it has not touched a cluster."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        app = await _start(tmp_path, nobody, listen)
        assert await app.ended() == 1
    assert [one["event"] for one in app.events] == ["not-started"]
    assert listen in app.events[0]["cause"]


async def test_ipv6_addresses_are_listened_on(tmp_path: Path, nobody: tuple[str, str]) -> None:
    """`[::1]:0` is as good an address as `127.0.0.1:0`."""
    app = await _start(tmp_path, nobody, "[::1]:0")
    (listening,) = await app.until("listening")
    async with httpx.AsyncClient() as http:
        assert (await http.get(f"{listening['http']}/v1/node")).status_code == 401
        assert (await http.get(f"{listening['probes']}/livez")).text == "ok"
    app.process.send_signal(signal.SIGTERM)
    assert await app.ended() == 0


async def test_with_a_certificate_the_node_is_reached_from_elsewhere(tmp_path: Path, nobody: tuple[str, str]) -> None:
    """Its own paths by TLS; probes on loopback without."""
    authority = Authority(tmp_path)
    authority.tls("127.0.0.1")
    app = await _start(tmp_path, nobody, "0.0.0.0:0", ", tls: {certificate_file: node.crt, key_file: node.key}")
    (listening,) = await app.until("listening")
    port = listening["http"].removeprefix("https://0.0.0.0:")
    async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=authority.file)) as http:
        assert (await http.get(f"https://127.0.0.1:{port}/v1/node")).status_code == 401
        assert (await http.get(f"{listening['probes']}/livez")).text == "ok"
    assert listening["probes"].startswith("http://127.0.0.1:")
    app.process.send_signal(signal.SIGTERM)
    assert await app.ended() == 0


def test_what_a_configuration_says_reaches_the_node(tmp_path: Path) -> None:
    """Its files of certificates by what they are for, the probes' only where they have TLS."""
    authority = Authority(tmp_path)
    authority.tls("localhost")
    file = tmp_path / "node.yaml"
    file.write_text(
        'division: "445102"\nkafka: {bootstrap: "127.0.0.1:9092", ca_file: authority.crt}\n'
        'http: {listen: "127.0.0.1:0", tls: {certificate_file: node.crt, key_file: node.key}}\n'
    )
    settings = settings_of(load(file))
    assert (settings.division, settings.bootstrap, settings.parent) == ("445102", "127.0.0.1:9092", None)
    assert settings.certificate_files == {"kafka-ca": authority.file, "http": tmp_path / "node.crt"}
    assert settings.security.tls is not None


async def test_held_back_events_are_told_on_when_standard_error_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe that nobody reads, or a full disk, may be mended: the telling goes on."""
    told = list[float]()

    class Held:
        def tell(self, now: float) -> None:
            told.append(now)
            if len(told) == 3:
                raise asyncio.CancelledError
            raise OSError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr("node.app._TELL_S", 0.0)
    with pytest.raises(asyncio.CancelledError):
        await _tell_held_back(cast("Sparing", Held()))
    assert len(told) == 3
