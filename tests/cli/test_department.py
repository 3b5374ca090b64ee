"""`department`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node.model.names import Department
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
