"""What a scrape of a node with many resources takes: how long over HTTP, how long the page is, and what it costs the node's CPU."""

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median, quantiles

import httpx
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import machine
from benchmarks.brokers import java_options
from benchmarks.telemetry_world import carried, fill, publish, resources, there
from node.bus.embedded import find_distribution
from node.bus.embedded.seed import prepare as prepare_brokers
from node.demo.story import prepare
from node.demo.world import DISTRICT, World, open_world
from node.model.names import Topic

SCRAPE_S = 15.0
"""Prometheus' usual interval."""
_PAUSE_S = 0.1
_HEAP = "-Xmx1g"
"""Of an embedded broker's 256 MiB three thousand partitions leave it nothing to work with."""
_SETTINGS = {"broker.session.timeout.ms": "120000"}
"""A small broker that makes some thousand topics is late with its heartbeats; the controller would take all their leaders away, again and again."""
_PERCENTILES = 20


class Scrapes(msgspec.Struct, frozen=True, kw_only=True):
    """Scrapes one after the other; times in seconds, `cpu_s` that of the node for one."""

    name: str
    count: int
    median_s: float
    p95_s: float
    worst_s: float
    cpu_s: float
    bytes: int
    lines: int


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found; the shares are those of one core that the node took."""

    scrapes: list[Scrapes]
    idle_share: float
    scraped_share: float
    """the same, scraped every SCRAPE_S"""
    filled_s: float
    """for resources and grants"""
    flowed_s: float
    """from then until all topics were there and the first records had come through"""


def emptied(folder: Path) -> Path:
    """Return a folder without what an earlier run left in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


async def measure(count: int, grants: int, scrapes: int, *, idle_s: float, folder: Path, console: Console) -> Page:
    """Fill a world with so many resources, some of them granted, and measure its node's page, at rest and while records move."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    topics = resources(count)
    await prepare_brokers(find_distribution())  # whose archive of classes is shared with the demo and the tests
    async with AsyncExitStack() as stack:
        with java_options(_HEAP):
            world = await stack.enter_async_context(open_world(folder, _SETTINGS))
        with Progress(*columns, console=console, transient=True) as progress:
            await prepare(world)
            began = time.monotonic()
            await fill(world, topics, topics[:grants], progress)
            filled = time.monotonic()
            await there(world, topics, topics[:grants], progress)
            await publish(world, topics)
            await carried(world, count + grants, progress)
            flowed = time.monotonic()
            found = [await scrape(world, "at rest", scrapes)]
            idle = await share(world, idle_s, scraped=False)
            scraped = await share(world, idle_s, scraped=True)
            async with busy(world, topics):
                found.append(await scrape(world, "while records move", scrapes))
    return Page(scrapes=found, idle_share=idle, scraped_share=scraped, filled_s=filled - began, flowed_s=flowed - filled)


async def scrape(world: World, name: str, count: int) -> Scrapes:
    """Scrape so often, with a pause after each, and tell what one takes."""
    node, took, page = world.nodes[DISTRICT], list[float](), b""
    cpu_s = 0.0
    async with httpx.AsyncClient(timeout=60) as http:
        for _ in range(count):
            began, before = time.perf_counter(), machine.cpu_s(node.pid)
            page = (await http.get(node.probes_url + "/metrics")).raise_for_status().content
            took.append(time.perf_counter() - began)
            cpu_s += machine.cpu_s(node.pid) - before
            await asyncio.sleep(_PAUSE_S)
    p95 = quantiles(took, n=_PERCENTILES)[-1] if count > 1 else took[0]
    return Scrapes(
        name=name,
        count=count,
        median_s=median(took),
        p95_s=p95,
        worst_s=max(took),
        cpu_s=cpu_s / count,
        bytes=len(page),
        lines=page.count(b"\n"),
    )


@asynccontextmanager
async def busy(world: World, topics: Sequence[Topic]) -> AsyncIterator[None]:
    """Publish a round of records again and again while this is open."""

    async def go_on() -> None:
        while True:
            await publish(world, topics)
            await asyncio.sleep(1.0)

    task = asyncio.create_task(go_on())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def share(world: World, seconds: float, *, scraped: bool) -> float:
    """Return what share of a core the node takes with nothing to carry."""
    node = world.nodes[DISTRICT]
    before, began = machine.cpu_s(node.pid), time.monotonic()
    async with httpx.AsyncClient(timeout=60) as http:
        while (left := began + seconds - time.monotonic()) > 0:
            if scraped:
                (await http.get(node.probes_url + "/metrics")).raise_for_status()
            await asyncio.sleep(min(left, SCRAPE_S))
    return (machine.cpu_s(node.pid) - before) / (time.monotonic() - began)
