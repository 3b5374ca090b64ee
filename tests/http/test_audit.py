"""The audit over HTTP, of acts on a real node."""

import json
from typing import Any

import httpx
import pytest

from node.model.names import Department
from node.model.values import Actor
from tests.control.acting import actor
from tests.http.conftest import ROOT
from tests.http.tokens import OPERATOR, as_

pytestmark = pytest.mark.kafka
WHO = Actor(name="审计员", role="operator")


async def _acts(web: httpx.AsyncClient, by: Actor = OPERATOR, **sought: str) -> list[dict[str, Any]]:
    answer = await web.get("/v1/audit", params=sought, auth=as_(web, by))
    *lines, end = [json.loads(line) for line in answer.raise_for_status().text.splitlines()]
    acts = [line["act"] for line in lines if line["line"] == "audited"]
    assert (end["line"], end["records"]) == ("ended", len(acts))
    return acts


async def test_every_act_is_there_with_who_when_what_and_how_it_ended(web: httpx.AsyncClient) -> None:
    """Done, done before, and refused: each once, in order; an act that is no command too."""
    auth = as_(web, WHO)
    add = {"command": "add-department", "department": f"{ROOT}.audited", "name": "审计处"}
    (event,) = (await web.post("/v1/commands", json=add, auth=auth)).raise_for_status().json()["events"]
    (await web.post("/v1/commands", json=add, auth=auth)).raise_for_status()
    assert (await web.post("/v1/commands", json=add | {"department": "440000.x"}, auth=auth)).status_code == 409
    await web.post("/v1/routes/resume", json={"topic": f"{ROOT}.audited.x", "mode": "accept"}, auth=auth)
    acts = await _acts(web, name=WHO.name)
    assert [(act["act"], act["outcome"], act["code"]) for act in acts] == [
        ("add-department", "done", ""),
        ("add-department", "held-already", ""),
        ("add-department", "refused", "not-own-department"),
        ("resume-route", "refused", "not-stopped"),
    ]
    assert (acts[0]["by"]["name"], acts[0]["events"], acts[0]["at"]) == (WHO.name, [[ROOT, event["sequence"]]], event["at"])
    assert acts[0]["subject"] == {"department": f"{ROOT}.audited"}


async def test_acts_are_sought_and_a_department_sees_what_concerns_it(web: httpx.AsyncClient) -> None:
    """By time, name and what they are about; another's acts are not told."""
    own, other = actor("head", f"{ROOT}.seen"), actor("head", f"{ROOT}.unseen")
    for name in ("seen", "unseen"):
        command = {"command": "add-department", "department": f"{ROOT}.{name}", "name": name}
        (await web.post("/v1/commands", json=command)).raise_for_status()
    assert [act["subject"]["department"] for act in await _acts(web, own)] == [f"{ROOT}.seen"]
    assert [act["subject"]["department"] for act in await _acts(web, other)] == [f"{ROOT}.unseen"]
    assert len(await _acts(web, about=f"{ROOT}.seen")) == 1
    assert len(await _acts(web, department=f"{ROOT}.seen")) == 1
    assert await _acts(web, until="2026-01-01T00:00:00+08:00", since="2025-01-01T00:00:00") == []
    assert await _acts(web, since="2999-01-01T00:00:00Z") == []
    for wrong in ({"since": "yesterday"}, {"until": "-245"}, {"since": "2026-11-02", "until": "2026-11-01"}):
        assert (await web.get("/v1/audit", params=wrong)).json()["code"] == "bad-time"
    assert Department(f"{ROOT}.seen") == own.department


async def test_an_attempt_to_act_as_another_is_kept(web: httpx.AsyncClient) -> None:
    """Under the name of whose token it was."""
    thief = actor("head", f"{ROOT}.civil-affairs", "窃名者")
    body = {
        "command": "withdraw-request",
        "by": {"name": "他人", "role": "head", "department": f"{ROOT}.civil-affairs"},
        "request": [ROOT, 1],
    }
    secret = as_(web, thief).secret(thief)
    request = web.build_request("POST", "/v1/commands", json=body, headers={"authorization": f"Bearer {secret}"})
    assert (await web.send(request, auth=None)).status_code == 403
    (act,) = await _acts(web, name="窃名者")
    assert (act["outcome"], act["code"], act["subject"]["request"]) == ("refused", "not-entitled", f"{ROOT}/1")
