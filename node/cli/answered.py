"""What the running node answers, as values; a field that this version does not know is a newer node's and is left out."""

from typing import Any, Literal

import msgspec

from node.avro.described import DataItem
from node.control.canary import Direction
from node.control.foreseeing import Foreseen
from node.control.item_contents import Notice
from node.control.neighbourhood import NodeSeen
from node.control.offered import Offer
from node.model.names import Department, Division, Topic
from node.model.values import EventRef, ResourceValue
from node.telemetry.level import Level


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the node answered."""


class KafkaInfo(Answer, frozen=True):
    """How clients reach the cluster beside a node."""

    bootstrap: str
    protocol: str = "PLAINTEXT"
    ca: str = ""


class InvitationInfo(Answer, frozen=True):
    """An invitation's secret, the fingerprint of the root's key, and until when it counts."""

    secret: str
    root: str
    until: str


class LevelInfo(Answer, frozen=True):
    """From which level on the node logs, from which it does by its configuration, and when that holds again."""

    level: Level
    configured: Level
    ends_in_s: float | None


class NodeInfo(Answer, frozen=True):
    """Which node answers."""

    division: Division
    name: str
    kafka: KafkaInfo
    parent: Division | None
    version: str


class RateInfo(Answer, frozen=True):
    """A limit of one direction of the link; `resource` is empty for all of it, `bytes_per_s` None where a command has lifted a limit."""

    lane: str
    resource: str
    bytes_per_s: int | None
    said_by: str


class PaceInfo(Answer, frozen=True):
    """How one direction of the link is doing: bytes under way, how much may be, and for how long a limit has held something back."""

    lane: str
    unsettled_bytes: int
    window_bytes: int
    throttled_s: float


class PacedLink(Answer, frozen=True):
    """The parent, why something is not carried, the limits, and how both directions are doing."""

    parent: Division
    trouble: str
    rates: list[RateInfo]
    paces: list[PaceInfo]


class LinkInfo(Answer, frozen=True):
    """The link to the parent: its two directions, and why something is not carried."""

    parent: Division
    up: Direction
    down: Direction
    trouble: str


class FlowInfo(Answer, frozen=True):
    """A resource on a lane: `catch_up_s` is None where what is behind does not shrink, `newest_ms` 0 where nothing is known."""

    lane: str
    topic: str
    state: str
    reason: str
    detail: str
    since_ms: int
    stopped: dict[str, int]
    waiting: int
    lag_records: int
    lag_seconds: float
    catch_up_s: float | None
    records_per_s: float
    bytes_per_s: float
    newest_ms: int
    records: int
    bytes: int
    outcomes: dict[str, int]


class VolumeInfo(Answer, frozen=True):
    """What moved of a resource in one direction since midnight."""

    department: Department
    resource: str
    direction: str
    records: int
    bytes: int


class RouteInfo(Answer, frozen=True):
    """One partition of a route: where it stands, why it does not flow, and how far behind it is."""

    lane: str
    topic: str
    partition: int
    state: str
    reason: str
    detail: str
    since_ms: int
    next: int
    lag_records: int
    lag_seconds: float
    newest_ms: int
    records: int
    bytes: int
    outcomes: dict[str, int]
    """records by what became of them"""


class AuthorInfo(Answer, frozen=True):
    """How far one author's control log is folded: `broken` says why no further, `waiting` counts events held back."""

    sequence: int
    broken: str
    waiting: int


class ControlInfo(Answer, frozen=True):
    """The state of the book."""

    authors: dict[Division, AuthorInfo]
    refused: int
    unknown: int


class Status(Answer, frozen=True):
    """How the node, its link and its routes are."""

    division: Division
    ready: bool
    reasons: list[str]
    link: LinkInfo | None
    tree: list[NodeSeen]
    flows: list[FlowInfo]
    volumes: list[VolumeInfo]
    routes: list[RouteInfo]
    control: ControlInfo


class ResourceInfo(Answer, frozen=True):
    """A resource with its schema as JSON."""

    resource: ResourceValue
    schema: dict[str, Any]
    schema_id: int


class SchemaInfo(Answer, frozen=True):
    """A registered schema as JSON."""

    id: int
    schema: dict[str, Any]


class PreviewInfo(Answer, frozen=True):
    """What a grant would show: its view's schema as JSON, some rows, and how many records were looked at for them."""

    schema: dict[str, Any]
    rows: list[dict[str, Any]]
    read: int


class ForeseenInfo(Answer, frozen=True):
    """What a request would come to, and rows where the node asked is the owner's."""

    foreseen: Foreseen
    sample: PreviewInfo | None


class CutInfo(Answer, frozen=True):
    """What came of a resource's records for a view."""

    read: int
    filtered: int
    sent: int
    bytes: int


class ViewInfo(Answer, frozen=True):
    """A view that active grants need, its partitions by state, and `cut` where the node asked is the one that cuts it."""

    topic: Topic
    resource: Topic
    takers: list[Department]
    grants: list[EventRef]
    fields: list[str] | None
    rows: str
    masks: dict[str, str]
    history: Literal["all", "from-now"]
    states: dict[str, int]
    cut: CutInfo | None


class ViewShown(Answer, frozen=True):
    """A view with its schema as JSON, where it is known, and its routes on the node asked."""

    view: ViewInfo
    schema: dict[str, Any] | None
    schema_id: int | None
    routes: list[RouteInfo]


class ResumedRoute(Answer, frozen=True):
    """A partition that goes on."""

    topic: str
    partition: int


class OfferInfo(Answer, frozen=True):
    """An item of the catalogue, its data items, and its schema as JSON."""

    offer: Offer
    items: list[DataItem]
    schema: dict[str, Any]


class Carried(Answer, frozen=True):
    """The events that a command made, none where all held already, and what to know of it."""

    events: list[dict[str, Any]]
    warnings: list[Notice] = []
