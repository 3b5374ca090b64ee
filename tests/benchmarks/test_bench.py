"""Answers for benchmarks/bench.py."""

from benchmarks.bench import Work, of_all_read
from benchmarks.result import Run
from node.model.names import Topic


def test_what_was_read_follows_from_what_was_written() -> None:
    """A filter hides what was read: two views that have 300 of 1000 records say by 90 that 300 were read, in the same time."""
    work = Work(module="any", arguments=(), read=1000, written={Topic("a.b.c"): 100, Topic("a.b.d"): 200})
    run = Run(setting="any", records=90, seconds=2.0, cpu_s=0.5, brokers_cpu_s=0.1, others_cpu_s=0.0)
    found = of_all_read(run, work)
    assert work.total == 300
    assert (found.records, found.per_s, found.per_cpu_s) == (300, 150.0, 600.0)
