"""The keys of the nodes of `book`: made from their divisions' codes, so that the same sizes make the same logs, byte for byte."""

import hashlib
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from node.model.keys import Signed, fingerprint, key_text, seal


@cache
def private(name: str) -> Ed25519PrivateKey:
    """Return the private key of a name."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


@cache
def public(name: str) -> str:
    """Return the key of a name."""
    return key_text(private(name).public_key().public_bytes_raw())


def pin(root: str) -> str:
    """Return the fingerprint that all nodes pin."""
    return fingerprint(public(root))


def signed(values: list[bytes], name: str) -> list[Signed]:
    """Return a run of events, the last of which bears the signature of a name's key."""
    digest = hashlib.sha256(values[-1]).digest()
    return [*map(Signed, values[:-1]), Signed(values[-1], seal(public(name), private(name).sign(digest)))]
