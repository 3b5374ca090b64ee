"""Answers for node/control/rights.py."""

import pytest

from node.control.rights import has_authority, is_rule, may
from node.model.names import Department, Division
from node.model.values import RULE, Actor, Role
from tests.control.acting import actor

TAX = Department("445102.tax")
HERE = Division("445102")


@pytest.mark.parametrize(
    ("by", "entitled"),
    [
        (actor("head", TAX), True),
        (actor("steward", TAX), True),
        (actor("operator", TAX), False),
        (actor("rule", TAX), False),
        (actor("head", "445102.police"), False),
        (actor("head"), False),
    ],
)
def test_roles_count_in_their_own_department(by: Actor, entitled: bool) -> None:  # noqa: FBT001 - a table's column
    """A head of another department, or of none, is nobody here."""
    assert may(by, TAX, "steward", "head") is entitled


@pytest.mark.parametrize(
    ("role", "department", "entitled"),
    [
        ("authority", "", True),
        ("authority", "445102.data", True),
        ("authority", "445100.data", False),
        ("head", "", False),
        ("operator", "", False),
    ],
)
def test_authority_is_of_a_level(role: Role, department: str, entitled: bool) -> None:  # noqa: FBT001 - a table's column
    """With a department of another level it is that level's; no other role has it."""
    assert has_authority(actor(role, department), HERE) is entitled


def test_only_the_node_itself_is_the_rule() -> None:
    """Whoever else takes the role is not."""
    assert is_rule(RULE)
    assert not is_rule(actor("rule"))
    assert not is_rule(Actor(name="rule", role="rule", department=TAX))
