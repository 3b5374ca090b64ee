"""`division`."""

from collections.abc import Callable
from typing import Any

import pytest

from node.model.names import Division
from node.model.values import DivisionValue


@pytest.fixture(autouse=True)
def _agreeable(node: Any) -> None:
    node.answer("/v1/commands", {"events": []})


def asked(node: Any) -> dict[str, Any]:
    """Return the command that the node was given, without what is empty."""
    path, body = node.asked[-1]
    assert path == "/v1/commands"
    return {name: value for name, value in body.items() if value}


def test_known_division_needs_its_code_only(cli: Callable[..., Any], node: Any) -> None:
    """Name, level and parent come from the shipped table."""
    assert cli("division", "add", "445103").status == 0
    assert asked(node) == {"command": "add-division", "code": "445103", "name": "潮安区", "level": "county", "parent": "445100"}


def test_what_is_typed_counts_before_the_table(cli: Callable[..., Any], node: Any) -> None:
    """The table proposes, the steward decides."""
    cli("division", "add", "445103", "--name", "新名", "--level", "city", "--parent", "440000")
    assert asked(node) == {"command": "add-division", "code": "445103", "name": "新名", "level": "city", "parent": "440000"}


def test_node_adds_itself_without_a_parent(cli: Callable[..., Any], node: Any) -> None:
    """A root names itself, whatever the table has above it."""
    cli("division", "add", "445102")
    assert "parent" not in asked(node)


def test_unknown_division_is_the_nodes_own_child(cli: Callable[..., Any], node: Any) -> None:
    """Given name and level, a division that the table lacks comes below the node."""
    cli("division", "add", "445102003", "--name", "太平街道", "--level", "town")
    assert asked(node) == {"command": "add-division", "code": "445102003", "name": "太平街道", "level": "town", "parent": "445102"}


def test_unknown_division_without_a_name_is_wrong_usage(cli: Callable[..., Any], node: Any) -> None:
    """Nothing is asked of the node."""
    done = cli("division", "add", "445102003", "--level", "town")
    assert done.status == 2
    assert "give its --name and its --level" in done.err
    assert [path for path, _ in node.asked] == ["/v1/node"]


def test_list_shows_the_tree(cli: Callable[..., Any], node: Any) -> None:
    """One line for each division, or the values."""
    node.answer("/v1/divisions", [DivisionValue(code=Division("445102"), name="湘桥区", level="county", parent=Division("445100"))])
    assert cli("division", "list").out.splitlines()[1].split() == ["445102", "湘桥区", "county", "445100"]
    assert cli("division", "list", "--json").json[0]["name"] == "湘桥区"
