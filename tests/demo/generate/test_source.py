"""Answers for node/demo/generate/source.py."""

import json
from pathlib import Path

import pytest

from node.avro import schema_id
from node.demo.generate.source import load, shipped_names
from node.errors import ConfigError, SchemaError
from node.model.shipped import shipped
from tests.demo.generate.schemas import field


def test_a_resource_is_named_in_three_ways() -> None:
    """By its catalogue item, by its schema, or by its folder's name: always the same."""
    item, avsc = (shipped(f"schemas/licences/licences.{ending}") for ending in ("yaml", "avsc"))
    found = [load(one) for one in ("licences", item, str(avsc))]
    assert {one.name for one in found} == {"licences"}
    assert len({one.schema_id for one in found}) == 1
    assert load("licences").schema.key == ("licence_no",)


def test_the_schema_is_taken_in_as_it_is_registered() -> None:
    """Code lists and divisions stand in it, so that its id is the registered one's."""
    source = load("population")
    (sex,) = (one for one in source.avsc["fields"] if one["name"] == "sex")
    assert sex["rules"] == [{"rule": "code-list", "name": "GB/T 2261.1", "values": ["0", "1", "2", "9"]}]
    assert source.schema_id == schema_id(source.avsc)
    assert "445102" in json.dumps(source.avsc)


def test_shipped_names_are_folders_with_a_schema() -> None:
    """The table of divisions is none."""
    names = shipped_names()
    assert {"licences", "population", "villages"} <= set(names)
    assert "divisions" not in names


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("licenses", None, "licenses: neither a .yaml, an .avsc, nor one of the shipped schemas, which are births"),
        ("none.avsc", None, "none.avsc: cannot be read"),
        ("none.yaml", None, "none.yaml: cannot be read"),
        ("broken.avsc", "{", "broken.avsc: not JSON"),
        ("broken.yaml", "a: [", "broken.yaml: not YAML"),
        ("other.yaml", "division: '445102'\n", "other.yaml: no catalogue item"),
    ],
)
def test_what_is_no_resource_is_told(tmp_path: Path, name: str, content: str | None, cause: str) -> None:
    """With what would be one."""
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / name if "." in name else name)
    assert cause in caught.value.problems[0]


def test_a_code_list_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """By its file."""
    schema = {
        "type": "record",
        "name": "R",
        "fields": [field("code", "string", ..., {"rule": "code-list", "name": "C", "file": "codes/c.csv"})],
    }
    (tmp_path / "r.avsc").write_text(json.dumps(schema))
    with pytest.raises(ConfigError, match=r"codes/c\.csv: cannot be read"):
        load(tmp_path / "r.avsc")
    (tmp_path / "codes").mkdir()
    (tmp_path / "codes/c.csv").write_text("code\n1\n1\n")
    with pytest.raises(SchemaError, match=r"codes/c\.csv"):
        load(tmp_path / "r.avsc")
