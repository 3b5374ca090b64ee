"""Catalogue items in files: one YAML beside one .avsc, each problem with its file and line."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from node.avro import parse
from node.avro.files import read_schema
from node.config import Field, Lang, Reading, Shape, Wrong, read_text, read_yaml, whole_within
from node.control import CatalogueItem
from node.errors import ConfigError, SchemaError
from node.model import names
from node.model.limits import MESSAGE_BYTES_MAX, PARTITIONS_MAX
from node.model.names import Topic
from node.model.values import Kind

RETENTION_MS_MAX = 2**63 - 1
"""Kafka's retention.ms is an int64."""


def read_items(files: Iterable[Path], lang: Lang) -> tuple[CatalogueItem, ...]:
    """Return the items that the files describe; ConfigError tells every problem of all files at once."""
    items, problems = [], []
    for path in files:
        reading = read_yaml(path, _SHAPE, lang)
        schema = _schema(path, reading)
        problems += reading.problems
        if not reading.problems:
            items.append(msgspec.convert({**reading.values, "schema": schema}, CatalogueItem))
    if problems:
        raise ConfigError(problems)
    return tuple(items)


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


_SHAPE: Shape = {
    "name": Field(_read_name, "445102.civil-affairs.villages"),
    "title": Field(read_text, "村（居）委会 / Villages and communities"),
    "kind": Field(_read_kind, "facts"),
    "schema": Field(read_text, "villages.avsc"),
    "partitions": Field(whole_within(1, PARTITIONS_MAX), "2", number=True),
    "retention_ms": Field(_read_retention, "-1", required=False, number=True),
    "max_message_bytes": Field(whole_within(1, MESSAGE_BYTES_MAX), "1048576", required=False, number=True),
}
