"""Answers for node/telemetry/metrics.py: what Prometheus reads."""

import math
from datetime import date
from typing import Any

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from node.control.book import Book
from node.control.counting import counted
from node.model.names import Division
from node.telemetry import Metrics
from node.telemetry.metrics import CanaryAge, FlowFigures, Volume

TOPIC = "445102.civil-affairs.villages"


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return every sample of the page, as Prometheus' own parser reads it."""
    families = text_string_to_metric_families(metrics.text().decode())
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def figures(number: int, **fields: Any) -> FlowFigures:
    """Return the figures of a resource that flows and is so many records and seconds behind."""
    given = {"lane": "link-up", "resource": TOPIC, "lag_records": number, "lag_seconds": float(number), "catch_up_s": 2.0 * number}
    return FlowFigures(**(given | fields))  # type: ignore[arg-type]  # as the dict says


def at(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Name a sample."""
    return name, tuple(sorted(labels.items()))


def test_what_was_carried_is_counted() -> None:
    """Batches, records and bytes of committed transactions add up by lane, resource and outcome."""
    metrics = Metrics()
    for _ in range(2):
        metrics.carried("link-up", TOPIC, "carried", batches=3, records=40, size=5000)
    found, labels = samples(metrics), {"lane": "link-up", "resource": TOPIC, "outcome": "carried"}
    assert found[at("exchange_batches_total", **labels)] == 6
    assert found[at("exchange_records_total", **labels)] == 80
    assert found[at("exchange_bytes_total", **labels)] == 10_000


def test_a_resource_has_its_lag_and_when_it_is_level() -> None:
    """A series for each lane and resource, none for a partition: they grow with the book and with nothing else. Never is +Inf."""
    metrics = Metrics()
    metrics.show_flows([figures(8, newest_ms=1_770_000_000_500), figures(7, lane="link-down", catch_up_s=None)])
    found = samples(metrics)
    assert found[at("exchange_lag_records", lane="link-up", resource=TOPIC)] == 8
    assert found[at("exchange_lag_seconds", lane="link-down", resource=TOPIC)] == 7
    assert found[at("exchange_catch_up_seconds", lane="link-up", resource=TOPIC)] == 16
    assert found[at("exchange_catch_up_seconds", lane="link-down", resource=TOPIC)] == math.inf
    assert found[at("exchange_newest_timestamp_seconds", lane="link-up", resource=TOPIC)] == 1_770_000_000.5
    assert not any(name == "exchange_route_stopped" for name, _labels in found)


def test_stopped_and_waiting_partitions_are_counted() -> None:
    """Each with its reason, so that an alarm can name it."""
    metrics = Metrics()
    metrics.show_flows([figures(0, stopped={"target-recreated": 2, "too-large": 1}, waiting=3)])
    found = samples(metrics)
    assert found[at("exchange_route_stopped", lane="link-up", resource=TOPIC, reason="target-recreated")] == 2
    assert found[at("exchange_route_stopped", lane="link-up", resource=TOPIC, reason="too-large")] == 1
    assert found[at("exchange_route_waiting", lane="link-up", resource=TOPIC)] == 3


def test_a_flow_that_is_gone_leaves_no_series() -> None:
    """A stopped route that was resumed, or a grant that ended, must not stay on the dashboards."""
    metrics = Metrics()
    metrics.show_flows([figures(3, stopped={"too-large": 1}), figures(1, resource="445102.civil-affairs.streets")])
    metrics.show_volumes([Volume(department="445102.tax", resource="445102.tax.bills", direction="up", records=1, bytes=2)])
    metrics.show_canaries([CanaryAge(origin="445102", link="445102-445100", direction="up", seconds=1.5)])
    metrics.show_flows([figures(0)])
    metrics.show_volumes([])
    metrics.show_canaries([])
    found = samples(metrics)
    assert found[at("exchange_lag_records", lane="link-up", resource=TOPIC)] == 0
    gone = ("exchange_route_stopped", "exchange_volume_records", "exchange_canary_age_seconds")
    assert not any("streets" in str(labels) or name in gone for name, labels in found)


def test_resources_beyond_the_bound_go_together() -> None:
    """Counts are summed, of lags the greatest counts; whoever has a name keeps it."""
    metrics = Metrics(resources_max=2)
    for number in (1, 2, 3, 4):
        metrics.carried("gate", f"445102.tax.r{number}", "passed", batches=1, records=number, size=10)
        metrics.refused(f"445102.tax.r{number}", "length", number)
    metrics.show_flows([figures(number, resource=f"445102.tax.r{number}") for number in (4, 3, 2, 1)])
    found = samples(metrics)
    assert found[at("exchange_records_total", lane="gate", resource="other", outcome="passed")] == 7
    assert found[at("exchange_records_total", lane="gate", resource="445102.tax.r2", outcome="passed")] == 2
    assert found[at("exchange_refused_records_total", resource="other", reason="length")] == 7
    assert (
        found[at("exchange_lag_records", lane="link-up", resource="other")],
        found[at("exchange_lag_seconds", lane="link-up", resource="other")],
    ) == (7, 4)


def test_an_inbox_has_the_room_of_its_resource() -> None:
    """A thousand resources are told by name, though each is a route of a gate and one of a link."""
    metrics = Metrics(resources_max=2)
    for number in (1, 2, 3):
        metrics.carried("gate", f"445102.tax.r{number}.inbox", "passed", batches=1, records=1, size=10)
        metrics.carried("link-up", f"445102.tax.r{number}", "carried", batches=1, records=1, size=10)
    found = samples(metrics)
    for lane, outcome, part in (("gate", "passed", ".inbox"), ("link-up", "carried", "")):
        told = [
            found[at("exchange_records_total", lane=lane, resource=f"445102.tax.r{number}{part}", outcome=outcome)] for number in (1, 2)
        ]
        assert [*told, found[at("exchange_records_total", lane=lane, resource="other", outcome=outcome)]] == [1, 1, 1]


def test_volumes_are_shown_by_department_resource_and_direction() -> None:
    """Partitions are summed."""
    metrics = Metrics()
    metrics.show_volumes(2 * [Volume(department="445102.tax", resource="445102.tax.bills", direction="up", records=5, bytes=700)])
    labels = {"department": "445102.tax", "resource": "445102.tax.bills", "direction": "up"}
    assert samples(metrics)[at("exchange_volume_records", **labels)] == 10
    assert samples(metrics)[at("exchange_volume_bytes", **labels)] == 1400


def test_links_shards_clocks_and_the_build_are_shown() -> None:
    """By origin, link and direction; by lane and phase; by cluster; by version."""
    metrics = Metrics()
    metrics.show_canaries([CanaryAge(origin="445102", link="445102-445100", direction="up", seconds=1.5)])
    metrics.show_phases([("gate", "running"), ("gate", "running"), ("view", "opening")])
    metrics.show_skews({"445100": -0.25})
    metrics.show_build("1.2.3", "445102")
    found = samples(metrics)
    assert found[at("exchange_canary_age_seconds", origin="445102", link="445102-445100", direction="up")] == 1.5
    assert found[at("exchange_shards", lane="gate", phase="running")] == 2
    assert found[at("exchange_clock_skew_seconds", cluster="445100")] == -0.25
    assert [dict(labels)["version"] for name, labels in found if name == "exchange_build_info"] == ["1.2.3"]


def test_alarms_of_control_logs_are_shown_by_author_and_reason() -> None:
    """One that is over leaves no series, so that nobody is called for it."""
    metrics = Metrics()
    metrics.show_control({"folded": 7}, {"445100": "fork", "445102": "key"})
    metrics.show_control({"folded": 9}, {"445102": "signature"})
    page = metrics.text().decode()
    assert 'exchange_control_events{outcome="folded"} 9.0' in page
    assert 'exchange_control_alarms{author="445102",reason="signature"} 1.0' in page
    assert page.count("exchange_control_alarms{") == 1


def test_terms_are_shown_by_kind_and_state() -> None:
    """A term that was met, or came to be due soon, leaves no series behind."""
    metrics = Metrics()
    metrics.show_clocks({("answer-conditional", "running"): 86400.0, ("flow", "overdue"): -60.0}, 2)
    metrics.show_clocks({("answer-conditional", "soon"): 3600.5}, 1)
    assert samples(metrics)[at("exchange_clocks_untold")] == 1
    found = {place: value for place, value in samples(metrics).items() if place[0] == "exchange_request_due_seconds"}
    assert found == {at("exchange_request_due_seconds", kind="answer-conditional", state="soon"): 3600.5}


def test_the_sharing_is_shown_by_where_it_stands() -> None:
    """Each state has a series, also with none in it: nobody has to know which there are to add them up."""
    metrics = Metrics()
    metrics.show_sharing(counted(Book(), Division("445102"), date(2026, 11, 22)))
    found = {place for place in samples(metrics) if place[0] in {"exchange_requests", "exchange_grants", "exchange_objections"}}
    assert len(found) == 6 + 4 + 2
    assert samples(metrics)[at("exchange_grants_ending", within="7d")] == samples(metrics)[at("exchange_requests", state="waiting")] == 0


def test_metrics_that_are_named_come_alone() -> None:
    """Those with a series for each resource, too."""
    metrics = Metrics()
    metrics.carried("gate", TOPIC, "passed", batches=1, records=2, size=3)
    page = metrics.text(["exchange_ready", "exchange_records_total"]).decode()
    assert {line.partition("{")[0].split()[0] for line in page.splitlines() if line[0] != "#"} == {
        "exchange_ready",
        "exchange_records_total",
    }


def test_clock_events_are_counted_by_kind_and_state() -> None:
    """Each that was said, of requests and of items."""
    metrics = Metrics()
    for _ in range(2):
        metrics.clock_events.labels("item-review", "overdue").inc()
    assert samples(metrics)[at("exchange_clock_events_total", kind="item-review", state="overdue")] == 2


def test_disks_certificates_and_quarantines_are_shown() -> None:
    """By disk, certificate and resource; a disk or a resource that is gone leaves no series, a certificate that is not seen stays as it was."""
    metrics = Metrics()
    metrics.show_disks({"data": (5, 10), "broker-1": (1, 2)})
    metrics.show_disks({"data": (4, 10)})
    metrics.show_certificates({"http": 1.8e9})
    metrics.show_certificates({})
    metrics.show_quarantines({TOPIC: (7, 1_500), "gone": (1, 0)})
    metrics.show_quarantines({TOPIC: (8, None), "445102.tax.fees": (1, 2_500)})
    found = samples(metrics)
    assert {key: value for key, value in found.items() if "disk" in key[0] or "quarantine_" in key[0] or "certificate" in key[0]} == {
        at("exchange_disk_free_bytes", disk="data"): 4,
        at("exchange_disk_size_bytes", disk="data"): 10,
        at("exchange_certificate_not_after_timestamp_seconds", certificate="http"): 1.8e9,
        at("exchange_quarantine_records", resource=TOPIC): 8,
        at("exchange_quarantine_records", resource="445102.tax.fees"): 1,
        at("exchange_quarantine_oldest_timestamp_seconds", resource="445102.tax.fees"): 2.5,
    }


def test_the_page_is_what_the_registry_has() -> None:
    """Whoever collects the registry reads the same as who asks for the page, each family with its help and type."""
    metrics = Metrics()
    metrics.carried("gate", 'odd "name"\\', "passed", batches=1, records=12_345_678, size=10**12)
    metrics.show_flows([figures(3, catch_up_s=None, newest_ms=1_770_000_000_123)])
    one, other = (
        [family for family in text_string_to_metric_families(text.decode()) if not family.name.startswith("process_")]
        for text in (metrics.text(), generate_latest(metrics.registry))
    )
    assert one == other


def test_nodes_in_one_process_do_not_share_counts() -> None:
    """Each has a registry of its own."""
    one, other = Metrics(), Metrics()
    one.transactions.labels("link-up", "committed").inc()
    assert at("exchange_transactions_total", lane="link-up", outcome="committed") in samples(one)
    assert at("exchange_transactions_total", lane="link-up", outcome="committed") not in samples(other)
