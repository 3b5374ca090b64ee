"""Answers for benchmarks/show.py."""

from rich.console import Console

from benchmarks.machine import Machine
from benchmarks.result import Figures, Round, Run, result
from benchmarks.show import line, tell

_RUN = Run(setting="s1", records=1000, seconds=2.0, cpu_s=0.5, brokers_cpu_s=1.0, others_cpu_s=0.4)


def test_both_sides_the_ratio_the_goal_and_the_conditions_are_printed() -> None:
    """A ratio without machine, versions, input and noise means nothing."""
    slow = Run(setting="s2", records=1000, seconds=10.0, cpu_s=20.0, brokers_cpu_s=1.0, others_cpu_s=4.4)
    machine = Machine(processor="Some CPU", cores=2, memory_gib=4.0, kernel="6.1", load=0.5)
    found = result("link-lz4", ("ours", "peer"), [Round([_RUN], [slow])], what={"source": "x"}, machine=machine, versions={"kafka": "4"})
    console = Console(width=200, force_terminal=False)
    with console.capture() as capture:
        tell(console, found, Figures(4, 25))
    text = capture.get()
    for part in (
        "ours",
        "peer",
        "500",
        "100",
        "5.0 ×",
        "≥ 4 ×",
        "2,000",
        "40.0 ×",
        "≥ 25 ×",
        "Some CPU",
        "kafka 4",
        "source: x",
        "20%",
        "s2",
    ):
        assert part in text, part


def test_a_run_is_a_line_with_what_it_cost_everyone() -> None:
    """While it runs one must see whether the machine was busy with other things."""
    assert line("ours-1", _RUN) == (
        "ours-1: 500 records/s, 2,000 records/CPU s; 1,000 records in 2.0 s; CPU s: carrier 0.50, brokers 1.0, others 0.4"
    )
