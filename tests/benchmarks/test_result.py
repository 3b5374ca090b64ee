"""Answers for benchmarks/result.py."""

import msgspec
import pytest

from benchmarks.machine import Machine
from benchmarks.result import Result, Round, Run, encode, result

_MACHINE = Machine(processor="any", cores=2, memory_gib=4.0, kernel="6.1", load=0.5)


def _run(per_s: float, per_cpu_s: float, setting: str = "") -> Run:
    return Run(setting=setting, records=1000, seconds=1000 / per_s, cpu_s=1000 / per_cpu_s, brokers_cpu_s=0.0, others_cpu_s=0.0)


def _result(*rounds: Round) -> Result:
    return result("link-lz4", ("ours", "peer"), rounds, what={"records": "few"}, machine=_MACHINE, versions={"kafka": "4.1.2"})


def test_in_a_round_the_median_of_ours_stands_against_the_best_of_the_peer() -> None:
    """A lucky run of ours must not count, and the peer must count with the setting that is best for each figure by itself."""
    one = Round(
        [_run(900, 9000), _run(500, 5000), _run(100, 1000)],
        [_run(100, 50, "fast"), _run(20, 200, "frugal"), _run(10, 10, "neither")],
    )
    found = _result(one)
    assert found.ratio.records_per_s == pytest.approx(5)
    assert found.ratio.records_per_cpu_s == pytest.approx(25)
    assert found.peer.settings == {"records_per_s": "fast", "records_per_cpu_s": "frugal"}
    assert found.ours.records_per_s == pytest.approx(500)
    assert found.peer.records_per_cpu_s == pytest.approx(200)


def test_the_ratio_is_the_median_of_the_rounds_and_the_spread_their_ends() -> None:
    """Ratios are made within a round, where both sides had the same machine, and only then compared."""
    rounds = [Round([_run(ours, ours)], [_run(peer, peer)]) for ours, peer in ((1000, 100), (100, 20), (900, 30))]
    found = _result(*rounds)
    assert found.ratio.records_per_s == pytest.approx(10)
    assert found.spread.records_per_s == pytest.approx((5, 30))
    assert found.spread.records_per_cpu_s == pytest.approx((5, 30))
    assert found.ours.records_per_s == pytest.approx(900)
    assert len(found.ours.runs) == len(found.peer.runs) == 3


def test_the_file_is_a_list_of_results_in_the_agreed_form() -> None:
    """Whoever compares two releases reads these names."""
    text = encode([_result(Round([_run(8, 8)], [_run(2, 2)]))])
    assert text.endswith(b"}\n]\n")
    (read,) = msgspec.json.decode(text)
    assert read.keys() == {"id", "ours", "peer", "ratio", "spread", "what", "machine", "versions"}
    assert read["id"] == "link-lz4"
    assert read["ratio"] == {"records_per_s": pytest.approx(4), "records_per_cpu_s": pytest.approx(4)}
    assert read["ours"].keys() >= {"records_per_s", "records_per_cpu_s", "runs"}
    assert msgspec.json.decode(text, type=list[Result])[0].machine == _MACHINE
