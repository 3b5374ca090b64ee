"""What keeps a node's answer from coming is told in a line, with the repair; whoever asks too often asks again by himself."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from node.cli import asking
from node.cli.asking import Asking, open_asking
from node.cli.voice import CliError, Exit, Session
from node.errors import CommandRefused
from node.http import Tls, open_probes
from tests.certificates import Authority
from tests.http.catalogued import catalogued_node

TOO_MANY = msgspec.json.encode({"code": "too-many", "en": "wait", "zh": "等"})


def answering(*answers: httpx.Response) -> tuple[Asking, list[float]]:
    """What asks somebody who answers so, one after the other, and how long it has waited."""
    told, waited = iter(answers), list[float]()
    client = httpx.Client(transport=httpx.MockTransport(lambda _request: next(told)))
    return Asking(client, "http://node", waited.append), waited


def too_many(seconds: str) -> httpx.Response:
    """The refusal of one request too many."""
    return httpx.Response(429, headers={"retry-after": seconds}, content=TOO_MANY)


def test_whoever_asks_too_often_waits_and_asks_once_more() -> None:
    """As long as he is told: nothing was done for the first."""
    client, waited = answering(too_many("3"), httpx.Response(200, json=[1]))
    assert client.ask("POST", "/v1/commands", b"{}", list[int]) == [1]
    assert waited == [3]


@pytest.mark.parametrize("answers", [(too_many("1"), too_many("1")), (too_many("31"),), (too_many("soon"),)])
def test_what_does_not_help_is_told(answers: tuple[httpx.Response, ...]) -> None:
    """A second refusal, a long wait, or a header that says no number of seconds: as the node says it."""
    client, waited = answering(*answers)
    with pytest.raises(CommandRefused, match="wait") as refused:
        client.ask("GET", "/v1/node", None, dict)
    assert (refused.value.code, len(waited)) == ("too-many", len(answers) - 1)


async def at(tls: Tls | None, ask: Callable[[int], str]) -> str:
    """What asking a server came to, by its port."""
    async with open_probes(catalogued_node(), "127.0.0.1", 0, tls) as port:
        return await asyncio.to_thread(ask, port)


def asked(url: str, ca: Path | None) -> str:
    """The code of what came of asking; the form is that of a node's answers, which metrics are not."""
    with open_asking(Session(node=url, ca=ca)) as client, pytest.raises(CliError) as told:
        client.ask("GET", "/livez", None, dict)
    assert "\n" not in told.value.en + told.value.zh
    return told.value.code


@pytest.mark.parametrize(
    ("hosts", "ends_days", "known", "code"),
    [
        (("127.0.0.1", "localhost"), 1, True, "not-a-node"),
        (("127.0.0.1",), -1, True, "certificate-expired"),
        (("127.0.0.2", "node.example"), 1, True, "certificate-of-another"),
        (("127.0.0.1",), 1, False, "authority-unknown"),
    ],
)
async def test_each_fault_of_a_certificate_is_told_by_its_own_repair(
    tmp_path: Path, hosts: Any, ends_days: int, code: str, *, known: bool
) -> None:
    """Expired, of another host, of an unknown authority; with nothing wrong, what answers is heard."""
    authority = Authority(tmp_path)
    tls = authority.tls(*hosts, ends=timedelta(days=ends_days))
    ca = authority.file if known else Authority(tmp_path, "another").file
    assert await at(tls, lambda port: asked(f"https://127.0.0.1:{port}", ca)) == code


async def test_a_host_name_is_held_to_the_certificate(tmp_path: Path) -> None:
    """Not only addresses."""
    authority = Authority(tmp_path)
    tls = authority.tls("node.example")
    assert await at(tls, lambda port: asked(f"https://localhost:{port}", authority.file)) == "certificate-of-another"


async def test_the_authorities_of_this_machine_do_not_know_a_private_one(tmp_path: Path) -> None:
    """Which is told with the option that names it."""
    tls = Authority(tmp_path).tls("127.0.0.1")
    assert await at(tls, lambda port: asked(f"https://127.0.0.1:{port}", None)) == "authority-unknown"


async def test_tls_where_there_is_none_and_none_where_there_is(tmp_path: Path) -> None:
    """Either slip of the hand is told as such."""
    authority = Authority(tmp_path)
    assert await at(None, lambda port: asked(f"https://127.0.0.1:{port}", authority.file)) == "no-tls"

    def plain(port: int) -> str:
        with open_asking(Session(node=f"http://127.0.0.1:{port}")) as client, pytest.raises(CliError) as told:
            client.ask("GET", "/livez", None, dict)
        return told.value.en

    assert "does it listen with TLS (https://)?" in await at(authority.tls("127.0.0.1"), plain)


@pytest.mark.parametrize("content", [None, b"nothing"])
def test_a_file_without_an_authority_is_told_before_anything_is_asked(tmp_path: Path, content: bytes | None) -> None:
    """With the option and the variable that name another."""
    file = tmp_path / "authority.crt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CliError, match="EXCHANGE_NODE_CA_FILE") as told, open_asking(Session(node="https://node.example", ca=file)):
        pass
    assert (told.value.code, told.value.status) == ("no-authority", Exit.WRONG)


def test_other_faults_of_certificates_are_told_too() -> None:
    """A clock that is wrong, and whatever else OpenSSL finds."""
    assert asking._wrong_certificate(9, "", "https://node").code == "certificate-not-yet"
    assert "revoked" in asking._wrong_certificate(23, "certificate revoked", "https://node").en
