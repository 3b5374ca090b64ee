"""Answers for node/telemetry/specification.py: what is written is what is exposed, both ways."""

from itertools import pairwise

import pytest

from node.telemetry import Metrics
from node.telemetry.specification import AGES_S, LABELS, METRICS, Spec

_UNITS = {"seconds": "_seconds", "bytes": "_bytes"}


def exposed(metrics: Metrics) -> dict[str, str]:
    """Return the type of each family of a node's page, by its name as it stands there."""
    lines = metrics.text().decode().splitlines()
    return {line.split()[2]: line.split()[3] for line in lines if line.startswith("# TYPE ")}


def test_all_that_is_specified_is_exposed_and_nothing_else() -> None:
    """With the same type; `process_*` are prometheus-client's own."""
    found = {name: kind for name, kind in exposed(Metrics()).items() if not name.startswith("process_")}
    assert found == {spec.name: spec.kind for spec in METRICS}


def test_names_are_told_once() -> None:
    """Two of one name would be two answers to one question."""
    assert len({spec.name for spec in METRICS}) == len(METRICS)


@pytest.mark.parametrize("spec", METRICS, ids=lambda spec: spec.name)
def test_names_follow_the_conventions(spec: Spec) -> None:
    """Namespace, base unit last, `_total` for what only grows and for nothing else; each label is bounded, each question asked in both languages."""
    assert spec.name.startswith("exchange_")
    assert spec.name.endswith("_total") == (spec.kind == "counter")
    assert spec.name.removesuffix("_total").endswith(_UNITS.get(spec.unit, ""))
    assert not spec.name.removesuffix("_total").endswith(("_ms", "_kb", "_mb", "_minutes", "_hours"))
    assert set(spec.labels) <= LABELS.keys()
    assert spec.question.strip()
    assert spec.zh.strip()


def test_every_label_is_used() -> None:
    """A bound of nothing is left from something that is gone."""
    assert {label for spec in METRICS for label in spec.labels} == LABELS.keys()


def test_ages_go_from_ten_milliseconds_to_an_hour() -> None:
    """In steps that a dashboard can interpolate between."""
    assert (AGES_S[0], AGES_S[-1]) == (0.01, 3600)
    assert list(AGES_S) == sorted(AGES_S)
    assert all(after / before <= 6 for before, after in pairwise(AGES_S))
