"""`department`."""

from collections.abc import Callable
from typing import Any

from node.model.names import Department
from node.model.values import DepartmentValue


def test_add_gives_the_command(cli: Callable[..., Any], node: Any) -> None:
    """The name as typed reaches the node."""
    node.answer("/v1/commands", {"events": []})
    assert cli("department", "add", "445102.civil-affairs", "--name", "民政局").status == 0
    assert node.asked == [("/v1/commands", {"command": "add-department", "department": "445102.civil-affairs", "name": "民政局"})]


def test_list_shows_departments(cli: Callable[..., Any], node: Any) -> None:
    """One line for each department, or the values."""
    node.answer("/v1/departments", [DepartmentValue(department=Department("445102.civil-affairs"), name="民政局")])
    assert cli("department", "list").out.splitlines()[1].split() == ["445102.civil-affairs", "民政局"]
    assert cli("department", "list", "--json").json == [{"department": "445102.civil-affairs", "name": "民政局"}]
