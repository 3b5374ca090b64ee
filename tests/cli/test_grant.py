"""`grant`."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from node.model.names import Department, Division
from node.model.values import Actor, GrantState
from tests.cli.requested import given


@pytest.fixture(autouse=True)
def _agreeable(node: Any) -> None:
    node.answer("/v1/commands", {"events": []})


def test_list_tells_what_a_grant_shows(cli: Callable[..., Any], node: Any) -> None:
    """In a line, where it is less than the whole."""
    value = msgspec.structs.replace(given().value, fields=("code",), masks={"code": "hmac"})
    node.answer("/v1/grants", [given(value=value)])
    assert "code; code=hmac" in cli("grant", "list").out
    assert cli("grant", "list", "--json").json[0]["value"]["masks"] == {"code": "hmac"}


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
    node.me = Actor(name="黄山", role="authority")
    cli("grant", "suspend", "445102/17", "--reason", "滥用")
    cli("grant", "resume", "445102/17")
    cli("grant", "revoke", "445102/17", "--reason", "停用", "--filed", "445102/40")
    node.me = Actor(name="林海", role="head", department=Department("445102.civil-affairs"))
    cli("grant", "file-end", "445102/17", "--reason", "停用")
    suspend, resume, revoke, file = (body for _path, body in node.asked)
    assert [body["command"] for body in (suspend, resume, file, revoke)] == ["suspend-grant", "resume-grant", "file-end", "end-grant"]
    assert {tuple(body["grant"]) for body in (suspend, resume, file, revoke)} == {("445102", 17)}
    assert (suspend["reason"], resume["reason"], file["reason"]) == ("滥用", "", "停用")
    assert (revoke["reason"], revoke["filed"], revoke["by"]["role"]) == ("停用", ["445102", 40], "authority")
    assert (file["by"]["name"], file["by"]["department"]) == ("林海", "445102.civil-affairs")


@pytest.mark.parametrize(
    "line",
    [
        "suspend 17 --reason x",
        "resume 17",
        "file-end 17 --reason x",
        "revoke 17",
        "revoke 445102/x",
        "revoke 445102/17 --filed 4",
        "show 445102/²",
    ],
)
def test_what_is_no_number_asks_nothing(cli: Callable[..., Any], node: Any, line: str) -> None:
    """It is wrong usage; nothing is ended by guessing."""
    done = cli("grant", *line.split())
    assert (done.status, node.asked) == (2, [])
    assert "AUTHOR/SEQUENCE" in done.err
