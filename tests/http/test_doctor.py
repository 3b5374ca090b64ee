"""The doctor over HTTP: what it finds on a real node, who may look, and what it says where the cluster is away."""

import asyncio
from typing import Any

import httpx
import pytest

from node.model.values import Actor, Role
from node.runtime import Node, NodeSettings
from node.telemetry import Metrics
from tests.conftest import NO_DATA, Kafka
from tests.control.acting import actor
from tests.http.catalogued import HERE, served
from tests.http.conftest import ROOT
from tests.http.tokens import OPERATOR, as_

OF_THE_MACHINE = {"data", "broker-1", "holidays"}
"""What the machine that the tests run on has to do with."""


async def _found(web: httpx.AsyncClient, by: Actor = OPERATOR) -> dict[str, dict[str, str]]:
    answer = (await web.get("/v1/doctor", auth=as_(web, by))).raise_for_status()
    return {one["check"]: one for one in answer.json()}


@pytest.mark.kafka
async def test_a_node_that_is_well_is_told_so(web: httpx.AsyncClient, kafka: Kafka) -> None:
    """Node, cluster, topics and rights; who has no login yet is a warning until it gets one."""
    if kafka.security.username is None:
        pytest.skip("the cluster lets everybody in, and is not well")
    name = f"{ROOT}.doctored"
    (await web.post("/v1/commands", json={"command": "add-department", "department": name, "name": "卫生厅"})).raise_for_status()
    found = await _found(web)
    async with asyncio.timeout(15):  # its rights are added within seconds
        while any(one["state"] != "ok" for check, one in found.items() if check not in OF_THE_MACHINE | {"logins"}):
            await asyncio.sleep(0.1)
            found = await _found(web)
    assert {
        "ready",
        "control-logs",
        "holidays",
        "lag",
        "quarantine",
        "reachable",
        "versions",
        "settings",
        "partitions",
        "topics",
    } < found.keys()
    assert {"closed", "rights", "logins", "data", "broker-1", "tls"} < found.keys()
    assert (found["logins"]["state"], name in found["logins"]["en"], name in found["logins"]["zh"]) == ("warn", True, True)
    (await web.post("/v1/logins", json={"user": name})).raise_for_status()
    assert name not in (await _found(web))["logins"]["en"]


@pytest.mark.kafka
async def test_two_do_not_look_at_once(web: httpx.AsyncClient) -> None:
    """Each look asks the cluster for all that the node has there: the second is told to ask again."""
    answers = await asyncio.gather(*(web.get("/v1/doctor", auth=as_(web, OPERATOR)) for _number in range(2)))
    assert sorted(one.status_code for one in answers) == [200, 409]
    assert next(one.json()["code"] for one in answers if one.status_code == 409) == "busy"


@pytest.mark.kafka
@pytest.mark.parametrize(("role", "may"), [("inspector", True), ("authority", False), ("head", False), ("steward", False)])
async def test_only_those_who_answer_for_the_node_may_look(web: httpx.AsyncClient, role: Role, may: bool) -> None:  # noqa: FBT001 - a case
    """Who has which rights is not for everybody."""
    by = actor(role, f"{ROOT}.police" if role in {"head", "steward"} else "")
    answer = await web.get("/v1/doctor", auth=as_(web, by))
    assert answer.status_code == (200 if may else 403)
    if not may:
        assert answer.json()["code"] == "not-entitled"


async def test_a_cluster_that_is_away_is_a_failure() -> None:
    """With the address and the likely cause; what needs no cluster is told all the same."""
    node = Node(NodeSettings(division=HERE, bootstrap="127.0.0.1:1", replication=1, data_dir=NO_DATA), Metrics())
    async with served(node) as client:
        found: list[dict[str, Any]] = (await client.get("/v1/doctor")).raise_for_status().json()
    (reachable,) = (one for one in found if one["check"] == "reachable")
    assert (reachable["subject"], reachable["state"]) == ("cluster", "fail")
    for text in (reachable["en"], reachable["zh"]):
        assert "nothing listens at 127.0.0.1:1" in text
    assert {"ready", "holidays", "tls"} < {one["check"] for one in found}
    assert not {"rights", "topics"} & {one["check"] for one in found}
