"""Small JSON files in which a node keeps what it was about to tell: read back where they can be, and never missed where they cannot."""

from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def read_hint(file: Path, kind: type[T], otherwise: T) -> T:
    """Return what a file holds, `otherwise` where there is none, or a damaged one."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError):
        return otherwise


def write_hint(file: Path, value: Any) -> None:
    """Write a file, whole or not at all; its folder is made where it is not there. OSError."""
    part = file.with_name(f".{file.name}.new")  # a backup leaves what begins so alone
    file.parent.mkdir(parents=True, exist_ok=True)
    part.write_bytes(msgspec.json.encode(value))
    part.replace(file)
