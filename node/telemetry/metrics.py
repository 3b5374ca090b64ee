"""Every metric of the node: namespace `exchange_`, base units, labels bounded by the book.

`resource` is a topic's name; partitions are summed (lag: the greatest counts), so that series grow with the book and with
nothing else.
"""

from collections.abc import Collection, Iterable, Mapping

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from node.control.counting import Counted

_AGES_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86400)


class RouteFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One route as the gauges show it."""

    lane: str
    resource: str
    state: str
    stop: str
    lag_records: int
    lag_seconds: float


class Metrics:
    """The metrics of one node, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._begin_carried()
        self._begin_routes()
        self._begin_control()
        self._begin_terms()
        self._begin_sharing()
        self._begin_node()

    def _begin_carried(self) -> None:
        route = ("lane", "resource", "outcome")
        self.records = Counter("exchange_records", "Records by lane, resource and outcome", route, registry=self.registry)
        self.bytes = Counter("exchange_bytes", "Bytes of record batches by lane, resource and outcome", route, registry=self.registry)
        self.batches = Counter("exchange_batches", "Record batches by lane, resource and outcome", route, registry=self.registry)
        self.refused = Counter(
            "exchange_refused_records",
            "Records that the gate refused, by inbox and by the broken rule's name or the word for what is wrong",
            ("resource", "reason"),
            registry=self.registry,
        )
        self.warned = Counter(
            "exchange_warned_records",
            "Records that passed the gate although a rule that only warns is broken",
            ("resource", "rule"),
            registry=self.registry,
        )
        self.transactions = Counter(
            "exchange_transactions", "Transactions by lane and outcome", ("lane", "outcome"), registry=self.registry
        )
        self.age = Histogram(
            "exchange_age_seconds",
            "From a batch's newest timestamp to its commit here, one observation a batch",
            ("lane", "resource"),
            buckets=_AGES_S,
            registry=self.registry,
        )

    def _begin_routes(self) -> None:
        labels = ("lane", "resource")
        self.lag_records = Gauge("exchange_lag_records", "Offsets not yet carried", labels, registry=self.registry)
        self.lag_seconds = Gauge(
            "exchange_lag_seconds", "0 when caught up, else the age of the oldest record not yet carried", labels, registry=self.registry
        )
        self.stopped = Gauge("exchange_route_stopped", "Partitions that stand until resumed", (*labels, "reason"), registry=self.registry)
        self.waiting = Gauge(
            "exchange_route_waiting",
            "Partitions whose topic is not there yet, or has to be disposed of first",
            labels,
            registry=self.registry,
        )
        self.link_up = Gauge(
            "exchange_link_up", "1 if the parent answered a Fetch or EndTxn within 30 s", ("parent",), registry=self.registry
        )
        self.shards = Gauge("exchange_shards", "Shards by lane and phase", ("lane", "phase"), registry=self.registry)

    def _begin_control(self) -> None:
        self.control_events = Gauge("exchange_control_events", "Events of the book by outcome", ("outcome",), registry=self.registry)
        self.control_alarms = Gauge(
            "exchange_control_alarms",
            "1 for each author of whose control log no more is taken, by why: its chain is broken, it is not signed, or with a key that does not count",
            ("author", "reason"),
            registry=self.registry,
        )

    def _begin_terms(self) -> None:
        self.request_due = Gauge(
            "exchange_request_due_seconds",
            "Least seconds until a legal term that this node's departments or authority have to meet is over, of those that run, for requests and"
            " catalogue items; negative when it was",
            ("kind", "state"),
            registry=self.registry,
        )
        self.clock_events = Counter(
            "exchange_clock_events",
            "Legal terms that came to be due soon, or overdue, and were said to be",
            ("kind", "state"),
            registry=self.registry,
        )
        self.clocks_untold = Gauge(
            "exchange_clocks_untold",
            "Legal terms that cannot be told, for the calendar lacks a year: the operator's file has to name its days off",
            registry=self.registry,
        )

    def _begin_sharing(self) -> None:
        self.requests = Gauge(
            "exchange_requests", "Requests for resources of this node's departments, by state", ("state",), registry=self.registry
        )
        self.grants = Gauge(
            "exchange_grants", "Grants on resources of this node's departments, by state", ("state",), registry=self.registry
        )
        self.grants_ending = Gauge(
            "exchange_grants_ending",
            "Of the grants that flow, those whose term is over within so many days",
            ("within",),
            registry=self.registry,
        )
        self.objections = Gauge(
            "exchange_objections",
            "Grants whose owner has filed for their end: those that wait for the authority's word, and those that it agreed to end",
            ("state",),
            registry=self.registry,
        )

    def _begin_node(self) -> None:
        self.copies_disposed = Counter(
            "exchange_copies_disposed",
            "Topics removed with what was in them, because no grant let them flow any more",
            registry=self.registry,
        )
        self.rights_changed = Counter(
            "exchange_rights_changed",
            "Access control lists of the own cluster that were changed: added, removed as the book says, or found there though nobody here gave them (stranger)",
            ("change",),
            registry=self.registry,
        )
        for change in ("added", "removed", "stranger"):  # the first stranger has to be an increase, not a beginning
            self.rights_changed.labels(change)
        self.http_refused = Counter(
            "exchange_http_refused",
            "HTTP requests and connections refused before the book was asked, by reason",
            ("reason",),
            registry=self.registry,
        )
        self.ready = Gauge("exchange_ready", "1 if the node does all it is there for", registry=self.registry)

    def carried(self, labels: tuple[str, str, str], *, batches: int, records: int, size: int) -> None:
        """Count what a committed transaction wrote of a route: labels are lane, resource and outcome."""
        self.batches.labels(*labels).inc(batches)
        self.records.labels(*labels).inc(records)
        self.bytes.labels(*labels).inc(size)

    def filtered(self, lane: str, resource: str, records: int) -> None:
        """Count records that were read for a route and are none of it: what its filter leaves out."""
        self.records.labels(lane, resource, "filtered").inc(records)

    def show_routes(self, routes: Iterable[RouteFigures]) -> None:
        """Set the gauges of all routes anew; routes that are gone leave no series."""
        for gauge in (self.lag_records, self.lag_seconds, self.stopped, self.waiting):
            gauge.clear()
        lags: dict[tuple[str, str], float] = {}
        for route in routes:
            labels = (route.lane, route.resource)
            lags[labels] = max(lags.get(labels, 0.0), route.lag_seconds)
            self.lag_records.labels(*labels).inc(route.lag_records)
            if route.stop:
                self.stopped.labels(*labels, route.stop).inc()
            if route.state == "waiting":
                self.waiting.labels(*labels).inc()
        for labels, lag in lags.items():
            self.lag_seconds.labels(*labels).set(lag)

    def show_control(self, counts: Mapping[str, int], alarms: Mapping[str, str]) -> None:
        """Set the events of the book anew, by outcome, and the alarms of logs, by author; an alarm that is over leaves no series."""
        for outcome, count in counts.items():
            self.control_events.labels(outcome).set(count)
        self.control_alarms.clear()
        for labels in alarms.items():
            self.control_alarms.labels(*labels).set(1)

    def show_clocks(self, least: Mapping[tuple[str, str], float], lacking: int) -> None:
        """Set the legal terms anew, by kind and state, and how many cannot be told; those of which none runs leave no series."""
        self.clocks_untold.set(lacking)
        self.request_due.clear()
        for labels, seconds in least.items():
            self.request_due.labels(*labels).set(seconds)

    def show_sharing(self, counted: Counted) -> None:
        """Set the requests and grants by where they stand."""
        for gauge, counts in ((self.requests, counted.requests), (self.grants, counted.grants), (self.objections, counted.objections)):
            for word, count in counts.items():
                gauge.labels(word).set(count)
        for days, count in counted.ending.items():
            self.grants_ending.labels(f"{days}d").set(count)

    def text(self, names: Collection[str] = ()) -> bytes:
        """Return the metrics in Prometheus' text format, all or those named: a page of 1,000 resources takes 0.6 s, a metric of a link none."""
        page: bytes = generate_latest(self.registry.restricted_registry(names) if names else self.registry)
        return page
