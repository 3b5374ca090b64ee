"""Where records are generated for: a catalogue item (.yaml), a schema (.avsc), or a shipped folder by its name."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from node.avro import ParsedSchema, parse, schema_id
from node.errors import ConfigError, SchemaError
from node.model.shipped import shipped


class Source(msgspec.Struct, frozen=True):
    """A schema with the folder that its code lists stand in."""

    name: str
    """the file's or folder's name, without ending"""
    schema: ParsedSchema
    schema_id: int
    folder: Path

    @property
    def said(self) -> Mapping[str, Any]:
        """The outermost record's own `generate` property."""
        return self.schema.avro.get("generate") or {}

    def codes(self, rules: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        """Return the codes that a field's code list allows, in its order; nothing where it has none."""
        rule = next((rule for rule in rules if rule["rule"] == "code-list"), None)
        if rule is None:
            return ()
        return tuple(rule["values"]) if "values" in rule else read_codes(self.folder / rule["file"])


def read_codes(path: Path) -> tuple[str, ...]:
    """Return the codes of a code list: the column `code` of a CSV; SchemaError when it cannot be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return tuple(row["code"] for row in csv.DictReader(file))
    except (OSError, UnicodeDecodeError, KeyError, csv.Error) as fault:
        raise SchemaError(f"{path}: no code list ({type(fault).__name__}); it is a CSV in UTF-8 with a column `code`") from fault


def shipped_names() -> list[str]:
    """Return the names of the shipped schemas."""
    return sorted(path.parent.name for path in shipped("schemas").glob("*/*.avsc") if path.stem == path.parent.name)


def load(resource: str | Path) -> Source:
    """Return what `resource` names; ConfigError when there is no such file or name, SchemaError when the schema cannot be used."""
    path = _avsc(resource)
    try:
        schema = json.loads(path.read_text("utf-8-sig"))
    except OSError as fault:
        raise ConfigError([f"{path}: cannot be read ({fault.strerror or type(fault).__name__})"]) from fault
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as fault:
        raise ConfigError([f"{path}: not JSON ({type(fault).__name__}); a schema is one JSON object in UTF-8"]) from fault
    return Source(path.stem, parse(schema), schema_id(schema), path.parent)


def _avsc(resource: str | Path) -> Path:
    path = Path(resource)
    if path.suffix in {".yaml", ".yml"}:
        return path.parent / _schema_of(path)
    if path.suffix == ".avsc":
        return path
    known = shipped_names()
    if str(resource) not in known:
        raise ConfigError([f"{resource}: neither a .yaml, an .avsc, nor one of the shipped schemas, which are {', '.join(known)}"])
    return shipped(f"schemas/{resource}/{resource}.avsc")


def _schema_of(path: Path) -> str:
    try:
        said = yaml.safe_load(path.read_text("utf-8-sig"))
    except OSError as fault:
        raise ConfigError([f"{path}: cannot be read ({fault.strerror or type(fault).__name__})"]) from fault
    except (UnicodeDecodeError, yaml.YAMLError) as fault:
        raise ConfigError([f"{path}: not YAML ({type(fault).__name__})"]) from fault
    named = said.get("schema") if isinstance(said, dict) else None
    if not isinstance(named, str):
        raise ConfigError([f"{path}: no catalogue item; its `schema` names the .avsc beside it"])
    return named
