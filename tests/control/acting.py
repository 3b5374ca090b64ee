"""Three nodes of three levels that act on requests and grants, each by its own book, while the links bring logs late, in any order and again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import msgspec

from node.control.bodies import Body
from node.control.book import Book, Folded
from node.control.chain import Repeated, Waiting
from node.control.commands import (
    AddDepartment,
    AddDivision,
    AnswerRequest,
    ApplyCatalogue,
    ApproveRequest,
    CatalogueItem,
    Command,
    NewRequest,
)
from node.control.decide import decide
from node.control.events import Event, encode, stamp
from node.control.run import Run
from node.model.names import Department, Division, Topic
from node.model.values import Actor, EventRef, Kind, Role, Sharing

PROVINCE, CITY, DISTRICT = map(Division, ("440000", "445100", "445102"))
NODES = (PROVINCE, CITY, DISTRICT)
AT = datetime(2026, 11, 22, 4, tzinfo=UTC)
SHARING: dict[Division, Sharing] = {PROVINCE: "unconditional", CITY: "conditional", DISTRICT: "conditional"}
SCHEMA: dict[str, object] = {
    "type": "record",
    "name": "Bill",
    "key": ["code"],
    "fields": [{"name": "code", "type": "string"}, {"name": "sum", "type": "long", "default": 0}],
}


def bills(node: Division) -> Topic:
    """The resource of a node's taxation department."""
    return Topic(f"{node}.tax.bills")


def department(node: Division, name: str = "police") -> Department:
    """One of the two departments of a node."""
    return Department(f"{node}.{name}")


def actor(role: Role, of: Department | str = "", name: str = "") -> Actor:
    """Somebody who acts so, for a department or for none."""
    return Actor(name=name or f"{role}@{of}", role=role, department=Department(of))


def asked(asker: Division, owner: Division, by: Actor | None = None, **parts: Any) -> NewRequest:
    """Ask for a node's resource, on behalf of another node's police unless somebody else does."""
    told: dict[str, Any] = {"basis": "依据", "purpose": "核对", "taker": department(asker)} | parts
    return NewRequest(by=by or actor("steward", told["taker"]), resource=bills(owner), **told)


def approved(request: EventRef, version: int = 1, name: str = "police") -> ApproveRequest:
    """Let the head of the asker's department stand for a version."""
    return ApproveRequest(by=actor("head", department(request[0], name)), request=request, version=version)


def answered(request: EventRef, owner: Division, answer: Any = "consent", version: int = 1, **parts: Any) -> AnswerRequest:
    """Let the head of the owner's department answer a version."""
    return AnswerRequest(by=actor("head", department(owner, "tax")), request=request, version=version, answer=answer, **parts)


class Nodes:
    """Each node's book and log. What one says is in its own book at once, and in another's when it is brought there."""

    def __init__(self, ground: "Nodes | None" = None) -> None:
        self.books = {node: Book() for node in NODES}
        self.logs: dict[Division, list[bytes]] = {node: list(ground.logs[node]) if ground else [] for node in NODES}
        self.brought: dict[tuple[Division, Division], int] = {}
        self.history: list[Event] = list(ground.history) if ground else []
        """all that was said and moved its author's book, in true order"""
        self.at = AT
        for node in NODES:
            for value in self.logs[node]:
                self.books[node].fold(node, value)
        self.bring_all()
        self.ground = len(self.history)

    def share(self, node: Division, sharing: Sharing, **more: str) -> None:
        """Let a node say how its resource is shared."""
        said = msgspec.structs.replace(self.books[node].resources[bills(node)], sharing=sharing, **more)
        run = Run(node, self.books[node].tail(node), stamp(self.at))
        run.say(said)
        self.say(node, run.events)

    def carry_out(self, node: Division, command: Command) -> list[EventRef]:
        """Decide by the node's own book and say it; whatever a node decides moves its book, and said again it says nothing more."""
        self.at += timedelta(seconds=1)
        events = decide(command, self.books[node], node, self.at)
        self.say(node, events)
        assert decide(command, self.books[node], node, self.at + timedelta(seconds=1)) == []
        return [event.ref for event in events]

    def say(self, node: Division, events: list[Event]) -> None:
        """Append to a node's log and fold at home."""
        for event in events:
            self.logs[node].append(encode(event))
            outcome = self.books[node].fold(node, self.logs[node][-1])
            assert isinstance(outcome, Folded)
            assert not outcome.refused
            self.history.append(event)

    def lie(self, node: Division, body: Body, answers: EventRef | None) -> bool:
        """Let a node say whatever it likes, past its own desk; tell whether it moved its own book."""
        run = Run(node, self.books[node].tail(node), stamp(self.at))
        run.say(body, answers)
        self.logs[node].append(encode(run.events[0]))
        outcome = self.books[node].fold(node, self.logs[node][-1])
        assert isinstance(outcome, Folded)
        if not outcome.refused:
            self.history.append(run.events[0])
        return not outcome.refused

    def bring(self, author: Division, here: Division, count: int = 1, again: int = 0) -> None:
        """Bring the next records of a log to a node, after some that it has already."""
        if author == here:
            return
        at = self.brought.get((author, here), 0)
        for value in self.logs[author][max(0, at - again) : at + count]:
            assert isinstance(self.books[here].fold(author, value), Folded | Waiting | Repeated)
        self.brought[author, here] = max(at, min(at + count, len(self.logs[author])))

    def bring_all(self) -> None:
        """Let every link catch up."""
        for author in NODES:
            for here in NODES:
                self.bring(author, here, len(self.logs[author]))

    def known(self, node: Division) -> Iterator[Event]:
        """All that a node has folded, in true order."""
        heads = self.books[node].heads
        return (event for event in self.history if event.sequence <= heads.get(event.author, (0, ""))[0])


@cache
def _ground() -> Nodes:
    nodes = Nodes()
    for above, node in zip((None, PROVINCE, CITY), NODES, strict=True):
        nodes.carry_out(above or node, AddDivision(code=node, name=node, level="city", parent=above))
        nodes.bring_all()
    for node in NODES:
        for name in ("tax", "police"):
            nodes.carry_out(node, AddDepartment(department=department(node, name), name=name))
        resource = CatalogueItem(name=bills(node), title="账单", kind=Kind.STATE, schema=SCHEMA, partitions=1)
        nodes.carry_out(node, ApplyCatalogue(resources=(resource,)))
        nodes.share(node, SHARING[node])
    return nodes


def settled() -> Nodes:
    """Three nodes that know each other, with two departments each, of which one has a resource; the province's is unconditional."""
    return Nodes(_ground())
