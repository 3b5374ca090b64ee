"""Prometheus beside the demo's nodes, with the rules of `deploy/prometheus`: what an operator would be told of what is done to them.

It is Debian's, which `make` puts under .prometheus/, or any on the PATH. Bounds: ready within 20 s; 5 s to end, then killed; data of one run,
under the demo's folder.
"""

import asyncio
import json
import shutil
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from node.bus.embedded.ports import reserved_ports
from node.bus.embedded.process import check_alive, end, spawn
from node.demo.world import World
from node.errors import Unavailable
from node.model.shipped import shipped, shipped_root

_INTERVAL = "2s"
_READY_S = 20.0
_STOP_S = 5.0
_POLL_S = 0.05
_HTTP_S = 10.0


def find(program: str = "prometheus") -> str | None:
    """Return the path of `prometheus` or `promtool`; None where neither this checkout nor the machine has it."""
    own = shipped_root() / ".prometheus" / "usr" / "bin" / program
    return str(own) if own.exists() else shutil.which(program)


def targets(world: World) -> dict[str, str]:
    """Return where each node of a world shows its metrics, `host:port`, by division."""
    return {division: node.probes_url.removeprefix("http://") for division, node in world.nodes.items()}


def config(nodes: Mapping[str, str]) -> str:
    """Return the example's configuration for these nodes by division, each with the address of its metrics; nobody waits long for anything."""
    found = yaml.safe_load(shipped("deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
    watched = [{"targets": [target], "labels": {"division": division}} for division, target in nodes.items()]
    jobs = [job | {"scrape_interval": _INTERVAL, "scrape_timeout": _INTERVAL, "static_configs": watched} for job in found["scrape_configs"]]
    rules = [str(shipped("deploy/prometheus/alerts.yml"))]
    return json.dumps({"global": {"evaluation_interval": _INTERVAL}, "rule_files": rules, "scrape_configs": jobs}, indent=2)  # YAML, too


class Prometheus:
    """A Prometheus that runs. Made by `open_prometheus`."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self.url = url
        self._http = http

    async def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series of an expression now. Unavailable, with Prometheus' own words, where it has none to give."""
        found: list[dict[str, Any]] = (await self._get("/api/v1/query", query=expression))["result"]
        return found

    async def alerts(self) -> list[dict[str, Any]]:
        """Return the alerts that are pending or firing, but for the one that always is."""
        found: list[dict[str, Any]] = (await self._get("/api/v1/alerts"))["alerts"]
        return [one for one in found if one["labels"]["alertname"] != "Watchdog"]

    async def ready(self) -> bool:
        """Tell whether it answers queries."""
        try:
            return (await self._http.get(self.url + "/-/ready")).is_success
        except httpx.HTTPError:
            return False

    async def _get(self, path: str, **asked: str) -> Any:
        try:
            answer = (await self._http.get(self.url + path, params=asked)).json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"Prometheus does not answer at {self.url}: {type(error).__name__}") from error
        if answer["status"] != "success":
            raise Unavailable(f"Prometheus refuses {asked}: {answer['error']}")
        return answer["data"]


@asynccontextmanager
async def open_prometheus(program: str, folder: Path, nodes: Mapping[str, str]) -> AsyncIterator[Prometheus]:
    """Run Prometheus on loopback with its data under `folder` until this is left, or our process ends. Unavailable if it does not get ready."""
    log = _lay_out(folder, nodes)
    with reserved_ports(1) as (port,):
        options = [f"--web.listen-address=127.0.0.1:{port}", "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=warn"]
        process = await spawn([program, *options], folder=folder, log=log, environment={})
        try:
            async with httpx.AsyncClient(timeout=_HTTP_S) as http:
                prometheus = Prometheus(f"http://127.0.0.1:{port}", http)
                await _until_ready(prometheus, process, log)
                yield prometheus
        finally:
            await end(process, _STOP_S)


def _lay_out(folder: Path, nodes: Mapping[str, str]) -> Path:
    """Write the configuration; return the file that the process writes its words to."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prometheus.yml").write_text(config(nodes), encoding="utf-8")
    return folder / "prometheus.log"


async def _until_ready(prometheus: Prometheus, process: Process, log: Path) -> None:
    try:
        async with asyncio.timeout(_READY_S):
            while not await prometheus.ready():
                check_alive(process, "Prometheus", log)
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise Unavailable(f"Prometheus is not ready after {_READY_S:.0f} s: see {log}") from error
