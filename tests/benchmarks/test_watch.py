"""Answers for benchmarks/watch.py."""

import pytest

from benchmarks.watch import Sample, measured
from node.errors import Unavailable


def test_time_and_cpu_run_from_the_end_of_the_warm_up_to_the_last_arrival() -> None:
    """What came before the whole warm-up stood there, and the wait for more at the end, must not count."""
    samples = [
        Sample(0.0, 0, 9.0, 1.0, 20.0),
        Sample(1.0, 90, 10.0, 2.0, 30.0),
        Sample(2.0, 120, 11.0, 3.0, 40.0),
        Sample(3.0, 700, 11.5, 5.0, 43.0),
        Sample(4.0, 1004, 12.0, 6.0, 45.5),
        Sample(6.0, 1004, 17.0, 9.0, 60.0),
    ]
    run = measured("any", samples, 100)
    assert (run.records, run.seconds, run.cpu_s, run.brokers_cpu_s) == (884, 2.0, 1.0, 3.0)
    assert (run.per_s, run.per_cpu_s) == (442.0, 884.0)
    assert run.others_cpu_s == pytest.approx(45.5 - 40.0 - 1.0 - 3.0)


def test_others_never_count_less_than_nothing() -> None:
    """Ticks of 10 ms are counted apart for processes and machine: their difference may be below zero, what others did may not."""
    samples = [Sample(0.0, 10), Sample(1.0, 20, 0.5, 0.5, 0.98), Sample(2.0, 20, 0.5, 0.5, 0.99)]
    assert measured("any", samples, 10).others_cpu_s == 0.0


def test_too_few_records_are_refused_with_the_remedy() -> None:
    """Where all came at once there is nothing to divide by."""
    with pytest.raises(Unavailable, match="ask for more"):
        measured("any", [Sample(0.0, 0), Sample(1.0, 500, 0.1, 0.1, 0.3)], 100)
