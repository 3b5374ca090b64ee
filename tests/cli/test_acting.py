"""Answers for node/cli/acting.py."""

import getpass

import pytest

from node.cli.acting import ACTING, ACTOR, Acting
from node.cli.voice import CliError, Exit
from node.model.names import Department
from node.model.values import Actor


def test_who_acts_is_who_was_named() -> None:
    """Name, role and department as they were given."""
    acting = Acting(as_="林海", role="head", department="445102.tax")
    assert acting.actor == Actor(name="林海", role="head", department=Department("445102.tax"))


def test_without_a_name_it_is_the_systems_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an operator, for no department; where the system knows no user, by the role's name."""
    monkeypatch.delenv(ACTOR, raising=False)
    monkeypatch.setattr(getpass, "getuser", lambda: "lin")
    assert ACTING.actor == Actor(name="lin", role="operator")

    def nobody() -> str:
        raise OSError("no such user")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert ACTING.actor.name == "operator"


@pytest.mark.parametrize(
    ("told", "given", "actor"),
    [
        ("林海:head:445102.tax", ACTING, ("林海", "head", "445102.tax")),
        ("林海:head:445102.tax", Acting(as_="陈", role="steward", department="445100.tax"), ("陈", "steward", "445100.tax")),
        ("林海:head:445102.tax", Acting(role="steward"), ("林海", "steward", "445102.tax")),
        (":authority:", ACTING, ("lin", "authority", "")),
        ("a:b::", ACTING, ("a:b", "operator", "")),
        ("", ACTING, ("lin", "operator", "")),
    ],
)
def test_what_is_left_out_is_the_environments(
    monkeypatch: pytest.MonkeyPatch, told: str, given: Acting, actor: tuple[str, str, str]
) -> None:
    """Each part by itself; what stands on the command line goes before."""
    monkeypatch.setenv(ACTOR, told)
    monkeypatch.setattr(getpass, "getuser", lambda: "lin")
    found = given.actor
    assert (found.name, found.role, found.department) == actor


@pytest.mark.parametrize("told", ["林海", "林海:head", "林海:boss:445102.tax", ":rule:", "林海:head:445102.tax:x"])
def test_an_environment_that_names_nobody_is_wrong_usage(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    """Nobody acts in a role by accident."""
    monkeypatch.setenv(ACTOR, told)
    with pytest.raises(CliError) as caught:
        _ = ACTING.actor
    assert caught.value.status is Exit.WRONG
    assert ACTOR in caught.value.en
    assert ACTOR in caught.value.zh
