"""Secrets in files: passwords that nobody types, in files that nobody else may read."""

import os
import secrets
import stat
from contextlib import suppress
from errno import EISDIR
from pathlib import Path

import msgspec

from node.errors import ConfigError

SCRAM_512, SCRAM_256 = "SCRAM-SHA-512", "SCRAM-SHA-256"
_BITS_256 = 32


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """With which somebody logs in to a cluster, as its file holds it: JSON with these names."""

    username: str
    password: str
    mechanism: str = SCRAM_512

    def __repr__(self) -> str:
        return f"Login(username={self.username!r}, mechanism={self.mechanism!r})"  # a log never has the rest


def new_password() -> str:
    """Return 256 random bits as text that may stand in properties, YAML and JAAS alike."""
    return secrets.token_urlsafe(_BITS_256)


def read_secret(file: Path) -> str:
    """Return the secret in a file. ConfigError, with file, cause and repair, where there is none or others may read it."""
    try:
        with file.open(encoding="utf-8") as source:
            mode, secret = stat.S_IMODE(os.fstat(source.fileno()).st_mode), source.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{file}: the secret cannot be read ({error}); restore the file, or have a new one made"]) from error
    if mode & 0o077:
        raise ConfigError([f"{file}: others may read it (mode {mode:04o}); chmod 600, and have a new secret made"])
    if not secret:
        raise ConfigError([f"{file}: it is empty; restore it, or have a new secret made"])
    return secret


def read_login(file: Path) -> Login:
    """Return the login in a file. ConfigError as with `read_secret`, and where it is none."""
    try:
        return msgspec.json.decode(read_secret(file), type=Login)
    except msgspec.DecodeError as error:
        raise ConfigError([f'{file}: it is no login: JSON with "username", "password" and "mechanism" ({error})']) from error


def write_login(file: Path, login: Login) -> None:
    """Write a login to a file that only its owner may read."""
    write_secret(file, msgspec.json.format(msgspec.json.encode(login)).decode() + "\n")


def write_secret(file: Path, text: str) -> None:
    """Write a file that only its owner may read, in the place of one that is there, whole or not at all."""
    part = _part(file)
    _write(part, text)
    part.replace(file)


def write_secret_once(file: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all, and not at all where there is one: that, whoever made it, stays for ever."""
    part = file.with_name(f".{file.name}.{os.urandom(4).hex()}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(part, text)
        with suppress(FileExistsError):
            os.link(part, file)
    finally:
        with suppress(OSError):  # it was never there
            part.unlink()


def _write(part: Path, text: str) -> None:
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())


def check_place(file: Path) -> None:
    """Return when `write_secret` finds a place for a file; OSError else. For whoever has a secret made that is told but once."""
    if file.is_dir():
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), str(file))
    part = _part(file)
    part.touch(0o600, exist_ok=False)
    part.unlink()


def _part(file: Path) -> Path:
    """Return where a file is written before it is whole; nothing is there."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.new")
    part.unlink(missing_ok=True)
    return part


def kept_password(file: Path) -> str:
    """Return the password in a file, a new one where there is no file."""
    if not file.exists():
        write_secret(file, f"{new_password()}\n")
    return read_secret(file)
