"""The catalogue over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from litestar.testing import AsyncTestClient

from node.control import ApplyCatalogue, Command, decide, encode
from node.model.names import Department, Topic
from node.model.values import Actor, DepartmentValue
from node.runtime import Node
from tests.control.offers import asked, facts, offer
from tests.control.test_items import AT
from tests.granting import give_over_http, wanted
from tests.http.catalogued import HERE, VILLAGES, catalogued_node, say, served
from tests.http.conftest import ROOT

BILLS = Topic("990000.tax.bills")


def tell(node: Node, command: Command) -> None:
    """Decide and fold."""
    for event in decide(command, node.ledger.book, HERE, AT):
        node.ledger.book.fold(HERE, encode(event))


@pytest.fixture
async def client() -> AsyncIterator[AsyncTestClient[Any]]:
    """A client of a node with a published item beside resources that are none."""
    node = catalogued_node()
    say(node, HERE, DepartmentValue(department=Department("990000.tax"), name="税务局"))
    tell(node, ApplyCatalogue(resources=(offer(BILLS),), by=Actor(name="黄山", role="authority")))
    async with served(node) as client:
        yield client


async def test_the_catalogue_is_listed_and_searched(client: AsyncTestClient[Any]) -> None:
    """All of it, or what holds all that is asked."""
    names = [one["name"] for one in (await client.get("/v1/catalogue")).json()]
    assert names == sorted(names)
    assert {BILLS, VILLAGES} <= set(names)
    for query, found in (("words=payer", [BILLS]), ("sharing=not-shared", []), ("owner=990000.tax&kind=facts&state=published", [BILLS])):
        assert [one["name"] for one in (await client.get(f"/v1/catalogue?{query}")).json()] == found
    assert (await client.get("/v1/catalogue?sharing=sometimes")).status_code == 400


async def test_an_item_is_told_whole(client: AsyncTestClient[Any]) -> None:
    """With its data items and how it is shared; a name that nobody described is not there."""
    found = (await client.get(f"/v1/catalogue/{BILLS}")).json()
    assert found["offer"]["facts"]["code"] == facts().code
    assert found["offer"]["resource"]["sharing"] == "conditional"
    assert found["items"][0] == {
        "name": "payer",
        "type": "string",
        "title": "纳税人 / Who pays",
        "meaning": "纳税人。 / Who pays.",
        "grade": "general-2",
    }
    assert found["schema"]["name"] == "Bill"
    assert (await client.get("/v1/catalogue/990000.tax.none")).status_code == 404


async def test_a_change_is_answered_with_whom_it_concerns(web: Any) -> None:
    """On a real node: the act is carried out, and its answer warns."""
    name, taker = f"{ROOT}.civil-affairs.warned", f"{ROOT}.police"

    async def warnings(version: int, title: str) -> list[Any]:
        command = ApplyCatalogue(resources=(offer(Topic(name), title=title, facts=asked(facts(version=version))),))
        answer = (await web.post("/v1/commands", content=msgspec.json.encode(command))).raise_for_status().json()
        return [one["takers"] for one in answer.get("warnings", [])]

    assert await warnings(1, "一 / One") == []
    await give_over_http(web, wanted(name, taker))
    assert await warnings(2, "二 / Two") == [[taker]]
