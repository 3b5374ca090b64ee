"""What the book says, and the commands by which it grows."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from node.control import day_of, encode, read_command
from node.control.item_contents import Notice, notices
from node.control.sight import ACTORS
from node.http.answers import missing
from node.model.names import Topic, division_of
from node.model.values import Actor, DepartmentValue, DivisionValue, ResourceValue
from node.runtime import Node
from node.telemetry import logger


class EventsFace(msgspec.Struct, frozen=True, omit_defaults=True):
    """The events that a command made, as they stand in the log; none where all held already. And what to know of it, where there is such."""

    events: list[msgspec.Raw]
    warnings: tuple[Notice, ...] = ()


class ResourceFace(msgspec.Struct, frozen=True):
    """A resource with its schema as JSON."""

    resource: ResourceValue
    schema: dict[str, Any]
    schema_id: int


class SchemaFace(msgspec.Struct, frozen=True):
    """A registered schema as JSON."""

    id: int
    schema: dict[str, Any]


@post("/v1/commands", status_code=200, act="give-command", roles=ACTORS)
async def commands(node: NamedDependency[Node], by: NamedDependency[Actor], body: RawBody) -> EventsFace:
    """Carry out a command of whoever asks, which names nobody else: the node decides and appends, and the audit keeps it."""
    command = read_command(body)
    events = await node.command(command, by)
    logger().info("command-done", act=type(command).__struct_config__.tag, events=[f"{event.author}/{event.sequence}" for event in events])
    warnings = notices(events, node.ledger.book, day_of(datetime.now(UTC)))
    return EventsFace([msgspec.Raw(encode(event)) for event in events], warnings)


@get("/v1/divisions")
async def divisions(node: NamedDependency[Node]) -> list[DivisionValue]:
    """List the divisions of the tree."""
    known = node.ledger.book.tree.divisions
    return [known[code] for code in sorted(known)]


@get("/v1/departments")
async def departments(node: NamedDependency[Node]) -> list[DepartmentValue]:
    """List the departments of all nodes."""
    known = node.ledger.book.departments
    return [known[name] for name in sorted(known)]


@get("/v1/resources")
async def resources(node: NamedDependency[Node]) -> list[ResourceValue]:
    """List the resources of all nodes."""
    known = node.ledger.book.resources
    return [known[name] for name in sorted(known)]


@get("/v1/resources/{name:str}")
async def resource(node: NamedDependency[Node], name: FromPath[str]) -> ResourceFace:
    """Return a resource with its schema."""
    book = node.ledger.book
    found = book.resources.get(Topic(name))
    if found is None:
        raise missing("resource", name)
    schema = book.schema(found.schema, division_of(name))
    if schema is None:
        raise missing("schema", str(found.schema))
    return ResourceFace(found, msgspec.json.decode(schema.schema), found.schema)


@get("/v1/schemas/{number:int}")
async def schema(node: NamedDependency[Node], number: FromPath[int]) -> SchemaFace:
    """Return a schema by the id that stands in each record."""
    found = node.ledger.book.schema(number)
    if found is None:
        raise missing("schema", str(number))
    return SchemaFace(number, msgspec.json.decode(found.schema))


HANDLERS = [commands, divisions, departments, resources, resource, schema]
