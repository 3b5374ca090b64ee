"""Answers for node/transform/writes.py: what lanes and transforms hand each other."""

import msgspec
import pytest

from node.model.names import inbox_topic
from node.transform import Made, Transform
from tests.avro.ruling import NOW_MS
from tests.transform.desk import good, goods, opened_gate
from tests.transform.wire import RESOURCE, rows


def test_what_was_made_is_a_value() -> None:
    """Nobody alters it on its way to the sink."""
    made = Made(1, (), {}, {})
    with pytest.raises(AttributeError):
        made.taken = 2  # type: ignore[misc]  # frozen
    assert made == Made(1, (), {}, {})


def test_a_gate_is_a_transform() -> None:
    """It writes to the topics that it names, in the order of what came, takes the first batch at least, and keeps nothing."""
    gate: Transform = opened_gate()
    inbox = inbox_topic(RESOURCE)
    made = gate.make(0, [rows([msgspec.structs.replace(good(1), key=None)]), rows(goods(3))], NOW_MS, {inbox: None})[inbox]
    assert made.taken == 2
    assert gate.memory(inbox, bytes(16)) is None
    assert {write.topic for write in made.writes} == set(gate.outcomes(inbox))
    assert gate.outcomes(inbox) == {RESOURCE: "passed", f"{RESOURCE}.quarantine": "quarantined"}
    assert [write.header.count for write in made.writes] == [3, 1]
