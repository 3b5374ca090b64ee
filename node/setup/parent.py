"""The parent in a child's configuration: written when it joins, taken out when it leaves; all else in the file stays as it is."""

import json
import re
import shutil
from pathlib import Path

from node.bus.passwords import Login, write_login
from node.errors import ConfigError
from node.setup.invitation import Invitation

LOGIN, CA, URL_CA = "parent.login", "parent.pem", "parent-http.pem"
_KEY = re.compile(r"""(parent|"parent"|'parent')[ \t]*:""")


def write_parent(config: Path, asked: Invitation, login: Login, ca: str) -> None:
    """Add the parent of an invitation to a configuration, with the login that it gave and what its cluster's TLS is trusted by. ConfigError where it has one."""
    lines = _lines(config)
    if _block(lines) is not None:
        raise ConfigError([f"{config}: it has a parent already; `exchange-node leave` takes that out first"])
    write_login(config.with_name(LOGIN), login)
    for name, pem in {CA: ca, URL_CA: asked.ca}.items():
        if pem:
            config.with_name(name).write_text(pem, encoding="ascii")
    added = [
        "parent:",
        f'  division: "{asked.parent}"',
        f"  bootstrap: {json.dumps(asked.bootstrap)}",
        f"  login_file: {LOGIN}",
        *([f"  ca_file: {CA}"] if ca else []),
        f"  root: {json.dumps(asked.root)}   # whom all others are vouched for by",
        f"  url: {json.dumps(asked.url)}   # of the parent's node, which is told when this one leaves",
        *([f"  url_ca_file: {URL_CA}"] if asked.ca else []),
    ]
    whole = ["\n"] if lines and not lines[-1].endswith("\n") else []
    _write(config, [*lines, *whole, *(f"{line}\n" for line in added)])


def remove_parent(config: Path) -> None:
    """Take the parent out of a configuration, and its files away."""
    lines = _lines(config)
    found = _block(lines)
    if found is not None:
        del lines[found]
        _write(config, lines)
    for name in (LOGIN, CA, URL_CA):
        config.with_name(name).unlink(missing_ok=True)


def _block(lines: list[str]) -> slice | None:
    """Return where the parent stands: its key and what is deeper. Blank lines and comments behind that are what follows'."""
    begin = next((at for at, line in enumerate(lines) if _KEY.match(line)), None)
    if begin is None:
        return None
    end = begin + 1
    for at, line in enumerate(lines[end:], end):
        if line.strip() and line[0] in " \t}":  # the brace ends a mapping in braces that somebody wrote over several lines
            end = at + 1
        elif line.strip() and line[0] != "#":
            break
    return slice(begin, end)


def _lines(config: Path) -> list[str]:
    """Return the lines as they end, for `read_text` would make all ends alike."""
    return config.read_bytes().decode().splitlines(keepends=True)


def _write(config: Path, lines: list[str]) -> None:
    part = config.with_name(f".{config.name}.new")
    part.write_bytes("".join(lines).encode())
    shutil.copymode(config, part)
    part.replace(config)
