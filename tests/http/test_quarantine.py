"""Quarantines over HTTP: answers in lines, on a real node with a real gate."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from confluent_kafka import Producer

from node.avro import encode, frame, parse, schema_id
from node.http.streaming import MEDIA_TYPE
from node.model.names import Topic, department_of
from node.model.values import Actor
from tests.conftest import Kafka
from tests.http.conftest import ROOT
from tests.http.tokens import as_

pytestmark = pytest.mark.kafka
SCHEMA = {
    "type": "record",
    "name": "Fee",
    "key": ["code"],
    "fields": [{"name": "code", "type": "string"}, {"name": "amount", "type": "int", "rules": [{"rule": "minimum", "value": 0}]}],
}


@pytest.fixture(scope="module")
async def resource(web: httpx.AsyncClient, kafka: Kafka, topic_name: Callable[[], str]) -> str:
    """Return a resource of which two records were refused; one test handles them, the others leave them alone."""
    name = f"{ROOT}.civil-affairs.{topic_name().rpartition('.')[2]}"
    item = {"name": name, "title": "规费", "kind": "state", "schema": SCHEMA, "partitions": 1}
    (await web.post("/v1/commands", json={"command": "apply-catalogue", "resources": [item]})).raise_for_status()
    await _until(web, name, lambda route: route["state"] == "flowing")
    producer = Producer(kafka.librdkafka())
    for code, amount in (("a", -1), ("b", 1), ("c", -1)):
        value = frame(schema_id(SCHEMA), encode(parse(SCHEMA), {"code": code, "amount": amount}))
        producer.produce(f"{name}.inbox", value, code)
    assert await asyncio.to_thread(producer.flush, 10) == 0
    await _until(web, name, lambda route: route["records"] == 3)
    return name


async def _until(web: httpx.AsyncClient, name: str, holds: Callable[[dict[str, Any]], bool]) -> None:
    async with asyncio.timeout(30):
        while True:
            routes = (await web.get("/v1/status")).json()["routes"]
            if any(holds(route) for route in routes if route["topic"] == f"{name}.inbox"):
                return
            await asyncio.sleep(0.02)


def steward(resource: str) -> Actor:
    """One of the department that owns a resource."""
    return Actor(name="李", role="steward", department=department_of(Topic(resource)))


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    """The lines of an answer, the first of which tells how much there is to do."""
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(MEDIA_TYPE)
    first, *rest = [json.loads(line) for line in answer.text.splitlines()]
    assert first["line"] == "advanced"
    return [line for line in rest if line["line"] != "advanced"]


async def test_each_path_answers_in_lines(web: httpx.AsyncClient, resource: str) -> None:
    """List, show, replay, discard: the last line ends the answer."""
    path = f"/v1/quarantine/{resource}"
    listed, end = lines(await web.get("/v1/quarantine", params={"resource": resource}))
    assert (listed["department_name"], listed["groups"][0]["waiting"], end["line"]) == ("民政厅", 2, "ended")
    assert resource in {line.get("resource") for line in lines(await web.get("/v1/quarantine"))}
    sample, end = lines(await web.get(path, params={"count": 1, "reason": "minimum"}))
    assert (sample["key"], sample["value"], end["records"]) == ("*", None, 1)
    assert (await web.get(path, params={"count": 1, "values": "true"})).status_code == 403, "an operator sees no values"
    sample, _end = lines(await web.get(path, params={"count": 1, "values": "true"}, auth=as_(web, steward(resource))))
    assert sample["value"] == {"code": "a", "amount": -1}
    asked = {"selection": {"partition": 0, "offsets": [0, 77]}, "dry_run": True}
    kept, end = lines(await web.post(f"{path}/replay", json=asked))
    assert (kept["code"], end["records"], end["kept"]) == ("not-there", 1, 1)
    (end,) = lines(await web.post(f"{path}/replay", json={"selection": {"partition": 0, "offsets": [0]}}))
    assert end == {"line": "ended", "records": 1, "kept": 0, "handled_before": 0}
    (end,) = lines(await web.post(f"{path}/discard", json={"selection": {"all": True}, "why": "测试"}))
    assert end["handled_before"] == 1


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("990000.a.b/replay", {"selection": {"all": True}}, (404, "not-found")),
        ("990000.a.b/replay", {"selection": {"all": True}, "why": 5}, (400, "malformed")),
        ("990000.a.b/replay", {"selection": {"everything": True}}, (400, "malformed")),
        ("{}/replay", {"selection": {}}, (400, "malformed")),
        ("{}/discard", {"selection": {"all": True}}, (409, "empty")),
    ],
)
async def test_what_is_refused_at_once_has_a_status(
    web: httpx.AsyncClient, resource: str, path: str, body: Any, code: tuple[int, str]
) -> None:
    """And the reason in both languages, as on every path."""
    answer = await web.post(f"/v1/quarantine/{path.format(resource)}", json=body)
    assert (answer.status_code, answer.json()["code"]) == code
    assert answer.json()["zh"]


async def test_whoever_hangs_up_ends_the_work(web: httpx.AsyncClient, resource: str) -> None:
    """The next one finds room: the node is not busy with an answer that nobody reads."""
    for _ in range(2):
        async with web.stream("POST", f"/v1/quarantine/{resource}/replay", json={"selection": {"all": True}, "dry_run": True}) as answer:
            assert answer.status_code == 200
            await anext(answer.aiter_bytes())
        async with asyncio.timeout(5):
            while (
                await web.post(f"/v1/quarantine/{resource}/replay", json={"selection": {"all": True}, "dry_run": True})
            ).status_code != 200:
                await asyncio.sleep(0.02)
