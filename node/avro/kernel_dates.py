"""Dates of the Gregorian calendar as the kernel needs them: real or not, to days since 1970-01-01 and back."""

from node.avro.jit import compiled

_ERA_DAYS = 146_097
"""Days of 400 years."""
_SHIFT_DAYS = 719_468
"""From 0000-03-01, where an era begins, to 1970-01-01. Years that begin in March have their leap day at the end."""


@compiled
def is_date(year: int, month: int, day: int) -> bool:
    """Tell whether a date of the years 1 to 9999 exists."""
    if year < 1 or year > 9999 or month < 1 or month > 12 or day < 1:
        return False
    if month == 2:
        return day <= (29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28)
    return day <= (30 if month in (4, 6, 9, 11) else 31)


@compiled
def days_of(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 to an existing date."""
    if month < 3:
        year -= 1
        month += 12
    era, in_era = year // 400, year % 400
    in_year = (153 * (month - 3) + 2) // 5 + day - 1
    return era * _ERA_DAYS + in_era * 365 + in_era // 4 - in_era // 100 + in_year - _SHIFT_DAYS


@compiled
def date_of(days: int) -> tuple[int, int, int]:
    """Return year, month and day of a number of days since 1970-01-01."""
    days += _SHIFT_DAYS
    era, in_era = days // _ERA_DAYS, days % _ERA_DAYS
    year = (in_era - in_era // 1460 + in_era // 36_524 - in_era // 146_096) // 365
    in_year = in_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * in_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year + era * 400 + (1 if month < 3 else 0), month, in_year - (153 * shifted + 2) // 5 + 1
