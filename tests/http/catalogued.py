"""A node without Kafka whose book holds a catalogue, as its HTTP face serves it: what the registry answers from."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from litestar.testing import AsyncTestClient

from node.avro.ids import canonical, schema_id
from node.control import Command, decide, encode
from node.control.bodies import Body
from node.control.run import Run
from node.http.server import application
from node.model.names import Department, Division, Topic
from node.model.values import Actor, DepartmentValue, EventRef, Kind, ResourceValue, SchemaValue
from node.runtime import Node, NodeSettings
from node.runtime.access import Access
from node.telemetry import Metrics
from tests.conftest import NO_DATA
from tests.granting import give, say_grant, wanted
from tests.http.tokens import OPERATOR, AsNamed

HERE, OTHER = Division("990000"), Division("990100")
VILLAGES, PERMITS, TWIN = Topic("990000.civil-affairs.villages"), Topic("990000.civil-affairs.permits"), Topic("990100.tax.twin")
POLICE = Department("990000.police")
ALIEN = Topic("990100.tax.alien")
AT = "2026-11-22T12:00:00.000Z"
FIELDS = [{"name": "code", "type": "string", "doc": "代码"}, {"name": "people", "type": ["null", "int"], "default": None}]
FIRST: dict[str, Any] = {"type": "record", "name": "Village", "namespace": "cn.gov", "key": ["code"], "fields": FIELDS}
SECOND = FIRST | {
    "fields": [*FIELDS, {"name": "area", "type": {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}, "default": ""}]
}
R22037: dict[str, Any] = {"type": "record", "name": "R22037", "fields": []}
R30270: dict[str, Any] = R22037 | {"name": "R30270"}
"""Two schemas that share an id."""
assert schema_id(R22037) == schema_id(R30270)


def registered(schema: object) -> SchemaValue:
    """A schema as its event says it."""
    return SchemaValue(id=schema_id(schema), schema=canonical(schema))


def resource(name: Topic, schema: object) -> ResourceValue:
    """A resource of a schema."""
    return ResourceValue(name=name, title=name, kind=Kind.FACTS, schema=schema_id(schema), partitions=1)


def say(node: Node, author: Division, *bodies: Body) -> None:
    """Fold what an author says."""
    run = Run(author, node.ledger.book.tail(author), AT)
    for body in bodies:
        run.say(body)
    for event in run.events:
        node.ledger.book.fold(author, encode(event))


def show(node: Node, **parts: Any) -> Topic:
    """Let some of villages be granted to the police; return the view."""
    book = node.ledger.book

    def carry_out(_here: Division, command: Command) -> EventRef:
        events = decide(command, book, HERE, datetime.now(UTC))
        for event in events:
            book.fold(HERE, encode(event))
        return events[-1].ref

    view = book.grants[give(carry_out, wanted(VILLAGES, POLICE, **parts))].view
    assert view is not None
    return view


def show_unregistered(node: Node) -> Topic:
    """Let the node say a grant of people alone without the schemas of its view; return the view."""

    def say_one(author: Division, body: Body, answers: EventRef | None) -> EventRef:
        run = Run(author, node.ledger.book.tail(author), AT)
        run.say(body, answers)
        node.ledger.book.fold(author, encode(run.events[0]))
        return run.events[0].ref

    view = node.ledger.book.grants[say_grant(say_one, wanted(VILLAGES, POLICE, fields=("people",)).value)].view
    assert view is not None
    return view


def catalogued_node() -> Node:
    """A node with two versions of villages, and another's schema of the same id as its own permits."""
    node = Node(NodeSettings(division=HERE, bootstrap="127.0.0.1:1", replication=1, data_dir=NO_DATA), Metrics())
    node.folded = True
    say(node, HERE, DepartmentValue(department=Department("990000.civil-affairs"), name="民政厅"))
    say(node, HERE, DepartmentValue(department=POLICE, name="公安厅"))
    say(node, HERE, registered(FIRST), resource(VILLAGES, FIRST), registered(SECOND), resource(VILLAGES, SECOND))
    say(node, HERE, registered(R22037), resource(PERMITS, R22037))
    say(node, OTHER, DepartmentValue(department=Department("990100.tax"), name="税务局"))
    say(node, OTHER, registered(R30270), resource(TWIN, R30270))
    assert not node.ledger.book.refused
    return node


@asynccontextmanager
async def served(node: Node, by: Actor = OPERATOR) -> AsyncIterator[AsyncTestClient[Any]]:
    """A client of a node's HTTP face, as somebody."""
    with TemporaryDirectory() as folder:
        node.access = Access(Path(folder))
        async with AsyncTestClient(application(node)) as client:
            client.auth = AsNamed(Path(folder), by)
            yield client


def posted(schema: object, **more: Any) -> dict[str, Any]:
    """What a client posts of a schema."""
    return {"schema": json.dumps(schema)} | more
