"""Requests: which there are, how each stands and came there, and what one would come to before it is made."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, RawBody

from node.control import NewRequest, read_command
from node.control.course import Sought, Standing, search, standing
from node.control.foreseeing import Foreseen, foresee
from node.control.requests import State
from node.control.sight import check_speaker, sees_request
from node.errors import CommandRefused
from node.http.answers import missing
from node.model.names import Division
from node.model.values import Actor
from node.runtime import Node

InState = Annotated[State | None, QueryParameter(name="state", description="Where the request stands")]
OfResource = Annotated[str, QueryParameter(description="The resource that is asked for")]
OfDepartment = Annotated[str, QueryParameter(description="The department that asks, or that has to answer")]


@get("/v1/requests")
async def listed(
    node: NamedDependency[Node], by: NamedDependency[Actor], *, at: InState = None, resource: OfResource = "", department: OfDepartment = ""
) -> list[Standing]:
    """List the first 1,000 requests that concern whoever asks, what is due first: all that is asked must hold."""
    sought = Sought(state=at, resource=resource, department=department)
    return search(sought, node.ledger.book, node.calendar, datetime.now(UTC), sees=partial(sees_request, by))


@get("/v1/requests/{author:str}/{sequence:int}")
async def shown(node: NamedDependency[Node], by: NamedDependency[Actor], author: FromPath[str], sequence: FromPath[int]) -> Standing:
    """Return one request, by the event that made it."""
    book = node.ledger.book
    request = book.requests.get((Division(author), sequence))
    if request is None or not sees_request(by, request):
        raise missing("request", f"{author}/{sequence}")
    return standing(request, book, node.calendar, datetime.now(UTC))


@post("/v1/requests/preview", status_code=200)
async def preview(node: NamedDependency[Node], by: NamedDependency[Actor], body: RawBody) -> Foreseen:
    """Return what a request would come to: its view's schema, and through which divisions the data would pass. Nothing is written."""
    command = read_command(body)
    if not isinstance(command, NewRequest):
        raise CommandRefused(
            "malformed", "only `new-request` has a preview; give the command itself", "只有 `new-request` 可以预览；请直接执行该命令"
        )
    check_speaker(command, by)
    return foresee(command, node.ledger.book, node.settings.division, datetime.now(UTC))


HANDLERS = [listed, shown, preview]
