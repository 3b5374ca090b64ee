"""What the benchmarks of gate and views share: one cluster, and processes that work from topics of it into others, watched from outside."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import show
from benchmarks.brokers import open_single
from benchmarks.carry import open_carrier
from benchmarks.loop import GROUP
from benchmarks.records import PRODUCER, stored, write
from benchmarks.result import Run
from benchmarks.topics import Topics
from benchmarks.watch import measured, watch
from node.bus.embedded import Cluster
from node.errors import Unavailable
from node.model.names import Topic

Count = Annotated[int, Parameter(validator=Number(gte=1))]
PARTITIONS = 2
PROGRESS = "445102.node.progress"
FOLDER = Path(__file__).parent.parent / ".run" / "benchmarks"

_PROGRESS_PARTITIONS = 16
_WARM_UP_SHARE = 10
_SETTINGS = {"compression.type": "producer"}


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What a process is to do: the module that it runs with arguments, how many records it reads, and how many of them are to stand where."""

    module: str
    arguments: tuple[str, ...]
    read: int
    written: dict[Topic, int]

    @property
    def total(self) -> int:
        """All records that are to be written."""
        return sum(self.written.values())


class Bench(msgspec.Struct, frozen=True):
    """A cluster on which one process after the other works."""

    cluster: Cluster
    topics: Topics
    folder: Path
    progress: Progress

    async def write(self, topic: Topic, content: Sequence[tuple[bytes, bytes]], count: int, **settings: str) -> None:
        """Fill a topic: `count` records, those of `content` in turn, lz4, in librdkafka's batches."""
        self.topics.make(topic, PARTITIONS, {name.replace("_", "."): value for name, value in settings.items()})
        bar = self.progress.add_task(f"records of {topic}", total=count)
        await write(self.cluster.bootstrap, topic, content, count, "lz4", lambda sent: self.progress.update(bar, completed=sent))
        self.progress.remove_task(bar)

    async def run(self, label: str, setting: str, work: Work) -> Run:
        """Let a process begin at the beginning, and measure it behind its first tenth, by the records that it has read.

        Unavailable if other records stand there in the end than have to.
        """
        self.topics.make(PROGRESS, _PROGRESS_PARTITIONS, {"cleanup.policy": "compact"})
        self.topics.forget_group(GROUP)
        for topic in work.written:
            self.topics.make(topic, PARTITIONS, _SETTINGS)
        carrier = open_carrier(self.folder / f"{label}.log", self.cluster.bootstrap, *work.arguments, module=work.module)
        bar = self.progress.add_task(label, total=work.total)
        try:
            async with carrier as one:
                samples = await watch(
                    one,
                    [self.cluster.pid(number) for number in self.cluster.brokers],
                    lambda: sum(self.topics.stable(topic, PARTITIONS) for topic in work.written),
                    work.total,
                    lambda count: self.progress.update(bar, completed=min(count, work.total)),
                )
            found = {topic: stored(self._data, topic).records for topic in work.written}
        finally:
            self.progress.remove_task(bar)
        self.topics.remove(work.written)
        if found != work.written:
            raise Unavailable(f"{label}: {found} records stand in the targets; it should be {work.written}")
        run = of_all_read(measured(setting, samples, work.total // _WARM_UP_SHARE), work)
        self.progress.console.print(
            show.line(f"{label}: {setting}, {', '.join(f'{one:,}' for one in found.values())} written", run), soft_wrap=True
        )
        return run

    @property
    def _data(self) -> Path:
        return self.cluster.log(1).parent / "data"

    def batches(self, topic: Topic) -> str:
        """Say what a topic's batches are like."""
        found = stored(self._data, topic)
        return (
            f"{found.batches:,} batches of {found.records / found.batches:,.0f} records and {found.bytes / found.batches:,.0f} bytes "
            "on average; lz4; librdkafka with " + ", ".join(f"{key}={value}" for key, value in PRODUCER.items())
        )


def of_all_read(run: Run, work: Work) -> Run:
    """Return a run that counts the records that were read, by the known share of those that were written."""
    return msgspec.structs.replace(run, records=round(run.records * work.read / work.total))


@asynccontextmanager
async def open_bench(name: str, console: Console) -> AsyncIterator[Bench]:
    """Run the cluster of a benchmark."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        async with open_single(FOLDER / name) as cluster:
            yield Bench(cluster, Topics(cluster.bootstrap), FOLDER / name, progress)
