"""The node's own canary, written now and then, and those of all nodes above and below, as they come over the links."""

import asyncio
import time
from collections.abc import Callable, Container, Iterator
from pathlib import Path

import msgspec

from node.bus.canary import Canaries, open_canaries
from node.control import Book
from node.control.canary import Came, Canary, decode, encode, last_link
from node.control.routes import canaries
from node.errors import DataError
from node.model.limits import CANARY_INTERVAL_S
from node.model.names import Division, Topic, canary_topic
from node.runtime.hints import read_hint, write_hint
from node.runtime.reading import Cluster
from node.telemetry import logger
from node.telemetry.metrics import CanaryAge

_GONE = "gone.json"
_SILENT_S = 7 * 86400.0
"""A week: whoever has not mended a link by then has taken its node away without a word."""


class _Arrival(msgspec.Struct, frozen=True):
    canary: Canary
    at: float
    """monotonic s at which it was made: by our clock it came at once, but for the first that is read, which may be old"""


class Heard:
    """What canaries say. `keep` writes and reads them for ever."""

    def __init__(self, cluster: Cluster, parent: Division | None, book: Callable[[], Book], folder: Path) -> None:
        self.there: Container[Topic] = frozenset()
        """the canaries' topics that the own cluster has"""
        self._cluster, self._parent, self._book = cluster, parent, book
        self._arrivals: dict[Division, _Arrival] = {}
        self._since = time.monotonic()
        self._gone_file = folder / _GONE
        self._gone: set[Division] = read_hint(self._gone_file, set[Division], set())
        """who left or was dismissed, with all below: a connection may last a while longer, and then nobody is to be called"""

    @property
    def came(self) -> dict[Division, Came]:
        """The newest canary that was heard of each node above and below, by our clock."""
        now, now_ms = time.monotonic(), _now_ms()
        return {code: Came(one.canary, now_ms - int((now - one.at) * 1000)) for code, one in self._arrivals.items()}

    def take(self, canary: Canary) -> None:
        """Take in a node's newest canary. Its age counts by our own clock from here on, for the other's may be wrong."""
        code, before = canary.division, self._arrivals.get(canary.division)
        if code in self._gone or (before is not None and before.canary == canary):
            return
        old_s = max(_now_ms() - canary.made_ms, 0) / 1000 if before is None else 0.0
        self._arrivals[code] = _Arrival(canary, time.monotonic() - old_s)

    def forget(self, child: Division) -> None:
        """Expect nothing more of a child that leaves, and of all below it; kept over restarts. OSError."""
        left = self._book().tree.subtree(child)
        self._gone |= left
        for code in left:
            self._arrivals.pop(code, None)
        write_hint(self._gone_file, sorted(self._gone))

    def expect(self, child: Division) -> None:
        """Hear a child again that joins, and all below it. OSError."""
        left = self._book().tree.subtree(child) & self._gone
        if left:
            self._gone -= left
            write_hint(self._gone_file, sorted(self._gone))

    async def keep(self, say: Callable[[], Canary], opened: Callable[[], None]) -> None:
        """Write the own canary and take in all others, until the cluster's clients fail."""
        cluster = self._cluster
        async with (
            open_canaries(cluster.bootstrap, f"{cluster.division}.canary", cluster.security) as bus,
            asyncio.TaskGroup() as tasks,
        ):
            opened()
            tasks.create_task(self._write(bus, say), name="canary written")
            tasks.create_task(self._read(bus), name="canaries read")

    async def _write(self, bus: Canaries, say: Callable[[], Canary]) -> None:
        topic = canary_topic(self._cluster.division)
        while True:
            if topic in self.there:
                canary = say()
                await bus.write(topic, encode(canary), canary.made_ms)
                await asyncio.sleep(CANARY_INTERVAL_S)
            else:
                await asyncio.sleep(CANARY_INTERVAL_S / 50)

    async def _read(self, bus: Canaries) -> None:
        while True:
            topics = {topic: code for code, topic in self._wanted() if topic in self.there}
            for topic, value in (await bus.read(topics)).items():
                try:
                    self.take(decode(value, topics[topic]))
                except DataError as error:
                    logger().warning("canary-unreadable", division=topics[topic], cause=str(error))

    def _wanted(self) -> Iterator[tuple[Division, Topic]]:
        own = self._cluster.division
        return ((code, topic) for code, topic in canaries(self._book(), own, self._parent).items() if code != own)

    def ages(self, sent_ms: int) -> Iterator[CanaryAge]:
        """Yield how old the canaries are that came here, the parent's in any case, and where there is a parent the own one, of which `sent_ms` stands with it.

        A division whose node was never heard runs none yet, and one that has been silent for `_SILENT_S` does no more: nobody is called for it.
        """
        here, parent, book, now = self._cluster.division, self._parent, self._book(), time.monotonic()
        for code, _topic in self._wanted():
            link, one = last_link(book, here, parent, code), self._arrivals.get(code)
            age = now - (self._since if one is None else one.at)
            if link is not None and (code == parent or (one is not None and age < _SILENT_S)):
                child, above, course = link
                yield CanaryAge(origin=code, link=f"{child}-{above}", direction=course, seconds=max(age, 0.0))
        if parent is not None:
            yield CanaryAge(origin=here, link=f"{here}-{parent}", direction="up", seconds=max(_now_ms() - sent_ms, 0) / 1000)


def _now_ms() -> int:
    return int(time.time() * 1000)
