"""Joining over HTTP, of a real node on a real cluster: who may invite, join, leave and dismiss, and what is noted and never told of it."""

import json
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import pytest

from node.bus.client import open_client
from node.bus.users import mechanisms_of
from node.http.joining import LATE_S, JoinFace
from node.model.joining import joining, leaving
from node.model.limits import INVITATION_HOURS_MAX
from node.model.values import Actor, Role
from node.runtime import invitations
from node.runtime.keys import Signer, node_key
from tests.conftest import Kafka
from tests.control.acting import actor
from tests.http.conftest import ROOT
from tests.http.test_logins import until_in
from tests.http.tokens import as_

pytestmark = pytest.mark.kafka
NOBODY = httpx.Auth()
"""Brings no token."""
NOBODYS = "ed25519:" + b64encode(bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")).decode()
"""A key whose private half is not at hand: the one of RFC 8032's first test vector."""
_CODES = (f"9907{number:02}" for number in count())


class Child:
    """A division below the node's that no other test uses, and its node's key; `told` is what was told to it once."""

    def __init__(self, web: httpx.AsyncClient, kafka: Kafka, key: Signer) -> None:
        self.code, self.key = next(_CODES), key
        self.told: list[str] = []
        self._web, self._kafka = web, kafka

    async def invited(self) -> str:
        """Have it invited for an hour; return the secret."""
        answer = await self._web.post("/v1/invitations", json={"child": self.code, "hours": 1.0})
        secret: str = answer.raise_for_status().json()["secret"]
        self.told.append(secret)
        return secret

    async def join(self, secret: str, **other: str) -> httpx.Response:
        """Ask to be taken in, as one who has no token."""
        seal = b64encode(self.key.sign(joining(secret))).decode()
        body = {"secret": secret, "division": self.code, "key": self.key.key, "seal": seal} | other
        return await self._web.post("/v1/join", json=body, auth=NOBODY)

    async def joined(self) -> JoinFace:
        """Have it invited and taken in."""
        answer = (await self.join(await self.invited())).raise_for_status()
        face = msgspec.json.decode(answer.content, type=JoinFace)
        self.told.append(face.login.password)
        return face

    async def leave(self, at: float, *, key: Signer | None = None, parent: str = ROOT) -> httpx.Response:
        """Say that it leaves, as one who has no token."""
        seal = b64encode((key or self.key).sign(leaving(self.code, parent, at))).decode()
        return await self._web.post("/v1/leave", json={"division": self.code, "at": at, "seal": seal}, auth=NOBODY)

    async def acts(self, about: str = "") -> list[tuple[str, str, str]]:
        """What was done about it, how it ended and by which code."""
        answer = (await self._web.get("/v1/audit", params={"about": about or self.code})).raise_for_status()
        self.check_hidden(answer.text)
        noted: list[dict[str, Any]] = [line["act"] for line in map(json.loads, answer.text.splitlines()) if line["line"] == "audited"]
        return [(one["act"], one["outcome"], one["code"]) for one in noted if one["act"] != "add-division"]

    async def users(self) -> set[str]:
        """Its node's name, if that has a login."""
        async with open_client(self._kafka.bootstrap, client_id="test", security=self._kafka.security) as client:
            return set(await mechanisms_of(client, [f"{self.code}.node"]))

    async def keys(self) -> list[str]:
        """What was vouched for as its node's key."""
        ring = (await self._web.get("/v1/keys")).raise_for_status().json()["divisions"]
        return [key["key"] for one in ring if one["division"] == self.code for key in one["keys"] if key["state"] == "valid"]

    def refusal(self, answer: httpx.Response) -> tuple[int, str]:
        """How it was refused; such an answer tells nothing that was told once."""
        self.check_hidden(answer.text)
        return answer.status_code, answer.json()["code"]

    def check_hidden(self, text: str) -> None:
        """What was told once must not stand in a text."""
        assert [one for one in self.told if one in text] == []


@pytest.fixture
async def child(web: httpx.AsyncClient, kafka: Kafka, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> AsyncIterator[Child]:
    """A child that stands in the book; nothing that it was told comes into the log."""
    made = Child(web, kafka, node_key(tmp_path / "child"))
    command = {"command": "add-division", "code": made.code, "name": "测试市", "level": "city", "parent": ROOT}
    (await web.post("/v1/commands", json=command)).raise_for_status()
    yield made
    made.check_hidden("".join(capfd.readouterr()))


async def test_an_operator_invites_a_child(web: httpx.AsyncClient, child: Child) -> None:
    """With what it has to trust and until when; who did it stands in the audit, and the secret does not."""
    by = Actor(name="邀请者", role="operator")
    face = (await web.post("/v1/invitations", json={"child": child.code}, auth=as_(web, by))).raise_for_status().json()
    child.told.append(face["secret"])
    assert face.keys() == {"secret", "root", "until"}
    assert face["root"] == (await web.get("/v1/keys")).json()["own"]["root"]
    assert await child.acts() == [("invite", "done", "")]
    assert by.name in (await web.get("/v1/audit", params={"about": child.code, "act": "invite"})).text


@pytest.mark.parametrize("path", ["/v1/invitations", "/v1/dismiss"])
@pytest.mark.parametrize("role", ["steward", "head", "authority", "inspector"])
async def test_nobody_else_may(web: httpx.AsyncClient, child: Child, path: str, role: Role) -> None:
    """Who is linked to the node is its operator's affair; without a token nobody is even asked."""
    by = actor(role, f"{ROOT}.police" if role in {"steward", "head"} else "")
    for auth, refusal in ((as_(web, by), (403, "not-entitled")), (NOBODY, (401, "no-access"))):
        assert child.refusal(await web.post(path, json={"child": child.code}, auth=auth)) == refusal


@pytest.mark.parametrize("path", ["/v1/invitations", "/v1/dismiss"])
@pytest.mark.parametrize("code", ["990699", ROOT, "身份证 11010519491231002X", ""], ids=["unknown", "own", "text", "empty"])
async def test_only_a_child_that_stands_in_the_book_is_meant(web: httpx.AsyncClient, path: str, code: str) -> None:
    """What was asked for may be anything, and is neither told nor noted."""
    by = Actor(name=f"误操作-{path[4:7]}-{len(code)}", role="operator")
    answer = await web.post(path, json={"child": code}, auth=as_(web, by))
    assert (answer.status_code, answer.json()["code"]) == (409, "not-own-child")
    noted = (await web.get("/v1/audit", params={"name": by.name})).text
    assert ('"code":"not-own-child"' in noted, '"subject":{}' in noted) == (True, True)
    assert "身份证" not in answer.text + noted


@pytest.mark.parametrize("hours", [0.0, -1.0, INVITATION_HOURS_MAX + 0.1])
async def test_an_invitation_counts_neither_never_nor_for_ever(web: httpx.AsyncClient, child: Child, hours: float) -> None:
    """For a month at most: it lies about."""
    assert child.refusal(await web.post("/v1/invitations", json={"child": child.code, "hours": hours})) == (400, "malformed")
    assert await child.acts() == [("invite", "refused", "malformed")]


async def test_a_child_joins_once(web: httpx.AsyncClient, kafka: Kafka, child: Child) -> None:
    """Its key is vouched for in the name of who invited it, it gets a login that counts, and the same invitation again is refused."""
    face = await child.joined()
    assert (face.login.username, face.ca) == (f"{child.code}.node", "")
    assert face.root == (await web.get("/v1/keys")).json()["own"]["root"]
    if kafka.security.username is not None:
        await until_in(kafka, face.login)
    assert await child.keys() == [child.key.key]
    assert child.refusal(await child.join(child.told[0])) == (409, "invitation-used")
    assert await child.acts() == [
        ("invite", "done", ""),
        ("vouch-key", "done", ""),
        ("join", "done", ""),
        ("join", "refused", "invitation-used"),
    ]
    assert '"name":"operator"' in (await web.get("/v1/audit", params={"about": child.code, "act": "vouch-key"})).text


async def test_who_cannot_join_leaves_nothing_behind(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the key or the secret, by another's invitation, or too late; who knows no secret of ours does not come into the audit either."""
    secret = await child.invited()
    seals = {"another's": b64encode(child.key.sign(joining(secret[:-1]))).decode(), "no base64": "?", "none": ""}
    for other in (*({"seal": seal} for seal in seals.values()), {"key": "ed25519:none"}, {"key": NOBODYS}):
        assert child.refusal(await child.join(secret, **other)) == (409, "bad-seal")
    assert child.refusal(await child.join(secret[:-1])) == (409, "no-invitation")
    assert await child.acts() == [("invite", "done", "")]
    another = f"9908{child.code[4:]}"
    assert child.refusal(await child.join(secret, division=another)) == (409, "not-invited")
    assert await child.acts(another) == [("join", "refused", "not-invited")]
    now = time.time()
    with monkeypatch.context() as patch:
        patch.setattr(invitations, "time", SimpleNamespace(time=lambda: now + 3601))
        assert child.refusal(await child.join(secret)) == (409, "invitation-ended")
    assert await child.acts() == [("invite", "done", ""), ("join", "refused", "invitation-ended")]
    assert (await child.users(), await child.keys()) == (set(), [])


async def test_a_child_that_has_a_key_joins_with_no_other(child: Child, tmp_path: Path) -> None:
    """Who stole an invitation gets no login under a key of his own: the child's node has to declare that first."""
    secret, own = (await child.joined(), await child.invited())[1], child.key
    child.key = node_key(tmp_path / "thief")
    before = await child.acts()
    assert child.refusal(await child.join(secret)) == (409, "not-declared")
    assert (await child.acts())[len(before) :] == [("vouch-key", "refused", "not-declared"), ("join", "refused", "not-declared")]
    assert await child.keys() == [own.key]


async def test_a_child_leaves_under_its_key(child: Child, tmp_path: Path) -> None:
    """Another's key, a word to another parent, and one that comes too early or too late do nothing; the same word counts once."""
    await child.joined()
    now = time.time()
    for wrong in (
        await child.leave(now, key=node_key(tmp_path / "other")),
        await child.leave(now, parent="990100"),
        await child.leave(now - LATE_S - 5),
        await child.leave(now + LATE_S + 5),
    ):
        assert child.refusal(wrong) == (409, "bad-seal")
    assert await child.users() == {f"{child.code}.node"}
    before = await child.acts()
    assert (await child.leave(now)).raise_for_status().json() == [f"{child.code}.node"]
    assert await child.users() == set()
    assert child.refusal(await child.leave(now)) == (409, "bad-seal"), "overheard, it must not end what the child joins to since"
    assert (await child.acts())[len(before) :] == [("leave", "done", "")]
    assert await child.keys() == [child.key.key], "what it signed counts still"


async def test_who_is_no_child_cannot_leave(child: Child) -> None:
    """Whatever it seals: nobody of that name has a login to lose."""
    child.code = "990699"
    assert child.refusal(await child.leave(time.time())) == (409, "not-own-child")


async def test_an_operator_dismisses_a_child(web: httpx.AsyncClient, child: Child) -> None:
    """Whom it has invited twice, which changed the login and not the key; it has no login after that, nor after a second time."""
    first, second = await child.joined(), await child.joined()
    assert first.login.mechanism != second.login.mechanism, "the first counts for a while still"
    for _ in range(2):
        assert (await web.post("/v1/dismiss", json={"child": child.code})).raise_for_status().json() == [f"{child.code}.node"]
        assert await child.users() == set()
    assert [act for act in await child.acts() if act[0] == "dismiss"] == [("dismiss", "done", "")] * 2
    assert await child.keys() == [child.key.key]
