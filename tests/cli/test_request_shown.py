"""What people see of a request."""

import msgspec

from node.cli.request_shown import listed, whole
from node.cli.voice import Voice
from node.control.clocks import Problem
from tests.cli.requested import clockless, granted, lines, numbered, waiting

EN, ZH = Voice(lang="en"), Voice(lang="zh")


def test_a_list_keeps_the_order_in_which_it_comes() -> None:
    """The node says what is due first; the table does not sort again."""
    found = [numbered(waiting(), 9), numbered(granted(), 3), numbered(clockless(), 5)]
    assert [line.split()[0] for line in lines(listed(found, EN))] == ["request", "445100/9", "445100/3", "445100/5"]
    told = lines(listed(found, ZH))
    assert "待数源方答复" in told[1]
    assert "已授权" in told[2]
    assert "未知" in told[3]


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
