"""Answers for benchmarks/tune.py."""

from benchmarks.mirror import Setting, Tried
from benchmarks.tune import better, candidates, choose


def _tried(name: str, per_s: int, per_cpu_s: int) -> Tried:
    return Tried(Setting(name, {}, {}), per_s, per_cpu_s)


def test_the_best_by_each_figure_are_kept_and_then_the_best_by_both() -> None:
    """No ratio may be had by leaving out the setting that is best for it."""
    tried = [_tried("slow", 1, 1), _tried("fast", 9, 2), _tried("frugal", 2, 9), _tried("both", 8, 8), _tried("fair", 7, 3)]
    best, others = choose(tried)
    assert [one.setting.name for one in best] == ["fast", "frugal", "both"]
    assert {one.setting.name for one in others} == {"slow", "fair"}


def test_one_that_is_best_by_both_leaves_room_for_others() -> None:
    """Three are kept whatever their order."""
    tried = [_tried("best", 9, 9), _tried("second", 8, 8), _tried("third", 7, 7), _tried("last", 1, 1)]
    assert [one.setting.name for one in choose(tried)[0]] == ["best", "second", "third"]


def test_of_two_tries_the_better_figures_count() -> None:
    """A try that something else disturbed must not speak against a setting."""
    assert better(_tried("one", 5, 80), _tried("one", 7, 60)) == _tried("one", 7, 80)


def test_every_candidate_keeps_order_and_has_a_name_of_its_own() -> None:
    """More than one request in flight without idempotence would change the order, which our side keeps."""
    found = list(candidates())
    assert len({one.name for one in found}) == len(found) > 3
    assert found[0] == Setting("defaults", {}, {})
    for one in found:
        assert one.producer.get("max.in.flight.requests.per.connection", "1") == "1" or one.producer["enable.idempotence"] == "true"
