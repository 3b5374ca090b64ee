"""`doctor`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.control.checkup import Finding

WELL = Finding(subject="node", check="ready", state="ok", en="all is well", zh="一切正常")
SOON = Finding(
    subject="cluster",
    check="logins",
    state="warn",
    en="[bold]no login[/bold]: 445102.police",
    zh="尚无登录：445102.police",
    do_en="make one",
    do_zh="请建立",
)
WRONG = Finding(subject="cluster", check="rights", state="fail", en="missing: a right", zh="缺少：一项权限", do_en="wait", do_zh="请等待")
LEAST = 'division: "445102"\nkafka: {bootstrap: "127.0.0.1:1"}\n'


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


def test_findings_are_shown_by_subject_and_the_worst_first(cli: Callable[..., Any], node: Any) -> None:
    """How it is, what was looked at, what was found and what to do, in the language that is asked for; nothing in it is markup."""
    node.answer("/v1/doctor", [SOON, WELL, WRONG])
    lines = [line.rstrip() for line in cli("doctor").out.splitlines()]
    assert [line.split(maxsplit=2)[:2] for line in lines[2:3] + lines[4:6]] == [["ok", "ready"], ["fail", "rights"], ["warn", "logins"]]
    assert [lines[1].strip(), lines[3].strip(), lines[6]] == ["node", "own cluster", "wrong: 1, warnings: 1, well: 1"]
    assert SOON.en in lines[5]
    assert lines[5].endswith(SOON.do_en)
    told = cli("doctor", "--lang", "zh").out
    assert all(text in told for text in ("本级集群", SOON.zh, SOON.do_zh, "错误 1 项"))


def test_programs_get_the_findings(cli: Callable[..., Any], node: Any) -> None:
    """All texts, as the node told them."""
    node.answer("/v1/doctor", [WELL, SOON])
    assert cli("doctor", "--json").json == [msgspec.to_builtins(one) for one in (WELL, SOON)]


def test_whom_the_node_refuses_is_told(cli: Callable[..., Any], node: Any) -> None:
    """That is no finding: the command failed."""
    node.answer("/v1/doctor", {"code": "not-your-role", "en": "ask an operator", "zh": "请联系操作员"}, 403)
    done = cli("doctor")
    assert (done.status, done.out) == (1, "")
    assert "ask an operator" in done.err


def test_a_node_that_does_not_run_is_a_failure_and_the_rest_is_checked(
    cli: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its configuration: what it says of the cluster, the disk, days off; with one that is wrong its faults are told, without one that."""
    monkeypatch.chdir(tmp_path)
    nowhere = ("--node", "http://127.0.0.1:1", "--json")
    none = cli("doctor", *nowhere)
    assert [(one["check"], one["state"]) for one in none.json] == [("answers", "fail"), ("configuration", "warn")]
    assert "no node answers at http://127.0.0.1:1" in none.json[0]["en"]
    (tmp_path / "node.yaml").write_text("division: 445102\n")
    faults = cli("doctor", *nowhere)
    assert (faults.status, {one["check"] for one in faults.json}) == (1, {"answers", "configuration"})
    assert all(one["state"] == "fail" for one in faults.json)
    (tmp_path / "other.yaml").write_text(LEAST)
    alone = cli("doctor", *nowhere, "--config", "other.yaml")
    assert (alone.status, alone.err) == (1, "")
    found = {one["check"]: one for one in alone.json}
    assert (found["configuration"]["state"], found["reachable"]["state"], found["tls"]["state"]) == ("ok", "fail", "ok")
    assert "nothing listens at 127.0.0.1:1" in found["reachable"]["en"]
    assert "holidays" in found
