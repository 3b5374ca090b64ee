"""`grant`."""

from collections.abc import Callable
from typing import Any

import pytest

from node.http.book import GrantFace
from node.model.names import Department, Division, Topic
from node.model.values import GrantValue

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
    assert [(line[0], " ".join(line[4:])) for line in lines] == [("445102/4", "active"), ("445102/5", "ended"), ("445102/6", "not active")]
    assert [one["active"] for one in cli("grant", "list", "--json").json] == [True, False, False]
