"""What operators ask: which node this is, how it is, and that stopped routes go on."""

from typing import Literal

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from node import __version__
from node.control.neighbourhood import NodeSeen
from node.control.sight import OVERSEERS
from node.http.answers import read_body
from node.http.request_ids import outside
from node.lane import Resume
from node.model.names import Division, Topic
from node.model.values import Actor
from node.runtime import FlowStatus, LinkStatus, Node, RouteStatus
from node.telemetry.metrics import Volume


class KafkaFace(msgspec.Struct, frozen=True):
    """How clients reach the cluster beside the node: where, by which protocol of Kafka's, and what TLS trusts, in PEM."""

    bootstrap: str
    protocol: str
    ca: str


class NodeFace(msgspec.Struct, frozen=True, kw_only=True):
    """Which node this is."""

    division: Division
    name: str
    kafka: KafkaFace
    parent: Division | None
    version: str


class AuthorFace(msgspec.Struct, frozen=True, kw_only=True):
    """How far one author's control log is folded, and why no further."""

    sequence: int
    broken: str
    waiting: int


class ControlFace(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the book."""

    authors: dict[Division, AuthorFace]
    refused: int
    unknown: int


class StatusFace(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an operator looks at first."""

    division: Division
    ready: bool
    reasons: list[str]
    link: LinkStatus | None
    tree: list[NodeSeen]
    """the nodes above, this one, and those below, with each link's two directions"""
    flows: list[FlowStatus]
    """each resource on each lane"""
    volumes: list[Volume]
    """what moved since midnight in Asia/Shanghai, of each resource and direction"""
    routes: list[RouteStatus]
    control: ControlFace


class ResumeAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stopped topic and how it is to go on."""

    topic: str
    mode: Literal["from-start", "from-now", "accept"]


class ResumedRoute(msgspec.Struct, frozen=True):
    """A partition that goes on."""

    topic: str
    partition: int


class ResumedFace(msgspec.Struct, frozen=True):
    """The partitions that go on."""

    routes: list[ResumedRoute]


@get("/v1/node")
async def face(node: NamedDependency[Node]) -> NodeFace:
    """Tell which node this is and where its cluster is."""
    s = node.settings
    division = node.ledger.book.tree.divisions.get(s.division)
    return NodeFace(
        division=s.division,
        name=division.name if division else "",
        kafka=KafkaFace(s.bootstrap, s.security.protocol, s.ca),
        parent=s.parent,
        version=__version__,
    )


@get("/v1/me")
async def me(by: NamedDependency[Actor]) -> Actor:
    """Tell whoever asks as whom: name, role and department of the token."""
    return by


@get("/v1/status", act="show-status", roles=OVERSEERS)
async def status(node: NamedDependency[Node]) -> StatusFace:
    """Tell how the node, its link and its routes are."""
    book = node.ledger.book
    waiting = {author: count for author, (count, _answer) in book.waiting.items()}
    authors = {
        author: AuthorFace(sequence=book.heads.get(author, (0, ""))[0], broken=book.broken.get(author, ""), waiting=waiting.get(author, 0))
        for author in sorted({*book.heads, *book.broken, *waiting})
    }
    reasons = node.reasons
    return StatusFace(
        division=node.settings.division,
        ready=not reasons,
        reasons=reasons,
        link=node.shown.link,
        tree=node.shown.tree(),
        flows=node.shown.flows(),
        volumes=node.shown.volumes(),
        routes=node.shown.routes(),
        control=ControlFace(authors=authors, refused=book.refused.total(), unknown=book.unknown.total()),
    )


@post("/v1/routes/resume", status_code=200, act="resume-route", roles=("operator",))
async def resume(node: NamedDependency[Node], by: NamedDependency[Actor], body: RawBody) -> ResumedFace:
    """Let a stopped route go on."""
    asked = read_body(body, ResumeAsked)
    async with node.audited("resume-route", by, {"topic": asked.topic, "mode": asked.mode}):
        resumed = outside(lambda: node.resume(Topic(asked.topic), Resume(asked.mode)))
    return ResumedFace([ResumedRoute(route.topic, route.partition) for route in resumed])


HANDLERS = [face, me, status, resume]
