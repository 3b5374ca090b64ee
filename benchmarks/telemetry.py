"""`telemetry`: what the metrics cost. A page of a node with many resources, and the counting beside a link at full speed. It has no peer but goals.

*page*: a federation as that of the demo, in which the district's node has so many resources, each with a gate, and some with a grant to the city, so that
every series of theirs exists. *link*: the raw link of `link`, whose process times what its metrics take (`telemetry_carry`). That share is the figure, for it
does not depend on what else the machine does; as a cross-check links with and without metrics are measured in turn.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Annotated

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console

from benchmarks import machine, show, telemetry_page
from benchmarks.bench import FOLDER, Count
from benchmarks.link import Job, open_bench
from benchmarks.result import Figure, Held, Round, encode, result
from benchmarks.telemetry_carry import Cost
from benchmarks.telemetry_page import Page, emptied

PAGE_MS, LINK_PERCENT = 100, 1
"""The goals: a page of 1,000 resources over HTTP, and what metrics take of the link's CPU."""
_MODULE = "benchmarks.telemetry_carry"


def page_figures(page: Page) -> list[Figure]:
    """Return what was found of the page; the goal is for a page at rest."""
    found = []
    for one in page.scrapes:
        goal = PAGE_MS if one is page.scrapes[0] else None
        found += [
            Figure(name=f"page {one.name}, median", value=one.median_s * 1000, unit="ms", goal=goal),
            Figure(name=f"page {one.name}, 95th percentile", value=one.p95_s * 1000, unit="ms"),
            Figure(name=f"page {one.name}, worst", value=one.worst_s * 1000, unit="ms"),
        ]
    rest = page.scrapes[0]
    return [
        *found,
        Figure(name="CPU of the node for a page at rest", value=rest.cpu_s * 1000, unit="ms"),
        Figure(name="bytes of a page", value=rest.bytes, unit=""),
        Figure(name="lines of a page", value=rest.lines, unit=""),
        Figure(name="idle node, of a core", value=100 * page.idle_share, unit="%"),
        Figure(name=f"idle node, scraped every {telemetry_page.SCRAPE_S:.0f} s", value=100 * page.scraped_share, unit="%"),
    ]


async def of_page(count: int, grants: int, scrapes: int, idle_s: float, console: Console) -> Held:
    """Measure the page."""
    before = machine.describe()
    page = await telemetry_page.measure(count, grants, scrapes, idle_s=idle_s, folder=emptied(FOLDER / "telemetry"), console=console)
    what = {
        "node": f"{count:,} resources, each with a gate, {grants:,} of them granted to the level above; {scrapes} scrapes over HTTP",
        "set-up": f"{page.filled_s:.0f} s for resources and grants, {page.flowed_s:.0f} s until their topics were there and records had come through",
    }
    return Held(id="telemetry-page", figures=page_figures(page), runs=[page], what=what, machine=before, versions=machine.versions())


def link_figures(costs: Sequence[Cost], rounds: Sequence[Round]) -> list[Figure]:
    """Return what was found beside the link: the share, its parts, and how links with and without metrics compare."""
    both = result("telemetry-link", ("with", "without"), rounds, what={}, machine=machine.describe(), versions={})
    ratio, (least, greatest) = both.ratio.records_per_cpu_s, both.spread.records_per_cpu_s
    each_ms = [1000 * cost.showing_s / max(cost.scrapes, 1) for cost in costs]
    return [
        Figure(
            name="metrics with a page every second, of the link's CPU",
            value=median(100 * cost.share for cost in costs),
            unit="%",
            goal=LINK_PERCENT,
        ),
        Figure(name="least", value=min(100 * cost.share for cost in costs), unit="%"),
        Figure(name="greatest", value=max(100 * cost.share for cost in costs), unit="%"),
        Figure(name="counting of a commit", value=median(1e6 * cost.counting_s / cost.commits for cost in costs), unit="µs"),
        Figure(name="page", value=median(each_ms), unit="ms"),
        Figure(
            name=f"the same with a page every {telemetry_page.SCRAPE_S:.0f} s",
            value=median(100 * cost.share_of(telemetry_page.SCRAPE_S) for cost in costs),
            unit="%",
        ),
        Figure(name="records/CPU s, with metrics against without", value=ratio, unit="×"),
        Figure(name="least", value=least, unit="×"),
        Figure(name="greatest", value=greatest, unit="×"),
    ]


async def of_link(job: Job, rounds: int, console: Console) -> Held:
    """Measure links with and without metrics in turn."""
    before, costs, done = machine.describe(), list[Cost](), list[Round]()
    async with open_bench(job, console) as bench:
        await bench.ours("unmeasured", module=_MODULE)
        for number in range(1, rounds + 1):
            file = bench.pair.folder / f"cost-{number}.json"
            ours = await bench.ours(f"with-{number}", str(job.warm_up), str(file), module=_MODULE)
            costs.append(msgspec.json.decode(file.read_bytes(), type=Cost))
            console.print(f"with-{number}: metrics took {costs[-1].share:.2%} of the process's CPU")
            done.append(Round([ours], [await bench.ours(f"without-{number}", module=_MODULE)]))
    what = {"records": f"{job.records:,} measured after {job.warm_up:,} unmeasured, {job.codec}; a page is made every second"}
    figures = link_figures(costs, done)
    return Held(id="telemetry-link", figures=figures, runs=[costs, done], what=what, machine=before, versions=machine.versions())


def telemetry(
    *,
    json: Path | None = None,
    resources: Count = 1_000,
    grants: Annotated[int, Parameter(validator=Number(gte=0))] = 100,
    scrapes: Count = 50,
    idle_s: Annotated[float, Parameter(name="--idle-s")] = 60.0,
    records: Count = 6_000_000,
    warm_up: Count = 500_000,
    rounds: Count = 3,
) -> None:
    """What the metrics cost: a page of 1,000 resources, and the counting beside a link.

    For example: `python -m benchmarks telemetry --resources 100 --rounds 1 --json telemetry.json`

    Args:
        json: File for the figures.
        resources: Resources of the node whose page is asked for.
        grants: How many of them are granted to the level above: each is a flow of the link too, and takes three commands.
        scrapes: How often it is asked for, at rest and while records move.
        idle_s: For how long (s) the idle node is measured, with and without scrapes.
        records: Records measured in each run of the link.
        warm_up: Records carried unmeasured before them.
        rounds: How often links with and without metrics are measured.
    """
    console = Console()
    found = [
        asyncio.run(of_page(resources, min(grants, resources), scrapes, idle_s, console)),
        asyncio.run(of_link(Job(records, warm_up, "lz4"), rounds, console)),
    ]
    for one in found:
        show.tell_held(console, one)
    if json is not None:
        json.write_bytes(encode(found))
