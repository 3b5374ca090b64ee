"""Answers for node/control/reach.py."""

from datetime import date

import pytest

from node.control.commands import EndGrant, ResumeGrant, SeeGrant, SuspendGrant, WithdrawRequest
from node.control.reach import Reach, Seen, reach, unseen
from node.model.values import RULE, EventRef, GrantState
from tests.control.acting import CITY, DISTRICT, NODES, Nodes, actor, answered, approved, asked, department, settled

TODAY = date(2026, 11, 22)
AUTHORITY = actor("authority")


@pytest.fixture
def nodes() -> Nodes:
    """Three nodes with a grant of the district to the city's police, until the end of the month."""
    nodes = settled()
    (ref,) = nodes.carry_out(CITY, asked(CITY, DISTRICT, fields=("code",), until="2026-11-30"))
    nodes.carry_out(CITY, approved(ref))
    nodes.bring_all()
    nodes.carry_out(DISTRICT, answered(ref, DISTRICT))
    nodes.bring_all()
    return nodes


def found(nodes: Nodes, today: date = TODAY) -> Reach:
    """How far the grant reaches: on every node the same."""
    nodes.bring_all()
    told = [reach(grant, nodes.books[node], today) for node in NODES for grant in nodes.books[node].grants.values()]
    assert told[0] == told[1] == told[2]
    return told[0]


def see(nodes: Nodes, grant: EventRef, state: GrantState) -> None:
    """Let both nodes on the way say how far they follow."""
    for node in (CITY, DISTRICT):
        seen = nodes.books[node].grants[grant].acts
        nodes.carry_out(node, SeeGrant(by=RULE, grant=grant, seen=seen[-1].ref if seen else grant, state=state))


def test_nodes_that_have_not_said_that_they_follow_are_awaited(nodes: Nodes) -> None:
    """Each state anew, on the way from the owner to the taker and nowhere else."""
    first = found(nodes)
    assert (first.state, first.path, first.awaited, first.seen) == ("flowing", (DISTRICT, CITY), (DISTRICT, CITY), {})
    assert first.view is not None
    see(nodes, first.grant, "flowing")
    assert (found(nodes).awaited, found(nodes).active) == ((), True)
    nodes.carry_out(DISTRICT, SuspendGrant(by=AUTHORITY, grant=first.grant, reason="滥用"))
    suspended = found(nodes)
    assert (suspended.state, suspended.suspended, suspended.active, suspended.awaited) == ("suspended", True, False, (DISTRICT, CITY))
    assert suspended.seen.keys() == {DISTRICT, CITY}
    nodes.carry_out(CITY, SeeGrant(by=RULE, grant=first.grant, seen=suspended.course[-1].event, state="suspended", disposed=(first.view,)))
    assert found(nodes).awaited == (DISTRICT,)
    assert found(nodes).seen[CITY] == Seen("suspended", found(nodes).seen[CITY].at, (first.view,))
    nodes.carry_out(DISTRICT, ResumeGrant(by=AUTHORITY, grant=first.grant))
    assert (found(nodes).state, found(nodes).awaited) == ("flowing", (DISTRICT, CITY))
    assert [step.kind for step in found(nodes).course] == ["grant", "grant-suspended", "grant-resumed"]


def test_the_last_day_of_a_term_counts_and_an_end_goes_before_all(nodes: Nodes) -> None:
    """Past its term it is expired, suspended or not; ended it is ended."""
    ref = found(nodes).grant
    nodes.carry_out(DISTRICT, SuspendGrant(by=AUTHORITY, grant=ref, reason="滥用"))
    assert [found(nodes, date(2026, month, day)).state for month, day in ((11, 30), (12, 1))] == ["suspended", "expired"]
    nodes.carry_out(DISTRICT, EndGrant(by=AUTHORITY, grant=ref))
    assert [found(nodes, date(2026, 12, day)).state for day in (1, 2)] == ["ended", "ended"]
    assert (found(nodes).ended, found(nodes).course[-1].kind) == (True, "grant-ended")


def test_a_grant_whose_request_crossed_its_withdrawal_is_as_good_as_ended() -> None:
    """Before its owner's node has ended it."""
    nodes = settled()
    (ref,) = nodes.carry_out(CITY, asked(CITY, DISTRICT))
    nodes.carry_out(CITY, approved(ref))
    nodes.bring_all()
    nodes.carry_out(DISTRICT, answered(ref, DISTRICT))
    nodes.carry_out(CITY, WithdrawRequest(by=actor("head", department(CITY)), request=ref))
    told = found(nodes)
    assert (told.state, told.active, told.ended) == ("ended", False, False)


def test_each_node_on_the_way_has_to_say_what_it_follows_once(nodes: Nodes) -> None:
    """As of the newest event of the owner, for each state anew; nodes that lie elsewhere say nothing."""
    (grant,) = nodes.books[CITY].grants
    for state in ("flowing", "suspended", "flowing"):
        for node in NODES:
            wanted = unseen(nodes.books[node], node, TODAY)
            assert [(one.grant, one.state) for one in wanted] == ([(grant, state)] if node in {CITY, DISTRICT} else [])
            for one in wanted:
                assert nodes.carry_out(node, one)
            assert unseen(nodes.books[node], node, TODAY) == []
        act = ResumeGrant if state == "suspended" else SuspendGrant
        nodes.carry_out(DISTRICT, act(by=AUTHORITY, grant=grant, reason="滥用"))
        nodes.bring_all()
    assert [one.state for one in unseen(nodes.books[DISTRICT], DISTRICT, date(2026, 12, 1))] == ["expired"]
