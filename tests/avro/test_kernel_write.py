"""Answers for node/avro/kernel_write.py, run by Python as well as compiled within the masks."""

import numpy as np
import pytest

from tests.avro.interpreted import kernel
from tests.avro.writer import zigzag

EDGES = [0, 1, -1, 9, 10, -9, -10, 63, 64, -64, -65, 99, 100, 10**18, -(10**18), 2**63 - 1, -(2**63), -(2**63) + 1]


@pytest.mark.parametrize("value", EDGES)
def test_numbers_are_written_as_avro_and_as_digits(value: int) -> None:
    """At the place that is named, and the place after them is returned."""
    written, out = kernel(), np.zeros(30, np.uint8)
    after = written["put_long"](out, 3, value)
    assert out[3:after].tobytes() == zigzag(value)
    after = written["put_decimal"](out, 5, value)
    assert out[5:after].tobytes() == str(value).encode()
