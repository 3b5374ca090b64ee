"""The book: what all control logs together say. Every node folds the same logs into the same book, in whatever order they come.

So whether an author was entitled to say something is judged by its own log before it and by the events that it answers,
never by what else happens to be folded already. What the rules refuse stays in its author's chain and moves nothing.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date

import msgspec

from node.control.bodies import Body
from node.control.chain import Broken, Chains, Released, Repeated, Stuck, Waiting
from node.control.events import Event, typed
from node.control.naming import view_name
from node.control.tree import Tree
from node.errors import EventError
from node.model.names import Department, Division, Topic, department_of, division_of
from node.model.values import DepartmentValue, DivisionValue, EventRef, GrantEndedValue, GrantValue, ResourceValue, SchemaValue


class Refused(msgspec.Struct, frozen=True):
    """An event that stands in its chain and moved nothing: `reason` is a word to count by, `detail` what a person needs beside it."""

    ref: EventRef
    kind: str
    reason: str
    detail: str = ""


class Folded(msgspec.Struct, frozen=True):
    """The events folded by one call, in order, those that waited for it included; `refused` are those among them that moved nothing."""

    events: tuple[Event, ...]
    refused: tuple[Refused, ...]


Outcome = Folded | Repeated | Waiting | Stuck | Broken


class Grant(msgspec.Struct, frozen=True):
    """A grant and whether its owner ended it. One that is past its term stands in the book, but is not active."""

    ref: EventRef
    value: GrantValue
    view: Topic | None = None
    """the topic that it lets move instead of the resource's own, where it is less than the whole"""
    ended: bool = False


class Book:
    """The catalogue, the tree and the grants, in memory; one owner, no threads. Read the mappings, never write them."""

    def __init__(self) -> None:
        self.tree = Tree()
        self.departments: dict[Department, DepartmentValue] = {}
        self.department_refs: dict[Department, EventRef] = {}
        """the event that first named a department: what a grant to it answers"""
        self.schemas: dict[int, dict[Division, SchemaValue]] = {}
        """by id and by who registered it: two nodes may register different schemas under one id in the same second"""
        self.resources: dict[Topic, ResourceValue] = {}
        self.versions: dict[Topic, list[int]] = {}
        """the schema ids of each resource in the order in which its node gave them to it: version n stands at n - 1, the last holds"""
        self.served: dict[int, set[Topic]] = {}
        """the resources that each schema id serves or has served"""
        self.grants: dict[EventRef, Grant] = {}
        self.views: dict[Topic, GrantValue] = {}
        """what each view shows that some grant needed, by the first of its grants, ended or not: schemas stand for ever"""
        self.unknown: Counter[Division] = Counter()
        self.refused: Counter[tuple[Division, str]] = Counter()
        self._chains = Chains()
        self._standing: dict[Topic, set[EventRef]] = {}

    def fold(self, author: Division, value: bytes) -> Outcome:
        """Take the next record of `author`'s control log; the author is the division in the topic's name.

        Never raises for what the bytes hold: a value that is no event breaks that log, and the outcome says so.
        """
        taken = self._chains.take(author, value)
        if not isinstance(taken, Released):
            return taken
        events, refused = [], []
        for raw in taken.events:
            event, refusal = self._apply(raw)
            events.append(event)
            if refusal is not None:
                self.refused[event.author, refusal.reason] += 1
                refused.append(refusal)
        return Folded(tuple(events), tuple(refused))

    @property
    def heads(self) -> dict[Division, tuple[int, str]]:
        """Sequence and SHA-256 of the last event folded, for each author of whom there is one."""
        return self._chains.heads

    @property
    def broken(self) -> dict[Division, str]:
        """The reason, for each author whose log is broken."""
        return self._chains.broken

    @property
    def waiting(self) -> dict[Division, tuple[int, EventRef]]:
        """How many events wait and for which event, for each author of whom some wait."""
        return self._chains.waiting

    def tail(self, author: Division) -> tuple[int, str | None]:
        """Return sequence and SHA-256 of the last event that was taken, folded or not; (0, None) before the first."""
        return self._chains.tail(author)

    def above(self, code: Division) -> Division | None:
        """Return the division above `code`; before the tree knows, the one that `code`'s own waiting log answers as such.

        Thus a node that has only its parent's log learns whose log it needs next, and so on up to the root.
        """
        answered = (event.answers[0] for event in self._chains.held(code) if event.kind == "division" and event.answers is not None)
        return self.tree.parent(code) or next(answered, None)

    def schema(self, number: int, owner: Division | None = None) -> SchemaValue | None:
        """Return the schema that `owner` registered under an id; without an owner, or if it has none, that of the least division code."""
        said = self.schemas.get(number, {})
        if owner is not None and owner in said:
            return said[owner]
        return said[min(said)] if said else None

    def active(self, today: date) -> Iterator[Grant]:
        """The grants that are neither ended nor past their term; the last day of the term counts (`until` is inclusive)."""
        for resource in self._standing:
            yield from self.active_on(resource, today)

    def active_on(self, resource: Topic, today: date) -> Iterator[Grant]:
        """The active grants on one resource."""
        day = today.isoformat()
        return (grant for grant in self.unended_on(resource) if not grant.value.until or grant.value.until >= day)

    def unended_on(self, resource: Topic) -> Iterator[Grant]:
        """The grants on one resource that nobody ended, those past their term included."""
        return (self.grants[ref] for ref in self._standing.get(resource, ()))

    def _apply(self, raw: Event) -> tuple[Event, Refused | None]:
        try:
            event = typed(raw)
        except EventError as error:
            return raw, Refused(raw.ref, raw.kind, "malformed", str(error))
        if isinstance(event.body, msgspec.Raw):
            self.unknown[event.author] += 1
            return event, None
        reason = self._move(event, event.body)
        return event, Refused(event.ref, event.kind, reason) if reason else None

    def _move(self, event: Event, body: Body) -> str:
        match body:
            case DivisionValue():
                return self._division(event, body)
            case DepartmentValue():
                return self._department(event, body)
            case SchemaValue():
                return self._schema(event, body)
            case ResourceValue():
                return self._resource(event, body)
            case GrantValue():
                return self._grant(event, body)
            case GrantEndedValue():
                return self._grant_ended(event, body)

    def _division(self, event: Event, body: DivisionValue) -> str:
        if body.code == event.author:
            if body.parent is not None:
                return "not-by-parent"
        elif body.parent != event.author:
            return "not-own-child"
        elif not self._may_have_children(event):
            return "not-in-tree"
        self.tree.add(event.author, event.ref, event.at, body)
        return ""

    def _may_have_children(self, event: Event) -> bool:
        # A root by its own earlier word; any other by the event that made it somebody's child, which each such event answers.
        if event.answers is None:
            return self.tree.claim(event.author, event.author) is not None
        claim = self.tree.claim(event.answers[0], event.author)
        return claim is not None and claim.ref == event.answers

    def _department(self, event: Event, body: DepartmentValue) -> str:
        if division_of(body.department) != event.author:
            return "not-own-department"
        self.departments[body.department] = body
        self.department_refs.setdefault(body.department, event.ref)
        return ""

    def _schema(self, event: Event, body: SchemaValue) -> str:
        said = self.schemas.setdefault(body.id, {})
        if said.setdefault(event.author, body).schema != body.schema:
            return "schema-id-taken"
        return ""

    def _resource(self, event: Event, body: ResourceValue) -> str:
        if division_of(body.name) != event.author:
            return "not-own-resource"
        if department_of(body.name) not in self.departments:
            return "no-such-department"
        if event.author not in self.schemas.get(body.schema, {}):
            return "no-such-schema"
        before = self.resources.get(body.name, body)
        if before.partitions != body.partitions:
            return "partitions-changed"
        if before.kind != body.kind:
            return "kind-changed"
        self.resources[body.name] = body
        versions = self.versions.setdefault(body.name, [])
        if versions[-1:] != [body.schema]:
            versions.append(body.schema)
            self.served.setdefault(body.schema, set()).add(body.name)
        return ""

    def _grant(self, event: Event, body: GrantValue) -> str:
        if division_of(body.resource) != event.author:
            return "not-own-resource"
        if body.resource not in self.resources:
            return "no-such-resource"
        known = self.department_refs.get(body.taker)
        own = division_of(body.taker) == event.author
        # Another's department counts only by the answered event: then it is folded on every node before this one.
        if known is None or (not own and known != event.answers):
            return "no-such-taker"
        first = self.schema(self.versions[body.resource][0], event.author)
        assert first is not None, "a resource is folded only after its schema"
        view = view_name(event.ref, body, first)
        self.grants[event.ref] = Grant(event.ref, body, view)
        if view is not None:
            self.views.setdefault(view, body)
        self._standing.setdefault(body.resource, set()).add(event.ref)
        return ""

    def _grant_ended(self, event: Event, body: GrantEndedValue) -> str:
        grant = self.grants.get(body.grant)
        if grant is None or body.grant[0] != event.author:
            return "no-such-grant"
        if grant.ended:
            return "already-ended"
        self.grants[body.grant] = msgspec.structs.replace(grant, ended=True)
        standing = self._standing[grant.value.resource]
        standing.remove(body.grant)
        if not standing:
            del self._standing[grant.value.resource]
        return ""
