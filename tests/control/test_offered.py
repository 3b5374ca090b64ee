"""Answers for node/control/offered.py."""

from typing import Any

import pytest

from node.control.calendar import Calendar
from node.control.commands import ApplyCatalogue
from node.control.offered import Search, due_first, offer_of, search, timed
from node.model.items import Classification, SharingTerms
from node.model.names import Topic
from node.model.values import Kind
from tests.control.offers import NAME, asked, facts, offer
from tests.control.test_course import CALENDAR, MONDAY
from tests.control.test_items import CHANGED, CONSENT, EXTEND, PASS, PUBLISH, RETURN, SUBMIT, WITHDRAW, World, draft, published

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


def test_an_offer_tells_what_is_due_and_until_when(world: World) -> None:
    """The clocks that run on it, the day of the change and how far an extension is; where nothing is awaited, none of it."""
    offers = [timed(one, world.book, CALENDAR, MONDAY) for one in search(world.book, Search())]
    assert not any(one.clocks or one.clock_problem for one in offers)
    seen = []
    for command in (CHANGED, EXTEND, CONSENT, SUBMIT):
        world.tell(command)
        found = offer_of(NAME, world.book)
        assert found is not None
        assert found.pending is not None
        seen.append((found.pending.changed, found.pending.extension, found.pending.extension_reason))
    day, why = "2026-11-20", "区划调整尚未公布"
    assert seen == [(day, "", ""), (day, "asked", why), (day, "consented", why), (day, "consented", why)]
    assert found is not None
    told = timed(found, world.book, CALENDAR, MONDAY)
    assert [(one.kind, one.due.isoformat(), one.state, one.article) for one in told.clocks] == [
        ("item-review", "2026-11-24", "soon", "Decree 809"),
        ("item-update", "2026-12-14", "running", "Decree 809"),
    ]
    lacking = timed(found, world.book, Calendar(), MONDAY)
    assert (lacking.clocks, lacking.clock_problem is not None and "2026" in lacking.clock_problem.zh) == ((), True)


def test_what_is_due_comes_first(world: World) -> None:
    """The soonest before all, then what has no clock, as it stood."""
    for name, code, day in ((NAME, facts().code, "2026-11-20"), (LISTS, "3040010001/000002", "2026-11-19")):
        world.tell(draft(item=offer(name, facts=asked(facts(code=code, version=2))), changed=day))
    offers = [timed(one, world.book, CALENDAR, MONDAY) for one in search(world.book, Search())]
    assert [one.name for one in offers] == [BARE, NAME, LISTS]
    assert [one.name for one in due_first(offers)] == [LISTS, NAME, BARE]
