"""Answers for node/avro/kernel_mask.py."""

import pytest

from node.avro.selection import Selection
from tests.avro.cutter import cut_values
from tests.avro.writer import zigzag


@pytest.mark.parametrize(
    ("n", "value", "rounded"),
    [
        (10, 14, 10),
        (10, 15, 20),
        (10, -15, -20),
        (10, -14, -10),
        (7, 2**63 - 1, 2**63 - 1),
        (10, 2**63 - 1, 2**63 - 8),
        (10, -(2**63), -(2**63) + 8),
        (2, -(2**63), -(2**63)),
        (3, 0, 0),
    ],
)
def test_whole_numbers_are_rounded(n: int, value: int, rounded: int) -> None:
    """To the nearest multiple, halves away from zero, toward zero where the nearest has more than 64 bits."""
    schema = {"type": "record", "name": "R", "fields": [{"name": "n", "type": "long"}]}
    assert cut_values(schema, Selection(masks={"n": f"round:{n}"}), [zigzag(value)]) == [zigzag(rounded)]
