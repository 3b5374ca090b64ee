"""Answers for node/model/credit.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from node.model.credit import CREDIT_SYMBOLS, credit_check, is_credit_code

EXAMPLE = "91350100M000100Y43"
"""Printed in GB 32100-2015."""


def test_the_standards_example_is_a_code() -> None:
    """Its check character is the one that is computed."""
    assert credit_check(EXAMPLE[:17]) == EXAMPLE[17]
    assert is_credit_code(EXAMPLE)


@pytest.mark.parametrize(
    "text", ["", EXAMPLE[:17], EXAMPLE + "0", EXAMPLE.lower(), "9135O100M000100Y43", "91350100M000100Y4３", f" {EXAMPLE}", f"{EXAMPLE}\n"]
)
def test_what_is_no_code(text: str) -> None:
    """Length, alphabet and width of the characters are the standard's, and nothing stands around it."""
    assert not is_credit_code(text)


@given(st.integers(0, 17), st.sampled_from(CREDIT_SYMBOLS))
def test_one_wrong_character_is_found(place: int, other: str) -> None:
    """The modulus is a prime: no single slip passes."""
    code = EXAMPLE[:place] + other + EXAMPLE[place + 1 :]
    assert is_credit_code(code) == (code == EXAMPLE)


@given(st.text(CREDIT_SYMBOLS[:10], min_size=6, max_size=6), st.text(CREDIT_SYMBOLS, min_size=9, max_size=9))
def test_another_library_agrees(division: str, rest: str) -> None:
    """python-stdnum finds the same check character."""
    first17 = f"11{division}{rest}"
    assert uscc.calc_check_digit(first17) == credit_check(first17)
