"""Answers for node/avro/codes.py."""

import pytest

from node.avro.codes import self_contained
from node.errors import SchemaError

FILES = {
    "codes/sex.csv": "code,name\n1,男\n2,女\n9,未说明\n",
    "empty.csv": "code\n",
    "other.csv": "name,code\n男,1\n",
    "twice.csv": "code\n1\n1\n",
    "none.csv": "",
}
LIST = {"rule": "code-list", "name": "GB/T 2261.1", "file": "codes/sex.csv", "severity": "warn"}


def test_codes_come_from_their_files_and_the_divisions_from_their_table() -> None:
    """Wherever rules stand; what is beside them stays, and so does the schema that was given."""
    schema = {
        "fields": [
            {"name": "a", "type": {"type": "array", "items": {"type": "string", "rules": [LIST]}}, "rules": [{"rule": "cn-division"}]}
        ]
    }
    found = self_contained(schema, FILES.__getitem__, ["440000", "110000"])
    (field,) = found["fields"]
    assert field["rules"] == [{"rule": "cn-division", "values": ["110000", "440000"]}]
    assert field["type"]["items"]["rules"] == [{"rule": "code-list", "name": "GB/T 2261.1", "values": ["1", "2", "9"], "severity": "warn"}]
    assert "file" in LIST
    assert found["fields"][0]["name"] == "a"


def test_a_schema_that_has_its_codes_is_not_changed() -> None:
    """So a registered schema keeps its id, whatever the files say by then."""
    schema = {
        "rules": [{"rule": "cn-division", "values": ["440000"]}, {"rule": "code-list", "name": "x", "values": ["1"]}, {"rule": "digits"}]
    }
    assert self_contained(schema, FILES.__getitem__, ["110000"]) == schema


@pytest.mark.parametrize(
    ("file", "message"),
    [("empty.csv", "needs codes"), ("other.csv", "first column"), ("twice.csv", "none twice"), ("none.csv", "first column")],
)
def test_a_file_that_is_no_code_list_is_named(file: str, message: str) -> None:
    """The error says which file, and what it should be."""
    with pytest.raises(SchemaError, match=f"^{file}: .*{message}"):
        self_contained([LIST | {"file": file}], FILES.__getitem__, [])
