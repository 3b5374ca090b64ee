"""The views that grants need, and the schema of each: what every node makes of the book, and the owner's node cuts."""

from datetime import date

import msgspec

from node.avro.selection import Selection
from node.control.book import Book, Grant
from node.control.naming import selection_of
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
