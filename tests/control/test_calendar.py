"""Which days are worked: by the State Council's notices, as an operator's file overrides them, and not at all where nobody knows."""

import subprocess
import sys
from datetime import date, timedelta

import pytest

from node.control.calendar import Calendar, official
from node.errors import CalendarError
from tests.control.notices import OFF, WORKED, worked

BEFORE, FIRST = min(official().years) - 1, min(official().years)


@pytest.mark.parametrize("year", [2025, 2026])
def test_official_days_are_those_of_the_notices(year: int) -> None:
    """Every day of both years, against the notices as they were published."""
    days = [date(year, 1, 1) + timedelta(count) for count in range(365)]
    assert [official().is_working(day) for day in days] == [worked(day) for day in days]


@pytest.mark.parametrize("day", sorted(day for span in OFF for day in span))
def test_days_off_are_not_worked_on_weekdays_either(day: str) -> None:
    """The first and the last day of every holiday."""
    assert not official().is_working(date.fromisoformat(day))


@pytest.mark.parametrize("day", WORKED)
def test_weekend_days_made_up_for_are_worked(day: str) -> None:
    """Days off are moved, not given (调休): each of these is a Saturday or Sunday, and is worked."""
    assert date.fromisoformat(day).weekday() >= 5
    assert official().is_working(date.fromisoformat(day))


def test_official_years_have_no_gap() -> None:
    """From 2004 on, as far as the library reaches."""
    assert official().years == frozenset(range(2004, max(official().years) + 1))
    assert max(official().years) >= 2026


def test_year_that_nobody_knows_is_told_with_the_next_step() -> None:
    """A guess by weekdays alone would be wrong around every holiday; the year, the file and its keys are told in both languages."""
    year = max(official().years) + 1
    with pytest.raises(CalendarError) as caught:
        official().is_working(date(year, 3, 3))
    error = caught.value
    assert error.year == year
    for told in (error.en, error.zh):
        assert f"years: [{year}]" in told
        assert "chinesecalendar" in told
        assert "calendar: " in told
    assert f"the days off of {year} are not known here, only those of 2004 to {year - 1}" in error.en
    assert f"不掌握 {year} 年的放假安排" in error.zh


def test_years_before_the_first_are_unknown_too() -> None:
    """A clock never starts there, but a wrong answer would look right."""
    assert not official().is_working(date(FIRST, 1, 1))
    with pytest.raises(CalendarError) as caught:
        official().is_working(date(BEFORE, 12, 31))
    assert caught.value.year == BEFORE


def test_empty_calendar_knows_nothing() -> None:
    """What is not named is not known, and the error does not claim a range of years."""
    with pytest.raises(CalendarError, match="only those of no year"):
        Calendar().is_working(date(2026, 3, 3))


def test_operator_overrides_both_ways() -> None:
    """A weekday off, a holiday worked, a worked weekend off again, a weekend worked; every other day stays as it was."""
    own = Calendar(
        holidays=frozenset({date(2026, 3, 4), date(2026, 2, 28)}),
        workdays=frozenset({date(2026, 5, 5), date(2026, 3, 7)}),
    )
    amended = official().amended(own)
    changed = {date(2026, 3, 4): False, date(2026, 2, 28): False, date(2026, 5, 5): True, date(2026, 3, 7): True}
    for day in (date(2026, 1, 1) + timedelta(count) for count in range(365)):
        assert amended.is_working(day) is changed.get(day, worked(day))
    assert not amended.holidays & amended.workdays
    assert amended.years == official().years


def test_year_that_the_operator_completes_is_the_files_alone() -> None:
    """The library's days of that year do not count beside it: the answer is the same before and after an upgrade."""
    own = Calendar(holidays=frozenset({date(2026, 1, 1)}), workdays=frozenset({date(2026, 1, 10)}), years=frozenset({2026, 2040}))
    amended = official().amended(own)
    assert not amended.is_working(date(2026, 1, 1))
    assert amended.is_working(date(2026, 1, 10))
    assert amended.is_working(date(2026, 10, 1))
    assert not amended.is_working(date(2026, 10, 10))
    assert amended.is_working(date(2040, 6, 1))
    assert not amended.is_working(date(2040, 6, 2))
    assert not amended.is_working(date(2025, 10, 1))


def test_day_that_the_operator_names_is_known_in_a_year_that_is_not() -> None:
    """Only the other days of such a year are unknown."""
    amended = official().amended(Calendar(holidays=frozenset({date(2090, 1, 2)})))
    assert not amended.is_working(date(2090, 1, 2))
    with pytest.raises(CalendarError):
        amended.is_working(date(2090, 1, 3))


def test_library_is_loaded_only_when_asked() -> None:
    """A command that asks for no clock does not pay for its constants."""
    code = "import sys, node.control.clocks; assert 'chinese_calendar' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
