"""The logs of a whole tree of divisions, and what all its links carry by them: what routes are tested on."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from node.control.book import Book
from node.control.commands import AddDepartment, AddDivision, ApplyCatalogue, CatalogueItem, Command, EndGrant
from node.control.decide import decide
from node.control.events import encode
from node.control.routes import Route, routes
from node.model.names import Department, Division, Topic
from node.model.values import EventRef, Kind
from tests.granting import AUTHORITY, give, wanted

ROOT, CITY, CITY2, DISTRICT, DISTRICT2 = map(Division, ("440000", "445100", "440100", "445102", "445103"))
PARENTS: dict[Division, Division | None] = {ROOT: None, CITY: ROOT, CITY2: ROOT, DISTRICT: CITY, DISTRICT2: CITY}
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = date(2026, 11, 22)
Edge = tuple[Division, Division]


def division(code: Division, parent: Division | None) -> AddDivision:
    """Add a division."""
    return AddDivision(code=code, name=code, level="city", parent=parent)


def catalogue(author: Division, name: str = "bills", kind: Kind = Kind.FACTS, retention_ms: int = -1) -> ApplyCatalogue:
    """Describe a resource of a node."""
    schema: dict[str, object] = {"type": "record", "name": "R", "key": ["k"], "fields": [{"name": "k", "type": "string"}]}
    resource = CatalogueItem(name=topic(author, name), title=name, kind=kind, schema=schema, partitions=2, retention_ms=retention_ms)
    return ApplyCatalogue(resources=(resource,))


def topic(author: Division, name: str = "bills") -> Topic:
    """A resource of a node's taxation department."""
    return Topic(f"{author}.tax.{name}")


class World:
    """The logs of a whole tree, each command decided by one who has read them all."""

    def __init__(self, parents: dict[Division, Division | None]) -> None:
        self.parents, self.book = parents, Book()
        self.logs: dict[Division, list[bytes]] = {code: [] for code in parents}
        for code, parent in parents.items():
            self.carry_out(parent or code, division(code, parent))
            for name in ("tax", "police"):
                self.carry_out(code, AddDepartment(department=Department(f"{code}.{name}"), name=name))
            self.carry_out(code, catalogue(code))

    def carry_out(self, author: Division, command: Command) -> EventRef:
        """Decide, append and fold."""
        said = decide(command, self.book, author, AT)
        for event in said:
            self.logs[author].append(encode(event))
            self.book.fold(author, self.logs[author][-1])
        return said[-1].ref

    def give(self, owner: Division, taker: Division, *, name: str = "bills", **parts: Any) -> EventRef:
        """Let a node's resource come to another node's police, or its own, for a purpose of its own; return the grant."""
        return give(self.carry_out, wanted(topic(owner, name), f"{taker}.police", str(len(self.book.requests)), **parts))

    def end(self, grant: EventRef) -> None:
        """End a grant."""
        self.carry_out(grant[0], EndGrant(by=AUTHORITY, grant=grant))

    def edges(self, books: dict[Division, Book], today: date = TODAY) -> dict[Topic, list[Edge]]:
        """What all links together carry, as (from, to), each node by its own book."""
        found: dict[Topic, list[Edge]] = {}
        for here, parent in self.parents.items():
            for route in routes(books[here], here, parent, today):
                assert parent is not None
                found.setdefault(route.topic, []).append((here, parent) if route.lane == "link-up" else (parent, here))
        return found

    def path(self, start: Division, end: Division) -> list[Division]:
        """From one node to another, found from the configurations alone."""
        up, down = ([*self.ascent(start)], [*self.ascent(end)])
        top = next(code for code in up if code in down)
        return up[: up.index(top) + 1] + down[: down.index(top)][::-1]

    def ascent(self, code: Division | None) -> list[Division]:
        """A node and all above it."""
        return [] if code is None else [code, *self.ascent(self.parents[code])]


def up(*topics: Topic, partitions: int = 2) -> set[Route]:
    """Routes up."""
    return {Route(name, partitions, "link-up") for name in topics}


def down(*topics: Topic, partitions: int = 2) -> set[Route]:
    """Routes down."""
    return {Route(name, partitions, "link-down") for name in topics}


LESS: list[dict[str, Any]] = [{"fields": ("k",)}, {"rows": "k == 'x'"}, {"masks": {"k": "hmac"}}, {"history": "from-now"}]


def show(world: World, owner: Division, taker: Division, less: Mapping[str, Any], *, name: str = "bills", until: str = "") -> Topic:
    """Let a grant of less than the whole resource come to be; return its view."""
    view = world.book.grants[world.give(owner, taker, name=name, until=until, **less)].view
    assert view is not None
    return view
