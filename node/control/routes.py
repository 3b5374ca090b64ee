"""What moves where: the routes of a node's link and the topics of its cluster, as functions of the book alone.

A topic's name says its owner. What is owned inside a node's subtree only goes up its link, all else only down, so every
cluster receives a topic from one side at most and its owner's cluster from none: a loop cannot happen.
"""

from collections.abc import Iterator
from datetime import date
from typing import Literal

import msgspec

from node.control.book import Book
from node.control.disposal import era, is_due
from node.control.views import views
from node.model.limits import (
    AUDIT_NOTE_BYTES_MAX,
    AUDIT_RETENTION_MS,
    CONTROL_EVENT_BYTES_MAX,
    HOUR_MS,
    INBOX_RETENTION_MS,
    MIB,
    QUARANTINE_MESSAGE_BYTES_MAX,
    QUARANTINE_RETENTION_MS,
    SHARDS,
    VIEW_BYTES_MORE,
)
from node.model.names import (
    Division,
    Topic,
    audit_topic,
    canary_topic,
    control_topic,
    division_of,
    inbox_topic,
    progress_topic,
    quarantine_topic,
)
from node.model.values import Kind, ResourceValue


class Route(msgspec.Struct, frozen=True):
    """A topic that a node's link carries, from its own cluster to the parent's (`link-up`) or back (`link-down`)."""

    topic: Topic
    partitions: int
    lane: Literal["link-up", "link-down"]
    era: int = 0
    """it begins anew where it was carried in an earlier one: either side has been disposed of since"""
    awaits: tuple[Division, ...] = ()
    """those that have to dispose of it before it may flow"""


class TopicSpec(msgspec.Struct, frozen=True):
    """A topic that a node makes in its own cluster; `settings` are Kafka's topic configuration by name."""

    topic: Topic
    partitions: int
    settings: dict[str, str]


def routes(book: Book, here: Division, parent: Division | None, today: date) -> frozenset[Route]:
    """Return what the link from `here` to its configured parent carries on a day; nothing at the root.

    The own control log up and those of the divisions above down need no book: what is in them has to come in first. Canaries go from where they
    are made to every node above and below, and to no other.
    A link that the book contradicts carries control logs alone, and one to a division below `here` carries nothing.
    """
    subtree = book.tree.subtree(here)
    if parent is None or parent in subtree:
        return frozenset()
    found = {Route(control_topic(code), 1, "link-up") for code in subtree}
    found.update(Route(canary_topic(code), 1, "link-up") for code in subtree)
    upper = above(book, parent)
    found.update(Route(canary_topic(code), 1, "link-down") for code in upper)
    outside = {*upper, *book.tree.divisions} - subtree
    found.update(Route(control_topic(code), 1, "link-down") for code in outside)
    if book.tree.parent(here) == parent:
        found.update(_resource_routes(book, here, parent, today))
    return frozenset(found)


def gates(book: Book, here: Division) -> dict[Topic, ResourceValue]:
    """Return the resources that `here`'s node gates, by their inboxes: all that its departments own."""
    return {inbox_topic(topic): resource for topic, resource in book.resources.items() if division_of(topic) == here}


def topics_here(book: Book, here: Division, parent: Division | None, today: date) -> dict[Topic, TopicSpec]:
    """Return the topics that `here`'s node makes in its own cluster: its own, its children's progress, the views that it cuts, and what passes or ends here.

    A child's lanes up write their progress in this cluster. A copy that has to be disposed of is not made before it is (`disposal`).
    """
    codes = {here, *book.tree.divisions, *(() if parent is None else above(book, parent))}
    specs = [TopicSpec(control_topic(code), 1, _CONTROL) for code in codes]
    specs.append(TopicSpec(audit_topic(here), 1, _AUDIT))
    specs += [TopicSpec(topic, 1, _CANARY) for topic in canaries(book, here, parent).values()]
    specs += [TopicSpec(progress_topic(code), SHARDS, _PROGRESS) for code in (here, *book.tree.children(here))]
    for inbox, resource in gates(book, here).items():
        specs += [_resource_spec(resource), _inbox_spec(inbox, resource), _quarantine_spec(resource)]
    specs += [_view_spec(view.topic, view.resource) for view in views(book, today, here).values()]
    specs += _passing(book, here, today)
    return {spec.topic: spec for spec in specs if not is_due(here, spec.topic, book, today)}


def canaries(book: Book, here: Division, parent: Division | None) -> dict[Division, Topic]:
    """Return the canaries that are to be heard in the cluster of `here`, by whose they are: its own, and those of all below and above it."""
    upper = () if parent is None else above(book, parent)
    return {code: canary_topic(code) for code in sorted({*book.tree.subtree(here), *upper})}


def above(book: Book, parent: Division) -> list[Division]:
    """Return the parent and all above it, as far as the book or waiting logs tell; ends even where logs contradict each other."""
    above: list[Division] = []
    code: Division | None = parent
    while code is not None and code not in above:
        above.append(code)
        code = book.above(code)
    return above


class Taken(msgspec.Struct, frozen=True):
    """What moves of a resource, its own topic or a view, and where to, as sides of `here`: None is the parent's, a child its own, `here` itself."""

    topic: Topic
    resource: ResourceValue
    owner: Division | None
    takers: set[Division | None]


def taken(book: Book, here: Division, today: date) -> Iterator[Taken]:
    """Yield each topic that active grants let move, whose owner and takers `here` can place."""
    sides = book.tree.sides(here)
    for name, resource in book.resources.items():
        owner = division_of(name)
        if owner not in sides:
            continue
        takers: dict[Topic, set[Division | None]] = {}
        for grant in book.active_on(name, today):
            taker = division_of(grant.value.taker)
            if taker in sides:
                takers.setdefault(grant.view or name, set()).add(sides[taker])
        yield from (Taken(topic, resource, sides[owner], found) for topic, found in takers.items())


def _resource_routes(book: Book, here: Division, parent: Division, today: date) -> Iterator[Route]:
    for one in taken(book, here, today):
        if one.owner is None and one.takers != {None}:
            yield Route(one.topic, one.resource.partitions, "link-down", *era(one.topic, (parent, here), book, today))
        elif one.owner is not None and None in one.takers:
            yield Route(one.topic, one.resource.partitions, "link-up", *era(one.topic, (here, parent), book, today))


def _passing(book: Book, here: Division, today: date) -> Iterator[TopicSpec]:
    for one in taken(book, here, today):
        if one.takers != {one.owner}:
            is_own = one.topic == one.resource.name
            yield _resource_spec(one.resource) if is_own else _view_spec(one.topic, one.resource)


def _resource_spec(resource: ResourceValue) -> TopicSpec:
    settings = _CARRIED | {"max.message.bytes": str(resource.max_message_bytes)}
    if resource.kind is Kind.STATE:
        settings |= {"cleanup.policy": "compact"}
    else:
        settings |= {"cleanup.policy": "delete", "retention.ms": str(resource.retention_ms), "retention.bytes": "-1"}
    return TopicSpec(resource.name, resource.partitions, settings)


def _view_spec(topic: Topic, resource: ResourceValue) -> TopicSpec:
    settings = _resource_spec(resource).settings
    room = resource.max_message_bytes + VIEW_BYTES_MORE
    return TopicSpec(topic, resource.partitions, settings | {"max.message.bytes": str(room)})


def _inbox_spec(inbox: Topic, resource: ResourceValue) -> TopicSpec:
    settings = {"max.message.bytes": str(resource.max_message_bytes), "retention.ms": str(INBOX_RETENTION_MS)}
    return TopicSpec(inbox, resource.partitions, _CARRIED | _DELETED | settings | _APPEND_TIME)


def _quarantine_spec(resource: ResourceValue) -> TopicSpec:
    settings = {"max.message.bytes": str(QUARANTINE_MESSAGE_BYTES_MAX), "retention.ms": str(QUARANTINE_RETENTION_MS)}
    return TopicSpec(quarantine_topic(resource.name), resource.partitions, _CARRIED | _DELETED | settings)


_APPEND_TIME = {
    # Retention goes by a batch's greatest timestamp: what is published with old ones would be gone before the gate has read it. The broker
    # writes its own clock into the batch's header alone; the records keep their department's timestamps, which the gate restores.
    "message.timestamp.type": "LogAppendTime",
}
_DELETED = {"cleanup.policy": "delete", "retention.bytes": "-1"}
_CARRIED = {
    "compression.type": "producer",
    # Timestamps are the producer's, and old or skewed ones must not stop a link: Kafka's own bound is an hour.
    "message.timestamp.type": "CreateTime",
    "message.timestamp.after.max.ms": str(2**63 - 1),
}
_CONTROL = _CARRIED | {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    # The longest event and its batch's and record's headers: room for as much again, for a run of events may share a batch.
    "max.message.bytes": str(2 * CONTROL_EVENT_BYTES_MAX),
}
_AUDIT = _CARRIED | _DELETED | {"retention.ms": str(AUDIT_RETENTION_MS), "max.message.bytes": str(2 * AUDIT_NOTE_BYTES_MAX)}
_PROGRESS = _CARRIED | {
    "cleanup.policy": "compact",
    # Whoever takes a shard reads its whole partition, and the cleaner leaves the segment that is being written alone: with Kafka's own
    # bounds, a week or a GiB, that would be all that a week of commits wrote.
    "segment.ms": str(HOUR_MS),
    "segment.bytes": str(16 * MIB),
    # The broker dates these itself, so that each commit tells how far its clock is from the node's (`bus.skew`).
    "message.timestamp.type": "LogAppendTime",
}
_CANARY = _CARRIED | {
    # One key: the newest is all that is wanted, and a link that stood still for long goes on from where it was, for nothing is ever overtaken.
    "cleanup.policy": "compact",
    "segment.ms": str(HOUR_MS),
    "segment.bytes": str(MIB),
}
