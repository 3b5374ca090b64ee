"""The source of a lane: raw batches for the routes that are followed, from whichever brokers lead what they are read from.

One connection and one Fetch in flight for each leading broker. The next Fetch is sent as soon as the last reply was parsed, before its batches
are forwarded, and only while less than 6 MiB of earlier replies are unsettled. Brokers that cannot be reached and leaders that are not
known are tried again here, with a back-off; a route that was being fetched is handed back to its listener once its leader can be reached
again: while nobody looked, the broker may have come back with an older copy of the log, and only a look at both sides tells.

Several routes may be read from one partition. It is asked for once in a Fetch, from one position; the reply is checked and walked once, and
all who stand in what it brought get the same batches. So those that are level share everything, and one that comes later takes turns with
them until it is level too: its stretch ends where theirs begins.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import chain

from node.bus import fetch
from node.bus.client import Client
from node.bus.faults import LOOK_AGAIN, name_of, stop_of
from node.bus.follower import Following
from node.bus.wire import Buffer, Bulk
from node.errors import BusError, ProtocolError
from node.lane import Stop, TopicPartition
from node.lane.facts import Batch
from node.lane.route import backoff
from node.model.limits import FETCH_WAIT_HELD_S, FETCH_WAIT_S, REQUEST_TIMEOUT_S, UNSETTLED_BYTES_MAX

_CHECK_S = 1.0
_SILENT_S = 4 * FETCH_WAIT_S
"""A source from which no answer came for so long is not heard: one comes within FETCH_WAIT_S, on a slow link a little later."""
_Key = tuple[bytes, int]
"""A source partition: its topic's id, not its name, and its number."""


_Share = tuple[Following, fetch.Reply, fetch.Found | None, list[Batch]]
"""What a follower gets of what a reply brought of its source; nothing was found where the broker answered with an error. A tuple, for there
is one for each follower and Fetch."""


class Feed:
    """One connection to a leading broker and the routes that are fetched over it."""

    def __init__(self, source: "Source", node: int, client_id: str) -> None:
        self._source = source
        self._client_id = client_id
        self.node = node
        self.followers: dict[_Key, list[Following]] = {}
        """of each source partition; who is to be asked for next stands first"""
        self.wire = Bulk(self._on_frame, self._on_lost)
        self._correlation = 0
        self._sent_at: float | None = None
        self._unsettled = 0

    def add(self, one: Following) -> None:
        """Take a route in with the next Fetch."""
        followers = self.followers.setdefault((one.topic_id, one.source.partition), [])
        assert all(other.care is one.care for other in followers), f"routes of {one.source} differ in what its batches may be like"
        one.placed = self._correlation
        followers.append(one)

    def remove(self, one: Following) -> None:
        """Leave a route out for good, if it is among them."""
        key = (one.topic_id, one.source.partition)
        followers = self.followers.get(key, [])
        if one in followers:
            followers.remove(one)
            if not followers:
                del self.followers[key]

    def settled(self, size: int) -> None:
        """Count bytes that nobody needs any more."""
        self._unsettled -= size
        self.ask()

    def late(self, now: float) -> bool:
        """Tell whether a reply is overdue."""
        return self._sent_at is not None and now - self._sent_at > FETCH_WAIT_S + REQUEST_TIMEOUT_S

    def ask(self) -> None:
        """Send the next Fetch, if none is in flight, something is wanted and there is room for the reply."""
        if self._sent_at is not None or self._unsettled >= UNSETTLED_BYTES_MAX or self.wire.closed:
            return
        if self.wire.aged:
            self.wire.close()
            self._source.renew(self)
            return
        wanted, everyone = self._wanted(self._correlation + 1)
        if not wanted:
            return
        self._correlation += 1
        self._sent_at = time.monotonic()
        # Who is left out, held or waiting for its turn, waits for this reply: where the others have nothing, it must not wait long.
        wait_s = FETCH_WAIT_S if everyone else FETCH_WAIT_HELD_S
        self.wire.send([fetch.request(self._correlation, self._client_id, wanted, wait_s)])

    def _wanted(self, number: int) -> tuple[list[fetch.Wanted], bool]:
        """Return what the Fetch of this number asks for, one position a partition, and whether that leaves no follower out."""
        wanted, everyone = [], True
        for (topic_id, partition), followers in self.followers.items():
            position = None
            for one in followers:
                if one.held or (position is not None and one.position != position):
                    everyone = False
                else:
                    position, one.asked = one.position, number
            if position is not None:
                wanted.append(fetch.Wanted(topic_id, partition, position))
        return wanted, everyone

    def _on_lost(self, error: Exception | None) -> None:
        self._source.lost(self, f"connection to broker {self.node} ended: {error or 'closed by the broker'}")

    def _on_frame(self, buffer: Buffer, size: int) -> None:
        try:
            correlation, replies = fetch.parse(buffer.bytes, size)
            if correlation != self._correlation:
                raise ProtocolError(f"a fetch reply numbered {correlation} where {self._correlation} is due")
        except ProtocolError as error:
            self.wire.lose(error)
            return
        self._sent_at = None
        self._source.answered_at = time.monotonic()
        shares = [share for reply in replies for share in self._shares(buffer, reply)]
        for one, reply, found, _batches in shares:  # what cannot be fetched is taken out before the next Fetch
            if found is None:
                self._source.refused(self, one, reply.error)
            elif found.stop is not None:
                self._source.drop(one)
        # Of those who share what was found, the first has all of it.
        fetch.unpin(buffer, [batch for _one, _reply, found, batches in shares if found and batches is found.batches for batch in batches])
        self.ask()
        for one, reply, found, batches in shares:
            if found is not None:
                one.listener.fetched(one.route, one.generation, batches, found.position, reply.stable)
                if found.stop is not None:
                    one.listener.source_failed(one.route, one.generation, found.stop, found.detail)

    def _shares(self, buffer: Buffer, reply: fetch.Reply) -> Sequence[_Share]:
        """Walk what came of a partition, once, for all who stand in it; nothing if nobody who asked for it follows it still."""
        key = (reply.topic_id, reply.partition)
        followers = self.followers.get(key, [])
        for first in followers:
            if first.asked == self._correlation:
                break
        else:
            return ()
        if reply.error:
            return [(one, reply, None, []) for one in followers if one.asked == self._correlation]
        found = fetch.committed(buffer, reply, first.position, care=first.care, feed=self)
        self._unsettled += sum(batch.size for batch in found.batches)
        shares: list[_Share] = [(first, reply, found, found.batches)]
        if len(followers) > 1:
            shares += self._others(first, reply, found)
        if reply.end > reply.start:  # who got something goes to the end of the queue: the reply's bound starves nobody
            self.followers[key] = self.followers.pop(key)
        # A turn is over where something came or nothing is there; who was cut off by the reply's bound comes first next time.
        if len(followers) > len(shares) and (reply.end > reply.start or found.offset >= reply.stable):
            _next_turn(followers, [share[0] for share in shares], found.offset)
        for share in shares:
            share[0].position = found.position
        return shares

    def _others(self, first: Following, reply: fetch.Reply, found: fetch.Found) -> Iterator[_Share]:
        """Yield what those get who stand in what was found for the first of them, and count them as its users.

        Held ones get only what was asked for before they were held. Who was put on this connection behind the Fetch is passed over: what was
        looked at before it was followed may be newer than the reply.
        """
        for one in self.followers[(reply.topic_id, reply.partition)]:
            if one is not first and (one.asked == self._correlation or (not one.held and one.placed < self._correlation)):
                batches = found.since(one.position)
                if batches is not None:
                    fetch.use(batches)
                    yield one, reply, found, batches


def _next_turn(followers: list[Following], served: list[Following], offset: int) -> None:
    """Let those who were served from `offset` on wait behind the others, of whom the lowest have every second turn.

    So who is far behind comes level with the next one soon, instead of moving on side by side with it, each reading the same for itself. With n
    places nobody waits for more than 2n Fetches.
    """
    waiting = [one for one in followers if one not in served]
    lowest = min((one.position for one in waiting if not one.held), default=offset)
    if lowest < offset:
        waiting.sort(key=lambda one: one.position != lowest)
    followers[:] = [*waiting, *served]


class Source:
    """Follows routes of one cluster. Made by `open_source`."""

    def __init__(self, client: Client, client_id: str) -> None:
        self.client = client
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
        """Tell whether a route's source answers: else nobody knows whether there is more."""
        one, at = self._following.get(route), self.answered_at
        return one is not None and not one.trouble and at is not None and time.monotonic() - at < _SILENT_S

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
                for feed in list(self._feeds.values()):
                    feed.ask()

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
async def open_source(client: Client, client_id: str) -> AsyncIterator[Source]:
    """Open the source side of a lane on a cluster."""
    source = Source(client, client_id)
    try:
        async with asyncio.TaskGroup() as tasks:
            keeper = tasks.create_task(source.keep(), name=f"source {client.bootstrap}")
            try:
                yield source
            finally:
                keeper.cancel()
    finally:
        source.close()  # behind the keeper's end: a connection that was being opened is among them
