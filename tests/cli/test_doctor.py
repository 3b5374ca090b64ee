"""`doctor`."""

from collections.abc import Callable
from typing import Any

import pytest

from node.control.checkup import Finding

WELL = Finding(check="node", state="ok", en="all is well", zh="一切正常")
SOON = Finding(check="logins", state="warn", en="[bold]no login[/bold]: 445102.police", zh="尚无登录：445102.police")
WRONG = Finding(check="rights", state="fail", en="missing: a right", zh="缺少：一项权限")


@pytest.mark.parametrize(
    ("found", "status"),
    [([], 0), ([WELL], 0), ([WELL, SOON], 3), ([SOON, WRONG, WELL], 1), ([WRONG], 1)],
    ids=["nothing", "ok", "warn", "fail-and-warn", "fail"],
)
def test_the_worst_finding_is_the_exit_status(cli: Callable[..., Any], node: Any, found: list[Finding], status: int) -> None:
    """For people and for programs alike; what is wrong is no error of the command."""
    node.answer("/v1/doctor", found)
    for json in ((), ("--json",)):
        done = cli("doctor", *json)
        assert (done.status, done.err) == (status, "")


def test_findings_are_shown_in_the_language_that_is_asked_for(cli: Callable[..., Any], node: Any) -> None:
    """One line each: how it is, what was looked at, and what was found; nothing in it is markup."""
    node.answer("/v1/doctor", [WELL, SOON, WRONG])
    lines = cli("doctor").out.splitlines()
    assert [line.rstrip().split(maxsplit=2) for line in lines[1:]] == [[one.state, one.check, one.en] for one in (WELL, SOON, WRONG)]
    assert "尚无登录：445102.police" in cli("doctor", "--lang", "zh").out


def test_programs_get_the_findings(cli: Callable[..., Any], node: Any) -> None:
    """Both texts, as the node told them."""
    node.answer("/v1/doctor", [WELL, SOON])
    assert cli("doctor", "--json").json == [{"check": one.check, "state": one.state, "en": one.en, "zh": one.zh} for one in (WELL, SOON)]


def test_whom_the_node_refuses_is_told(cli: Callable[..., Any], node: Any) -> None:
    """That is no finding: the command failed."""
    node.answer("/v1/doctor", {"code": "not-your-role", "en": "ask an operator", "zh": "请联系操作员"}, 403)
    done = cli("doctor")
    assert (done.status, done.out) == (1, "")
    assert "ask an operator" in done.err
