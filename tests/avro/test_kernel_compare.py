"""Answers for node/avro/kernel_compare.py, run by Python: the planted bugs' test holds that against the compiled build.

Sets are answered for with `node.avro.pools`, which builds them.
"""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.avro.interpreted import kernel
from tests.avro.shapes import two_complement

KERNEL = kernel()


def _sign(name: str, one: bytes, other: bytes) -> int:
    left, right = (np.frombuffer(b"##" + content, np.uint8) for content in (one, other))
    return int(np.sign(KERNEL[name](left, 2, len(one), right, 2, len(other))))


@given(st.text(), st.text())
def test_texts_stand_in_the_order_of_their_characters(one: str, other: str) -> None:
    """As Python orders them by code points, and CEL does."""
    assert _sign("order", one.encode(), other.encode()) == (one > other) - (one < other)


_NUMBERS = st.integers(-(2**70), 2**70) | st.integers(-300, 300)


@given(_NUMBERS, _NUMBERS, st.integers(0, 3), st.integers(0, 3))
def test_decimals_stand_in_the_order_of_their_numbers(one: int, other: int, more: int, yet_more: int) -> None:
    """Whatever bytes of mere sign they begin with: in a fixed there are many."""
    left, right = two_complement(one), two_complement(other)
    left, right = (two_complement(number, len(written) + pad) for number, written, pad in ((one, left, more), (other, right, yet_more)))
    assert _sign("decimal_order", left, right) == (one > other) - (one < other)
