"""The node's own canary, written now and then, and those of all nodes above and below, as they come over the links."""

import asyncio
import time
from collections.abc import Callable, Container, Iterator

from node.bus.canary import Canaries, open_canaries
from node.control import Book
from node.control.canary import Canary, decode, encode, last_link
from node.control.routes import canaries
from node.errors import DataError
from node.model.limits import CANARY_INTERVAL_S
from node.model.names import Division, Topic, canary_topic
from node.runtime.reading import Cluster
from node.telemetry import logger
from node.telemetry.metrics import CanaryAge


class Heard:
    """What canaries say. `keep` writes and reads them for ever."""

    def __init__(self, cluster: Cluster, parent: Division | None, book: Callable[[], Book]) -> None:
        self.canaries: dict[Division, Canary] = {}
        """the newest that was heard of each node above and below"""
        self.there: Container[Topic] = frozenset()
        """the canaries' topics that the own cluster has"""
        self._cluster, self._parent, self._book = cluster, parent, book
        self._since_ms = _now_ms()

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
                    self.canaries[topics[topic]] = decode(value, topics[topic])
                except DataError as error:
                    logger().warning("canary-unreadable", division=topics[topic], cause=str(error))

    def _wanted(self) -> Iterator[tuple[Division, Topic]]:
        own = self._cluster.division
        return ((code, topic) for code, topic in canaries(self._book(), own, self._parent).items() if code != own)

    def heard_ms(self, code: Division) -> int:
        """Return when the newest canary of a node was made that came here; where none has, since when it is waited for."""
        canary = self.canaries.get(code)
        return self._since_ms if canary is None else canary.made_ms

    def ages(self, sent_ms: int) -> Iterator[CanaryAge]:
        """Yield how old the canaries are of all that are to be heard here, and where there is a parent the own one, of which `sent_ms` stands with it."""
        here, parent, book, now = self._cluster.division, self._parent, self._book(), _now_ms()
        for code, _topic in self._wanted():
            link = last_link(book, here, parent, code)
            if link is not None:
                child, above, course = link
                age = max(now - self.heard_ms(code), 0) / 1000
                yield CanaryAge(origin=code, link=f"{child}-{above}", direction=course, seconds=age)
        if parent is not None:
            yield CanaryAge(origin=here, link=f"{here}-{parent}", direction="up", seconds=max(now - sent_ms, 0) / 1000)


def _now_ms() -> int:
    return int(time.time() * 1000)
