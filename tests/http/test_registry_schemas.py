"""Schemas by id over HTTP: what deserializers ask."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from litestar.testing import AsyncTestClient

from node.avro.ids import canonical, schema_id
from node.http.registry_answers import MEDIA_TYPE
from tests.http.catalogued import FIRST, HERE, PERMITS, R22037, R30270, SECOND, TWIN, VILLAGES, catalogued_node, resource, say, served

ID = schema_id(FIRST)
TWO = schema_id(R22037)


@pytest.fixture(scope="module")
async def web() -> AsyncIterator[AsyncTestClient[Any]]:
    """A client of a node with a catalogue."""
    async with served(catalogued_node()) as client:
        yield client


async def test_avro_is_the_only_type(web: AsyncTestClient[Any]) -> None:
    """What user interfaces offer."""
    assert (await web.get("/schemas/types")).json() == ["AVRO"]


@pytest.mark.parametrize("query", ["", f"?subject={VILLAGES}-value", "?subject=&fetchMaxId=false", "?subject=somebody.elses-value&format="])
async def test_a_schema_is_found_by_its_id(web: AsyncTestClient[Any], query: str) -> None:
    """Whole and alone, with whatever else clients ask."""
    answer = await web.get(f"/schemas/ids/{ID}{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA_TYPE)
    assert answer.json() == {"schema": canonical(FIRST)}
    assert (await web.get(f"/schemas/ids/{ID}/schema{query}")).text == canonical(FIRST)


async def test_the_subject_settles_which_schema_is_meant(web: AsyncTestClient[Any]) -> None:
    """Under every path of an id that two nodes registered in the same second."""
    for subject, name, schema in (
        ("", PERMITS, R22037),
        (f"?subject={PERMITS}-value", PERMITS, R22037),
        (f"?subject={TWIN}-value", TWIN, R30270),
    ):
        assert (await web.get(f"/schemas/ids/{TWO}{subject}")).json() == {"schema": canonical(schema)}
        assert (await web.get(f"/schemas/ids/{TWO}/schema{subject}")).text == canonical(schema)
        assert (await web.get(f"/schemas/ids/{TWO}/subjects{subject}")).json() == [f"{name}-value", f"{name}.inbox-value"]
        places = (await web.get(f"/schemas/ids/{TWO}/versions{subject}")).json()
        assert places == [{"subject": f"{name}{ending}", "version": 1} for ending in ("-value", ".inbox-value")]


async def test_versions_of_an_id_are_all_told() -> None:
    """Also the second time that a resource has it."""
    node = catalogued_node()
    say(node, HERE, resource(VILLAGES, FIRST))
    async with served(node) as client:
        places = (await client.get(f"/schemas/ids/{ID}/versions")).json()
        assert [one["version"] for one in places if one["subject"] == f"{VILLAGES}-value"] == [1, 3]
        latest = (await client.get(f"/schemas/ids/{schema_id(SECOND)}/versions")).json()
        assert [one["version"] for one in latest] == [2, 2]


@pytest.mark.parametrize("ending", ["", "/schema", "/subjects", "/versions"])
@pytest.mark.parametrize("number", ["7", "-7", "99999999999999999999"])
async def test_an_unknown_id_is_told(web: AsyncTestClient[Any], number: str, ending: str) -> None:
    """By Confluent's code."""
    answer = await web.get(f"/schemas/ids/{number}{ending}")
    assert (answer.status_code, answer.json()["error_code"]) == (404, 40403)


@pytest.mark.parametrize("path", ["ids/x", "ids", "guids/1", ""])
async def test_a_path_that_there_is_not_is_told_in_confluents_form(web: AsyncTestClient[Any], path: str) -> None:
    """So that a client of a newer registry reads the refusal."""
    answer = await web.get(f"/schemas/{path}")
    assert (answer.status_code, answer.json()["error_code"]) == (404, 404)
    assert answer.headers["content-type"] == MEDIA_TYPE


async def test_a_node_that_reads_its_logs_finds_nothing_missing() -> None:
    """To a client a schema that is not found is gone for good: until the book is what it was, it is told to ask again."""
    node = catalogued_node()
    node.folded = False
    number = schema_id(FIRST)
    async with served(node) as client:
        early = await client.get(f"/schemas/ids/{number}")
        node.folded = True
        later = await client.get(f"/schemas/ids/{number}")
    assert (early.status_code, early.json()["error_code"]) == (503, 50301)
    assert later.status_code == 200
