"""`grant`."""

from collections.abc import Callable
from typing import Any

import pytest

from node.model.names import Department, Division, Topic
from node.model.values import GrantState, GrantValue
from node.runtime.preview import Preview
from tests.cli.requested import given

VILLAGES, TAKER = "445102.civil-affairs.villages", "440000.civil-affairs"


@pytest.fixture(autouse=True)
def _agreeable(node: Any) -> None:
    node.answer("/v1/commands", {"events": []})


def test_give_asks_for_the_whole_resource(cli: Callable[..., Any], node: Any) -> None:
    """Taker, purpose and term reach the node; nothing narrows the grant."""
    cli("grant", "give", VILLAGES, "--to", TAKER, "--purpose", "地名核对", "--until", "2027-12-31")
    body = node.asked[0][1]
    assert (body["resource"], body["taker"], body["purpose"], body["until"]) == (VILLAGES, TAKER, "地名核对", "2027-12-31")
    assert (body["fields"], body["rows"], body["masks"], body["history"]) == (None, "", {}, "all")


PARTS = ["--field", "code", "--field", "home.street", "--rows", "code == '1'", "--mask", "code=hmac", "--mask", "home.street=keep-first:1"]


def test_give_asks_for_a_part(cli: Callable[..., Any], node: Any) -> None:
    """Fields, rows, masks and history reach the node as they were written."""
    assert cli("grant", "give", VILLAGES, "--to", TAKER, "--purpose", "p", *PARTS, "--history", "from-now").status == 0
    ((path, body),) = node.asked
    assert (path, body["command"]) == ("/v1/commands", "give-grant")
    assert (body["fields"], body["rows"]) == (["code", "home.street"], "code == '1'")
    assert (body["masks"], body["history"]) == ({"code": "hmac", "home.street": "keep-first:1"}, "from-now")


def test_a_dry_run_shows_and_writes_nothing(cli: Callable[..., Any], node: Any) -> None:
    """The preview alone is asked for, with the whole command; its schema and rows are told, as tables or as JSON."""
    schema = {"type": "record", "name": "V", "fields": [{"name": "code", "type": "string", "doc": "twelve digits"}]}
    found = Preview(schema=schema, rows=[{"code": "445102001"}], read=12)
    node.answer("/v1/grants/preview", found)
    done = cli("grant", "give", VILLAGES, "--to", TAKER, "--purpose", "p", *PARTS, "--dry-run")
    assert done.status == 0
    assert "twelve digits" in done.out
    assert "445102001" in done.out
    told = cli("grant", "give", VILLAGES, "--to", TAKER, "--purpose", "p", *PARTS, "--dry-run", "--json").json
    assert told == {"schema": schema, "rows": [{"code": "445102001"}], "read": 12}
    assert [path for path, _body in node.asked] == ["/v1/grants/preview"] * 2
    assert node.asked[0][1]["fields"] == ["code", "home.street"]


def test_a_wrong_mask_asks_nothing(cli: Callable[..., Any], node: Any) -> None:
    """It is wrong usage, told with the mask."""
    done = cli("grant", "give", VILLAGES, "--to", TAKER, "--purpose", "p", "--mask", "code=blur")
    assert (done.status, node.asked) == (2, [])
    assert "code=blur" in done.err


def test_list_tells_what_a_grant_shows(cli: Callable[..., Any], node: Any) -> None:
    """In a line, where it is less than the whole."""
    value = GrantValue(resource=Topic(VILLAGES), taker=Department(TAKER), purpose="p", fields=("code",), masks={"code": "hmac"})
    node.answer("/v1/grants", [given(value=value)])
    assert "code; code=hmac" in cli("grant", "list").out
    assert cli("grant", "list", "--json").json[0]["value"]["masks"] == {"code": "hmac"}


def test_end_names_one_grant_or_all_of_a_taker(cli: Callable[..., Any], node: Any) -> None:
    """Either by its number or by resource and taker."""
    assert cli("grant", "end", "445102/17", "--reason", "期满").status == 0
    assert cli("grant", "end", "--resource", VILLAGES, "--to", TAKER).status == 0
    first, second = (body for _path, body in node.asked)
    assert (first["grant"], first["resource"], first["reason"]) == (["445102", 17], None, "期满")
    assert (second["grant"], second["resource"], second["taker"]) == (None, VILLAGES, TAKER)


@pytest.mark.parametrize(
    "line",
    [
        "",
        f"--resource {VILLAGES}",
        f"--to {TAKER}",
        f"445102/17 --resource {VILLAGES} --to {TAKER}",
        "445102/17 --to x",
        "17",
        "445102/x",
        "445102/²",
    ],
)
def test_end_without_one_clear_grant_is_wrong_usage(cli: Callable[..., Any], node: Any, line: str) -> None:
    """Nothing is ended by guessing."""
    done = cli("grant", "end", *line.split())
    assert (done.status, node.asked) == (2, [])
    assert "AUTHOR/SEQUENCE" in done.err


def test_list_tells_where_each_stands(cli: Callable[..., Any], node: Any) -> None:
    """Ended ones stand there too, by the number with which they are ended; and nodes that have not said that they follow."""
    own = Division("445102")
    states: tuple[GrantState, ...] = ("flowing", "ended", "expired", "suspended")
    told = [given(grant=(own, 4 + place), state=state, active=not place) for place, state in enumerate(states)]
    node.answer("/v1/grants", told)
    lines = [line.split() for line in cli("grant", "list").out.splitlines()[1:]]
    assert [(line[0], line[3], line[5]) for line in lines] == [(f"445102/{4 + place}", "all", state) for place, state in enumerate(states)]
    assert lines[0][6:] == ["445100,", "440000"]
    assert [one["active"] for one in cli("grant", "list", "--json").json] == [True, False, False, False]


def test_show_asks_for_one(cli: Callable[..., Any], node: Any) -> None:
    """With its nodes and its course."""
    node.answer("/v1/grants/445102/4", given())
    assert "nothing said yet" in cli("grant", "show", "445102/4").out
    assert cli("grant", "show", "445102/4", "--json").json["awaited"] == ["445100", "440000"]


def test_the_authority_suspends_resumes_and_revokes(cli: Callable[..., Any], node: Any) -> None:
    """With reasons, and with the filing that it agrees to; the owner files."""
    who = ["--as", "黄山", "--role", "authority"]
    cli("grant", "suspend", "445102/17", "--reason", "滥用", *who)
    cli("grant", "resume", "445102/17", *who)
    cli("grant", "file-end", "445102/17", "--reason", "停用", "--as", "林海", "--role", "head", "--department", "445102.civil-affairs")
    cli("grant", "revoke", "445102/17", "--reason", "停用", "--filed", "445102/40", *who)
    suspend, resume, file, revoke = (body for _path, body in node.asked)
    assert [body["command"] for body in (suspend, resume, file, revoke)] == ["suspend-grant", "resume-grant", "file-end", "end-grant"]
    assert {tuple(body["grant"]) for body in (suspend, resume, file, revoke)} == {("445102", 17)}
    assert (suspend["reason"], resume["reason"], file["reason"]) == ("滥用", "", "停用")
    assert (revoke["reason"], revoke["filed"], revoke["by"]["role"]) == ("停用", ["445102", 40], "authority")
    assert (file["by"]["name"], file["by"]["department"]) == ("林海", "445102.civil-affairs")


@pytest.mark.parametrize(
    "line", ["suspend 17 --reason x", "resume 17", "file-end 17 --reason x", "revoke 17", "revoke 445102/17 --filed 4", "show 17"]
)
def test_what_is_no_number_asks_nothing(cli: Callable[..., Any], node: Any, line: str) -> None:
    """It is wrong usage."""
    done = cli("grant", *line.split())
    assert (done.status, node.asked) == (2, [])
