"""Answers for node/control/fitting.py."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from node.avro.ids import schema_id
from node.control.book import Book
from node.control.commands import AddDepartment, ApplyCatalogue, CatalogueItem, Command, EndGrant
from node.control.decide import decide
from node.control.events import day_of, encode
from node.control.fitting import check_still_shown, versions_of
from node.control.views import schema_ids, views
from node.errors import CommandRefused
from node.model.names import Department, Division, Topic
from node.model.values import EventRef, Kind, SchemaValue
from tests.granting import AUTHORITY, ask, consent, wanted

HERE = Division("445102")
BILLS = Topic("445102.tax.bills")
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIELDS: list[dict[str, object]] = [
    {"name": "code", "type": "string"},
    {"name": "sum", "type": "long", "default": 0},
    {"name": "payer", "type": "string", "default": ""},
    {
        "name": "home",
        "type": {"type": "record", "name": "Home", "fields": [{"name": "street", "type": "string", "default": ""}]},
        "default": {},
    },
]
SCHEMA: dict[str, object] = {"type": "record", "name": "Bill", "key": ["code"], "fields": FIELDS}
MORE: dict[str, object] = {"name": "note", "type": "string", "default": ""}


def catalogue(*fields: dict[str, object]) -> ApplyCatalogue:
    """Describe the resource with these fields."""
    schema = SCHEMA | {"fields": list(fields)}
    return ApplyCatalogue(resources=(CatalogueItem(name=BILLS, title="账单", kind=Kind.STATE, schema=schema, partitions=1),))


def carry_out(book: Book, command: Command, at: datetime = AT) -> tuple[list[str], EventRef]:
    """Decide and fold; return the kinds of what was said, and the last event."""
    said = decide(command, book, HERE, at)
    for event in said:
        book.fold(HERE, encode(event))
    assert not book.refused
    return [event.kind for event in said], said[-1].ref


def grant(book: Book, at: datetime = AT, **parts: Any) -> tuple[list[str], EventRef]:
    """Let a request of the other department come to its grant; return what the consent made the node say, and the grant."""
    asked = wanted(BILLS, "445102.police", str(len(book.requests)), **parts)
    request = ask(lambda _here, command: carry_out(book, command, at)[1], asked)
    return carry_out(book, consent(asked, request), at)


def end(book: Book, *grants: EventRef) -> None:
    """End grants."""
    for ref in grants:
        carry_out(book, EndGrant(by=AUTHORITY, grant=ref))


@pytest.fixture
def book() -> Book:
    """A district with two departments and a resource of one of them."""
    book = Book()
    for name in ("tax", "police"):
        carry_out(book, AddDepartment(department=Department(f"445102.{name}"), name=name))
    carry_out(book, catalogue(*FIELDS))
    return book


def test_a_version_brings_the_schemas_of_all_views_before_it(book: Book) -> None:
    """Once for views with the same fields, none for a view to which the version is nothing new, none for one that ended or is past."""
    end(book, grant(book, fields=("code",), masks={"code": "hide"})[1])
    grant(book, datetime(2026, 11, 21, 12, tzinfo=UTC), fields=("payer",), until="2026-11-21")
    for parts in ({"masks": {"sum": "hide"}}, {"masks": {"sum": "hide"}, "history": "from-now"}, {"fields": ("code",)}):
        grant(book, **parts)
    said = decide(catalogue(*FIELDS, MORE), book, HERE, AT)
    assert [event.kind for event in said] == ["schema", "schema", "resource"]
    resource, view = (json.loads(event.body.schema) for event in said if isinstance(event.body, SchemaValue))
    assert resource["key"] == view["key"] == ["code"]
    assert [field["name"] for field in view["fields"]] == ["code", "sum", "payer", "home", "note"]
    assert view["fields"][1]["type"] == ["null", "long"]
    carry_out(book, catalogue(*FIELDS, MORE))
    for one in views(book, day_of(AT)).values():
        ids = schema_ids(book, BILLS, one.selection)
        assert list(ids) == book.versions[BILLS]
        assert (ids[schema_id(SCHEMA)] == ids[schema_id(resource)]) == (one.selection.fields is not None)


def test_a_grant_has_a_schema_for_each_version(book: Book) -> None:
    """Old records stand under old versions, and are cut too, also where those lack what is granted."""
    carry_out(book, catalogue(*FIELDS, MORE))
    assert grant(book, fields=("code", "note"))[0] == ["schema", "schema", "request-answered", "grant"]
    (view,) = views(book, day_of(AT)).values()
    ids = schema_ids(book, BILLS, view.selection)
    names = []
    for number in ids.values():
        schema = book.schema(number)
        assert schema is not None
        names.append([field["name"] for field in json.loads(schema.schema)["fields"]])
    assert names == [["code"], ["code", "note"]]


def test_what_was_lost_is_said_again(book: Book) -> None:
    """A node whose version derives otherwise than the one that gave a grant says its schemas when the same is granted again."""
    carry_out(book, catalogue(*FIELDS, MORE))
    grant(book, fields=("note",))
    del book.schemas[schema_ids(book, BILLS, next(iter(views(book, day_of(AT)).values())).selection)[book.versions[BILLS][1]]]
    assert grant(book, fields=("note",))[0] == ["schema", "request-answered", "grant"]


@pytest.mark.parametrize(
    ("parts", "fields", "en", "zh"),
    [
        ({"rows": "payer == 'x'"}, [FIELDS[0], FIELDS[1], FIELDS[3]], "the rows `payer == 'x'` can no longer be asked", "行条件"),
        ({"rows": "home.street == 'x'"}, FIELDS[:3], "the rows `home.street == 'x'`", "行条件"),
        (
            {"masks": {"payer": "keep-first:1"}},
            [*FIELDS[:2], FIELDS[2] | {"type": "bytes"}, FIELDS[3]],
            "the mask of payer no longer fits it",
            "payer 的脱敏方式已不适用",
        ),
    ],
    ids=["rows", "nested rows", "mask"],
)
def test_a_version_that_would_silence_a_view_is_refused(
    book: Book, parts: dict[str, Any], fields: list[dict[str, object]], en: str, zh: str
) -> None:
    """With the view's grants and takers, and what to do; once they have ended, it passes."""
    refs = [grant(book, **parts)[1] for _ in range(2)]
    with pytest.raises(CommandRefused) as refused:
        decide(catalogue(*fields), book, HERE, AT)
    assert refused.value.code == "schema-breaks-view"
    named = ", ".join(f"445102/{number} (445102.police)" for _author, number in refs)
    assert en in refused.value.en
    assert zh in refused.value.zh
    assert named in refused.value.en
    assert named in refused.value.zh
    end(book, *refs)
    assert decide(catalogue(*fields), book, HERE, AT)


def test_of_many_grants_a_refusal_names_ten(book: Book) -> None:
    """And says how many more there are."""
    for _ in range(13):
        grant(book, rows="payer == 'x'")
    with pytest.raises(CommandRefused, match=r"445102/\d+ \(445102.police\) and 3 more\. ") as refused:
        decide(catalogue(FIELDS[0], FIELDS[1], FIELDS[3]), book, HERE, AT)
    assert refused.value.en.count("(445102.police)") == refused.value.zh.count("(445102.police)") == 10
    assert "等另外 3 项" in refused.value.zh


def test_fields_that_a_version_drops_are_not_there(book: Book) -> None:
    """A granted field may go as the compatibility of schemas allows: its takers read its default."""
    grant(book, fields=("code", "payer", "home.street"), masks={"payer": "keep-first:1"})
    assert carry_out(book, catalogue(FIELDS[0], FIELDS[1]))[0] == ["schema", "schema", "resource"]
    assert len(versions_of(book, BILLS)) == 2


def test_a_mask_that_is_not_known_refuses_every_new_version(book: Book) -> None:
    """A node that went back to an older version must not go on with a view that it cannot cut."""
    grant(book, masks={"sum": "hide"})
    (ref,) = book.grants
    book.grants[ref].value.masks["sum"] = "newer"
    with pytest.raises(CommandRefused, match="newer") as refused:
        check_still_shown(BILLS, SCHEMA, book, day_of(AT))
    assert refused.value.code == "schema-breaks-view"


def test_a_resource_that_is_new_has_no_versions(book: Book) -> None:
    """And each version stands once, however often it held."""
    assert versions_of(book, Topic("445102.tax.rolls")) == []
    carry_out(book, catalogue(*FIELDS, MORE))
    carry_out(book, catalogue(*FIELDS))
    assert len(book.versions[BILLS]) == 3
    assert [json.loads(text)["fields"][-1]["name"] for text in versions_of(book, BILLS)] == ["home", "note"]


def test_a_version_that_renames_what_a_view_hides_is_refused(book: Book) -> None:
    """Under the new name it would be shown; a view that has nothing to do with the field does not mind."""
    grant(book, fields=("code",))
    renamed: list[dict[str, object]] = [
        *FIELDS[:2],
        {"name": "payer_name", "aliases": ["payer"], "type": "string", "default": ""},
        FIELDS[3],
    ]
    assert decide(catalogue(*renamed), book, HERE, AT)
    grant(book, masks={"payer": "hide"})
    with pytest.raises(CommandRefused, match="payer_name") as refused:
        decide(catalogue(*renamed), book, HERE, AT)
    assert refused.value.code == "schema-breaks-view"
