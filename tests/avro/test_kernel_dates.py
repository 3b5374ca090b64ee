"""Answers for node/avro/kernel_dates.py, run by Python: the planted bugs' test holds that against the compiled build."""

from datetime import date

from tests.avro.interpreted import kernel

KERNEL = kernel()
EPOCH = date(1970, 1, 1).toordinal()


def test_days_and_dates_are_those_of_the_calendar() -> None:
    """Every seventh day from the year 1 to 9999, there and back."""
    for ordinal in range(1, date.max.toordinal() + 1, 7):
        day = date.fromordinal(ordinal)
        assert KERNEL["days_of"](day.year, day.month, day.day) == ordinal - EPOCH
        assert KERNEL["date_of"](ordinal - EPOCH) == (day.year, day.month, day.day)


def test_days_that_do_not_exist_are_no_dates() -> None:
    """Of leap years, centuries and their fourth, and of every month's end."""
    for year in (1, 1900, 1999, 2000, 2023, 2024, 2100, 9999):
        for month in range(14):
            for day in range(33):
                try:
                    date(year, month, day)
                except ValueError:
                    exists = False
                else:
                    exists = True
                assert KERNEL["is_date"](year, month, day) == exists
    assert not KERNEL["is_date"](0, 1, 1)
    assert not KERNEL["is_date"](10_000, 1, 1)
