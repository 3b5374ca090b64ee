"""What is wrong with what an item tells, all of it at once: asked of a file, where each fault has a line, and of a command."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple, get_args

from node.avro.described import DataItem
from node.control.bodies import ITEM_MANY_MAX, TEXT_MAX
from node.errors import CommandRefused
from node.model import names
from node.model.credit import is_credit_code
from node.model.items import Grade, ItemFacts
from node.model.names import Topic

GRADES: tuple[str, ...] = get_args(Grade)
"""Least first."""
_CODE = re.compile(r"[123][0-9]{5,30}/[0-9]{1,20}")
_CYCLE = re.compile(r"real-time|P[1-9][0-9]{0,3}[DWMY]")
_NAMED_MAX = 10


class Fault(NamedTuple):
    """A key of the facts, as in `sharing.condition`, what is wrong with it and what would be right; `of` names the keys that it follows from."""

    key: str
    en: str
    zh: str
    of: tuple[str, ...]


def faults(name: Topic, facts: ItemFacts, items: Iterable[DataItem]) -> Iterator[Fault]:
    """Yield every fault of the facts of a resource whose schema has these data items."""
    yield from _forms(name, facts)
    yield from _classes(facts)
    yield from _terms(facts)
    yield from _grades(facts, items)


def check_facts(name: Topic, facts: ItemFacts, items: Iterable[DataItem]) -> None:
    """Refuse facts with all that is wrong with them."""
    found = list(faults(name, facts, items))
    if found:
        en = "; ".join(f"{fault.key}: {fault.en}" for fault in found)
        zh = "；".join(f"{fault.key}：{fault.zh}" for fault in found)
        raise CommandRefused("bad-item", f"{name}: {en}", f"{name}：{zh}")


def highest_grade(items: Iterable[DataItem]) -> str:
    """Return the highest grade of some data items, which is an item's own unless it says a higher one; empty where none has a grade."""
    return max((one.grade for one in items if one.grade in GRADES), key=GRADES.index, default="")


def _forms(name: Topic, facts: ItemFacts) -> Iterator[Fault]:
    if not _CODE.fullmatch(facts.code):
        en = f"{facts.code!r} is no code of the catalogue guide: 1, 2 or 3 for the class, two, three and more digits, / and a serial number"
        yield _fault("code", en, f"{facts.code!r} 不是信息资源代码：应为类（1、2 或 3）、项（2 位）、目（3 位）、细目，再加 / 和顺序号")
    if not is_credit_code(facts.credit_code):
        en = f"{facts.credit_code!r} is no credit code (GB 32100): 18 characters, the last of which checks the others; is one mistyped?"
        yield _fault("credit_code", en, f"{facts.credit_code!r} 不是统一社会信用代码（GB 32100）：应为 18 位，末位为校验码；是否有误？")
    if not _CYCLE.fullmatch(facts.update_cycle):
        en = f"{facts.update_cycle!r} is no cycle; write real-time, or a period such as P1D, P1W, P1M or P1Y"
        yield _fault("update_cycle", en, f"{facts.update_cycle!r} 不是更新周期；应为 real-time，或 P1D、P1W、P1M、P1Y 等")
    if facts.version < 1:
        yield _fault("version", f"{facts.version} is none; versions count from 1", f"{facts.version} 无效；版本自 1 起")
    yield from _names("related", facts.related)
    for one in facts.related:
        if one == name or not _is_resource(one):
            en = f"{one!r} is no other resource; name one as in 445102.civil-affairs.villages"
            yield _fault("related", en, f"{one!r} 不是其他资源的名称；例如 445102.civil-affairs.villages")
    if len(facts.summary) > TEXT_MAX:
        yield _fault("summary", f"is longer than {TEXT_MAX} characters; shorten it", f"超过 {TEXT_MAX} 字；请缩短")


def _classes(facts: ItemFacts) -> Iterator[Fault]:
    told = facts.classification
    if facts.code.startswith("1") and not told.base:
        en = "is missing, and the code begins with 1, for base data; say which, or begin the code with 2 or 3"
        yield _fault("classification.base", en, "缺少，而代码以 1 开头，为基础信息资源；请注明，或代码改以 2、3 开头", "code")
    if facts.code.startswith("2") and not told.themes:
        en = "is missing, and the code begins with 2, for a theme; say which, or begin the code with 1 or 3"
        yield _fault("classification.themes", en, "缺少，而代码以 2 开头，为主题信息资源；请注明，或代码改以 1、3 开头", "code")
    yield from _names("classification.themes", told.themes)
    for theme in told.themes:
        yield from _text("classification.themes", theme)


def _terms(facts: ItemFacts) -> Iterator[Fault]:
    sharing, opening = facts.sharing, facts.opening
    yield from _with("sharing.condition", sharing.condition, "sharing.type", sharing.type, "conditional")
    yield from _with("sharing.legal_basis", sharing.legal_basis, "sharing.type", sharing.type, "not-shared")
    yield from _with("opening.condition", opening.condition, "opening.type", opening.type, "conditional")
    if sharing.type == "not-shared" and sharing.ways:
        en = "there is no way to what is not shared; leave them out"
        yield _fault("sharing.ways", en, "不予共享的资源没有共享方式；请去掉", "sharing.type")
    if sharing.type != "not-shared" and not sharing.ways:
        en = "is missing; say at least one of stream, file, interface"
        yield _fault("sharing.ways", en, "缺少；至少填写 stream、file、interface 之一", "sharing.type")
    yield from _names("sharing.ways", sharing.ways)
    if sharing.type == "not-shared" and opening.type != "not-open":
        en = "what departments may not have is not open to the public; write not-open"
        yield _fault("opening.type", en, "不予共享的资源不能向社会开放；应为 not-open", "sharing.type")


def _grades(facts: ItemFacts, items: Iterable[DataItem]) -> Iterator[Fault]:
    known = tuple(items)
    bare = [one.name for one in known if one.grade not in GRADES]
    if bare:
        more_en, more_zh = (f" and {len(bare) - _NAMED_MAX} more", f" 等 {len(bare)} 项") if len(bare) > _NAMED_MAX else ("", "")
        told, grades = ", ".join(bare[:_NAMED_MAX]), ", ".join(GRADES)
        en = f'these data items have no grade: {told}{more_en}; give the field or what is around it a "grade": {grades}'
        yield _fault("schema", en, f'以下信息项没有分级：{told}{more_zh}；请为字段或其外层填写 "grade"：{grades}')
    highest = highest_grade(known)
    if facts.grade and highest and GRADES.index(facts.grade) < GRADES.index(highest):
        which = next(one.name for one in known if one.grade == highest)
        en = f"{facts.grade} is below {which}, which is {highest}; an item is at least what its data items are"
        yield _fault("grade", en, f"{facts.grade} 低于信息项 {which} 的 {highest}；目录的级别不低于其信息项", "schema")


def _with(key: str, text: str, decisive: str, kind: str, needed: str) -> Iterator[Fault]:
    """Yield the fault of a text that stands where `kind` is `needed`, and nowhere else."""
    if kind != needed and text:
        en = f"stands beside {decisive}: {kind}, it belongs to {needed}; remove it or change the type"
        yield _fault(key, en, f"{decisive} 为 {kind}，此项属于 {needed}；请去掉，或修改类型", decisive)
    elif kind == needed and not text.strip():
        en = f"is missing, and {decisive} is {needed}; write it, in both languages with ` / ` between"
        yield _fault(key, en, f"缺少，而 {decisive} 为 {needed}；请填写中英文，以“ / ”分隔", decisive)
    elif len(text) > TEXT_MAX:
        yield _fault(key, f"is longer than {TEXT_MAX} characters; shorten it", f"超过 {TEXT_MAX} 字；请缩短")


def _names(key: str, told: tuple[str, ...]) -> Iterator[Fault]:
    for one, count in Counter(told).items():
        if count > 1:
            yield _fault(key, f"{one} stands there {count} times; keep one", f"{one} 出现了 {count} 次；请只保留一个")
    if len(told) > ITEM_MANY_MAX:
        yield _fault(key, f"has more than {ITEM_MANY_MAX}; keep the nearest", f"超过 {ITEM_MANY_MAX} 个；请只保留最相关的")


def _text(key: str, text: str) -> Iterator[Fault]:
    if not text.strip():
        yield _fault(key, "is empty; fill it in", "为空；请填写")
    if len(text) > TEXT_MAX:
        yield _fault(key, f"is longer than {TEXT_MAX} characters; shorten it", f"超过 {TEXT_MAX} 字；请缩短")


def _is_resource(text: str) -> bool:
    try:
        names.resource(text)
    except ValueError:
        return False
    return True


def _fault(key: str, en: str, zh: str, *of: str) -> Fault:
    return Fault(key, en, zh, (key, *of))
