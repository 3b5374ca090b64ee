"""`gate`: what one gate checks, against a loop of aiokafka and fastavro that does the same work: the same records, the same broker.

Records of eight flat fields with three rules, lz4. Once all of them pass (ours sends their batches on as they came), once each batch has
some that do not (ours rebuilds it). The peer is some fifty times slower, so it gets fewer records of the same kind.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import machine, show
from benchmarks.brokers import open_single
from benchmarks.carry import open_carrier
from benchmarks.flat import people
from benchmarks.records import PRODUCER, stored, write
from benchmarks.result import Figures, Result, Round, Run, encode, result
from benchmarks.topics import Topics
from benchmarks.watch import Carrier, measured, watch
from node.bus.embedded import Cluster
from node.errors import Unavailable
from node.model.names import Topic, inbox_topic, quarantine_topic

Count = Annotated[int, Parameter(validator=Number(gte=1))]
PARTITIONS = 2
PROGRESS = "445102.node.progress"
GOALS = {"gate-raw": Figures(1, 40), "gate-rebuilt": Figures(1, 20)}
WRONG_EVERY = {"gate-raw": 0, "gate-rebuilt": 100}

_FOLDER = Path(__file__).parent.parent / ".run" / "benchmarks" / "gate"
_OURS, _PEER = Topic("445102.public-security.people"), Topic("445102.public-security.people-few")
_PROGRESS_PARTITIONS = 16
_WARM_UP_SHARE = 10
_SETTINGS = {"compression.type": "producer"}


class Bench(msgspec.Struct, frozen=True):
    """A cluster with two written inboxes, one for each side."""

    cluster: Cluster
    topics: Topics
    folder: Path
    progress: Progress
    counts: dict[Topic, int]

    async def ours(self, label: str) -> Run:
        """Check the large inbox with our gate."""
        self.topics.make(PROGRESS, _PROGRESS_PARTITIONS, {"cleanup.policy": "compact"})
        arguments = self.cluster.bootstrap, _OURS, str(PARTITIONS), PROGRESS
        return await self._run(label, "ours", _OURS, "benchmarks.gate_carry", *arguments)

    async def peer(self, label: str) -> Run:
        """Check the small inbox with the loop."""
        self.topics.forget_group("benchmark")
        return await self._run(label, "loop", _PEER, "benchmarks.gate_loop", self.cluster.bootstrap, _PEER, str(PARTITIONS))

    async def _run(self, label: str, setting: str, resource: Topic, module: str, *arguments: str) -> Run:
        targets, total = (resource, quarantine_topic(resource)), self.counts[resource]
        for topic in targets:
            self.topics.make(topic, PARTITIONS, _SETTINGS)
        carrier: AbstractAsyncContextManager[Carrier] = open_carrier(self.folder / f"{label}.log", *arguments, module=module)
        bar = self.progress.add_task(label, total=total)
        try:
            async with carrier as one:
                samples = await watch(
                    one,
                    [self.cluster.pid(number) for number in self.cluster.brokers],
                    lambda: sum(self.topics.stable(topic, PARTITIONS) for topic in targets),
                    total,
                    lambda count: self.progress.update(bar, completed=min(count, total)),
                )
            data = self.cluster.log(1).parent / "data"
            found = [stored(data, topic).records for topic in targets]
        finally:
            self.progress.remove_task(bar)
        self.topics.remove(targets)
        if sum(found) != total:
            raise Unavailable(f"{label}: {found} records stand in resource and quarantine, {total} in the inbox")
        run = measured(setting, samples, total // _WARM_UP_SHARE)
        self.progress.console.print(show.line(f"{label}: {found[0]:,} passed, {found[1]:,} refused", run), soft_wrap=True)
        return run


@asynccontextmanager
async def open_bench(case: str, counts: dict[Topic, int], console: Console) -> AsyncIterator[Bench]:
    """Run the cluster and write both inboxes."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("broker, records", total=sum(counts.values()))
        async with open_single(_FOLDER) as cluster:
            bench = Bench(cluster, Topics(cluster.bootstrap), _FOLDER, progress, counts)
            content, before = people(WRONG_EVERY[case]), 0

            def told(sent: int) -> None:
                progress.update(bar, completed=before + sent)

            for resource, count in counts.items():
                inbox = inbox_topic(resource)
                bench.topics.make(inbox, PARTITIONS, {"message.timestamp.type": "LogAppendTime"})
                await write(cluster.bootstrap, inbox, content, count, "lz4", told)
                before += count
            progress.remove_task(bar)
            yield bench


async def measure(case: str, counts: dict[Topic, int], rounds: int, console: Console) -> Result:
    """Measure both sides in turn, after a run of each that does not count: the broker's Java compiles what it runs often."""
    before = machine.describe()
    async with open_bench(case, counts, console) as bench:
        await bench.ours("unmeasured-ours")
        await bench.peer("unmeasured-peer")
        done = [Round([await bench.ours(f"ours-{number}")], [await bench.peer(f"peer-{number}")]) for number in range(1, rounds + 1)]
        what = _what(bench, case)
    return result(case, ("exchange-node", "aiokafka + fastavro"), done, what=what, machine=before, versions=machine.versions())


def _what(bench: Bench, case: str) -> dict[str, Any]:
    source = stored(bench.cluster.log(1).parent / "data", inbox_topic(_OURS))
    share = WRONG_EVERY[case]
    return {
        "delivery": "both exactly once: records, quarantine and position in one transaction",
        "records": f"{bench.counts[_OURS]:,} for ours, {bench.counts[_PEER]:,} for the loop, the first tenth unmeasured; eight flat fields, "
        f"three rules, keyed, {PARTITIONS} partitions; " + (f"one in {share} is refused" if share else "all pass"),
        "source": f"{source.batches:,} batches of {source.records / source.batches:,.0f} records and "
        f"{source.bytes / source.batches:,.0f} bytes on average; lz4; librdkafka with "
        + ", ".join(f"{key}={value}" for key, value in PRODUCER.items()),
    }


def gate(*, json: Path | None = None, records: Count = 4_000_000, peer_records: Count = 200_000, rounds: Count = 3) -> None:
    """The gate against a loop of aiokafka and fastavro.

    Args:
        json: File for the figures.
        records: Records that our gate checks in each run.
        peer_records: Records that the loop checks in each run.
        rounds: How often both sides are measured.
    """
    console, found = Console(), []
    for case, goal in GOALS.items():
        found.append(asyncio.run(measure(case, {_OURS: records, _PEER: peer_records}, rounds, console)))
        show.tell(console, found[-1], goal)
    if json is not None:
        json.write_bytes(encode(found))
