"""What a parent gives to a child so that it may join: a text that one person carries to another."""

import base64
import binascii

import msgspec

from node.errors import ConfigError
from node.model.names import Division

PREFIX = "xnj-"
_VERSION = 1


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """Who is invited by whom, where the parent is, whom to trust, and the secret that counts once, until `until`."""

    version: int = _VERSION
    parent: Division
    child: Division
    url: str
    """of the parent's node"""
    bootstrap: str
    """of the parent's cluster, as the child reaches it"""
    root: str
    """the fingerprint of the key that all others are vouched for by"""
    secret: str
    until: str
    """RFC 3339, UTC"""
    ca: str = ""
    """what the child trusts when it asks the parent's node, in PEM; empty where that is on loopback or known to the system"""


def encode(invitation: Invitation) -> str:
    """Return it as one line of text."""
    return PREFIX + base64.urlsafe_b64encode(msgspec.json.encode(invitation)).decode().rstrip("=")


def decode(text: str) -> Invitation:
    """Read what `encode` wrote. ConfigError where it is none, or a newer node's."""
    line = text.strip()
    try:
        if not line.startswith(PREFIX):
            raise ValueError(f"it does not begin with {PREFIX}")
        raw = line.removeprefix(PREFIX)
        found = msgspec.json.decode(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)), type=Invitation)
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise ConfigError(
            [f"this is no invitation of a parent's node ({error}): copy the whole line that `exchange-node token` printed"]
        ) from error
    if found.version != _VERSION:
        raise ConfigError([f"the invitation has version {found.version}, this node reads {_VERSION}: join with the newer release"])
    return found
