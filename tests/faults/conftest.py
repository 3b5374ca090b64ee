"""One tree of three clusters and three nodes for all fault tests; whatever a test broke is whole again after it."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from node.demo.story import prepare
from node.demo.world import DISTRICT, TREE, World, open_world
from tests.faults.flow import Face

_SETTINGS = {"transaction.abort.timed.out.transaction.cleanup.interval.ms": "500"}
"""A coordinator looks for transactions past their time-out every 10 s by default: a paused node's test would wait for it."""


@pytest.fixture(scope="session")
async def shared_world(work_folder: Path) -> AsyncIterator[World]:
    """Open the demo's world, with the demo's divisions, departments, resources and grants in its books."""
    folder = work_folder / "faults"
    folder.mkdir()
    async with open_world(folder, _SETTINGS) as world:
        await prepare(world)
        yield world


@pytest.fixture
async def world(shared_world: World) -> AsyncIterator[World]:
    """Give a whole world to a test and make it whole after it."""
    yield shared_world
    for code in TREE:
        cluster = shared_world.clusters[code]
        if not Path(f"/proc/{cluster.pid(1)}").exists():
            await cluster.start(1)
        os.kill(cluster.pid(1), signal.SIGCONT)
        if code != DISTRICT:
            assert cluster.cable is not None
            cluster.cable.mend()
    for node in shared_world.nodes.values():
        if Path(f"/proc/{node.pid}").exists():
            os.kill(node.pid, signal.SIGCONT)
        else:
            await node.start()
    for node in shared_world.nodes.values():
        await Face(node).until_ready()
