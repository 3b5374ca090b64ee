"""What transforms keep of the routes of a shard: opened with a route, true to what is committed, gone with it.

A memory holds for an offset of the route's source. Whenever the route is followed anew it goes back to where the route goes on: what a lost or
aborted transaction had changed is undone, and where nobody can tell what it should be, it is learned anew from what the route has written.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from node.bus import inspect
from node.bus.client import Client
from node.lane import TopicPartition, Written
from node.lane.facts import Moved
from node.model.names import Topic
from node.transform import Transform, Write
from node.transform.shown import Shown

_KEY_BYTES = 16


class Memories:
    """The memories of a shard by route. `at_rest` waits until no thread works on any of them for a transaction that is gone."""

    def __init__(
        self,
        target: Client,
        transform: Callable[[TopicPartition], Transform],
        at_rest: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self._target = target
        self._transform = transform
        self._at_rest = at_rest
        self._kept: dict[TopicPartition, Shown] = {}
        self._opening = asyncio.Lock()
        """a route may be followed anew while it is being learned: who comes second waits"""
        self._secret = os.urandom(_KEY_BYTES)

    def of(self, route: TopicPartition) -> Shown | None:
        """Return what is kept of a route, None where nothing is."""
        return self._kept.get(route)

    async def open(self, route: TopicPartition, offset: int, written: Written | None) -> None:
        """Make a route's memory hold for an offset of its source, `written` telling what stands in its target. BusError, BatchError."""
        memory = self._kept.get(route)
        if memory is None and (memory := self._transform(route).memory(route.topic, self._secret)) is None:
            return
        async with self._opening:
            await self._at_rest()
            memory = self._kept.get(route, memory)
            if memory.resume(offset):
                return
            self._kept[route] = memory
            async for batches in inspect.committed_below(self._target, route, written.next if written else 0):
                await asyncio.to_thread(_learn, memory, route.topic, batches)
            memory.opened(offset)

    def recorded(self, moved: Iterable[Moved]) -> None:
        """Take note of what the open transaction is about to commit."""
        for move in moved:
            if (memory := self._kept.get(move.route)) is not None:
                memory.recorded(move.progress.next)

    def confirm(self, moved: Iterable[Moved]) -> None:
        """Take what was recorded as committed."""
        for move in moved:
            if (memory := self._kept.get(move.route)) is not None:
                memory.confirm(move.progress.next)

    def keep(self, routes: Iterable[TopicPartition]) -> None:
        """Forget all routes but these."""
        self._kept = {route: self._kept[route] for route in routes if route in self._kept}


def _learn(memory: Shown, topic: Topic, batches: inspect.Batches) -> None:
    for at, header in batches.places:
        memory.learn(Write(topic, batches.data, at, header))
