"""Where records are generated for: a catalogue item (.yaml), a schema (.avsc), or a shipped folder by its name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from node.avro import ParsedSchema, parse, schema_id
from node.avro.files import read_schema
from node.errors import ConfigError
from node.model.shipped import shipped


class Source(msgspec.Struct, frozen=True):
    """A schema as it is registered: the codes of its lists and the divisions stand in it."""

    name: str
    """the file's or folder's name, without ending"""
    avsc: dict[str, Any]
    schema: ParsedSchema
    schema_id: int

    @property
    def said(self) -> Mapping[str, Any]:
        """The outermost record's own `generate` property."""
        return self.schema.avro.get("generate") or {}


def shipped_names() -> list[str]:
    """Return the names of the shipped schemas."""
    return sorted(path.parent.name for path in shipped("schemas").glob("*/*.avsc") if path.stem == path.parent.name)


def load(resource: str | Path) -> Source:
    """Return what `resource` names; ConfigError when there is no such file or name, SchemaError when the schema cannot be used."""
    path = _avsc(resource)
    try:
        schema = read_schema(path)
    except OSError as fault:
        raise ConfigError([f"{fault.filename or path}: cannot be read ({fault.strerror or type(fault).__name__})"]) from fault
    except (ValueError, RecursionError) as fault:
        raise ConfigError([f"{path}: not JSON ({type(fault).__name__}); a schema is one JSON object in UTF-8"]) from fault
    return Source(path.stem, schema, parse(schema), schema_id(schema))


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
