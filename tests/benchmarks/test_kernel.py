"""Answers for benchmarks/kernel.py."""

from itertools import count
from statistics import mean
from time import process_time
from typing import Any

import pytest

from benchmarks.kernel import GOALS, Load, loads, measure, ours, peer, run
from node.errors import Unavailable


@pytest.fixture(scope="module")
def both() -> list[Load]:
    """Return what is measured, made once."""
    return loads(3000)


def _leaves(node: Any) -> int:
    """Count the types of a schema that hold no other, null aside."""
    if isinstance(node, list):
        return sum(_leaves(branch) for branch in node if branch != "null")
    if isinstance(node, str):
        return 1
    match node["type"]:
        case "record":
            return sum(_leaves(field["type"]) for field in node["fields"])
        case "array":
            return _leaves(node["items"])
        case "map":
            return 1 + _leaves(node["values"])
    return 1


def test_the_records_are_as_large_as_the_goals_were_set_for(both: list[Load]) -> None:
    """Eight flat fields in 131 bytes with their frame, thirty nested ones in 400."""
    flat, nested = both
    assert [load.id for load in both] == list(GOALS)
    assert (_leaves(flat.schema), _leaves(nested.schema)) == (8, 30)
    assert mean(map(len, flat.values)) + 5 == pytest.approx(131, abs=1)
    assert mean(map(len, nested.values)) == pytest.approx(400, abs=2)


def test_both_sides_do_their_work_on_every_record(both: list[Load]) -> None:
    """The kernel passes all, fastavro writes what it read; who does less than that is not measured."""
    for load in both:
        assert ours(load)() == len(load.values)
        assert peer(load)() == 2000


def test_a_record_that_is_refused_stops_the_measurement(both: list[Load]) -> None:
    """Refusing is faster than checking to the end: it must not count."""
    wrong = Load(both[0].id, "", both[0].schema, [both[0].values[0][:-1]])
    with pytest.raises(Unavailable, match="refuses a record"):
        ours(wrong)()


def test_a_run_counts_what_was_done_and_what_it_cost() -> None:
    """Records, the clock's time and this process's own CPU time."""
    steps = count()

    def work() -> int:
        before = process_time()
        while process_time() - before < 0.01:
            pass
        return 100 + 0 * next(steps)

    found = run("any", work, 0.05)
    assert found.records == 100 * next(steps)
    assert found.cpu_s >= 0.01 * found.records / 100
    assert found.seconds >= 0.05


def test_the_outcome_names_both_sides_and_their_versions(both: list[Load]) -> None:
    """The file that others read has the agreed id, the kernel far ahead, and what took part."""
    found = measure(Load(both[0].id, both[0].what, both[0].schema, both[0].values[:2000]), 1, 0.05)
    assert found.id == "kernel-flat"
    assert found.ratio.records_per_cpu_s > 1
    assert found.versions.keys() >= {"numba", "fastavro", "python"}
