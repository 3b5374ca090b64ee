"""Answers for node/avro/files.py."""

import json
from pathlib import Path

import pytest

from node.avro.files import read_schema
from node.errors import SchemaError


def _write(folder: Path, *rules: dict[str, object]) -> Path:
    file = folder / "a.avsc"
    schema = {"type": "record", "name": "A", "fields": [{"name": "code", "type": "string", "rules": list(rules)}]}
    file.write_text(json.dumps(schema), encoding="utf-8-sig")
    return file


def test_codes_and_divisions_stand_in_what_is_read(tmp_path: Path) -> None:
    """A registered schema says by itself what it refuses: no file's name is left in it."""
    (tmp_path / "codes.csv").write_text("code,name\nA,甲\nB,乙\n", encoding="utf-8")
    file = _write(tmp_path, {"rule": "code-list", "name": "list", "file": "codes.csv"}, {"rule": "cn-division"})
    codes, division = read_schema(file)["fields"][0]["rules"]
    assert codes == {"rule": "code-list", "name": "list", "values": ["A", "B"]}
    assert "445102" in division["values"]


def test_a_list_that_is_missing_or_none_is_told(tmp_path: Path) -> None:
    """By its own name, not by the schema's."""
    file = _write(tmp_path, {"rule": "code-list", "name": "list", "file": "codes.csv"})
    with pytest.raises(FileNotFoundError, match=r"codes\.csv"):
        read_schema(file)
    (tmp_path / "codes.csv").write_text("name\nA\n", encoding="utf-8")
    with pytest.raises(SchemaError, match=r"codes\.csv"):
        read_schema(file)


def test_what_is_no_json_is_a_value_error(tmp_path: Path) -> None:
    """Callers tell line and column from it."""
    file = tmp_path / "a.avsc"
    file.write_text("{", encoding="utf-8")
    with pytest.raises(json.JSONDecodeError):
        read_schema(file)
