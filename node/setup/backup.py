"""What a node cannot make again, taken from its folder, and put into an empty one.

That is its configuration with the files that this names, what `init` wrote beside it (the authority, the brokers' properties and certificates), and its
data folder: keys, the views' secret, tokens, passwords that end, how far its log reaches. What its cluster holds is none of it: control
log, progress, records and audit come from Kafka, and what a control log lacks comes from the neighbours. Invitations are left out, for one that was used
or withdrawn since would count again, and what is a hint about the moment alone.

A node may run meanwhile: each of its files is written whole, and all are read again if one of them changed. Files that lay outside the folder come
into it, and the configuration of the backup names them there, so that a restored node uses nothing else.
"""

import json
import os
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from node import __version__
from node.bus.certificates import CERTIFICATE, KEY
from node.bus.guard import KEYSTORE, TRUSTSTORE
from node.config import load
from node.control import stamp
from node.errors import CommandRefused
from node.runtime.invitations import INVITATIONS
from node.setup.archive import Archive, Kept, kept
from node.setup.folder import for_java

NAMED = (
    "kafka.login_file",
    "kafka.ca_file",
    "kafka.brokers_login_file",
    "parent.login_file",
    "parent.ca_file",
    "parent.url_ca_file",
    "http.tls.certificate_file",
    "http.tls.key_file",
    "calendar",
)
"""Where a configuration names files."""
DATA, ELSEWHERE = "data_dir", "elsewhere"
_BROKERS = "broker-*"
_PROPERTIES = "server.properties"
_BESIDE = (CERTIFICATE, KEY, *(f"{_BROKERS}/{name}" for name in (_PROPERTIES, KEYSTORE, TRUSTSTORE)))
_TRIES = 5
_LEFT_OUT = {INVITATIONS, "complete.json", "complete.part", "moved.json"}
"""Of the data folder, also of backups that have them."""
_FOUND = {"lost+found"}
"""What a file system that is mounted as the folder may have by itself."""


def take(config: Path) -> Archive:
    """Return a backup of the node of a configuration. ConfigError where that is wrong; CommandRefused where its files do not come to rest."""
    loaded = load(config)
    for last in (False,) * (_TRIES - 1) + (True,):
        try:
            before = _seen(config)
            text, moved, places = _inside(config)
            files = [kept(name, path.stat().st_mode, path.read_bytes()) for name, path in places.items()]
            if before == _seen(config):
                break
        except FileNotFoundError:  # it went between two looks, as a next key does that takes the place of the other; or was never there
            if last:
                raise
    else:
        en = "the node's files change all the time; try again when nobody gives commands on its machine"
        raise CommandRefused("not-at-rest", en, "节点文件一直在变化；请在无人执行本机命令时重试")
    return Archive(
        made=stamp(datetime.now(UTC)),
        release=__version__,
        division=loaded.division,
        folder=str(config.parent.absolute()),
        config=config.name,
        moved=moved,
        files=(kept(config.name, config.stat().st_mode, text.encode()), *files),
    )


def restore(archive: Archive, folder: Path) -> list[str]:
    """Write a backup's files into a folder that is empty or not there, all or none of them; return their names. CommandRefused where something is.

    A folder that is there may be a mount point, in whose place nothing can be put: it is filled from within.
    """
    folder = folder.absolute()
    is_there = folder.exists()
    if is_there and (not folder.is_dir() or any(path.name not in _FOUND for path in folder.iterdir())):
        en = f"{folder} is not empty: nothing was written; name a folder that is not there yet by --into"
        raise CommandRefused("not-empty", en, f"{folder} 不为空：未写入任何内容；请用 --into 指定尚不存在的文件夹")
    files = [one for one in archive.files if PurePosixPath(one.name).name not in _LEFT_OUT]
    name = f".{folder.name}.{os.urandom(4).hex()}"
    part = folder / name if is_there else folder.with_name(name)
    try:
        part.mkdir(mode=0o700, parents=True)
        for one in files:
            _write(part / one.name, one.mode, _at_home(one, archive.folder, folder))
        if is_there:
            _fill(folder, part, archive.config)
        else:
            part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)  # where it has got its name it is there no more
    return [one.name for one in files]


def _fill(folder: Path, part: Path, config: str) -> None:
    """Bring what lies in `part` into the folder in which it lies, the configuration last: before that is there nothing can be started."""
    with suppress(OSError):  # a mounted file system may not allow it; each file is for its owner alone anyway
        folder.chmod(0o700)
    names = sorted((path.name for path in part.iterdir()), key=lambda name: name == config)
    try:
        for name in names:
            (part / name).rename(folder / name)
    except OSError:
        for name in names:
            with suppress(FileNotFoundError):  # it had not come that far
                (folder / name).rename(part / name)
        raise


def write_archive(file: Path, sealed: bytes) -> None:
    """Write a sealed backup, whole or not at all, for its owner alone. FileExistsError where there is a file already."""
    part = file.with_name(f".{file.name}.{os.urandom(4).hex()}")
    try:
        _write(part, 0o600, sealed)
        try:
            os.link(part, file)
        except FileExistsError:
            raise
        except OSError:  # no hard links there, as on many sticks: the name is taken first
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _write(file: Path, mode: int, data: bytes) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(data)
        os.fchmod(out.fileno(), mode)
        out.flush()
        os.fsync(out.fileno())


def _at_home(one: Kept, before: str, now: Path) -> bytes:
    """Return a file's contents; the properties of brokers name the folder in which they lie."""
    if not one.name.endswith(f"/{_PROPERTIES}"):
        return one.data
    return one.data.replace(f"={for_java(before)}/".encode("latin-1"), f"={for_java(str(now))}/".encode("latin-1"))


def _inside(config: Path) -> tuple[str, dict[str, str], dict[str, Path]]:
    """Return the configuration's text with all that it names in its own folder, what was moved there from where, and all other files by their names."""
    text, folder = config.read_text("utf-8-sig"), config.parent.absolute()
    moved, places, changes = dict[str, str](), dict[str, Path](), list[tuple[yaml.ScalarNode, str]]()
    said = dict(_scalars(yaml.compose(text, Loader=yaml.SafeLoader)))
    for key in (*NAMED, DATA):
        node = said.get(key)
        path = Path(os.path.normpath(folder / (str(node.value) if node is not None else "data")))
        if node is None and key != DATA:
            continue
        within = path.is_relative_to(folder) and path != folder
        name = path.relative_to(folder).as_posix() if within else f"{ELSEWHERE}/{key}"
        if not within:
            moved[name] = str(path)
        if node is not None and os.path.normpath(str(node.value)) != name:
            changes.append((node, name))
        places |= _data(name, path) if key == DATA else {name: path}
    for node, name in sorted(changes, key=lambda change: change[0].start_mark.index, reverse=True):
        text = text[: node.start_mark.index] + json.dumps(name) + text[node.end_mark.index :]
    for pattern in _BESIDE:
        places |= {path.relative_to(folder).as_posix(): path for path in sorted(folder.glob(pattern)) if path.is_file()}
    return text, moved, places


def _data(name: str, folder: Path) -> dict[str, Path]:
    """Return the files of a data folder: whatever lies there is the node's, but for what is being written, left out, or dumped into folders."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return {
        f"{name}/{path.name}": path for path in files if path.is_file() and not path.name.startswith(".") and path.name not in _LEFT_OUT
    }


def _scalars(node: yaml.Node | None, above: str = "") -> list[tuple[str, yaml.ScalarNode]]:
    """Return all values of a YAML by the keys that lead to them, joined by dots."""
    found: list[tuple[str, yaml.ScalarNode]] = []
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        name = f"{above}{key.value}"
        found += [(name, value)] if isinstance(value, yaml.ScalarNode) else _scalars(value, f"{name}.")
    return found


def _seen(config: Path) -> list[Any]:
    """Return what changes with the files."""
    states = [(path, path.stat()) for path in (config, *_inside(config)[2].values())]
    return [(path, state.st_ino, state.st_mtime_ns, state.st_size) for path, state in states]
