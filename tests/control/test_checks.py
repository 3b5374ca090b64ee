"""Answers for node/control/checks.py."""

from collections.abc import Callable
from datetime import date

import pytest

from node.control.checks import (
    check_day,
    check_department,
    check_division,
    check_filled,
    check_key,
    check_not_future,
    check_not_past,
    check_resource,
    check_within,
)
from node.errors import CommandRefused

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    "check",
    [
        lambda: check_division("445102"),
        lambda: check_department("445102.tax"),
        lambda: check_resource("445102.tax.bills"),
        lambda: check_key("ed25519:" + "A" * 43 + "="),
        lambda: check_day("until", ""),
        lambda: check_day("until", "2026-11-22"),
        lambda: check_not_past("until", "", TODAY),
        lambda: check_not_past("until", "2026-11-22", TODAY),
        lambda: check_not_future("changed", "", TODAY),
        lambda: check_not_future("changed", "2026-11-22", TODAY),
        lambda: check_filled("name", "民政局"),
        lambda: check_within("partitions", 1, 1, 1),
    ],
)
def test_what_is_right_passes(check: Callable[[], None]) -> None:
    """A good field raises nothing; today is neither past nor still to come."""
    check()


@pytest.mark.parametrize(
    ("check", "code", "said"),
    [
        (lambda: check_division("44510"), "bad-name", "44510"),
        (lambda: check_department("445102"), "bad-name", "445102"),
        (lambda: check_resource("445102.tax"), "bad-name", "445102.tax"),
        (lambda: check_key("sm2:AAAA"), "bad-key", "sm2:AAAA"),
        (lambda: check_day("until", "22.11.2026"), "bad-day", "22.11.2026"),
        (lambda: check_not_past("until", "2026-11-21", TODAY), "past", "2026-11-21"),
        (lambda: check_not_future("changed", "2026-11-23", TODAY), "future", "2026-11-23"),
        (lambda: check_filled("name", " "), "empty", "name"),
        (lambda: check_within("partitions", 0, 1, 9), "out-of-bounds", "partitions"),
        (lambda: check_within("partitions", 10, 1, 9), "out-of-bounds", "10"),
    ],
)
def test_what_is_wrong_is_told_in_both_languages(check: Callable[[], None], code: str, said: str) -> None:
    """A wrong field is refused with its code, and both texts name what was given."""
    with pytest.raises(CommandRefused) as refused:
        check()
    assert refused.value.code == code
    assert said in refused.value.en
    assert said in refused.value.zh
    assert any("\u4e00" <= letter <= "\u9fff" for letter in refused.value.zh)
