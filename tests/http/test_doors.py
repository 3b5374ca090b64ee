"""The doors: how often somebody may ask, how long it may take, and what every answer says to browsers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from node.http import doors as module
from node.http.admission import finding
from node.http.doors import Doors
from node.model.values import Actor
from node.runtime.access import Access, add_token
from node.telemetry import Metrics
from tests.http.tokens import OPERATOR

HEAD = Actor(name="吴", role="inspector")


class Behind:
    """An application that answers when it is let, and keeps whose each request was."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.reads = False
        self.lets = asyncio.Event()
        self.lets.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer 200."""
        self.asked.append(scope["auth"].by.name if scope["auth"] else "")
        while self.reads and (await receive()).get("more_body"):
            pass
        await self.lets.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Cache-Control", b"max-age=60")]})
        await send({"type": "http.response.body", "body": b"{}"})


class House:
    """Doors with a clock of the test's, an application behind them, and tokens."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.now, self.behind, self.metrics, self.folder = 100.0, Behind(), Metrics(), folder
        self.doors = Doors(self.behind, self.metrics, finding(Access(folder)), requests_per_s=2, clock=lambda: self.now, **more)

    async def ask(self, path: str = "/v1/node", *, at: str = "10.0.0.1", content: Any = None, **headers: str) -> httpx.Response:
        """Ask as from an address."""
        transport = httpx.ASGITransport(cast("Any", self.doors), client=(at, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
            return await client.request("GET" if content is None else "POST", path, headers=headers, content=content)

    def token(self, by: Actor) -> str:
        """Return what the header of somebody's requests says."""
        return f"Bearer {add_token(self.folder, by)[1]}"

    def refused(self, reason: str) -> float:
        """Return how many were refused for a reason."""
        return self.metrics.registry.get_sample_value("exchange_http_refused_total", {"reason": reason}) or 0.0


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Two requests a second for each token, ten at once."""
    return House(tmp_path)


async def test_who_asks_too_often_waits_as_long_as_he_is_told(house: House) -> None:
    """By token: nobody else has to wait for him, also at the same address; it is told in both languages, and counted."""
    often, other = house.token(OPERATOR), house.token(HEAD)
    answers = [await house.ask(authorization=often) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
    assert (answers[-1].headers["retry-after"], answers[-1].json()["code"]) == ("1", "too-many")
    assert "1 秒后重试" in answers[-1].json()["zh"]
    assert (await house.ask(authorization=other)).status_code == 200
    house.now += 1
    assert (await house.ask(authorization=often)).status_code == 200
    assert house.refused("too-many") == 2
    assert house.behind.asked == [OPERATOR.name] * 10 + [HEAD.name, OPERATOR.name]


async def test_guesses_are_slowed_by_address_and_a_token_counts_beside_them(house: House) -> None:
    """Whoever guesses at an address is told to wait, elsewhere nobody is; a token that counts is let in at any address."""
    guesses = [await house.ask(authorization=f"Bearer xn-{number}") for number in range(module.STRANGERS_BURST + 1)]
    assert [answer.status_code for answer in guesses] == [200] * module.STRANGERS_BURST + [429], (
        "behind the doors it is refused, here it is let through"
    )
    assert (await house.ask()).status_code == 429, "without any token too"
    assert (await house.ask(at="10.0.0.2")).status_code == 200
    assert (await house.ask(authorization=house.token(OPERATOR))).status_code == 200


async def test_an_ipv6_network_counts_as_one_address(house: House) -> None:
    """Whoever has one has 2^64 addresses of it."""
    for number in range(module.STRANGERS_BURST):
        await house.ask(at=f"2001:db8::{number:x}")
    assert (await house.ask(at="2001:db8::ffff")).status_code == 429
    assert (await house.ask(at="2001:db8:0:1::1")).status_code == 200


async def test_the_registry_refuses_in_confluents_form(house: House) -> None:
    """Its clients read `error_code` and `message`."""
    for _ in range(module.STRANGERS_BURST):
        await house.ask("/subjects")
    answer = await house.ask("/subjects")
    assert (answer.status_code, answer.json()["error_code"], answer.headers["retry-after"]) == (429, 429, "1")
    assert answer.headers["content-type"] == "application/vnd.schemaregistry.v1+json"


@pytest.mark.parametrize("headers", [{f"x-{number}": "" for number in range(200)}, {"x": "y" * (17 << 10)}])
async def test_heads_are_bounded_in_number_and_size(house: House, headers: dict[str, str]) -> None:
    """431, before anybody is looked for."""
    answer = await house.ask(**headers)
    assert (answer.status_code, answer.json()["code"]) == (431, "too-large")
    assert house.behind.asked == []


async def test_a_body_that_trickles_is_given_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """However steadily: the time is that of the whole."""
    monkeypatch.setattr(module, "BODY_S", 0.02)
    house.behind.reads = True

    async def trickle() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    answer = await house.ask(content=trickle())
    assert (answer.status_code, answer.json()["code"], house.refused("too-slow")) == (408, "too-slow", 1)


@pytest.mark.parametrize("content", [None, b"{}"])
async def test_a_handler_that_does_not_answer_is_given_up(house: House, monkeypatch: pytest.MonkeyPatch, content: bytes | None) -> None:
    """503 in the form of all refusals, counted, with what to do."""
    monkeypatch.setattr(module, "ANSWER_S", 0.02)
    house.behind.reads = content is not None
    house.behind.lets.clear()
    answer = await house.ask(content=content)
    assert (answer.status_code, answer.json()["code"], house.refused("unavailable")) == (503, "no-answer", 1)


async def test_an_answer_that_has_begun_may_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines have bounds of their own (`streaming`, `connection`)."""
    monkeypatch.setattr(module, "ANSWER_S", 0.02)

    async def lines(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(5):
            await asyncio.sleep(0.01)
            await send({"type": "http.response.body", "body": b"%d\n" % number, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    transport = httpx.ASGITransport(cast("Any", Doors(lines, Metrics())))
    async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
        assert (await client.get("/v1/audit")).text == "0\n1\n2\n3\n4\n"


async def test_every_answer_tells_browsers_what_they_may(house: House) -> None:
    """Refusals too; what an answer says of itself stands."""
    for answer, kept in ((await house.ask(), "max-age=60"), (await house.ask(x="y" * (17 << 10)), "no-store")):
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert (answer.headers["x-content-type-options"], answer.headers["referrer-policy"]) == ("nosniff", "no-referrer")
        assert answer.headers["cache-control"] == kept
        assert "strict-transport-security" not in answer.headers


async def test_under_tls_browsers_are_told_to_stay_there(tmp_path: Path) -> None:
    """For a year."""
    assert (await House(tmp_path, tls=True).ask()).headers["strict-transport-security"] == "max-age=31536000"
