"""The parent in a child's configuration: written when it joins, taken out when it leaves; all else in the file stays as it is."""

import json
import re
from pathlib import Path

from node.bus.passwords import Login, write_login
from node.errors import ConfigError
from node.model.names import Division

LOGIN, CA = "parent.login", "parent.pem"
_BLOCK = re.compile(r"^parent:.*\n(?:[ \t]+.*\n|[ \t]*\n|#.*\n(?=[ \t]))*", re.MULTILINE)


def write_parent(config: Path, *, division: Division, bootstrap: str, root: str, url: str, login: Login, ca: str) -> None:
    """Add the parent to a configuration, and its files beside it. ConfigError where it has one already."""
    text = config.read_text("utf-8")
    if _BLOCK.search(text):
        raise ConfigError([f"{config}: it has a parent already; `exchange-node leave` takes that out first"])
    write_login(config.with_name(LOGIN), login)
    if ca:
        config.with_name(CA).write_text(ca, encoding="ascii")
    lines = [
        "parent:",
        f'  division: "{division}"',
        f"  bootstrap: {json.dumps(bootstrap)}",
        f"  login_file: {LOGIN}",
        *([f"  ca_file: {CA}"] if ca else []),
        f"  root: {json.dumps(root)}   # whom all others are vouched for by",
        f"  url: {json.dumps(url)}   # of the parent's node, to leave it",
    ]
    part = config.with_name(f".{config.name}.new")
    part.write_text(text + ("" if text.endswith("\n") else "\n") + "\n".join(lines) + "\n", encoding="utf-8")
    part.replace(config)


def remove_parent(config: Path) -> None:
    """Take the parent out of a configuration, and its files away."""
    text = config.read_text("utf-8")
    part = config.with_name(f".{config.name}.new")
    part.write_text(_BLOCK.sub("", text, count=1), encoding="utf-8")
    part.replace(config)
    for name in (LOGIN, CA):
        config.with_name(name).unlink(missing_ok=True)
