"""Answers for node/avro/deriving.py; a cutter of data in plain Python, fastavro and the registry's own compatibility are the judges."""

import json
import re
from contextlib import nullcontext
from copy import deepcopy
from io import BytesIO
from itertools import combinations
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.avro.compatibility import comparable, conflicts
from node.avro.deriving import check_renamed, check_selection, derive, filter_fits, key_granted
from node.avro.ids import canonical
from node.avro.schema import ParsedSchema, parse
from node.avro.selection import Selection
from node.errors import SchemaError
from tests.avro.cut_reference import cutter
from tests.avro.granting import Maker, as_json

Json = Any
PHONE = [{"rule": "cn-phone"}]
KIND = {"type": "enum", "name": "Kind", "symbols": ["HOME", "WORK"], "doc": "种类 / Kind"}
ADDRESS = {
    "type": "record",
    "name": "Address",
    "doc": "地址 / Address",
    "fields": [
        {"name": "street", "type": "string", "rules": [{"rule": "length", "max": 9}], "doc": "街道 / Street"},
        {"name": "kind", "type": KIND},
        {"name": "born", "type": ["null", {"type": "int", "logicalType": "date"}], "default": None},
    ],
}
PERSON: dict[str, Json] = {
    "type": "record",
    "name": "Person",
    "namespace": "cn.gov",
    "title": "人 / People",
    "doc": "人 / People",
    "key": ["id", "name"],
    "aliases": ["Human"],
    "rules": [{"rule": "cel", "expression": "id != name"}],
    "generate": {"lives": 1},
    "fields": [
        {"name": "id", "type": "string", "rules": [{"rule": "cn-resident-id"}], "generate": "id", "doc": "号 / Number"},
        {"name": "name", "type": {"type": "string", "rules": [{"rule": "length", "min": 1}]}, "default": "张三丰"},
        {"name": "home", "type": ADDRESS, "default": {"street": "潮州大道", "kind": "HOME", "born": None}},
        {"name": "work", "type": ["Address", "null"], "doc": "单位"},
        {"name": "others", "type": {"type": "array", "items": "Address"}, "default": []},
        {"name": "phones", "type": {"type": "map", "values": {"type": "string", "rules": PHONE}}, "default": {"a": "13900000000"}},
        {"name": "kind", "type": "Kind", "default": "HOME"},
        {"name": "many", "type": ["null", "int", "string"]},
        {"name": "income", "type": "double", "default": 1249.0},
        {"name": "moved", "type": {"type": "long", "logicalType": "timestamp-millis"}, "default": 1767196800000},
    ],
}


def view(*fields: str, **masks: str) -> dict[str, Json]:
    """The derived schema of people; in a mask's path a point is written `__`."""
    selection = Selection(fields=fields or None, masks={path.replace("__", "."): mask for path, mask in masks.items()})
    derived = derive(deepcopy(PERSON), selection)
    parse(derived)
    return derived


def field(derived: dict[str, Json], name: str) -> dict[str, Json]:
    """A field of a record."""
    return next(one for one in derived["fields"] if one["name"] == name)


def names(derived: dict[str, Json]) -> list[str]:
    """The names of a record's fields."""
    return [one["name"] for one in derived["fields"]]


def words(node: Json) -> set[str]:
    """All keys of a schema's objects."""
    if isinstance(node, dict):
        return {*node, *(word for value in node.values() for word in words(value))}
    return {word for value in node for word in words(value)} if isinstance(node, list) else set()


def test_all_that_is_granted_stays_but_its_rules() -> None:
    """Fields in their order, docs, defaults, key and aliases stay; rules and what generates sample data go, wherever they stand."""
    derived = view()
    assert names(derived) == names(PERSON)
    assert not words(derived) & {"rules", "rule", "generate"}
    assert {name: derived[name] for name in ("name", "namespace", "title", "doc", "key", "aliases")} == {
        name: PERSON[name] for name in ("name", "namespace", "title", "doc", "key", "aliases")
    }
    assert field(derived, "id")["doc"] == "号 / Number"
    assert field(derived, "home")["default"] == field(PERSON, "home")["default"]


def test_fields_keep_the_order_of_the_schema() -> None:
    """However a grant lists them: two spellings of one grant are one view."""
    assert view("kind", "id", "home.kind", "home.street") == view("home.street", "home.kind", "id", "kind")
    assert names(view("kind", "home", "id")) == ["id", "home", "kind"]


def test_a_type_that_stays_whole_is_defined_where_it_is_first_used() -> None:
    """Where its definition stood may be cut away."""
    derived = view("work", "others", "kind")
    assert field(derived, "work")["type"][0]["name"] == "Address"
    assert field(derived, "others")["type"]["items"] == "Address"
    assert field(derived, "kind")["type"] == "Kind"


def test_two_cuts_of_a_type_are_two_types() -> None:
    """Each has the name that the type had, in the namespace of its place; what stays whole keeps its own."""
    derived = view("home.street", "work", "others[].kind")
    home, work, items = field(derived, "home")["type"], field(derived, "work")["type"][0], field(derived, "others")["type"]["items"]
    assert [(one["name"], one.get("namespace")) for one in (home, work, items)] == [
        ("Address", "cn.gov.view.home"),
        ("Address", None),
        ("Address", "cn.gov.view.others.items"),
    ]
    assert [names(one) for one in (home, work, items)] == [["street"], ["street", "kind", "born"], ["kind"]]
    assert field(items, "kind")["type"] == "cn.gov.Kind"


def test_a_cut_type_never_takes_the_name_of_another() -> None:
    """Not even where a resource has types in the namespace of its views."""
    schema = deepcopy(PERSON)
    schema["fields"].append({"name": "odd", "type": KIND | {"name": "Address", "namespace": "cn.gov.view.home"}})
    derived = derive(schema, Selection(fields=("home.street", "odd")))
    parse(derived)
    assert field(derived, "home")["type"]["namespace"] == "cn.gov.view_.home"


def test_a_type_without_a_namespace_is_named_where_it_can_be() -> None:
    """Within a cut record there is a namespace, from which a name without one cannot be written."""
    schema = deepcopy(PERSON)
    del schema["namespace"]
    derived = derive(schema, Selection(fields=("home.kind", "others[].kind", "work", "kind")))
    parse(derived)
    assert field(field(derived, "home")["type"], "kind")["type"]["namespace"] == "view.home.kind"
    assert field(derived, "kind")["type"] == "Kind"


def test_the_default_of_a_cut_record_is_cut() -> None:
    """What is not granted does not leave in a default either, and what is masked leaves masked."""
    derived = view(
        "home.street", "home.born", "phones", "name", home__street="keep-first:1", name="keep-last:1", **{"phones{}": "keep-last:4"}
    )
    assert field(derived, "home")["default"] == {"street": "潮***", "born": None}
    assert field(derived, "phones")["default"] == {"a": "*******0000"}
    assert field(derived, "name")["default"] == "**丰"


@pytest.mark.parametrize(
    ("path", "mask", "made", "default"),
    [
        ("id", "hide", ["null", "string"], None),
        ("name", "hide", ["null", "string"], None),
        ("many", "hide", ["null", "int", "string"], None),
        ("name", "hmac", "string", ""),
        ("income", "round:100", "double", 1200.0),
        ("moved", "year", "int", 2026),
        ("kind", "hide", ["null", "Kind"], None),
    ],
)
def test_masks_change_types_and_defaults(path: str, mask: str, made: Json, default: Json) -> None:
    """And the doc says so; `moved` is 2026 in China, 2025 in Greenwich."""
    found = field(view(**{path: mask}), path)
    assert found["type"] == made
    assert found["default"] == default
    assert found["doc"].startswith(field(PERSON, path).get("doc", "") + "（脱敏：")


def test_null_stays_where_it_stands_in_a_union() -> None:
    """A mask applies to the other type, in the same order; a hidden field that has null already keeps its type."""
    derived = view(work="hide", others="hide", **{"home.born": "year"})
    assert field(derived, "work")["type"][1] == "null"
    assert "default" not in field(derived, "work")
    assert field(field(derived, "home")["type"], "born")["type"] == ["null", "int"]


def test_what_a_version_lacks_is_not_there() -> None:
    """Grants are made on the newest version; where an old one has no such field, or one that a path or mask does not fit, nothing stands."""
    assert names(view("id", "nowhere", "home.nowhere", "name.first", "kind[]", "many.x")) == ["id", "home"]
    assert names(view("id", "kind", id="year", kind="round:10")) == []


def test_the_key_stays_where_it_is_granted() -> None:
    """Every field of it, unmasked."""
    assert view("name", "id")["key"] == ["id", "name"]
    assert "key" not in view("id")
    assert "key" not in view(name="hide")
    assert [key_granted(PERSON, Selection(fields=fields)) for fields in (("id", "name"), ("id",), None)] == [True, False, True]
    assert key_granted({"type": "record", "name": "R", "fields": []}, Selection(fields=()))


@pytest.mark.parametrize(
    ("rows", "fits"),
    [("", True), ('id == "1"', True), ('home.kind == "HOME"', True), ("nowhere == 1", False), ("id == 1", False), ("(", False)],
)
def test_a_filter_fits_a_version_or_not(rows: str, fits: bool) -> None:  # noqa: FBT001
    """Its fields are there, of the type that it compares them with."""
    assert filter_fits(deepcopy(PERSON), rows) is fits


@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection(fields=("id", "home.street", "others[].kind", "phones{}", "many")),
        Selection(masks={"id": "hmac", "home.born": "year", "others[]": "hide", "many": "hide", "income": "round"}),
        Selection(fields=("id",), rows='home.street.startsWith("潮") && (income > 5.0 || !has(work.born))'),
        Selection(fields=("name", "work"), masks={"work.street": "keep-last:2"}),
    ],
)
def test_a_selection_that_fits_may_be_granted(selection: Selection) -> None:
    """Nothing is said, and its view's schema can be used."""
    check_selection(deepcopy(PERSON), selection)


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (Selection(fields=()), "fields: none is named"),
        (Selection(fields=("id", "hone")), "fields: hone: the schema has no such field; near to it are phones, home"),
        (Selection(fields=("home.stret",)), "fields: home.stret: the schema has no such field; near to it are home.street"),
        (Selection(fields=("",)), "fields: : the schema has no such field"),
        (Selection(fields=("others.kind",)), r"fields: others.kind: the schema has no such field; near to it are others\[\].kind"),
        (Selection(fields=("many|1",)), r"fields: many\|1: many is a union of several types: it is granted or hidden as a whole"),
        (Selection(fields=("id", "id")), "fields: id: it is named twice"),
        (Selection(fields=("home.street", "id", "home")), "fields: home.street: it lies within home, which is named as well"),
        (Selection(fields=("others[]", "others")), r"fields: others\[\]: it lies within others"),
        (Selection(fields=tuple(f"f{index}" for index in range(501))), "fields: 501 are named; at most 500"),
        (Selection(masks={"nane": "hide"}), "masks: nane: the schema has no such field; near to it are name"),
        (Selection(fields=("id",), masks={"name": "hide"}), "masks: name: it is not granted"),
        (Selection(fields=("home.street",), masks={"home": "hide"}), "masks: home: it is not granted"),
        (Selection(masks={"home.street": "hide", "home": "hide"}), "masks: home.street: it lies within home"),
        (Selection(masks={"id": "blur"}), "masks: id: 'blur' is no mask"),
        (Selection(masks={"id": "keep-first"}), "masks: id: keep-first takes a number"),
        (Selection(masks={"id": "year"}), "masks: id: year fits date, timestamp, local-timestamp; this is string"),
        (Selection(masks={"home": "hmac"}), "masks: home: hmac fits string, uuid, int, long; this is record"),
        (Selection(masks={"kind": "keep-first:1"}), "masks: kind: keep-first fits string; this is enum"),
        (Selection(masks={"many": "keep-first:1"}), "masks: many: keep-first fits string; this is union"),
        (Selection(rows="nowhere == 1"), "rows: column 1: nowhere is no field"),
        (Selection(rows="income =="), "rows: column 8: this is no CEL expression"),
        (Selection(rows="others.kind == null"), "rows: column 1: others.kind is no field"),
        (Selection(rows='id == "1" && id == "2"'), "rows: column 14: can never hold: with the tests beside it, no value of id is left"),
        (Selection(rows=" && ".join(['(id == "1" || id == "2")'] * 9)), "rows: it unfolds to more than 256 alternatives"),
        (Selection(rows=" || ".join(["income > 1.0"] * 400)), "rows: it is longer than 4000 characters"),
    ],
)
def test_a_selection_that_does_not_fit_is_refused_with_its_place(selection: Selection, said: str) -> None:
    """Before anything is cut by it; near names are told."""
    with pytest.raises(SchemaError, match=f"^{said}"):
        check_selection(deepcopy(PERSON), selection)


RENAMED: dict[str, Json] = {
    "type": "record",
    "name": "R",
    "fields": [
        {
            "name": "home",
            "aliases": ["residence", "flat"],
            "type": ADDRESS | {"fields": [{"name": "way", "aliases": ["street"], "type": "string"}]},
        },
        {"name": "other", "aliases": ["home"], "type": "string"},
    ],
}


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (Selection(fields=("home",)), "fields: home: in older versions it is called residence: name both"),
        (Selection(fields=("home", "residence")), "fields: home: in older versions it is called flat"),
        (Selection(fields=("flat",)), "fields: home: in older versions it is called flat"),
        (Selection(masks={"home": "hide"}), "masks: home: in older versions it is called residence"),
        (Selection(masks={"home.way": "hide"}), "masks: home.way: in older versions it is called home.street"),
        (Selection(masks={"home.way": "hide", "home.street": "hide"}), "masks: home.way: in older versions it is called residence.way"),
        (Selection(masks={f"{home}.{way}": "hide" for home in ("home", "residence", "flat") for way in ("way", "street")}), ""),
        (
            Selection(masks={f"{home}.way": "hide" for home in ("home", "residence", "flat")}),
            "masks: home.way: in older versions it is called ",
        ),
        (Selection(masks={"home": "hide", "residence": "hide", "flat": "hide"}), ""),
        (Selection(fields=("home", "residence", "flat")), ""),
        (Selection(fields=("other",)), ""),
        (Selection(), ""),
    ],
)
def test_a_renamed_field_is_granted_and_masked_by_all_its_names(selection: Selection, said: str) -> None:
    """Old records are cut by the same grant, and in them it has its old name: they would show what new ones do not."""
    for check in (check_selection, check_renamed):
        with pytest.raises(SchemaError, match=f"^{said}") if said else nullcontext():
            check(deepcopy(RENAMED), selection)


def test_a_schema_that_unfolds_by_its_aliases_is_refused() -> None:
    """Two names on each of 20 levels are a million paths."""
    node: Json = "int"
    for level in range(20):
        node = {"type": "record", "name": f"R{level}", "fields": [{"name": "a", "aliases": ["b"], "type": node}]}
    with pytest.raises(SchemaError, match=r"^schema: with the aliases of its fields it has more than 16000 places"):
        check_selection(node, Selection(fields=("a",)))


# ---- random resources, grants and data


def _usable(schema: dict[str, Json]) -> bool:
    try:
        parse(schema)
    except SchemaError:  # a field went that defined what others name
        return False
    return True


def _of_view(seed: int) -> tuple[Maker, Selection, ParsedSchema]:
    maker = Maker(seed)
    parse(maker.schema)
    selection = maker.grant()
    check_selection(maker.schema, selection)
    return maker, selection, parse(derive(maker.schema, selection))


@given(st.integers(0, 10**9))
@settings(max_examples=150, deadline=None)
def test_a_cut_datum_is_one_of_the_derived_schema(seed: int) -> None:
    """It has all the fields and no other; and what is written is read again by fastavro."""
    maker, selection, derived = _of_view(seed)
    schema = parse(maker.schema).avro
    for _ in range(3):
        datum = cutter(schema, selection, b"secret").cut(schema, maker.value(maker.schema))
        written = BytesIO()
        fastavro.schemaless_writer(written, derived.avro, datum, strict=True)
        written.seek(0)
        assert fastavro.schemaless_reader(written, derived.avro, None) == datum


@given(st.integers(0, 10**9))
@settings(max_examples=100, deadline=None)
def test_what_a_default_leaves_is_what_a_value_would(seed: int) -> None:
    """A reader that fills in a default sees no more than one to whom the value was sent; only hmac has no secret to work with."""
    maker, selection, derived = _of_view(seed)
    schema, own = parse(maker.schema).avro, [id(field) for field in maker.schema["fields"]]
    defaults = {field["name"]: value for field, value in maker.defaults if id(field) in own}
    cut = cutter(schema, selection, b"secret").cut(schema, maker.value(maker.schema) | defaults)
    expected = json.dumps({name: as_json(value) for name, value in cut.items() if name in defaults}, sort_keys=True)
    found = json.dumps({field["name"]: field["default"] for field in derived.fields if field["name"] in defaults}, sort_keys=True)
    assert json.loads(found) == json.loads(re.sub('"[0-9a-f]{32}"', '""', expected))


@given(st.integers(0, 10**9))
@settings(max_examples=60, deadline=None)
def test_a_derived_schema_is_the_same_everywhere(seed: int) -> None:
    """However the grant lists its fields and masks, and however the JSON of the schema orders its keys."""
    maker, selection, _ = _of_view(seed)
    turned = Selection(
        fields=None if selection.fields is None else selection.fields[::-1], masks=dict(reversed(list(selection.masks.items())))
    )
    once = derive(deepcopy(maker.schema), selection)
    assert canonical(once) == canonical(derive(json.loads(canonical(maker.schema)), turned))


@given(st.integers(0, 10**9))
@settings(max_examples=120, deadline=None)
def test_versions_that_read_each_other_give_views_that_do(seed: int) -> None:
    """All of them with all: the grant names fields of the newest version, and old ones may lack them."""
    maker, versions = Maker(seed), []
    for _ in range(3):
        versions.append(maker.schema)
        maker.next_version()
    versions = [one for one in versions if _usable(one)]
    pairs = [(new, old) for old, new in combinations(versions, 2) if not conflicts(comparable(new), comparable(old))]
    if not pairs:
        return
    newest = pairs[-1][0]
    maker.know(newest)
    selection = maker.grant()
    check_selection(newest, selection)
    for new, old in pairs:
        told = conflicts(comparable(derive(new, selection)), comparable(derive(old, selection)))
        assert told == []
