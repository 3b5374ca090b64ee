"""Answers for node/control/naming.py."""

import itertools
import json
import sys
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from node.avro.ids import text_id
from node.control.naming import selection_of, view_name
from node.model.names import Department, Division, Topic, is_view, resource_of
from node.model.values import EventRef, GrantValue, SchemaValue

BILLS = Topic("445102.tax.bills")
ONE, TWO = (Division("445102"), 7), (Division("445102"), 8)
GRANT = GrantValue(
    resource=BILLS, taker=Department("440000.tax"), purpose="核对", fields=("code", "sum"), masks={"sum": "round:100"}, request=(TWO[0], 3)
)


def schema(text: str) -> SchemaValue:
    """A registered schema."""
    return SchemaValue(id=text_id(text), schema=text)


KEYED = schema(json.dumps({"type": "record", "name": "Bill", "key": ["code"], "fields": []}))


def name(ref: EventRef = ONE, first: SchemaValue = KEYED, **parts: Any) -> Topic | None:
    """The view's name of the grant above with some parts changed."""
    return view_name(ref, msgspec.structs.replace(GRANT, **parts), first)


def test_a_view_is_named_after_its_resource_and_what_it_shows() -> None:
    """The name is for ever: topics have it on every cluster. Who takes it, for what and until when, and the order of fields make no other."""
    means = '["445102.tax.bills",["code","sum"],"",{"sum":"round:100"},"all"]'
    assert name() == "445102.tax.bills.v-" + sha256(means.encode()).hexdigest()[:12] == "445102.tax.bills.v-ee9343ea4f75"
    assert is_view(name() or "")
    assert resource_of(name() or Topic("")) == BILLS
    assert name(TWO, fields=("sum", "code"), taker=Department("445100.tax"), purpose="", until="2026-12-31") == name()


def test_different_views_have_different_names() -> None:
    """Each part of what is shown counts."""
    parts: list[dict[str, Any]] = [
        {},
        {"fields": ("code",)},
        {"fields": None},
        {"rows": "sum > 3"},
        {"masks": {}},
        {"masks": {"sum": "round:10"}},
        {"masks": {"sum": "hide"}},
        {"history": "from-now"},
        {"resource": Topic("445102.tax.rolls")},
    ]
    names = [name(**part) for part in parts]
    assert None not in names
    assert all(one != other for one, other in itertools.combinations(names, 2))


def test_the_whole_resource_needs_no_view() -> None:
    """Then the resource's own topic is carried."""
    assert name(fields=None, masks={}) is None


@pytest.mark.parametrize(
    "parts",
    [
        {"fields": ("sum",)},
        {"fields": ("code.part", "sum")},
        {"masks": {"code": "keep-first:1"}},
        {"masks": {"sum": "hmac"}},
        {"masks": {"sum": "hmac:2"}},
        {"masks": {"sum": "newer"}},
        {"history": "from-now"},
        {"first": schema("1")},
        {"first": schema('{"key":3}')},
        {"first": schema('{"key":["code","region"]}')},
        {"first": schema('{"deep":' + "[" * 100_000 + "]" * 100_000 + "}")},
    ],
    ids=[
        "no key",
        "part of the key",
        "masked key",
        "hmac",
        "odd hmac",
        "newer mask",
        "from now",
        "no schema",
        "odd key",
        "two keys",
        "too deep",
    ],
)
def test_a_view_that_two_takers_could_learn_from_is_not_shared(parts: dict[str, Any]) -> None:
    """Each grant then has a view of its own, with a secret of its own; and the same grant always the same."""
    assert name(ONE, **parts) != name(TWO, **parts)
    assert name(ONE, **parts) == name(ONE, **parts)


@pytest.mark.parametrize(
    "parts",
    [
        {"rows": "sum > 3"},
        {"fields": None},
        {"masks": {"sum": "hide"}, "fields": None},
        {"fields": ("sum",), "first": schema('{"name":"Bill"}')},
        {"first": schema('{"key":["code","sum"]}'), "masks": {}},
    ],
    ids=["rows", "all fields", "hide", "records without key", "two keys"],
)
def test_a_view_from_which_nobody_learns_more_is_shared(parts: dict[str, Any]) -> None:
    """The key is granted, or there is none, and no mask yields what another taker's would."""
    assert name(ONE, **parts) == name(TWO, **parts)


def test_a_selection_is_the_same_for_all_that_share_a_view() -> None:
    """However its fields and masks are ordered."""
    value = msgspec.structs.replace(GRANT, masks={"sum": "hide", "code": "hide"}, rows="sum > 3")
    other = msgspec.structs.replace(value, fields=("sum", "code"), masks={"code": "hide", "sum": "hide"})
    assert msgspec.json.encode(selection_of(value)) == msgspec.json.encode(selection_of(other))
    assert selection_of(value).rows == "sum > 3"
    assert selection_of(msgspec.structs.replace(value, fields=None)).fields is None


def test_a_schema_takes_no_more_room_for_having_been_asked_for_its_key() -> None:
    """Thousands of schemas stand in a book, and CPython keeps the UTF-8 that a text was asked for as long as the text."""
    first = schema(json.dumps({"type": "record", "name": "Bill", "title": "账单" * 500, "key": ["code"]}, ensure_ascii=False))
    before = sys.getsizeof(first.schema)
    assert name(first=first) == name()
    assert sys.getsizeof(first.schema) == before
