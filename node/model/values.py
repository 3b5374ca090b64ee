"""The entities of the catalogue as values. What each field promises stands here once; events, book and faces use these."""

from enum import Enum
from typing import Literal

import msgspec

from node.model.limits import MESSAGE_BYTES_DEFAULT
from node.model.names import Department, Division, Topic

Level = Literal["province", "city", "county", "town"]
Sharing = Literal["unconditional", "conditional", "not-shared"]
"""Who may have a resource (State Council Decree 809, Art. 14): whoever asks, who fulfils its condition, nobody by a law or regulation."""
Role = Literal["steward", "head", "authority", "operator", "inspector", "rule"]
"""As whom somebody acts. `rule` is the node itself, where the rules leave nothing to decide; no person acts as such."""
Way = Literal["stream", "file", "interface"]
"""How data is given: as a Kafka topic, as an export to a file, by look-ups of a key."""
GrantState = Literal["flowing", "suspended", "ended", "expired"]
"""How far a node has followed a grant."""
EventRef = tuple[Division, int]
"""An event by its author and sequence: how events name each other."""


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A frozen value. Unknown fields are a newer node's and are kept out, not refused: the log must stay readable."""


class Actor(Value, frozen=True, kw_only=True):
    """Who acts, in which role and for which department; for none where it is empty."""

    name: str
    role: Role
    department: Department = Department("")


RULE = Actor(name="rule", role="rule")
"""The node itself."""


class DivisionValue(Value, frozen=True, kw_only=True):
    """A division and its place in the tree; `parent` is absent at the root. Dates are ISO 8601, empty means always."""

    code: Division
    name: str
    level: Level
    parent: Division | None = None
    valid_from: str = ""
    valid_to: str = ""
    successor: str = ""


class DepartmentValue(Value, frozen=True, kw_only=True):
    """A department of one node."""

    department: Department
    name: str


class NodeKeyValue(Value, frozen=True, kw_only=True):
    """A key of a division's node: its parent vouches for it, or the node itself declares it, to be vouched for."""

    division: Division
    key: str


class KeyRevokedValue(Value, frozen=True, kw_only=True):
    """A key under which nothing counts behind event `last`; the history up to there is the one whose last event has this SHA-256."""

    division: Division
    key: str
    last: int
    digest: str = ""
    """lower-case hexadecimal; empty where `last` is 0 and nothing counts at all"""


class Kind(Enum):
    """What a resource's records are."""

    FACTS = "facts"
    """append only, removed by retention"""
    STATE = "state"
    """keyed base data, compacted: the newest record of a key stands"""


class SchemaValue(Value, frozen=True, kw_only=True):
    """A registered Avro schema: `id` is derived from the canonical text of `schema` (node.avro.ids)."""

    id: int
    schema: str


class ResourceValue(Value, frozen=True, kw_only=True):
    """A resource: one topic, the same on every cluster. The partition count never changes."""

    name: Topic
    title: str
    kind: Kind
    schema: int
    partitions: int
    retention_ms: int = -1
    """how long Kafka keeps records of facts; -1 for ever. State is compacted and kept."""
    max_message_bytes: int = MESSAGE_BYTES_DEFAULT
    sharing: Sharing = "conditional"
    condition: str = ""
    """under which it is shared, where the sharing is conditional"""
    legal_basis: str = ""
    """by which it is not shared, where it is not"""


class GrantValue(Value, frozen=True, kw_only=True):
    """What lets a resource move to a taker. `fields` absent means all, `rows` empty means all, no masks: the whole resource."""

    resource: Topic
    taker: Department
    purpose: str
    fields: tuple[str, ...] | None = None
    rows: str = ""
    masks: dict[str, str] = {}
    way: Way = "stream"
    history: Literal["all", "from-now"] = "all"
    until: str = ""
    """last day of the term, ISO 8601; empty: until it is ended"""
    request: EventRef
    """the request that was consented to"""

    @property
    def whole(self) -> bool:
        """Whether it is the whole resource, so that the resource's own topic is carried; all else needs a view."""
        return self.fields is None and not self.rows and not self.masks and self.history == "all"


class GrantEndedValue(Value, frozen=True, kw_only=True):
    """The end of a grant, by its own event."""

    by: Actor
    grant: EventRef
    reason: str = ""
    filed: EventRef | None = None
    """the filing of its owner to which the authority agrees"""


class GrantSuspendedValue(Value, frozen=True, kw_only=True):
    """A grant under which nothing moves until it is resumed."""

    by: Actor
    grant: EventRef
    reason: str


class GrantResumedValue(Value, frozen=True, kw_only=True):
    """The end of a suspension."""

    by: Actor
    grant: EventRef
    reason: str = ""


class EndFiledValue(Value, frozen=True, kw_only=True):
    """The owner wants a grant to end; nothing ends before the authority agrees (State Council Decree 809: no provider stops alone)."""

    by: Actor
    grant: EventRef
    reason: str


class GrantSeenValue(Value, frozen=True, kw_only=True):
    """How far the saying node has followed a grant; `disposed` are the topics whose copies it removed for that."""

    by: Actor
    grant: EventRef
    state: GrantState
    disposed: tuple[Topic, ...] = ()


class RequestValue(Value, frozen=True, kw_only=True):
    """What a department asks for: all that a grant will have, on what basis, and in which way it wants it."""

    by: Actor
    resource: Topic
    taker: Department
    basis: str
    """the law or duty for which the data is needed"""
    purpose: str
    fields: tuple[str, ...] | None = None
    rows: str = ""
    masks: dict[str, str] = {}
    way: Way = "stream"
    history: Literal["all", "from-now"] = "all"
    until: str = ""
    """last day of the term, ISO 8601; empty: until it is ended"""
    renews: EventRef | None = None
    """the grant whose term is ending"""


class RequestAmendedValue(RequestValue, frozen=True, kw_only=True):
    """A further version of a request, complete in itself; resource and taker are the request's for ever."""

    request: EventRef


class RequestApprovedValue(Value, frozen=True, kw_only=True):
    """The asker's head stands for a version; 1 is the request, each amendment adds one. From here on the owner's time runs."""

    by: Actor
    request: EventRef
    version: int


class RequestWithdrawnValue(Value, frozen=True, kw_only=True):
    """The asker does not want it any more, whatever the owner has answered meanwhile."""

    by: Actor
    request: EventRef
    reason: str = ""


class RequestIncompleteValue(Value, frozen=True, kw_only=True):
    """The owner cannot answer a version yet, and tells all that is missing at once."""

    by: Actor
    request: EventRef
    version: int
    missing: tuple[str, ...]


class ExtensionValue(Value, frozen=True, kw_only=True):
    """The owner asks for more working days, once; they count when the asker consents."""

    by: Actor
    request: EventRef
    days: int
    reason: str


class ExtensionConsentedValue(Value, frozen=True, kw_only=True):
    """The asker's head gives the owner the working days that it asked for."""

    by: Actor
    request: EventRef


class RequestAnsweredValue(Value, frozen=True, kw_only=True):
    """The owner's decision on the version whose approval it answers; a refusal has its reason."""

    by: Actor
    request: EventRef
    consents: bool
    reason: str = ""
