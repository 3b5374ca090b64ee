"""The two clusters of a benchmark, one broker each, started with the Java options of Kafka's own kafka-server-start.sh."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from node.bus.embedded import Cluster, find_distribution, open_cluster
from node.bus.embedded.seed import prepare

KAFKA_JAVA = (
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-Djava.awt.headless=true",
)
"""KAFKA_JVM_PERFORMANCE_OPTS of kafka-run-class.sh, by which brokers and MirrorMaker 2 alike are started."""
BROKER_JAVA = ("-Xms1g", "-Xmx1g", *KAFKA_JAVA)
"""With the heap of kafka-server-start.sh."""

_UNDONE = ("-XX:-UseSerialGC", "-XX:TieredStopAtLevel=4")
"""What makes an embedded broker small would make it slow: the full compiler comes back, and G1 is the only collector."""
_JAVA_VARIABLE = "_JAVA_OPTIONS"
"""HotSpot reads it after the command line, so what it says holds."""

_SETTINGS = {
    # Topics of earlier runs leave the disk at once, not a minute into the next measurement.
    "log.segment.delete.delay.ms": "1000",
}


class Pair(msgspec.Struct, frozen=True):
    """Where records come from and where they go."""

    source: Cluster
    target: Cluster
    folder: Path

    def pids(self) -> list[int]:
        """Return the process ids of all brokers."""
        return [cluster.pid(one) for cluster in (self.source, self.target) for one in cluster.brokers]

    @staticmethod
    def data(cluster: Cluster) -> Path:
        """Return the folder in which a cluster's broker keeps its logs."""
        return cluster.log(1).parent / "data"


Closed = Literal["sasl", "tls", "no"]
"""Who is let in. Open by default: what is compared is to differ in nothing but who carries."""


@asynccontextmanager
async def open_pair(folder: Path, *, closed: Closed = "no") -> AsyncIterator[Pair]:
    """Run both clusters with their data under `folder`, which is empty at the start and gone at the end of what succeeds.

    Where they are closed, each one's `security` lets a client in. ConfigError if Java or Kafka's jars are missing, Unavailable if a broker does not come up.
    """
    shutil.rmtree(folder, ignore_errors=True)
    # Made before the options change: the archive of classes is shared with the demo and the tests.
    await prepare(find_distribution())
    async with AsyncExitStack() as stack:
        with java_options(*_UNDONE, *BROKER_JAVA):
            source = await stack.enter_async_context(open_cluster(folder / "source", settings=_SETTINGS, closed=closed))
            target = await stack.enter_async_context(open_cluster(folder / "target", settings=_SETTINGS, closed=closed))
        yield Pair(source, target, folder)
    shutil.rmtree(folder)


@asynccontextmanager
async def open_single(folder: Path, *, closed: Closed = "no") -> AsyncIterator[Cluster]:
    """Run one cluster in the same way."""
    shutil.rmtree(folder, ignore_errors=True)
    await prepare(find_distribution())
    async with AsyncExitStack() as stack:
        with java_options(*_UNDONE, *BROKER_JAVA):
            cluster = await stack.enter_async_context(open_cluster(folder / "only", settings=_SETTINGS, closed=closed))
        yield cluster
    shutil.rmtree(folder)


@contextmanager
def java_options(*options: str) -> Iterator[None]:
    """Let every Java that is started inside have these options too."""
    before = os.environ.get(_JAVA_VARIABLE)
    os.environ[_JAVA_VARIABLE] = " ".join(options)
    try:
        yield
    finally:
        del os.environ[_JAVA_VARIABLE]
        if before is not None:
            os.environ[_JAVA_VARIABLE] = before
