"""What a node shows of itself: why it is not ready, its link, its flows, the tree around it, and the page that Prometheus reads."""

import time
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime

from node import __version__
from node.control import day_of
from node.control.awaited import seconds_left
from node.control.calendar import Calendar
from node.control.canary import Canary, Direction, Link
from node.control.neighbourhood import NodeSeen, seen
from node.control.routes import Route, routes
from node.model.limits import CANARY_LATE_S
from node.model.names import Division, canary_topic
from node.runtime.canaries import Heard
from node.runtime.completeness import Completeness
from node.runtime.counting import Counting
from node.runtime.flow import FlowStatus, RouteStatus, seconds_since
from node.runtime.lane import Lane
from node.runtime.ledger import Ledger
from node.runtime.moved import Moved
from node.runtime.pacing import Pacing
from node.runtime.settings import LinkStatus, NodeSettings
from node.telemetry import Metrics, logger
from node.telemetry.metrics import FlowFigures, Volume

UP, DOWN, GATE, VIEW = "link-up", "link-down", "gate", "view"
_CANARIES = {"exchange_canary_age_seconds"}
_REST = 50
"""A province has 13,000 legal clocks, which take 0.2 s to look through: that takes a fiftieth of the time at most, however often somebody asks."""


class Shown:
    """The node's face. `lanes` and `troubles` are the node's own, and live."""

    def __init__(
        self,
        *,
        settings: NodeSettings,
        metrics: Metrics,
        ledger: Ledger,
        calendar: Calendar,
        heard: Heard,
        completeness: Completeness,
        pacing: Pacing,
        lanes: Mapping[str, Lane],
    ) -> None:
        self.troubles: dict[str, str] = dict.fromkeys(("own cluster", "gate", "views", "canary"), "not connected yet")
        """by part of the node, why it does not do what it is there for; empty where it does"""
        if settings.parent is not None:
            self.troubles["link"] = "not connected yet"
        self._settings, self._metrics, self._ledger, self.calendar = settings, metrics, ledger, calendar
        self._heard, self._completeness, self._pacing, self._lanes = heard, completeness, pacing, lanes
        self.moved = Moved(settings.data_dir)
        self._began_ms = int(time.time() * 1000)
        self._sent_ms = 0
        self._counting = Counting(settings.division, ledger)
        self._lacking = False
        """the calendar lacks a year that some clock needs, which is said when it comes to be so"""
        self._terms_at = 0.0
        metrics.show_build(__version__, settings.division)

    # ---- why it is not ready

    @property
    def reasons(self) -> list[str]:
        """Why the node is not ready: what it is there for and does not do now. Empty when ready."""
        found = [f"{part}: {why}" for part, why in self.troubles.items() if why]
        given_up = sum(lane.phases().count("given-up") for lane in self._lanes.values())
        if self._settings.parent is not None and not self.troubles["link"]:
            found += self._late(self._settings.parent)
        found += self._ledger.reasons
        if given_up:
            found.append(f"{given_up} shards are held by another process with this node's name: stop one of the two and restart this one")
        return found

    def _late(self, parent: Division) -> Iterator[str]:
        for course, heard_ms in (("up", self._sent()), ("down", self._parents())):
            age = seconds_since(heard_ms)
            if age > CANARY_LATE_S:
                since = f"for {age:.0f} s" if heard_ms else "yet"
                yield f"link: nothing has come {course} {'to' if course == 'up' else 'from'} {parent} {since}: {self._trouble or 'it is being opened'}"

    # ---- its link

    @property
    def link(self) -> LinkStatus | None:
        """The link to the parent, None at the root."""
        parent = self._settings.parent
        if parent is None:
            return None
        up, down = self._direction(UP, self._sent()), self._direction(DOWN, self._parents())
        return LinkStatus(parent=parent, up=up, down=down, trouble=self._trouble)

    @property
    def _trouble(self) -> str:
        lanes = (self._lanes[name] for name in (UP, DOWN) if name in self._lanes)
        return self.troubles["link"] or next((lane.trouble for lane in lanes if lane.trouble), "")

    def _direction(self, lane: str, heard_ms: int) -> Direction:
        flows = self._flows_of(lane)
        return Direction(
            heard_ms=heard_ms or self._began_ms,
            lag_s=max((flow.lag_seconds for flow in flows), default=0.0),
            stopped=sum(sum(flow.stopped.values()) for flow in flows),
            records_per_s=sum(flow.records_per_s for flow in flows),
            bytes_per_s=sum(flow.bytes_per_s for flow in flows),
            newest_ms=max((flow.newest_ms for flow in flows), default=0),
        )

    def _sent(self) -> int:
        """Return when the newest of the own canaries was made that stand in the parent's cluster, 0 where none is known."""
        if UP in self._lanes:
            self._sent_ms = max(self._sent_ms, self._lanes[UP].seen.newest_ms(canary_topic(self._settings.division)))
        return self._sent_ms

    def _parents(self) -> int:
        """Return when the newest of the parent's canaries was made that came here, 0 where none did."""
        parent = self._settings.parent
        came = None if parent is None else self._heard.came.get(parent)
        return 0 if came is None else came.at_ms

    def canary(self) -> Canary:
        """Return what the node says of itself now."""
        link = self.link
        return Canary(
            division=self._settings.division,
            made_ms=int(time.time() * 1000),
            software=__version__,
            ready=not self.reasons,
            link=None if link is None else Link(parent=link.parent, up=link.up, down=link.down),
        )

    def tree(self) -> list[NodeSeen]:
        """Return the nodes above and below, and each link's two directions, as they are seen here."""
        own = self.canary()
        return seen(self._ledger.book, own, self._settings.parent, self._heard.came, own.made_ms)

    # ---- what it carries

    def routes(self) -> list[RouteStatus]:
        """Return every partition that this node carries."""
        return [one for lane in self._lanes.values() for one in lane.status()]

    def flows(self) -> list[FlowStatus]:
        """Return every resource that this node carries, lane by lane."""
        names = [UP, DOWN, GATE, VIEW] if self._settings.parent is not None else [GATE, VIEW]
        return [flow for name in names for flow in self._flows_of(name)]

    def _flows_of(self, name: str) -> list[FlowStatus]:
        """Return the flows of a lane; of one that cannot be opened those that the book asks for, and how long they are not known to be level."""
        if name in self._lanes:
            return self._lanes[name].flows()
        topics = (
            [route.topic for route in self._wanted() if route.lane == name] if name in (UP, DOWN) else list(self._completeness.topics(name))
        )
        why = self.troubles.get({GATE: "gate", VIEW: "views"}.get(name, "link"), "")
        return [
            FlowStatus(
                lane=name,
                topic=topic,
                state="not-connected",
                detail=why,
                lag_seconds=seconds_since(self._completeness.of(name, topic)),
                catch_up_s=None,
            )
            for topic in sorted(topics)
        ]

    def _wanted(self) -> frozenset[Route]:
        s = self._settings
        return routes(self._ledger.book, s.division, s.parent, day_of(datetime.now(UTC)))

    def volumes(self) -> list[Volume]:
        """Return what moved since midnight of each resource, in each direction."""
        day = day_of(datetime.now(UTC)).isoformat()
        return self.moved.told(day, (volume for lane in self._lanes.values() for volume in lane.seen.volumes(day)))

    @property
    def skews(self) -> dict[str, float]:
        """How far the clocks of the own and the parent's cluster are before ours (s), as far as they are known."""
        s = self._settings
        found: dict[str, float] = {}
        for name, lane in self._lanes.items():
            cluster = s.parent if name == UP else s.division
            if lane.skew is not None and cluster is not None:
                found[cluster] = lane.skew
        return found

    # ---- the page

    def figures(self, names: Collection[str] = ()) -> bytes:
        """Return the metrics page, its gauges set to now; with names no others: canaries alone, which are asked for often, cost no look at any flow."""
        metrics = self._metrics
        metrics.show_canaries(self._heard.ages(self._sent() or self._began_ms))
        if names and set(names) <= _CANARIES:
            return metrics.text(names)
        metrics.show_flows(figures_of(flow) for flow in self.flows())
        metrics.show_phases((name, phase) for name, lane in self._lanes.items() for phase in lane.phases())
        metrics.show_skews(self.skews)
        self._pacing.figures(metrics)
        metrics.show_volumes(self.volumes())
        metrics.show_control(self._ledger.counts, {author: alarm.why for author, alarm in self._ledger.alarms.items()})
        metrics.show_sharing(self._counting.on(day_of(datetime.now(UTC))))
        self._show_terms()
        metrics.ready.set(int(not self.reasons))
        return metrics.text(names)

    def _show_terms(self) -> None:
        began = time.monotonic()
        if began < self._terms_at:
            return
        least, lacking = seconds_left(self._ledger.book, self._settings.division, self.calendar, datetime.now(UTC))
        self._terms_at = began + _REST * (time.monotonic() - began)
        self._metrics.show_clocks(least, len(lacking))
        if lacking and not self._lacking:
            logger().warning("calendar-lacks-year", clocks=len(lacking), cause=lacking[0].en)
        self._lacking = bool(lacking)


def figures_of(flow: FlowStatus) -> FlowFigures:
    """Return what the metrics show of a flow."""
    return FlowFigures(
        lane=flow.lane,
        resource=flow.topic,
        stopped=flow.stopped,
        waiting=flow.waiting,
        lag_records=flow.lag_records,
        lag_seconds=flow.lag_seconds,
        catch_up_s=flow.catch_up_s,
        newest_ms=flow.newest_ms,
    )
