"""Answers for node/setup/parent.py: the parent is added to a file and taken out of it again, and nobody notices anything else."""

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from node.bus.passwords import Login, read_login
from node.errors import ConfigError
from node.model.names import Division
from node.setup.invitation import Invitation
from node.setup.parent import CA, LOGIN, remove_parent, write_parent

WITH = Login(username="445102.node", password="hidden")  # noqa: S106
HEAD = '# 湘桥区\ndivision: "445102"   # whose\n\nkafka:\n  bootstrap: "127.0.0.1:9092"\n'
TAIL = "\n# where it listens\nhttp:\n  listen: 127.0.0.1:8080\n\n\ndata_dir: data\n# parent: none\n"
BLOCK = 'parent:   # above\n  division: "445100"\n\n  # the brokers\n  bootstrap: "10.0.0.1:9092"\n# and the login\n  login_file: parent.login\n'


def add(config: Path, ca: str = "") -> None:
    """Join."""
    asked = Invitation(
        parent=Division("445100"),
        child=Division("445102"),
        bootstrap="k1.445100.example:9092",
        url="https://node.445100.example:8080",
        root="root-key",
        secret="",
        until="",
    )
    write_parent(config, asked, WITH, ca)


def written(folder: Path, text: str) -> Path:
    """A configuration."""
    config = folder / "node.yaml"
    config.write_bytes(text.encode())
    return config


@pytest.mark.parametrize(
    "text",
    [HEAD + TAIL, HEAD + TAIL + "\n\n", HEAD.replace("\n", "\r\n"), "parents: 1\n", "note: |\n  parent:\n    a\n"],
    ids=["plain", "blank-end", "crlf", "other-key", "deeper"],
)
def test_it_is_added_and_taken_out_without_a_trace(tmp_path: Path, text: str) -> None:
    """Comments, blank lines and line ends stay as they are, byte for byte; its files go with it."""
    config = written(tmp_path, text)
    config.chmod(0o640)
    add(config, ca="PEM\n")
    assert config.read_bytes().startswith(text.encode())
    assert yaml.safe_load(config.read_text("utf-8"))["parent"]["division"] == "445100"
    remove_parent(config)
    assert config.read_bytes() == text.encode()
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["node.yaml"]


@pytest.mark.parametrize("ca", ["", "PEM\n"])
def test_what_is_added_is_what_joining_brought(tmp_path: Path, ca: str) -> None:
    """The login in a file that nobody else may read, what TLS trusts beside it, and only where there is something to trust."""
    config = written(tmp_path, HEAD.rstrip("\n"))  # a file without an end of its last line
    add(config, ca)
    found: dict[str, Any] = yaml.safe_load(config.read_text("utf-8"))
    assert found == yaml.safe_load(HEAD) | {
        "parent": {
            "division": "445100",
            "bootstrap": "k1.445100.example:9092",
            "login_file": LOGIN,
            **({"ca_file": CA} if ca else {}),
            "root": "root-key",
            "url": "https://node.445100.example:8080",
        }
    }
    assert read_login(tmp_path / LOGIN) == WITH
    assert stat.S_IMODE((tmp_path / LOGIN).stat().st_mode) == 0o600
    assert (tmp_path / CA).exists() is bool(ca)


@pytest.mark.parametrize(
    "block",
    [
        BLOCK,
        'parent: {division: "445100", bootstrap: "10.0.0.1:9092"}\n',
        'parent: {\n  division: "445100"\n}\n',
        'parent :\n    division: "445100"\n',
        '"parent":\n\tdivision: "445100"\n',
        'parent:\r\n  division: "445100"\r\n',
    ],
    ids=["block", "inline", "inline-lines", "blank-before-colon", "quoted", "crlf"],
)
@pytest.mark.parametrize(("head", "tail"), [(HEAD, TAIL), (HEAD, ""), ("", TAIL), ("", "")], ids=["middle", "end", "begin", "alone"])
def test_one_that_somebody_wrote_is_refused_and_taken_out(tmp_path: Path, head: str, block: str, tail: str) -> None:
    """However it is written and wherever it stands; joining again touches nothing, leaving leaves all that is around it."""
    for text in (head + block + tail, *([(head + block).rstrip("\r\n")] if not tail else [])):
        config = written(tmp_path, text)
        with pytest.raises(ConfigError, match=r"it has a parent already; `exchange-node leave` takes that out first"):
            add(config)
        assert config.read_bytes() == text.encode()
        assert not (tmp_path / LOGIN).exists()
        remove_parent(config)
        assert config.read_bytes() == (head + tail).encode()


def test_leaving_twice_is_no_error(tmp_path: Path) -> None:
    """There is nothing to take out: the file stays as it is."""
    config = written(tmp_path, HEAD + TAIL)
    remove_parent(config)
    assert config.read_bytes() == (HEAD + TAIL).encode()
