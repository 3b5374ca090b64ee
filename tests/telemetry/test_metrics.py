"""Answers for node/telemetry/metrics.py: what Prometheus reads."""

from datetime import date

from prometheus_client.parser import text_string_to_metric_families

from node.control.book import Book
from node.control.counting import counted
from node.model.names import Division
from node.telemetry import Metrics
from node.telemetry.metrics import RouteFigures

TOPIC = "445102.civil-affairs.villages"


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return every sample of the page, as Prometheus' own parser reads it."""
    families = text_string_to_metric_families(metrics.text().decode())
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def figures(partition: int, **fields: object) -> RouteFigures:
    """Return the figures of one partition of a flowing route."""
    given = {
        "lane": "link-up",
        "resource": TOPIC,
        "state": "flowing",
        "stop": "",
        "lag_records": partition,
        "lag_seconds": float(partition),
    }
    return RouteFigures(**(given | fields))  # type: ignore[arg-type]  # as the dict says


def at(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Name a sample."""
    return name, tuple(sorted(labels.items()))


def test_what_was_carried_is_counted() -> None:
    """Batches, records and bytes of committed transactions add up by lane, resource and outcome."""
    metrics = Metrics()
    for _ in range(2):
        metrics.carried(("link-up", TOPIC, "carried"), batches=3, records=40, size=5000)
    found, labels = samples(metrics), {"lane": "link-up", "resource": TOPIC, "outcome": "carried"}
    assert found[at("exchange_batches_total", **labels)] == 6
    assert found[at("exchange_records_total", **labels)] == 80
    assert found[at("exchange_bytes_total", **labels)] == 10_000


def test_partitions_are_summed_and_the_greatest_lag_counts() -> None:
    """A series for each lane and resource, none for a partition: they grow with the book and with nothing else."""
    metrics = Metrics()
    metrics.show_routes([figures(1), figures(5), figures(2), figures(7, lane="link-down")])
    found = samples(metrics)
    assert found[at("exchange_lag_records", lane="link-up", resource=TOPIC)] == 8
    assert found[at("exchange_lag_seconds", lane="link-up", resource=TOPIC)] == 5
    assert found[at("exchange_lag_seconds", lane="link-down", resource=TOPIC)] == 7
    assert not any(name == "exchange_route_stopped" for name, _labels in found)


def test_stopped_and_waiting_partitions_are_counted() -> None:
    """Each with its reason, so that an alarm can name it."""
    metrics = Metrics()
    stopped = figures(0, state="stopped", stop="target-recreated")
    metrics.show_routes([stopped, stopped, figures(0, state="waiting"), figures(0)])
    found = samples(metrics)
    assert found[at("exchange_route_stopped", lane="link-up", resource=TOPIC, reason="target-recreated")] == 2
    assert found[at("exchange_route_waiting", lane="link-up", resource=TOPIC)] == 1


def test_a_route_that_is_gone_leaves_no_series() -> None:
    """A stopped route that was resumed, or a grant that ended, must not stay on the dashboards."""
    metrics = Metrics()
    metrics.show_routes([figures(3, state="stopped", stop="too-large"), figures(1, resource="445102.civil-affairs.streets")])
    metrics.show_routes([figures(0)])
    found = samples(metrics)
    assert found[at("exchange_lag_records", lane="link-up", resource=TOPIC)] == 0
    assert not any("streets" in str(labels) or name == "exchange_route_stopped" for name, labels in found)


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


def test_clock_events_are_counted_by_kind_and_state() -> None:
    """Each that was said, of requests and of items."""
    metrics = Metrics()
    for _ in range(2):
        metrics.clock_events.labels("item-review", "overdue").inc()
    assert samples(metrics)[at("exchange_clock_events_total", kind="item-review", state="overdue")] == 2


def test_every_metric_has_the_namespace_and_words() -> None:
    """Names begin with exchange_, seconds and bytes are base units, and each has a help text."""
    metrics = Metrics()
    for family in text_string_to_metric_families(metrics.text().decode()):
        assert family.name.startswith("exchange_")
        assert family.documentation
        assert not family.name.endswith(("_ms", "_kb", "_mb"))


def test_nodes_in_one_process_do_not_share_counts() -> None:
    """Each has a registry of its own."""
    one, other = Metrics(), Metrics()
    one.transactions.labels("link-up", "committed").inc()
    assert at("exchange_transactions_total", lane="link-up", outcome="committed") in samples(one)
    assert at("exchange_transactions_total", lane="link-up", outcome="committed") not in samples(other)
