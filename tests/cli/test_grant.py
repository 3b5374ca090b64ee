"""`grant`."""

from collections.abc import Callable
from typing import Any

import pytest

from node.http.book import GrantFace
from node.model.names import Department, Division, Topic
from node.model.values import GrantValue
from node.runtime.preview import Preview

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
    node.answer("/v1/grants", [GrantFace((Division("445102"), 4), True, False, value)])
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


def test_list_tells_which_are_active(cli: Callable[..., Any], node: Any) -> None:
    """Ended ones stand there too, by the number with which they are ended."""
    value = GrantValue(resource=Topic(VILLAGES), taker=Department(TAKER), purpose="p")
    own = Division("445102")
    node.answer(
        "/v1/grants",
        [GrantFace((own, 4), True, False, value), GrantFace((own, 5), False, True, value), GrantFace((own, 6), False, False, value)],
    )
    lines = [line.split() for line in cli("grant", "list").out.splitlines()[1:]]
    assert [(line[0], line[3], " ".join(line[5:])) for line in lines] == [
        ("445102/4", "all", "active"),
        ("445102/5", "all", "ended"),
        ("445102/6", "all", "not active"),
    ]
    assert [one["active"] for one in cli("grant", "list", "--json").json] == [True, False, False]
