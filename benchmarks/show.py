"""What a benchmark prints: both sides, the ratio and its spread against the goal, and under which conditions."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.result import Alone, Figures, Held, Result, Run

_MANY = 2.0
_WHOLE = 1000
"""From here on figures are told without digits behind the point."""


def tell(console: Console, result: Result, goal: Figures) -> None:
    """Print a result as a table with notes below it."""
    table = Table(title=result.id, title_justify="left")
    for heading in ("", result.ours.name, result.peer.name, "ratio", "goal", "spread"):
        table.add_column(heading, justify="right" if heading else "left")
    rows = (
        ("records/s", result.ours.records_per_s, result.peer.records_per_s, result.ratio.records_per_s, goal.records_per_s),
        (
            "records/CPU s",
            result.ours.records_per_cpu_s,
            result.peer.records_per_cpu_s,
            result.ratio.records_per_cpu_s,
            goal.records_per_cpu_s,
        ),
    )
    spreads = (result.spread.records_per_s, result.spread.records_per_cpu_s)
    for (name, ours, peer, ratio, wanted), (least, greatest) in zip(rows, spreads, strict=True):
        met = Text(f"{_figure(ratio)} ×", style="bold green" if ratio >= wanted else "bold red")
        table.add_row(name, f"{ours:,.0f}", f"{peer:,.0f}", met, f"≥ {wanted:g} ×", f"{_figure(least)} to {_figure(greatest)}")
    console.print(table)
    _notes(console, [*result.what.items(), *_conditions(result)])


def tell_alone(console: Console, result: Alone) -> None:
    """Print the result of a benchmark without a peer as a table with notes below it."""
    table = Table(title=result.id, title_justify="left")
    for heading in ("", result.ours.name, "goal"):
        table.add_column(heading, justify="right" if heading else "left")
    goal, ours = result.goal, result.ours
    rows = (("seconds", ours.seconds, goal.seconds), ("CPU seconds", ours.cpu_s, goal.seconds), ("MiB", ours.memory_mib, goal.memory_mib))
    for name, spent, most in rows:
        table.add_row(name, Text(f"{spent:.1f}", style="bold green" if spent < most else "bold red"), f"< {most:g}")
    console.print(table)
    _notes(console, [*result.what.items(), *_where(result)])


def tell_held(console: Console, result: Held) -> None:
    """Print figures as a table, each goal with whether it is met, and notes below it."""
    table = Table(title=result.id, title_justify="left")
    for heading, justify in (("", "left"), ("exchange-node", "right"), ("goal", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]  # rich's literal
    for one in result.figures:
        verdict = Text()
        if one.goal is not None:
            verdict = Text(
                f"< {one.goal:g} {one.unit}: goal {'met' if one.is_met else 'missed'}", style="bold green" if one.is_met else "bold red"
            )
        value = f"{one.value:,.0f}" if one.value >= _WHOLE else f"{one.value:.2f}"
        table.add_row(one.name, f"{value} {one.unit}".rstrip(), verdict)
    console.print(table)
    _notes(console, [*result.what.items(), *_where(result)])


def _notes(console: Console, notes: Iterable[tuple[str, object]]) -> None:
    for name, value in notes:
        console.print(f"{name}: {value}", soft_wrap=True, markup=False, highlight=False)


def _figure(ratio: float) -> str:
    """Return a ratio as it can be told from its goal: what is about one or less with two digits behind the point."""
    return f"{ratio:.1f}" if ratio >= _MANY else f"{ratio:.2f}"


def line(name: str, run: Run) -> str:
    """Return one run in a line."""
    return (
        f"{name}: {run.per_s:,.0f} records/s, {run.per_cpu_s:,.0f} records/CPU s; {run.records:,} records in {run.seconds:.1f} s; "
        f"CPU s: carrier {run.cpu_s:.2f}, brokers {run.brokers_cpu_s:.1f}, others {run.others_cpu_s:.1f}"
    )


def _conditions(result: Result) -> list[tuple[str, str]]:
    machine, runs = result.machine, [*result.ours.runs, *result.peer.runs]
    noise = sum(run.others_cpu_s for run in runs) / sum(run.seconds for run in runs) / machine.cores
    best = result.peer.settings
    return [
        ("best settings of the peer", f"{best['records_per_s']} by records/s, {best['records_per_cpu_s']} by records/CPU s"),
        *_where(result),
        ("noise", f"{noise:.0%} of the cores were busy with other things while it was measured"),
    ]


def _where(result: Result | Alone | Held) -> list[tuple[str, str]]:
    machine = result.machine
    return [
        ("machine", f"{machine.cores} × {machine.processor}, {machine.memory_gib} GiB, Linux {machine.kernel}"),
        ("load", f"{machine.load} before the first run"),
        ("versions", ", ".join(f"{name} {value}" for name, value in result.versions.items())),
    ]
