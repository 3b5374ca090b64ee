"""The carrying process of `telemetry`: that of `link`, which times what its metrics cost, or does without them.

`python -m benchmarks.telemetry_carry SOURCE TARGET TOPIC PARTITIONS PROGRESS_TOPIC [WARM_UP FILE]`: as `benchmarks.carry`. With a file it writes there what it
found (`Cost`) between the first commit behind so many records and the last one; without, nothing is counted, watched or shown.

What metrics cost is the time of the one thread that carries: what a tally and the metrics do at each commit, what the lane sees every five seconds, and a
page every second, fifteen times as often as Prometheus usually asks for it.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.carry import LANE, NODE, carry
from node.lane.facts import Moved
from node.runtime.lane import Lane
from node.runtime.seen import Seen
from node.runtime.showing import figures_of
from node.runtime.tally import Tally
from node.telemetry import Metrics, configure

SCRAPE_S = 1.0


class Cost(msgspec.Struct, kw_only=True):
    """What was spent (CPU s): by the thread on each part of the metrics, and by the whole process meanwhile."""

    counting_s: float = 0.0
    watching_s: float = 0.0
    showing_s: float = 0.0
    process_s: float = 0.0
    commits: int = 0
    scrapes: int = 0
    records: int = 0

    @property
    def share(self) -> float:
        """What metrics take of the process's CPU."""
        return self.share_of(SCRAPE_S)

    def share_of(self, scrape_s: float) -> float:
        """Return the same where a page is asked for every so many seconds."""
        return (self.counting_s + self.watching_s + self.showing_s * SCRAPE_S / scrape_s) / self.process_s


class Meter:
    """Measures a process that carries, from its first commit behind the warm-up on; `cost` stands as of the last commit."""

    def __init__(self, warm_up: int) -> None:
        self.cost = Cost()
        self._warm_up = warm_up
        self._carried = 0
        self._now: Cost | None = None
        self._began_s = 0.0

    def add(self, part: str, seconds: float) -> None:
        """Count what a part took."""
        if self._now is not None:
            setattr(self._now, part, getattr(self._now, part) + seconds)

    def committed(self, records: int, seconds: float) -> None:
        """Count what the tally of a commit took, and see what all has taken by then."""
        self._carried += records
        if self._now is None:
            if self._carried >= self._warm_up:
                self._now, self._began_s = Cost(), time.process_time()
            return
        self.add("counting_s", seconds)
        self._now.commits += 1
        self._now.records += records
        self._now.process_s = time.process_time() - self._began_s
        self.cost = msgspec.structs.replace(self._now)

    async def scrape(self, lane: Lane, metrics: Metrics) -> None:
        """Make a page again and again."""
        while True:
            await asyncio.sleep(SCRAPE_S)
            began = time.thread_time()
            metrics.show_flows(map(figures_of, lane.flows()))
            metrics.show_phases((LANE, phase) for phase in lane.phases())
            metrics.text()
            self.add("showing_s", time.thread_time() - began)
            if self._now is not None:
                self._now.scrapes += 1

    def watch(self) -> None:
        """Time what tallies and the lane's own look do in this process."""
        counted, watched, meter = Tally.committed, Seen.watch, self

        def committed(tally: Tally, moved: Iterable[Moved]) -> None:
            moves, began = list(moved), time.thread_time()
            counted(tally, moves)
            meter.committed(sum(one.progress.records - one.before.records for one in moves), time.thread_time() - began)

        Tally.committed = committed  # type: ignore[method-assign,assignment]  # this process is there for it
        Seen.watch = lambda seen: _timed(watched(seen), lambda spent: meter.add("watching_s", spent))  # type: ignore[method-assign,assignment]


async def _timed(work: Awaitable[None], told: Callable[[float], None]) -> None:
    """Run a coroutine, and tell what each of its stretches between two waits took."""
    await _Stretches(work, told)


class _Stretches:
    def __init__(self, work: Awaitable[None], told: Callable[[float], None]) -> None:
        self._work, self._told = work, told

    def __await__(self) -> Generator[Any, Any, None]:
        steps = self._work.__await__()
        while True:
            began = time.thread_time()
            try:
                waits_for = next(steps)
            except StopIteration:
                return
            finally:
                self._told(time.thread_time() - began)
            yield waits_for


def without() -> None:
    """Let nothing be counted and nothing be looked at in this process."""
    Tally.committed = lambda _tally, _moved: None  # type: ignore[method-assign,assignment]  # this process is there for it
    Seen.watch = lambda _seen: asyncio.sleep(_FOR_EVER_S)  # type: ignore[method-assign,assignment]


_FOR_EVER_S = 86_400.0


async def run(arguments: list[str]) -> None:
    """Carry until SIGTERM."""
    source, target, topic, partitions, progress, *measured = arguments
    if not measured:
        without()
        await carry(source, target, (topic, int(partitions)), progress)
        return
    meter = Meter(int(measured[0]))
    meter.watch()
    await carry(source, target, (topic, int(partitions)), progress, beside=meter.scrape)
    Path(measured[1]).write_bytes(msgspec.json.encode(meter.cost))  # noqa: ASYNC240 - nothing else runs any more


if __name__ == "__main__":
    configure(division=NODE, readable=False)
    asyncio.run(run(sys.argv[1:]))
