"""Facts and orders: what the machine is told and asks for, complete and unchangeable."""

import inspect
from typing import get_args

import msgspec
import pytest

from node.lane import facts as f
from tests.lane.hand import A, batch, progress


def _kinds_of(base: type) -> set[type]:
    return {kind for _, kind in inspect.getmembers(f, inspect.isclass) if issubclass(kind, base) and kind is not base}


def test_every_fact_and_every_order_is_in_its_union() -> None:
    """What is missing there would escape mypy's check that each is handled."""
    assert set(get_args(f.Fact)) == _kinds_of(f._Fact)
    assert set(get_args(f.Order)) == _kinds_of(f._Order)


@pytest.mark.parametrize("kind", [*get_args(f.Fact), *get_args(f.Order)])
def test_facts_and_orders_are_frozen_and_explained(kind: type[msgspec.Struct]) -> None:
    """Whoever gets one may keep it, and its docstring says what it means."""
    assert kind.__struct_config__.frozen
    assert kind.__doc__


def test_two_equal_facts_are_two() -> None:
    """They are told apart by identity: comparing batches would read buffers."""
    assert f.Ticked() != f.Ticked()
    assert batch(0) != batch(0)


def test_what_was_moved_compares_by_value() -> None:
    """Telemetry and tests look at it as a value."""
    moved = f.Moved(route=A, before=progress(2), progress=progress(3), ages=(4,))
    assert moved == f.Moved(route=A, before=progress(2), progress=progress(3), ages=(4,))
    assert f.Wrote(A.topic, 1, 2, 3, 4) == f.Wrote(A.topic, 1, 2, 3, 4)
