"""How a child comes to be linked to this node, and how it leaves: invitations, joining by one, and leaving by one's own key."""

import msgspec

from node.bus.passwords import Login

LATE_S = 300
"""A word of leaving counts for so long: clocks differ, and who overhears it must not use it for ever."""
GRACE_S = 3600.0
"""The login that a child had before it joined again counts for so long."""


class InvitationAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which child is invited, and for how many hours."""

    child: str
    hours: float = 24.0


class InvitationFace(msgspec.Struct, frozen=True, kw_only=True):
    """The invitation's secret, which is told this once; whom to trust, and until when it counts."""

    secret: str
    root: str
    until: str


class JoinAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By which invitation which division joins with which key; `seal` shows that it has the key: over the secret's SHA-256."""

    secret: str
    division: str
    key: str
    seal: str


class JoinFace(msgspec.Struct, frozen=True, kw_only=True):
    """With what the child logs in to this node's cluster, what it trusts there, and whom above."""

    login: Login
    ca: str
    root: str


class LeaveAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which division leaves, when it said so, and its seal over that."""

    division: str
    at: str
    seal: str
