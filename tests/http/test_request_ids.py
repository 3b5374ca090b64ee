"""Answers for node/http/request_ids.py: how a request is found again."""

import asyncio
import json

import httpx
import pytest

from node.http.request_ids import HEADER, bound, current, outside, request_id
from node.telemetry import configure, logger
from tests.http.conftest import ROOT
from tests.telemetry.undoing import undone


def test_a_plain_word_is_taken_from_the_client() -> None:
    """As it came, up to 64 places."""
    for brought in ("a", "6f1c-77", "x" * 64):
        assert request_id([(b"accept", b"*/*"), (HEADER, brought.encode())]) == brought


@pytest.mark.parametrize(
    "brought", ["", "x" * 65, "a b", "a\n", "a_b", "张", '{"a":1}', "440102199001011234", "id-44010219900101123X", "xn-" + "Zq3" * 14]
)
def test_anything_else_is_replaced(brought: str) -> None:
    """What may hold anything, a person's number or a token above all, comes into no log."""
    made = request_id([(HEADER, brought.encode("utf-8"))])
    assert made != brought
    assert len(made) == 16
    assert request_id([]) != request_id([])


def test_what_is_logged_within_bears_it(capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing after it."""
    with undone():
        configure(division="990000", readable=False)
        with bound("abc"):
            assert current() == "abc"
            logger().info("ready", part="x")
        logger().info("ready", part="y")
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line.get("request_id") for line in lines] == ["abc", None]
    assert current() == ""


async def test_what_outlives_a_request_does_not_bear_its_name() -> None:
    """A route that goes on works on in tasks and timers, each of which would hand the name to the next."""

    async def named() -> str:
        return current()

    with bound("abc"):
        within = asyncio.create_task(named())
        beyond = outside(lambda: asyncio.create_task(named()))
        assert current() == "abc"
    assert (await within, await beyond) == ("abc", "")


@pytest.mark.kafka
async def test_an_answer_names_its_request(web: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]) -> None:
    """In its header, in the body of a refusal, and in the log, where a command stands with the events that it made."""
    with undone():
        configure(division=ROOT, readable=False, level="debug")
        asked = {"command": "add-department", "department": f"{ROOT}.named", "name": "编号局"}
        done = await web.post("/v1/commands", json=asked, headers={"x-request-id": "by-hand-1"})
        refused = await web.post("/v1/commands", json={**asked, "department": "444444.named"})
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert done.headers["x-request-id"] == "by-hand-1"
    (event,) = done.json()["events"]
    told = {line["event"]: line for line in lines if line.get("request_id") == "by-hand-1"}
    assert (told["command-done"]["act"], told["command-done"]["events"]) == ("add-department", [f"{ROOT}/{event['sequence']}"])
    assert (told["http-answered"]["path"], told["http-answered"]["status"]) == ("/v1/commands", 200)
    assert "编号局" not in str(told)
    assert refused.status_code == 409
    assert refused.json()["request_id"] == refused.headers["x-request-id"] != ""
    registrys = await web.get("/subjects/none/versions")
    assert (set(registrys.json()), "x-request-id" in registrys.headers) == ({"error_code", "message"}, True)
