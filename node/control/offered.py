"""The catalogue as people look it up: every resource with its item, and the search in them.

Words are sought as they are written, wherever they stand, in Chinese as in English: a text matches when it holds all of them. Width and case
do not count (Unicode NFKC and case folding).
"""

import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Literal

import msgspec

from node.avro.described import data_items
from node.control.awaited import item_clocks
from node.control.book import Book
from node.control.calendar import Calendar
from node.control.clocks import Clock, Problem
from node.control.item_faults import highest_grade
from node.errors import CalendarError
from node.model.items import Base, Item, ItemFacts, State
from node.model.names import Department, Topic, department_of, division_of
from node.model.values import Kind, ResourceValue, Sharing


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A content that is not in force, and how far it has come; `reasons` are why it was returned."""

    version: int
    state: State
    at: str
    reasons: tuple[str, ...] = ()
    changed: str = ""
    """since which day what is in force is no longer right; empty: not told"""
    extension: Literal["", "asked", "consented"] = ""
    """of the time for the update"""
    extension_reason: str = ""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A resource of the catalogue: what is in force, or else the newest content. Without `facts` it was applied as a resource alone."""

    name: Topic
    title: str
    state: State
    """of what is in force; before anything is, that of the newest content"""
    since: str
    """when it came into that state, or empty where something newer is pending or there is no item"""
    owner: Department
    owner_name: str
    resource: ResourceValue
    facts: ItemFacts | None
    grade: str
    """the item's own, or else the highest of its data items; empty where the schema has no grades"""
    reasons: tuple[str, ...] = ()
    """why it is in that state, where it was returned or withdrawn"""
    takers: tuple[Department, ...] = ()
    """whom the last change concerned"""
    pending: Pending | None = None
    clocks: tuple[Clock, ...] = ()
    """that run on it, what is due first before the other: the authority's review, and the owner's update"""
    clock_problem: Problem | None = None
    """where a clock needs a year that the calendar does not know"""


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for; all that is given must hold. `owner` is a department or a division, `theme` a part of a theme's name."""

    words: str = ""
    owner: str = ""
    theme: str = ""
    base: Base | None = None
    sharing: Sharing | None = None
    kind: Kind | None = None
    state: State | None = None


def offer_of(name: Topic, book: Book) -> Offer | None:
    """Return what the catalogue has of a resource, None where it is neither there nor drafted."""
    item, resource = book.items.get(name), book.resources.get(name)
    content = (item.in_force or item.value) if item is not None else None
    if content is not None:
        resource = content.resource
    if resource is None:
        return None
    owner = department_of(name)
    known = book.departments.get(owner)
    facts = content.facts if content is not None else None
    state, since, pending = _standing(item)
    return Offer(
        name=name,
        title=resource.title,
        state=state,
        since=since,
        owner=owner,
        owner_name=known.name if known is not None else "",
        resource=resource,
        facts=facts,
        grade=(facts.grade if facts is not None else "") or _highest(_schema(book, resource)),
        reasons=item.reasons if item is not None and pending is None else (),
        takers=item.takers if item is not None else (),
        pending=pending,
    )


def search(book: Book, asked: Search) -> list[Offer]:
    """Return the offers that fit, by name; those first in whose title, name or code all the words stand."""
    words = _folded(asked.words).split()
    found = [offer for offer in _offers(book) if _fits(offer, asked) and _has(words, _text(offer, book))]
    return sorted(found, key=lambda offer: (not _has(words, _heading(offer)), offer.name))


def timed(offer: Offer, book: Book, calendar: Calendar, now: datetime) -> Offer:
    """Return an offer with the clocks that run on it at a moment, which must know its time zone."""
    item = book.items.get(offer.name)
    if item is None:
        return offer
    try:
        return msgspec.structs.replace(offer, clocks=item_clocks(item, calendar, now))
    except CalendarError as error:
        return msgspec.structs.replace(offer, clock_problem=Problem(error.en, error.zh))


def due_first(offers: Iterable[Offer]) -> list[Offer]:
    """Return what is due first before all; then what has no clock, in the order in which it comes."""
    return sorted(offers, key=lambda offer: (not offer.clocks, offer.clocks[0].over.timestamp() if offer.clocks else 0.0))


def _offers(book: Book) -> Iterator[Offer]:
    for name in book.resources.keys() | book.items.keys():
        offer = offer_of(name, book)
        if offer is not None:
            yield offer


def _standing(item: Item | None) -> tuple[State, str, Pending | None]:
    if item is None:
        return "published", "", None
    if item.in_force is None or item.state in {"published", "updated"}:
        return item.state, item.at, None
    pending = Pending(
        version=item.value.facts.version,
        state=item.state,
        at=item.at,
        reasons=item.reasons,
        changed=item.changed,
        extension="consented" if item.consented is not None else "asked" if item.extension is not None else "",
        extension_reason=item.extension.reason if item.extension is not None else "",
    )
    return "updated" if item.published > 1 else "published", "", pending


def _fits(offer: Offer, asked: Search) -> bool:
    facts = offer.facts
    return (
        (not asked.owner or offer.owner == asked.owner or division_of(offer.owner) == asked.owner)
        and (asked.sharing is None or offer.resource.sharing == asked.sharing)
        and (asked.kind is None or offer.resource.kind is asked.kind)
        and (asked.state is None or offer.state == asked.state or (offer.pending is not None and offer.pending.state == asked.state))
        and (asked.base is None or (facts is not None and facts.classification.base == asked.base))
        and (not asked.theme or _has([_folded(asked.theme)], _themes(facts)))
    )


def _has(words: list[str], text: str) -> bool:
    return all(word in text for word in words)


def _text(offer: Offer, book: Book) -> str:
    facts = offer.facts
    told = f"{facts.summary}\n{_themes(facts)}" if facts is not None else ""
    return "\n".join((_heading(offer), _folded(offer.owner_name), _folded(told), _fields(_schema(book, offer.resource))))


def _heading(offer: Offer) -> str:
    return _folded(f"{offer.title}\n{offer.name}\n{offer.facts.code if offer.facts is not None else ''}")


def _themes(facts: ItemFacts | None) -> str:
    return _folded("\n".join(facts.classification.themes)) if facts is not None else ""


def _schema(book: Book, resource: ResourceValue) -> str:
    schema = book.schema(resource.schema, division_of(resource.name))
    return schema.schema if schema is not None else "{}"


@lru_cache(maxsize=16384)
def _fields(schema: str) -> str:
    # The texts are those of the book, so the cache holds no more than three times what that holds; a province has 5,000 resources.
    told = msgspec.json.decode(schema)
    fields = (f"{one.name}\n{one.meaning}" for one in data_items(told))
    return _folded("\n".join((str(told.get("title", "")), str(told.get("doc", "")), *fields)))


@lru_cache(maxsize=16384)
def _highest(schema: str) -> str:
    return highest_grade(data_items(msgspec.json.decode(schema)))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
