"""A schema's file and the code lists beside it."""

import json
from pathlib import Path
from typing import Any

from node.avro.codes import self_contained
from node.model.divisions import known_divisions


def read_schema(file: Path) -> Any:
    """Return the schema (decoded JSON) that a .avsc holds, code lists and division codes put into it.

    OSError for a file that cannot be read, ValueError (with its kinds for JSON and UTF-8) for one that is no JSON, SchemaError for a code
    list that is none.
    """
    written = json.loads(file.read_text("utf-8-sig"))
    return self_contained(written, lambda name: (file.parent / name).read_text("utf-8-sig"), list(known_divisions()))
