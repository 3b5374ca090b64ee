"""Answers for node/cli/access.py: tokens made, listed and taken away on the node's own machine."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from node.cli.client import open_node
from node.cli.voice import Exit, Session
from node.model.names import Department
from node.model.values import Actor
from node.runtime.access import Access
from tests.cli.conftest import Done, FakeNode


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration of a node that does not run, in the working directory."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "node.yaml"
    file.write_text('division: "445102"\nkafka: {bootstrap: "127.0.0.1:1"}\ndata_dir: data\n')
    return file


@pytest.mark.usefixtures("config")
def test_a_token_is_made_listed_and_taken_away(cli: Callable[..., Done], tmp_path: Path) -> None:
    """It lies in a file for one's own eyes, and nowhere else; the list does not tell it."""
    made = cli(
        "access", "add", "林海", "--role", "head", "--department", "445102.tax", "--until", "2999-12-31", "--output", "a.token", "--json"
    )
    assert made.status == Exit.OK
    secret = (tmp_path / "a.token").read_text().strip()
    assert stat.S_IMODE((tmp_path / "a.token").stat().st_mode) == 0o600
    assert Access(tmp_path / "data").who(secret) == Actor(name="林海", role="head", department=Department("445102.tax"))
    assert secret not in made.out + made.err
    (listed,) = cli("access", "list", "--json").json
    assert (listed["id"], listed["by"]["name"], listed["until"]) == (made.json["id"], "林海", "2999-12-31")
    assert "sha256" not in listed
    assert made.json["id"] in cli("access", "list").out
    assert cli("access", "remove", made.json["id"]).status == Exit.OK
    assert Access(tmp_path / "data").who(secret) is None
    assert cli("access", "remove", made.json["id"]).status == Exit.FAILED


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("林海", "--role", "head"), "--department"),
        (("林海", "--role", "head", "--department", "445100.tax"), "445100"),
        (("林海", "--role", "head", "--department", "tax"), "no department"),
        ((" ", "--role", "operator"), "name"),
        (("林海", "--role", "rule"), "rule"),
        (("林海", "--role", "operator", "--until", "someday"), "until"),
        (("林海", "--role", "operator", "--until", "2020-01-01"), "over already"),
        (("林" * 201, "--role", "operator"), "200"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(cli: Callable[..., Done], tmp_path: Path, arguments: tuple[str, ...], word: str) -> None:
    """With what is wrong; no token and no file come of it."""
    done = cli("access", "add", *arguments, "--output", "b.token")
    assert done.status == Exit.WRONG
    assert word in done.err + done.out
    assert not (tmp_path / "b.token").exists()
    assert not (tmp_path / "data" / "access.json").exists()


@pytest.mark.usefixtures("config")
def test_a_file_that_is_there_is_not_written_over(cli: Callable[..., Done], tmp_path: Path) -> None:
    """It may have a token that is in use."""
    (tmp_path / "a.token").write_text("kept")
    assert cli("access", "add", "黄山", "--role", "operator", "--output", "a.token").status == Exit.WRONG
    assert (tmp_path / "a.token").read_text() == "kept"
    assert cli("access", "list", "--json").json == []


def test_a_session_brings_its_token(node: FakeNode, tmp_path: Path, cli: Callable[..., Done]) -> None:
    """From the file that it names; one that cannot be read is told before anything is asked."""
    file = tmp_path / "a.token"
    file.write_text("xn-abc\n")
    with open_node(Session(node=node.url, token_file=file)) as client:
        assert client._asking._http.headers["authorization"] == "Bearer xn-abc"
    done = cli("division", "list", "--token-file", str(tmp_path / "none"))
    assert (done.status, node.asked) == (Exit.WRONG, [])
    assert "none" in done.err


def test_a_file_of_something_else_is_no_token_and_is_not_told(node: FakeNode, tmp_path: Path, cli: Callable[..., Done]) -> None:
    """Whatever stands there may be a secret."""
    for text in ("xn-secret\n# of 林海\n", "xn-secret\nxn-another\n", "", "xn secret"):
        (tmp_path / "a.token").write_text(text)
        done = cli("division", "list", "--token-file", str(tmp_path / "a.token"))
        assert (done.status, node.asked) == (Exit.WRONG, [])
        assert "secret" not in done.err + done.out


@pytest.mark.usefixtures("config")
def test_a_token_that_cannot_be_kept_leaves_no_file(cli: Callable[..., Done], tmp_path: Path) -> None:
    """The same command is given again once the cause is mended."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "access.json").write_text("{}")
    (tmp_path / "data" / "access.json").chmod(0o644)
    assert cli("access", "add", "林海", "--role", "operator", "--output", "a.token").status == Exit.FAILED
    assert not (tmp_path / "a.token").exists()
