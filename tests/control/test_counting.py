"""Answers for node/control/counting.py."""

from datetime import date, timedelta
from typing import Any

import pytest

from node.control.commands import EndGrant, FileEnd, ResumeGrant, SuspendGrant, WithdrawRequest
from node.control.counting import Counted, counted
from node.model.values import EventRef
from tests.control.acting import CITY, DISTRICT, NODES, Nodes, actor, answered, approved, asked, department, settled

TODAY = date(2026, 11, 22)
OWNER = department(DISTRICT, "tax")


def granted(nodes: Nodes, **parts: Any) -> EventRef:
    """A grant on the district's resource, for a purpose of its own."""
    (ref,) = nodes.carry_out(CITY, asked(CITY, DISTRICT, purpose=f"{len(nodes.history)}", **parts))
    nodes.carry_out(CITY, approved(ref))
    nodes.bring_all()
    nodes.carry_out(DISTRICT, answered(ref, DISTRICT))
    nodes.bring_all()
    grant = nodes.books[DISTRICT].requests[ref].grant
    assert grant is not None
    return grant


def at(nodes: Nodes, today: date = TODAY) -> Counted:
    """The counts of the district, by its own book."""
    return counted(nodes.books[DISTRICT], DISTRICT, today)


def some(counts: Any) -> dict[Any, int]:
    """Those of which there are any."""
    return {word: count for word, count in counts.items() if count}


def test_a_request_counts_once_at_its_owner_wherever_it_is_known() -> None:
    """By where it stands; the asker's node and one that lies between count it not at all."""
    nodes = settled()
    (ref,) = nodes.carry_out(CITY, asked(CITY, DISTRICT))
    nodes.bring_all()
    assert some(at(nodes).requests) == {"draft": 1}
    nodes.carry_out(CITY, approved(ref))
    nodes.bring_all()
    assert some(at(nodes).requests) == {"waiting": 1}
    for node in NODES:
        if node != DISTRICT:
            assert not some(counted(nodes.books[node], node, TODAY).requests)
    nodes.carry_out(CITY, WithdrawRequest(by=actor("head", department(CITY)), request=ref, reason="不再需要"))
    nodes.bring_all()
    assert some(at(nodes).requests) == {"withdrawn": 1}


def test_a_grant_counts_by_where_it_stands_on_the_day() -> None:
    """It flows, is suspended and flows again; its last day counts."""
    nodes = settled()
    grant = granted(nodes, until=TODAY.isoformat())
    assert some(at(nodes).grants) == {"flowing": 1}
    assert some(at(nodes, TODAY + timedelta(days=1)).grants) == {"expired": 1}
    authority = actor("authority")
    nodes.carry_out(DISTRICT, SuspendGrant(by=authority, grant=grant, reason="核查"))
    assert some(at(nodes).grants) == {"suspended": 1}
    assert at(nodes).ending == {7: 0, 30: 0}
    nodes.carry_out(DISTRICT, ResumeGrant(by=authority, grant=grant))
    assert some(at(nodes).grants) == {"flowing": 1}


@pytest.mark.parametrize(("days", "week", "month"), [(0, 1, 1), (7, 1, 1), (8, 0, 1), (30, 0, 1), (31, 0, 0), (None, 0, 0)])
def test_a_grant_that_is_soon_over_is_told(days: int | None, week: int, month: int) -> None:
    """With so many days left, or fewer; one without a term never is."""
    nodes = settled()
    granted(nodes, until="" if days is None else (TODAY + timedelta(days=days)).isoformat())
    assert at(nodes).ending == {7: week, 30: month}


def test_an_objection_waits_until_the_authority_agrees() -> None:
    """An owner's filing for the end; a grant that ends for another reason leaves none."""
    nodes, authority = settled(), actor("authority")
    first, second = granted(nodes), granted(nodes)
    assert not some(at(nodes).objections)
    for grant in (first, second):
        nodes.carry_out(DISTRICT, FileEnd(by=actor("head", OWNER), grant=grant, reason="系统停用"))
    assert some(at(nodes).objections) == {"waiting": 2}
    filed = nodes.books[DISTRICT].grants[first].filed
    assert filed is not None
    nodes.carry_out(DISTRICT, EndGrant(by=authority, grant=first, filed=filed.ref))
    assert some(at(nodes).objections) == {"waiting": 1, "agreed": 1}
    nodes.carry_out(DISTRICT, EndGrant(by=authority, grant=second, reason="超范围使用"))
    assert some(at(nodes).objections) == {"agreed": 1}
    assert some(at(nodes).grants) == {"ended": 2}
