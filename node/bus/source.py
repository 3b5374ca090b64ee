"""The source of a lane: raw batches for the routes that are followed, from whichever brokers lead what they are read from.

One connection and one Fetch in flight for each leading broker. The next Fetch is sent as soon as the last reply was parsed, before its batches
are forwarded, and only while less than 6 MiB of earlier replies are unsettled. What it asks for, and of whom first, the lane's `Pace` says. Brokers that cannot be reached and leaders that are not
known are tried again here, with a back-off; a route that was being fetched is handed back to its listener once its leader can be reached
again: while nobody looked, the broker may have come back with an older copy of the log, and only a look at both sides tells.

Several routes may be read from one partition, and share what it brings (`feed`).
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import chain

from node.bus.client import Client
from node.bus.faults import LOOK_AGAIN, name_of, stop_of
from node.bus.feed import Feed
from node.bus.follower import Following
from node.errors import BusError, ProtocolError
from node.lane import Stop, TopicPartition
from node.lane.pace import Pace
from node.lane.route import backoff
from node.model.limits import FETCH_WAIT_S
from node.model.names import Topic

_CHECK_S = 1.0
_SILENT_S = 4 * FETCH_WAIT_S
"""A source from which no answer came for so long is not heard: one comes within FETCH_WAIT_S, on a slow link a little later."""


class Source:
    """Follows routes of one cluster. Made by `open_source`."""

    def __init__(self, client: Client, client_id: str, pace: Pace) -> None:
        self.client = client
        self.pace = pace
        self.answered_at: float | None = None
        """monotonic time of the last Fetch that was answered"""
        self._client_id = client_id
        self._following: dict[TopicPartition, Following] = {}
        self._feeds: dict[int, Feed] = {}
        self._unplaced: dict[TopicPartition, float] = {}
        """routes without a connection, and the monotonic time from which on one is looked for"""
        self._wake = asyncio.Event()

    @property
    def trouble(self) -> str:
        """Why some route is not being fetched at the moment; empty if all are."""
        return next((one.trouble for one in self._following.values() if one.trouble), "")

    def hears(self, route: TopicPartition) -> bool:
        """Tell whether a route's source answers: else nobody knows whether there is more. A limit may keep a route from being asked for, too."""
        one = self._following.get(route)
        at = None if one is None or one.trouble else one.answered_at
        return at is not None and time.monotonic() - at < _SILENT_S

    def follow(self, one: Following) -> None:
        """Fetch a route from its position on, instead of whatever was followed of it before."""
        self.unfollow(one.route)
        self._following[one.route] = one
        self._unplaced[one.route] = 0.0
        self._wake.set()

    def unfollow(self, route: TopicPartition) -> None:
        """Fetch a route no more; a reply under way is ignored."""
        one = self._following.pop(route, None)
        if one is not None:
            self._unplaced.pop(route, None)
            self._take_out(one)

    def drop(self, one: Following) -> None:
        """Follow no more what cannot be followed."""
        if self._following.get(one.route) is one:
            self.unfollow(one.route)

    def hold(self, route: TopicPartition, *, held: bool) -> None:
        """Leave a route out of fetches, or take it in again."""
        one = self._following.get(route)
        if one is not None:
            one.held = held
            if not held:
                self.ask()

    def ask(self) -> None:
        """Ask for what is wanted now."""
        for feed in list(self._feeds.values()):
            feed.ask()

    def settled(self, topic: Topic, size: int, unsettled: int, sent_at: float) -> None:
        """Count bytes that nobody needs any more: what was left out on any connection may have room now."""
        self.pace.gone(topic, size)
        if sent_at:
            self.pace.settled(size, unsettled, time.monotonic() - sent_at)
        self.ask()

    def refused(self, feed: Feed, one: Following, code: int) -> None:
        """Handle an error code in a reply."""
        stop = stop_of(code)
        if stop is not None or code in LOOK_AGAIN:
            self._fail(one, stop, name_of(code))
        else:
            self._take_out(one)
            self._again(one, f"{one.source}: {name_of(code)} from broker {feed.node}")

    def lost(self, feed: Feed, detail: str) -> None:
        """Move the routes of a lost connection to a new one; where there are none, nothing is amiss."""
        if self._feeds.get(feed.node) is feed:
            del self._feeds[feed.node]
        followers, feed.followers = feed.followers, {}
        for one in chain.from_iterable(followers.values()):
            self._again(one, detail)

    def renew(self, feed: Feed) -> None:
        """Move the routes of a connection that is given up in time to a new one, from where they are: nothing is amiss with them."""
        del self._feeds[feed.node]
        followers, feed.followers = feed.followers, {}
        self._unplaced |= {one.route: 0.0 for one in chain.from_iterable(followers.values())}
        self._wake.set()

    def _fail(self, one: Following, stop: Stop | None, detail: str) -> None:
        self.drop(one)
        one.listener.source_failed(one.route, one.generation, stop, detail)

    def _again(self, one: Following, why: str) -> None:
        """Place a route anew: at once the first time, for a leader may have moved, then after pauses that grow."""
        if self._following.get(one.route) is one:
            one.trouble = why
            self._unplaced[one.route] = time.monotonic() + backoff(one.attempts - 1) if one.attempts else 0.0
            one.attempts += 1
            self._wake.set()

    def _take_out(self, one: Following) -> None:
        for feed in self._feeds.values():
            feed.remove(one)

    async def keep(self) -> None:
        """Place routes on the connections of their leaders, for ever; give up connections that do not answer."""
        while True:
            now = time.monotonic()
            wait_s = min(self._unplaced.values(), default=now + _CHECK_S) - now
            # Not `wait_for`: in Python 3.11 it loses a cancellation that comes together with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(max(wait_s, 0.0), _CHECK_S)):
                    await self._wake.wait()
            self._wake.clear()
            now = time.monotonic()
            for feed in list(self._feeds.values()):
                if feed.late(now):
                    feed.wire.lose(ProtocolError("no reply to a fetch in time"))
            due = [self._following[route] for route, at in self._unplaced.items() if at <= now]
            if due:
                await self._place(due)

    async def _place(self, due: list[Following]) -> None:
        """Put routes on the connections of their leaders; brokers are dialled side by side, for one may not answer."""
        try:
            await self.client.look({one.source.topic for one in due})
        except BusError as error:
            for one in due:
                self._again(one, str(error))
            return
        by_leader: dict[int, list[Following]] = {}
        for one in due:
            if self._following.get(one.route) is not one:
                continue
            info = self.client.topic(one.source.topic)
            leader = self.client.leader(*one.source)
            if info is None or one.source.partition >= info.partitions:
                self._fail(one, None, "no such topic")
            elif leader is None:
                self._again(one, f"{one.source} has no leader")
            else:
                by_leader.setdefault(leader, []).append(one)
        async with asyncio.TaskGroup() as tasks:
            for leader, found in by_leader.items():
                tasks.create_task(self._put_on(leader, found))

    async def _put_on(self, node: int, routes: list[Following]) -> None:
        feed = self._feeds.get(node)
        if feed is None:
            feed = Feed(self, node, self._client_id)
            try:
                await self.client.connect(node, feed.wire)
            except BusError as error:
                for one in routes:
                    self._again(one, str(error))
                return
            self._feeds[node] = feed
        for one in routes:
            if self._following.get(one.route) is not one:
                continue
            if one.attempts:
                self._fail(one, None, one.trouble)
            else:
                del self._unplaced[one.route]
                feed.add(one)
        feed.ask()

    def close(self) -> None:
        """End all connections."""
        for feed in self._feeds.values():
            feed.wire.close()


@asynccontextmanager
async def open_source(client: Client, client_id: str, pace: Pace | None = None) -> AsyncIterator[Source]:
    """Open the source side of a lane on a cluster."""
    source = Source(client, client_id, pace or Pace())
    try:
        async with asyncio.TaskGroup() as tasks:
            keeper = tasks.create_task(source.keep(), name=f"source {client.bootstrap}")
            try:
                yield source
            finally:
                keeper.cancel()
    finally:
        source.close()  # behind the keeper's end: a connection that was being opened is among them
