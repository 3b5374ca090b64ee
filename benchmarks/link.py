"""`link`: what one link carries, against MirrorMaker 2: 200-byte records, the same ones, between the same brokers.

Both sides carry the same topic in turn. Ours runs inside transactions, exactly once, with its progress; the peer at least once. The
time runs from the moment the warm-up stands in the target until all does, as an independent client sees it; only the
carrying process's CPU counts. Afterwards the records in the target's log are counted.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import machine, mirror, show
from benchmarks.brokers import Closed, Pair, open_pair
from benchmarks.carry import keep_security, open_carrier
from benchmarks.records import PRODUCER, VALUE_BYTES, licences, stored, write
from benchmarks.result import Figures, Result, Round, Run, encode, result
from benchmarks.topics import Topics
from benchmarks.tune import TRIES, better, candidates, choose
from benchmarks.watch import Carrier, measured, watch
from node.errors import Unavailable

Codec = Literal["lz4", "none"]
Count = Annotated[int, Parameter(validator=Number(gte=1))]
TOPIC = "445102.government-services.licences"
PROGRESS = "445102.node.progress"
PARTITIONS = 2
GOALS = {"lz4": Figures(4, 25), "none": Figures(9, 36)}

_FOLDER = Path(__file__).parent.parent / ".run" / "benchmarks" / "link"
_TARGET = {"compression.type": "producer"}
_PROGRESS_PARTITIONS = 16


class Job(msgspec.Struct, frozen=True):
    """How many records are carried in a run, how many of them unmeasured before the others, and how they are compressed."""

    records: int
    warm_up: int
    codec: Codec

    @property
    def total(self) -> int:
        """All records of the source."""
        return self.records + self.warm_up


class Bench(msgspec.Struct, frozen=True):
    """Two clusters with a written source, on which either side can be run."""

    job: Job
    pair: Pair
    source: Topics
    target: Topics
    progress: Progress
    logins: Path | None = None
    """where the carrying process finds the logins of both clusters; without it they are open"""

    async def ours(self, label: str, *more: str, module: str = "benchmarks.carry") -> Run:
        """Carry everything with our lane, in the process of a module that takes the arguments of `carry`, and perhaps more."""
        self.target.make(PROGRESS, _PROGRESS_PARTITIONS, {"cleanup.policy": "compact"})
        pair, arguments = self.pair, [TOPIC, str(PARTITIONS), PROGRESS, *([] if self.logins is None else [str(self.logins)]), *more]
        carrier = open_carrier(pair.folder / f"{label}.log", pair.source.bootstrap, pair.target.bootstrap, *arguments, module=module)
        return await self._run(label, "ours", TOPIC, carrier)

    async def peer(self, label: str, setting: mirror.Setting) -> Run:
        """Carry everything with MirrorMaker 2."""
        pair = self.pair
        told = mirror.connector(
            setting,
            alias=label,
            source=pair.source.bootstrap,
            target=pair.target.bootstrap,
            topic=TOPIC,
            tasks=PARTITIONS,
            codec=self.job.codec,
        )
        carrier = mirror.open_mirror(pair.folder / label, pair.target.bootstrap, told)
        return await self._run(label, setting.name, f"{label}.{TOPIC}", carrier)

    async def _run(self, label: str, setting: str, topic: str, carrier: AbstractAsyncContextManager[Carrier]) -> Run:
        self.target.make(topic, PARTITIONS, _TARGET)
        bar = self.progress.add_task(f"{label} ({setting})", total=self.job.total)
        try:
            async with carrier as one:
                samples = await watch(
                    one,
                    self.pair.pids(),
                    lambda: self.target.stable(topic, PARTITIONS),
                    self.job.total,
                    lambda count: self.progress.update(bar, completed=min(count, self.job.total)),
                )
            self._verify(label, topic)
        finally:
            self.progress.remove_task(bar)
        self.target.remove([topic])
        run = measured(setting, samples, self.job.warm_up)
        self.progress.console.print(show.line(f"{label} ({setting})", run), soft_wrap=True)
        return run

    def _verify(self, label: str, topic: str) -> None:
        found = stored(self.pair.data(self.pair.target), topic)
        if found.records != self.job.total:
            raise Unavailable(f"{label}: {found.records} records stand in the target, {self.job.total} in the source")


@asynccontextmanager
async def open_bench(job: Job, console: Console, closed: Closed = "no") -> AsyncIterator[Bench]:
    """Run the clusters and write the source."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("brokers, records", total=job.total)
        async with open_pair(_FOLDER.with_name(f"link-{closed}"), closed=closed) as pair:
            logins = None if closed == "no" else pair.folder / "logins"
            if logins is not None:
                keep_security(logins, "source", pair.source)
                keep_security(logins, "target", pair.target)
            sides = [(one.bootstrap, one.librdkafka()) for one in (pair.source, pair.target)]
            source, target = (Topics(*side) for side in sides)
            bench = Bench(job, pair, source, target, progress, logins)
            bench.source.make(TOPIC, PARTITIONS, {})
            told = lambda count: progress.update(bar, completed=count)  # noqa: E731 - what hears of the records
            await write(pair.source.bootstrap, TOPIC, licences(), job.total, job.codec, told, pair.source.librdkafka())
            progress.remove_task(bar)
            yield bench


async def measure(job: Job, rounds: int, console: Console) -> Result:
    """Measure both sides in turn: before each run of the peer, with each of the kept settings, one of ours."""
    settings = [tried.setting for tried in mirror.kept().best]
    before = machine.describe()
    async with open_bench(job, console) as bench:
        # The brokers' Java compiles what it runs often: without this, whoever comes first pays for both.
        await bench.ours("unmeasured-ours")
        await bench.peer("unmeasured-peer", settings[0])
        done = [await _round(bench, number, settings) for number in range(1, rounds + 1)]
        what = _what(bench)
    return result(f"link-{job.codec}", ("exchange-node", "MirrorMaker 2"), done, what=what, machine=before, versions=machine.versions())


async def _round(bench: Bench, number: int, settings: Sequence[mirror.Setting]) -> Round:
    ours, peer = [], []
    for turn, setting in enumerate(settings, 1):
        ours.append(await bench.ours(f"ours-{number}-{turn}"))
        peer.append(await bench.peer(f"peer-{number}-{turn}", setting))
    return Round(ours, peer)


def _what(bench: Bench) -> dict[str, Any]:
    source = stored(bench.pair.data(bench.pair.source), TOPIC)
    producer = ", ".join(f"{key}={value}" for key, value in PRODUCER.items())
    return {
        "delivery": "exchange-node exactly once, inside transactions and with its progress; MirrorMaker 2 at least once, without",
        "records": f"{bench.job.records:,} measured after {bench.job.warm_up:,} unmeasured, {VALUE_BYTES} bytes each, keyed, "
        f"{PARTITIONS} partitions",
        "source": f"{source.batches:,} batches of {source.records / source.batches:,.0f} records and "
        f"{source.bytes / source.batches:,.0f} bytes on average; {bench.job.codec}; librdkafka with {producer}",
    }


async def tuned(job: Job, console: Console) -> mirror.Kept:
    """Try all candidates and return what is to be kept."""
    before = machine.describe()
    settings = list(candidates())
    tried: dict[str, mirror.Tried] = {}
    async with open_bench(job, console) as bench:
        await bench.peer("unmeasured", settings[0])
        for number, (_again, setting) in enumerate(product(range(TRIES), settings), 1):
            run = await bench.peer(f"try-{number}", setting)
            found = mirror.Tried(setting, round(run.per_s), round(run.per_cpu_s))
            tried[setting.name] = better(found, tried.get(setting.name, found))
        how = "; ".join(f"{name}: {value}" for name, value in _what(bench).items())
    best, others = choose(list(tried.values()))
    how = f"`python -m benchmarks link --tune`, the better of {TRIES} tries of each; {how}"
    return mirror.Kept(how, before, machine.versions(), best, others)


def link(
    *,
    json: Path | None = None,
    records: Count = 5_000_000,
    warm_up: Count = 500_000,
    rounds: Count = 3,
    codec: Codec = "lz4",
    tune: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """One link against MirrorMaker 2.

    Args:
        json: File for the figures.
        records: Records measured in each run.
        warm_up: Records carried unmeasured before them.
        rounds: How often both sides are measured: each time every kept setting of MirrorMaker 2, and ours before each.
        codec: Compression of the records.
        tune: Try settings of MirrorMaker 2 instead, and keep the best three for later runs.
    """
    console, job = Console(), Job(records, warm_up, codec)
    if tune:
        mirror.keep(asyncio.run(tuned(job, console)))
        console.print(f"{mirror.KEPT} is written")
        return
    found = asyncio.run(measure(job, rounds, console))
    show.tell(console, found, GOALS[codec])
    if json is not None:
        json.write_bytes(encode([found]))
