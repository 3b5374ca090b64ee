"""Answers for node/control/offered.py."""

from typing import Any

import pytest

from node.control.commands import ApplyCatalogue
from node.control.offered import Search, offer_of, search
from node.model.items import Classification, SharingTerms
from node.model.names import Topic
from node.model.values import Kind
from tests.control.offers import NAME, asked, facts, offer
from tests.control.test_items import PASS, PUBLISH, RETURN, SUBMIT, WITHDRAW, World, draft, published

LISTS = Topic("445102.tax.lists")
BARE = Topic("445102.tax.bare")


@pytest.fixture
def world() -> World:
    """A published item, an open one of credit, and a resource that is no item."""
    world = published(World())
    themes = Classification(base="credit", themes=("信用体系 / credit system",))
    terms = SharingTerms(type="unconditional", ways=("stream",))
    told = facts(code="1040010001/000002", classification=themes, sharing=terms, summary="失信名单，含账单 / Lists", grade="important")
    world.tell(ApplyCatalogue(resources=(offer(LISTS, title="信用名单 / Credit lists", facts=asked(told)), offer(BARE, facts=None))))
    return world


def names(world: World, **changes: Any) -> list[str]:
    """The last part of the names that a search finds."""
    return [one.name.rpartition(".")[2] for one in search(world.book, Search(**changes))]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, ["bare", "bills", "lists"]),
        ({"words": "信用"}, ["lists"]),
        ({"words": "账单"}, ["bare", "bills", "lists"]),
        ({"words": "失信 名单"}, ["lists"]),
        ({"words": "失信 房屋"}, []),
        ({"words": "纳税人"}, ["bare", "bills", "lists"]),
        ({"words": "CREDIT ｌｉｓｔｓ"}, ["lists"]),
        ({"words": "3010020001"}, ["bills"]),
        ({"words": "税务局"}, ["bare", "bills", "lists"]),
        ({"words": "payer"}, ["bare", "bills", "lists"]),
        ({"owner": "445102"}, ["bare", "bills", "lists"]),
        ({"owner": "445102.tax"}, ["bare", "bills", "lists"]),
        ({"owner": "445102.police"}, []),
        ({"theme": "信用体系"}, ["lists"]),
        ({"theme": "健康"}, []),
        ({"base": "credit"}, ["lists"]),
        ({"sharing": "unconditional"}, ["lists"]),
        ({"sharing": "conditional", "words": "账单"}, ["bare", "bills"]),
        ({"kind": Kind.STATE}, []),
        ({"kind": Kind.FACTS, "state": "published"}, ["bare", "bills", "lists"]),
        ({"state": "draft"}, []),
    ],
)
def test_what_is_looked_for_is_found(world: World, changes: dict[str, Any], found: list[str]) -> None:
    """By words in title, name, code, summary, themes, owner and fields, and by what the item tells; all that is asked must hold."""
    assert names(world, **changes) == found


def test_titles_come_first(world: World) -> None:
    """A word of the title tells more than one of the summary."""
    world.tell(ApplyCatalogue(resources=(offer(Topic("445102.tax.zz"), title="失信名单", facts=None),)))
    assert names(world, words="失信") == ["zz", "lists"]


def test_an_offer_tells_what_is_in_force_and_what_is_pending(world: World) -> None:
    """Others see what holds; beside it stands how far the new content has come, and why it came back."""
    world.tell(draft(version=2, update_cycle="P2D"))
    world.tell(SUBMIT)
    world.tell(RETURN)
    found = offer_of(NAME, world.book)
    assert found is not None
    assert found.facts is not None
    assert found.pending is not None
    assert (found.state, found.facts.update_cycle, found.owner_name, found.grade) == ("published", "P1D", "税务局", "general-2")
    assert (found.pending.state, found.pending.version, found.pending.reasons) == ("returned", 2, ("缺依据", "分级偏低"))
    assert names(world, state="returned") == names(world, words="3010020001") == ["bills"]
    for command in (draft(version=2, update_cycle="P3D"), SUBMIT, PASS, PUBLISH):
        world.tell(command)
    world.tell(draft(version=3))
    found = offer_of(NAME, world.book)
    assert found is not None
    assert (found.state, found.since) == ("updated", "")


def test_an_offer_that_is_not_in_force_is_its_newest_content() -> None:
    """A draft is seen as a draft, and what is withdrawn as that; what nobody described is not there."""
    world = World()
    assert offer_of(NAME, world.book) is None
    world.tell(draft())
    found = offer_of(NAME, world.book)
    assert found is not None
    assert (found.state, found.since, found.pending) == ("draft", "2026-11-22T12:00:00.000Z", None)
    world.tell(WITHDRAW)
    (found,) = search(world.book, Search(state="withdrawn"))
    assert (found.name, found.reasons) == (NAME, ("职能调整",))


def test_a_resource_without_an_item_is_offered_as_well(world: World) -> None:
    """It was applied without its facts: it is there, and tells no more than it has."""
    found = offer_of(BARE, world.book)
    assert found is not None
    assert (found.state, found.facts, found.grade) == ("published", None, "general-2")
    assert [one.grade for one in search(world.book, Search(words="失信"))] == ["important"]
