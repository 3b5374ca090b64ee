"""`security`: what a login, and a login over TLS, cost the raw link: ours against ours, on clusters that differ in nothing else.

Three pairs of clusters stand side by side: open, with SASL SCRAM-SHA-512 and ACLs, with the same over TLS. Each round measures all three in turn.
"""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console

from benchmarks import machine, show
from benchmarks.brokers import Closed
from benchmarks.link import Bench, Codec, Count, Job, open_bench
from benchmarks.result import Figures, Result, Round, encode, result

GOALS = {"sasl": Figures(0.95, 0.95), "tls": Figures(0, 0)}
"""SASL costs nothing that can be measured; TLS costs what it costs."""
_NAMES = {"sasl": "SASL SCRAM-SHA-512", "tls": "SASL over TLS"}


async def measure(job: Job, rounds: int, console: Console) -> list[Result]:
    """Measure all three in turn, the open one before each of the others."""
    before = machine.describe()
    done: dict[Closed, list[Round]] = {"sasl": [], "tls": []}
    async with AsyncExitStack() as stack:
        kinds: tuple[Closed, ...] = ("no", "sasl", "tls")
        benches: dict[Closed, Bench] = {closed: await stack.enter_async_context(open_bench(job, console, closed)) for closed in kinds}
        for closed in kinds:
            await benches[closed].ours(f"unmeasured-{closed}")
        for number in range(1, rounds + 1):
            for closed, found in done.items():
                peer = await benches["no"].ours(f"open-{number}-{closed}")
                found.append(Round([await benches[closed].ours(f"{closed}-{number}")], [peer]))
    what = {"records": f"{job.records:,} measured after {job.warm_up:,} unmeasured, {job.codec}", "both": "exchange-node, exactly once"}
    versions = machine.versions()
    return [
        result(f"link-{closed}", (_NAMES[closed], "open"), found, what=what, machine=before, versions=versions)
        for closed, found in done.items()
    ]


def security(
    *, json: Path | None = None, records: Count = 3_000_000, warm_up: Count = 500_000, rounds: Count = 5, codec: Codec = "lz4"
) -> None:
    """The raw link over SASL and over TLS against the same link on open clusters.

    Args:
        json: File for the figures.
        records: Records measured in each run.
        warm_up: Records carried unmeasured before them.
        rounds: How often each is measured.
        codec: Compression of the records.
    """
    console = Console()
    found = asyncio.run(measure(Job(records, warm_up, codec), rounds, console))
    for one in found:
        show.tell(console, one, GOALS[one.id.removeprefix("link-")])
    if json is not None:
        json.write_bytes(encode(found))
