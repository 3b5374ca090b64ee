"""What people see of a legal clock."""

from datetime import UTC, date, datetime, timedelta
from typing import get_args

import msgspec
import pytest

from node.cli.clock_shown import clock, in_list, whole_clock
from node.cli.voice import Voice
from node.control.clocks import Clock, Kind, Problem, State
from tests.cli.requested import NOW, granted, waiting

EN, ZH = Voice(lang="en"), Voice(lang="zh")
REVIEW = Clock(kind="item-review", article="Decree 809", started=NOW, due=date(2026, 11, 25), left_working_days=2, state="soon")


@pytest.mark.parametrize(
    ("days", "state", "en", "zh"),
    [
        (0, "running", "answer: due 2026-12-04, 9 working days left", "答复：2026-12-04 到期，剩余 9 个工作日"),
        (10, "soon", "answer: due soon: 2026-12-04, 1 working day left", "答复：即将到期：2026-12-04，剩余 1 个工作日"),
        (15, "overdue", "answer: overdue by 2 working days, was due 2026-12-04", "答复：已逾期 2 个工作日，应于 2026-12-04 前"),
    ],
)
def test_a_clock_that_runs_is_told_in_working_days(days: int, state: State, en: str, zh: str) -> None:
    """With the due day, whether it is far, near or past."""
    found = waiting(NOW + timedelta(days=days)).clock
    assert found is not None
    assert found.state == state
    assert (clock(found, EN).plain, clock(found, ZH).plain) == (en, zh)


def test_a_clock_that_has_ended_is_told_with_the_day_of_the_act() -> None:
    """In time or late; the day is Shanghai's."""
    running = granted().clock
    assert running is not None
    ended = datetime(2026, 12, 23, 17, tzinfo=UTC)
    met = msgspec.structs.replace(running, state="met", ended=ended)
    missed = msgspec.structs.replace(running, state="missed", left_working_days=-3, ended=ended)
    assert (clock(met, EN).plain, clock(met, ZH).plain) == ("data: in time, 2026-12-24", "供数：按期，2026-12-24")
    assert (clock(missed, EN).plain, clock(missed, ZH).plain) == (
        "data: 3 working days late, 2026-12-24",
        "供数：逾期 3 个工作日，2026-12-24",
    )


@pytest.mark.parametrize(
    ("kind", "en", "zh"),
    [
        ("item-review", "review", "审核"),
        ("item-update", "update", "更新"),
        ("flow", "data", "供数"),
        ("verification", "verification", "校核"),
        ("answer-unconditional", "answer", "答复"),
        ("answer-conditional", "answer", "答复"),
    ],
)
def test_what_is_awaited_is_told_first(kind: Kind, en: str, zh: str) -> None:
    """Of every kind there is."""
    one = msgspec.structs.replace(REVIEW, kind=kind)
    assert clock(one, EN).plain == f"{en}: due soon: 2026-11-25, 2 working days left"
    assert clock(one, ZH).plain.startswith(f"{zh}：即将到期")
    assert kind in get_args(Kind)


def test_a_row_has_all_its_clocks_or_tells_that_they_are_not_known() -> None:
    """None is an empty cell."""
    other = msgspec.structs.replace(REVIEW, kind="item-update")
    assert in_list([REVIEW, other], None, EN).plain.count("due soon: 2026-11-25") == 2
    assert in_list([], None, EN).plain == ""
    assert in_list([], Problem("en", "zh"), ZH).plain == "未知"


def test_a_clock_is_shown_with_its_rule() -> None:
    """The article, and what it says, in the language that is spoken."""
    assert whole_clock(REVIEW, EN)[1].plain == "Decree 809: the authority reviews a catalogue item within 2 working days"
    assert "2 个工作日内审核目录" in whole_clock(REVIEW, ZH)[1].plain
