"""The registry: Confluent's Schema Registry API on every node, answered from the book alone.

So serializers of every language work unchanged with `schema.registry.url` set to the node. The book has the schemas of all nodes,
each under the id that its content gives it, so it does not matter which node is asked. Schemas enter by the catalogue: whoever posts
one is told the id of the registered schema that equals it, or what differs. One module for each resource of the API:

- `registry_subjects`: `/subjects`, versions, look-up and registering.
- `registry_schemas`: `/schemas/types`, `/schemas/ids/…`.
- `registry_settings`: `/config`, `/mode`: FULL_TRANSITIVE and READONLY, for all subjects alike.
- `registry_compatibility`: `/compatibility/subjects/…`.

Clients bring a token, as a bearer or as the password of HTTP Basic; whoever has one sees resources, and of views those that are his own affair. What is
under an id any of them may read, for it stands in the records of whoever has them and says of nobody that he takes anything.

`registry_book` reads the book as subjects and versions, `registry_answers` has error codes and bodies.

Not offered, each with an answer that says so: references, JSON Schema and Protobuf, other naming strategies, `-key` subjects,
deleting, levels and modes of one subject. Bounds: those of the server; a schema is compared with each version of its resource, at
0.4 ms; who asks for the subjects of an id has all views of its owner looked through, each derived once. Failure modes: a node that has not read
its control logs yet says so (503), for what it does not find may be there; one whose link is down answers from what it has.
"""

from typing import Any

from litestar import Router
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler

from node.control.sight import sees_topic
from node.errors import CommandRefused
from node.http import registry_compatibility, registry_schemas, registry_settings, registry_subjects
from node.http.admission import actor, known
from node.http.registry_answers import Code, fault, http_error, refused, unforeseen
from node.http.registry_book import VALUE, no_subject
from node.model.names import Topic


def registry() -> Router:
    """Return the paths of the registry."""
    modules = (registry_subjects, registry_schemas, registry_settings, registry_compatibility)
    return Router(
        "/",
        route_handlers=[handler for module in modules for handler in module.HANDLERS],
        guards=[known, _folded, _seen],
        dependencies={"by": Provide(actor, sync_to_thread=False)},
        exception_handlers={CommandRefused: refused, HTTPException: http_error, Exception: unforeseen},
        include_in_schema=False,
    )


def _folded(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """Refuse while the book is not what it was: to clients a schema that is not found is gone for good."""
    if not connection.app.state.node.folded:
        en = "This node is reading its control logs; ask again in a moment"
        raise fault(Code.NOT_READY, en, "本节点正在读取控制日志；请稍后重试")


def _seen(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """Answer as if there were none where a path names a view that is no affair of whoever asks."""
    subject, book = str(connection.path_params.get("subject", "")), connection.app.state.node.ledger.book
    if not sees_topic(connection.scope["user"], Topic(subject.removesuffix(VALUE)), book):
        raise no_subject(subject)
