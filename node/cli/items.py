"""Catalogue items in files: one YAML beside one .avsc, each problem with its file and line."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import msgspec

from node.avro import parse
from node.avro.described import data_items
from node.avro.files import read_schema
from node.config import Field, Lang, Many, Part, Reading, Shape, Wrong, one_of, read_text, read_yaml, whole_within
from node.control import CatalogueItem, read_item
from node.control.item_faults import GRADES, faults
from node.errors import ConfigError, SchemaError
from node.model import names
from node.model.items import Base, Format, ItemFacts, Opening
from node.model.limits import MESSAGE_BYTES_MAX, PARTITIONS_MAX
from node.model.names import Topic
from node.model.values import Kind, Sharing, Way

RETENTION_MS_MAX = 2**63 - 1
"""Kafka's retention.ms is an int64."""
VERSION_MAX = 10**9


def read_items(files: Iterable[Path], lang: Lang, *, whole: bool = False) -> tuple[CatalogueItem, ...]:
    """Return the items that the files describe; ConfigError tells every problem of all files at once.

    A file that tells nothing of an item but its resource is one without facts; where the `whole` is asked for, that is a problem.
    """
    items, problems = [], []
    for path in files:
        reading = read_yaml(path, {**_RESOURCE, **_FACTS}, lang)
        schema = _schema(path, reading)
        _check_facts(reading, schema, whole=whole)
        problems += reading.problems
        if not reading.problems:
            items.append(read_item(reading.values, schema))
    if problems:
        raise ConfigError(problems)
    return tuple(items)


def _check_facts(reading: Reading, schema: Any, *, whole: bool) -> None:
    """Make what is missing or wrong among the facts of an item a problem of its key; a file may have none, unless the `whole` is asked for."""
    if not whole and not any(reading.has(key) for key in _FACTS):
        return
    for key in _NEEDED:
        if not reading.has(key):
            reading.missing(key, _FACTS[key])
    told = {key: value for key, value in reading.values.items() if key in _FACTS}
    name = reading.values.get("name", "")
    # What is missing or wrong has been told. It is filled in so that the rest can be asked, and what follows from it is not told.
    facts = msgspec.convert(_filled(told), ItemFacts)
    items = data_items(schema) if schema is not None else ()
    for fault in list(faults(Topic(name), facts, items)):
        if all(reading.sound(key) for key in fault.of):
            reading.wrong(fault.key, Wrong(fault.en, fault.zh))


def _filled(told: dict[str, Any]) -> dict[str, Any]:
    filled = _NEUTRAL | told
    return filled | {part: _NEUTRAL[part] | filled[part] for part in ("sharing", "opening")}


def _schema(path: Path, reading: Reading) -> Any:
    """Return the schema as parsed JSON; what is wrong with it becomes a problem of the key that names its file."""
    from node.avro.program import compile_program  # noqa: PLC0415 - it brings Numba, which takes longer than most other commands

    named = reading.values.get("schema")
    if named is None:
        return None
    file = path.parent / named
    try:
        schema = read_schema(file)
        compile_program(parse(schema))
    except OSError as error:
        why = error.strerror or type(error).__name__
        beside = "name the .avsc beside this file, and in it code lists beside the .avsc"
        reading.wrong(
            "schema",
            Wrong(
                f"{error.filename} cannot be read ({why}); {beside}",
                f"{error.filename} 无法读取（{why}）；应填同目录的 .avsc，代码表也在其旁",
            ),
        )
    except json.JSONDecodeError as error:
        en = f"{file}:{error.lineno}: not JSON: {error.msg} at column {error.colno}; mend the syntax there"
        reading.wrong("schema", Wrong(en, f"{file}:{error.lineno}: 不是有效的 JSON：第 {error.colno} 列 {error.msg}；请修正语法"))
    except (UnicodeDecodeError, RecursionError) as error:
        why = type(error).__name__
        reading.wrong(
            "schema", Wrong(f"{file} cannot be read as JSON ({why}); save it as UTF-8", f"{file} 不是 JSON（{why}）；请存为 UTF-8")
        )
    except SchemaError as error:
        reading.wrong("schema", Wrong(f"{file}: {error}; mend the schema", f"{file}：{error}；请修改模式"))
    else:
        return schema
    return None


def _read_name(text: str) -> Topic | Wrong:
    try:
        return names.resource(text)
    except ValueError:
        en = f"{text!r} is no resource; it is <division>.<department>.<name>, of a-z, 0-9 and -"
        return Wrong(en, f"{text!r} 不是资源名称；应为 <区划代码>.<部门>.<名称>，只用 a-z、0-9 和 -")


def _read_kind(text: str) -> str | Wrong:
    kinds = [kind.value for kind in Kind]
    if text in kinds:
        return text
    en = f"{text!r} is no kind; facts are only appended, of state the newest record of a key stands"
    return Wrong(en, f"{text!r} 不是类型；facts 只追加，state 按主键保留最新")


def _read_retention(text: str) -> int | Wrong:
    if int(text) == -1:
        return -1
    return whole_within(1, RETENTION_MS_MAX)(text)


def _word(words: Any, example: str, *, required: bool = True) -> Field:
    return Field(one_of(*get_args(words)), example, required=required)


_RESOURCE: Shape = {
    "name": Field(_read_name, "445102.civil-affairs.villages"),
    "title": Field(read_text, "村（居）委会 / Villages and communities"),
    "kind": Field(_read_kind, "facts"),
    "schema": Field(read_text, "villages.avsc"),
    "partitions": Field(whole_within(1, PARTITIONS_MAX), "2", number=True),
    "retention_ms": Field(_read_retention, "-1", required=False, number=True),
    "max_message_bytes": Field(whole_within(1, MESSAGE_BYTES_MAX), "1048576", required=False, number=True),
}
_CONDITION = Field(read_text, "依法履职 / Where a legal duty needs it", required=False)
_FACTS: Shape = {
    "code": Field(read_text, "3010020001/000001", required=False),
    "credit_code": Field(read_text, "11445102MB2C000132", required=False),
    "summary": Field(read_text, "本区村（居）委会 / The villages of the district", required=False),
    "format": _word(Format, "database", required=False),
    "update_cycle": Field(read_text, "P1D", required=False),
    "sharing": Part(
        {
            "type": _word(Sharing, "conditional"),
            "ways": Many(_word(Way, "stream"), required=False),
            "condition": _CONDITION,
            "legal_basis": Field(read_text, "《…法》第…条 / Article … of the … Law", required=False),
        },
        required=False,
    ),
    "opening": Part({"type": _word(Opening, "not-open"), "condition": _CONDITION}, required=False),
    "related": Many(Field(_read_name, "445102.civil-affairs.villages"), required=False),
    "classification": Part(
        {
            "base": _word(Base, "population", required=False),
            "themes": Many(Field(read_text, "城乡建设 / urban and rural development"), required=False),
        },
        required=False,
    ),
    "grade": Field(one_of(*GRADES), "general-2", required=False),
    "version": Field(whole_within(1, VERSION_MAX), "1", required=False, number=True),
}
_NEEDED = ("code", "credit_code", "format", "update_cycle", "sharing", "opening", "version")
"""What an item tells whatever it is; the rest may be left out, or follows from these."""
_NEUTRAL: dict[str, Any] = {
    "code": "3000000/1",
    "credit_code": "91350100M000100Y43",
    "format": "database",
    "update_cycle": "P1D",
    "sharing": {"type": "unconditional"},
    "opening": {"type": "not-open"},
    "version": 1,
}
