"""Whether a schema may follow, over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from litestar.testing import AsyncTestClient

from node.avro.ids import text_id
from node.model.values import SchemaValue
from tests.http.catalogued import ALIEN, FIELDS, FIRST, OTHER, SECOND, VILLAGES, catalogued_node, posted, resource, say, served

PATH = f"/compatibility/subjects/{VILLAGES}-value/versions"
AREA = {"name": "area", "type": {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 4}, "default": ""}
RESCALED = FIRST | {"fields": [*FIELDS, AREA]}


@pytest.fixture(scope="module")
async def web() -> AsyncIterator[AsyncTestClient[Any]]:
    """A client of a node with a catalogue."""
    async with served(catalogued_node()) as client:
        yield client


@pytest.mark.parametrize("version", ["/1", "/2", "/latest", ""])
async def test_what_may_follow_is_compatible(web: AsyncTestClient[Any], version: str) -> None:
    """With one version and with all of them; reasons are told only when asked for, and there are none."""
    for schema in (FIRST, SECOND):
        assert (await web.post(f"{PATH}{version}", json=posted(schema))).json() == {"is_compatible": True}
        verbose = await web.post(f"{PATH}{version}?normalize=false&verbose=True", json=posted(schema))
        assert verbose.json() == {"is_compatible": True, "messages": []}


@pytest.mark.parametrize(("version", "compatible"), [("/1", True), ("/2", False), ("/latest", False), ("", False)])
async def test_a_rescaled_decimal_is_not_compatible(web: AsyncTestClient[Any], version: str, compatible: bool) -> None:  # noqa: FBT001 - a parameter
    """With the version that has the field, and so with all; the reason names version and place in both languages."""
    answer = (await web.post(f"{PATH}{version}?verbose=true", json=posted(RESCALED))).json()
    assert answer["is_compatible"] is compatible
    assert [message[:17] for message in answer["messages"]] == ["version 2, area: "] * (not compatible)
    assert all("第 2 版，area：" in message for message in answer["messages"])
    assert (await web.post(f"{PATH}{version}", json=posted(RESCALED))).json() == {"is_compatible": compatible}


async def test_a_schema_that_cannot_be_compared_is_not_compatible() -> None:
    """What another node registered may be what we cannot use."""
    node = catalogued_node()
    broken = SchemaValue(id=text_id("{}"), schema="{}")
    say(node, OTHER, broken, msgspec.structs.replace(resource(ALIEN, FIRST), schema=broken.id))
    async with served(node) as client:
        answer = (await client.post(f"/compatibility/subjects/{ALIEN}-value/versions?verbose=true", json=posted(FIRST))).json()
    assert answer["is_compatible"] is False
    assert "version 1 cannot be compared" in answer["messages"][0]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/compatibility/subjects/990000.x.y-value/versions/latest", 40401),
        ("/compatibility/subjects/990000.x.y-value/versions", 40401),
        (f"{PATH}/9", 40402),
        (f"{PATH}/x", 42202),
        (f"{PATH}/1", 42201),
        (PATH, 42201),
    ],
)
async def test_what_cannot_be_asked_has_confluents_code(web: AsyncTestClient[Any], path: str, code: int) -> None:
    """An unknown subject, an unknown or wrong version, a schema that is none."""
    answer = await web.post(path, json={"schema": "{}"})
    assert (answer.status_code, answer.json()["error_code"]) == (code // 100, code)
