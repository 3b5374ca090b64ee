"""The catalogue over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from litestar.testing import AsyncTestClient

from node.control import ApplyCatalogue, Command, DraftItem, SubmitItem, decide, encode
from node.control.calendar import Calendar
from node.model.names import Department, Topic
from node.model.values import Actor, DepartmentValue
from node.runtime import Node
from tests.control.offers import asked, facts, offer
from tests.control.test_items import AT
from tests.granting import give_over_http, wanted
from tests.http.catalogued import HERE, POLICE, VILLAGES, catalogued_node, say, served
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


async def test_clocks_are_told_to_whom_what_is_pending_is_told() -> None:
    """To the owner and the level's own people, in the list as alone; to others the item stands where it stood, with nothing of it."""
    node, owner, head = catalogued_node(), Department("990000.tax"), Actor(name="林海", role="head", department=Department("990000.tax"))
    node.calendar = node.shown.calendar = Calendar(years=frozenset({1999, *range(2026, 2100)}))
    say(node, HERE, DepartmentValue(department=owner, name="税务局"))
    tell(node, ApplyCatalogue(resources=(offer(BILLS),), by=Actor(name="黄山", role="authority")))
    tell(node, DraftItem(by=head, item=offer(BILLS, facts=asked(facts(version=2))), changed="2026-11-20"))
    tell(node, SubmitItem(by=head, item=BILLS))

    async def seen(by: Actor) -> tuple[list[str], list[str], bool]:
        async with served(node, by) as client:
            (listed,) = [one for one in (await client.get("/v1/catalogue")).json() if one["name"] == BILLS]
            alone = (await client.get(f"/v1/catalogue/{BILLS}")).json()["offer"]
            assert (alone["clocks"], alone["clock_problem"]) == (listed["clocks"], listed["clock_problem"])
            first = (await client.get("/v1/catalogue?due=true")).raise_for_status().json()[0]["name"]
            return [one["kind"] for one in listed["clocks"]], sorted(listed["clock_problem"] or ()), first == BILLS

    others = Actor(name="外人", role="head", department=POLICE)
    for by in (head, Actor(name="黄山", role="authority")):
        assert await seen(by) == (["item-review", "item-update"], [], True)
    assert await seen(others) == ([], [], False)
    node.calendar = node.shown.calendar = Calendar()
    assert await seen(head) == ([], ["en", "zh"], False)
    assert await seen(others) == ([], [], False)
    assert 'exchange_request_due_seconds{kind="item-review"' not in node.shown.figures().decode()
    node.calendar = node.shown.calendar = Calendar(years=frozenset({*range(2026, 2100)}))
    async with asyncio.timeout(20):
        while 'exchange_request_due_seconds{kind="item-review"' not in node.shown.figures().decode():
            await asyncio.sleep(0.05)  # they are looked through for a fiftieth of the time at most


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
