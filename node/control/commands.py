"""The commands: what a steward asks the node to say, as JSON with the tag field `command`.

Here an unknown field is refused, other than in events: it is a slip of the hand, and better told than lost.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from node.control.bodies import REASON_MAX
from node.errors import CommandRefused
from node.model.hidden import without_values
from node.model.items import Classification, ItemFacts, OpeningTerms, SharingTerms
from node.model.limits import MESSAGE_BYTES_DEFAULT
from node.model.names import Department, Division, Topic
from node.model.values import (
    Actor,
    DivisionValue,
    EventRef,
    GrantState,
    Kind,
    Level,
    RequestAmendedValue,
    RequestValue,
    Way,
)


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


class VouchKey(_Asked, frozen=True, kw_only=True, tag="vouch-key"):
    """Stand for a key of a child's node: its first, or the one that it has declared itself."""

    division: Division
    key: str


class RevokeKey(_Asked, frozen=True, kw_only=True, tag="revoke-key"):
    """Let nothing count that was signed with a child's key, or the root's own, behind its event `last`; 0 for nothing at all."""

    division: Division
    key: str
    last: int


class RotateKey(_Asked, frozen=True, kw_only=True, tag="rotate-key"):
    """Have this node make itself another key and declare it; it signs with that when the parent's node has answered."""


class DeclareKey(_Asked, frozen=True, kw_only=True, tag="declare-key"):
    """Say a key of this node's own. Said by the node itself alone, which has the private key."""

    by: Actor
    key: str


class SharingAsked(SharingTerms, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """SharingTerms without a slip of the hand."""


class OpeningAsked(OpeningTerms, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """OpeningTerms without a slip of the hand."""


class ClassificationAsked(Classification, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Classification without a slip of the hand."""


class FactsAsked(ItemFacts, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """ItemFacts without a slip of the hand."""

    sharing: SharingAsked
    opening: OpeningAsked
    classification: ClassificationAsked = ClassificationAsked()

    @property
    def value(self) -> ItemFacts:
        """The facts that are told."""
        return msgspec.convert(msgspec.to_builtins(self), ItemFacts)


class CatalogueItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A resource with its schema as parsed JSON, whose property `key` names the fields that make the record's key.

    Without `facts` it is a resource and no item of the catalogue.
    """

    name: Topic
    title: str
    kind: Kind
    schema: dict[str, object]
    partitions: int
    retention_ms: int = -1
    max_message_bytes: int = MESSAGE_BYTES_DEFAULT
    facts: FactsAsked | None = None


def read_item(told: Mapping[str, Any], schema: Any) -> CatalogueItem:
    """Return an item as its file tells it, resource and facts in one mapping; msgspec.ValidationError says which key is wrong."""
    facts = {key: value for key, value in told.items() if key in FactsAsked.__struct_fields__}
    rest = {key: value for key, value in told.items() if key not in facts}
    return msgspec.convert({**rest, "schema": schema, "facts": facts or None}, CatalogueItem)


class ApplyCatalogue(_Asked, frozen=True, kw_only=True, tag="apply-catalogue"):
    """Make the named resources be as described; what is not named stays as it is.

    An item goes from draft to published in one act: the authority's own, where nobody else has to look at it.
    """

    resources: tuple[CatalogueItem, ...]
    by: Actor = Actor(name="operator", role="operator")


class DraftItem(_Asked, frozen=True, kw_only=True, tag="draft-item"):
    """Describe an item, or describe it anew: what is published stays so until the new content is.

    `changed` tells since which day what is published is no longer right: the time for the update runs from then.
    """

    by: Actor
    item: CatalogueItem
    changed: str = ""


class SubmitItem(_Asked, frozen=True, kw_only=True, tag="submit-item"):
    """Put a drafted item before the authority."""

    by: Actor
    item: Topic


class ReviewItem(_Asked, frozen=True, kw_only=True, tag="review-item"):
    """Let a submitted item pass, or return it with all `reasons` at once."""

    by: Actor
    item: Topic
    passes: bool
    reasons: tuple[str, ...] = ()


class PublishItem(_Asked, frozen=True, kw_only=True, tag="publish-item"):
    """Put a reviewed item in force: its resource is made, or changed, as the item says."""

    by: Actor
    item: Topic


class WithdrawItem(_Asked, frozen=True, kw_only=True, tag="withdraw-item"):
    """Take an item, in force or not, out of the catalogue."""

    by: Actor
    item: Topic
    reason: str


class ExtendItem(_Asked, frozen=True, kw_only=True, tag="extend-item"):
    """Ask the authority for more time for an update, once."""

    by: Actor
    item: Topic
    reason: str


class ConsentItemExtension(_Asked, frozen=True, kw_only=True, tag="consent-item-extension"):
    """Give the department the time that it asked for."""

    by: Actor
    item: Topic


class EndGrant(_Asked, frozen=True, kw_only=True, tag="end-grant"):
    """End a grant: the authority's word, which may agree to its owner's filing (`filed`), or the node's own after a withdrawal."""

    by: Actor
    grant: EventRef
    reason: str = ""
    filed: EventRef | None = None


class SuspendGrant(_Asked, frozen=True, kw_only=True, tag="suspend-grant"):
    """Let nothing move under a grant until it is resumed: the authority's word, on misuse."""

    by: Actor
    grant: EventRef
    reason: str


class ResumeGrant(_Asked, frozen=True, kw_only=True, tag="resume-grant"):
    """End a suspension."""

    by: Actor
    grant: EventRef
    reason: str = ""


class FileEnd(_Asked, frozen=True, kw_only=True, tag="file-end"):
    """Ask the authority, for the owner, to end a grant."""

    by: Actor
    grant: EventRef
    reason: str


class SeeGrant(_Asked, frozen=True, kw_only=True, tag="see-grant"):
    """Tell all nodes how far this one follows a grant, as of the event `seen` of its owner. Said by the node itself alone."""

    by: Actor
    grant: EventRef
    seen: EventRef
    state: GrantState
    disposed: tuple[Topic, ...] = ()


class _Wanted(_Asked, frozen=True, kw_only=True):
    """What every version of a request says."""

    by: Actor
    basis: str
    purpose: str
    fields: tuple[str, ...] | None = None
    rows: str = ""
    masks: dict[str, str] = {}
    way: Way = "stream"
    history: Literal["all", "from-now"] = "all"
    until: str = ""
    renews: EventRef | None = None


class NewRequest(_Wanted, frozen=True, kw_only=True, tag="new-request"):
    """Ask for a resource of another department, for one of this node."""

    resource: Topic
    taker: Department

    @property
    def value(self) -> RequestValue:
        """The request that is made."""
        return RequestValue(**{name: getattr(self, name) for name in self.__struct_fields__})


class AmendRequest(_Wanted, frozen=True, kw_only=True, tag="amend-request"):
    """Ask for the same resource in other words: a version of its own, complete in itself, which a head has to approve anew."""

    request: EventRef

    def value(self, first: RequestValue) -> RequestAmendedValue:
        """Return the version that follows on a request."""
        said = {name: getattr(self, name) for name in self.__struct_fields__}
        return RequestAmendedValue(resource=first.resource, taker=first.taker, **said)


class ApproveRequest(_Asked, frozen=True, kw_only=True, tag="approve-request"):
    """Stand for a version of a request, as the asker's head has read it."""

    by: Actor
    request: EventRef
    version: int


class WithdrawRequest(_Asked, frozen=True, kw_only=True, tag="withdraw-request"):
    """Take a request back that was not answered yet."""

    by: Actor
    request: EventRef
    reason: str = ""


class AnswerRequest(_Asked, frozen=True, kw_only=True, tag="answer-request"):
    """Answer a version of a request, as the owner's head has read it: consent, refuse with a reason, or tell all that is `missing`."""

    by: Actor
    request: EventRef
    version: int
    answer: Literal["consent", "refuse", "incomplete"]
    reason: str = ""
    missing: tuple[str, ...] = ()


class ExtendRequest(_Asked, frozen=True, kw_only=True, tag="extend-request"):
    """Ask the asker for more working days, once."""

    by: Actor
    request: EventRef
    days: int
    reason: str


class ConsentExtension(_Asked, frozen=True, kw_only=True, tag="consent-extension"):
    """Give the owner the working days that it asked for."""

    by: Actor
    request: EventRef


ItemCommand = DraftItem | SubmitItem | ReviewItem | PublishItem | WithdrawItem | ExtendItem | ConsentItemExtension
GrantCommand = EndGrant | SuspendGrant | ResumeGrant | FileEnd | SeeGrant
AskerCommand = NewRequest | AmendRequest | ApproveRequest | WithdrawRequest | ConsentExtension
OwnerCommand = AnswerRequest | ExtendRequest
KeyCommand = VouchKey | RevokeKey | RotateKey | DeclareKey
Command = AddDivision | AddDepartment | ApplyCatalogue | KeyCommand | ItemCommand | GrantCommand | AskerCommand | OwnerCommand

_DECODER: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)


def read_command(data: bytes) -> Command:
    """Return the command in a JSON text; CommandRefused with code `malformed` says which field is wrong.

    What the node says by rule it tells itself: from outside nobody acts as `rule` (`not-entitled`).
    """
    try:
        command = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = without_values(str(error))[:REASON_MAX]
        raise CommandRefused("malformed", f"the command cannot be read: {why}", f"命令无法读取：{why}") from error
    by = getattr(command, "by", None)
    if by is not None and by.role == "rule":
        raise CommandRefused("not-entitled", "`rule` is the node itself; act in a role of your own", "`rule` 为节点自身；请以本人角色操作")
    return command
