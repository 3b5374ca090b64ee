"""Answers for node/demo/generate/identity.py."""

import csv
from datetime import date

import pytest
from stdnum.cn import ric, uscc

from node.demo.generate.dice import Dice
from node.demo.generate.identity import (
    AUTHORITY,
    COMPANY,
    DIVISIONS,
    ELSEWHERE,
    INDIVIDUAL,
    birth_of,
    credit_code,
    is_male,
    organization_check,
    resident_check,
    resident_id,
)
from node.model.credit import credit_check
from node.model.shipped import shipped


@pytest.mark.parametrize(("first17", "check"), [("11010519491231002", "X"), ("44052418800101001", "4")])
def test_the_check_character_of_the_standards_examples(first17: str, check: str) -> None:
    """The examples printed in GB 11643 get their check characters."""
    assert resident_check(first17) == check


def test_the_codes_of_known_bodies() -> None:
    """Published codes have the check characters that are computed: GB 32100's example, and GB 11714's."""
    assert credit_check("91350100M000100Y4") == "3"
    assert organization_check("D2143569") == "X"


def test_identity_numbers_are_valid() -> None:
    """Every drawn number is judged right by python-stdnum, has the date of birth that was asked for, and a division that exists."""
    dice = Dice(1)
    for _ in range(2000):
        born = date.fromordinal(dice.between(date(1930, 1, 1).toordinal(), date(2024, 12, 31).toordinal()))
        number = resident_id(dice, born)
        assert len(number) == 18
        assert number[17] == ric.calc_check_digit(number)
        assert ric.get_birth_date(number) == born == birth_of(number)
        assert number[:6] in (*DIVISIONS, *ELSEWHERE)


def test_divisions_elsewhere_exist() -> None:
    """Codes of other provinces, which Guangdong's table cannot tell, are known to python-stdnum."""
    for code in ELSEWHERE:
        assert ric.get_birth_place(f"{code}201001011234")["county"]


def test_the_sex_that_is_asked_for() -> None:
    """The order's last digit is odd for men and even for women; both come where nothing is asked."""
    dice, born = Dice(2), date(2000, 2, 29)
    assert all(is_male(resident_id(dice, born, male=True)) for _ in range(200))
    assert not any(is_male(resident_id(dice, born, male=False)) for _ in range(200))
    assert {is_male(resident_id(dice, born)) for _ in range(200)} == {True, False}


@pytest.mark.parametrize("kind", [COMPANY, INDIVIDUAL, AUTHORITY, "12", "51", "52", "93"])
def test_credit_codes_are_valid(kind: str) -> None:
    """Every drawn code is judged right by python-stdnum, and has its kind, its division and a valid organization code."""
    dice = Dice(3)
    for _ in range(1000):
        code = credit_code(dice, kind, "445102")
        assert uscc.is_valid(code)
        assert code.startswith(kind + "445102")
        assert code[16] == organization_check(code[8:16])


def test_divisions_are_of_the_table() -> None:
    """Invented holders come from counties that exist."""
    with shipped("schemas/divisions/divisions.csv").open(encoding="utf-8") as file:
        counties = {row["code"] for row in csv.DictReader(file) if row["level"] == "county"}
    assert set(DIVISIONS) <= counties
