"""The book: what all control logs together say. Every node folds the same logs into the same book, in whatever order they come.

So whether an author was entitled to say something is judged by its own log before it and by the events that it answers,
never by what else happens to be folded already. What the rules refuse stays in its author's chain and moves nothing.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import date

import msgspec

from node.control.bodies import Body, GrantAct, KeyAct, RequestAct
from node.control.chain import Broken, Chains, Released, Repeated, Stuck, Waiting
from node.control.events import Event, decode, kind_in, sequence_in, typed
from node.control.grants import Grant, changed
from node.control.item_steps import acted, drafted
from node.control.keys import KINDS, Keys
from node.control.naming import view_name
from node.control.requests import Request, begun, given, moved, state
from node.control.rights import may
from node.control.tree import Tree
from node.errors import EventError
from node.model.items import Item, ItemAct, ItemValue
from node.model.names import Department, Division, Topic, department_of, division_of
from node.model.values import (
    DepartmentValue,
    DivisionValue,
    EventRef,
    GrantSeenValue,
    GrantValue,
    RequestValue,
    ResourceValue,
    SchemaValue,
)


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


class Book:
    """The catalogue, the tree, the requests and the grants, in memory; one owner, no threads. Read the mappings, never write them."""

    def __init__(self, pin: str = "") -> None:
        self.tree = Tree()
        self.keys = Keys(pin)
        """whose signatures count; with a pinned root there is no other root"""
        self.hints: dict[Division, Division] = {}
        """which division is above an author, by its log whose signatures nobody vouched for yet: good for looking there, for nothing else"""
        self.alarms: dict[Division, str] = {}
        self.held: set[Division] = set()
        """those of them that more of the log, or a key event, may mend"""
        """why no more of an author's log is taken, where its signatures say so (`seals`)"""
        self.departments: dict[Department, DepartmentValue] = {}
        self.schemas: dict[int, dict[Division, SchemaValue]] = {}
        """by id and by who registered it: two nodes may register different schemas under one id in the same second"""
        self.resources: dict[Topic, ResourceValue] = {}
        self.items: dict[Topic, Item] = {}
        """the items of the catalogue, by their resources; a resource may have none"""
        self.versions: dict[Topic, list[int]] = {}
        """the schema ids of each resource in the order in which its node gave them to it: version n stands at n - 1, the last holds"""
        self.served: dict[int, set[Topic]] = {}
        """the resources that each schema id serves or has served"""
        self.grants: dict[EventRef, Grant] = {}
        self.requests: dict[EventRef, Request] = {}
        self.unsettled: set[EventRef] = set()
        """the requests that wait for their owner's word: those to be answered, and those that were withdrawn while their grant stands"""
        self.views: dict[Topic, GrantValue] = {}
        """what each view shows that some grant needed, by the first of its grants, ended or not: schemas stand for ever"""
        self.granted: dict[Topic, list[EventRef]] = {}
        """all grants by what they let move, ended or not"""
        self.disposed: dict[Topic, dict[Division, int]] = {}
        """of each copy and division whose node said that it disposed of it: as of which event of the owner, the newest (`disposal`)"""
        self.removed: dict[Topic, dict[Division, int]] = {}
        """and by which event of its own it said so last, of what had come there since the time before"""
        self._anew: set[tuple[Topic, Division]] = set()
        """copies that flowed since their node said last that it disposed of them"""
        self.unknown: Counter[Division] = Counter()
        self.refused: Counter[tuple[Division, str]] = Counter()
        self._chains = Chains()
        self._void: set[EventRef] = set()
        self._standing: dict[Topic, set[EventRef]] = {}

    def fold(self, author: Division, value: bytes, *, signer: str | None = None, void: bool = False) -> Outcome:
        """Take the next record of `author`'s control log; the author is the division in the topic's name.

        `signer` is the key that signed it, if somebody looked (`seals`). What is `void`, for that key was revoked before, stands in its chain
        and moves nothing. Never raises for what the bytes hold: a value
        that is no event breaks that log, and the outcome says so.
        """
        if void:
            self._void.add((author, sequence_in(value)))
        taken = self._chains.take(author, value)
        if isinstance(taken, Released | Waiting) and not void and kind_in(value) in KINDS:
            self._take_key(value, signer)
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

    def _take_key(self, value: bytes, signer: str | None) -> None:
        with suppress(EventError):  # it is refused where it is folded
            self.keys.take(decode(value), signer)

    @property
    def heads(self) -> dict[Division, tuple[int, str]]:
        """Sequence and SHA-256 of the last event folded, for each author of whom there is one."""
        return self._chains.heads

    @property
    def broken(self) -> dict[Division, str]:
        """The reason, for each author of whose log no more is taken."""
        return self.alarms | self._chains.broken

    @property
    def waiting(self) -> dict[Division, tuple[int, EventRef]]:
        """How many events wait and for which event, for each author of whom some wait."""
        return self._chains.waiting

    def tail(self, author: Division) -> tuple[int, str | None]:
        """Return sequence and SHA-256 of the last event that was taken, folded or not; (0, None) before the first."""
        return self._chains.tail(author)

    def taken(self, author: Division) -> int:
        """Return how many events of an author were taken, folded or not."""
        return self._chains.taken(author)

    def digest(self, author: Division, sequence: int) -> bytes:
        """Return the SHA-256 of an event that was taken; empty where it was not."""
        return self._chains.digest(author, sequence)

    def above(self, code: Division) -> Division | None:
        """Return the division above `code`; before the tree knows, the one that `code`'s own waiting log answers as such.

        Thus a node that has only its parent's log learns whose log it needs next, and so on up to the root.
        """
        answered = (event.answers[0] for event in self._chains.held(code) if event.kind == "division" and event.answers is not None)
        return self.tree.parent(code) or next(answered, None) or self.hints.get(code)

    def schema(self, number: int, owner: Division | None = None) -> SchemaValue | None:
        """Return the schema that `owner` registered under an id; without an owner, or if it has none, that of the least division code."""
        said = self.schemas.get(number, {})
        if owner is not None and owner in said:
            return said[owner]
        return said[min(said)] if said else None

    def schemas_of(self, resource: Topic) -> tuple[tuple[int, str], ...]:
        """Return a resource's schemas as its owner registered them, by their ids, the newest last."""
        schemas = ((number, self.schema(number, division_of(resource))) for number in self.versions.get(resource, ()))
        return tuple((number, schema.schema) for number, schema in schemas if schema is not None)

    def active(self, today: date) -> Iterator[Grant]:
        """The grants that let something move: neither ended nor suspended, nor past their term, nor of a request that was withdrawn.

        The last day of the term counts (`until` is inclusive).
        """
        for resource in self._standing:
            yield from self.active_on(resource, today)

    def active_on(self, resource: Topic, today: date) -> Iterator[Grant]:
        """The active grants on one resource."""
        day = today.isoformat()
        lasting = (grant for grant in self.unended_on(resource) if not grant.value.until or grant.value.until >= day)
        return (grant for grant in lasting if not grant.suspended and self.withdrawal(grant) is None)

    def unended_on(self, resource: Topic) -> Iterator[Grant]:
        """The grants on one resource that nobody ended, those past their term included."""
        return (self.grants[ref] for ref in self._standing.get(resource, ()))

    def _apply(self, raw: Event) -> tuple[Event, Refused | None]:
        if raw.ref in self._void:
            return raw, Refused(raw.ref, raw.kind, "key-revoked")
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
        if isinstance(body, KeyAct):
            return self.keys.refusal(event, body)
        if isinstance(body, ItemAct | GrantAct | RequestAct):
            return self._act(event, body)
        match body:
            case DivisionValue():
                refused = self._division(event, body)
            case DepartmentValue():
                refused = self._department(event, body)
            case SchemaValue():
                refused = self._schema(event, body)
            case ResourceValue():
                refused = self._resource(event, body)
            case ItemValue():
                refused = self._item(event, body)
            case GrantValue():
                refused = self._grant(event, body)
            case RequestValue():
                refused = self._request(event, body)
        return refused

    def _act(self, event: Event, body: ItemAct | GrantAct | RequestAct) -> str:
        if isinstance(body, ItemAct):
            return self._item_act(event, body)
        return self._grant_act(event, body) if isinstance(body, GrantAct) else self._request_act(event, body)

    def _division(self, event: Event, body: DivisionValue) -> str:
        if body.code == event.author:
            if body.parent is not None:
                return "not-by-parent"
            if self.keys.pin and event.author != self.keys.root:
                return "not-the-root"
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
        return ""

    def _schema(self, event: Event, body: SchemaValue) -> str:
        said = self.schemas.setdefault(body.id, {})
        if said.setdefault(event.author, body).schema != body.schema:
            return "schema-id-taken"
        return ""

    def _resource(self, event: Event, body: ResourceValue) -> str:
        misfit = self._misfit(event, body)
        if misfit:
            return misfit
        self.resources[body.name] = body
        versions = self.versions.setdefault(body.name, [])
        if versions[-1:] != [body.schema]:
            versions.append(body.schema)
            self.served.setdefault(body.schema, set()).add(body.name)
        return ""

    def _misfit(self, event: Event, resource: ResourceValue) -> str:
        """Return why an event's author may not say a resource so, empty where it may."""
        if division_of(resource.name) != event.author:
            return "not-own-resource"
        if department_of(resource.name) not in self.departments:
            return "no-such-department"
        if event.author not in self.schemas.get(resource.schema, {}):
            return "no-such-schema"
        before = self.resources.get(resource.name, resource)
        if before.partitions != resource.partitions:
            return "partitions-changed"
        return "kind-changed" if before.kind != resource.kind else ""

    def _item(self, event: Event, body: ItemValue) -> str:
        misfit = self._misfit(event, body.resource)
        if not misfit:
            name = body.resource.name
            self.items[name] = drafted(self.items.get(name), body, event.ref, event.at)
        return misfit

    def _item_act(self, event: Event, body: ItemAct) -> str:
        if division_of(body.item) != event.author:
            return "not-own-resource"
        after = acted(self.items.get(body.item), body, event.at)
        if isinstance(after, str):
            return after
        self.items[body.item] = after
        return ""

    def _grant(self, event: Event, body: GrantValue) -> str:
        request = given(self.requests.get(body.request), event, body)
        if isinstance(request, str):
            return request
        # Its owner's consent came before it in the same log, and the resource before that.
        first = self.schema(self.versions[body.resource][0], event.author)
        assert first is not None, "a resource is folded only after its schema"
        view = view_name(event.ref, body, first)
        grant = self.grants[event.ref] = Grant(event.ref, body, view, at=event.at)
        self.granted.setdefault(grant.topic, []).append(event.ref)
        if view is not None:
            self.views.setdefault(view, body)
        self._standing.setdefault(body.resource, set()).add(event.ref)
        self._keep(request)
        return ""

    def _grant_act(self, event: Event, body: GrantAct) -> str:
        before = self.grants.get(body.grant)
        after = changed(before, event, body, None if before is None else self.withdrawal(before))
        if isinstance(after, str):
            return after
        self.grants[after.ref] = after
        if isinstance(body, GrantSeenValue):
            self._seen(event, body, after.topic)
        standing = self._standing.get(after.value.resource, set())
        if after.ended and after.ref in standing:
            standing.remove(after.ref)
            if not standing:
                del self._standing[after.value.resource]
            self._keep(self.requests[after.request])
        return ""

    def _seen(self, event: Event, body: GrantSeenValue, topic: Topic) -> None:
        if body.state == "flowing":
            self._anew.add((topic, event.author))
        elif body.disposed and event.answers is not None:
            said = self.disposed.setdefault(topic, {})
            before, as_of = said.get(event.author, 0), event.answers[1]
            # Of several grants each is told of; what counts is that there was something to remove again.
            if as_of > before or (topic, event.author) in self._anew:
                self.removed.setdefault(topic, {})[event.author] = event.ref[1]
                self._anew.discard((topic, event.author))
            said[event.author] = max(as_of, before)

    def _request(self, event: Event, body: RequestValue) -> str:
        if division_of(body.taker) != event.author:
            return "not-own-department"
        if body.taker not in self.departments:
            return "no-such-department"
        if not may(body.by, body.taker, "steward", "head"):
            return "not-entitled"
        self._keep(begun(event, body))
        return ""

    def _request_act(self, event: Event, body: RequestAct) -> str:
        after = moved(self.requests.get(body.request), event, body, self.resources)
        if isinstance(after, str):
            return after
        self._keep(after)
        return ""

    def _keep(self, request: Request) -> None:
        self.requests[request.ref] = request
        now = state(request)
        if now == "waiting" or (now == "withdrawn" and request.grant is not None and not self.grants[request.grant].ended):
            self.unsettled.add(request.ref)
        else:
            self.unsettled.discard(request.ref)

    def withdrawal(self, grant: Grant) -> EventRef | None:
        """Return the event that withdrew a grant's request."""
        withdrawn = self.requests[grant.request].withdrawn
        return None if withdrawn is None else withdrawn.ref
