"""Answers for node/control/catalogue.py."""

import json
from datetime import date
from typing import Any

import msgspec
import pytest

from node.avro.ids import canonical, schema_id
from node.control.book import Book, Folded
from node.control.catalogue import apply_catalogue
from node.control.commands import ApplyCatalogue, CatalogueItem
from node.control.events import encode
from node.control.run import Run
from node.errors import CommandRefused
from node.model.limits import MESSAGE_BYTES_MAX, PARTITIONS_MAX
from node.model.names import Department, Division, Topic
from node.model.values import DepartmentValue, Kind, ResourceValue, SchemaValue, Value

HERE, OTHER = Division("445102"), Division("445100")
AT = "2026-11-22T12:00:00.000Z"
TODAY = date(2026, 11, 22)
FIELDS = [{"name": "code", "type": "string"}, {"name": "people", "type": ["null", "int"]}]
SCHEMA: dict[str, object] = {"type": "record", "name": "Village", "doc": "村", "key": ["code"], "fields": FIELDS}


def item(name: str = "445102.tax.villages", **changes: Any) -> CatalogueItem:
    """A resource that is in order, but for what is changed."""
    good = CatalogueItem(name=Topic(name), title="村", kind=Kind.STATE, schema=SCHEMA, partitions=2)
    return msgspec.structs.replace(good, **changes)


def apply(book: Book, *items: CatalogueItem) -> list[Value]:
    """Apply and fold; return the bodies that were said."""
    run = Run(HERE, book.tail(HERE), AT)
    apply_catalogue(ApplyCatalogue(resources=items), book, TODAY, run)
    fold(book, HERE, run)
    return [event.body for event in run.events if isinstance(event.body, Value)]


def fold(book: Book, author: Division, run: Run) -> None:
    """Fold a run, all of which must move the book."""
    for event in run.events:
        outcome = book.fold(author, encode(event))
        assert isinstance(outcome, Folded)
        assert not outcome.refused


def registered(book: Book, author: Division, *names: str) -> None:
    """Let a node register small schemas."""
    run = Run(author, book.tail(author), AT)
    for name in names:
        schema = small(name)
        run.say(SchemaValue(id=schema_id(schema), schema=canonical(schema)))
    fold(book, author, run)


def small(name: str) -> dict[str, object]:
    """A schema without fields; R22037 and R30270 share an id."""
    return {"type": "record", "name": name, "fields": []}


@pytest.fixture
def book() -> Book:
    """A node with one department."""
    book, run = Book(), Run(HERE, (0, None), AT)
    run.say(DepartmentValue(department=Department("445102.tax"), name="税务局"))
    fold(book, HERE, run)
    return book


def test_a_new_resource_brings_its_schema(book: Book) -> None:
    """The schema is said first, as canonical text under the id that follows from it; again, nothing is said."""
    schema, resource = apply(book, item())
    assert schema == SchemaValue(id=schema_id(SCHEMA), schema=canonical(SCHEMA))
    assert resource == ResourceValue(name=Topic("445102.tax.villages"), title="村", kind=Kind.STATE, schema=schema_id(SCHEMA), partitions=2)
    assert apply(book, item()) == []
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA, "the caller's schema is as it was"


def test_resources_share_a_schema(book: Book) -> None:
    """Within a run and between runs, one author says a schema once."""
    said = apply(book, item("445102.tax.a"), item("445102.tax.b"))
    assert [type(body) for body in said] == [SchemaValue, ResourceValue, ResourceValue]
    assert [type(body) for body in apply(book, item("445102.tax.c"))] == [ResourceValue]


def test_a_schema_of_another_node_is_said_again(book: Book) -> None:
    """A resource's schema stands in its own author's log: no log needs another to be understood."""
    registered(book, OTHER, "X")
    assert [type(body) for body in apply(book, item(kind=Kind.FACTS, schema=small("X")))] == [SchemaValue, ResourceValue]


def test_what_may_change_is_one_event(book: Book) -> None:
    """Title, schema, and a larger message; and keeping of facts."""
    apply(book, item("445102.tax.a"), item("445102.tax.b", kind=Kind.FACTS))
    wider = SCHEMA | {"fields": [*FIELDS, {"name": "more", "type": "int", "default": 0}]}
    assert [type(body) for body in apply(book, item("445102.tax.a", title="村庄", max_message_bytes=MESSAGE_BYTES_MAX))] == [ResourceValue]
    changed = apply(book, item("445102.tax.a", title="村庄", max_message_bytes=MESSAGE_BYTES_MAX, schema=wider))
    assert [type(body) for body in changed] == [SchemaValue, ResourceValue]
    assert len(apply(book, item("445102.tax.b", kind=Kind.FACTS, retention_ms=1))) == 1


def test_a_collision_takes_a_nonce(book: Book) -> None:
    """Where another schema holds the id, a nonce is added until it is free; said again, the same schema is found again."""
    registered(book, OTHER, "R22037")
    facts = item(kind=Kind.FACTS, schema=small("R30270"))
    schema, resource = apply(book, facts)
    assert isinstance(schema, SchemaValue)
    assert isinstance(resource, ResourceValue)
    assert json.loads(schema.schema) == small("R30270") | {"nonce": 1}
    assert resource.schema == schema.id == schema_id(small("R30270") | {"nonce": 1}) != schema_id(small("R30270"))
    assert apply(book, facts) == []


def test_a_collision_within_a_run_takes_a_nonce(book: Book) -> None:
    """What was said a moment ago holds its id too."""
    one, two = (item(f"445102.tax.{name.lower()}", kind=Kind.FACTS, schema=small(name)) for name in ("R22037", "R30270"))
    said = apply(book, one, two)
    assert [json.loads(body.schema).get("nonce") for body in said if isinstance(body, SchemaValue)] == [None, 1]
    assert apply(book, one, two) == []


def test_a_schema_registered_in_the_same_second_stays(book: Book) -> None:
    """Two nodes took one id before they knew of each other: each keeps its own, and says nothing again."""
    facts = item(kind=Kind.FACTS, schema=small("R30270"))
    apply(book, facts)
    registered(book, OTHER, "R22037")
    assert apply(book, facts) == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (item("445102.tax"), "bad-name"),
        (item("445100.tax.villages"), "not-own-resource"),
        (item("445102.police.cars"), "no-such-department"),
        (item(title=""), "empty"),
        (item(partitions=0), "out-of-bounds"),
        (item(partitions=PARTITIONS_MAX + 1), "out-of-bounds"),
        (item(max_message_bytes=0), "out-of-bounds"),
        (item(max_message_bytes=MESSAGE_BYTES_MAX + 1), "out-of-bounds"),
        (item(kind=Kind.FACTS, retention_ms=0), "out-of-bounds"),
        (item(kind=Kind.FACTS, retention_ms=2**63), "out-of-bounds"),
        (item(retention_ms=1), "retention-of-state"),
        (item(schema=small("X")), "no-key"),
        (item(schema={}), "bad-schema"),
        (item(schema={"type": "enum", "name": "E", "symbols": ["A"]}), "bad-schema"),
        (item(schema={"type": "record"}), "bad-schema"),
        (item(schema={"type": "record", "__fastavro_parsed": True, "__named_schemas": {}}), "bad-schema"),
        (item(schema=SCHEMA | {"name": 3}), "bad-schema"),
        (item(schema=SCHEMA | {"fields": 3}), "bad-schema"),
        (item(schema=SCHEMA | {"fields": [3]}), "bad-schema"),
        (item(schema=SCHEMA | {"fields": [{"type": "int"}]}), "bad-schema"),
        (item(schema=SCHEMA | {"fields": [{"name": 3, "type": "int"}]}), "bad-schema"),
        (item(schema=SCHEMA | {"fields": [{"name": "code", "type": "nope"}]}), "bad-schema"),
        (item(schema=SCHEMA | {"fields": [{"name": "code", "type": None}]}), "bad-schema"),
        (item(schema=SCHEMA | {"fields": [*FIELDS, *FIELDS]}), "bad-schema"),
        (item(schema=SCHEMA | {"max": 2**60}), "bad-schema"),
        (item(schema=SCHEMA | {"key": "code"}), "bad-schema"),
        (item(schema=SCHEMA | {"key": []}), "no-key"),
        (item(schema=SCHEMA | {"key": ["code", "code"]}), "bad-schema"),
        (item(schema=SCHEMA | {"key": ["none"]}), "bad-schema"),
        (item(schema=SCHEMA | {"key": [["code"]]}), "bad-schema"),
        (item("445102.tax.first"), "named-twice"),
    ],
)
def test_one_wrong_resource_refuses_the_catalogue(book: Book, wrong: CatalogueItem, code: str) -> None:
    """Nothing is said, and both languages name the cause."""
    with pytest.raises(CommandRefused) as refused:
        apply(book, item("445102.tax.first"), wrong)
    assert refused.value.code == code
    assert any("\u4e00" <= letter <= "\u9fff" for letter in refused.value.zh)
    assert not book.resources


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"partitions": 3}, "partitions-changed"),
        ({"kind": Kind.FACTS}, "kind-changed"),
        ({"schema": SCHEMA | {"fields": [*FIELDS, {"name": "other", "type": "string", "default": ""}], "key": ["other"]}}, "key-changed"),
        ({"max_message_bytes": 1}, "max-message-bytes-shrunk"),
    ],
)
def test_what_never_changes(book: Book, changes: dict[str, Any], code: str) -> None:
    """Partitions, kind and key bind every record written, and a smaller message would hold up those on their way."""
    apply(book, item())
    with pytest.raises(CommandRefused) as refused:
        apply(book, item(**changes))
    assert refused.value.code == code


MORE = {"name": "more", "type": "int", "default": 0}


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ([*FIELDS, {"name": "more", "type": "int"}], "more"),
        ([FIELDS[0], {"name": "people", "type": "int"}], "people|0"),
        ([FIELDS[0], {"name": "people", "type": ["null", "long"]}], "people|1"),
        ([FIELDS[0]], "people"),
        ([{"name": "code", "type": {"type": "string", "logicalType": "uuid"}}, FIELDS[1]], "code"),
    ],
    ids=["no default", "never null", "wider", "dropped", "logical"],
)
def test_a_schema_that_takers_could_not_follow_is_refused(book: Book, fields: list[object], place: str) -> None:
    """Old records and old programs stay: the refusal names the place and the version, and nothing is said."""
    apply(book, item())
    with pytest.raises(CommandRefused) as refused:
        apply(book, item(schema=SCHEMA | {"fields": fields}))
    assert refused.value.code == "schema-conflict"
    assert f"may not follow version 1: {place}: " in refused.value.en
    assert f"不能接续第 1 版：{place}：" in refused.value.zh
    assert book.versions[Topic("445102.tax.villages")] == [schema_id(SCHEMA)]


def test_a_schema_is_held_to_every_version_before_it(book: Book) -> None:
    """A field that the last version has no more still stands in old records; an earlier version may come back."""
    optional = SCHEMA | {"fields": [*FIELDS, MORE]}
    apply(book, item(schema=optional))
    apply(book, item())
    with pytest.raises(CommandRefused, match="follow version 1: more"):
        apply(book, item(schema=SCHEMA | {"fields": [*FIELDS, MORE | {"type": "string", "default": ""}]}))
    assert [type(body) for body in apply(book, item(schema=optional))] == [ResourceValue]
    assert book.versions[Topic("445102.tax.villages")] == [schema_id(one) for one in (optional, SCHEMA, optional)]


def test_a_schema_that_cannot_be_compared_is_refused(book: Book) -> None:
    """What is no schema that we can use does not follow another, and the place is told."""
    apply(book, item())
    with pytest.raises(CommandRefused, match="contains itself") as refused:
        apply(book, item(schema=SCHEMA | {"fields": [*FIELDS, {"name": "next", "type": ["null", "Village"], "default": None}]}))
    assert refused.value.code == "bad-schema"


def test_an_empty_catalogue_says_nothing(book: Book) -> None:
    """What is not named stays as it is."""
    assert apply(book) == []
