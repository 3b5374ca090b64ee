"""A resource on a lane as people and dashboards see it: its partitions together, how far behind, how fast, and when it will be level."""

import math
import time
from collections.abc import Iterable

import msgspec

from node.lane import State
from node.model.limits import TRANSACTION_TIMEOUT_S
from node.model.names import Topic

_MEMORY_S = 60.0
"""A rate is that of the last minute: what lies further back counts for less and less."""
_STOOD_S = 2 * TRANSACTION_TIMEOUT_S
"""What nothing was carried of for so long stood: over a slow link one transaction may take ten seconds, and then all of it is carried at once."""
_ORDER = ("given-up", State.STOPPED.value, "not-connected", State.SUSPECT.value, State.WAITING.value)
"""What is worst comes first; all else is on its way to flowing."""


class RouteStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One partition of a route, as `status` shows it."""

    lane: str
    topic: str
    partition: int
    state: str
    reason: str = ""
    detail: str = ""
    since_ms: int = 0
    """when it came to be in this state, as far as it was looked at; 0 where that is not known"""
    next: int = 0
    lag_records: int = 0
    lag_seconds: float = 0.0
    newest_ms: int = 0
    """greatest timestamp of what it carried last; 0 where nothing was, since the node began"""
    records: int = 0
    bytes: int = 0
    outcomes: dict[str, int] = {}
    """records by what became of them: carried; passed and quarantined; sent and filtered"""


class FlowStatus(msgspec.Struct, frozen=True, kw_only=True):
    """All partitions of a resource on a lane; `state` is the worst of theirs."""

    lane: str
    topic: str
    state: str
    reason: str = ""
    detail: str = ""
    since_ms: int = 0
    stopped: dict[str, int] = {}
    """partitions that stand until resumed, by reason"""
    waiting: int = 0
    lag_records: int = 0
    lag_seconds: float = 0.0
    catch_up_s: float | None = 0.0
    """until it is level at the rate of the last minute: 0 when it is, None where what is behind does not shrink"""
    records_per_s: float = 0.0
    bytes_per_s: float = 0.0
    newest_ms: int = 0
    records: int = 0
    bytes: int = 0
    outcomes: dict[str, int] = {}


class Speed:
    """How fast the figures of a flow move: averages that forget within a minute."""

    __slots__ = ("_at", "_behind", "_bytes", "_moved_at", "_records", "_weight", "bytes_per_s", "records_per_s", "shrinks_per_s")

    def __init__(self) -> None:
        self.records_per_s = self.bytes_per_s = self.shrinks_per_s = 0.0
        self._at = self._weight = 0.0
        self._records = self._bytes = self._behind = -1
        self._moved_at = 0.0
        """of the last look that saw something carried, or nothing behind"""

    def note(self, now: float, records: int, size: int, behind: int) -> None:
        """Take the figures of a moment (monotonic s): what was carried so far, and what is behind."""
        passed = now - self._at
        moves, stood = records > self._records, self._at - self._moved_at >= _STOOD_S
        # What stood and goes again begins anew: what came meanwhile says nothing of how fast it catches up.
        if self._records < 0 or records < self._records or (moves and stood):
            self.records_per_s = self.bytes_per_s = self.shrinks_per_s = self._weight = 0.0
            self._moved_at = now
        elif passed > 0:
            # The first minute has no past that would hold it down: its weight grows from 0 to 1.
            kept = math.exp(-passed / _MEMORY_S)
            self._weight = self._weight * kept + 1 - kept
            share = (1 - kept) / self._weight
            self.records_per_s += ((records - self._records) / passed - self.records_per_s) * share
            self.bytes_per_s += ((size - self._bytes) / passed - self.bytes_per_s) * share
            self.shrinks_per_s += ((self._behind - behind) / passed - self.shrinks_per_s) * share
        else:
            return
        if moves or behind <= 0:
            self._moved_at = now
        self._at, self._records, self._bytes, self._behind = now, records, size, behind

    def until_level(self, behind: int) -> float | None:
        """Return in how many seconds nothing is behind, None where that does not shrink."""
        if behind <= 0:
            return 0.0
        return behind / self.shrinks_per_s if self.shrinks_per_s > 0 else None


_STILL = Speed()


def flow_of(lane: str, topic: Topic, routes: list[RouteStatus], speed: Speed = _STILL) -> FlowStatus:
    """Return partitions of one topic together."""
    worst = min(routes, key=lambda one: (_ORDER.index(one.state) if one.state in _ORDER else len(_ORDER), one.partition))
    stopped: dict[str, int] = {}
    outcomes: dict[str, int] = {}
    for route in routes:
        if route.reason:
            stopped[route.reason] = stopped.get(route.reason, 0) + 1
        for word, records in route.outcomes.items():
            outcomes[word] = outcomes.get(word, 0) + records
    behind = sum(one.lag_records for one in routes)
    return FlowStatus(
        lane=lane,
        topic=topic,
        state=worst.state,
        reason=worst.reason,
        detail=worst.detail,
        since_ms=worst.since_ms,
        stopped=stopped,
        waiting=sum(one.state == State.WAITING.value for one in routes),
        lag_records=behind,
        lag_seconds=max(one.lag_seconds for one in routes),
        catch_up_s=speed.until_level(behind),
        records_per_s=speed.records_per_s,
        bytes_per_s=speed.bytes_per_s,
        newest_ms=max(one.newest_ms for one in routes),
        records=sum(one.records for one in routes),
        bytes=sum(one.bytes for one in routes),
        outcomes=outcomes,
    )


def by_topic(routes: Iterable[RouteStatus]) -> dict[Topic, list[RouteStatus]]:
    """Return routes by their topics, in the order in which they come."""
    found: dict[Topic, list[RouteStatus]] = {}
    for route in routes:
        found.setdefault(Topic(route.topic), []).append(route)
    return found


def seconds_since(stamp_ms: float) -> float:
    """Return the age (s) of a moment, 0 for one to come: clocks differ."""
    return max(time.time() - stamp_ms / 1000, 0.0)
