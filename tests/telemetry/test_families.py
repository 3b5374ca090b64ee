"""Answers for node/telemetry/families.py."""

from math import inf

from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics, generate_latest

from node.telemetry.families import Ages, Table
from node.telemetry.specification import Spec

disable_created_metrics()  # type: ignore[no-untyped-call]
SPEC = Spec("exchange_lag_records", "gauge", "records", ("lane", "resource"), "How many?", "多少")


def lines(table: Table) -> list[str]:
    """Return the series of a table, without its help and type."""
    return [line.strip() for line in table.lines() if not line.startswith("#")]


def test_a_series_is_a_line() -> None:
    """Labels in the order of their names, as prometheus-client has them."""
    table = Table(SPEC)
    table.inc(("gate", "a.b.c"), 2)
    table.inc(("gate", "a.b.c"))
    assert list(table.lines()) == [
        "# HELP exchange_lag_records How many?\n# TYPE exchange_lag_records gauge\n",
        'exchange_lag_records{lane="gate",resource="a.b.c"} 3.0\n',
    ]


def test_of_what_shares_a_series_the_greatest_counts() -> None:
    """Never is the greatest of all."""
    table = Table(SPEC)
    for value in (2.5, inf, 1.0):
        table.raise_to(("gate", "a"), value)
        table.raise_to(("view", "a"), min(value, 7.0))
    assert lines(table) == [
        'exchange_lag_records{lane="gate",resource="a"} +Inf',
        'exchange_lag_records{lane="view",resource="a"} 7.0',
    ]


def test_values_of_labels_are_escaped() -> None:
    """A quote or a line's end in one must not make another line."""
    table = Table(SPEC)
    table.inc(('a"b', "c\nd\\e"))
    assert lines(table) == ['exchange_lag_records{lane="a\\"b",resource="c\\nd\\\\e"} 1.0']


def test_what_is_cleared_is_gone() -> None:
    """And begins anew."""
    table = Table(SPEC)
    table.inc(("gate", "a"), 5)
    table.clear()
    assert lines(table) == []
    table.inc(("gate", "a"))
    assert [sample.value for family in table.collect() for sample in family.samples] == [1]


def test_ages_are_counted_as_prometheus_client_counts_them() -> None:
    """A value on a bound is within it; what is beyond all counts in the last bucket; sums and counts are told."""
    spec = Spec("exchange_age_seconds", "histogram", "seconds", ("lane",), "How old?", "多久")
    registry, peers = CollectorRegistry(), CollectorRegistry()
    ages, peer = Ages(spec, (0.01, 1, 3600)), Histogram(spec.name, spec.question, spec.labels, buckets=(0.01, 1, 3600), registry=peers)
    registry.register(ages)
    assert b"_bucket" not in generate_latest(registry)
    for lane, values in (("gate", [0.0, 0.01, 0.010001, 1, 1.5]), ("view", [3600, 3600.5, 1e9]), ("gate", [0.5])):
        ages.observe(lane, values)
        for value in values:
            peer.labels(lane).observe(value)
    assert "".join(ages.lines()).encode() == generate_latest(registry) == generate_latest(peers)
