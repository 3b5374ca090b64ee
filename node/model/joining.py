"""What a child seals with its key to join a parent, and to leave it."""

import hashlib


def joining(secret: str) -> bytes:
    """Return the digest that a child seals to join by an invitation's secret."""
    return hashlib.sha256(f"exchange-node join {secret}".encode("utf-8", "surrogatepass")).digest()


def leaving(division: str, parent: str, at: float) -> bytes:
    """Return the digest that a child seals to leave its parent at a time (Unix time, s)."""
    return hashlib.sha256(f"exchange-node leave {division} {parent} {at!r}".encode("utf-8", "surrogatepass")).digest()
