"""Answers for node/cli/acting.py."""

import getpass

import pytest

from node.cli.acting import ACTING, Acting
from node.model.names import Department
from node.model.values import Actor


def test_who_acts_is_who_was_named() -> None:
    """Name, role and department as they were given."""
    acting = Acting(as_="林海", role="head", department="445102.tax")
    assert acting.actor == Actor(name="林海", role="head", department=Department("445102.tax"))


def test_without_a_name_it_is_the_systems_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an operator, for no department; where the system knows no user, by the role's name."""
    monkeypatch.setattr(getpass, "getuser", lambda: "lin")
    assert ACTING.actor == Actor(name="lin", role="operator")

    def nobody() -> str:
        raise OSError("no such user")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert ACTING.actor.name == "operator"
