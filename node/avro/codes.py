"""Making a schema self-contained: code lists, written as files beside it, become part of it.

A schema's id names its content, so what its rules refuse must stand in it: the same on every node, whatever files a node has.
"""

import csv
from collections.abc import Callable, Sequence
from typing import Any

from node.errors import SchemaError


def self_contained(schema: Any, read: Callable[[str], str], divisions: Sequence[str]) -> Any:
    """Return a schema (decoded JSON) in which rules have their codes in "values"; the one given is left as it is.

    `read` returns the text of a file by the name that a rule `code-list` gives it: CSV whose first column, `code`, holds the codes. The
    six-digit codes of the divisions table go into rules `cn-division`. Rules that have values keep them. SchemaError names the file.
    """
    match schema:
        case {"rule": "code-list", "file": str(file)}:
            return {name: value for name, value in schema.items() if name != "file"} | {"values": _codes(file, read(file))}
        case {"rule": "cn-division"} if "values" not in schema:
            return schema | {"values": sorted(divisions)}
        case dict():
            return {name: self_contained(value, read, divisions) for name, value in schema.items()}
        case list():
            return [self_contained(item, read, divisions) for item in schema]
    return schema


def _codes(file: str, text: str) -> list[str]:
    header, *rows = [*csv.reader(text.splitlines())] or [[]]
    if header[:1] != ["code"]:
        raise SchemaError(f'{file}: a code list is CSV whose first column is named "code"')
    codes = [row[0] for row in rows if row]
    if not codes or not all(codes) or len(set(codes)) != len(codes):
        raise SchemaError(f"{file}: a code list needs codes, none of them empty and none twice")
    return codes
