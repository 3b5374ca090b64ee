"""`catalogue`: the resources that departments offer."""

from pathlib import Path
from typing import Any

from cyclopts import App
from rich.console import Group
from rich.table import Table
from rich.text import Text

from node.avro.rule_kinds import EVERY
from node.avro.rules import RULES
from node.cli.client import ResourceInfo, open_node
from node.cli.given import give
from node.cli.items import read_items
from node.cli.voice import SESSION, Exit, Session, table
from node.control import ApplyCatalogue


def build() -> App:
    """Return the family."""
    app = App(name="catalogue", help="资源目录 / The catalogue of resources.")
    app.command(apply)
    app.command(list_, name="list")
    app.command(rules)
    app.command(show)
    return app


def apply(files: list[Path], /, *, session: Session = SESSION) -> int:
    """按 YAML 文件编目，未提及的资源不变 / Make resources as their YAML files describe them; others stay as they are.

    每个文件描述一个资源，模式为同目录的 .avsc / Each file describes one resource, its schema is an .avsc beside it:

        name: 445102.civil-affairs.villages
        title: 村（居）委会 / Villages and communities
        kind: state            # facts: 只追加 / append only; state: 按主键保留最新 / the newest record of a key stands
        schema: villages.avsc
        partitions: 2          # 永不更改 / never changes
        retention_ms: -1       # facts; -1 永久 / for ever
        max_message_bytes: 1048576

    例如 / For example:

        exchange-node catalogue apply schemas/villages/villages.yaml

    Args:
        files: YAML 文件，可以多个 / YAML files, one or more.
    """
    return give(ApplyCatalogue(resources=read_items(files, session.language)), session)


def list_(*, session: Session = SESSION) -> int:
    """列出目录中的资源 / List the resources of the catalogue.

    例如 / For example:

        exchange-node catalogue list
    """
    with open_node(session.node) as node:
        found = node.resources()
    partitions = session.say("partitions", "分区数")
    shown = table(
        session.say("resource", "资源"),
        session.say("title", "标题"),
        session.say("kind", "类型"),
        partitions,
        session.say("kept", "保留"),
        session.say("schema", "模式"),
        right=(partitions,),
    )
    for one in found:
        shown.add_row(one.name, one.title, one.kind.value, str(one.partitions), _kept(one.retention_ms, session), str(one.schema))
    session.tell(found, shown)
    return Exit.OK


def rules(*, session: Session = SESSION) -> int:
    """列出模式中可用的规则 / List the rules that a schema may name.

    规则写在字段旁 / A rule stands beside its field:

        {"name": "id", "type": "string", "rules": [{"rule": "cn-resident-id"}]}
        {"name": "age", "type": "int", "rules": [{"rule": "minimum", "value": 0, "severity": "warn"}]}

    跨字段规则 cel 写在记录上 / A rule across fields, cel, stands beside the fields:

        "rules": [{"rule": "cel", "expression": "valid_to == null || valid_to >= valid_from"}]

    severity 为 refuse（隔离，默认）或 warn（放行并计数）/ Its severity is refuse (quarantine, the default) or warn (it passes and is counted);
    message 可写自己的说明 / a message of one's own may stand in "message": {"zh": ..., "en": ...}.

    例如 / For example:

        exchange-node catalogue rules
    """
    shown = table(
        session.say("rule", "规则"), session.say("parameters", "参数"), session.say("types", "适用类型"), session.say("meaning", "含义")
    )
    for one in RULES.values():
        parameters = ", ".join((*one.required, *(f"[{name}]" for name in one.optional)))
        types = session.say("any", "任意") if tuple(one.fits) == tuple(EVERY) else ", ".join(one.fits)
        shown.add_row(one.name, parameters, types, session.say(one.en, one.zh))
    told = [
        {"rule": one.name, "required": one.required, "optional": one.optional, "types": one.fits, "zh": one.zh, "en": one.en}
        for one in RULES.values()
    ]
    session.tell(told, shown)
    return Exit.OK


def show(name: str, *, session: Session = SESSION) -> int:
    """显示一个资源及其字段 / Show a resource with its fields.

    例如 / For example:

        exchange-node catalogue show 445102.civil-affairs.villages
        exchange-node catalogue show 445102.civil-affairs.villages --json | jq .schema

    Args:
        name: 资源名称 / The resource's name.
    """
    with open_node(session.node) as node:
        found = node.resource(name)
    session.tell(found, _shown(found, session))
    return Exit.OK


def _shown(found: ResourceInfo, session: Session) -> Group:
    one = found.resource
    key = ", ".join(found.schema.get("key") or ()) or session.say("none", "无")
    partitions = session.say(f"{one.partitions} partitions", f"{one.partitions} 个分区")
    lines = [
        Text(f"{one.name}  {one.title}", style="bold"),
        Text(f"{one.kind.value}, {partitions}, " + session.say("kept ", "保留：") + _kept(one.retention_ms, session)),
        Text(session.say(f"schema {found.schema_id}, key: {key}", f"模式 {found.schema_id}，主键：{key}")),
        Text(str(found.schema.get("doc", ""))),
    ]
    return Group(*lines, Text(), fields_table(found.schema, session))


def fields_table(schema: dict[str, Any], session: Session) -> Table:
    """Return a schema's fields as a table, with their types in few words and their meaning."""
    fields = table(session.say("field", "字段"), session.say("type", "类型"), session.say("meaning", "含义"))
    for field in schema.get("fields", ()):
        fields.add_row(str(field.get("name", "")), _type(field.get("type")), str(field.get("doc", "")))
    return fields


def _kept(retention_ms: int, session: Session) -> str:
    if retention_ms < 0:
        return session.say("for ever", "永久")
    days = retention_ms / 86_400_000
    return session.say(f"{days:g} days", f"{days:g} 天")


def _type(avro: Any) -> str:
    """Return an Avro type in few words: `null | string`, `date (int)`, `array of string`, an enum's symbols."""
    match avro:
        case str():
            told = avro
        case list():
            told = " | ".join(_type(branch) for branch in avro)
        case {"type": base, "logicalType": logical}:
            told = f"{logical} ({_type(base)})"
        case {"type": "array", "items": inner} | {"type": "map", "values": inner}:
            told = f"{avro['type']} of {_type(inner)}"
        case {"type": "enum", "symbols": list(symbols)}:
            told = "enum " + "|".join(map(str, symbols))
        case {"type": "record" | "fixed" as base, "name": name}:
            told = f"{base} {name}"
        case {"type": base}:
            told = _type(base)
        case _:
            told = "?"
    return told
