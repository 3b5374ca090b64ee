"""The doctor over HTTP: what it finds on a real node, on one whose cluster is away, and on one whose cluster is open."""

import asyncio
from contextlib import nullcontext
from typing import Any

import httpx
import pytest

from node.bus.acls import NoAuthorizer
from node.http import doctor as module
from node.model.values import Actor, Role
from node.runtime import Node, NodeSettings
from node.telemetry import Metrics
from tests.conftest import NO_DATA, Kafka
from tests.control.acting import actor
from tests.http.catalogued import HERE, served
from tests.http.conftest import ROOT
from tests.http.tokens import OPERATOR, as_


async def _found(web: httpx.AsyncClient, by: Actor = OPERATOR) -> dict[str, dict[str, str]]:
    answer = (await web.get("/v1/doctor", auth=as_(web, by))).raise_for_status()
    return {one["check"]: one for one in answer.json()}


@pytest.mark.kafka
async def test_a_node_that_is_well_is_told_so(web: httpx.AsyncClient, kafka: Kafka) -> None:
    """Node, cluster and rights; who has no login yet is a warning until it gets one."""
    if kafka.security.username is None:
        pytest.skip("the cluster lets everybody in, and is not well")
    name = f"{ROOT}.doctored"
    (await web.post("/v1/commands", json={"command": "add-department", "department": name, "name": "卫生厅"})).raise_for_status()
    found = await _found(web)
    async with asyncio.timeout(15):  # its rights are added within seconds
        while any(one["state"] != "ok" for check, one in found.items() if check != "logins"):
            await asyncio.sleep(0.1)
            found = await _found(web)
    assert list(found) == ["node", "closed", "rights", "logins"]
    assert (found["logins"]["state"], name in found["logins"]["en"], name in found["logins"]["zh"]) == ("warn", True, True)
    (await web.post("/v1/logins", json={"user": name})).raise_for_status()
    assert name not in (await _found(web))["logins"]["en"]


@pytest.mark.kafka
@pytest.mark.parametrize(("role", "may"), [("inspector", True), ("authority", False), ("head", False), ("steward", False)])
async def test_only_those_who_answer_for_the_node_may_look(web: httpx.AsyncClient, role: Role, may: bool) -> None:  # noqa: FBT001 - a case
    """Who has which rights is not for everybody."""
    by = actor(role, f"{ROOT}.police" if role in {"head", "steward"} else "")
    answer = await web.get("/v1/doctor", auth=as_(web, by))
    assert answer.status_code == (200 if may else 403)
    if not may:
        assert answer.json()["code"] == "not-entitled"


async def _asked(node: Node) -> list[dict[str, Any]]:
    async with served(node) as client:
        found: list[dict[str, Any]] = (await client.get("/v1/doctor")).raise_for_status().json()
        return found


def _node(bootstrap: str) -> Node:
    return Node(NodeSettings(division=HERE, bootstrap=bootstrap, replication=1, data_dir=NO_DATA), Metrics())


async def test_a_cluster_that_is_away_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the address and the likely cause; there is nothing to compare. Before the book is read nothing is compared either."""
    node = _node("127.0.0.1:1")
    before = await _asked(node)
    assert {one["check"] for one in before} == {"node"}
    monkeypatch.setattr(node, "folded", True)
    (*_of_node, closed) = await _asked(node)
    assert (closed["check"], closed["state"]) == ("closed", "fail")
    assert "nothing listens at 127.0.0.1:1" in closed["en"]
    assert "127.0.0.1:1" in closed["zh"]


async def test_an_open_cluster_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """It lets everybody do everything."""

    async def none(_client: object) -> None:
        raise NoAuthorizer("it has no authorizer")

    monkeypatch.setattr(module, "open_client", lambda *_arguments, **_named: nullcontext())
    monkeypatch.setattr(module, "list_acls", none)
    node = _node("127.0.0.1:1")
    monkeypatch.setattr(node, "folded", True)
    (*_of_node, closed) = await _asked(node)
    assert (closed["check"], closed["state"]) == ("closed", "fail")
    assert "lets everybody do everything" in closed["en"]
