"""A node that runs while it is asked for, and the settings of two that are linked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from node.model.keys import fingerprint
from node.model.names import Division
from node.runtime import Node, NodeSettings, run_node
from node.runtime.keys import node_key
from node.telemetry import Metrics
from tests.conftest import KafkaPair


@asynccontextmanager
async def running(settings: NodeSettings, within_s: float = 10) -> AsyncIterator[Node]:
    """Run a node; when it is left it has to end within a time."""
    node = Node(settings, Metrics())
    task = asyncio.create_task(run_node(node))
    try:
        yield node
    finally:
        node.stopping.set()
        async with asyncio.timeout(within_s):
            await task


def linked(pair: KafkaPair, folder: Path, parent: Division, child: Division) -> tuple[NodeSettings, NodeSettings]:
    """Return the settings of a parent, on the target, and of its child, on the source, with their data in `parent` and `child`."""
    above, below = pair.target, pair.source
    root = fingerprint(node_key(folder / "parent").key)
    upper = NodeSettings(division=parent, bootstrap=above.bootstrap, security=above.security, replication=1, data_dir=folder / "parent")
    lower = NodeSettings(
        division=child,
        bootstrap=below.bootstrap,
        security=below.security,
        replication=1,
        data_dir=folder / "child",
        parent=parent,
        parent_bootstrap=above.bootstrap,
        parent_security=above.security,
        root=root,
    )
    return upper, lower
