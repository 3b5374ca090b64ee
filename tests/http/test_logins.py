"""Logins over HTTP, of a real node on a real cluster: who may have them made, for whom, and what is noted of it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from node.bus.passwords import Login
from node.bus.security import Security
from node.bus.users import lets_in
from node.model.limits import GRACE_S_MAX
from node.model.values import Actor, Role
from tests.conftest import Kafka
from tests.control.acting import actor
from tests.http.conftest import ROOT
from tests.http.tokens import as_

pytestmark = pytest.mark.kafka


@pytest.fixture
def way(kafka: Kafka) -> Security:
    """How one who may do everything logs in."""
    if kafka.security.username is None:
        pytest.skip("the cluster lets everybody in: nobody can log in to it")
    return kafka.security


@pytest.fixture
async def department(web: httpx.AsyncClient, topic_name: Callable[[], str]) -> str:
    """A department of the node that has no login."""
    name = f"{ROOT}.{topic_name().rpartition('.')[2]}"
    (await web.post("/v1/commands", json={"command": "add-department", "department": name, "name": "测试局"})).raise_for_status()
    return name


async def until_in(kafka: Kafka, login: Login) -> None:
    """Wait until the broker has heard of a login."""
    own = msgspec.structs.replace(kafka.security, username=login.username, password=login.password, mechanism=login.mechanism)
    async with asyncio.timeout(10):
        while not await lets_in(kafka.bootstrap, own):
            await asyncio.sleep(0.01)


async def acts(web: httpx.AsyncClient, name: str) -> list[dict[str, Any]]:
    """What somebody did, as the audit has it."""
    answer = (await web.get("/v1/audit", params={"name": name})).raise_for_status()
    return [line["act"] for line in map(json.loads, answer.text.splitlines()) if line["line"] == "audited"]


@pytest.mark.usefixtures("way")
async def test_an_operator_has_a_login_made_and_changed(
    web: httpx.AsyncClient, kafka: Kafka, department: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """It counts; the audit has who did it, for whom and when, a third one's refusal too, and neither audit nor log has a password."""
    by = Actor(name="操作员", role="operator")
    logins = []
    for _ in range(2):
        answer = await web.post("/v1/logins", json={"user": department, "grace_s": 60.0}, auth=as_(web, by))
        logins.append(msgspec.json.decode(answer.raise_for_status().content, type=Login))
        await until_in(kafka, logins[-1])
    assert [one.username for one in logins] == [department] * 2
    third = await web.post("/v1/logins", json={"user": department}, auth=as_(web, by))
    assert (third.status_code, third.json()["code"]) == (409, "rotating")
    noted = await acts(web, by.name)
    assert [(act["act"], act["outcome"], act["code"], act["subject"]) for act in noted] == [
        ("give-login", "done", "", {"user": department}),
        ("give-login", "done", "", {"user": department}),
        ("give-login", "refused", "rotating", {"user": department}),
    ]
    told = json.dumps(noted) + "".join(capfd.readouterr())
    assert not [one for one in logins if one.password in told]


@pytest.mark.parametrize("role", ["steward", "head", "authority", "inspector"])
async def test_nobody_else_may(web: httpx.AsyncClient, department: str, role: Role) -> None:
    """A password is more than any of them is entitled to, that of the own department too; the attempt is audited."""
    by = actor(role, department if role in {"steward", "head"} else "", f"无权者-{department}")
    answer = await web.post("/v1/logins", json={"user": department}, auth=as_(web, by))
    assert (answer.status_code, answer.json()["code"]) == (403, "not-entitled")
    assert [(act["act"], act["outcome"], act["code"]) for act in await acts(web, by.name)] == [("give-login", "refused", "not-entitled")]


@pytest.mark.parametrize(
    "user",
    ["", "admin", "broker", "User:*", f"{ROOT}.never", "990100.police", "990100.node", f"{ROOT}.node.control", "身份证 11010519491231002X"],
)
async def test_nobody_unknown_gets_one(web: httpx.AsyncClient, user: str) -> None:
    """Neither super users and brokers, nor another division's; what was asked for may be anything and is not noted."""
    by = Actor(name=f"误操作-{len(user)}{user[:3]}", role="operator")
    answer = await web.post("/v1/logins", json={"user": user}, auth=as_(web, by))
    assert (answer.status_code, answer.json()["code"]) == (409, "no-such-user")
    assert user not in answer.text or not user
    assert [(act["code"], act["subject"]) for act in await acts(web, by.name)] == [("no-such-user", {})]


@pytest.mark.usefixtures("way")
async def test_a_childs_node_gets_one(web: httpx.AsyncClient, kafka: Kafka) -> None:
    """From the node of its parent, to whose cluster it links."""
    command = {"command": "add-division", "code": "990800", "name": "测试市", "level": "city", "parent": ROOT}
    (await web.post("/v1/commands", json=command)).raise_for_status()
    answer = await web.post("/v1/logins", json={"user": "990800.node"})
    await until_in(kafka, msgspec.json.decode(answer.raise_for_status().content, type=Login))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"user": 7},
        {"user": f"{ROOT}.police", "password": "mine"},
        {"user": f"{ROOT}.police", "grace_s": -1},
        {"user": f"{ROOT}.police", "grace_s": GRACE_S_MAX + 1},
    ],
    ids=["empty", "number", "own-password", "below", "above"],
)
async def test_what_cannot_be_is_malformed(web: httpx.AsyncClient, body: dict[str, Any]) -> None:
    """Nobody chooses a password, and a former one does not count for ever."""
    answer = await web.post("/v1/logins", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
