"""Answers for node/demo/generate/wrong.py."""

import copy
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from node.demo.generate.dice import Dice
from node.demo.generate.judging import broken
from node.demo.generate.wrong import breaking, find_faults, path_of, ruled
from node.errors import ConfigError
from tests.demo.generate.schemas import field, source

DATE = {"type": "int", "logicalType": "date"}
SHORT = {"rule": "length", "min": 2, "max": 9}
PERSON = {
    "type": "record",
    "name": "Person",
    "fields": [field("name", "string", "person", SHORT), field("tags", {"type": "array", "items": {"type": "string", "rules": [SHORT]}})],
}
DATUM = {
    "id": "445102",
    "age": 7,
    "person": {"name": "陈楚彬", "tags": ["ab", "cd"]},
    "extra": {"k": "12"},
    "none": None,
    "start": date(2025, 1, 1),
    "end": date(2025, 2, 1),
    "state": "OPEN",
}
FIELDS = (
    field("id", "string", ..., {"rule": "digits", "min": 6, "max": 6}, {"rule": "prefix", "values": ["44"], "severity": "warn"}),
    field("age", "int", ..., {"rule": "minimum", "value": 0}),
    field("person", PERSON),
    field("extra", {"type": "map", "values": {"type": "string", "rules": [{"rule": "digits"}]}}),
    field("none", ["null", "string"], None, SHORT),
    field("start", DATE),
    field("end", ["null", DATE]),
    field("state", {"type": "enum", "name": "S", "symbols": ["OPEN", "SHUT", "GONE"]}),
)


def _at(datum: dict[str, Any], path: str) -> Any:
    return {
        "id": datum["id"],
        "age": datum["age"],
        "person.name": datum["person"]["name"],
        "person.tags[]": datum["person"]["tags"],
        "extra{}": datum["extra"],
    }[path]


def test_each_refusing_rule_is_broken_alone(tmp_path: Path) -> None:
    """In nested records, arrays and maps too; exactly the value at the path that is said differs, and breaks the rule that is said."""
    here = source(tmp_path, *FIELDS)
    spoil, rules = breaking(here), {path_of(steps): found for steps, found in ruled(here.schema.avro, here.schema.named)}
    seen: Counter[tuple[str, str]] = Counter()
    for seed in range(300):
        before = copy.deepcopy(DATUM)
        wrong, why = spoil(Dice(seed), DATUM)
        assert before == DATUM
        seen[why] += 1
        path, rule = why
        found, former = _at(wrong, path), _at(DATUM, path)
        values = found if isinstance(found, list) else list(found.values()) if isinstance(found, dict) else [found]
        assert found != former
        assert [broken(rules[path], value) for value in values].count([rule]) == 1
        assert {name: value for name, value in wrong.items() if value != DATUM[name]}.keys() == {path.split(".")[0].rstrip("{}")}
    assert seen.keys() == {
        ("id", "digits"),
        ("age", "minimum"),
        ("person.name", "length"),
        ("person.tags[]", "length"),
        ("extra{}", "digits"),
    }


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("end == null || end >= start", lambda one: one["end"] >= one["start"]),
        ("start <= end", lambda one: one["start"] <= one["end"]),
        ('state != "SHUT" || none != null', lambda one: one["state"] != "SHUT" or one["none"] is not None),
        ('!(state in ["SHUT", "GONE"]) || none != null', lambda one: one["state"] == "OPEN" or one["none"] is not None),
        ('state != "GONE" || size(list) > 0', lambda one: one["state"] != "GONE" or one["list"]),
        ("none != null || end != null", lambda one: one["none"] is not None or one["end"] is not None),
    ],
)
def test_rules_across_fields_are_broken(tmp_path: Path, expression: str, holds: Any) -> None:
    """Each form that shipped schemas use; the fault is the record's."""
    fields = (*FIELDS[4:], field("list", {"type": "array", "items": "int"}))
    here = source(tmp_path, *fields, rules=[{"rule": "cel", "expression": expression}])
    (fault,) = (one for one in find_faults(here) if one.why == ("", "cel"))
    datum = {**copy.deepcopy(DATUM), "list": [1]}
    assert fault.apply(Dice(1), datum)
    assert not holds(datum)


def test_rules_that_only_warn_are_no_faults(tmp_path: Path) -> None:
    """A schema that refuses nothing has no wrong records, and says so."""
    warns = field("a", "int", ..., {"rule": "minimum", "value": 0, "severity": "warn"})
    with pytest.raises(ConfigError, match="refuses anything"):
        breaking(source(tmp_path, warns))


def test_a_schema_whose_ruled_fields_are_empty_is_told(tmp_path: Path) -> None:
    """Where nothing is, nothing can be wrong."""
    spoil = breaking(source(tmp_path, field("none", ["null", "string"], None, SHORT)))
    with pytest.raises(ConfigError, match="nothing in its records can be made wrong"):
        spoil(Dice(1), {"none": None})
