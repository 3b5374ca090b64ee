"""Answers for node/control/views.py."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from node.avro.ids import canonical, schema_id
from node.avro.selection import Selection
from node.control.bodies import Body
from node.control.book import Book, Folded
from node.control.events import encode, stamp
from node.control.run import Run
from node.control.views import View, derived_text, schema_ids, views
from node.model.names import Department, Division, Topic
from node.model.values import DepartmentValue, DivisionValue, EventRef, GrantEndedValue, Kind, ResourceValue, SchemaValue
from tests.granting import AUTHORITY, say_grant, wanted

HERE, OTHER = Division("445102"), Division("445103")
BILLS = Topic("445102.tax.bills")
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = date(2026, 11, 22)
FIELDS = [{"name": "code", "type": "string"}, {"name": "sum", "type": "long"}, {"name": "payer", "type": "string"}]
SCHEMA: dict[str, object] = {"type": "record", "name": "Bill", "key": ["code"], "fields": FIELDS}


def say(book: Book, author: Division, body: Body, answers: EventRef | None = None) -> EventRef:
    """Fold an event, which must move the book."""
    run = Run(author, book.tail(author), stamp(AT))
    run.say(body, answers)
    outcome = book.fold(author, encode(run.events[0]))
    assert isinstance(outcome, Folded)
    assert not outcome.refused
    return run.events[0].ref


def register(book: Book, schema: dict[str, object], author: Division = HERE) -> int:
    """Fold a schema."""
    say(book, author, SchemaValue(id=schema_id(schema), schema=canonical(schema)))
    return schema_id(schema)


def describe(book: Book, schema: int, name: Topic = BILLS) -> None:
    """Fold a resource."""
    say(book, HERE, ResourceValue(name=name, title="账单", kind=Kind.STATE, schema=schema, partitions=2))


def grant(book: Book, taker: str = "445102.tax", **parts: Any) -> EventRef:
    """Fold a grant of code and sum, unless something else is named."""
    asked = wanted(BILLS, taker, **{"fields": ("code", "sum")} | parts)
    return say_grant(lambda author, body, answers: say(book, author, body, answers), asked.value)


@pytest.fixture
def book() -> Book:
    """A district with two departments and a resource."""
    book = Book()
    say(book, HERE, DivisionValue(code=HERE, name="湘桥区", level="county"))
    for department in ("445102.tax", "445102.police"):
        say(book, HERE, DepartmentValue(department=Department(department), name=department))
    describe(book, register(book, SCHEMA))
    return book


def test_grants_that_show_the_same_share_a_view(book: Book) -> None:
    """The view names its grants in order and each taker once; a grant of the whole resource has none."""
    refs = [
        grant(book),
        grant(book, "445102.police", fields=("sum", "code")),
        grant(book, purpose="又"),
        grant(book, fields=None),
        grant(book, fields=("sum",)),
        grant(book, fields=("sum",)),
    ]
    shared, alone, other = (book.grants[refs[number]].view for number in (0, 4, 5))
    assert book.grants[refs[3]].view is None
    assert shared is not None
    found = views(book, TODAY)
    assert list(found) == sorted(found)
    assert {topic: view.grants for topic, view in found.items()} == {shared: tuple(refs[:3]), alone: (refs[4],), other: (refs[5],)}
    assert found[shared] == View(
        topic=shared,
        resource=book.resources[BILLS],
        selection=Selection(fields=("code", "sum")),
        from_now=False,
        grants=tuple(refs[:3]),
        takers=(Department("445102.police"), Department("445102.tax")),
    )


def test_a_view_stands_while_one_of_its_grants_is_active(book: Book) -> None:
    """Ended or past its term counts no more; given again, the same view goes on, but one from now on is another."""
    first, second = grant(book), grant(book, "445102.police", until="2026-11-22")
    (topic,) = views(book, TODAY)
    assert views(book, date(2026, 11, 23))[topic].grants == (first,)
    say(book, HERE, GrantEndedValue(by=AUTHORITY, grant=first))
    assert views(book, TODAY)[topic].grants == (second,)
    assert views(book, date(2026, 11, 23)) == {}
    again = grant(book)
    assert views(book, date(2026, 11, 23))[topic].grants == (again,)
    late = [grant(book, history="from-now") for _ in range(2)]
    found = views(book, date(2026, 11, 23))
    assert len(found) == 3
    assert {view.grants for view in found.values() if view.from_now} == {(ref,) for ref in late}


def test_views_of_one_owner(book: Book) -> None:
    """A node cuts its own alone, and knows of all."""
    grant(book)
    assert views(book, TODAY, HERE) == views(book, TODAY)
    assert len(views(book, TODAY)) == 1
    assert views(book, TODAY, OTHER) == {}


def test_each_version_has_the_schema_that_the_owner_registered_for_it(book: Book) -> None:
    """By its id, whatever else is registered; versions whose view's schema is not registered are left out."""
    selection = Selection(fields=("code", "sum"))
    first = json.loads(derived_text(canonical(SCHEMA), selection) or "")
    assert [field["name"] for field in first["fields"]] == ["code", "sum"]
    assert first["key"] == ["code"]
    assert schema_ids(book, BILLS, selection) == {}
    say(book, OTHER, SchemaValue(id=schema_id(first), schema=canonical(first)))
    assert schema_ids(book, BILLS, selection) == {}
    register(book, first)
    assert schema_ids(book, BILLS, selection) == {schema_id(SCHEMA): schema_id(first)}
    more = SCHEMA | {"fields": [*FIELDS, {"name": "note", "type": "string", "default": ""}]}
    describe(book, register(book, more))
    assert schema_ids(book, BILLS, selection) == dict.fromkeys((schema_id(SCHEMA), schema_id(more)), schema_id(first))
    changed = more | {"fields": [FIELDS[0], FIELDS[1] | {"doc": "金额"}, FIELDS[2]]}
    describe(book, register(book, changed))
    assert schema_id(changed) not in schema_ids(book, BILLS, selection)


def test_rows_change_no_schema_and_the_order_of_masks_none() -> None:
    """What is kept for the next time is the same for all of them."""
    text, masks = canonical(SCHEMA), {"sum": "hide", "payer": "hmac"}
    known = derived_text(text, Selection(masks=masks))
    assert known is not None
    assert derived_text(text, Selection(masks=dict(reversed(masks.items())), rows="sum > 3")) == known


@pytest.mark.parametrize("text", ["1", "[]", "{", "{}", '{"type":"record","name":3,"fields":[]}', "[" * 100_000])
def test_what_is_no_schema_has_no_view(text: str) -> None:
    """The book folds any text; a node must not fall over one."""
    assert derived_text(text, Selection(fields=("code",))) is None


def test_a_mask_that_is_not_known_has_no_schema() -> None:
    """A newer node may grant with it; nothing is shown rather than what it would hide."""
    assert derived_text(canonical(SCHEMA), Selection(masks={"sum": "newer"})) is None
