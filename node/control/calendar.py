"""Which days are working days: weekdays, less the days off, and the weekend days that are worked for them (调休).

The State Council publishes both for one year at a time, mostly in the November before; `official` is what the library
chinesecalendar has of it. The notice for a year can make 31 December of the year before a day off, so a due day at the turn
of the year may move when that notice comes. An operator's file (node.config reads it) adds what the library does not have
yet, and overrides it.
"""

from datetime import date
from functools import cache

import msgspec

from node.errors import CalendarError

_SATURDAY = 5
_NATIONAL_DAY = (10, 1)


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """Days off and weekend days that are worked; `years` are those of which both are complete. No day is in both."""

    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    years: frozenset[int] = frozenset()

    def is_working(self, day: date) -> bool:
        """Return whether a day is worked. CalendarError where it is not named and its year is not complete."""
        if day in self.workdays:
            return True
        if day in self.holidays:
            return False
        if day.year not in self.years:
            raise _unknown(day.year, self.years)
        return day.weekday() < _SATURDAY

    def amended(self, by: "Calendar") -> "Calendar":
        """Return this calendar as another one overrides it: in the days that it names, and as a whole in the years that it completes."""
        return Calendar(
            holidays=_outside(self.holidays, by.years) - by.workdays | by.holidays,
            workdays=_outside(self.workdays, by.years) - by.holidays | by.workdays,
            years=self.years | by.years,
        )


@cache
def official() -> Calendar:
    """Return the State Council's calendar for the years that the installed chinesecalendar has, 2004 and later."""
    import chinese_calendar  # noqa: PLC0415  # 17 ms, and most commands ask for no clock

    holidays: frozenset[date] = frozenset(chinese_calendar.holidays)
    return Calendar(
        holidays=holidays,
        workdays=frozenset(chinese_calendar.workdays),
        # Every notice has National Day, and it is the last holiday of a year: with it the year is whole.
        years=frozenset(day.year for day in holidays if (day.month, day.day) == _NATIONAL_DAY),
    )


def _outside(days: frozenset[date], years: frozenset[int]) -> frozenset[date]:
    return frozenset(day for day in days if day.year not in years)


def _unknown(year: int, years: frozenset[int]) -> CalendarError:
    known_en, known_zh = (f"{min(years)} to {max(years)}", f"{min(years)} 至 {max(years)} 年") if years else ("no year", "任何年份")
    return CalendarError(
        year,
        f"the days off of {year} are not known here, only those of {known_en}: install a newer chinesecalendar, or write the State"
        f" Council's days off and worked weekend days of {year} into a file with `holidays`, `workdays` and `years: [{year}]`, and name it"
        " as `calendar: FILE` in the node's configuration",
        f"不掌握 {year} 年的放假安排，仅有{known_zh}的：请升级 chinesecalendar；或将国务院公布的 {year} 年放假和调休上班日期写入文件"
        f"（`holidays`、`workdays`、`years: [{year}]`），并在节点配置中以 `calendar: 文件` 指明",
    )
