"""`backup` and `restore`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node.bus.passwords import write_secret
from node.config import load
from node.runtime.keys import node_key


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Callable[..., Any]) -> Path:
    """A folder with a node that `init` founded and a file of a passphrase, as working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("node.setup.archive._SCRYPT_N", 1 << 4)
    assert cli("init", "445102").status == 0
    node_key(tmp_path / "445102" / "data")
    write_secret(tmp_path / "passphrase", "a passphrase of chance\n")
    return tmp_path


def test_a_backup_is_made_looked_at_and_restored(cli: Callable[..., Any], folder: Path) -> None:
    """What it holds is told by name; the folder that comes of it is the node's."""
    with_ = ("--passphrase-file", "passphrase")
    made = cli("backup", "--config", "445102/node.yaml", "--output", "a.backup", *with_, "--json")
    assert (made.status, "data/node.key" in made.json["files"]) == (0, True)
    checked = cli("backup", "--check", "a.backup", *with_)
    assert checked.status == 0
    assert "whole; of 445102" in checked.out
    assert all(name in checked.out for name in made.json["files"])
    done = cli("restore", "a.backup", "--into", "again", *with_, "--lang", "zh")
    assert (done.status, "`exchange-node run --config again/node.yaml`" in done.out) == (0, True)
    told = cli("restore", "a.backup", "--into", "once-more", *with_, "--json").json
    assert all(told["made"] in text and "`exchange-node access list --config " in text for text in (done.out, *told["warning"].values()))
    assert node_key(load(folder / "again/node.yaml").data_dir).key == node_key(folder / "445102/data").key


def test_what_cannot_be_is_refused_and_nothing_written(cli: Callable[..., Any], folder: Path) -> None:
    """A file or a folder that is there, another passphrase, none, one that others may read, a word on the command line instead of a file."""
    with_ = ("--passphrase-file", "passphrase")
    make = ("backup", "--config", "445102/node.yaml", "--output", "a.backup")
    assert cli(*make, *with_).status == 0
    again = cli(*make, *with_, "--json")
    assert (again.status, again.json["code"]) == (2, "file-exists")
    assert cli("restore", "a.backup", "--into", "445102", *with_, "--json").json["code"] == "not-empty"
    write_secret(folder / "other", "another passphrase\n")
    for command in (("restore", "a.backup", "--into", "b"), ("backup", "--check", "a.backup")):
        closed = cli(*command, "--passphrase-file", "other", "--json")
        assert (closed.status, closed.json["code"]) == (1, "backup-closed")
    assert cli("restore", "a.backup", "--into", "b").status == 2
    assert cli("restore", "a.backup", "--into", "b", "--passphrase-file", "a passphrase of chance").status == 2
    (folder / "passphrase").chmod(0o644)
    assert "others may read it" in cli("restore", "a.backup", "--into", "b", *with_).err
    assert sorted(path.name for path in folder.iterdir()) == ["445102", "a.backup", "other", "passphrase"]


def test_one_thing_is_asked_for(cli: Callable[..., Any], folder: Path) -> None:
    """To make one or to look at one."""
    del folder
    for more in ((), ("--output", "x", "--check", "passphrase")):
        done = cli("backup", "--config", "445102/node.yaml", "--passphrase-file", "passphrase", *more)
        assert (done.status, "--output" in done.err) == (2, True)
