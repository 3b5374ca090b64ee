"""Level and mode over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from litestar.testing import AsyncTestClient

from node.avro.compatibility import LEVEL
from tests.http.catalogued import VILLAGES, catalogued_node, served

SUBJECT = f"{VILLAGES}.inbox-value"


@pytest.fixture(scope="module")
async def web() -> AsyncIterator[AsyncTestClient[Any]]:
    """A client of a node with a catalogue."""
    async with served(catalogued_node()) as client:
        yield client


@pytest.mark.parametrize(("path", "said"), [("/config", {"compatibilityLevel": LEVEL}), ("/mode", {"mode": "READONLY"})])
async def test_one_setting_holds_for_all(web: AsyncTestClient[Any], path: str, said: dict[str, str]) -> None:
    """It is told for all, and for a subject that is asked with the default."""
    assert (await web.get(path)).json() == said
    for flag in ("true", "True"):
        assert (await web.get(f"{path}/{SUBJECT}?defaultToGlobal={flag}")).json() == said


@pytest.mark.parametrize(("path", "code"), [("/config", 40408), ("/mode", 40409)])
async def test_a_subject_has_none_of_its_own(web: AsyncTestClient[Any], path: str, code: int) -> None:
    """As Confluent's registry tells it of a subject for which nothing was set; one that there is not is told as such."""
    for query in ("", "?defaultToGlobal=false"):
        answer = await web.get(f"{path}/{SUBJECT}{query}")
        assert (answer.status_code, answer.json()["error_code"]) == (404, code)
    unknown = await web.get(f"{path}/{VILLAGES}-key?defaultToGlobal=true")
    assert (unknown.status_code, unknown.json()["error_code"]) == (404, 40401)


@pytest.mark.parametrize("path", ["/config", f"/config/{SUBJECT}", "/mode?force=true", f"/mode/{SUBJECT}"])
async def test_nothing_is_set(web: AsyncTestClient[Any], path: str) -> None:
    """Neither set nor reset, and the refusal says what to do."""
    for answer in (await web.put(path, json={"compatibility": "NONE", "mode": "READWRITE"}), await web.delete(path)):
        assert (answer.status_code, answer.json()["error_code"]) == (422, 42205)
        assert "catalogue" in answer.json()["message"] or "new resource" in answer.json()["message"]
    assert (await web.get("/config")).json() == {"compatibilityLevel": LEVEL}
    assert (await web.get("/mode")).json() == {"mode": "READONLY"}
