"""Who sees and says what at a node's faces."""

import msgspec
import pytest

from node.control.clocks import Clock, Problem
from node.control.commands import AddDepartment, AmendRequest, ApplyCatalogue, Command, RevokeKey, RotateKey, VouchKey
from node.control.offered import Offer, Pending
from node.control.sight import check_speaker, oversees, seen_offer, seen_request, sees_grant, sees_taken
from node.errors import CommandRefused
from node.model.names import Department
from node.model.values import RULE, Actor, GrantValue, Kind, ResourceValue, Role
from tests.control.acting import AT, CITY, DISTRICT, actor, answered, approved, asked, bills, department, settled

OWNER, TAKER, OTHER = actor("steward", "445102.tax"), actor("head", department(CITY)), actor("head", "445100.tax")


@pytest.mark.parametrize(
    ("role", "all_of_it"), [("authority", True), ("operator", True), ("inspector", True), ("steward", False), ("head", False)]
)
def test_the_levels_own_people_see_all(role: Role, *, all_of_it: bool) -> None:
    """And those of a department do not, whatever they are there."""
    assert oversees(actor(role)) is all_of_it


def test_a_request_is_its_askers_alone_until_its_head_approved() -> None:
    """From then on its owner's too, as far as it was approved, and never a third department's."""
    nodes = settled()
    (ref,) = nodes.carry_out(CITY, asked(CITY, DISTRICT))

    def versions(by: Actor) -> int:
        seen = seen_request(by, nodes.books[CITY].requests[ref])
        return 0 if seen is None else len(seen.versions)

    assert [versions(by) for by in (TAKER, OWNER, OTHER, actor("inspector"))] == [1, 0, 0, 1]
    nodes.carry_out(CITY, approved(ref))
    nodes.bring_all()
    nodes.carry_out(DISTRICT, answered(ref, DISTRICT, "incomplete", missing=("期限",)))
    nodes.bring_all()
    nodes.carry_out(CITY, AmendRequest(by=actor("steward", department(CITY)), request=ref, basis="未经同意", purpose="核对"))
    assert [versions(by) for by in (TAKER, OWNER, OTHER, actor("inspector"))] == [2, 1, 0, 2]
    nodes.carry_out(CITY, approved(ref, 2))
    assert [versions(by) for by in (TAKER, OWNER, OTHER)] == [2, 2, 0]


def test_a_grant_and_what_is_taken_are_the_owners_and_the_takers() -> None:
    """No third department's."""
    value = GrantValue(resource=bills(DISTRICT), taker=department(CITY), purpose="核对", request=(CITY, 1))
    assert [sees_grant(by, value) for by in (TAKER, OWNER, OTHER, actor("operator"))] == [True, True, False, True]
    takers = (department(CITY),)
    assert [sees_taken(by, Department("445102.tax"), takers) for by in (TAKER, OWNER, OTHER, actor("authority"))] == [
        True,
        True,
        False,
        True,
    ]


def test_others_see_of_the_catalogue_what_is_in_force_alone() -> None:
    """Not what is drafted, nor what is pending and due, nor who takes it; the owner and the level's own people see all."""
    resource = ResourceValue(name=bills(DISTRICT), title="税", kind=Kind.STATE, schema=1, partitions=1)
    pending = Pending(version=2, state="submitted", at="2026-11-22T04:00:00.000Z")
    offer = Offer(
        name=bills(DISTRICT),
        title="税",
        state="published",
        since="",
        owner=Department("445102.tax"),
        owner_name="税务局",
        resource=resource,
        facts=None,
        grade="",
        reasons=("缺",),
        takers=(department(CITY),),
        pending=pending,
        clocks=(Clock(kind="item-review", article="Decree 809", started=AT, due=AT.date(), left_working_days=0, state="soon"),),
        clock_problem=Problem("en", "zh"),
    )
    assert seen_offer(OWNER, offer) is offer
    assert seen_offer(actor("authority"), offer) is offer
    assert seen_offer(OTHER, offer) == msgspec.structs.replace(offer, pending=None, takers=(), reasons=(), clocks=(), clock_problem=None)
    assert seen_offer(OTHER, None) is None
    for state in ("draft", "submitted", "returned", "withdrawn"):
        assert seen_offer(OTHER, msgspec.structs.replace(offer, state=state)) is None


@pytest.mark.parametrize("command", [AddDepartment(department=Department("445100.x"), name="x"), ApplyCatalogue(resources=())])
def test_the_tree_and_what_is_applied_are_not_for_departments(command: Command) -> None:
    """They are the operators' and the authority's."""
    check_speaker(
        command if isinstance(command, AddDepartment) else msgspec.structs.replace(command, by=actor("authority")), actor("authority")
    )
    for role in ("steward", "head", "inspector"):
        with pytest.raises(CommandRefused) as refused:
            check_speaker(command, actor(role, "445100.tax"))
        assert refused.value.code == "not-entitled"


@pytest.mark.parametrize("command", [VouchKey(division=CITY, key=""), RevokeKey(division=CITY, key="", last=0), RotateKey()])
def test_keys_are_the_operators_affair(command: Command) -> None:
    """And the node's own, by rule: nobody else's, not the authority's either."""
    for by in (actor("operator"), RULE):
        check_speaker(command, by)
    for role in ("authority", "inspector", "head"):
        with pytest.raises(CommandRefused) as refused:
            check_speaker(command, actor(role))
        assert refused.value.code == "not-entitled"


@pytest.mark.parametrize(
    "by",
    [
        actor("head", "445100.tax"),
        actor("head", department(CITY), "另一人"),
        actor("steward", department(CITY), TAKER.name),
        actor("authority"),
    ],
)
def test_nobody_speaks_as_another(by: Actor) -> None:
    """Name, role and department of the token are those of the command, or it is refused."""
    command = msgspec.structs.replace(approved((CITY, 7)), by=TAKER)
    check_speaker(command, TAKER)
    with pytest.raises(CommandRefused) as refused:
        check_speaker(command, by)
    assert refused.value.code == "not-entitled"
