"""Answers for node/control/item_contents.py."""

from datetime import date

from node.control.commands import ApplyCatalogue
from node.control.item_contents import names_of, notices, same, takers_of
from node.model.items import SharingTerms
from node.model.names import Department
from tests.control.offers import AUTHORITY, NAME, asked, facts, offer, value
from tests.control.test_items import PASS, PUBLISH, SUBMIT, World, draft, published

TODAY = date(2026, 11, 22)


def test_two_contents_are_the_same_whoever_says_them() -> None:
    """The actor is not part of what is said."""
    assert same(value(), value(by=AUTHORITY))
    assert not same(value(), value(version=2))
    assert not same(None, value())


def test_takers_are_named_up_to_ten() -> None:
    """Of more it is told how many."""
    takers = [Department(f"445102.d{number:02}") for number in range(12)]
    assert names_of(takers[:2], zh=False) == "445102.d00, 445102.d01"
    assert names_of(takers, zh=False).endswith("445102.d09 and 2 more")
    assert names_of(takers, zh=True).endswith("445102.d09 等 12 个部门")


def test_who_takes_is_who_may_still_take() -> None:
    """One who holds two grants counts once; past its term a grant is nobody's."""
    world = published(World())
    for until in ("", "2026-11-22"):
        world.give(until=until)
    assert takers_of(NAME, world.book, TODAY) == ("445102.police",)
    lone = published(World())
    lone.give(until="2026-11-22")
    assert takers_of(NAME, lone.book, date(2026, 11, 23)) == ()


def test_a_change_to_what_is_taken_warns_from_the_draft_on() -> None:
    """One notice for a resource, with those whom it concerns; none where nobody takes it."""
    world = published(World())
    assert notices(world.tell(draft(version=2, update_cycle="P2D")), world.book, TODAY) == ()
    world.give()
    (notice,) = notices(world.tell(draft(version=2, update_cycle="P3D")), world.book, TODAY)
    assert (notice.code, notice.takers, "publishing this content changes" in notice.en) == ("takers-concerned", ("445102.police",), True)
    assert notices(world.tell(SUBMIT), world.book, TODAY) == ()
    world.tell(PASS)
    (notice,) = notices(world.tell(PUBLISH), world.book, TODAY)
    assert (notice.takers, "has changed" in notice.en, "445102.police" in notice.zh) == (("445102.police",), True, True)


def test_a_resource_that_is_no_item_warns_as_well() -> None:
    """Whoever applies it anew is told who takes it."""
    world = World()
    assert notices(world.tell(ApplyCatalogue(resources=(offer(facts=None),))), world.book, TODAY) == ()
    world.give()
    (notice,) = notices(world.tell(ApplyCatalogue(resources=(offer(title="又 / Again", facts=None),))), world.book, TODAY)
    assert notice.takers == ("445102.police",)


def test_a_way_that_is_not_served_yet_is_told() -> None:
    """The item stands; whoever offers look-ups by key learns that they come later."""
    world = World()
    terms = SharingTerms(type="unconditional", ways=("stream", "interface"))
    (notice,) = notices(world.tell(draft(item=offer(facts=asked(facts(sharing=terms))))), world.book, TODAY)
    assert (notice.code, notice.takers) == ("way-not-served", ())
