"""The link to the parent: how it is, and what it may carry."""

from typing import Literal

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from node.control.sight import OVERSEERS
from node.errors import CommandRefused
from node.http.answers import missing, read_body
from node.model.limits import RATE_LEAST_BYTES_PER_S, RATE_MOST_BYTES_PER_S
from node.model.names import Division, Topic, origin
from node.model.values import Actor
from node.runtime import Node
from node.runtime.pacing import LANES, WHOLE, PaceStatus, Rate


class LinkFace(msgspec.Struct, frozen=True, kw_only=True):
    """The parent, why something is not carried, the limits, and how both directions are doing."""

    parent: Division
    trouble: str
    rates: list[Rate]
    paces: list[PaceStatus]


class RateAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A limit in bytes of record batches a second, `none`, or `default` for what the configuration says.

    Of one resource, or of the whole link where it is empty; in one direction, or in each where `lane` is empty.
    """

    rate: int | Literal["none", "default"]
    resource: str = ""
    lane: Literal["", "link-up", "link-down"] = ""


@get("/v1/link", act="show-link", roles=OVERSEERS)
async def show(node: NamedDependency[Node]) -> LinkFace:
    """Tell how the link is and what it may carry. Refused at the root, which has none."""
    return _face(node)


@post("/v1/link/rate", status_code=200, act="set-rate", roles=("operator",))
async def rate(node: NamedDependency[Node], by: NamedDependency[Actor], body: RawBody) -> LinkFace:
    """Limit the link or a resource on it, from now on and over restarts, or take that back."""
    asked = read_body(body, RateAsked)
    _check(asked)
    async with node.audited("set-rate", by, {"resource": asked.resource, "lane": asked.lane, "rate": str(asked.rate)}):
        _face(node)
        if asked.rate != "default" and asked.resource and origin(asked.resource) not in node.ledger.book.resources:
            raise missing("resource", asked.resource)
        node.pacing.say([asked.lane] if asked.lane else LANES, Topic(asked.resource) or WHOLE, asked.rate)
    return _face(node)


def _check(asked: RateAsked) -> None:
    if asked.resource:
        try:
            origin(asked.resource)
        except ValueError as error:
            en = "resource: not the name of a resource or a view; for example 445102.civil-affairs.villages"
            raise CommandRefused("malformed", en, "resource：不是资源或视图的名称；例如 445102.civil-affairs.villages") from error
    if not isinstance(asked.rate, str) and not RATE_LEAST_BYTES_PER_S <= asked.rate <= RATE_MOST_BYTES_PER_S:
        en = f"rate: {asked.rate} bytes a second is out of bounds; it lies within {RATE_LEAST_BYTES_PER_S} and {RATE_MOST_BYTES_PER_S}"
        zh = f"rate：{asked.rate} 超出范围；应在每秒 {RATE_LEAST_BYTES_PER_S} 至 {RATE_MOST_BYTES_PER_S} 字节之间"
        raise CommandRefused("malformed", en, zh)


def _face(node: Node) -> LinkFace:
    link = node.shown.link
    if link is None:
        raise CommandRefused("no-link", "this node is the root of the tree and has no link", "本节点是根节点，没有上级链路")
    return LinkFace(parent=link.parent, trouble=link.trouble, rates=node.pacing.rates(), paces=node.pacing.paces())


HANDLERS = [show, rate]
