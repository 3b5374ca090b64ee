"""`request`."""

from collections.abc import Callable
from typing import Any

import pytest

from node.control.course import REQUESTS_MAX
from node.control.foreseeing import Foreseen
from node.http.requests import PreviewFace
from node.model.names import Department, Division
from node.model.values import Actor
from node.runtime.preview import Preview
from tests.cli.requested import clockless, numbered, waiting

REF, NAME = "445100/12", "445102.civil-affairs.villages"
SHOWN = f"/v1/requests/{REF}"
TAKER = "445100.taxation"
STEWARD = Actor(name="陈晓", role="steward", department=Department(TAKER))
NEW = ["request", "new", NAME, "--taker", TAKER, "--basis", "税收征管法", "--purpose", "核对"]
SCHEMA = {"type": "record", "name": "V", "fields": [{"name": "code", "type": "string", "doc": "twelve digits"}]}

SAMPLE = Preview(schema=SCHEMA, rows=[{"code": "445102001"}], read=12)


@pytest.fixture(autouse=True)
def _agreeable(node: Any) -> None:
    node.answer("/v1/commands", {"events": []})
    node.answer(SHOWN, numbered(waiting(), 12))


def given(node: Any) -> Any:
    """The one command that was given."""
    (body,) = [body for path, body in node.asked if path == "/v1/commands"]
    return body


def test_new_asks_for_the_whole_resource(cli: Callable[..., Any], node: Any) -> None:
    """Nothing narrows it; whoever acts is named."""
    node.me = STEWARD
    assert cli(*NEW).status == 0
    body = given(node)
    assert body["by"] == {"name": "陈晓", "role": "steward", "department": TAKER}
    assert (body["command"], body["resource"], body["taker"], body["basis"]) == ("new-request", NAME, TAKER, "税收征管法")
    assert (body["fields"], body["rows"], body["masks"], body["way"], body["history"]) == (None, "", {}, "stream", "all")
    assert (body["until"], body["renews"]) == ("", None)


def test_new_asks_for_a_part(cli: Callable[..., Any], node: Any) -> None:
    """As it was written."""
    part = ["--field", "code", "--field", "a.b", "--rows", "code == '1'", "--mask", "code=hmac", "--way", "file"]
    cli(*NEW, *part, "--history", "from-now", "--until", "2027-12-31", "--renews", "445102/7")
    body = given(node)
    assert (body["fields"], body["rows"], body["masks"]) == (["code", "a.b"], "code == '1'", {"code": "hmac"})
    assert (body["way"], body["history"], body["until"], body["renews"]) == ("file", "from-now", "2027-12-31", ["445102", 7])


def test_a_dry_run_shows_schema_and_path_and_leaves_rows_to_the_owner(cli: Callable[..., Any], node: Any) -> None:
    """Where the owner's node is another, it is named; nothing is written."""
    foreseen = Foreseen(schema=SCHEMA, path=(Division("445103"), Division("445100")), owner=Division("445103"))
    node.answer("/v1/requests/preview", PreviewFace(foreseen=foreseen, sample=None))
    done = cli(*NEW, "--dry-run")
    assert done.status == 0
    for part in ("445103 → 445100", "twelve digits", "rows are shown on the node of 445103"):
        assert part in done.out
    assert "样例仅在 445103 的节点显示" in cli(*NEW, "--dry-run", "--lang", "zh").out
    told = cli(*NEW, "--dry-run", "--json").json
    assert told == {"schema": SCHEMA, "path": ["445103", "445100"], "rows": None}
    assert {path for path, _body in node.asked} == {"/v1/requests/preview"}


def test_a_dry_run_on_the_owners_node_shows_rows_as_the_taker_would_have_them(cli: Callable[..., Any], node: Any) -> None:
    """As a grant of the same would; the preview alone is asked for, with the whole command."""
    foreseen = Foreseen(schema=SCHEMA, path=(Division("445102"),), owner=Division("445102"))
    node.answer("/v1/requests/preview", PreviewFace(foreseen=foreseen, sample=SAMPLE))
    assert "445102001" in cli(*NEW, "--field", "code", "--dry-run").out
    ((path, body),) = node.asked
    assert (path, body["command"], body["resource"], body["taker"], body["fields"]) == (
        *("/v1/requests/preview", "new-request", NAME, TAKER),
        ["code"],
    )
    assert cli(*NEW, "--dry-run", "--json").json["rows"] == [{"code": "445102001"}]


def test_a_wrong_mask_asks_nothing(cli: Callable[..., Any], node: Any) -> None:
    """It is wrong usage, told with the mask."""
    done = cli(*NEW, "--mask", "code=blur")
    assert (done.status, node.asked) == (2, [])
    assert "code=blur" in done.err


def test_amend_changes_what_is_named_and_keeps_the_rest(cli: Callable[..., Any], node: Any) -> None:
    """An amendment is complete in itself."""
    before = waiting().value
    node.me = STEWARD
    cli("request", "amend", REF, "--basis", "第六条", "--until", "2027-12-31", "--renews", "445102/7")
    body = given(node)
    assert (body["command"], body["request"], body["basis"], body["until"]) == ("amend-request", ["445100", 12], "第六条", "2027-12-31")
    assert (body["purpose"], body["fields"], body["masks"], body["renews"]) == (before.purpose, ["code"], {"code": "hmac"}, ["445102", 7])
    assert body["by"]["name"] == "陈晓"


def test_amend_can_ask_for_more_again(cli: Callable[..., Any], node: Any) -> None:
    """All fields, no masks; or others instead of those before."""
    cli("request", "amend", REF, "--all-fields", "--no-masks", "--rows", "", "--renews", "")
    body = given(node)
    assert (body["fields"], body["masks"], body["rows"], body["renews"]) == (None, {}, "", None)
    node.asked.clear()
    cli("request", "amend", REF, "--field", "sum", "--mask", "sum=round:10")
    assert (given(node)["fields"], given(node)["masks"]) == (["sum"], {"sum": "round:10"})


def test_approve_tells_the_path_and_stands_for_what_was_shown(cli: Callable[..., Any], node: Any) -> None:
    """The newest version, unless the one that was read is named."""
    done = cli("request", "approve", REF)
    assert "445102 → 445100" in done.err
    assert (given(node)["command"], given(node)["version"], given(node)["request"]) == ("approve-request", 1, ["445100", 12])
    node.asked.clear()
    cli("request", "approve", REF, "--version", "3")
    assert given(node)["version"] == 3


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["--consent"], ("consent", "", [])),
        (["--refuse", "超出职责"], ("refuse", "超出职责", [])),
        (["--missing", "条款", "--missing", "期限"], ("incomplete", "", ["条款", "期限"])),
    ],
)
def test_answer_says_one_of_three(cli: Callable[..., Any], node: Any, line: list[str], said: tuple[str, str, list[str]]) -> None:
    """Of the version that is shown."""
    assert cli("request", "answer", REF, *line).status == 0
    body = given(node)
    assert (body["answer"], body["reason"], body["missing"]) == said
    assert (body["command"], body["version"]) == ("answer-request", 1)


@pytest.mark.parametrize("line", [[], ["--consent", "--refuse", "x"], ["--consent", "--missing", "x"], ["--refuse", "x", "--missing", "y"]])
def test_answer_without_one_clear_word_is_wrong_usage(cli: Callable[..., Any], node: Any, line: list[str]) -> None:
    """Nothing is consented to by guessing."""
    done = cli("request", "answer", REF, *line)
    assert (done.status, node.asked) == (2, [])
    assert "--consent" in done.err


def test_extension_consent_and_withdrawal_name_the_request(cli: Callable[..., Any], node: Any) -> None:
    """With days and reasons as they were given."""
    cli("request", "extend", REF, "--days", "5", "--reason", "需会商")
    cli("request", "consent", REF)
    cli("request", "withdraw", REF, "--reason", "不再需要")
    extend, consent, withdraw = (body for _path, body in node.asked)
    assert (extend["command"], extend["days"], extend["reason"]) == ("extend-request", 5, "需会商")
    assert (consent["command"], withdraw["command"], withdraw["reason"]) == ("consent-extension", "withdraw-request", "不再需要")
    assert {tuple(body["request"]) for body in (extend, consent, withdraw)} == {("445100", 12)}


def test_list_asks_by_state_resource_and_department(cli: Callable[..., Any], node: Any) -> None:
    """What is left out is not asked."""
    node.answer("/v1/requests", [numbered(waiting(), 12)])
    node.answer(f"/v1/requests?state=waiting&resource={NAME}&department={TAKER}", [])
    assert REF in cli("request", "list").out
    assert cli("request", "list", "--json").json[0]["state"] == "waiting"
    assert cli("request", "list", "--state", "waiting", "--resource", NAME, "--mine", TAKER, "--json").json == []


def test_list_tells_once_which_year_the_calendar_lacks(cli: Callable[..., Any], node: Any) -> None:
    """Beside the list, however many requests it concerns."""
    node.answer("/v1/requests", [numbered(clockless(), 12), numbered(clockless(), 14), numbered(waiting(), 16)])
    done = cli("request", "list")
    assert done.err.count("the days off of 2026 are not known here") == 1
    assert [line.split()[0] for line in done.out.splitlines()[1:]] == ["445100/12", "445100/14", "445100/16"]


def test_list_tells_where_it_was_cut(cli: Callable[..., Any], node: Any) -> None:
    """As many as a node tells at once may not be all."""
    one = numbered(waiting(), 12)
    node.answer("/v1/requests", [one] * (REQUESTS_MAX - 1))
    assert cli("request", "list", "--json").err == ""
    node.answer("/v1/requests", [one] * REQUESTS_MAX)
    assert f"the first {REQUESTS_MAX}" in cli("request", "list", "--json").err


def test_show_tells_the_whole_course(cli: Callable[..., Any], node: Any) -> None:
    """As a table or as JSON; with a sample, the owner's node is asked for rows too."""
    assert "request-approved" in cli("request", "show", REF).out
    assert [step["kind"] for step in cli("request", "show", REF, "--json").json["course"]] == ["request", "request-approved"]
    node.answer(f"{SHOWN}/sample", SAMPLE)
    assert "445102001" in cli("request", "show", REF, "--sample").out
    told = cli("request", "show", REF, "--sample", "--json").json
    assert told["sample"] == {"schema": SCHEMA, "rows": [{"code": "445102001"}], "read": 12}


def test_a_refusal_comes_through_as_it_is(cli: Callable[..., Any], node: Any) -> None:
    """In the language that is spoken."""
    node.answer("/v1/commands", {"code": "not-entitled", "en": "this takes a head", "zh": "须由负责人操作"}, 409)
    assert (cli("request", "consent", REF).status, "this takes a head" in cli("request", "consent", REF).err) == (1, True)
    assert "须由负责人操作" in cli("request", "consent", REF, "--lang", "zh").err
    assert cli("request", "consent", REF, "--json").json["code"] == "not-entitled"


@pytest.mark.parametrize("act", ["amend", "approve", "withdraw", "consent", "show"])
def test_what_is_no_number_asks_nothing(cli: Callable[..., Any], node: Any, act: str) -> None:
    """It is wrong usage."""
    done = cli("request", act, "12")
    assert (done.status, node.asked) == (2, [])
