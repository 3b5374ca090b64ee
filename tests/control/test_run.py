"""Answers for node/control/run.py."""

import pytest

from node.avro.ids import text_id
from node.control.events import digest, encode
from node.control.run import Run
from node.errors import CommandRefused
from node.model.limits import CONTROL_EVENT_BYTES_MAX
from node.model.names import Department, Division
from node.model.values import DepartmentValue, SchemaValue

HERE = Division("445102")
AT = "2026-11-22T12:00:00.000Z"


def test_a_run_is_chained_to_the_tail_and_in_itself() -> None:
    """Sequence and previous go on from the last event, each event bound to the bytes of the one before."""
    run = Run(HERE, (7, "f" * 64), AT)
    run.say(DepartmentValue(department=Department("445102.a"), name="甲"))
    run.say(DepartmentValue(department=Department("445102.b"), name="乙"), (Division("440000"), 3))
    first, second = run.events
    assert (first.ref, first.previous, first.answers, first.at, first.kind) == ((HERE, 8), "f" * 64, None, AT, "department")
    assert (second.ref, second.previous, second.answers) == ((HERE, 9), digest(encode(first)), (Division("440000"), 3))


def test_an_event_longer_than_the_log_takes_is_refused() -> None:
    """The bound is the readers': nothing is said that they would call broken, and the run is as before."""
    run = Run(HERE, (0, None), AT)
    with pytest.raises(CommandRefused, match="shorten") as refused:
        run.say(DepartmentValue(department=Department("445102.a"), name="x" * CONTROL_EVENT_BYTES_MAX))
    assert refused.value.code == "too-large"
    assert not run.events


def test_a_run_knows_the_schemas_that_it_says() -> None:
    """By their ids, so that no other takes one of them in the same breath."""
    run = Run(HERE, (0, None), AT)
    schema = SchemaValue(id=text_id("{}"), schema="{}")
    run.say(DepartmentValue(department=Department("445102.a"), name="甲"))
    run.say(schema)
    assert run.schemas == {schema.id: schema}
    assert run.author == HERE
