"""Subjects over HTTP: what serializers ask before they write."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from litestar.testing import AsyncTestClient

from node.avro.ids import canonical, schema_id, text_id
from node.http.registry_answers import MEDIA_TYPE
from node.model.values import SchemaValue
from tests.http.catalogued import (
    ALIEN,
    FIELDS,
    FIRST,
    HERE,
    OTHER,
    PERMITS,
    R30270,
    SECOND,
    TWIN,
    VILLAGES,
    catalogued_node,
    posted,
    resource,
    say,
    served,
    show,
)

VALUE = f"/subjects/{VILLAGES}-value"
INBOX = f"/subjects/{VILLAGES}.inbox-value"


@pytest.fixture(scope="module")
async def web() -> AsyncIterator[AsyncTestClient[Any]]:
    """A client of a node with a catalogue."""
    async with served(catalogued_node()) as client:
        yield client


async def test_subjects_are_listed_and_filtered(web: AsyncTestClient[Any]) -> None:
    """All, those of a prefix (in whatever context), a page of them; deleted ones there are none."""
    every = sorted(f"{name}{ending}" for name in (VILLAGES, PERMITS, TWIN) for ending in ("-value", ".inbox-value"))
    answer = await web.get("/subjects?deleted=true")
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json() == every
    for prefix in ("", ":*:", ":.:"):
        assert (await web.get("/subjects", params={"subjectPrefix": f"{prefix}990100."})).json() == [f"{TWIN}-value", f"{TWIN}.inbox-value"]
    assert (await web.get("/subjects?offset=1&limit=2")).json() == every[1:3]
    assert (await web.get("/subjects?offset=-1&limit=0")).json() == []
    assert (await web.get("/subjects?deletedOnly=true")).json() == []


async def test_versions_are_listed_and_shown(web: AsyncTestClient[Any]) -> None:
    """By number and as latest, whole and as the schema alone, under the resource and under its inbox."""
    for path, subject in ((VALUE, f"{VILLAGES}-value"), (INBOX, f"{VILLAGES}.inbox-value")):
        assert (await web.get(f"{path}/versions")).json() == [1, 2]
        first = await web.get(f"{path}/versions/1")
        assert first.headers["content-type"] == MEDIA_TYPE
        assert first.json() == {"subject": subject, "version": 1, "id": schema_id(FIRST), "schema": canonical(FIRST)}
        assert (await web.get(f"{path}/versions/latest")).json()["version"] == 2
        assert (await web.get(f"{path}/versions/latest/schema")).text == canonical(SECOND)
        assert (await web.get(f"{path}/versions/2/referencedby")).json() == []


async def test_a_view_is_found_as_a_resource_is() -> None:
    """A taker's programs ask for its subject, its versions and the id of what they were made for."""
    node = catalogued_node()
    view = show(node, fields=("code", "people"), masks={"people": "round:10"})
    async with served(node) as client:
        assert f"{view}-value" in (await client.get("/subjects")).json()
        assert (await client.get(f"/subjects/{view}-value/versions")).json() == [1]
        latest = (await client.get(f"/subjects/{view}-value/versions/latest")).json()
        assert [field["name"] for field in msgspec.json.decode(latest["schema"])["fields"]] == ["code", "people"]
        answer = await client.post(f"/subjects/{view}-value/versions", json={"schema": latest["schema"]})
        assert answer.json() == {"id": latest["id"]}
        assert (await client.post(f"/subjects/{view}-value/versions", json=posted(FIRST))).status_code == 409
        subjects = (await client.get(f"/schemas/ids/{latest['id']}/subjects")).json()
        assert subjects == [f"{view}-value"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("990000.x.y-value/versions", 40401),
        (f"{VILLAGES}-key/versions/latest", 40401),
        (f"{VILLAGES}-value/versions/3", 40402),
        (f"{VILLAGES}-value/versions/3/schema", 40402),
        (f"{VILLAGES}-value/versions/3/referencedby", 40402),
        (f"{VILLAGES}-value/versions/first", 42202),
    ],
)
async def test_what_is_not_there_has_confluents_code(web: AsyncTestClient[Any], path: str, code: int) -> None:
    """In Confluent's form and media type."""
    answer = await web.get(f"/subjects/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (code // 100, MEDIA_TYPE)
    assert answer.json()["error_code"] == code
    assert set(answer.json()) == {"error_code", "message"}


@pytest.mark.parametrize("query", ["", "?normalize=true", "?normalize=False&verbose=x"])
@pytest.mark.parametrize(
    "content_type", [MEDIA_TYPE, "application/vnd.schemaregistry+json", "application/json", "application/octet-stream"]
)
async def test_registering_finds_what_is_registered(web: AsyncTestClient[Any], query: str, content_type: str) -> None:
    """However a client spells the schema and calls its body, the id is that of the version that equals it."""
    spelled = FIRST | {"doc": "other", "fields": [{"name": "code", "type": {"type": "string", "avro.java.string": "String"}}, FIELDS[1]]}
    for path in (VALUE, INBOX):
        for schema, known in ((spelled, FIRST), (SECOND, SECOND)):
            answer = await web.post(f"{path}/versions{query}", json=posted(schema), headers={"content-type": content_type})
            assert (answer.status_code, answer.json()) == (200, {"id": schema_id(known)})


async def test_looking_up_tells_subject_version_and_schema(web: AsyncTestClient[Any]) -> None:
    """The schema is as registered, not as the client has it."""
    answer = await web.post(f"{INBOX}?normalize=false&deleted=true", json=posted(FIRST | {"doc": "other"}))
    assert answer.status_code == 200
    assert answer.json() == {"subject": f"{VILLAGES}.inbox-value", "version": 1, "id": schema_id(FIRST), "schema": canonical(FIRST)}


WRONG = FIRST | {
    "fields": [
        FIELDS[0],
        {"name": "people", "type": "int"},
        {"name": "area", "type": {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 4}},
    ]
}


@pytest.mark.parametrize(("path", "code"), [(f"{VALUE}/versions", 40901), (VALUE, 40403)])
async def test_what_differs_is_refused_place_by_place(web: AsyncTestClient[Any], path: str, code: int) -> None:
    """Against the latest version, in words, with what to do; nothing is registered."""
    answer = await web.post(path, json=posted(WRONG))
    assert (answer.status_code, answer.json()["error_code"]) == (code // 100, code)
    message = answer.json()["message"]
    assert f"Against version 2 (id {schema_id(SECOND)}): people: registered is null | int, yours is int; " in message
    assert "area: registered is decimal(10,2) (bytes), yours is decimal(10,4) (bytes)" in message
    assert "area：登记的是 decimal(10,2) (bytes)，您的是 decimal(10,4) (bytes)" in message
    assert message.count("exchange-node catalogue apply") == 2
    assert (await web.get(f"{VALUE}/versions")).json() == [1, 2]


async def test_the_newest_of_equal_versions_is_meant() -> None:
    """A schema that came back has its last number."""
    node = catalogued_node()
    say(node, HERE, resource(VILLAGES, FIRST))
    async with served(node) as client:
        assert (await client.get(f"{VALUE}/versions")).json() == [1, 2, 3]
        assert (await client.post(VALUE, json=posted(FIRST))).json()["version"] == 3


async def test_only_the_own_schema_is_found_under_an_id_of_two(web: AsyncTestClient[Any]) -> None:
    """Two nodes registered different schemas under one id: each subject knows its own."""
    assert (await web.post(f"/subjects/{TWIN}-value/versions", json=posted(R30270))).json() == {"id": schema_id(R30270)}
    refused = await web.post(f"/subjects/{PERMITS}-value/versions", json=posted(R30270))
    assert refused.json()["error_code"] == 40901
    assert "schema: registered is record R22037, yours is record R30270" in refused.json()["message"]


async def test_a_schema_that_we_cannot_use_equals_nothing() -> None:
    """What another node registered is not judged when it is folded: it is shown as it is, and found by nobody."""
    node = catalogued_node()
    broken = SchemaValue(id=text_id("not JSON"), schema="not JSON")
    say(node, OTHER, broken, msgspec.structs.replace(resource(ALIEN, FIRST), schema=broken.id))
    async with served(node) as client:
        assert (await client.get(f"/subjects/{ALIEN}-value/versions/1/schema")).text == "not JSON"
        for path, code in ((f"/subjects/{ALIEN}-value", 40403), (f"/subjects/{ALIEN}-value/versions", 40901)):
            refused = await client.post(path, json=posted(FIRST))
            assert refused.json()["error_code"] == code
            assert "no JSON" in refused.json()["message"]


@pytest.mark.parametrize("path", [f"{VALUE}/versions", VALUE, f"/subjects/{VILLAGES}-key/versions", "/subjects/cn.gov.Village/versions"])
async def test_what_cannot_be_taken_is_refused(web: AsyncTestClient[Any], path: str) -> None:
    """A subject that there is not before a body that is none; both in Confluent's form."""
    answer = await web.post(path, content=b"{")
    assert answer.json()["error_code"] == (400 if path.startswith(VALUE) else 40401)


async def test_a_body_without_bound_is_refused(web: AsyncTestClient[Any]) -> None:
    """More than 4 MiB is refused in Confluent's form."""
    answer = await web.post(f"{VALUE}/versions", content=b" " * (5 << 20))
    assert (answer.status_code, answer.json()["error_code"]) == (413, 413)


@pytest.mark.parametrize("path", [VALUE, f"{VALUE}?permanent=true", f"{VALUE}/versions/1", f"{INBOX}/versions/latest"])
async def test_nothing_is_deleted(web: AsyncTestClient[Any], path: str) -> None:
    """The refusal says why, and what to do instead."""
    answer = await web.delete(path)
    assert (answer.status_code, answer.json()["error_code"]) == (422, 42205)
    assert "exchange-node grant suspend" in answer.json()["message"]
    assert (await web.get(f"{VALUE}/versions")).json() == [1, 2]
