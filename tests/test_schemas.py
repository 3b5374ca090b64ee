"""Answers for schemas/ and the demo's tables under deploy/demo/: what is shipped fits together."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from node.adapters import read_rows, survey
from node.avro import key_of, parse
from node.model import names
from node.model.shipped import shipped
from node.model.values import DivisionValue, Kind

RESOURCES = {"villages": (Kind.STATE, ("code",), 2), "streets": (Kind.STATE, ("code",), 2), "licences": (Kind.FACTS, ("licence_no",), 4)}
CHINESE, ENGLISH = re.compile(r"[\u4e00-\u9fff]"), re.compile(r"[A-Za-z]{2}")


def _avsc(name: str) -> dict[str, Any]:
    content = json.loads(shipped(f"schemas/{name}/{name}.avsc").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def _docs(node: Any) -> list[str]:
    """Return every text that a schema shows to people."""
    if isinstance(node, list):
        return [text for item in node for text in _docs(item)]
    if not isinstance(node, dict):
        return []
    return [node[name] for name in ("title", "doc") if name in node] + [text for item in node.values() for text in _docs(item)]


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", RESOURCES)
def test_a_shipped_schema_can_be_used(name: str) -> None:
    """The schema parses, and its key is the subject's identifier."""
    assert parse(_avsc(name)).key == RESOURCES[name][1]


@pytest.mark.parametrize("name", RESOURCES)
def test_a_shipped_schema_speaks_chinese_and_english(name: str) -> None:
    """Title, doc and the doc of every field are there, each in both languages, parted by a slash."""
    schema = _avsc(name)
    assert {"title", "doc"} <= schema.keys()
    assert all("doc" in field for field in schema["fields"])
    for text in _docs(schema):
        zh, _, en = text.partition(" / ")
        assert CHINESE.search(zh), text
        assert ENGLISH.search(en), text
        assert not CHINESE.search(en), text


@pytest.mark.parametrize("name", RESOURCES)
def test_a_catalogue_item_stands_beside_its_schema(name: str) -> None:
    """The YAML names the resource, its title in both languages, its kind, its schema's file and its partitions."""
    item = yaml.safe_load(shipped(f"schemas/{name}/{name}.yaml").read_text(encoding="utf-8"))
    kind, _, partitions = RESOURCES[name]
    assert names.resource(item.pop("name")).endswith(f".{name}")
    zh, _, en = item.pop("title").partition(" / ")
    assert CHINESE.search(zh)
    assert ENGLISH.search(en)
    assert item.pop("retention_ms", -1) == -1
    assert item == {"kind": kind.value, "schema": f"{name}.avsc", "partitions": partitions}


@pytest.mark.parametrize(("name", "rows"), [("streets", 1757), ("villages", 179)])
def test_the_demos_tables_fit_their_schemas(name: str, rows: int) -> None:
    """Every row is a record, and no two rows share a key."""
    path, schema = shipped(f"deploy/demo/{name}.csv"), parse(_avsc(name))
    data = [row.datum for row in read_rows(path, schema)]
    assert survey(path).rows == len(data) == rows
    assert len({key_of(schema, datum) for datum in data if isinstance(datum, dict)}) == rows


def test_the_divisions_are_a_tree() -> None:
    """The table has one root, parents that exist and stand one level higher, and is valid for ever."""
    rows = _table(shipped("schemas/divisions/divisions.csv"))
    assert list(rows[0]) == ["code", "name", "level", "parent", "valid_from", "valid_to", "successor"]
    divisions = {row["code"]: msgspec.convert({**row, "parent": row["parent"] or None}, DivisionValue) for row in rows}
    levels = [division.level for division in divisions.values()]
    assert (len(divisions), levels.count("province"), levels.count("city"), levels.count("county")) == (144, 1, 21, 122)
    for code, division in divisions.items():
        assert names.division(code) == division.code
        above = divisions[division.parent].level if division.parent else None
        assert above == {"province": None, "city": "province", "county": "city"}[division.level]
        assert (division.valid_from, division.valid_to, division.successor) == ("", "", "")


def test_streets_and_villages_lie_in_divisions_of_the_table() -> None:
    """What the demo publishes belongs to divisions and streets that exist."""
    divisions = {row["code"] for row in _table(shipped("schemas/divisions/divisions.csv"))}
    streets = {row["code"]: row["division"] for row in _table(shipped("deploy/demo/streets.csv"))}
    assert set(streets.values()) <= divisions
    for village in _table(shipped("deploy/demo/villages.csv")):
        assert streets[village["street"]] == village["division"] == "445102"
