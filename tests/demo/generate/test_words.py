"""Answers for node/demo/generate/words.py."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import date

import pytest

from node.demo.generate import words
from node.demo.generate.dice import Dice

PHONE = re.compile(r"1[3-9][0-9]{9}|0768-[2-8][0-9]{6}")
CHINESE = re.compile(r"[\u4e00-\u9fff·]+")


def test_surnames_come_as_often_as_around_chaozhou() -> None:
    """陈 is the most frequent, about one in nine; names have two to four characters but for a minority's."""
    dice = Dice(1)
    names = [words.person(dice) for _ in range(5000)]
    assert all(CHINESE.fullmatch(name) for name in names)
    (first, count), *_ = Counter(name[0] for name in names).most_common()
    assert first == "陈"
    assert 450 < count < 750
    assert {2, 3} <= {len(name) for name in names}
    assert any("·" in name for name in names)


def test_names_suit_the_sex_of_a_number() -> None:
    """What women are called is not drawn for men."""
    dice = Dice(2)
    male, female = ({words.person_of(dice, f"4451021990010100{order}X")[-1] for _ in range(2000)} for order in (1, 2))
    assert len(male & female) < 5
    assert words.person_of(dice, None)


@pytest.mark.parametrize(
    ("said", "ending"),
    [
        (words.company, "公司"),
        (words.cooperative, "专业合作社"),
        (words.association, "会"),
        (words.shop, ""),
        (words.institution, ""),
        (words.scope, ""),
        (words.matter, ""),
    ],
)
def test_phrases_are_chinese(said: Callable[[Dice], str], ending: str) -> None:
    """Each is some Chinese text, of many kinds, and has the ending of its kind."""
    dice = Dice(3)
    made = {said(dice) for _ in range(300)}
    assert len(made) > 4
    assert all(re.fullmatch(r"[\u4e00-\u9fff、；]+", one) and one.endswith(ending) for one in made)


def test_telephones_are_mainland_numbers() -> None:
    """Mobiles of known ranges, and fixed ones of Chaozhou."""
    dice = Dice(4)
    made = [words.phone(dice) for _ in range(2000)]
    assert all(PHONE.fullmatch(one) for one in made)
    assert 40 < sum(one.startswith("0768-") for one in made) < 130


def test_years_go_back_over_a_leap_day() -> None:
    """29 February counts as the 28th."""
    assert words.years_before(date(2024, 2, 29), 1, 0) == date(2023, 2, 28)
    assert words.years_before(date(2025, 3, 1), 2, 1) == date(2023, 2, 28)
