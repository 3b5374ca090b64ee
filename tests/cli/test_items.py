"""Catalogue items in files."""

import json
from pathlib import Path

import pytest

from node.cli.items import read_items
from node.errors import ConfigError
from node.model.shipped import shipped
from node.model.values import Kind

ITEM = "name: 445102.civil-affairs.villages\ntitle: 村\nkind: state\nschema: v.avsc\npartitions: 2\n"
SCHEMA = {"type": "record", "name": "Village", "key": ["code"], "fields": [{"name": "code", "type": "string"}]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one item and its schema, both right."""
    (tmp_path / "v.yaml").write_text(ITEM)
    (tmp_path / "v.avsc").write_text(json.dumps(SCHEMA))
    return tmp_path


def problems(*files: Path) -> list[str]:
    """Return what is wrong, without the files' folder."""
    with pytest.raises(ConfigError) as caught:
        read_items(files, "en")
    return [problem.replace(f"{files[0].parent}/", "") for problem in caught.value.problems]


def test_item_is_read_with_its_schema(folder: Path) -> None:
    """The schema stands in the item as parsed JSON; what is left out has its default."""
    (item,) = read_items([folder / "v.yaml"], "en")
    assert (item.name, item.kind, item.schema, item.retention_ms) == ("445102.civil-affairs.villages", Kind.STATE, SCHEMA, -1)


@pytest.mark.parametrize("name", ["villages", "streets", "licences"])
def test_shipped_items_are_right(name: str) -> None:
    """What the program brings can be applied."""
    (item,) = read_items([shipped(f"schemas/{name}/{name}.yaml")], "en")
    assert item.name.endswith(name)


def test_problems_of_all_files_are_told_at_once(folder: Path) -> None:
    """Two files, each with its own lines."""
    (folder / "a.yaml").write_text(ITEM.replace("state", "states").replace("partitions: 2", "partitions: 0"))
    (folder / "b.yaml").write_text(ITEM.replace("445102.", "") + "retention_ms: 0\nowner: me\n")
    told = problems(folder / "a.yaml", folder / "v.yaml", folder / "b.yaml")
    assert [problem.split(" ")[:2] for problem in told] == [
        ["a.yaml:3:", "kind:"],
        ["a.yaml:5:", "partitions:"],
        ["b.yaml:1:", "name:"],
        ["b.yaml:6:", "retention_ms:"],
        ["b.yaml:7:", "owner:"],
    ]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (None, "v.avsc cannot be read (No such file or directory); name the .avsc beside this file"),
        (b'{"type":\n oops}', "v.avsc:2: not JSON: Expecting value at column 2"),
        (b"\xd6\xd0", "v.avsc cannot be read as JSON (UnicodeDecodeError); save it as UTF-8"),
        (b"[" * 100_000, "v.avsc cannot be read as JSON (RecursionError)"),
        (b'{"type": "record", "name": "V", "fields": [{"name": "a", "type": "strin"}]}', "v.avsc: "),
    ],
)
def test_schema_that_cannot_be_used_is_told_at_the_key_that_names_it(folder: Path, content: bytes | None, cause: str) -> None:
    """The line is that of `schema:`; the message names the .avsc and the place in it."""
    (folder / "v.avsc").unlink()
    if content is not None:
        (folder / "v.avsc").write_bytes(content)
    (told,) = problems(folder / "v.yaml")
    assert told.startswith("v.yaml:4: schema: " + cause)


FACTS = """code: "3100020002/000001"
credit_code: 11445102MB2C000132
format: database
update_cycle: P1D
sharing:
  type: conditional
  ways: [stream]
  condition: 依法履职
opening:
  type: not-open
version: 1
"""
GRADED = SCHEMA | {"grade": "general-2"}


def test_an_item_is_read_with_its_facts(folder: Path) -> None:
    """What is left out has its default; the schema's data items have their grades."""
    (folder / "v.yaml").write_text(ITEM + FACTS)
    (folder / "v.avsc").write_text(json.dumps(GRADED))
    (item,) = read_items([folder / "v.yaml"], "en", whole=True)
    assert item.facts is not None
    assert (item.facts.sharing.ways, item.facts.grade, item.facts.related, item.facts.version) == (("stream",), "", (), 1)


def test_a_whole_item_lacks_what_a_resource_has_not(folder: Path) -> None:
    """Everything that an item has to tell, at once, each with an example; and what the schema lacks for it."""
    with pytest.raises(ConfigError) as caught:
        read_items([folder / "v.yaml"], "en", whole=True)
    told = [problem.partition("v.yaml:")[2] for problem in caught.value.problems]
    keys = ["code", "credit_code", "format", "update_cycle", "sharing", "opening", "version"]
    assert [problem.split()[1] for problem in told] == [f"{key}:" for key in [*keys, "schema"]]
    assert "(for example sharing: {type: conditional})" in told[4]
    assert "these data items have no grade: code" in told[7]


def test_one_fact_makes_it_an_item(folder: Path) -> None:
    """Who tells some of it is told what else there is, and a misspelt key which was meant."""
    (folder / "v.avsc").write_text(json.dumps(GRADED))
    (folder / "v.yaml").write_text(ITEM + FACTS.replace("update_cycle", "updat_cycle").replace("version: 1\n", ""))
    told = problems(folder / "v.yaml")
    assert [problem.split()[:2] for problem in told] == [["v.yaml:1:", "version:"], ["v.yaml:9:", "updat_cycle:"]]
    assert "did you mean update_cycle?" in told[1]


@pytest.mark.parametrize(
    ("was", "wrong", "where"),
    [
        ('code: "3100020002/000001"', 'code: "x"', ["v.yaml:6:", "code:"]),
        ("11445102MB2C000132", "11445102MB2C000133", ["v.yaml:7:", "credit_code:"]),
        ("database", "databse", ["v.yaml:8:", "format:"]),
        ("P1D", "daily", ["v.yaml:9:", "update_cycle:"]),
        ("type: conditional", "type: condtional", ["v.yaml:11:", "sharing.type:"]),
        ("type: conditional", "type: unconditional", ["v.yaml:13:", "sharing.condition:"]),
        ("[stream]", "[strem]", ["v.yaml:12:", "sharing.ways:"]),
        ("  ways: [stream]\n", "", ["v.yaml:10:", "sharing.ways:"]),
        ("type: not-open", "type: conditional", ["v.yaml:14:", "opening.condition:"]),
        ("version: 1", "version: 0", ["v.yaml:16:", "version:"]),
        ("version: 1", "version: 1\ngrade: general-1", ["v.yaml:17:", "grade:"]),
        ("version: 1", "version: 1\nrelated: [445102.civil-affairs.villages]", ["v.yaml:17:", "related:"]),
    ],
)
def test_a_wrong_fact_is_told_once_at_its_line(folder: Path, was: str, wrong: str, where: list[str]) -> None:
    """What follows from it is not told beside it."""
    (folder / "v.avsc").write_text(json.dumps(GRADED))
    (folder / "v.yaml").write_text(ITEM + FACTS.replace(was, wrong))
    (told,) = problems(folder / "v.yaml")
    assert told.split()[:2] == where
