"""What takers are granted of a resource where it is less than the whole: the views that stand."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from node.control import Book, day_of
from node.control.sight import sees_grant, sees_taken
from node.control.views import View, schema_ids, views
from node.http.answers import missing
from node.model.names import Department, Division, Topic, department_of, division_of
from node.model.values import Actor, EventRef
from node.runtime import Node, RouteStatus

_CUT = "view"
"""The lane that cuts views, and that of its records which its views have are `sent`."""


class CutFace(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the records of a resource for a view, since it began: how many were read, and had nothing for it or something; and bytes read."""

    read: int
    filtered: int
    sent: int
    bytes: int


class ViewFace(msgspec.Struct, frozen=True, kw_only=True):
    """A view that active grants need, what it shows, and how it is on this node."""

    topic: Topic
    resource: Topic
    takers: tuple[Department, ...]
    grants: tuple[EventRef, ...]
    fields: tuple[str, ...] | None
    rows: str
    masks: dict[str, str]
    history: Literal["all", "from-now"]
    states: dict[str, int]
    """its partitions by state, where it is cut, else where this node's link carries it"""
    cut: CutFace | None
    """None where another node cuts it"""


class ViewShownFace(msgspec.Struct, frozen=True, kw_only=True):
    """A view with its routes on this node, by partition, and the schema of the newest version as JSON.

    There is no schema where the owner has not registered it, or its log has not come so far.
    """

    view: ViewFace
    schema: dict[str, Any] | None
    schema_id: int | None
    routes: list[RouteStatus]


@get("/v1/views")
async def listed(node: NamedDependency[Node], by: NamedDependency[Actor]) -> list[ViewFace]:
    """List the views that active grants need and that concern whoever asks."""
    routes: dict[str, list[RouteStatus]] = {}
    for route in node.shown.routes():
        routes.setdefault(route.topic, []).append(route)
    found = views(node.ledger.book, day_of(datetime.now(UTC)))
    seen = {topic: _seen(by, view, node.ledger.book) for topic, view in found.items()}
    return [face_of(view, node.settings.division, routes.get(topic, [])) for topic, view in seen.items() if view is not None]


def _seen(by: Actor, view: View | None, book: Book) -> View | None:
    """Return a view as somebody sees it: a taker not who else takes it."""
    if view is None or not sees_taken(by, department_of(view.resource.name), view.takers):
        return None
    grants = tuple(ref for ref in view.grants if sees_grant(by, book.grants[ref].value))
    return msgspec.structs.replace(view, grants=grants, takers=tuple(dict.fromkeys(book.grants[ref].value.taker for ref in grants)))


@get("/v1/views/{topic:str}")
async def shown(node: NamedDependency[Node], by: NamedDependency[Actor], topic: FromPath[str]) -> ViewShownFace:
    """Return one view that active grants need."""
    book = node.ledger.book
    view = _seen(by, views(book, day_of(datetime.now(UTC)), division_of(topic)).get(Topic(topic)), book)
    if view is None:
        raise missing("view", topic)
    number = schema_ids(book, view.resource.name, view.selection).get(view.resource.schema)
    schema = None if number is None else book.schema(number, division_of(topic))
    routes = [route for route in node.shown.routes() if route.topic == topic]
    return ViewShownFace(
        view=face_of(view, node.settings.division, routes),
        schema=None if schema is None else msgspec.json.decode(schema.schema),
        schema_id=number,
        routes=routes,
    )


def face_of(view: View, here: Division, routes: list[RouteStatus]) -> ViewFace:
    """Return a view as `here`'s node shows it, by that node's routes of its topic."""
    selection = view.selection
    cutting = [route for route in routes if route.lane == _CUT]
    return ViewFace(
        topic=view.topic,
        resource=view.resource.name,
        takers=view.takers,
        grants=view.grants,
        fields=selection.fields,
        rows=selection.rows,
        masks=selection.masks,
        history="from-now" if view.from_now else "all",
        states=dict(Counter(route.state for route in cutting or routes)),
        cut=_cut(cutting) if division_of(view.topic) == here else None,
    )


def _cut(routes: list[RouteStatus]) -> CutFace:
    read, sent = sum(route.records for route in routes), sum(route.outcomes.get("sent", 0) for route in routes)
    return CutFace(read=read, filtered=read - sent, sent=sent, bytes=sum(route.bytes for route in routes))


HANDLERS = [listed, shown]
