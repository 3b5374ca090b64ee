"""What a shard counts, and when."""

import time

from node.lane import Progress, TopicPartition, Written
from node.lane.facts import Moved
from node.model.names import Topic
from node.runtime.tally import Tally
from node.telemetry import Metrics
from node.transform import Made

VIEW = Topic("445102.tax.bills.v-0123456789ab")


def _progress(records: int, sent: int, size: int = 0) -> Progress:
    targets = {VIEW: Written(id="x", batches=sent // 10, records=sent, bytes=size)}
    return Progress(source_id="s", next=records, targets=targets, records=records)


def _value(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0.0


def test_a_transaction_counts_once_it_is_committed() -> None:
    """Records by what became of them, those that a filter left out included, with batches, bytes and ages."""
    metrics = Metrics()
    tally = Tally(metrics, "view", lambda route: {route.topic: "sent"})
    tally.begin()
    tally.made(VIEW, Made(1, (), {"length": 2}, {"min": 1}))
    assert _value(metrics, "exchange_refused_records_total", resource=VIEW, reason="length") == 0
    move = Moved(
        route=TopicPartition(VIEW, 0),
        before=_progress(100, 30, 300),
        progress=_progress(250, 70, 900),
        ages=(int(time.time() * 1000) - 2000,),
    )
    tally.committed([move])
    labels = {"lane": "view", "resource": VIEW}
    assert _value(metrics, "exchange_records_total", outcome="sent", **labels) == 40
    assert _value(metrics, "exchange_records_total", outcome="filtered", **labels) == 110
    assert _value(metrics, "exchange_batches_total", outcome="sent", **labels) == 4
    assert _value(metrics, "exchange_bytes_total", outcome="sent", **labels) == 600
    assert _value(metrics, "exchange_transactions_total", lane="view", outcome="committed") == 1
    assert _value(metrics, "exchange_refused_records_total", resource=VIEW, reason="length") == 2
    assert _value(metrics, "exchange_warned_records_total", resource=VIEW, rule="min") == 1
    assert 2 <= _value(metrics, "exchange_age_seconds_sum", lane="view") < 10


def test_what_came_to_nothing_is_not_counted() -> None:
    """A transaction that was lost is done again, and counts then."""
    metrics = Metrics()
    tally = Tally(metrics, "gate", lambda route: {route.topic: "passed"})
    tally.begin()
    tally.made(VIEW, Made(1, (), {"length": 2}))
    tally.begin()
    tally.committed([])
    assert _value(metrics, "exchange_refused_records_total", resource=VIEW, reason="length") == 0


def test_where_nothing_is_left_out_nothing_is_filtered() -> None:
    """A link writes what it reads: no series says otherwise."""
    metrics = Metrics()
    tally = Tally(metrics, "link-up", lambda route: {route.topic: "carried"})
    tally.begin()
    tally.committed([Moved(route=TopicPartition(VIEW, 0), before=_progress(0, 0), progress=_progress(5, 5), ages=())])
    assert "filtered" not in metrics.text().decode()
