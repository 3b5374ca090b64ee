"""The contents of catalogue items: saying one, putting one in force, and whom that concerns."""

from collections.abc import Iterable
from datetime import date

import msgspec

from node.control.book import Book
from node.control.events import Event
from node.control.run import Run
from node.errors import CommandRefused
from node.model.items import ItemStateValue, ItemValue
from node.model.names import Department, Division, Topic, division_of
from node.model.values import Actor, EventRef, ResourceValue

_NAMED_MAX = 10
"""Takers that a message names; of more it tells how many. The event names all."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody should know of an act that was carried out; in both languages."""

    code: str
    en: str
    zh: str
    takers: tuple[Department, ...] = ()


def say_content(value: ItemValue, book: Book, run: Run) -> EventRef:
    """Say a new content of an item; CommandRefused where its version or its code is taken."""
    _check_version(value, book)
    _check_code(value, book, run.author)
    run.say(value)
    return run.events[-1].ref


def say_published(name: Topic, content: EventRef, by: Actor, takers: tuple[Department, ...], run: Run) -> None:
    """Say that a content is in force; its event names those who hold a grant and get something else now."""
    run.say(ItemStateValue(by=by, item=name, content=content, state="published", takers=takers))


def same(one: ItemValue | None, other: ItemValue) -> bool:
    """Tell whether two contents say the same, whoever says it."""
    return one is not None and (one.resource, one.facts) == (other.resource, other.facts)


def takers_of(name: Topic, book: Book, today: date) -> tuple[Department, ...]:
    """Return who holds a grant on a resource that is neither ended nor past its term, each once, in order; one that is suspended may go on."""
    day = today.isoformat()
    return tuple(sorted({grant.value.taker for grant in book.unended_on(name) if not grant.value.until or grant.value.until >= day}))


def names_of(takers: Iterable[Department], *, zh: bool) -> str:
    """Return takers in a line, the first few by name."""
    known = list(takers)
    told, more = ("、" if zh else ", ").join(known[:_NAMED_MAX]), len(known) - _NAMED_MAX
    if more <= 0:
        return told
    return f"{told} 等 {len(known)} 个部门" if zh else f"{told} and {more} more"


def notices(events: Iterable[Event], book: Book, today: date) -> tuple[Notice, ...]:
    """Return what a command's answer warns of: takers whose resource or item changes, and ways that are not served yet.

    `book` has folded the events, which one command has made.
    """
    found: dict[tuple[str, Topic], Notice] = {}
    for event in events:
        match event.body:
            case ItemValue() as content:
                name = content.resource.name
                if "interface" in content.facts.sharing.ways:
                    found["way", name] = _not_served(name)
                item = book.items.get(name)
                if item is not None and item.in_force is not None and (takers := takers_of(name, book, today)):
                    found["change", name] = _will_change(name, takers)
            case ItemStateValue(state="published", takers=takers) as step if takers:
                found["change", step.item] = _has_changed(step.item, takers)
            case ResourceValue() as resource if takers := takers_of(resource.name, book, today):
                found["change", resource.name] = _has_changed(resource.name, takers)
            case _:
                pass
    return tuple(found.values())


def _will_change(name: Topic, takers: tuple[Department, ...]) -> Notice:
    en = f"{name} is held by {names_of(takers, zh=False)}: publishing this content changes what they take; tell them before"
    zh = f"{name} 正由 {names_of(takers, zh=True)} 使用：发布此内容将改变其所获取的数据；请事先告知"
    return Notice(code="takers-concerned", en=en, zh=zh, takers=takers)


def _has_changed(name: Topic, takers: tuple[Department, ...]) -> Notice:
    en = f"{name} has changed, and {names_of(takers, zh=False)} hold it: they see the change in the catalogue; tell them what it means for them"
    zh = f"{name} 已变更，正由 {names_of(takers, zh=True)} 使用：变更已在目录中可见；请告知其影响"
    return Notice(code="takers-concerned", en=en, zh=zh, takers=takers)


def _not_served(name: Topic) -> Notice:
    en = f"{name} offers the way interface, which comes later; until then it is given as stream and file"
    return Notice(code="way-not-served", en=en, zh=f"{name} 提供接口方式，该方式将在后续版本支持；目前以数据流和文件提供")


def _check_version(value: ItemValue, book: Book) -> None:
    name, version = value.resource.name, value.facts.version
    before = book.items.get(name)
    if before is not None and version <= before.version:
        en = f"{name}: version {before.version} has been published; another content needs a greater one than {version}: is the file an old one?"
        zh = f"{name}：已发布第 {before.version} 版；内容有变，版本应大于 {version}：是否用了旧文件？"
        raise CommandRefused("version-not-raised", en, zh)


def _check_code(value: ItemValue, book: Book, author: Division) -> None:
    name, code = value.resource.name, value.facts.code
    for other, item in book.items.items():
        if other != name and division_of(other) == author and not item.gone and code in _codes(item.value, item.in_force):
            en = f"{name}: the code {code} is that of {other}; give each item its own"
            raise CommandRefused("code-taken", en, f"{name}：代码 {code} 已用于 {other}；每个目录应有自己的代码")


def _codes(*contents: ItemValue | None) -> set[str]:
    return {content.facts.code for content in contents if content is not None}
