"""Answers for node/control/item_steps.py."""

from typing import get_args

import msgspec
import pytest

from node.control.item_steps import FROM, acted, drafted, stepped
from node.model.items import Item, ItemExtensionConsentedValue, ItemExtensionValue, ItemStateValue, State
from node.model.values import EventRef
from tests.control.offers import AUTHORITY, NAME, value

FIRST: EventRef = ("445102", 7)  # type: ignore[assignment]  # a division of the tests
SECOND: EventRef = ("445102", 9)  # type: ignore[assignment]
AT = "2026-11-22T12:00:00.000Z"


def step(state: str, content: EventRef = FIRST) -> ItemStateValue:
    """A step of the item."""
    return ItemStateValue(by=AUTHORITY, item=NAME, content=content, state=state, reasons=("缺依据",))  # type: ignore[arg-type]  # from FROM


def through(item: Item, *states: str, content: EventRef = FIRST) -> Item:
    """Take steps, all of which count."""
    for state in states:
        after = stepped(item, step(state, content), AT)
        assert isinstance(after, Item), (after, state)
        item = after
    return item


def test_an_item_goes_its_road() -> None:
    """Drafted, submitted, reviewed, published; another content takes its place only when it is published itself."""
    item = drafted(None, value(), FIRST, AT)
    assert (item.state, item.in_force, item.version) == ("draft", None, 0)
    item = through(item, "submitted", "reviewed", "published")
    assert (item.state, item.in_force, item.version, item.gone) == ("published", value(), 1, False)
    item = drafted(item, value(version=2), SECOND, AT)
    assert (item.state, item.in_force, item.version) == ("draft", value(), 1)
    item = through(item, "submitted", "returned", content=SECOND)
    assert (item.state, item.in_force, item.reasons) == ("returned", value(), ("缺依据",))
    item = through(drafted(item, value(version=2), SECOND, AT), "submitted", "reviewed", "published", content=SECOND)
    assert (item.state, item.in_force, item.version, item.reasons) == ("updated", value(version=2), 2, ())


def test_what_is_withdrawn_is_gone_until_it_is_published_anew() -> None:
    """Its version counts on, and what is published then is no update."""
    item = through(drafted(None, value(), FIRST, AT), "submitted", "reviewed", "published", "withdrawn")
    assert (item.state, item.in_force, item.version, item.gone) == ("withdrawn", None, 1, True)
    item = drafted(item, value(version=2), SECOND, AT)
    assert item.gone
    item = through(item, "submitted", "reviewed", "published", content=SECOND)
    assert (item.state, item.gone) == ("published", False)


@pytest.mark.parametrize("state", get_args(State))
@pytest.mark.parametrize("wanted", FROM)
def test_a_step_counts_from_its_states_alone(state: State, wanted: str) -> None:
    """From any other it moves nothing."""
    item = Item(value=value(), content=FIRST, state=state, at=AT)
    after = stepped(item, step(wanted), AT)
    assert isinstance(after, Item) == (state in FROM[wanted])
    assert isinstance(after, Item) or after == "not-in-state"


def test_a_step_is_of_the_newest_content() -> None:
    """What was said of a content that has been replaced counts for nothing; nor does a step of what is no item."""
    item = drafted(drafted(None, value(), FIRST, AT), value(version=2), SECOND, AT)
    assert stepped(item, step("submitted", FIRST), AT) == "superseded"
    assert stepped(None, step("submitted"), AT) == "no-such-item"


def test_an_extension_is_of_an_update_that_is_due() -> None:
    """Asked for once and given once; each word for why one counts for nothing, whatever its author's node was thinking."""
    asks, gives = ItemExtensionValue(by=AUTHORITY, item=NAME, reason="x"), ItemExtensionConsentedValue(by=AUTHORITY, item=NAME)
    item = through(drafted(None, value(), FIRST, AT), "submitted", "reviewed", "published")
    assert (acted(None, asks, AT), acted(None, gives, AT)) == ("no-such-item", "no-such-item")
    assert (acted(item, asks, AT), acted(item, gives, AT)) == ("not-in-state", "no-such-extension")
    told = msgspec.structs.replace(value(version=2), changed="2026-11-20")
    due = drafted(item, told, SECOND, AT)
    assert (due.changed, drafted(drafted(None, value(), FIRST, AT), told, SECOND, AT).changed) == ("2026-11-20", "")
    extended = acted(due, asks, AT)
    assert isinstance(extended, Item)
    assert acted(extended, asks, AT) == "not-in-state"
    consented = acted(extended, gives, AT)
    assert isinstance(consented, Item)
    assert acted(consented, gives, AT) == "not-in-state"
    assert drafted(consented, value(version=3), FIRST, AT).consented == gives
    after = acted(through(consented, "submitted", "reviewed", content=SECOND), step("published", SECOND), AT)
    assert isinstance(after, Item)
    assert (after.state, after.changed, after.extension, after.consented) == ("updated", "", None, None)
