"""Answers for schemas/ and the demo's tables under deploy/demo/: what is shipped fits together."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import msgspec
import pytest
import yaml
from stdnum.cn import ric, uscc

from node.adapters import read_rows, survey
from node.avro import encode, key_of, parse
from node.avro.codes import self_contained
from node.avro.described import data_items
from node.avro.rules import RULES
from node.control import read_item
from node.control.item_faults import GRADES, faults
from node.demo.generate import records, shipped_names
from node.demo.generate.wrong import ITEM, VALUE, ruled
from node.model import names
from node.model.shipped import shipped
from node.model.values import DivisionValue, Kind

FACTS, STATE = Kind.FACTS, Kind.STATE
RESOURCES = {
    "births": ("health", FACTS, ("certificate_no",), 2),
    "cases": ("government-services", FACTS, ("case_no",), 4),
    "credit-lists": ("development-reform", FACTS, ("list_code", "entry_no"), 2),
    "credit-penalties": ("development-reform", FACTS, ("document_no",), 4),
    "credit-permits": ("development-reform", FACTS, ("document_no",), 4),
    "credit-remedies": ("development-reform", FACTS, ("application_no",), 2),
    "deaths": ("health", FACTS, ("certificate_no",), 2),
    "enterprises": ("market-regulation", FACTS, ("uscc",), 4),
    "grid-events": ("political-legal", FACTS, ("event_no",), 2),
    "grids": ("political-legal", STATE, ("grid_code",), 2),
    "housing": ("natural-resources", STATE, ("unit_no",), 4),
    "legal-persons": ("market-regulation", STATE, ("uscc",), 4),
    "licences": ("government-services", FACTS, ("licence_no",), 4),
    "marriages": ("civil-affairs", FACTS, ("registration_no",), 2),
    "population": ("public-security", STATE, ("id_number",), 8),
    "service-matters": ("government-services", STATE, ("code",), 2),
    "social-insurance": ("human-resources", FACTS, ("id_number",), 4),
    "streets": ("civil-affairs", STATE, ("code",), 2),
    "trade": ("commerce", FACTS, ("declaration_no", "item_no"), 4),
    "villages": ("civil-affairs", STATE, ("code",), 2),
}
CHINESE, ENGLISH = re.compile(r"[\u4e00-\u9fff]"), re.compile(r"[A-Za-z]{2}")


def _avsc(name: str) -> dict[str, Any]:
    content = json.loads(shipped(f"schemas/{name}/{name}.avsc").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every JSON object of a schema."""
    if isinstance(node, list):
        for item in node:
            yield from _objects(item)
    elif isinstance(node, dict):
        yield node
        for item in node.values():
            yield from _objects(item)


def _fields(node: Any) -> list[dict[str, Any]]:
    """Return the fields of a schema and of every record in it."""
    return [field for one in _objects(node) for field in one.get("fields", [])]


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _both(text: str) -> None:
    zh, _, en = text.partition(" / ")
    _pair({"zh": zh, "en": en})


def _pair(text: dict[str, str]) -> None:
    assert text.keys() == {"zh", "en"}
    assert CHINESE.search(text["zh"]), text
    assert ENGLISH.search(text["en"]), text
    assert not CHINESE.search(text["en"]), text


def test_every_shipped_schema_is_known_here() -> None:
    """A folder that is added is tested."""
    assert shipped_names() == sorted(RESOURCES)


@pytest.mark.parametrize("name", RESOURCES)
def test_a_shipped_schema_can_be_used(name: str) -> None:
    """The schema parses as it stands and with its code lists in it, and its key is the subject's identifier."""
    folder = shipped(f"schemas/{name}")
    assert parse(_avsc(name)).key == RESOURCES[name][2]
    whole = self_contained(_avsc(name), lambda file: (folder / file).read_text("utf-8"), ["445102"])
    assert parse(whole).key == RESOURCES[name][2]


@pytest.mark.parametrize("name", RESOURCES)
def test_a_shipped_schema_speaks_chinese_and_english(name: str) -> None:
    """Title, doc, the doc of every field, record and enum, and every message are there, each in both languages."""
    schema = _avsc(name)
    _both(schema["title"])
    for one in (schema, *_fields(schema), *(one for one in _objects(schema) if one.get("type") in ("record", "enum"))):
        _both(one["doc"])
    for one in _objects(schema):
        if "rule" in one and "message" in one:
            _pair(one["message"])
        assert one.get("rule") != "cel" or "message" in one


@pytest.mark.parametrize("name", RESOURCES)
def test_a_shipped_schema_says_where_it_comes_from(name: str) -> None:
    """The sources of its field set, in both languages; what is said of the offer stands in the item and not here too."""
    schema = _avsc(name)
    for text in schema["source"]:
        _pair(text)
    assert len(schema["source"]) >= 2
    assert not {"sharing", "update_cycle"} & schema.keys()


@pytest.mark.parametrize("name", RESOURCES)
def test_every_data_item_has_title_meaning_and_grade(name: str) -> None:
    """As State Council Decree 809, Art. 13, and the catalogue guide ask; titles in both languages."""
    items = data_items(_avsc(name))
    assert len({one.name for one in items}) == len(items) >= 3
    for one in items:
        _both(one.title)
        _both(one.meaning)
        assert one.grade in GRADES


@pytest.mark.parametrize("name", RESOURCES)
def test_rules_are_of_the_language_and_code_lists_are_there(name: str) -> None:
    """Every rule's name is known; every code list is a file beside the schema, named in both languages, without a code twice."""
    folder = shipped(f"schemas/{name}")
    rules = [one for one in _objects(_avsc(name)) if "rule" in one]
    assert {rule["rule"] for rule in rules} <= RULES.keys()
    lists = {rule["file"] for rule in rules if rule["rule"] == "code-list"}
    assert lists == {path.relative_to(folder).as_posix() for path in folder.glob("codes/*")}
    for file in lists:
        rows = _table(folder / file)
        assert list(rows[0]) == ["code", "zh", "en"]
        assert len({row["code"] for row in rows}) == len(rows)
        for row in rows:
            _pair({"zh": row["zh"], "en": row["en"]})


def test_a_code_list_is_the_same_wherever_it_stands() -> None:
    """A schema's folder is whole by itself, so lists that several need are copies: none may be mended alone."""
    contents: dict[str, set[bytes]] = {}
    for path in shipped("schemas").glob("*/codes/*.csv"):
        contents.setdefault(path.name, set()).add(path.read_bytes())
    assert len(contents) >= 9
    assert {name for name, found in contents.items() if len(found) > 1} == set()


@pytest.mark.parametrize("name", RESOURCES)
def test_a_catalogue_item_stands_beside_its_schema(name: str) -> None:
    """The YAML names the resource, its title in both languages, its kind, its schema's file and its partitions."""
    item = _item(name)
    department, kind, _, partitions = RESOURCES[name]
    assert item["name"] == f"{_division(name)}.{department}.{name}"
    names.resource(item["name"])
    _both(item["title"])
    assert item.get("retention_ms") == (-1 if kind is FACTS else None)
    assert (item["kind"], item["schema"], item["partitions"]) == (kind.value, f"{name}.avsc", partitions)


@pytest.mark.parametrize("name", RESOURCES)
def test_a_catalogue_item_is_whole(name: str) -> None:
    """All that an item has to tell is there and right, conditions and bases in both languages, and what it is related to is shipped."""
    item = read_item(_item(name), _avsc(name))
    assert item.facts is not None
    facts = item.facts.value
    assert list(faults(item.name, facts, data_items(item.schema))) == []
    assert uscc.is_valid(facts.credit_code)
    for text in (facts.sharing.condition, facts.sharing.legal_basis, facts.opening.condition, *facts.classification.themes):
        if text:
            _both(text)
    assert set(facts.related) <= {f"{_division(other)}.{RESOURCES[other][0]}.{other}" for other in RESOURCES}
    assert "interface" not in facts.sharing.ways


def test_codes_are_an_items_own_and_a_department_has_one_credit_code() -> None:
    """Codes name items, credit codes departments."""
    items = {name: _item(name) for name in RESOURCES}
    assert len({item["code"] for item in items.values()}) == len(items)
    pairs = {(item["name"].rpartition(".")[0], item["credit_code"]) for item in items.values()}
    assert len(pairs) == len({one for one, _ in pairs}) == len({code for _, code in pairs})


def _item(name: str) -> dict[str, Any]:
    told = yaml.safe_load(shipped(f"schemas/{name}/{name}.yaml").read_text(encoding="utf-8"))
    assert isinstance(told, dict)
    return told


def _division(name: str) -> str:
    return "440000" if name == "streets" else "445102"


@pytest.mark.parametrize("name", RESOURCES)
def test_generated_records_fit_and_identifiers_are_right(name: str) -> None:
    """Each is written by fastavro too, and python-stdnum finds every identity number and credit code valid."""
    avsc = _avsc(name)
    schema, theirs = parse(avsc), fastavro.parse_schema(avsc)
    places = [(steps, rule["rule"]) for steps, rules in ruled(schema.avro, schema.named) for rule in rules]
    for made in records(name, count=60, seed=9):
        assert fastavro.validation.validate(made.datum, theirs, strict=True)
        assert encode(schema, made.datum)
        for steps, rule in places:
            for value in _reached(made.datum, steps) if rule in _JUDGES else ():
                _JUDGES[rule](value)


def _judge_resident(number: str) -> None:
    assert len(number) == 18
    assert ric.calc_check_digit(number) == number[17]
    ric.get_birth_date(number)


def _judge_credit(code: str) -> None:
    uscc.validate(code)
    assert uscc.compact(code) == code


_JUDGES = {"cn-resident-id": _judge_resident, "cn-uscc": _judge_credit}


def _reached(value: Any, steps: tuple[str, ...]) -> Iterator[Any]:
    """Yield the values at the end of the steps that are there."""
    if value is None:
        return
    if not steps:
        yield value
        return
    inner = value if steps[0] == ITEM else value.values() if steps[0] == VALUE else [value[steps[0]]]
    for one in inner:
        yield from _reached(one, steps[1:])


def test_one_schema_is_flat_and_one_is_nested() -> None:
    """Benchmarks have eight flat fields of about 100 bytes, and thirty nested ones of about 400."""
    flat, nested = _avsc("social-insurance"), _avsc("enterprises")
    assert len(_fields(flat)) == len(flat["fields"]) == 8
    assert 28 <= len(_fields(nested)) <= 40
    for name, least, most in (("social-insurance", 85, 140), ("enterprises", 330, 520)):
        schema = parse(_avsc(name))
        sizes = [len(encode(schema, made.datum)) for made in records(name, count=200, seed=1)]
        assert least < sum(sizes) / len(sizes) < most


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
