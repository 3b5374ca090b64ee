"""An operator's days off: what is right is taken, every mistake is told at once with its line."""

from datetime import date
from pathlib import Path

import pytest

from node.config import Lang, load, read_holidays
from node.control.calendar import Calendar
from node.errors import ConfigError
from tests.config.files import LEAST, problems


def told(file: Path, text: str, lang: Lang = "en") -> list[str]:
    """Return what is wrong with a text, without the file's folder."""
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_holidays(file, lang)
    return [problem.replace(f"{file.parent}/", "") for problem in caught.value.problems]


def test_days_and_years_are_taken_with_quotes_and_without(file: Path) -> None:
    """A day means the same to YAML and to us."""
    file.write_text("years: [2028]\nholidays:\n  - 2028-01-01\n  - '2028-01-03'  # made up for\nworkdays: [\"2028-01-08\"]\n", "utf-8")
    assert read_holidays(file) == Calendar(
        holidays=frozenset({date(2028, 1, 1), date(2028, 1, 3)}), workdays=frozenset({date(2028, 1, 8)}), years=frozenset({2028})
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("holidays: [2026-03-04]", Calendar(holidays=frozenset({date(2026, 3, 4)}))),
        ("workdays: [2026-03-07]", Calendar(workdays=frozenset({date(2026, 3, 7)}))),
    ],
)
def test_one_list_is_enough(file: Path, text: str, expected: Calendar) -> None:
    """A day that the operator alone has off is a file of one line; a file without years completes none."""
    file.write_text(text)
    assert read_holidays(file) == expected


def test_every_mistake_is_told_at_once_in_the_order_of_lines(file: Path) -> None:
    """One look at the messages mends the whole file."""
    text = """years:
  - 2028
  - "2029"
  - 28
holidays:
  - 2028-02-30
  - 2028-1-1
  - 2028-01-01 09:00:00
  - 20280101
  - [2028-01-01]
  -
  - 0228-01-01
  - 2028-01-01
  - 2028-01-01
workday: [2028-01-08, 2028-01-01]
"""
    found = told(file, text)
    assert [problem.partition(": ")[0] for problem in found] == [f"node.yaml:{line}" for line in (3, 4, 6, 7, 8, 9, 10, 11, 12, 14, 15, 15)]
    assert found[0] == "node.yaml:3: years: '2029' is no whole number; write plain digits without quotes (for example years: [2028])"
    assert found[2].startswith("node.yaml:6: holidays: '2028-02-30' is no day; ")
    assert found[2].endswith("(for example holidays: [2028-01-01])")
    assert "has parts of its own; it is a day" in found[6]
    assert "has no value" in found[7]
    assert "2000 and 2099" in found[8]
    assert found[9] == "node.yaml:14: holidays: 2028-01-01 stands in line 13 as well; a day is off or worked, keep one of the two"
    assert "unknown key; did you mean workdays?" in found[10]
    assert found[11] == "node.yaml:15: workdays: 2028-01-01 stands in line 13 as well; a day is off or worked, keep one of the two"


def test_complete_year_without_a_day_off_is_a_mistake(file: Path) -> None:
    """Every clock in it would be wrong around each holiday, and nothing would say so."""
    (found,) = told(file, "years: [2027,\n  2028]\nholidays: [2027-01-01]\nworkdays: [2028-01-08]\n")
    assert found.startswith("node.yaml:2: years: 2028 is named as complete and no day off of it is listed")


def test_year_is_not_blamed_for_a_day_that_could_not_be_read(file: Path) -> None:
    """What follows from another mistake is not told beside it."""
    (found,) = told(file, "years: [2028]\nholidays: [2028-01-32]\n")
    assert found.startswith("node.yaml:2: holidays: '2028-01-32' is no day")


@pytest.mark.parametrize("text", ["", "holidays: []", "years: []\nworkdays: []\n"])
def test_file_that_names_no_day_is_a_mistake(file: Path, text: str) -> None:
    """It would change nothing, which is not why somebody wrote it."""
    (found,) = told(file, text)
    assert found.startswith("node.yaml:1: names no day; list the days off")


@pytest.mark.parametrize("written", ["2028-01-01", "{a: 1}", ""])
def test_what_is_no_list_is_told_with_one(file: Path, written: str) -> None:
    """A single day is written as a list of one."""
    (found,) = told(file, f"workdays: [2028-01-08]\nholidays: {written}\n")
    assert found.startswith("node.yaml:2: holidays: should be a list")
    assert found.endswith("(for example holidays: [2028-01-01])")


def test_mistakes_are_told_in_chinese_where_asked(file: Path) -> None:
    """The same problems in the other language."""
    assert told(file, "holidays: [2028-01-01]\nworkdays: [2028-01-01]\n", "zh") == [
        "node.yaml:2: workdays：2028-01-01 与第 1 行重复；一天或放假或上班，请只保留一处"
    ]


def test_configuration_names_the_file_relative_to_itself(file: Path) -> None:
    """The days are part of the configuration; without the key there are none of one's own."""
    file.write_text(LEAST)
    assert load(file).calendar == Calendar()
    (file.parent / "days").mkdir()
    (file.parent / "days" / "2028.yaml").write_text("holidays: [2028-01-01]")
    file.write_text(LEAST + "calendar: days/2028.yaml\n")
    assert load(file).calendar == Calendar(holidays=frozenset({date(2028, 1, 1)}))


def test_mistakes_of_both_files_are_told_together(file: Path) -> None:
    """Whoever checks a configuration mends all of it in one go; a file that is not there is a mistake too."""
    (file.parent / "days.yaml").write_text("holidays:\n- yesterday\n")
    found = problems(file, LEAST + "colour: red\ncalendar: days.yaml\n")
    assert [problem.partition(": ")[0] for problem in found] == ["node.yaml:3", "days.yaml:2"]
    (found_missing,) = problems(file, LEAST + "calendar: none.yaml\n")
    assert found_missing.startswith("none.yaml: cannot be read (No such file or directory)")
