"""The commands: what a steward asks the node to say, as JSON with the tag field `command`.

Here an unknown field is refused, other than in events: it is a slip of the hand, and better told than lost.
"""

from typing import Literal

import msgspec

from node.control.bodies import REASON_MAX
from node.errors import CommandRefused
from node.model.limits import MESSAGE_BYTES_DEFAULT
from node.model.names import Department, Division, Topic
from node.model.values import DivisionValue, EventRef, GrantValue, Kind, Level


class _Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="command"):
    """What all commands share: their form."""


class AddDivision(_Asked, frozen=True, kw_only=True, tag="add-division"):
    """Add a child of this node, or this node itself where it is the root (`parent` absent); said again, its details change."""

    code: Division
    name: str
    level: Level
    parent: Division | None = None
    valid_from: str = ""
    valid_to: str = ""
    successor: str = ""

    @property
    def value(self) -> DivisionValue:
        """The division that is asked for."""
        return DivisionValue(
            code=self.code,
            name=self.name,
            level=self.level,
            parent=self.parent,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            successor=self.successor,
        )


class AddDepartment(_Asked, frozen=True, kw_only=True, tag="add-department"):
    """Add a department of this node; said again, its name changes."""

    department: Department
    name: str


class CatalogueItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A resource with its schema as parsed JSON, whose property `key` names the fields that make the record's key."""

    name: Topic
    title: str
    kind: Kind
    schema: dict[str, object]
    partitions: int
    retention_ms: int = -1
    max_message_bytes: int = MESSAGE_BYTES_DEFAULT


class ApplyCatalogue(_Asked, frozen=True, kw_only=True, tag="apply-catalogue"):
    """Make the named resources be as described; what is not named stays as it is."""

    resources: tuple[CatalogueItem, ...]


class GiveGrant(_Asked, frozen=True, kw_only=True, tag="give-grant"):
    """Give a taker a resource of this node."""

    resource: Topic
    taker: Department
    purpose: str
    fields: tuple[str, ...] | None = None
    rows: str = ""
    masks: dict[str, str] = {}
    history: Literal["all", "from-now"] = "all"
    until: str = ""

    @property
    def value(self) -> GrantValue:
        """The grant that is asked for."""
        return GrantValue(
            resource=self.resource,
            taker=self.taker,
            purpose=self.purpose,
            fields=self.fields,
            rows=self.rows,
            masks=self.masks,
            history=self.history,
            until=self.until,
        )


class EndGrant(_Asked, frozen=True, kw_only=True, tag="end-grant"):
    """End one grant by the event that gave it, or all that a taker holds on a resource."""

    grant: EventRef | None = None
    resource: Topic | None = None
    taker: Department | None = None
    reason: str = ""


Command = AddDivision | AddDepartment | ApplyCatalogue | GiveGrant | EndGrant

_DECODER: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)


def read_command(data: bytes) -> Command:
    """Return the command in a JSON text; CommandRefused with code `malformed` says which field is wrong."""
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = str(error)[:REASON_MAX]
        raise CommandRefused("malformed", f"the command cannot be read: {why}", f"命令无法读取：{why}") from error
