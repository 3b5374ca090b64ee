"""The legal clocks at run time: that one has come to be due soon, or overdue, is said once, in the log and as an act by rule in the audit.

What was said stands in the audit. A node that starts reads it there, as far back as the clocks that press now have begun, and says the rest;
after that it remembers. Where an act could not be written it is not known whether it stands, and the audit is read again.

Bounds: what came to be overdue longer ago than LOOK_BACK is not said any more, so that no reading goes further; SAID_MAX acts at a look. What a
node remembers is less than what it wrote, some hundred bytes for each act.

Failure modes: a cluster that does not answer, or an audit that cannot be read, is told as why the node is not ready, and tried again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from node.control import Book
from node.control.acts import Audited, Sought
from node.control.awaited import Awaited, key, pressing
from node.control.calendar import Calendar
from node.errors import BusError, CommandRefused, DataError
from node.model.limits import CLOCK_INTERVAL_S
from node.model.values import RULE, Actor
from node.runtime.auditing import Audit
from node.runtime.reading import Cluster
from node.telemetry import Metrics, logger

LOOK_BACK = timedelta(days=90)
"""Three times the longest term with the longest holidays in it."""
SAID_MAX = 100
"""About a second of transactions, in which none of these clocks will often be met; more are said at the next look."""
_SKEW = timedelta(days=1)
"""A clock may begin by another node's time, which is never quite ours."""


class Clocks:
    """Which of a node's clocks press, and what was said of that."""

    def __init__(
        self,
        cluster: Cluster,
        book: Callable[[], Book],
        calendar: Calendar,
        record: Callable[[str, Actor, dict[str, str]], Awaitable[None]],
        metrics: Metrics,
    ) -> None:
        self._here, self._book, self._calendar, self._record, self._metrics = cluster.division, book, calendar, record, metrics
        self._audit = Audit(cluster)
        self._said: set[tuple[str, ...]] | None = None
        self._doubtful: Awaited | None = None
        """what was written last, where it is not known whether it stands"""

    async def keep(self, ready: Callable[[], bool], trouble: Callable[[str, str], None]) -> None:
        """Look now and then, for ever, once the book is whole; what hinders it is told as `trouble`."""
        while True:
            # First of all this leaves the rules the time to answer what they answer at once.
            await asyncio.sleep(CLOCK_INTERVAL_S)
            if ready():
                trouble("clocks", await self._looked())

    async def _looked(self) -> str:
        try:
            await self.look(datetime.now(UTC))
        except CommandRefused as refused:
            return f"{refused.code}: {refused.en}"
        except (BusError, DataError) as error:
            return str(error)
        return ""

    async def look(self, now: datetime) -> None:
        """Say of each clock that presses at a moment what was not said of it. CommandRefused, BusError or DataError: it is to be looked again."""
        since = now - LOOK_BACK
        found = pressing(self._book(), self._here, self._calendar, since, now)
        if not found:
            return
        if self._said is None:
            self._said = await self._read(max(since, min(one.clock.started for one in found) - _SKEW))
            self._settle(self._said)
        fresh = [one for one in found if key(one.act, one.subject) not in self._said]
        for one in fresh[:SAID_MAX]:
            await self._say(one, self._said)

    async def _read(self, since: datetime) -> set[tuple[str, ...]]:
        lines = self._audit.read(Sought(), lambda act: act.by == RULE, int(since.timestamp() * 1000), None)
        return {key(line.act.act, line.act.subject) async for line in lines if isinstance(line, Audited)}

    async def _say(self, one: Awaited, said: set[tuple[str, ...]]) -> None:
        try:
            await self._record(one.act, RULE, one.subject)
        except CommandRefused:
            self._said, self._doubtful = None, one
            raise
        said.add(key(one.act, one.subject))
        self._tell(one)

    def _settle(self, said: set[tuple[str, ...]]) -> None:
        """Tell of what stands after all; what does not stand will be said if it still presses."""
        one, self._doubtful = self._doubtful, None
        if one is not None and key(one.act, one.subject) in said:
            self._tell(one)

    def _tell(self, one: Awaited) -> None:
        self._metrics.clock_events.labels(one.clock.kind, one.clock.state).inc()
        logger().warning(one.act, **one.subject)
