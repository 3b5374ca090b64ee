"""Answers for benchmarks/telemetry.py and what it measures with: telemetry_page, telemetry_world and telemetry_carry."""

import asyncio
import time
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from benchmarks.__main__ import build
from benchmarks.machine import Machine
from benchmarks.result import Held, Round, Run, encode
from benchmarks.show import tell_held
from benchmarks.telemetry import LINK_PERCENT, PAGE_MS, link_figures, page_figures
from benchmarks.telemetry_carry import Cost, Meter, _timed
from benchmarks.telemetry_page import Page, Scrapes, emptied
from benchmarks.telemetry_world import OWNER, moved, resources
from node.telemetry import Metrics

_MACHINE = Machine(processor="any", cores=2, memory_gib=4.0, kernel="6.1", load=0.5)


def _scrapes(name: str, median_s: float) -> Scrapes:
    return Scrapes(name=name, count=50, median_s=median_s, p95_s=0.2, worst_s=0.3, cpu_s=0.03, bytes=2_300_000, lines=22_000)


def _page(median_s: float) -> Page:
    scrapes = [_scrapes("at rest", median_s), _scrapes("while records move", 0.5)]
    return Page(scrapes=scrapes, idle_share=0.05, scraped_share=0.06, filled_s=60.0, flowed_s=30.0)


def _cost(counting_s: float) -> Cost:
    return Cost(counting_s=counting_s, watching_s=0.001, showing_s=0.004, process_s=10.0, commits=100, scrapes=4, records=3_000_000)


def _run(cpu_s: float) -> Run:
    return Run(setting="any", records=1000, seconds=1.0, cpu_s=cpu_s, brokers_cpu_s=0.0, others_cpu_s=0.0)


@pytest.mark.parametrize(("median_s", "is_met"), [(0.09, True), (0.11, False)])
def test_the_goal_is_for_the_page_at_rest(median_s: float, *, is_met: bool) -> None:
    """By its median; what it takes while records move is told beside it."""
    figures = page_figures(_page(median_s))
    assert [(one.value, one.is_met) for one in figures if one.goal == PAGE_MS] == [(1000 * median_s, is_met)]
    assert {one.unit for one in figures} == {"ms", "%", ""}


def test_the_goal_beside_the_link_is_for_the_share() -> None:
    """Not for the ratio of two links, which tells more of the machine; the median of three is 0.25 + 0.05 percent of 10 s."""
    figures = link_figures([_cost(0.005), _cost(0.025), _cost(0.5)], [Round([_run(2.0)], [_run(1.9)])])
    (share,) = (one for one in figures if one.goal == LINK_PERCENT)
    assert share.value == pytest.approx(0.3)
    assert share.is_met
    assert next(one.value for one in figures if one.name.startswith("records/CPU s")) == pytest.approx(0.95)


def test_what_was_found_is_told_with_its_goals() -> None:
    """As a table with whether each is met, and as JSON with all that it comes from."""
    figures = page_figures(_page(0.25))
    held = Held(id="telemetry-page", figures=figures, runs=[_page(0.25)], what={"node": "few"}, machine=_MACHINE, versions={"kafka": "4"})
    console = Console(width=200, force_terminal=False)
    with console.capture() as capture:
        tell_held(console, held)
    for part in ("250.00 ms", "< 100 ms: goal missed", "22,000", "node: few", "kafka 4", "5.00 %"):
        assert part in capture.get(), part
    (row,) = msgspec.json.decode(encode([held]))
    assert row.keys() == {"id", "figures", "runs", "what", "machine", "versions"}
    assert row["figures"][0] == {"name": "page at rest, median", "value": 250.0, "unit": "ms", "goal": 100.0}


def test_what_comes_before_the_warm_up_does_not_count() -> None:
    """Of neither side: the first commit behind it begins both."""
    meter = Meter(100)
    meter.add("showing_s", 5.0)
    meter.committed(99, 5.0)
    meter.committed(1, 5.0)
    assert meter.cost == Cost()
    meter.add("showing_s", 0.25)
    meter.committed(40, 0.5)
    meter.add("watching_s", 0.125)
    meter.committed(2, 0.5)
    meter.add("showing_s", 9.0)  # behind the last commit
    cost = meter.cost
    assert (cost.counting_s, cost.showing_s, cost.watching_s, cost.commits, cost.records) == (1.0, 0.25, 0.125, 2, 42)
    assert 0 < cost.process_s < 5
    assert cost.share == pytest.approx(1.375 / cost.process_s)


async def test_a_coroutine_is_timed_between_its_waits() -> None:
    """What it waits is not what it takes."""
    told: list[float] = []

    async def work() -> None:
        await asyncio.sleep(0.05)
        end = time.thread_time() + 0.02
        while time.thread_time() < end:
            pass

    await _timed(work(), told.append)
    assert len(told) == 2
    assert 0.02 <= sum(told) < 0.05


def test_records_are_counted_by_the_page() -> None:
    """Those that passed gates and those that went over the link, of the benchmark's resources alone."""
    metrics, (topic, _other) = Metrics(), resources(2)
    for lane, resource, outcome in (("gate", topic, "passed"), ("gate", topic, "quarantined"), ("link-up", topic, "carried")):
        metrics.carried(lane, resource, outcome, batches=1, records=10, size=100)
    metrics.carried("link-up", "445102.node.canary", "carried", batches=1, records=1, size=100)
    assert moved(metrics.text().decode()) == 20
    assert topic.startswith(OWNER)


def test_a_run_begins_in_an_empty_folder(tmp_path: Path) -> None:
    """What an earlier one left would be taken for this one's."""
    (tmp_path / "there" / "old").mkdir(parents=True)
    assert list(emptied(tmp_path / "there").iterdir()) == []


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    """It teaches how to make it smaller."""
    with pytest.raises(SystemExit):
        build()(["telemetry", "--help"])
    assert "--resources 100" in capsys.readouterr().out
