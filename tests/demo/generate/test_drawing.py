"""Answers for node/demo/generate/drawing.py: records, nulls, arrays, maps, cases, and the order in which fields are made."""

from pathlib import Path
from typing import Any

import pytest

from node.demo.generate.dice import Dice
from node.demo.generate.drawing import drawing, redrawing
from node.demo.generate.lives import START
from node.demo.generate.makers import Draw
from node.errors import SchemaError
from tests.demo.generate.schemas import drawn, field, source

AB = {"choice": ["a", "b"]}


def test_fields_come_in_the_schemas_order_whatever_they_are_made_from(tmp_path: Path) -> None:
    """A field that is made from a later one waits for it, and still stands where the schema has it."""
    rows = drawn(tmp_path, field("second", "string", {"same": "third"}), field("first", "int"), field("third", "string", AB))
    assert list(rows[0]) == ["second", "first", "third"]
    assert all(row["second"] == row["third"] for row in rows)


def test_nulls_come_in_their_share(tmp_path: Path) -> None:
    """As said, three in ten unless it is said, always for null, never where a maker is named without a share."""
    rows = drawn(
        tmp_path,
        field("said", ["null", "string"], {**AB, "nulls": 0.8}),
        field("unsaid", ["null", "int"]),
        field("always", ["null", "int"], None),
        field("never", ["null", "string"], AB),
        count=500,
    )
    share = {name: sum(row[name] is None for row in rows) / len(rows) for name in rows[0]}
    assert 0.7 < share["said"] < 0.9
    assert 0.2 < share["unsaid"] < 0.4
    assert (share["always"], share["never"]) == (1, 0)


def test_arrays_and_maps_have_their_size_and_keys(tmp_path: Path) -> None:
    """Items are made by what the items' type says."""
    rows = drawn(
        tmp_path,
        field("list", {"type": "array", "items": {"type": "string", "generate": AB}}, {"size": [1, 3]}),
        field("map", {"type": "map", "values": "int"}, {"size": [0, 2], "keys": ["x", "y"]}),
    )
    assert {len(row["list"]) for row in rows} == {1, 2, 3}
    assert {item for row in rows for item in row["list"]} == {"a", "b"}
    assert {tuple(sorted(row["map"])) for row in rows} == {(), ("x",), ("y",), ("x", "y")}


def test_cases_follow_another_field(tmp_path: Path) -> None:
    """By its text, null and booleans by their words, and otherwise what `else` says."""
    kind = {"type": "enum", "name": "Kind", "symbols": ["ONE", "TWO", "REST"]}
    rows = drawn(
        tmp_path,
        field("kind", kind),
        field("maybe", ["null", "int"]),
        field("flag", "boolean"),
        field("by", ["null", "string"], {"by": "kind", "cases": {"ONE": {"choice": ["1"]}, "TWO": {"choice": ["2"]}}, "else": None}),
        field("null", "string", {"by": "maybe", "cases": {"null": {"choice": ["none"]}}, "else": {"choice": ["some"]}}),
        field("bool", "string", {"by": "flag", "cases": {"true": {"choice": ["yes"]}, "false": {"choice": ["no"]}}}),
    )
    for row in rows:
        assert row["by"] == {"ONE": "1", "TWO": "2", "REST": None}[row["kind"]]
        assert row["null"] == ("none" if row["maybe"] is None else "some")
        assert row["bool"] == ("yes" if row["flag"] else "no")


def test_cases_follow_an_age(tmp_path: Path) -> None:
    """The first limit that the years since a date are below."""
    born = field("born", {"type": "int", "logicalType": "date"}, {"date": ["1940-01-01", "2024-12-31"]})
    said = {"by-age": "born", "below": {"18": {"choice": ["young"]}, "60": {"choice": ["adult"]}}, "else": {"choice": ["old"]}}
    for row in drawn(tmp_path, born, field("is", "string", said)):
        years = (START.date() - row["born"]).days / 365.25
        assert row["is"] == ("young" if years < 18 else "adult" if years < 60 else "old")


def test_inner_records_may_follow_the_record_around_them(tmp_path: Path) -> None:
    """`^kind` is the outer record's, which is made first wherever it stands; in arrays too, and nothing of it is left inside."""
    inner = {"type": "record", "name": "Inner", "fields": [field("same", "string", {"same": "^kind"})]}
    rows = drawn(
        tmp_path, field("one", inner), field("many", {"type": "array", "items": "Inner"}, {"size": [1, 2]}), field("kind", "string", AB)
    )
    for row in rows:
        assert row["one"] == {"same": row["kind"]}
        assert all(item == {"same": row["kind"]} for item in row["many"])


def test_some_fields_can_be_drawn_anew(tmp_path: Path) -> None:
    """The others stay, and the former record is untouched."""
    here = source(tmp_path, field("id", "string", {"digits": 9}), field("value", "string", {"digits": 9}))
    draw = Draw(Dice(1), START, 1)
    former = drawing(here)(draw)
    again = redrawing(here, ["value"])(draw, former)
    assert again["id"] == former["id"]
    assert again["value"] != former["value"]


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ([field("a", "string", {"same": "b"})], 'schema: "generate" names b, which the record does not have'),
        ([field("a", "string", {"same": "^b"})], r"names \^b, and there is no record around"),
        (
            [field("a", {"type": "record", "name": "I", "fields": [field("c", "string", {"same": "^b"})]})],
            "names b, which the record does not",
        ),
        ([field("a", "string", {"same": "b"}), field("b", "string", {"same": "a"})], "a, b are made from each other"),
        ([field("a", "boolean"), field("b", "string", {"by": "a", "cases": {"true": AB}})], "b: .*by a has no case for this record"),
    ],
)
def test_what_cannot_be_made_is_told(tmp_path: Path, fields: list[dict[str, Any]], cause: str) -> None:
    """With the place in the schema."""
    with pytest.raises(SchemaError, match=cause):
        drawn(tmp_path, *fields)


def test_redraw_names_fields_that_are_there(tmp_path: Path) -> None:
    """A slip in `redraw` is told when the schema is taken in, not when the first subject goes on."""
    with pytest.raises(SchemaError, match="redraw names b"):
        redrawing(source(tmp_path, field("a", "int")), ["b"])
