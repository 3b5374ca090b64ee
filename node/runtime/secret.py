"""The node's own secret, in a file: from it every view has the secret under which it hides keys and fields.

It is made with the first grant that needs it. Lost, the same person would get another name in each view; so it is never made anew while any
grant needs it, and belongs into the backup of the data folder.
"""

import os
from pathlib import Path

from node.bus.passwords import write_secret_once
from node.errors import NodeError

NAME = "views.secret"
_BYTES = 32


class SecretError(NodeError):
    """The secret's file cannot be used."""


def secret_file(folder: Path) -> Path:
    """Return where a node's secret lies in its data folder."""
    return folder / NAME


def read_secret(folder: Path) -> bytes | None:
    """Return the secret, None where there is no file. SecretError, with file and cause, where it is not one that `make_secret` wrote."""
    file = secret_file(folder)
    try:
        secret = bytes.fromhex(file.read_text("ascii"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise SecretError(f"{file}: it cannot be read as {2 * _BYTES} hexadecimal digits ({type(error).__name__}); restore it") from error
    if len(secret) != _BYTES:
        raise SecretError(f"{file}: it has {len(secret)} bytes, not {_BYTES}; restore it")
    return secret


def make_secret(folder: Path) -> bytes:
    """Return the secret, made where there is none yet and readable by the node alone. SecretError where it cannot be read or written."""
    if (found := read_secret(folder)) is not None:
        return found
    file = secret_file(folder)
    try:
        write_secret_once(file, f"{os.urandom(_BYTES).hex()}\n")
    except OSError as error:
        raise SecretError(f"{file}: it cannot be written ({error.strerror}); give the node a data_dir of its own") from error
    made = read_secret(folder)
    assert made is not None
    return made
