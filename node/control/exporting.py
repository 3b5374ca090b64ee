"""What may be exported to a file: a taker's grant on a resource is found, and what has to be read and written for it."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from node.control.book import Book
from node.control.checks import check_resource
from node.control.desk import check_entitled, check_own_department
from node.control.events import SHANGHAI
from node.control.grants import Grant
from node.control.naming import selection_of
from node.control.reach import STATES_ZH, state_of
from node.control.views import schema_ids
from node.errors import CommandRefused
from node.model.names import Department, Division, Topic, department_of, division_of
from node.model.values import Actor, EventRef, Kind

_NAMED_MAX = 10
"""Grants that a refusal names, the newest."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(rf"{_DAY.pattern}[T ][0-9]{{2}}:[0-9]{{2}}.*")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ExportAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who wants which records of a resource for which department; `grant` where it holds several. Times are as `period` reads them."""

    by: Actor
    resource: Topic
    taker: Department
    grant: EventRef | None = None
    from_time: str = ""
    to_time: str = ""


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """What is exported, and the grant on which that rests: records of a topic from `from_ms` on and before `to_ms`, in the newest schema."""

    grant: EventRef
    topic: Topic
    """the grant's view, or the resource where it is of the whole"""
    partitions: int
    kind: Kind
    schema_id: int
    """the newest version's"""
    schemas: dict[int, dict[str, Any]]
    """every version's schema, by the id that stands in records"""
    from_ms: int | None
    to_ms: int | None


def export_of(asked: ExportAsked, book: Book, author: Division, today: date) -> Export:
    """Return what is exported on a node. CommandRefused where the department, whoever acts for it, or its grants do not allow it."""
    check_resource(asked.resource)
    check_own_department(asked.taker, book, author)
    check_entitled(asked.by, asked.taker, "steward", "head")
    from_ms, to_ms = period(asked.from_time, asked.to_time)
    grant = _grant(asked, book, today)
    resource = book.resources[asked.resource]
    ids = {number: number for number, _text in book.schemas_of(resource.name)}
    if grant.view is not None:
        ids = schema_ids(book, resource.name, selection_of(grant.value))
    if resource.schema not in ids:
        en = f"the schema of {grant.view} has not come with its owner's control log yet; export again in a moment"
        raise CommandRefused("schema-not-here", en, f"{grant.view} 的模式尚未随数源方的控制日志到达；请稍后重试")
    schemas = {number: book.schema(number, division_of(resource.name)) for number in ids.values()}
    return Export(
        grant=grant.ref,
        topic=grant.view or resource.name,
        partitions=resource.partitions,
        kind=resource.kind,
        schema_id=ids[resource.schema],
        schemas={number: msgspec.json.decode(schema.schema) for number, schema in schemas.items() if schema is not None},
        from_ms=from_ms,
        to_ms=to_ms,
    )


def period(from_time: str, to_time: str, *, named: tuple[str, str] = ("from_time", "to_time")) -> tuple[int | None, int | None]:
    """Return the first millisecond that counts and the first that no longer does, None where nothing is said; `named` in what is refused.

    Days and moments are ISO 8601, in Shanghai where they have no zone. A day as `to_time` counts as a whole, as the last day of a term does;
    a moment does not count any more.
    """
    begin, end = _read(named[0], from_time, last=False), _read(named[1], to_time, last=True)
    if begin is not None and end is not None and begin >= end:
        en = f"{named[0]} {from_time} is not before {named[1]} {to_time}: nothing can be between them"
        raise CommandRefused("bad-time", en, f"{named[0]} {from_time} 不早于 {named[1]} {to_time}：两者之间不会有内容")
    return begin, end


def _read(field: str, text: str, *, last: bool) -> int | None:
    if not text:
        return None
    try:
        if _DAY.fullmatch(text):
            moment = datetime.fromisoformat(text) + timedelta(days=last)
        elif _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text)
        else:
            raise ValueError  # Python reads more forms, in which a day is hard to tell from a moment
    except (ValueError, OverflowError) as error:
        en = f"{field}: {text!r} is neither a day nor a moment; write it as 2026-11-22, 2026-11-22T08:30 or 2026-11-22T08:30:00Z"
        zh = f"{field}：{text!r} 不是日期或时刻；请写成 2026-11-22、2026-11-22T08:30 或 2026-11-22T08:30:00Z"
        raise CommandRefused("bad-time", en, zh) from error
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=SHANGHAI)
    return -((_EPOCH - moment) // timedelta(milliseconds=1))  # rounded up: a record's time has whole milliseconds


def _grant(asked: ExportAsked, book: Book, today: date) -> Grant:
    """Return the grant on which an export rests: the active one that was named, or those there are where they all show the same."""
    resource, taker = asked.resource, asked.taker
    if resource not in book.resources:
        en = f"{resource} is not in the catalogue that this node has; `exchange-node catalogue list` shows it"
        raise CommandRefused("no-such-resource", en, f"本节点的目录中没有 {resource}；可用 `exchange-node catalogue list` 查看")
    if department_of(resource) == taker:
        en = f"{resource} is {taker}'s own and needs no grant; `exchange-node tail {resource}` reads it"
        raise CommandRefused("own-resource", en, f"{resource} 属于 {taker} 自身，无需授权；可用 `exchange-node tail {resource}` 读取")
    held = [grant for _ref, grant in sorted(book.grants.items()) if (grant.value.resource, grant.value.taker) == (resource, taker)]
    found = [grant for grant in held if asked.grant in {None, grant.ref}]
    active = [grant for grant in found if state_of(grant, book, today) == "flowing"]
    if not active:
        raise _refused("no-active-grant", asked, found or held, book, today)
    if len({grant.view for grant in active}) > 1:
        raise _refused("several-grants", asked, active, book, today)
    return min(active, key=lambda grant: (grant.value.way != "file", grant.ref))


def _refused(code: str, asked: ExportAsked, grants: Iterable[Grant], book: Book, today: date) -> CommandRefused:
    """Return a refusal that tells how the grants there are stand, and the next step."""
    newest = list(grants)[-_NAMED_MAX:]
    states = [(f"{grant.ref[0]}/{grant.ref[1]}", state_of(grant, book, today)) for grant in newest]
    en, zh = ", ".join(f"{ref} is {state}" for ref, state in states), "、".join(f"{ref} {STATES_ZH[state]}" for ref, state in states)
    ask = f"exchange-node request new {asked.resource}"
    if code == "several-grants":
        told = f"{asked.taker} holds several grants on {asked.resource} that show different things ({en}); name one with --grant"
        return CommandRefused(code, told, f"{asked.taker} 对 {asked.resource} 有多项内容不同的授权（{zh}）；请用 --grant 指定")
    if not newest:
        en, zh = "there is none", "尚无授权"
    name = f" {asked.grant[0]}/{asked.grant[1]}" if asked.grant is not None else ""
    told = f"{asked.taker} holds no active grant{name} on {asked.resource}: {en}; a new one is asked for with `{ask}`"
    return CommandRefused(code, told, f"{asked.taker} 对 {asked.resource} 没有有效的授权{name}：{zh}；可用 `{ask}` 申请")
