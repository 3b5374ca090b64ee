"""`department`."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node.bus.passwords import Login
from node.cli.folder import kept_login
from node.cli.kafka import read_properties
from node.http.operations import KafkaFace, NodeFace
from node.model.names import Department, Division
from node.model.values import DepartmentValue

COMMAND = ("department", "add", "445102.civil-affairs", "--name", "民政局")
FILES = ["Example.java", "README.md", "client.properties", "example.py", "example.sh", "requirements.txt"]


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_add_gives_the_command_and_writes_a_folder(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """The name as typed reaches the node; the folder is named after the department, and where it is is told."""
    node.answer("/v1/commands", {"events": [{"author": "445102", "sequence": 3, "kind": "department"}]})
    done = cli(*COMMAND)
    assert done.status == 0
    assert done.out.splitlines() == [
        "done; said in the control log: 445102/3 department",
        "for its programs: 445102.civil-affairs/README.md",
    ]
    assert node.asked == [
        ("/v1/node", None),
        ("/v1/commands", {"command": "add-department", "department": "445102.civil-affairs", "name": "民政局"}),
    ]
    folder = here / "445102.civil-affairs"
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert f"schema.registry.url={node.url}\n" in (folder / "client.properties").read_text("utf-8")


def test_add_tells_programs_what_it_wrote(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """As JSON, also in a folder of one's choice."""
    node.answer("/v1/commands", {"events": []})
    done = cli(*COMMAND, "--folder", "given/to them", "--json")
    assert done.json == {"events": [], "folder": "given/to them", "files": FILES}
    assert (here / "given/to them/Example.java").exists()


def test_what_was_changed_is_not_written_over(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """Neither folder nor book is touched; the same again is no change, and --force means it."""
    node.answer("/v1/commands", {"events": []})
    assert cli(*COMMAND).status == cli(*COMMAND).status == 0
    theirs = here / "445102.civil-affairs/client.properties"
    theirs.write_text("sasl.username=x\n", "utf-8")
    node.asked.clear()
    done = cli(*COMMAND, "--lang", "zh")
    assert (done.status, node.asked) == (2, [("/v1/node", None)])
    assert "client.properties" in done.err
    assert "README" not in done.err
    assert theirs.read_text("utf-8") == "sasl.username=x\n"
    assert cli(*COMMAND, "--force").status == 0
    assert "read_committed" in theirs.read_text("utf-8")


def test_a_refused_department_has_no_folder(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """What the node refuses leaves nothing behind."""
    node.answer("/v1/commands", {"code": "not-own-department", "en": "run it there", "zh": "请在那里执行"}, 409)
    assert cli(*COMMAND).status == 1
    assert list(here.iterdir()) == []


def test_list_shows_departments(cli: Callable[..., Any], node: Any) -> None:
    """One line for each department, or the values."""
    node.answer("/v1/departments", [DepartmentValue(department=Department("445102.civil-affairs"), name="民政局")])
    assert cli("department", "list").out.splitlines()[1].split() == ["445102.civil-affairs", "民政局"]
    assert cli("department", "list", "--json").json == [{"department": "445102.civil-affairs", "name": "民政局"}]


LOGIN = Login(username="445102.civil-affairs", password="given-password")  # noqa: S106


def closed(node: Any, ca: str = "") -> None:
    """Let the node's cluster be closed, and the node give logins."""
    kafka = KafkaFace("127.0.0.1:1", "SASL_SSL" if ca else "SASL_PLAINTEXT", ca)
    node.answer("/v1/node", NodeFace(division=Division("445102"), name="湘桥区", kafka=kafka, parent=None, version="0.1.0"))
    node.answer("/v1/commands", {"events": []})
    node.answer("/v1/logins", LOGIN)


def test_a_closed_cluster_comes_with_a_login(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """Made when the department is there, in a file that nobody else may read; what is printed has no password."""
    closed(node)
    done = cli(*COMMAND)
    assert (done.status, [path for path, _body in node.asked]) == (0, ["/v1/node", "/v1/commands", "/v1/logins"])
    assert node.asked[-1] == ("/v1/logins", {"user": "445102.civil-affairs", "grace_s": 0.0})
    file = here / "445102.civil-affairs/client.properties"
    told = read_properties(file)
    assert (kept_login(file.parent), told["security.protocol"]) == (LOGIN, "SASL_PLAINTEXT")
    assert told["sasl.jaas.config"].endswith('username="445102.civil-affairs" password="given-password";')
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert LOGIN.password not in done.out + done.err


def test_a_login_that_is_there_is_kept(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """Said again the department's programs go on as they are, also where files are written over."""
    closed(node)
    cli(*COMMAND)
    node.answer("/v1/logins", Login(username=LOGIN.username, password="another"))  # noqa: S106
    for force in ((), ("--force",)):
        node.asked.clear()
        assert cli(*COMMAND, *force).status == 0
        assert [path for path, _body in node.asked] == ["/v1/node", "/v1/commands"]
    assert kept_login(here / "445102.civil-affairs") == LOGIN


def test_what_tls_trusts_comes_with_it(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """Beside the file that names it, for Java and for librdkafka."""
    closed(node, ca="PEM\n")
    assert "authority.pem" in cli(*COMMAND, "--json").json["files"]
    folder = here / "445102.civil-affairs"
    told = read_properties(folder / "client.properties")
    assert (told["ssl.ca.location"], told["ssl.truststore.location"]) == ("authority.pem", "authority.pem")
    assert (folder / "authority.pem").read_text() == "PEM\n"


def test_a_login_that_cannot_be_made_leaves_no_folder(cli: Callable[..., Any], node: Any, here: Path) -> None:
    """The department is there: the command is given again, and then it has both."""
    closed(node)
    node.answer("/v1/logins", {"code": "login-unavailable", "en": "no login made", "zh": "未能建立登录"}, 503)
    done = cli(*COMMAND)
    assert (done.status, list(here.iterdir())) == (1, [])
    assert "no login made" in done.err
    closed(node)
    assert cli(*COMMAND).status == 0
