"""Answers for node/avro/described.py."""

from typing import Any

import pytest

from node.avro import parse
from node.avro.check import PLACES_MAX
from node.avro.described import DataItem, data_items, in_words, title_of

ADDRESS = {
    "type": "record",
    "name": "Address",
    "fields": [{"name": "street", "type": "string", "doc": "街道。 / Street.", "grade": "general-2"}],
}
SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Person",
    "namespace": "cn.gov",
    "grade": "general-1",
    "fields": [
        {"name": "id", "type": "string", "doc": "号码，十八位。 / Number, of eighteen digits.", "grade": "general-3"},
        {"name": "home", "type": ADDRESS, "title": "住址 / Home", "doc": "现住址，不含门牌。 / Where one lives."},
        {"name": "former", "type": ["null", "cn.gov.Address"], "default": None},
        {"name": "all", "type": {"type": "array", "items": "Address"}, "grade": "general-4"},
        {"name": "by", "type": {"type": "map", "values": {"type": "record", "name": "x.Other", "fields": [{"name": "n", "type": "int"}]}}},
    ],
}


def test_every_place_is_a_data_item() -> None:
    """Fields in order, parts of records below them, named types wherever they are named, of arrays and maps what they hold."""
    parse(SCHEMA)
    assert [one.name for one in data_items(SCHEMA)] == [
        "id", "home", "home.street", "former", "former.street", "all", "all[].street", "by", "by{}.n",
    ]  # fmt: skip


def test_an_item_is_told_whole() -> None:
    """Title from the doc's first clause, or as it is given; the meaning is the doc."""
    number, home, *_ = data_items(SCHEMA)
    assert number == DataItem(
        name="id", type="string", title="号码 / Number", meaning="号码，十八位。 / Number, of eighteen digits.", grade="general-3"
    )
    assert (home.type, home.title, home.meaning) == ("record Address", "住址 / Home", "现住址，不含门牌。 / Where one lives.")


def test_the_nearest_grade_counts() -> None:
    """A field's own, else that of the type around it, else that of the field around that, out to the whole record."""
    grades = {one.name: one.grade for one in data_items(SCHEMA)}
    assert grades == {
        "id": "general-3", "home": "general-1", "home.street": "general-2", "former": "general-1", "former.street": "general-2",
        "all": "general-4", "all[].street": "general-2", "by": "general-1", "by{}.n": "general-1",
    }  # fmt: skip
    assert {one.grade for one in data_items({name: part for name, part in SCHEMA.items() if name != "grade"})} >= {"", "general-3"}


def test_short_names_of_two_namespaces_are_two_types() -> None:
    """A name without its namespace is that of the record around it."""
    inner = {"type": "record", "name": "b.A", "fields": [{"name": "one", "type": "int"}, {"name": "two", "type": ["null", "E"]}]}
    other = {"type": "record", "name": "a.E", "fields": [{"name": "wrong", "type": "int"}]}
    right = {"type": "record", "name": "b.E", "fields": [{"name": "right", "type": "int"}]}
    fields = [{"name": "x", "type": other}, {"name": "y", "type": right}, {"name": "z", "type": inner}]
    schema = {"type": "record", "name": "a.R", "fields": fields}
    parse(schema)
    assert [one.name for one in data_items(schema)] == ["x", "x.wrong", "y", "y.right", "z", "z.one", "z.two", "z.two.right"]


def test_what_is_no_text_tells_nothing() -> None:
    """Properties are anybody's to write: those of another kind count as missing."""
    (one,) = data_items({"type": "record", "name": "R", "grade": 3, "fields": [{"name": "a", "type": "int", "doc": 1, "title": []}]})
    assert (one.title, one.meaning, one.grade) == ("", "", "")


def test_types_that_multiply_are_bounded() -> None:
    """A few lines may unfold to more places than any memory holds: no more are told than a schema may have."""
    fields: list[dict[str, Any]] = [{"name": "a", "type": {"type": "record", "name": "T0", "fields": [{"name": "x", "type": "int"}]}}]
    for depth in range(1, 30):
        twice = [{"name": name, "type": f"T{depth - 1}"} for name in ("l", "r")]
        fields.append({"name": f"f{depth}", "type": {"type": "record", "name": f"T{depth}", "fields": twice}})
    assert len(data_items({"type": "record", "name": "R", "fields": fields})) == PLACES_MAX


@pytest.mark.parametrize(
    ("doc", "title"),
    [
        ("性别代码。 / Code of the sex.", "性别代码 / Code of the sex"),
        ("字号：J 结婚、L 离婚。 / Number: J marriage, L divorce.", "字号 / Number"),
        ("代码（GB/T 2260）。 / Code (GB/T 2260).", "代码 / Code"),
        ("事项实施编码（GB/T 39554.1）。 / Code of GB/T 39554.1 matters.", "事项实施编码 / Code of GB/T 39554.1 matters"),
        ("only English; more", "only English"),
        ("", ""),
    ],
)
def test_a_title_is_the_first_clause(doc: str, title: str) -> None:
    """Nothing has to be written twice; a dot within a number ends nothing."""
    assert title_of({"doc": doc}) == title


@pytest.mark.parametrize(
    ("avro", "told"),
    [
        ("string", "string"),
        (["null", {"type": "int", "logicalType": "date"}], "null | date (int)"),
        ({"type": "array", "items": {"type": "string"}}, "array of string"),
        ({"type": "map", "values": "long"}, "map of long"),
        ({"type": "enum", "name": "Kind", "symbols": ["A", "B"]}, "enum A|B"),
        ({"type": "record", "name": "Holder", "fields": []}, "record Holder"),
        ({"type": {"type": "string"}}, "string"),
        (None, "?"),
    ],
)
def test_types_are_told_in_few_words(avro: Any, told: str) -> None:
    """People read types, not JSON."""
    assert in_words(avro) == told
