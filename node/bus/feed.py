"""One connection of a source: a Fetch at a time, and who gets what of its reply.

Several routes may be read from one partition. It is asked for once in a Fetch, from one position; the reply is checked and walked once, and
all who stand in what it brought get the same batches. So those that are level share everything, and one that comes later takes turns with
them until it is level too: its stretch ends where theirs begins.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Protocol

import msgspec

from node.bus import fetch
from node.bus.follower import Following
from node.bus.wire import Buffer, Bulk
from node.errors import ProtocolError
from node.lane.facts import Batch
from node.lane.pace import Pace, Portion, Shares
from node.model.limits import (
    FETCH_PARTITION_BYTES_MAX,
    FETCH_WAIT_HELD_S,
    FETCH_WAIT_S,
    REQUEST_TIMEOUT_S,
    UNSETTLED_BYTES_MAX,
    WINDOW_WAIT_S,
)
from node.model.names import Topic

_Key = tuple[bytes, int]
"""A source partition: its topic's id, not its name, and its number."""


_Share = tuple[Following, fetch.Reply, fetch.Found | None, list[Batch]]
"""What a follower gets of what a reply brought of its source; nothing was found where the broker answered with an error. A tuple, for there
is one for each follower and Fetch."""


class Owner(Protocol):
    """The source that a connection works for."""

    pace: Pace
    answered_at: float | None

    def settled(self, topic: Topic, size: int, unsettled: int, sent_at: float) -> None:
        """Count bytes that nobody needs any more."""

    def refused(self, feed: "Feed", one: Following, code: int) -> None:
        """Handle an error code in a reply."""

    def drop(self, one: Following) -> None:
        """Follow no more what cannot be followed."""

    def lost(self, feed: "Feed", detail: str) -> None:
        """Move the routes of a lost connection to a new one."""

    def renew(self, feed: "Feed") -> None:
        """Move the routes of a connection that is given up in time to a new one."""


class _Came(msgspec.Struct, frozen=True, eq=False):
    """What a reply brought of one partition, as it is given back."""

    feed: "Feed"
    topic: Topic
    unsettled: int
    """of the lane, with this"""

    def settled(self, size: int, sent_at: float) -> None:
        """Count bytes that nobody needs any more, and learn how long they took."""
        self.feed.settled(self, size, sent_at)


class Feed:
    """One connection to a leading broker and the routes that are fetched over it."""

    def __init__(self, source: Owner, node: int, client_id: str) -> None:
        self._source = source
        self._client_id = client_id
        self.node = node
        self.followers: dict[_Key, list[Following]] = {}
        """of each source partition; who is to be asked for next stands first"""
        self._topics: dict[bytes, Topic] = {}
        """by their ids, what is followed"""
        self._partitions: Counter[bytes] = Counter()
        """by topic, how many of it are followed"""
        self.wire = Bulk(self._on_frame, self._on_lost)
        self._correlation = 0
        self._sent_at: float | None = None
        self._unsettled = 0
        self._portion = Portion()
        self._timer: asyncio.TimerHandle | None = None
        """until a limit lets more be asked for"""

    def add(self, one: Following) -> None:
        """Take a route in with the next Fetch."""
        followers = self.followers.setdefault((one.topic_id, one.source.partition), [])
        if not followers:
            self._topics[one.topic_id] = one.source.topic
            self._partitions[one.topic_id] += 1
            self._source.pace.meets(one.source.topic)
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
                self._partitions[one.topic_id] -= 1
                if not self._partitions[one.topic_id]:
                    del self._partitions[one.topic_id], self._topics[one.topic_id]

    def settled(self, came: _Came, size: int, sent_at: float) -> None:
        """Count bytes that nobody needs any more."""
        self._unsettled -= size
        self._source.settled(came.topic, size, came.unsettled, sent_at)

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
        now = time.monotonic()
        shares = self._source.pace.shares(self._topics.values(), now)
        wanted, wait_s = self._wanted(self._correlation + 1, shares)
        if shares.wait_s is not None:
            wait_s = min(wait_s, shares.wait_s)
            self._ask_after(min(shares.wait_s, FETCH_WAIT_S))  # sooner than a large debt is paid: the limit may be another by then
        if not wanted:
            return
        self._correlation += 1
        self._sent_at = now
        bytes_max = min(shares.bytes_max, self._portion.bytes)
        self.wire.send([fetch.request(self._correlation, self._client_id, wanted, wait_s, bytes_max)])

    def _ask_after(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.ask)

    def _wanted(self, number: int, shares: Shares) -> tuple[list[fetch.Wanted], float]:
        """Return what the Fetch of this number asks for, one position a partition, and how long it may wait for data.

        Who is left out, held or waiting for its turn, waits for the reply: where the others have nothing, it must not wait long.
        """
        wait_s, topics, turns, most = FETCH_WAIT_S, self._topics, shares.turns, shares.most
        wanted: list[fetch.Wanted] = []
        apart: list[tuple[int, fetch.Wanted]] = []
        for (topic_id, partition), followers in self.followers.items():
            topic, position = topics[topic_id], None
            if topic in shares.withheld:
                wait_s = min(wait_s, WINDOW_WAIT_S)
                continue
            for one in followers:
                if one.held or (position is not None and one.position != position):
                    wait_s = FETCH_WAIT_HELD_S
                else:
                    position, one.asked = one.position, number
            if position is None:
                continue
            bytes_max = max(most[topic] // self._partitions[topic_id], 1) if topic in most else FETCH_PARTITION_BYTES_MAX
            this = fetch.Wanted(topic_id, partition, position, bytes_max)
            if topic in turns:
                apart.append((turns[topic], this))
            else:
                wanted.append(this)
        apart.sort(key=itemgetter(0))  # partitions of one topic stay as they are: who was served stands last
        first = [this for turn, this in apart if turn < 0]
        return [*first, *wanted, *(this for turn, this in apart if turn > 0)], wait_s

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
        self._source.answered_at = now = time.monotonic()
        self._portion.took(size, now - self.wire.began_at)
        shares = [share for reply in replies for share in self._shares(buffer, reply)]
        for one, reply, found, _batches in shares:  # what cannot be fetched is taken out before the next Fetch
            if found is None:
                self._source.refused(self, one, reply.error)
            elif found.stop is not None:
                self._source.drop(one)
            else:
                one.answered_at = now
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
        pace, topic, size = self._source.pace, first.source.topic, reply.end - reply.start
        came = _Came(self, topic, pace.unsettled + size)
        found = fetch.committed(buffer, reply, first.position, care=first.care, came=came)
        if found.batches:
            size = sum(batch.size for batch in found.batches)
            self._unsettled += size
            pace.found(topic, size, time.monotonic())
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
