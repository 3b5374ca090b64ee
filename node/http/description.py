"""The description of the HTTP face, as OpenAPI 3.1 at `/v1/openapi/openapi.json`: what litestar tells, and what it cannot know.

Bodies are read by the node itself, so that a mistake is told as everywhere; so what they may hold is told here, from the types that read them. And
whatever is refused is a `Problem`. The registry is not described: it is Confluent's interface, and Confluent's documents describe it.
"""

from typing import Any

import msgspec
from litestar import Request
from litestar.openapi.plugins import JsonRenderPlugin

from node.control import Command, NewRequest
from node.control.exporting import ExportAsked
from node.control.quarantine import Asked
from node.http.answers import Problem
from node.http.joining import DismissAsked, InvitationAsked, JoinAsked, LeaveAsked
from node.http.links import RateAsked
from node.http.log import LevelAsked
from node.http.logins import LoginAsked
from node.http.operations import ResumeAsked
from node.http.streaming import MEDIA_TYPE

BODIES: dict[str, Any] = {
    "/v1/commands": Command,
    "/v1/dismiss": DismissAsked,
    "/v1/exports": ExportAsked,
    "/v1/invitations": InvitationAsked,
    "/v1/join": JoinAsked,
    "/v1/leave": LeaveAsked,
    "/v1/link/rate": RateAsked,
    "/v1/log/level": LevelAsked,
    "/v1/logins": LoginAsked,
    "/v1/requests/preview": NewRequest,
    "/v1/routes/resume": ResumeAsked,
    "/v1/quarantine/{name}/replay": Asked,
    "/v1/quarantine/{name}/discard": Asked,
}
"""What is posted to each path."""

_REF = "#/components/schemas/asked.{name}"
_LINES = {"type": "string", "description": "NDJSON: one JSON object a line, the last one `ended` or `problem`"}


def described(document: dict[str, Any]) -> dict[str, Any]:
    """Return litestar's document with bodies, refusals and answers in lines told too. Pure: the one that is given stays as it is."""
    kinds = [*BODIES.values(), Problem]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REF, schema_hook=_any)
    bodies = dict(zip(BODIES, schemas, strict=False))
    refused = {"description": "Refused: why, and what to do, in both languages", "content": {"application/json": {"schema": schemas[-1]}}}
    paths = {
        path: {method: _operation(told, bodies.get(path) if method == "post" else None, refused) for method, told in operations.items()}
        for path, operations in document["paths"].items()
    }
    known = document["components"]
    told = {f"asked.{name}": schema for name, schema in components.items()}
    return document | {"paths": paths, "components": known | {"schemas": known["schemas"] | told}}


def _operation(told: dict[str, Any], body: dict[str, Any] | None, refused: dict[str, Any]) -> dict[str, Any]:
    responses = {status: _in_lines(response) for status, response in told["responses"].items() if status != "400"}
    more = {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}} if body is not None else {}
    return told | {"responses": responses | {"4XX": refused}} | more


def _in_lines(response: dict[str, Any]) -> dict[str, Any]:
    if MEDIA_TYPE not in response.get("content", {}):
        return response
    return response | {"description": "An answer in lines, each as soon as it is known", "content": {MEDIA_TYPE: {"schema": _LINES}}}


def _any(kind: type) -> dict[str, Any]:
    if kind is object:
        return {"description": "any JSON, as a part of an Avro schema"}
    raise NotImplementedError


class Description(JsonRenderPlugin):
    """Serves the description."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return it as JSON."""
        return super().render(request, described(openapi_schema))
