"""Who may ask at a node's HTTP face: bearer tokens (RFC 6750), each of one person in one role, kept as their SHA-256 in a file of the data folder.

A token has 256 random bits, so a hash without salt or stretching gives nothing away. It is shown once, when it is made; from then on only its
hash is kept. `exchange-node access` writes the file, the running node reads it anew whenever it changes: no restart, and no door through which
tokens could be made over the network.

Failure modes: without the file nobody is let in; a file that cannot be read, or that others may read or write, lets nobody in and says why.
"""

import fcntl
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from node.bus.passwords import write_secret
from node.control import day_of, stamp
from node.errors import NodeError
from node.model.hidden import TOKEN_PREFIX
from node.model.values import Actor
from node.telemetry import logger

NAME = "access.json"
TOKENS_MAX = 10_000
VERSION = 1
_ID_DIGITS = 12


class AccessError(NodeError):
    """The file of tokens cannot be used."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is kept: whose it is, and the last day on which it counts (Shanghai), for ever where `until` is empty."""

    id: str
    by: Actor
    sha256: str
    made: str
    until: str = ""

    @property
    def ended(self) -> bool:
        """Whether its last day is over."""
        return bool(self.until) and self.until < day_of(datetime.now(UTC)).isoformat()


class _File(msgspec.Struct, frozen=True, kw_only=True):
    version: int = VERSION
    tokens: tuple[Token, ...] = ()


def access_file(folder: Path) -> Path:
    """Return where a node's tokens lie in its data folder."""
    return folder / NAME


def read_tokens(folder: Path) -> tuple[Token, ...]:
    """Return the tokens, none where there is no file. AccessError, with file and cause, for one that cannot be read or that is open to others."""
    file = access_file(folder)
    try:
        with file.open("rb") as source:
            mode = stat.S_IMODE(os.fstat(source.fileno()).st_mode)
            kept = msgspec.json.decode(source.read(), type=_File)
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AccessError(f"{file}: it cannot be read ({error}); restore it, or remove it and make the tokens anew") from error
    if mode & 0o077:
        raise AccessError(f"{file}: others may read or write it (mode {mode:04o}); chmod 600, and make anew what they may have taken")
    if kept.version != VERSION:
        raise AccessError(f"{file}: it has version {kept.version}, this node reads {VERSION}: run the newer node that wrote it")
    return kept.tokens


def add_token(folder: Path, by: Actor, until: str = "") -> tuple[Token, str]:
    """Make a token for a person; return it as it is kept, and the secret, which nobody can tell again. AccessError where it cannot be kept."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    digest = _digest(secret)
    token = Token(id=digest[:_ID_DIGITS], by=by, sha256=digest, made=stamp(datetime.now(UTC)), until=until)
    with _changing(folder) as tokens:
        if len(tokens) >= TOKENS_MAX:
            raise AccessError(f"{access_file(folder)}: it has {TOKENS_MAX} tokens; remove those that have ended")
        tokens.append(token)
    return token, secret


def remove_token(folder: Path, name: str) -> Token | None:
    """Take a token out of use by its id, at once; return it, None where there is none."""
    with _changing(folder) as tokens:
        found = next((token for token in tokens if token.id == name), None)
        if found is not None:
            tokens.remove(found)
    return found


@contextmanager
def _changing(folder: Path) -> Iterator[list[Token]]:
    """Give the tokens to be changed, and put the file in the place of the one before when that is done; one after the other."""
    file = access_file(folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(file.with_name(f".{NAME}.lock"), os.O_RDWR | os.O_CREAT, 0o600)) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            tokens = list(read_tokens(folder))
            yield tokens
            write_secret(file, msgspec.json.format(msgspec.json.encode(_File(tokens=tuple(tokens))), indent=1).decode())
    except OSError as error:
        raise AccessError(f"{file}: it cannot be written ({error.strerror}); run this as the user of the node") from error


class Access:
    """The tokens of a running node."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: object = None
        self._tokens: dict[str, Token] = {}
        """by their hashes"""

    @property
    def known(self) -> bool:
        """Whether anybody at all is let in."""
        return any(not token.ended for token in self._current().values())

    def find(self, secret: str) -> Token | None:
        """Return a token, also one that has ended, None if there is none; costs a hash and a stat, however many there are.

        It is found by its hash: how long that takes may tell of hashes, of which nobody comes to a token.
        """
        return self._current().get(_digest(secret))

    def who(self, secret: str) -> Actor | None:
        """Return whose a token is, None if it is nobody's or has ended."""
        found = self.find(secret)
        return None if found is None or found.ended else found.by

    def _current(self) -> dict[str, Token]:
        try:
            state = access_file(self._folder).stat()
            seen: object = (state.st_ino, state.st_mtime_ns, state.st_size, state.st_mode)
        except OSError as error:
            seen = error.errno
        if seen != self._seen:
            self._seen = seen
            try:
                self._tokens = {token.sha256: token for token in read_tokens(self._folder)}
            except AccessError as error:
                self._tokens = {}
                logger().error("access-unreadable", cause=str(error))
        return self._tokens


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
