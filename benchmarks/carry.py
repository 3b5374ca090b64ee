"""Our side of `link`: a process that carries one topic from one cluster to another, inside transactions, until SIGTERM.

`python -m benchmarks.carry SOURCE TARGET TOPIC PARTITIONS PROGRESS_TOPIC [LOGINS]`: bootstrap addresses, names, then the folder with the logins of both. It is the lane of a node
without the node: book, HTTP and the lane down would cost next to nothing while this one works.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.watch import Carrier
from node.bus.client import open_client
from node.bus.embedded import Cluster
from node.bus.embedded.process import end, spawn
from node.bus.passwords import write_login
from node.bus.security import Security, secured
from node.model.limits import STOP_S
from node.model.names import Topic
from node.runtime.lane import Lane, LaneSpec, open_lane
from node.telemetry import Metrics, configure
from node.transform import Care

NODE = "445102"
LANE = "link-up"
_ROOT = Path(__file__).parent.parent
_GRACE_S = STOP_S + 2.0
"""A lane ends within STOP_S; the rest is for the interpreter."""


async def carry(
    source: str,
    target: str,
    route: tuple[str, int],
    progress: str,
    logins: Path | None = None,
    *,
    beside: Callable[[Lane, Metrics], Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Carry a topic until SIGTERM, as a node carries it up its link; something may run beside it."""
    told, metrics = until_told(), Metrics()
    spec = LaneSpec(node=NODE, lane=LANE, progress_topic=progress, care=lambda _topic: Care.RAW)
    there, here = (Security(), Security()) if logins is None else (read_security(logins, "source"), read_security(logins, "target"))
    async with (
        open_client(source, client_id=f"{NODE}.{LANE}", security=there) as incoming,
        open_client(target, client_id=f"{NODE}.{LANE}", security=here) as outgoing,
        open_lane(spec, incoming, outgoing, metrics) as lane,
    ):
        lane.route([(Topic(route[0]), route[1])])
        if beside is not None:
            lane.spawn(beside(lane, metrics))
        await told.wait()


def keep_security(logins: Path, side: str, cluster: Cluster) -> None:
    """Put the login of a cluster, and what TLS trusts there, where the carrying process reads them."""
    write_login(logins / f"{side}.login", cluster.security.login)
    if cluster.authority:
        (logins / f"{side}.pem").write_text(cluster.authority, encoding="ascii")


def read_security(logins: Path, side: str) -> Security:
    """Return what `keep_security` put there."""
    trusted = logins / f"{side}.pem"
    return secured(logins / f"{side}.login", trusted if trusted.exists() else None)


def until_told() -> asyncio.Event:
    """Return what SIGTERM sets."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    return told


@asynccontextmanager
async def open_carrier(log: Path, *arguments: str, module: str = "benchmarks.carry") -> AsyncIterator[Carrier]:
    """Run this module, or another one, with its arguments as a process, which logs into a file; it is ended and reaped when left."""
    process = await spawn([sys.executable, "-m", module, *arguments], folder=_ROOT, log=log, environment={})
    try:
        yield Carrier(module, process, log)
    finally:
        await end(process, _GRACE_S)


if __name__ == "__main__":
    configure(division=NODE, readable=False)
    asyncio.run(carry(sys.argv[1], sys.argv[2], (sys.argv[3], int(sys.argv[4])), sys.argv[5], Path(sys.argv[6]) if sys.argv[6:] else None))
