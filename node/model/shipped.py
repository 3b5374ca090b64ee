"""Where the program's own data is: schemas, the demo's tables, the pom that fetches Kafka."""

from pathlib import Path

from node.errors import ConfigError

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped_root(package: Path = _PACKAGE) -> Path:
    """Return the folder that `schemas` and `deploy` stand in: `node/_shipped` of a wheel, the root of a checkout.

    A wheel is never looked beside: another distribution may keep a `schemas` of its own there.
    """
    wheel = package / "_shipped"
    return wheel if wheel.is_dir() else package.parent


def shipped(name: str, root: Path | None = None) -> Path:
    """Return the path of a shipped file or folder, for example `schemas/divisions`; ConfigError if it is not there."""
    folder = root or shipped_root()
    path = folder / name
    if not path.exists():
        raise ConfigError([f"{name}: not in {folder}; this copy of exchange-node is incomplete, install it again"])
    return path
