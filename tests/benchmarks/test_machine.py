"""Answers for benchmarks/machine.py."""

import os

from benchmarks.machine import busy_s, cpu_s, describe, spent_s, worked_s

_TICKS = os.sysconf("SC_CLK_TCK")


def test_a_process_with_brackets_in_its_name_is_read_right() -> None:
    """Fields are counted from the last bracket: a name may hold blanks and brackets."""
    stat = "4711 (a) b (c) S 1 4711 4711 0 -1 4194560 100 0 0 0 250 50 7 7 20 0 1 0 100 1000 10"
    assert spent_s(stat) == 300 / _TICKS


def test_a_machine_that_waits_does_not_work() -> None:
    """Idle time, waiting for a disk, time stolen by other guests and guests of our own (counted in user time) must not count."""
    assert worked_s("cpu  100 10 30 5000 700 3 7 0 90 9\ncpu0 1 1 1 1\n") == 150 / _TICKS
    assert worked_s("cpu  100 10 30 5000 700 3 7 0 90 9\n") == worked_s("cpu  100 10 30 9999 999 3 7 0 0 0\n")


def test_this_process_and_this_machine_can_be_looked_at() -> None:
    """The files of this kernel must have the form that is read here."""
    before = cpu_s(os.getpid())
    sum(range(100_000))
    assert cpu_s(os.getpid()) >= before > 0.0
    assert busy_s() > before
    assert describe().cores >= 1
