"""Our side of `view`: a process that cuts the views of one resource, inside transactions, until SIGTERM.

`python -m benchmarks.view_carry BOOTSTRAP SIDE CUTS TAKERS FOLDER`: one of the benchmark's sides, how many of its views, for how many takers
each, and where the node's secret lies. It is the lane of views of a node without the node; what its book says it looks at as often as a node does.
"""

import asyncio
import contextlib
import sys
from pathlib import Path

import msgspec

from benchmarks.bench import PROGRESS
from benchmarks.carry import NODE, until_told
from benchmarks.view_cases import AT, HERE, SIDES, Side, tell
from node.bus.client import open_client
from node.bus.security import Security
from node.control import Book, day_of
from node.model.limits import WATCH_INTERVAL_S
from node.model.names import resource_of
from node.runtime.lane import LaneSpec, open_lane
from node.runtime.views import OwnViews
from node.telemetry import Metrics, configure
from node.transform import Care
from node.transform.view import warm


def owned(side: Side, folder: Path) -> OwnViews:
    """Return the views of a node that was told all of a side."""
    book = Book()
    own = OwnViews(HERE, lambda: book, folder)
    tell(book, side, own.prepare)
    return own


async def carry(bootstrap: str, own: OwnViews) -> None:
    """Cut views until SIGTERM, as a node does."""
    told = until_told()
    warm()
    spec = LaneSpec(node=NODE, lane="view", progress_topic=PROGRESS, care=lambda _topic: Care.CUT, transform=own, source_topic=resource_of)
    async with (
        open_client(bootstrap, client_id=f"{NODE}.view", security=Security()) as client,
        open_lane(spec, client, client, Metrics()) as lane,
    ):
        while not told.is_set():
            lane.route(*await own.open(day_of(AT)))
            assert not own.trouble, own.trouble
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WATCH_INTERVAL_S):
                    await told.wait()


if __name__ == "__main__":
    configure(division=NODE, readable=False)
    _bootstrap, _name, _cuts, _takers, _folder = sys.argv[1:]
    _side = SIDES[_name]
    _side = msgspec.structs.replace(_side, cuts=_side.cuts[: int(_cuts)], takers=int(_takers))
    asyncio.run(carry(_bootstrap, owned(_side, Path(_folder))))
