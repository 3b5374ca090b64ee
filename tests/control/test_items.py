"""Answers for node/control/items.py, and for items that are applied in one act."""

from datetime import UTC, datetime
from typing import Any

import pytest

from node.control.book import Book, Folded
from node.control.commands import (
    AddDepartment,
    ApplyCatalogue,
    CatalogueItem,
    Command,
    ConsentItemExtension,
    DraftItem,
    EndGrant,
    ExtendItem,
    PublishItem,
    ReviewItem,
    SubmitItem,
    WithdrawItem,
)
from node.control.decide import decide
from node.control.events import Event, encode
from node.control.items import WORDS
from node.errors import CommandRefused
from node.model.items import SharingTerms
from node.model.names import Department, Division, Topic
from node.model.values import Actor, EventRef
from tests.control.offers import AUTHORITY, FIELDS, HEAD, NAME, SCHEMA, STEWARD, asked, facts, offer
from tests.granting import ask, consent, give, wanted

HERE = Division("445102")
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
MORE = SCHEMA | {"fields": [*FIELDS, {"name": "more", "type": "int", "default": 0}]}


class World:
    """A node's book, in which every act is decided and folded."""

    def __init__(self) -> None:
        self.book = Book()
        for department, name in (("445102.tax", "税务局"), ("445102.police", "公安局")):
            self.tell(AddDepartment(department=Department(department), name=name))

    def tell(self, command: Command) -> list[Event]:
        """Carry out a command; all that is said must move the book."""
        said = decide(command, self.book, HERE, AT)
        for event in said:
            outcome = self.book.fold(HERE, encode(event))
            assert isinstance(outcome, Folded)
            assert not outcome.refused
        return said

    def give(self, **parts: Any) -> EventRef:
        """Let the other department come to a grant of the item, for a purpose of its own."""
        return give(lambda _here, command: self.tell(command)[-1].ref, wanted(NAME, "445102.police", str(len(self.book.requests)), **parts))

    def tell_all(self, *commands: Command) -> None:
        """Carry out one after the other; each says something."""
        for command in commands:
            assert self.tell(command)

    def kinds(self, command: Command) -> list[str]:
        """Carry out a command; return the kinds of what is said."""
        return [event.kind for event in self.tell(command)]

    def refused(self, command: Command) -> CommandRefused:
        """Ask for what may not be, and return why."""
        with pytest.raises(CommandRefused) as caught:
            decide(command, self.book, HERE, AT)
        assert any("\u4e00" <= letter <= "\u9fff" for letter in caught.value.zh)
        return caught.value

    def state(self) -> str:
        """The state of the item."""
        return self.book.items[NAME].state


@pytest.fixture
def world() -> World:
    """A node with two departments."""
    return World()


def draft(by: Actor = STEWARD, item: CatalogueItem | None = None, *, changed: str = "", **changes: Any) -> DraftItem:
    """Draft the item, with some facts changed."""
    return DraftItem(by=by, item=item or offer(facts=asked(facts(**changes))), changed=changed)


SUBMIT = SubmitItem(by=HEAD, item=NAME)
PASS = ReviewItem(by=AUTHORITY, item=NAME, passes=True)
RETURN = ReviewItem(by=AUTHORITY, item=NAME, passes=False, reasons=("缺依据", "分级偏低"))
PUBLISH = PublishItem(by=AUTHORITY, item=NAME)
WITHDRAW = WithdrawItem(by=AUTHORITY, item=NAME, reason="职能调整")
CHANGED = draft(version=2, update_cycle="P2D", changed="2026-11-20")
EXTEND = ExtendItem(by=STEWARD, item=NAME, reason="区划调整尚未公布")
CONSENT = ConsentItemExtension(by=AUTHORITY, item=NAME)


def published(world: World) -> World:
    """Go the whole road."""
    for command in (draft(), SUBMIT, PASS, PUBLISH):
        world.tell(command)
    return world


def test_an_item_goes_from_draft_to_published(world: World) -> None:
    """Each act is one event; the resource is said when the item is published, and then it says how it is shared."""
    assert (world.kinds(draft()), world.state()) == (["schema", "item"], "draft")
    assert NAME not in world.book.resources
    assert (world.kinds(SUBMIT), world.state()) == (["item-state"], "submitted")
    assert (world.kinds(PASS), world.state()) == (["item-state"], "reviewed")
    assert (world.kinds(PUBLISH), world.state()) == (["resource", "item-state"], "published")
    resource = world.book.resources[NAME]
    assert (resource.sharing, resource.condition, resource.legal_basis) == ("conditional", "依法履职 / Where a legal duty needs it", "")


def test_what_holds_already_is_not_said_again(world: World) -> None:
    """Every act, done twice, is one."""
    for command in (draft(), SUBMIT, PASS, PUBLISH, WITHDRAW):
        assert world.tell(command)
        assert world.tell(command) == []


def test_a_returned_item_is_changed_before_it_comes_again(world: World) -> None:
    """All reasons stand in the book, and the same content is not drafted again."""
    for command in (draft(), SUBMIT, RETURN):
        world.tell(command)
    assert (world.state(), world.book.items[NAME].reasons) == ("returned", ("缺依据", "分级偏低"))
    refused = world.refused(draft())
    assert (refused.code, "缺依据；分级偏低" in refused.zh) == ("item-unchanged", True)
    assert world.kinds(draft(grade="general-3")) == ["item"]
    assert world.state() == "draft"


def test_an_update_stands_beside_what_is_in_force(world: World) -> None:
    """Nothing changes for takers before the new content has passed as the first one did."""
    published(world)
    world.tell(draft(item=offer(title="账单二 / Bills two", schema=MORE, facts=asked(facts(version=2)))))
    assert (world.state(), world.book.resources[NAME].title, len(world.book.versions[NAME])) == ("draft", "账单 / Bills", 1)
    world.tell(SUBMIT)
    world.tell(PASS)
    assert world.kinds(PUBLISH) == ["resource", "item-state"]
    assert (world.state(), world.book.resources[NAME].title, len(world.book.versions[NAME])) == ("updated", "账单二 / Bills two", 2)


def test_another_content_needs_a_greater_version(world: World) -> None:
    """So that an old file does not take the place of a newer one unseen; before the first publishing it may change freely."""
    world.tell(draft())
    world.tell(draft(update_cycle="P2D"))
    for command in (SUBMIT, PASS, PUBLISH):
        world.tell(command)
    assert world.refused(draft(update_cycle="P3D")).code == "version-not-raised"
    assert world.kinds(draft(update_cycle="P3D", version=2)) == ["item"]


def test_a_code_is_one_items(world: World) -> None:
    """The other is named; what is withdrawn gives its code up."""
    published(world)
    other = DraftItem(by=STEWARD, item=offer(Topic("445102.tax.other")))
    assert str(NAME) in world.refused(other).en
    world.tell(WITHDRAW)
    assert world.kinds(other) == ["item"]


def test_a_schema_that_takers_could_not_follow_is_refused_at_the_draft(world: World) -> None:
    """Compatible, or a new resource: told when it is asked, not when it is published."""
    published(world)
    narrow = SCHEMA | {"fields": FIELDS[:1]}
    assert world.refused(draft(item=offer(schema=narrow, facts=asked(facts(version=2))))).code == "schema-conflict"
    assert world.refused(draft(item=offer(partitions=2, facts=asked(facts(version=2))))).code == "partitions-changed"


def test_what_has_come_since_the_draft_is_asked_at_the_publishing(world: World) -> None:
    """A grant that needs what the new schema drops was given after the draft."""
    optional = [*FIELDS, {"name": "note", "type": "string", "default": "", "grade": "general-1"}]
    for command in (draft(item=offer(schema=SCHEMA | {"fields": optional})), SUBMIT, PASS, PUBLISH):
        world.tell(command)
    for command in (draft(item=offer(facts=asked(facts(version=2)))), SUBMIT, PASS):
        world.tell(command)
    world.give(rows="note == 'x'")
    assert world.refused(PUBLISH).code == "schema-breaks-view"


def test_whom_a_publishing_concerns_stands_in_its_event(world: World) -> None:
    """Each taker once; and a suspended or active grant keeps the item from being withdrawn until it has ended."""
    published(world)
    assert world.book.items[NAME].takers == ()
    grant = world.give()
    for command in (draft(version=2, update_cycle="P2D"), SUBMIT, PASS, PUBLISH):
        world.tell(command)
    assert world.book.items[NAME].takers == ("445102.police",)
    refused = world.refused(WITHDRAW)
    assert (refused.code, "445102.police" in refused.en) == ("item-held", True)
    world.tell(EndGrant(grant=grant, by=AUTHORITY))
    assert world.kinds(WITHDRAW) == ["item-state"]


def test_what_is_withdrawn_is_given_to_nobody(world: World) -> None:
    """Neither what was asked for before nor what is asked for then, until it has been published anew, under a greater version."""
    published(world)
    asked_for = wanted(NAME, "445102.police")
    consented = consent(asked_for, ask(lambda _here, command: world.tell(command)[-1].ref, asked_for))
    other = wanted(NAME, "445102.police", "另一用途")
    world.tell(WITHDRAW)
    assert {world.refused(command).code for command in (consented, other)} == {"no-such-resource"}
    assert world.refused(draft()).code == "version-not-raised"
    for command in (draft(version=2), SUBMIT, PASS):
        world.tell(command)
    assert {world.refused(command).code for command in (consented, other)} == {"no-such-resource"}
    world.tell(PUBLISH)
    assert (world.state(), world.kinds(consented), world.kinds(other)) == ("published", ["request-answered", "grant"], ["request"])


def test_a_change_is_told_with_a_content_and_stays_until_one_is_published(world: World) -> None:
    """Other contents come and go, returned or drafted anew; a day that is told anew takes the place of the one before, and the same day says nothing."""
    published(world)

    def changed() -> str:
        return world.book.items[NAME].changed

    assert (world.kinds(CHANGED), changed()) == (["item"], "2026-11-20")
    assert world.tell(CHANGED) == world.tell(draft(version=2, update_cycle="P2D")) == []
    world.tell(draft(version=2, update_cycle="P3D"))
    world.tell_all(SUBMIT, RETURN)
    assert (world.state(), changed()) == ("returned", "2026-11-20")
    assert world.refused(draft(version=2, update_cycle="P3D", changed="2026-11-19")).code == "item-unchanged"
    world.tell(draft(version=2, update_cycle="P4D"))
    world.tell(draft(version=2, update_cycle="P4D", changed="2026-11-19"))
    assert changed() == "2026-11-19"
    assert world.refused(draft(version=2, update_cycle="P4D", changed="2026-11-20")).code == "later-than-told"
    world.tell_all(SUBMIT, PASS)
    assert changed() == "2026-11-19"
    assert world.refused(draft(version=2, update_cycle="P4D", changed="2026-11-20")).code == "later-than-told"
    world.tell(PUBLISH)
    assert (world.state(), changed()) == ("updated", "")


def test_what_is_applied_or_withdrawn_has_no_change_to_tell(world: World) -> None:
    """Whatever content is published, and by whom, the time for the update is over; so it is for what is in force no more."""
    published(world)
    world.tell_all(CHANGED, EXTEND, CONSENT, ApplyCatalogue(resources=(offer(facts=asked(facts(version=3))),), by=AUTHORITY))
    item = world.book.items[NAME]
    assert (item.changed, item.extension, item.consented) == ("", None, None)
    world.tell_all(draft(version=4, changed="2026-11-21"), EXTEND, WITHDRAW)
    item = world.book.items[NAME]
    assert (item.changed, item.extension, item.consented) == ("", None, None)


def test_a_change_is_told_of_what_is_in_force_alone_and_when_it_has_come(world: World) -> None:
    """The state is told, and in which case a day is; today is a day that has come, in Shanghai."""
    first = world.refused(draft(changed="2026-11-20"))
    assert (first.code, "not drafted yet" in first.en, "尚未起草" in first.zh) == ("not-in-force", True, True)
    world.tell(draft())
    drafted = world.refused(draft(changed="2026-11-20"))
    assert (drafted.code, "is draft and not in force" in drafted.en, "“草稿”" in drafted.zh) == ("not-in-force", True, True)
    world.tell_all(SUBMIT, PASS, PUBLISH)
    assert world.refused(draft(version=2, changed="2026-11-23")).code == "future"
    assert world.refused(draft(version=2, changed="20.11.2026")).code == "bad-day"
    assert world.refused(draft(changed="2026-11-20")).code == "version-not-raised"
    assert world.kinds(draft(version=2, changed="2026-11-22")) == ["item"]
    world.tell(WITHDRAW)
    assert world.refused(draft(version=3, changed="2026-11-20")).code == "not-in-force"


def test_more_time_is_asked_for_once_and_given_once(world: World) -> None:
    """For one update; the next one has an extension of its own. Done again by the same, either says nothing; by another it is refused."""
    published(world)
    assert world.refused(EXTEND).code == world.refused(CONSENT).code == "not-in-state"
    assert "is published: no update of it is due" in world.refused(EXTEND).en
    world.tell(CHANGED)
    assert "nobody asked" in world.refused(CONSENT).en
    assert (world.kinds(EXTEND), world.tell(EXTEND)) == (["item-extension"], [])
    assert "once" in world.refused(ExtendItem(by=HEAD, item=NAME, reason="另有原因")).en
    assert (world.kinds(CONSENT), world.tell(CONSENT), world.tell(EXTEND)) == (["item-extension-consented"], [], [])
    other = Actor(name="另一人", role="authority")
    assert "given before" in world.refused(ConsentItemExtension(by=other, item=NAME)).en
    world.tell(draft(version=2, update_cycle="P3D", changed="2026-11-19"))
    assert "“草稿”" in world.refused(ExtendItem(by=HEAD, item=NAME, reason="另有原因")).zh
    world.tell_all(SUBMIT, PASS, PUBLISH)
    assert world.refused(CONSENT).code == world.refused(EXTEND).code == "not-in-state"
    world.tell_all(draft(version=3, changed="2026-11-22"), EXTEND, CONSENT)


@pytest.mark.parametrize(
    ("done", "command", "state"),
    [
        ((), SUBMIT, None),
        ((), EXTEND, None),
        ((), CONSENT, None),
        ((), PASS, None),
        ((), WITHDRAW, None),
        ((draft(),), PASS, "draft"),
        ((draft(),), PUBLISH, "draft"),
        ((draft(), SUBMIT), PUBLISH, "submitted"),
        ((draft(), SUBMIT, RETURN), SUBMIT, "returned"),
        ((draft(), SUBMIT, RETURN), PUBLISH, "returned"),
        ((draft(), SUBMIT, PASS), RETURN, "reviewed"),
        ((draft(), SUBMIT, PASS, PUBLISH), SUBMIT, "published"),
        ((draft(), SUBMIT, PASS, PUBLISH, WITHDRAW), PUBLISH, "withdrawn"),
    ],
)
def test_an_act_outside_its_state_is_refused(world: World, done: tuple[Command, ...], command: Command, state: str | None) -> None:
    """The state it is in is told, and from which it would be allowed."""
    for one in done:
        world.tell(one)
    refused = world.refused(command)
    if state is None:
        assert refused.code == "no-such-item"
    else:
        assert (refused.code, f"is {state}: it can become" in refused.en) == ("not-in-state", True)
        assert f"“{WORDS[state]}”" in refused.zh


OTHERS = Actor(name="外人", role="head", department=Department("445102.police"))
CITY = Actor(name="上级", role="authority", department=Department("445100.data"))


@pytest.mark.parametrize(
    "command",
    [
        draft(by=OTHERS),
        draft(by=AUTHORITY),
        draft(by=Actor(name="运维", role="operator")),
        SubmitItem(by=STEWARD, item=NAME),
        SubmitItem(by=OTHERS, item=NAME),
        ReviewItem(by=HEAD, item=NAME, passes=True),
        ReviewItem(by=CITY, item=NAME, passes=True),
        PublishItem(by=HEAD, item=NAME),
        WithdrawItem(by=STEWARD, item=NAME, reason="x"),
        WithdrawItem(by=OTHERS, item=NAME, reason="x"),
        ExtendItem(by=AUTHORITY, item=NAME, reason="x"),
        ExtendItem(by=OTHERS, item=NAME, reason="x"),
        ConsentItemExtension(by=HEAD, item=NAME),
        ConsentItemExtension(by=CITY, item=NAME),
    ],
)
def test_nobody_does_what_is_another_roles(world: World, command: Command) -> None:
    """The department describes and answers for it, the authority of its level passes it."""
    world.tell(draft())
    assert world.refused(command).code == "not-entitled"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (draft(item=offer(facts=None)), "bad-item"),
        (draft(code="x"), "bad-item"),
        (draft(item=offer(schema={"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]})), "bad-item"),
        (draft(item=offer(Topic("445102.tax"))), "bad-name"),
        (draft(item=offer(Topic("445100.tax.bills"))), "not-own-resource"),
        (SubmitItem(by=HEAD, item=Topic("445100.tax.bills")), "not-own-resource"),
        (ReviewItem(by=AUTHORITY, item=NAME, passes=False), "empty"),
        (ReviewItem(by=AUTHORITY, item=NAME, passes=True, reasons=("x",)), "malformed"),
        (WithdrawItem(by=HEAD, item=NAME, reason=" "), "empty"),
        (ExtendItem(by=HEAD, item=NAME, reason=" "), "empty"),
        (ExtendItem(by=HEAD, item=NAME, reason="x" * 5000), "too-long"),
        (ConsentItemExtension(by=AUTHORITY, item=Topic("445100.tax.bills")), "not-own-resource"),
    ],
)
def test_what_is_wrong_with_a_command_is_told(world: World, command: Command, code: str) -> None:
    """By its code, in both languages."""
    world.tell(draft())
    world.tell(SUBMIT)
    assert world.refused(command).code == code


def test_apply_is_the_whole_road_in_one_act(world: World) -> None:
    """Draft to published by the authority itself; again it says nothing, and changed it is an update."""
    apply = ApplyCatalogue(resources=(offer(),))
    assert world.kinds(apply) == ["schema", "item", "resource", "item-state"]
    assert (world.state(), world.book.resources[NAME].sharing) == ("published", "conditional")
    assert world.tell(apply) == []
    terms = SharingTerms(type="unconditional", ways=("stream",))
    changed = ApplyCatalogue(resources=(offer(facts=asked(facts(version=2, sharing=terms))),), by=AUTHORITY)
    assert world.kinds(changed) == ["item", "resource", "item-state"]
    assert (world.state(), world.book.resources[NAME].sharing) == ("updated", "unconditional")
    assert world.refused(apply).code == "version-not-raised"


def test_an_item_is_not_applied_without_its_facts(world: World) -> None:
    """What stands in the catalogue would no longer be what the resource is."""
    world.tell(ApplyCatalogue(resources=(offer(facts=None),)))
    assert world.book.items == {}
    world.tell(ApplyCatalogue(resources=(offer(),)))
    assert world.refused(ApplyCatalogue(resources=(offer(facts=None),))).code == "bad-item"
