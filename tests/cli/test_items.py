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
