"""Requests: which there are, how each stands and came there, what one would come to before it is made, and rows as its asker would have them."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, RawBody

from node.control import NewRequest, Request, day_of, read_command
from node.control.course import Sought, Standing, search, standing
from node.control.desk import not_entitled
from node.control.foreseeing import Foreseen, foresee, sampled
from node.control.requests import State
from node.control.rights import may
from node.control.sight import check_self, seen_request
from node.errors import BusError, CommandRefused
from node.http.answers import missing
from node.model.names import Division, Topic, department_of
from node.model.values import Actor, RequestValue
from node.runtime import Node
from node.runtime.preview import Preview

InState = Annotated[State | None, QueryParameter(name="state", description="Where the request stands")]
OfResource = Annotated[str, QueryParameter(description="The resource that is asked for")]
OfDepartment = Annotated[str, QueryParameter(description="The department that asks, or that has to answer")]


class PreviewFace(msgspec.Struct, frozen=True, kw_only=True):
    """What a request would come to, with rows where the owner's node is the one that is asked."""

    foreseen: Foreseen
    sample: Preview | None


@get("/v1/requests")
async def listed(
    node: NamedDependency[Node], by: NamedDependency[Actor], *, at: InState = None, resource: OfResource = "", department: OfDepartment = ""
) -> list[Standing]:
    """List the first 1,000 requests that concern whoever asks, what is due first: all that is asked must hold."""
    sought = Sought(state=at, resource=resource, department=department)
    return search(sought, node.ledger.book, node.calendar, datetime.now(UTC), seen=partial(seen_request, by))


@get("/v1/requests/{author:str}/{sequence:int}")
async def shown(node: NamedDependency[Node], by: NamedDependency[Actor], author: FromPath[str], sequence: FromPath[int]) -> Standing:
    """Return one request, by the event that made it."""
    return standing(_found(node, by, author, sequence), node.ledger.book, node.calendar, datetime.now(UTC))


@get("/v1/requests/{author:str}/{sequence:int}/sample")
async def sample(node: NamedDependency[Node], by: NamedDependency[Actor], author: FromPath[str], sequence: FromPath[int]) -> Preview:
    """Return, to the owner on its own node, some rows as the asker would have them, and how many records were looked at. Nothing is written."""
    request = _found(node, by, author, sequence)
    subject = {"resource": request.value.resource, "taker": request.value.taker, "request": f"{author}/{sequence}"}
    asked = sampled(request, node.ledger.book, node.settings.division, day_of(datetime.now(UTC)))
    async with node.audited("show-sample", by, subject):
        if not _owns(by, asked.resource):
            owner = department_of(asked.resource)
            raise not_entitled(by, f"a steward or head of {owner}, whose the rows are", f"{owner} 的专员或负责人：样例仅供数源方查看")
        return await _rows(node, asked)


@post("/v1/requests/preview", status_code=200)
async def preview(node: NamedDependency[Node], by: NamedDependency[Actor], body: RawBody) -> PreviewFace:
    """Return what a request would come to: its view's schema, through which divisions the data would pass, and, to its owner on its own node, some rows."""
    command = read_command(body)
    if not isinstance(command, NewRequest):
        raise CommandRefused(
            "malformed", "only `new-request` has a preview; give the command itself", "只有 `new-request` 可以预览；请直接执行该命令"
        )
    check_self(command.by, by)
    here = node.settings.division
    foreseen = foresee(command, node.ledger.book, here, datetime.now(UTC))
    shows = foreseen.owner == here and _owns(by, command.resource)
    if not shows:
        return PreviewFace(foreseen=foreseen, sample=None)
    async with node.audited("show-sample", by, {"resource": command.resource, "taker": command.taker}):
        return PreviewFace(foreseen=foreseen, sample=await _rows(node, command.value))


def _found(node: Node, by: Actor, author: str, sequence: int) -> Request:
    there = node.ledger.book.requests.get((Division(author), sequence))
    request = None if there is None else seen_request(by, there)
    if request is None:
        raise missing("request", f"{author}/{sequence}")
    return request


def _owns(by: Actor, resource: Topic) -> bool:
    return may(by, department_of(resource), "steward", "head")


async def _rows(node: Node, asked: RequestValue) -> Preview:
    try:
        return await node.preview(asked)
    except BusError as error:
        en = f"Kafka: {error}. Nothing was written; ask again once the node's cluster answers"
        raise CommandRefused("kafka", en, f"Kafka：{error}。未写入任何内容；请待本节点集群恢复后重试") from error


HANDLERS = [listed, shown, sample, preview]
