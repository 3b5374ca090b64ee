"""What transforms keep of the routes of a shard: opened with a route, true to what is committed, gone with it.

A memory holds for an offset of the route's source. Whenever the route is followed anew it goes back to where the route goes on: what a lost or
aborted transaction had changed is undone, and where nobody can tell what it should be, it is learned anew from what the route has written.
"""

import asyncio
import os
from collections.abc import Callable, Container, Coroutine, Sequence
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
        self._closed: dict[TopicPartition, Shown] = {}
        """of routes that are about to be followed anew: nothing is made for them until they are open"""
        self._recorded: dict[TopicPartition, Shown] = {}
        """what the open transaction's record speaks of"""
        self._opening = asyncio.Lock()
        """a route may be followed anew while it is being learned: who comes second waits"""
        self._secret = os.urandom(_KEY_BYTES)

    def of(self, route: TopicPartition) -> Shown | None:
        """Return what is kept of a route, None where nothing is."""
        return self._kept.get(route)

    def close(self, route: TopicPartition) -> None:
        """A route is followed anew: what is kept of it may not be what it should be, until it is opened."""
        if (memory := self._kept.pop(route, None)) is not None:
            self._closed[route] = memory

    async def open(self, route: TopicPartition, offset: int, written: Written | None) -> None:
        """Make a route's memory hold for an offset of its source, `written` telling what stands in its target. BusError, BatchError.

        Where nothing was written since an operator's word, or ever, the target is taken as it is: it may not be what it was.
        """
        if written is None or not written.count:
            self._closed.pop(route, None)
        memory = self._closed.get(route)
        if memory is None and (memory := self._transform(route).memory(route.topic, self._secret)) is None:
            return
        async with self._opening:
            await self._at_rest()
            memory = self._closed[route] = self._closed.get(route, memory)
            if not memory.resume(offset):
                async for batches in inspect.committed_below(self._target, route, written.next if written else 0):
                    await asyncio.to_thread(_learn, memory, route.topic, batches)
                memory.opened(offset)
            self._kept[route] = self._closed.pop(route)

    def recorded(self, moved: Sequence[Moved]) -> None:
        """Take note of what the open transaction is about to commit."""
        self._recorded = {move.route: self._kept[move.route] for move in moved if move.route in self._kept}
        for move in moved:
            if move.route in self._recorded:
                self._recorded[move.route].recorded(move.progress.next)

    def confirm(self, moved: Sequence[Moved]) -> None:
        """Take what was recorded as committed; who was opened since holds for it already."""
        for move in moved:
            memory = self._recorded.get(move.route)
            if memory is not None and self._kept.get(move.route) is memory:
                memory.confirm(move.progress.next)
        self._recorded = {}

    def keep(self, routes: Container[TopicPartition]) -> None:
        """Forget all routes but these."""
        for memories in (self._kept, self._closed):
            for route in [route for route in memories if route not in routes]:
                del memories[route]


def _learn(memory: Shown, topic: Topic, batches: inspect.Batches) -> None:
    for at, header in batches.places:
        memory.learn(Write(topic, batches.data, at, header))
