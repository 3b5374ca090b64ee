"""How people see an item of the catalogue."""

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from node.avro.described import DataItem, data_items
from node.cli.answered import OfferInfo
from node.cli.clock_shown import problem, whole_clock
from node.cli.voice import Voice, table
from node.control.items import WORDS
from node.control.offered import Offer, Pending
from node.model.items import ItemFacts

SHARINGS = {"unconditional": "无条件共享", "conditional": "有条件共享", "not-shared": "不予共享"}
_EXTENSIONS = {"": ("", ""), "asked": ("asked for", "已申请"), "consented": ("consented to", "已同意")}
_OPENINGS = {"unconditional": "无条件开放", "conditional": "有条件开放", "not-open": "不予开放"}


def state(offer: Offer, voice: Voice) -> str:
    """Return the state of what is in force, and beside it that of what is to take its place."""
    told = voice.say(offer.state, WORDS[offer.state])
    if offer.pending is None:
        return told
    pending = offer.pending
    return f"{told} ({voice.say(f'version {pending.version} {pending.state}', f'第 {pending.version} 版{WORDS[pending.state]}')})"


def sharing(offer: Offer, voice: Voice) -> str:
    """Return the sharing type in a word."""
    kind = offer.resource.sharing
    return voice.say(kind, SHARINGS[kind])


def whole(found: OfferInfo, voice: Voice) -> Group:
    """Return all that an item tells, its data items last."""
    offer, resource = found.offer, found.offer.resource
    key = ", ".join(found.schema.get("key") or ()) or voice.say("none", "无")
    partitions = voice.say(f"{resource.partitions} partitions", f"{resource.partitions} 个分区")
    lines = [
        Text(f"{offer.name}  {offer.title}", style="bold"),
        *([] if offer.clock_problem is None else [problem(offer.clock_problem, voice)]),
        *(line for clock in offer.clocks for line in whole_clock(clock, voice)),
        Text(f"{resource.kind.value}, {partitions}, " + voice.say("kept ", "保留：") + kept(resource.retention_ms, voice)),
        Text(voice.say(f"schema {resource.schema}, key: {key}", f"模式 {resource.schema}，主键：{key}")),
        Text((offer.facts.summary if offer.facts is not None else "") or str(found.schema.get("doc", ""))),
        Text(),
        *(Text(f"{label}{voice.say(': ', '：')}{text}") for label, text in _told(offer, voice) if text),
        Text(),
    ]
    return Group(*lines, _items(found.items, voice))


def fields_table(schema: dict[str, Any], voice: Voice) -> Table:
    """Return a schema's fields as a table, with their types in few words and their meaning."""
    shown = table(voice.say("field", "字段"), voice.say("type", "类型"), voice.say("meaning", "含义"))
    for one in data_items(schema):
        shown.add_row(one.name, one.type, one.meaning)
    return shown


def kept(retention_ms: int, voice: Voice) -> str:
    """Return how long records are kept."""
    if retention_ms < 0:
        return voice.say("for ever", "永久")
    days = retention_ms / 86_400_000
    return voice.say(f"{days:g} days", f"{days:g} 天")


def _items(items: list[DataItem], voice: Voice) -> Table:
    shown = table(
        voice.say("field", "字段"),
        voice.say("type", "类型"),
        voice.say("title", "标题"),
        voice.say("grade", "级别"),
        voice.say("meaning", "含义"),
    )
    for one in items:
        shown.add_row(one.name, one.type, one.title, one.grade, one.meaning)
    return shown


def _told(offer: Offer, voice: Voice) -> list[tuple[str, str]]:
    resource, facts = offer.resource, offer.facts
    why = f" ({resource.condition or resource.legal_basis})" if resource.condition or resource.legal_basis else ""
    reasons = offer.pending.reasons if offer.pending is not None else offer.reasons
    return [
        (voice.say("state", "状态"), state(offer, voice)),
        (voice.say("because", "理由"), "; ".join(reasons)),
        *(_pending(offer.pending, voice) if offer.pending is not None else ()),
        (voice.say("last change concerned", "上次变更涉及"), ", ".join(offer.takers)),
        (voice.say("provider", "提供方"), " ".join(filter(None, (offer.owner, offer.owner_name, facts.credit_code if facts else "")))),
        (voice.say("shared", "共享"), sharing(offer, voice) + why),
        (voice.say("grade", "级别"), offer.grade),
        *(_facts(facts, voice) if facts is not None else ()),
    ]


def _pending(pending: Pending, voice: Voice) -> list[tuple[str, str]]:
    extension = voice.say(*_EXTENSIONS[pending.extension])
    return [
        (voice.say("no longer right since", "变化日期"), pending.changed),
        (voice.say("extension", "延期"), f"{extension} ({pending.extension_reason})" if extension else ""),
    ]


def _facts(facts: ItemFacts, voice: Voice) -> list[tuple[str, str]]:
    opening, classes = facts.opening, facts.classification
    return [
        (voice.say("code", "代码"), f"{facts.code}, " + voice.say(f"version {facts.version}", f"第 {facts.version} 版")),
        (voice.say("ways", "共享方式"), ", ".join(facts.sharing.ways)),
        (
            voice.say("public", "开放"),
            voice.say(opening.type, _OPENINGS[opening.type]) + (f" ({opening.condition})" if opening.condition else ""),
        ),
        (voice.say("update cycle", "更新周期"), facts.update_cycle),
        (voice.say("format", "资源格式"), facts.format),
        (voice.say("base data", "基础信息资源"), classes.base),
        (voice.say("themes", "主题"), "; ".join(classes.themes)),
        (voice.say("related", "关联资源"), ", ".join(facts.related)),
    ]
