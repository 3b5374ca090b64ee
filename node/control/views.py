"""The views that grants need, and the schema of each: what every node makes of the book, and the owner's node cuts."""

import json
from datetime import date
from functools import lru_cache

import msgspec

from node.avro import parse
from node.avro.deriving import derive
from node.avro.ids import canonical
from node.avro.selection import Selection
from node.control.book import Book
from node.control.grants import Grant
from node.control.naming import selection_of
from node.control.registering import registered_id
from node.errors import SchemaError
from node.model.names import Department, Division, Topic, division_of
from node.model.values import EventRef, ResourceValue


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A topic with what some takers were granted of a resource: its selection, and the grants that it serves, in order."""

    topic: Topic
    resource: ResourceValue
    selection: Selection
    from_now: bool
    """it holds nothing that was in the resource before it began; such a view serves one grant"""
    grants: tuple[EventRef, ...]
    takers: tuple[Department, ...]


def views(book: Book, today: date, owner: Division | None = None) -> dict[Topic, View]:
    """Return the views that active grants need on a day, of all owners or of one, by their topics."""
    serving: dict[Topic, list[Grant]] = {}
    for resource in book.resources:
        if owner is None or division_of(resource) == owner:
            for grant in book.active_on(resource, today):
                if grant.view is not None:
                    serving.setdefault(grant.view, []).append(grant)
    return {topic: _view(book, topic, sorted(serving[topic], key=lambda grant: grant.ref)) for topic in sorted(serving)}


def schema_ids(book: Book, resource: Topic, selection: Selection) -> dict[int, int]:
    """Return the id of each version's schema with the id under which the owner registered what a selection leaves of it.

    Without those that are not registered: a version's come before it and a grant's before the grant, so that none is missing but to a node
    that derives otherwise than the owner's did.
    """
    owner = division_of(resource)
    derived = {number: derived_text(text, selection) for number, text in book.schemas_of(resource)}
    found = {number: registered_id(text, book, owner) for number, text in derived.items() if text is not None}
    return {number: one for number, one in found.items() if one is not None}


def derived_text(schema: str, selection: Selection) -> str | None:
    """Return the canonical text of what a selection leaves of a schema, itself a text; None where that is no schema that we can use."""
    return _derived(schema, selection.fields, tuple(sorted(selection.masks.items())))


@lru_cache(maxsize=4096)
def _derived(schema: str, fields: tuple[str, ...] | None, masks: tuple[tuple[str, str], ...]) -> str | None:
    # Asked for each view and version whenever the book moves, and a node has some hundred of them: at 10 KB each, 40 MB at the very most.
    try:
        whole = json.loads(schema)
        parse(whole)
        return canonical(derive(whole, Selection(fields=fields, masks=dict(masks))))
    except (SchemaError, ValueError, RecursionError):
        return None


def _view(book: Book, topic: Topic, grants: list[Grant]) -> View:
    value = grants[0].value
    return View(
        topic=topic,
        resource=book.resources[value.resource],
        selection=selection_of(value),
        from_now=value.history == "from-now",
        grants=tuple(grant.ref for grant in grants),
        takers=tuple(sorted({grant.value.taker for grant in grants})),
    )
