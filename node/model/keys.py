"""Public keys of nodes and the signatures under them, as text and bytes. Pure: private keys lie elsewhere (`node.runtime.keys`).

A key is the text `ed25519:<base64 of 32 bytes>` (RFC 8032, RFC 4648): the word before the colon is the place for another algorithm, and one
that is not known here is refused, never guessed. A **seal** is what a record's header `signature` holds: 8 bytes that name the key and the
signature over the SHA-256 of the record's value.
"""

import hashlib
from base64 import b64decode, b64encode
from functools import lru_cache

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519 = "ed25519"
HEADER = "signature"
"""The record header in which a seal stands, in control logs."""
KEY_BYTES, SIGNATURE_BYTES, ID_BYTES = 32, 64, 8
FINGERPRINT = "SHA256:"


class Signed(msgspec.Struct, frozen=True):
    """A record of a control log: its value, and the seal beside it if it is the last of its run."""

    value: bytes
    seal: bytes | None = None


def key_text(raw: bytes) -> str:
    """Return an Ed25519 public key as it is written everywhere."""
    assert len(raw) == KEY_BYTES
    return f"{ED25519}:{b64encode(raw).decode()}"


def read_key(text: str) -> bytes:
    """Return the raw bytes of a key; ValueError for an unknown algorithm, another length, or a second way to write the same key."""
    algorithm, colon, encoded = text.partition(":")
    if not colon or algorithm != ED25519:
        raise ValueError(f"{text[:80]!r} is no key of an algorithm that is known here: {ED25519}:<base64 of {KEY_BYTES} bytes>")
    try:
        raw = b64decode(encoded, validate=True)
    except ValueError as error:
        raise ValueError(f"{text[:80]!r}: what follows {ED25519}: is no base64") from error
    if len(raw) != KEY_BYTES or key_text(raw) != text:
        raise ValueError(f"{text[:80]!r}: {ED25519} keys have {KEY_BYTES} bytes, written in one way")
    return raw


def fingerprint(text: str) -> str:
    """Return `SHA256:` and the SHA-256 of a key's raw bytes in hexadecimal: what people compare and pin."""
    return FINGERPRINT + hashlib.sha256(read_key(text)).hexdigest()


def read_fingerprint(text: str) -> str:
    """Return a fingerprint as it is kept, in lower case; ValueError if it is none."""
    digits = text.removeprefix(FINGERPRINT).lower()
    if not text.startswith(FINGERPRINT) or len(digits) != hashlib.sha256().digest_size * 2 or not set(digits) <= set("0123456789abcdef"):
        raise ValueError(f"{text[:100]!r} is no fingerprint: {FINGERPRINT} and 64 hexadecimal digits")
    return FINGERPRINT + digits


@lru_cache(maxsize=4096)
def key_id(text: str) -> bytes:
    """Return the first 8 bytes of a key's fingerprint: enough to find it among an author's keys, and no more; the signature decides."""
    return hashlib.sha256(read_key(text)).digest()[:ID_BYTES]


def seal(text: str, signature: bytes) -> bytes:
    """Return what the header holds: which key, and its signature."""
    return key_id(text) + signature


def sealing_key(header: bytes) -> bytes | None:
    """Return the id of the key that a seal names, None if it has not the form of one."""
    return header[:ID_BYTES] if len(header) == ID_BYTES + SIGNATURE_BYTES else None


def is_sealed(text: str, header: bytes, digest: bytes) -> bool:
    """Tell whether a seal is that of a key over a digest. Costs about 0.1 ms."""
    if sealing_key(header) != key_id(text):
        return False
    try:
        _public(text).verify(header[ID_BYTES:], digest)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=4096)
def _public(text: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(read_key(text))
