"""Brokers for the tests: embedded ones unless NODE_TEST_KAFKA says `docker` or names given brokers, `host:port,host:port`.

Each address of NODE_TEST_KAFKA is a cluster of its own: the first is the source and the second the target. Tests that kill
brokers or cut cables open embedded clusters themselves, whatever NODE_TEST_KAFKA says.
"""

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.bus.embedded import kafka_version, open_cluster
from node.bus.embedded.ports import reserved_ports
from node.bus.embedded.readiness import await_ready
from node.bus.embedded.settings import HOST, Seat, properties
from node.bus.security import Security, Way

_HERE = Path(__file__).parent
_RUN = _HERE.parent / ".run" / "tests"
_SHARED = {"kafka", "kafka_pair"}
_WORLDS = {"faults", "demo", "embedded", "setup"}
"""Folders whose tests open worlds or clusters of their own."""
NO_DATA = Path(os.devnull)
"""The data folder of nodes that keep nothing on disk: nothing can be made in it."""


def data_folder(code: str) -> Path:
    """Return the data folder of a division's node in this run: where a node is started again it finds its key."""
    return _RUN / str(os.getpid()) / f"data-{code}"


class Kafka(msgspec.Struct, frozen=True):
    """A cluster that tests share; whoever uses it makes topics of its own (`topic_name`)."""

    bootstrap: str
    security: Security = Security()
    """with which to log in as one who may do everything"""

    @property
    def way(self) -> Way:
        """Both together."""
        return Way(self.bootstrap, self.security)

    def librdkafka(self) -> dict[str, Any]:
        """Return what a client of librdkafka needs to get in."""
        return dict(self.way.librdkafka())

    def aiokafka(self) -> dict[str, Any]:
        """Return what a client of aiokafka needs to get in."""
        return {"bootstrap_servers": self.bootstrap, **self.security.aiokafka()}


class KafkaPair(msgspec.Struct, frozen=True):
    """Two clusters, for what moves from one to the other."""

    source: Kafka
    target: Kafka


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whatever asks for a shared broker, and what brings clusters of its own: `make test` runs these apart, beside what needs none."""
    for item in items:
        if _SHARED & set(getattr(item, "fixturenames", ())):
            item.add_marker("kafka")
        if _WORLDS & set(item.path.relative_to(_HERE).parts):
            item.add_marker("world")


@pytest.fixture(scope="session")
def work_folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Give this run a folder of its own under .run/tests; it is kept until the next run if a test failed."""
    _RUN.mkdir(parents=True, exist_ok=True)
    for left in _RUN.iterdir():
        if left.name.isdigit() and not Path("/proc", left.name).exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = _RUN / str(os.getpid())
    folder.mkdir()
    yield folder
    if request.session.testsfailed == 0:
        shutil.rmtree(folder)


@pytest.fixture
def cluster_folder(work_folder: Path, request: pytest.FixtureRequest) -> Path:
    """Return a folder for the clusters of one test; it does not exist yet."""
    return work_folder / str(request.node.name)


@pytest.fixture(scope="session")
async def kafka(work_folder: Path) -> AsyncIterator[Kafka]:
    """One cluster of one broker, shared by the whole session."""
    async with _cluster(work_folder / "kafka", 0) as one:
        yield one


@pytest.fixture(scope="session")
async def kafka_pair(kafka: Kafka, work_folder: Path) -> AsyncIterator[KafkaPair]:
    """Two clusters of one broker each, shared by the whole session; the source is `kafka`."""
    async with _cluster(work_folder / "kafka-target", 1) as target:
        yield KafkaPair(kafka, target)


@pytest.fixture(scope="session")
def topic_name() -> Callable[[], str]:
    """Return a maker of names of resources that no other test and no earlier run has used."""
    run, numbers = os.urandom(4).hex(), itertools.count(1)
    return lambda: f"445102.test.t{run}-{next(numbers)}"


@asynccontextmanager
async def _cluster(folder: Path, which: int) -> AsyncIterator[Kafka]:
    asked = os.environ.get("NODE_TEST_KAFKA", "")
    async with AsyncExitStack() as stack:
        if asked == "docker":
            yield await stack.enter_async_context(_container(folder))
        elif asked:
            given = asked.split(",")
            if which >= len(given):
                pytest.skip("NODE_TEST_KAFKA names one cluster, this test needs two")
            yield Kafka(given[which])
        else:
            cluster = await stack.enter_async_context(open_cluster(folder))
            yield Kafka(cluster.bootstrap, cluster.security)


@asynccontextmanager
async def _container(folder: Path) -> AsyncIterator[Kafka]:
    """Run the image of the pinned release with the settings of an embedded broker, on this host's own loopback."""
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 -- slow to import, and seldom asked for

    with reserved_ports(2) as (local, controller):
        seat = Seat(node_id=1, local=local, controller=controller)
    container = DockerContainer(f"apache/kafka:{kafka_version()}").with_kwargs(network_mode="host")
    for key, value in properties(seat, [seat]).items():
        if key != "log.dirs":
            container.with_env(f"KAFKA_{key.upper().replace('.', '_')}", value)
    await asyncio.to_thread(container.start)
    try:
        await await_ready({1: local}, lambda: None, folder, Security())
        yield Kafka(f"{HOST}:{local}")
    finally:
        await asyncio.to_thread(container.stop)
