"""What people see of a request."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from node.cli.request_shown import clock, listed, whole
from node.cli.voice import Voice
from node.control.clocks import State
from node.control.course import Problem
from tests.cli.requested import NOW, clockless, granted, lines, numbered, waiting

EN, ZH = Voice(lang="en"), Voice(lang="zh")


def test_a_list_keeps_the_order_in_which_it_comes() -> None:
    """The node says what is due first; the table does not sort again."""
    found = [numbered(waiting(), 9), numbered(granted(), 3), numbered(clockless(), 5)]
    assert [line.split()[0] for line in lines(listed(found, EN))] == ["request", "445100/9", "445100/3", "445100/5"]
    told = lines(listed(found, ZH))
    assert "待数源方答复" in told[1]
    assert "已授权" in told[2]
    assert "未知" in told[3]


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


def test_a_request_is_shown_with_all_that_it_asks_and_its_course() -> None:
    """State and clock first, then what is asked and which nodes it passes, then each step with its moment in Shanghai and by whom."""
    told = lines(whole(granted(), EN))
    assert told[0].endswith("granted")
    assert told[1].startswith("data: due ")
    assert "Decree 809: data flows within 20 working days after consent" in told
    assert "asks for: code; code=hmac; stream" in told
    assert "passes: 445102 → 445100" in told
    steps = [line.split() for line in told if line.startswith("2026-11-22")]
    assert [step[2] for step in steps] == ["request", "request-approved", "request-answered", "grant"]
    assert steps[0][1].startswith("12:00:")
    assert steps[2][3:] == ["head@445102.tax", "head", "445102.tax", "consents"]


def test_a_request_is_shown_in_chinese() -> None:
    """Nothing of it is left in English but names and words of the law's data."""
    told = lines(whole(waiting(), ZH))
    assert told[0].endswith("待数源方答复")
    assert "途经节点：445102 → 445100" in told
    assert "可以：修改、撤回、答复、延期" in told
    assert any("申请方负责人同意" in line and "负责人 445100.police" in line for line in told)


def test_a_year_that_the_calendar_lacks_is_told_where_the_clock_would_be() -> None:
    """The rest is shown all the same."""
    told = lines(whole(clockless(), EN))
    assert told[1].startswith("the days off of 2026 are not known here")
    problem = Problem("en", "zh")
    assert lines(whole(msgspec.structs.replace(waiting(), clock=None, clock_problem=problem), ZH))[1] == "zh"
