"""An operator's own days off: what the official calendar does not have yet, or has otherwise.

years: [2028]              # the file is complete for these: nothing else is asked about them; may be left out
holidays:                  # days off
  - 2028-01-01
  - 2028-01-03
workdays: [2028-01-08]     # weekend days that are worked
"""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from node.config.reading import Field, Lang, Many, Reading, Shape, Wrong, read_yaml, whole_within
from node.control.calendar import Calendar

YEAR_MIN, YEAR_MAX = 2000, 2099
"""No term of today reaches further, and a slip of the pen mostly does."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_holidays(path: Path, lang: Lang = "en") -> Calendar:
    """Return the calendar in a file, for `Calendar.amended`. ConfigError tells every problem with its line."""
    reading = read_yaml(path, _SHAPE, lang)
    holidays, workdays, years = (reading.values.get(key, []) for key in ("holidays", "workdays", "years"))
    if not reading.problems:  # else the day that is missed below may be one that could not be read
        _check_years(reading, years, {day.year for day in holidays})
    _check_once(reading, {"holidays": holidays, "workdays": workdays})
    if not reading.problems and not holidays and not workdays:
        wrong = Wrong(
            "names no day; list the days off, the worked weekend days, or both", "没有列出任何日期；请列出放假日期、调休上班日期，或两者"
        )
        reading.wrong("", wrong._replace(example="holidays: [2028-01-01]"))
    reading.raise_if_wrong()
    return Calendar(holidays=frozenset(holidays), workdays=frozenset(workdays), years=frozenset(years))


def read_day(text: str) -> date | Wrong:
    """Read a day of ISO 8601, as 2028-01-01."""
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        return Wrong(f"{text!r} is no day; write year, month and day as they stand in a calendar", f"{text!r} 不是日期；请按年-月-日填写")
    if not YEAR_MIN <= day.year <= YEAR_MAX:
        en = f"{text} is far away; the year lies within {YEAR_MIN} and {YEAR_MAX}"
        return Wrong(en, f"{text} 相距太远；年份应在 {YEAR_MIN} 至 {YEAR_MAX} 之间")
    return day


def _check_once(reading: Reading, listed: Mapping[str, list[date]]) -> None:
    lines: dict[date, int] = {}
    for key, days in listed.items():
        for place, day in enumerate(days):
            line = reading.line(f"{key}.{place}")
            if day in lines:
                en = f"{day} stands in line {lines[day]} as well; a day is off or worked, keep one of the two"
                reading.wrong(key, Wrong(en, f"{day} 与第 {lines[day]} 行重复；一天或放假或上班，请只保留一处"), line)
            lines.setdefault(day, line)


def _check_years(reading: Reading, years: list[int], told: set[int]) -> None:
    """Tell each year that is named as complete and has no day off: every clock in it would be wrong, and nobody would see it."""
    for place, year in enumerate(years):
        if year not in told:
            en = f"{year} is named as complete and no day off of it is listed; list them under `holidays`, or take the year out"
            zh = f"声明 {year} 年完整，却没有列出该年的放假日期；请在 holidays 中列出，或去掉该年份"
            reading.wrong("years", Wrong(en, zh), reading.line(f"years.{place}"))


_DAYS = Many(Field(read_day, "2028-01-01", day=True), required=False)
_SHAPE: Shape = {
    "years": Many(Field(whole_within(YEAR_MIN, YEAR_MAX), "2028", number=True), required=False),
    "holidays": _DAYS,
    "workdays": _DAYS,
}
