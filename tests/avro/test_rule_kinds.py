"""Answers for node/avro/rule_kinds.py."""

from typing import Any, get_args

import pytest

from node.avro.rule_kinds import EVERY, Kind, Target, bound, kind_of, moment

DECIMAL = Target("decimal", {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2})
MILLIS = Target("timestamp", {"type": "long", "logicalType": "timestamp-millis"})
MICROS = Target("local-timestamp", {"type": "long", "logicalType": "local-timestamp-micros"})


@pytest.mark.parametrize(
    ("node", "kind"),
    [
        ("string", "string"),
        (["null", "int"], "union"),
        ({"type": "int"}, "int"),
        ({"type": "int", "logicalType": "date"}, "date"),
        ({"type": "long", "logicalType": "time-micros"}, "time"),
        ({"type": "long", "logicalType": "local-timestamp-millis"}, "local-timestamp"),
        ({"type": "fixed", "logicalType": "decimal"}, "decimal"),
        ({"type": "long", "logicalType": "timestamp-nanos"}, "long"),
        ({"type": "array", "items": "int"}, "array"),
    ],
)
def test_a_type_is_to_rules_what_its_logical_type_says(node: Any, kind: str) -> None:
    """A logical type that is not known is ignored, as the specification asks."""
    assert kind_of(node) == kind


def test_every_kind_but_null_is_one_that_may_be_null() -> None:
    """`not-null` fits all that can stand beside null in a union."""
    assert {*EVERY, "null"} == set(get_args(Kind))


def test_bounds_are_written_as_the_values_are() -> None:
    """Whole numbers, doubles, unscaled decimals."""
    assert bound(-5, Target("int", {})) == -5
    assert bound(1, Target("double", {})) == pytest.approx(1.0)
    assert bound("12.5", DECIMAL) == 1250


@pytest.mark.parametrize(
    ("value", "target"),
    [
        (1.5, Target("int", {})),
        (2**63, Target("long", {})),
        (True, Target("int", {})),
        ("1", Target("double", {})),
        (10**400, Target("double", {})),
        (float("nan"), Target("float", {})),
        ("0.001", DECIMAL),
    ],
)
def test_bounds_that_no_value_could_have_are_refused(value: Any, target: Target) -> None:
    """They would be rounded, or compared with something else than was meant."""
    with pytest.raises(ValueError, match=r"number|decimal"):
        bound(value, target)


def test_moments_are_in_the_units_of_their_field() -> None:
    """Milliseconds or microseconds; a fraction that the field cannot hold is refused."""
    assert moment("1970-01-01T00:00:01.5Z", MILLIS) == 1500
    assert moment("1970-01-01T00:00:01.0005", MICROS) == 1_000_500
    assert moment("1970-01-02", Target("date", {})) == 1
    with pytest.raises(ValueError, match="whole milliseconds"):
        moment("1970-01-01T00:00:01.0005Z", MILLIS)
