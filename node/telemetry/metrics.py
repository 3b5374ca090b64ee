"""Every metric of a node, made from the specification. Counted per batch, never per record.

What has a series for each resource is summed over its partitions (of lags and ages the greatest counts), so that series grow with the book and with nothing else.
"""

import platform
from collections import Counter as Counted
from collections.abc import Collection, Iterable, Iterator, Mapping
from math import inf

import msgspec
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Metric,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.registry import Collector

from node.control.counting import Counted as Counts
from node.model.names import INBOX, Topic, is_nodes
from node.telemetry.families import Ages, Table
from node.telemetry.specification import AGES_S, BY_NAME, OTHER, RESOURCES_MAX

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, which nothing here asks for


class FlowFigures(msgspec.Struct, frozen=True, kw_only=True):
    """All partitions of a resource on a lane as the gauges show them; `stopped` counts partitions by reason."""

    lane: str
    resource: str
    stopped: Mapping[str, int] = {}
    waiting: int = 0
    lag_records: int
    lag_seconds: float
    catch_up_s: float | None
    """None: never"""
    newest_ms: int = 0


class CanaryAge(msgspec.Struct, frozen=True, kw_only=True):
    """How old the newest canary is that came from `origin` over a link."""

    origin: str
    link: str
    direction: str
    seconds: float


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """What moved of a resource since midnight."""

    department: str
    resource: str
    direction: str
    records: int
    bytes: int


class Metrics(Collector):
    """The metrics of one node, in a registry of their own. `resources_max` are told by name, the rest together."""

    def __init__(self, *, resources_max: int = RESOURCES_MAX) -> None:
        self._resources_max = resources_max
        self._names: set[str] = set()
        self._plain = CollectorRegistry()
        self._tables: list[Table | Ages] = []
        self.registry = CollectorRegistry()
        """with all that the page has"""
        self.registry.register(self)
        self._begin_moved()
        self._begin_behind()
        self._begin_book()
        self._begin_node()

    def _begin_moved(self) -> None:
        self.records = self._table("exchange_records_total")
        self.bytes = self._table("exchange_bytes_total")
        self.batches = self._table("exchange_batches_total")
        self._refused = self._table("exchange_refused_records_total")
        self._warned = self._table("exchange_warned_records_total")
        self.transactions = self._counter("exchange_transactions_total")
        self.ages = Ages(BY_NAME["exchange_age_seconds"], AGES_S)
        self._tables.append(self.ages)
        self._quarantined = self._table("exchange_quarantine_records")
        self._quarantined_since = self._table("exchange_quarantine_oldest_timestamp_seconds")
        self._volume_records = self._table("exchange_volume_records")
        self._volume_bytes = self._table("exchange_volume_bytes")

    def _begin_behind(self) -> None:
        self._newest = self._table("exchange_newest_timestamp_seconds")
        self._lag_records = self._table("exchange_lag_records")
        self._lag_seconds = self._table("exchange_lag_seconds")
        self._catch_up = self._table("exchange_catch_up_seconds")
        self._stopped = self._table("exchange_route_stopped")
        self._waiting = self._table("exchange_route_waiting")
        self.shards = self._gauge("exchange_shards")
        self._canary_age = self._gauge("exchange_canary_age_seconds")
        self._skew = self._gauge("exchange_clock_skew_seconds")
        self._rate_limit = self._table("exchange_rate_limit_bytes_per_second")
        self._throttled = self._counter("exchange_throttled_seconds_total")

    def _begin_book(self) -> None:
        self.control_events = self._gauge("exchange_control_events")
        self.control_alarms = self._gauge("exchange_control_alarms")
        self.request_due = self._gauge("exchange_request_due_seconds")
        self.clock_events = self._counter("exchange_clock_events_total")
        self.clocks_untold = self._gauge("exchange_clocks_untold")
        self.requests = self._gauge("exchange_requests")
        self.grants = self._gauge("exchange_grants")
        self.grants_ending = self._gauge("exchange_grants_ending")
        self.objections = self._gauge("exchange_objections")

    def _begin_node(self) -> None:
        self.copies_disposed = self._counter("exchange_copies_disposed_total")
        self.rights_changed = self._counter("exchange_rights_changed_total")
        for change in ("added", "removed", "stranger"):  # the first stranger has to be an increase, not a beginning
            self.rights_changed.labels(change)
        self.http_refused = self._counter("exchange_http_refused_total")
        self.log_suppressed = self._counter("exchange_log_events_suppressed_total")
        self.ready = self._gauge("exchange_ready")
        self._disk_free = self._gauge("exchange_disk_free_bytes")
        self._disk_size = self._gauge("exchange_disk_size_bytes")
        self._certificate_end = self._gauge("exchange_certificate_not_after_timestamp_seconds")
        self._build = self._gauge("exchange_build_info")
        ProcessCollector(registry=self._plain)

    def _counter(self, name: str) -> Counter:
        spec = BY_NAME[name]
        return Counter(spec.name, spec.question, spec.labels, registry=self._plain)

    def _gauge(self, name: str) -> Gauge:
        spec = BY_NAME[name]
        return Gauge(spec.name, spec.question, spec.labels, registry=self._plain)

    def _table(self, name: str) -> Table:
        table = Table(BY_NAME[name])
        self._tables.append(table)
        return table

    def _named(self, resource: str) -> str:
        """Return the name under which a resource is told: its own, as long as there is room for names. An inbox has the room of its resource."""
        whose = resource.removesuffix(INBOX)
        if whose not in self._names and not is_nodes(Topic(resource)):  # of the nodes' own there are as many as nodes
            if len(self._names) >= self._resources_max:
                return OTHER
            self._names.add(whose)
        return resource

    # ---- what is counted

    def carried(self, lane: str, resource: str, outcome: str, *, batches: int, records: int, size: int) -> None:
        """Count what a committed transaction wrote of a route."""
        labels = (lane, self._named(resource), outcome)
        self.batches.inc(labels, batches)
        self.records.inc(labels, records)
        self.bytes.inc(labels, size)

    def filtered(self, lane: str, resource: str, records: int) -> None:
        """Count records that were read for a route and are none of it: what its filter leaves out."""
        self.records.inc((lane, self._named(resource), "filtered"), records)

    def refused(self, resource: str, reason: str, records: int) -> None:
        """Count records that the gate refused, by inbox and by the broken rule's name or the word for what is wrong."""
        self._refused.inc((self._named(resource), reason), records)

    def warned(self, resource: str, rule: str, records: int) -> None:
        """Count records that passed the gate although a rule that only warns is broken."""
        self._warned.inc((self._named(resource), rule), records)

    # ---- what is shown

    def show_build(self, version: str, division: str) -> None:
        """Say which node this is."""
        self._build.labels(version, division, platform.python_version()).set(1)

    def show_flows(self, flows: Iterable[FlowFigures]) -> None:
        """Set the gauges of all flows anew; those that are gone leave no series."""
        for table in (self._newest, self._lag_records, self._lag_seconds, self._catch_up, self._stopped, self._waiting):
            table.clear()
        for flow in flows:
            labels = (flow.lane, self._named(flow.resource))
            self._lag_records.inc(labels, flow.lag_records)
            self._lag_seconds.raise_to(labels, flow.lag_seconds)
            self._catch_up.raise_to(labels, inf if flow.catch_up_s is None else flow.catch_up_s)
            if flow.newest_ms:
                self._newest.raise_to(labels, flow.newest_ms / 1000)
            for reason, partitions in flow.stopped.items():
                self._stopped.inc((*labels, reason), partitions)
            if flow.waiting:
                self._waiting.inc(labels, flow.waiting)

    def show_phases(self, phases: Iterable[tuple[str, str]]) -> None:
        """Set the shards anew, each given by its lane and phase."""
        self.shards.clear()
        for labels, shards in Counted(phases).items():
            self.shards.labels(*labels).set(shards)

    def show_canaries(self, ages: Iterable[CanaryAge]) -> None:
        """Set the ages of canaries anew; a node that is gone from the tree leaves no series."""
        self._canary_age.clear()
        for one in ages:
            self._canary_age.labels(one.origin, one.link, one.direction).set(one.seconds)

    def show_skews(self, skews: Mapping[str, float]) -> None:
        """Set how far the clocks of clusters are before ours, by whose cluster it is."""
        for cluster, seconds in skews.items():
            self._skew.labels(cluster).set(seconds)

    def show_rates(self, limits: Mapping[tuple[str, str], int], throttled_s: Mapping[str, float]) -> None:
        """Set the limits anew, by lane and resource (empty: the whole link); count for how much longer they held something back in each lane."""
        self._rate_limit.clear()
        for (lane, resource), rate in limits.items():
            self._rate_limit.raise_to((lane, self._named(resource) if resource else ""), rate)
        for lane, seconds in throttled_s.items():
            self._throttled.labels(lane).inc(seconds)

    def show_volumes(self, volumes: Iterable[Volume]) -> None:
        """Set what moved since midnight anew."""
        self._volume_records.clear()
        self._volume_bytes.clear()
        for one in volumes:
            labels = (one.department, self._named(one.resource), one.direction)
            self._volume_records.inc(labels, one.records)
            self._volume_bytes.inc(labels, one.bytes)

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

    def show_disks(self, disks: Mapping[str, tuple[int, int]]) -> None:
        """Set room and size of disks anew; one that is gone leaves no series."""
        self._disk_free.clear()
        self._disk_size.clear()
        for disk, (free, size) in disks.items():
            self._disk_free.labels(disk).set(free)
            self._disk_size.labels(disk).set(size)

    def show_certificates(self, ends: Mapping[str, float]) -> None:
        """Set when certificates end; one that is not seen at the moment stays as it was."""
        for certificate, moment in ends.items():
            self._certificate_end.labels(certificate).set(moment)

    def show_quarantines(self, waiting: Mapping[str, tuple[int, int | None]]) -> None:
        """Set how many refused records of each resource wait, and since when (ms) the oldest of them does."""
        self._quarantined.clear()
        self._quarantined_since.clear()
        for resource, (records, oldest_ms) in waiting.items():
            labels = (self._named(resource),)
            self._quarantined.inc(labels, records)
            if oldest_ms:
                self._quarantined_since.lower_to(labels, oldest_ms / 1000)

    def show_sharing(self, counted: Counts) -> None:
        """Set the requests and grants by where they stand."""
        for gauge, counts in ((self.requests, counted.requests), (self.grants, counted.grants), (self.objections, counted.objections)):
            for word, count in counts.items():
                gauge.labels(word).set(count)
        for days, count in counted.ending.items():
            self.grants_ending.labels(f"{days}d").set(count)

    # ---- what is read

    def collect(self) -> Iterator[Metric]:
        """Yield all families, as prometheus-client has them."""
        yield from self._plain.collect()
        for table in self._tables:
            yield from table.collect()

    def text(self, names: Collection[str] = ()) -> bytes:
        """Return the metrics in Prometheus' text format, all or those named: what is asked for every 2 s must not cost the page each time."""
        plain: bytes = generate_latest(self._plain.restricted_registry(names) if names else self._plain)
        tables = (table for table in self._tables if not names or table.name in names)
        return plain + "".join(line for table in tables for line in table.lines()).encode()
