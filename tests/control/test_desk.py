"""Answers for node/control/desk.py."""

from typing import get_args

import pytest

from node.control.desk import (
    ALLOWED,
    Act,
    check_actor,
    check_allowed,
    check_authority,
    check_entitled,
    check_text,
    check_version,
    own_grant,
    own_request,
    request_of,
)
from node.control.requests import State
from node.errors import CommandRefused
from node.model.names import Division
from node.model.values import EventRef
from tests.control.acting import CITY, DISTRICT, Nodes, actor, answered, approved, asked, department, settled
from tests.control.test_requests import A1, A2, LACKS, NO, V2, YES, W, after

STATES = {"draft": (), "waiting": (A1,), "incomplete": (A1, LACKS), "answered-refused": (A1, NO), "granted": (A1, YES), "withdrawn": (W,)}


@pytest.mark.parametrize("state", list(STATES))
@pytest.mark.parametrize("act", get_args(Act))
def test_the_table_holds(state: State, act: Act) -> None:
    """What a state has may be done; else the refusal names the state and all that may be done there, in both languages."""
    request = after(*STATES[state])
    if act in ALLOWED[state]:
        check_allowed(request, act)
        return
    with pytest.raises(CommandRefused) as refused:
        check_allowed(request, act)
    assert refused.value.code == "wrong-state"
    assert f"445100/10 is {state}" in refused.value.en
    assert refused.value.en.isascii()
    assert "“" in refused.value.zh
    for other in ALLOWED[state]:
        assert other in refused.value.en.rpartition(":")[2]
    if not ALLOWED[state]:
        assert "make a new request" in refused.value.en


def test_every_state_is_in_the_table() -> None:
    """None is forgotten, and a request that is decided has nothing more."""
    assert set(ALLOWED) == set(get_args(State)) == set(STATES)


def test_who_decided_is_told_by_role_and_moment() -> None:
    """Whoever comes second learns that it is decided, since when and as what; a name is nobody's business in an error."""
    with pytest.raises(CommandRefused, match="granted since at 5, by a head") as refused:
        check_allowed(after(A1, YES), "answer")
    assert "负责人" in refused.value.zh
    assert "head@" not in refused.value.en + refused.value.zh


def test_only_the_newest_version_is_decided_on() -> None:
    """Whoever read an older one reads again."""
    request = after(A1, V2, A2)
    check_version(request, 2)
    for version in (0, 1, 3):
        with pytest.raises(CommandRefused, match="version 2 now") as refused:
            check_version(request, version)
        assert refused.value.code == "superseded"


def test_a_refusal_says_who_may() -> None:
    """The roles and the department that it takes, and as what one came."""
    check_entitled(actor("head", "445102.tax"), department(DISTRICT, "tax"), "steward", "head")
    with pytest.raises(CommandRefused, match=r"a steward or head of 445102\.tax; you act as operator /") as refused:
        check_entitled(actor("operator"), department(DISTRICT, "tax"), "steward", "head")
    assert refused.value.code == "not-entitled"
    assert "专员或负责人" in refused.value.zh
    assert "运维人员" in refused.value.zh
    with pytest.raises(CommandRefused, match=r"the authority of 445102; you act as head of 445102\.tax"):
        check_authority(actor("head", "445102.tax"), DISTRICT)
    check_authority(actor("authority"), DISTRICT)


@pytest.mark.parametrize(("name", "of", "code"), [(" ", "", "empty"), ("x" * 201, "", "too-long"), ("x", "445102", "bad-name")])
def test_an_actor_has_a_name_and_a_department_or_none(name: str, of: str, code: str) -> None:
    """What the events would refuse is refused here, where somebody reads it."""
    by = actor("head", of)
    check_actor(actor("head", "445102.tax"))
    with pytest.raises(CommandRefused) as refused:
        check_actor(type(by)(name=name, role="head", department=by.department))
    assert refused.value.code == code


def test_texts_have_a_length() -> None:
    """As much as an event takes and no more, and something where people need it."""
    check_text("reason", "x" * 4096)
    check_text("reason", "", needed=False)
    for text, code in (("x" * 4097, "too-long"), (" ", "empty")):
        with pytest.raises(CommandRefused) as refused:
            check_text("reason", text)
        assert refused.value.code == code


def test_requests_and_grants_are_found_where_they_belong() -> None:
    """A name that is unknown, or another node's affair, is told as such."""
    nodes = settled()
    (request,) = nodes.carry_out(CITY, asked(CITY, DISTRICT))
    nodes.carry_out(CITY, approved(request))
    nodes.bring_all()
    given = nodes.carry_out(DISTRICT, answered(request, DISTRICT))[-1]
    nodes.bring_all()
    assert request_of(request, nodes.books[DISTRICT]).ref == own_request(request, nodes.books[CITY], CITY).ref == request
    assert own_grant(given, nodes.books[DISTRICT], DISTRICT).ref == given
    for check, ref, node, code in (
        (own_request, request, DISTRICT, "not-own-request"),
        (own_request, (CITY, 1), CITY, "no-such-request"),
        (own_grant, given, CITY, "not-own-grant"),
        (own_grant, (CITY, 1), CITY, "no-such-grant"),
    ):
        assert refused_with(nodes, check, ref, node) == code


def refused_with(nodes: Nodes, check: object, ref: EventRef, node: Division) -> str:
    """The code with which a look-up is refused."""
    assert callable(check)
    with pytest.raises(CommandRefused) as refused:
        check(ref, nodes.books[node], node)
    return refused.value.code
