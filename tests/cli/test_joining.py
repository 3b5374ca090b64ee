"""`token`, `join`, `leave` and `dismiss`: what they ask of which node, what they write, and that nothing is written where they are refused."""

from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.bus.passwords import Login, read_login
from node.config import load
from node.http.joining import InvitationFace, JoinFace
from node.model.joining import joining, leaving
from node.model.keys import is_sealed
from node.model.names import Division
from node.runtime.keys import node_key
from node.setup.invitation import Invitation, decode, encode

SECRET, ROOT = "hidden-secret", "SHA256:" + "0a" * 32
PARENT, CHILD = Division("445102"), Division("445103")
"""The node that answers is the parent's."""
LOGIN = Login(username=f"{CHILD}.node", password="hidden-password")  # noqa: S106
CONFIG = f'# 潮安区\ndivision: "{CHILD}"   # whose\nkafka: {{bootstrap: "127.0.0.1:9092"}}\n'


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A working directory with the configuration of the child's node."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "node.yaml").write_text(CONFIG, "utf-8")
    return tmp_path


def invitation(node: Any, **other: Any) -> str:
    """Carry an invitation to the child's machine; return its file's name."""
    until = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    made = Invitation(parent=PARENT, child=CHILD, url=node.url, bootstrap="127.0.0.1:9192", root=ROOT, secret=SECRET, until=until)
    Path("child.token").write_text(encode(msgspec.structs.replace(made, **other)))
    return "child.token"


def join(cli: Callable[..., Any], node: Any) -> None:
    """Let the child join, as the node answers it."""
    node.answer("/v1/join", JoinFace(login=LOGIN, ca="", root=ROOT))
    assert cli("join", invitation(node)).status == 0
    node.asked.clear()


def untouched(here: Path) -> bool:
    """Whether the configuration is as it was, and nothing of a parent beside it."""
    return (here / "node.yaml").read_text("utf-8") == CONFIG and list(here.glob("*parent*")) == []


@pytest.mark.parametrize("output", [None, "given/child.token"])
def test_an_invitation_is_written_for_its_owner_alone(cli: Callable[..., Any], node: Any, here: Path, output: str | None) -> None:
    """With all that the child has to know; what is printed holds no secret, but says what to do with the file."""
    node.answer("/v1/invitations", InvitationFace(secret=SECRET, root=ROOT, until="2026-11-30T00:00:00.000Z"))
    for more in ((), ("--json",)):
        done = cli("token", CHILD, "--hours", "2", *(("--output", output) if output else ()), *more)
        assert (done.status, node.asked[-1]) == (0, ("/v1/invitations", {"child": CHILD, "hours": 2.0}))
        file = here / (output or f"{CHILD}.token")
        assert file.stat().st_mode & 0o777 == 0o600
        given = decode(file.read_text())
        assert (given.parent, given.child, given.url, given.bootstrap) == (PARENT, CHILD, node.url, "127.0.0.1:1")
        assert (given.root, given.secret, given.ca) == (ROOT, SECRET, "")
        printed = done.out + done.err
        assert [secret for secret in (SECRET, encode(given), file.read_text().strip()) if secret in printed] == []
        assert file.name in printed


def test_the_addresses_are_those_by_which_the_child_comes(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """Where it reaches neither node nor cluster by the names that they have here."""
    node.answer("/v1/invitations", InvitationFace(secret=SECRET, root=ROOT, until=""))
    assert cli("token", CHILD, "--url", "https://node.example", "--bootstrap", "k1.example:9092").status == 0
    given = decode((here / f"{CHILD}.token").read_text())
    assert (given.url, given.bootstrap) == ("https://node.example", "k1.example:9092")


def test_what_the_node_refuses_writes_no_invitation(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """With the reason that it gave; hours that cannot be are not even asked for."""
    node.answer("/v1/invitations", {"code": "not-own-child", "en": "it is no child", "zh": "不是下级"}, 409)
    done = cli("token", CHILD)
    assert (done.status, "it is no child" in done.err) == (1, True)
    assert [cli("token", CHILD, "--hours", hours).status for hours in ("0", "721")] == [2, 2]
    assert [path for path, _body in node.asked if path == "/v1/invitations"] == ["/v1/invitations"]
    assert list(here.glob("*.token")) == []


def test_a_child_joins_under_its_own_key(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """Asked openly, with a seal over the secret; the parent is in the configuration then, its login beside it, and nothing secret on the screen."""
    node.answer("/v1/join", JoinFace(login=LOGIN, ca="", root=ROOT))
    done = cli("join", invitation(node))
    assert done.status == 0, done.err
    ((path, asked),) = node.asked
    key = node_key(here / "data").key
    assert (path, asked["secret"], asked["division"], asked["key"]) == ("/v1/join", SECRET, CHILD, key)
    assert is_sealed(key, b64decode(asked["seal"]), joining(SECRET))
    config = load(here / "node.yaml")
    assert config.parent is not None
    assert (config.parent.division, config.parent.bootstrap, config.parent.root) == (PARENT, "127.0.0.1:9192", ROOT)
    assert config.parent.url == node.url
    assert config.parent.login_file is not None
    assert read_login(config.parent.login_file) == LOGIN
    assert (here / "node.yaml").read_text("utf-8").startswith(CONFIG)
    assert "hidden" not in done.out + done.err


def test_who_has_a_parent_does_not_join_another(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """Nor the same again: nothing is asked, and the invitation counts still."""
    join(cli, node)
    before = (here / "node.yaml").read_bytes()
    done = cli("join", invitation(node), "--json")
    assert (done.status, done.json["code"], node.asked) == (2, "has-parent", [])
    assert (here / "node.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"child": Division("445104")}, "not-invited"),
        ({"until": "2026-01-01T00:00:00.000Z"}, "invitation-ended"),
        ({"version": 2}, "config"),
    ],
    ids=["another's", "ended", "newer"],
)
def test_an_invitation_that_does_not_count_is_not_even_asked_about(
    cli: Callable[..., Any], node: Any, here: Path, other: dict[str, Any], code: str
) -> None:
    """What the file itself says is told with the next step, and its secret goes nowhere."""
    done = cli("join", invitation(node, **other), "--json")
    assert (done.status, done.json["code"], node.asked) == (2, code, [])
    assert untouched(here)
    assert SECRET not in done.out + done.err


@pytest.mark.parametrize("content", [b"", b"xnj-", b"\xff\xfe"], ids=["empty", "cut", "no-text"])
def test_a_file_that_is_no_invitation_is_told(cli: Callable[..., Any], node: Any, here: Path, content: bytes) -> None:
    """Whatever was carried there instead."""
    (here / "child.token").write_bytes(content)
    done = cli("join", "child.token", "--json")
    assert (done.status, done.json["code"], node.asked, untouched(here)) == (2, "config", [], True)
    assert "copy the whole line" in done.err


def test_another_root_is_not_taken(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """Whoever answers is not whom the invitation is from, or its node believes somebody else."""
    node.answer("/v1/join", JoinFace(login=LOGIN, ca="", root="SHA256:" + "0b" * 32))
    done = cli("join", invitation(node), "--json")
    assert (done.status, done.json["code"]) == (1, "other-root")
    assert untouched(here)
    assert "hidden" not in done.out + done.err


def test_what_the_parents_node_refuses_changes_nothing(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """With the reason that it gave; nor does a node that is not there."""
    node.answer("/v1/join", {"code": "invitation-used", "en": "it has been used", "zh": "已被使用"}, 409)
    done = cli("join", invitation(node))
    assert (done.status, "it has been used" in done.err, untouched(here)) == (1, True, True)
    assert (cli("join", invitation(node, url="http://127.0.0.1:1")).status, untouched(here)) == (1, True)


def test_without_a_place_for_the_login_the_invitation_is_not_used_up(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """It counts once: what it brings must have a place before."""
    (here / "parent.login").mkdir()
    done = cli("join", invitation(node), "--json")
    assert (done.status, done.json["code"], node.asked) == (1, "os", [])
    assert "parent.login" in done.err
    assert (here / "node.yaml").read_text("utf-8") == CONFIG


def test_a_child_leaves_under_its_own_key(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """The parent is told where it is by the configuration, with a seal over this moment; then nothing of it is left."""
    join(cli, node)
    node.answer("/v1/leave", [f"{CHILD}.node"])
    assert cli("leave").status == 0
    ((path, asked),) = node.asked
    assert (path, asked["division"]) == ("/v1/leave", CHILD)
    assert abs(asked["at"] - datetime.now(UTC).timestamp()) < 30
    assert is_sealed(node_key(here / "data").key, b64decode(asked["seal"]), leaving(CHILD, PARENT, asked["at"]))
    assert untouched(here)


def test_a_parent_that_refuses_is_not_left(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """The login would count on: it is told, and the configuration stays."""
    join(cli, node)
    before = (here / "node.yaml").read_bytes()
    node.answer("/v1/leave", {"code": "bad-seal", "en": "not under a key that counts", "zh": "密钥无效"}, 409)
    done = cli("leave")
    assert (done.status, "not under a key that counts" in done.err) == (1, True)
    assert ((here / "node.yaml").read_bytes(), (here / "parent.login").exists()) == (before, True)


def test_who_does_not_know_where_the_parent_is_leaves_here_only(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """As where somebody wrote the parent by hand: what its operator has to do is told, and without a word to it the configuration alone changes."""
    above = f'parent: {{division: "{PARENT}", bootstrap: "127.0.0.1:9192", root: "{ROOT}"}}\n'
    (here / "node.yaml").write_text(CONFIG + above, "utf-8")
    done = cli("leave", "--json")
    assert (done.status, done.json["code"], f"exchange-node dismiss {CHILD}" in done.err) == (2, "no-url", True)
    assert (here / "node.yaml").read_text("utf-8") == CONFIG + above
    assert cli("leave", "--here-only").status == 0
    assert (node.asked, untouched(here)) == ([], True)


def test_who_has_no_parent_has_nothing_to_leave(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """It is told, and nothing is done."""
    for more in ((), ("--here-only",)):
        done = cli("leave", "--json", *more)
        assert (done.status, done.json["code"], node.asked, untouched(here)) == (2, "no-parent", [], True)


def test_an_operator_dismisses_a_child(cli: Callable[..., Any], node: Any) -> None:
    """Who logs in no more is told."""
    node.answer("/v1/dismiss", [f"{CHILD}.node"])
    done = cli("dismiss", CHILD)
    assert (done.status, node.asked) == (0, [("/v1/dismiss", {"child": CHILD})])
    assert f"{CHILD}.node logs in no more" in done.out
