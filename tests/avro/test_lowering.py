"""Answers for node/avro/lowering.py."""

import struct
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.avro import layout
from node.avro.lowering import logical_form, lower, real_bits, two_complement
from node.avro.pools import Pools
from node.avro.rule_kinds import Target
from node.avro.rules import RULES

OUTSIDE = {"not-null", "pattern", "cel"}
"""Rules that the compiler sees to itself."""
EXAMPLES: dict[str, dict[str, Any]] = {
    "minimum": {"value": 1},
    "maximum": {"value": 1},
    "set": {"values": [1]},
    "code-list": {"name": "x", "values": ["1"]},
    "prefix": {"values": ["1", "22"]},
    "cn-division": {"values": ["440000"]},
}


@pytest.mark.parametrize("name", [name for name in RULES if name not in OUTSIDE])
def test_every_rule_of_the_table_has_a_test_of_the_kernel(name: str) -> None:
    """A rule that were only in the table would refuse nothing."""
    kind = "int" if name == "set" else RULES[name].fits[0]
    operation, _x, _y = lower(name, EXAMPLES.get(name, {}), Target(kind, {"type": kind}), Pools())
    assert operation != layout.R_NEVER


@given(st.integers(-(10**30), 10**30))
def test_the_least_bytes_of_a_number_are_written(number: int) -> None:
    """As Avro writes decimals: one byte less would lose the sign."""
    written = two_complement(number)
    assert int.from_bytes(written, "big", signed=True) == number
    assert len(written) == 1 or not -(1 << 8 * len(written) - 9) <= number < 1 << 8 * len(written) - 9


@given(st.floats(allow_nan=False))
def test_a_double_is_its_bits(number: float) -> None:
    """The kernel reads them back from an int64."""
    assert struct.unpack("<d", struct.pack("<q", real_bits(number)))[0] == number


def test_logical_types_have_forms_of_their_own() -> None:
    """Dates of the years 1 to 9999, times of one day, decimals of their precision; other types ask nothing."""
    day = 86_400_000
    assert logical_form(Target("time", {"type": "int", "logicalType": "time-millis"}), Pools()) == (layout.R_RANGE, 0, day - 1)
    first = (layout.R_RANGE, -719_162 * day, 2_932_897 * day - 1)
    assert logical_form(Target("timestamp", {"type": "long", "logicalType": "timestamp-millis"}), Pools()) == first
    assert logical_form(Target("string", {"type": "string"}), Pools()) is None
    pools = Pools()
    form = logical_form(Target("decimal", {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}), pools)
    assert form is not None
    least, least_length, most, most_length = pools.numbers[form[1] : form[1] + 4]
    bounds = [
        int.from_bytes(pools.text[at : at + length], "big", signed=True) for at, length in ((least, least_length), (most, most_length))
    ]
    assert [Decimal(one).scaleb(-2) for one in bounds] == [Decimal("-99.99"), Decimal("99.99")]


def test_divisions_of_other_provinces_are_known_by_two_digits() -> None:
    """A table of Guangdong alone must not refuse a code of Hunan, nor take one of a province that does not exist."""
    pools = Pools()
    operation, tables, lengths = lower("cn-division", {"values": ["440000", "445102"], "digits": [6, 12]}, Target("string", {}), pools)
    known, elsewhere = pools.numbers[tables : tables + 2]
    provinces = pools.numbers[elsewhere + 1 : elsewhere + 1 + pools.numbers[elsewhere]]
    assert operation == layout.R_DIVISION
    assert lengths == 1 << 6 | 1 << 12
    assert pools.numbers[known : known + 3] == [2, 440000, 445102]
    assert len(provinces) == 33
    assert 44 not in provinces
    assert 43 in provinces
