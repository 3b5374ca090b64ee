"""Answers for node/demo/identity.py."""

import csv
from datetime import date
from random import Random

import pytest

from node.demo.identity import (
    AUTHORITY,
    COMPANY,
    DIVISIONS,
    INDIVIDUAL,
    credit_check,
    credit_code,
    organization_check,
    resident_check,
    resident_id,
)
from node.model.shipped import shipped

SYMBOLS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def _mod_11_2(number: str) -> bool:
    """Check by the recursion of ISO 7064, which knows no table of weights."""
    rest = 0
    for symbol in number[:-1]:
        rest = (rest + int(symbol)) % 11 * 2 % 11
    return (rest + (10 if number[-1] == "X" else int(number[-1]))) % 11 == 1


def _credit_sum(code: str) -> int:
    """Return the sum with weights 3^i that GB 32100 wants divisible by 31, the check character's weight being 1."""
    return (sum(SYMBOLS.index(symbol) * pow(3, place, 31) for place, symbol in enumerate(code[:-1])) + SYMBOLS.index(code[-1])) % 31


@pytest.mark.parametrize(("first17", "check"), [("11010519491231002", "X"), ("44052418800101001", "4")])
def test_the_check_character_of_the_standards_examples(first17: str, check: str) -> None:
    """The examples printed in GB 11643 get their check characters."""
    assert resident_check(first17) == check


def test_the_codes_of_known_bodies() -> None:
    """Published codes have the check characters that are computed: GB 32100's example, and GB 11714's."""
    assert credit_check("91350100M000100Y4") == "3"
    assert organization_check("D2143569") == "X"


def test_identity_numbers_are_valid() -> None:
    """Every drawn number has a real division, a real birth date and the right check character."""
    dice = Random(1)
    for _ in range(2000):
        number = resident_id(dice)
        assert len(number) == 18
        assert number[:6] in DIVISIONS
        assert date(1950, 1, 1) <= date.fromisoformat(number[6:14]) <= date(2005, 12, 31)
        assert _mod_11_2(number)


@pytest.mark.parametrize("kind", [COMPANY, INDIVIDUAL, AUTHORITY])
def test_credit_codes_are_valid(kind: str) -> None:
    """Every drawn code has its kind, its division, a valid organization code and the right check character."""
    dice = Random(2)
    for _ in range(2000):
        code = credit_code(dice, kind, "445102")
        assert len(code) == 18
        assert code.startswith(kind + "445102")
        assert code[16] == organization_check(code[8:16])
        assert _credit_sum(code) == 0


def test_divisions_are_of_the_table() -> None:
    """Invented holders come from counties that exist."""
    with shipped("schemas/divisions/divisions.csv").open(encoding="utf-8") as file:
        counties = {row["code"] for row in csv.DictReader(file) if row["level"] == "county"}
    assert set(DIVISIONS) <= counties
