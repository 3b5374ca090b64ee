"""How much a lane asks for next, and of which resource first. Pure: time is an argument.

No more than its link carries in about half a second, fair between resources, and within what an operator allows. Everything that a lane moves it has
asked for, so this is decided where it asks, and nowhere else.

- *A window* bounds what is fetched and not settled yet. It follows the time from the order to write a batch until it is settled: longer than
  `SETTLE_S`, and the window shrinks to what passes in that time; shorter, while the window is what holds the lane back, and it grows, twofold in each round.
  So a transaction over a slow link ends soon after it is to, and a small resource's batch waits for little. On a fast link the window is never met.
- *A resource* may have as much unsettled as is free (Choudhury and Hahne's dynamic threshold): one that could fill the window leaves half of it, and of
  several each has an equal part. So a newcomer always finds room.
- *Whose turn*: start-time fair queueing by bytes (Goyal, Vin and Cheng, 1996). Who has had least comes first, whatever its number of partitions; who had
  nothing to send has saved nothing up. What does not come into this reply is the first of the next.
- *Limits* are token buckets of a second's depth, for the whole lane and for single resources. What has come is paid for: a batch larger than the bucket
  is a debt, and the next one waits for it. The node's own topics (control logs, canaries) go first and never wait; they pay all the same.
"""

from collections.abc import Iterable, Mapping

import msgspec

from node.model.limits import (
    FETCH_BYTES_MAX,
    FETCH_FIRST_BYTES,
    FETCH_LEAST_BYTES,
    FETCH_PARTITION_BYTES_MAX,
    FETCH_TRANSFER_S,
    RATE_BURST_S,
    RATE_QUANTUM_S,
    SETTLE_S,
    WINDOW_BYTES_MAX,
    WINDOW_FIRST_BYTES,
    WINDOW_LEAST_BYTES,
)
from node.model.names import Topic, is_nodes


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator allows a lane: bytes a second of record batches as they are carried, of all together and of single resources."""

    link: int | None = None
    resources: Mapping[Topic, int] = {}


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask for now: of every resource that is followed, but for those that are withheld."""

    turns: Mapping[Topic, int]
    """who comes before (below 0) and behind (above 0) those that are not named"""
    withheld: frozenset[Topic]
    most: Mapping[Topic, int]
    """bytes at most of a resource, all its partitions together, where a limit says so"""
    bytes_max: int
    """of all together"""
    wait_s: float | None
    """until one that a limit withholds may be asked for; None: none is withheld by a limit"""


class Portion:
    """How much to ask of one connection at once: what it brings in `FETCH_TRANSFER_S`."""

    def __init__(self) -> None:
        self.bytes = FETCH_FIRST_BYTES

    def took(self, size: int, seconds: float) -> None:
        """Learn how long a reply took from its first byte to its last. One that was small for what was asked says nothing, unless it was slow."""
        if size * 2 >= self.bytes or seconds > FETCH_TRANSFER_S:
            fits = size * min(FETCH_TRANSFER_S / max(seconds, 1e-6), 4)
            self.bytes = min(max(int(fits), FETCH_LEAST_BYTES), FETCH_BYTES_MAX)


class Pace:
    """What one lane has under way, and what it may ask for."""

    def __init__(self, limits: Limits | None = None, now: float = 0.0) -> None:
        self.window = float(WINDOW_FIRST_BYTES)
        self.unsettled = 0
        self._of: dict[Topic, int] = {}
        """what of each resource is unsettled"""
        self._first: dict[Topic, int] = {}
        """the node's own topics, with the turn that they have: before all others"""
        self._tags: dict[Topic, float] = {}
        """of each resource that was served lately: bytes on the common scale up to which it has had its turns"""
        self._tag = 0.0
        """where that scale stands: who lies below has no more claim than who stands here"""
        self._withheld_s = 0.0
        """for how long something was, or will be by `_withheld_until`"""
        self._withheld_until = now
        self.limit(limits or Limits(), now)

    def limit(self, limits: Limits, now: float) -> None:
        """Allow so much from now on; debts are forgotten."""
        self._withheld_s, self._withheld_until = self.throttled_s(now), now
        self.limits = limits
        self._link = None if limits.link is None else _Bucket(limits.link, now)
        self._buckets = {topic: _Bucket(rate, now) for topic, rate in limits.resources.items()}

    def throttled_s(self, now: float) -> float:
        """Return for how long a limit has withheld something."""
        return self._withheld_s - max(self._withheld_until - now, 0.0)

    def meets(self, topic: Topic) -> None:
        """Take note of a resource that is followed from now on."""
        if is_nodes(topic):
            self._first[topic] = -1

    def shares(self, topics: Iterable[Topic], now: float) -> Shares:
        """Return what to ask for of resources that are followed."""
        self._tags = {topic: tag for topic, tag in self._tags.items() if tag > self._tag - FETCH_BYTES_MAX}
        turns = self._first | {topic: turn for turn, topic in enumerate(sorted(self._tags, key=self._tags.__getitem__), 1)}
        free = 2 * self.window - self.unsettled
        room = min(max(free / 2, WINDOW_LEAST_BYTES), FETCH_BYTES_MAX)
        if self._link is None and not self._buckets and self.unsettled < self.window:  # as nearly always: nobody is looked at one by one
            return Shares(turns=turns, withheld=frozenset(), most={}, bytes_max=int(room), wait_s=None)
        link_wait_s = 0.0 if self._link is None else self._link.wait_s(now)
        buckets = {topic: bucket for topic, bucket in self._buckets.items() if topic not in self._first}
        waits = {topic: max(link_wait_s, bucket.wait_s(now)) for topic, bucket in buckets.items()}
        others = [topic for topic in topics if topic not in self._first]
        limited = {topic for topic in others if waits.get(topic, link_wait_s) > 0}
        full = {topic for topic in others if self._of.get(topic, 0) >= free}
        if self._link is not None and not link_wait_s:
            room = min(room, self._link.level(now))
        wait_s = min((waits.get(topic, link_wait_s) for topic in limited), default=None)
        if wait_s is not None:
            self._withhold(now, wait_s)
        most = {topic: min(int(bucket.level(now)), FETCH_PARTITION_BYTES_MAX) for topic, bucket in buckets.items()}
        return Shares(turns=turns, withheld=frozenset(limited | full), most=most, bytes_max=int(room), wait_s=wait_s)

    def _withhold(self, now: float, seconds: float) -> None:
        """Count the time from now on for which something is withheld, but for what of it is counted already."""
        until = max(now + seconds, self._withheld_until)
        self._withheld_s += until - max(self._withheld_until, now)
        self._withheld_until = until

    def found(self, topic: Topic, size: int, now: float) -> None:
        """Count what came of a resource."""
        self.unsettled += size
        self._of[topic] = self._of.get(topic, 0) + size
        if topic not in self._first:
            start = self._tag = max(self._tags.get(topic, 0.0), self._tag)
            self._tags[topic] = start + size
        for bucket in (self._link, self._buckets.get(topic)):
            if bucket is not None:
                bucket.pay(size, now)

    def gone(self, topic: Topic, size: int) -> None:
        """Count bytes that are settled, or that nobody will send."""
        self.unsettled -= size
        left = self._of[topic] - size
        if left:
            self._of[topic] = left
        else:
            del self._of[topic]

    def settled(self, size: int, unsettled: int, seconds: float) -> None:
        """Learn how long a batch took to be written, and how much was unsettled when it came, itself included."""
        if seconds > SETTLE_S:
            self.window = max(min(self.window, unsettled) - size * (1 - SETTLE_S / seconds), WINDOW_LEAST_BYTES)
        elif unsettled * 2 >= self.window:  # a reply alone may bring so much
            self.window = min(self.window + size * (1 - seconds / SETTLE_S), WINDOW_BYTES_MAX)

    def lost(self) -> None:
        """Begin anew: what was under way did not get through, and nobody knows why."""
        self.window = float(WINDOW_FIRST_BYTES)


class _Bucket:
    """Tokens for bytes; below nothing where more has come than it held."""

    def __init__(self, rate: int, now: float) -> None:
        self._rate = rate
        self._level = 0.0
        self._at = now

    def level(self, now: float) -> float:
        """Return what is in it."""
        return min(self._level + (now - self._at) * self._rate, self._rate * RATE_BURST_S)

    def wait_s(self, now: float) -> float:
        """Return how long until there is enough to ask for: a tenth of a second's worth, or each request would bring one batch."""
        return max(RATE_QUANTUM_S - self.level(now) / self._rate, 0.0)

    def pay(self, size: int, now: float) -> None:
        """Take out what has come."""
        self._level, self._at = self.level(now) - size, now
