"""The node's private keys, and what it has written last: files in its data folder, readable by the node alone.

`node.key` (PEM, PKCS 8) is made when the node first starts and never written over. `node.key.next` is the key to which it rotates: it takes the
other's place, which is kept under its fingerprint, when the parent has vouched for it. `log.json` holds the sequence and the digest of the last
event that this node wrote, and at a root the fingerprint of its first key, which is pinned for ever: a cluster that was restored from a backup
has less than that.

Failure modes: a key that others may read, or that is none of ours, is refused; a log.json that cannot be read is too, for it guards the log.
"""

import os
import stat
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from node.bus.passwords import write_secret, write_secret_once
from node.errors import NodeError
from node.model.keys import FINGERPRINT, fingerprint, key_text, seal

NAME, NEXT, MARK = "node.key", "node.key.next", "log.json"
_OLD_DIGITS = 16


class KeyFileError(NodeError):
    """A file of the node's keys, or of what it wrote last, cannot be used."""


class Signer(msgspec.Struct, frozen=True):
    """A private key, and its public half as text."""

    key: str
    private: Ed25519PrivateKey

    def sign(self, digest: bytes) -> bytes:
        """Return the seal over a digest."""
        return seal(self.key, self.private.sign(digest))


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What this node knows of its own log beside the cluster: the last event that it wrote, and at a root the key that it began with."""

    sequence: int = 0
    digest: str = ""
    root: str = ""


def node_key(folder: Path) -> Signer:
    """Return the node's key, made where there is none yet. KeyFileError where it cannot be read or made."""
    return _read(folder / NAME) or _made(folder / NAME)


def next_key(folder: Path, *, make: bool = False) -> Signer | None:
    """Return the key to which the node rotates, None where it does not; made if it is asked for."""
    found = _read(folder / NEXT)
    return _made(folder / NEXT) if found is None and make else found


def adopt_next(folder: Path) -> Signer:
    """Let the next key take the place of the node's; that is kept beside it, for nobody can make it again."""
    old, new = node_key(folder), next_key(folder)
    assert new is not None
    try:
        kept = folder / f"{NAME}.{fingerprint(old.key).removeprefix(FINGERPRINT)[:_OLD_DIGITS]}"
        if not kept.exists():
            os.link(folder / NAME, kept)
        (folder / NEXT).replace(folder / NAME)
    except OSError as error:
        raise KeyFileError(f"{folder / NEXT}: it cannot take the place of {NAME} ({error.strerror})") from error
    return new


def read_mark(folder: Path) -> Mark:
    """Return what was written last, nothing where there is no file."""
    file = folder / MARK
    try:
        return msgspec.json.decode(file.read_bytes(), type=Mark)
    except FileNotFoundError:
        return Mark()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise KeyFileError(
            f"{file}: it cannot be read ({error}); restore it: it tells how far this node's control log must reach"
        ) from error


def write_mark(folder: Path, mark: Mark) -> None:
    """Keep what was written last, whole or not at all."""
    file = folder / MARK
    try:
        write_secret(file, msgspec.json.encode(mark).decode() + "\n")
    except OSError as error:
        raise KeyFileError(f"{file}: it cannot be written ({error.strerror}); give the node a data_dir of its own") from error


def _read(file: Path) -> Signer | None:
    try:
        with file.open("rb") as source:
            mode = stat.S_IMODE(os.fstat(source.fileno()).st_mode)
            private = load_pem_private_key(source.read(), None)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError) as error:
        raise KeyFileError(f"{file}: it cannot be read as a private key ({type(error).__name__}); restore it from the backup") from error
    if mode & 0o077:
        raise KeyFileError(
            f"{file}: others may read or write it (mode {mode:04o}); chmod 600, and rotate the key if somebody may have read it"
        )
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyFileError(f"{file}: it is no Ed25519 key; restore it from the backup")
    return Signer(key_text(private.public_key().public_bytes_raw()), private)


def _made(file: Path) -> Signer:
    private = Ed25519PrivateKey.generate()
    try:
        write_secret_once(file, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
    except OSError as error:
        raise KeyFileError(f"{file}: it cannot be made ({error.strerror}); give the node a data_dir of its own") from error
    made = _read(file)
    assert made is not None
    return made
