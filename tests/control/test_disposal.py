"""Answers for node/control/disposal.py: when a copy has to go, who has to dispose of it still, and what begins anew by that."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from node.control.commands import EndGrant, ResumeGrant, SeeGrant, SuspendGrant, WithdrawRequest
from node.control.decide import decide
from node.control.disposal import copy_in, era
from node.control.events import encode
from node.control.reach import reach, unseen
from node.control.routes import routes, topics_here
from node.model.names import Division, Topic
from node.model.values import RULE, EventRef
from tests.control.acting import AT, CITY, DISTRICT, NODES, PROVINCE, Nodes, actor, answered, approved, asked, bills, department, settled

TODAY = date(2026, 11, 22)
AUTHORITY = actor("authority")
ROAD = (DISTRICT, CITY, PROVINCE)
LESS: dict[str, Any] = {"fields": ("code",)}


@pytest.fixture
def nodes() -> Nodes:
    """Three nodes, nothing given yet."""
    return settled()


def give(nodes: Nodes, asker: Division, name: str = "police", **parts: Any) -> EventRef:
    """Let the district give a view to a department of another node, on every node: as it is requested."""
    by, purpose = actor("steward", department(asker, name)), f"第 {len(nodes.history)} 次"
    (request,) = nodes.carry_out(asker, asked(asker, DISTRICT, by, taker=department(asker, name), purpose=purpose, **(LESS | parts)))
    nodes.carry_out(asker, approved(request, name=name))
    nodes.bring_all()
    ref = nodes.carry_out(DISTRICT, answered(request, DISTRICT))[-1]
    nodes.bring_all()
    return ref


def suspend(nodes: Nodes, grant: EventRef) -> int:
    """Suspend a grant; return by which event."""
    (ref,) = nodes.carry_out(DISTRICT, SuspendGrant(by=AUTHORITY, grant=grant, reason="核查"))
    return ref[1]


def resume(nodes: Nodes, grant: EventRef) -> None:
    """Let it flow again."""
    nodes.carry_out(DISTRICT, ResumeGrant(by=AUTHORITY, grant=grant))


def view_of(nodes: Nodes, grant: EventRef) -> Topic:
    """What a grant lets move."""
    view = nodes.books[DISTRICT].grants[grant].view
    assert view is not None
    return view


def says(nodes: Nodes, node: Division, today: date = TODAY) -> list[SeeGrant]:
    """Let a node say all that it has to, as if it did it at once; return what it said."""
    said = unseen(nodes.books[node], node, today)
    for one in said:
        assert nodes.carry_out(node, one)
    return said


def due(nodes: Nodes, topic: Topic, book: Division = PROVINCE, today: date = TODAY) -> list[Division]:
    """Who has to dispose of a topic still, by a node's book."""
    copies = {node: copy_in(node, topic, nodes.books[book], today) for node in ROAD}
    return [node for node, copy in copies.items() if copy is not None and copy.is_due]


def test_a_copy_goes_when_the_last_grant_that_needs_it_there_stops(nodes: Nodes) -> None:
    """Where another grant needs it, it stays, and only that it stopped is said."""
    far, near = give(nodes, PROVINCE), give(nodes, CITY)
    view = view_of(nodes, far)
    assert view == view_of(nodes, near)
    assert due(nodes, view) == []
    at = suspend(nodes, far)
    nodes.bring_all()
    assert due(nodes, view) == [PROVINCE]
    assert [(one.state, one.disposed) for one in says(nodes, CITY)] == [("suspended", ()), ("flowing", ())]
    assert [(one.grant, one.seen, one.disposed) for one in says(nodes, PROVINCE)] == [(far, (DISTRICT, at), (view,))]
    suspend(nodes, near)
    nodes.bring_all()
    assert due(nodes, view) == [DISTRICT, CITY]
    for node in (DISTRICT, CITY):
        assert {(one.grant, one.disposed) for one in says(nodes, node)} == {(far, (view,)), (near, (view,))}
    nodes.bring_all()
    assert due(nodes, view) == []
    assert [says(nodes, node) for node in NODES] == [[], [], []]


def test_the_resource_of_its_owner_is_no_copy(nodes: Nodes) -> None:
    """It is disposed of where it came to, and never where it is from."""
    grant = give(nodes, PROVINCE, fields=None)
    suspend(nodes, grant)
    nodes.bring_all()
    assert copy_in(DISTRICT, bills(DISTRICT), nodes.books[CITY], TODAY) is None
    assert due(nodes, bills(DISTRICT)) == [CITY, PROVINCE]
    assert [one.disposed for node in ROAD for one in says(nodes, node)] == [(), (bills(DISTRICT),), (bills(DISTRICT),)]
    assert bills(DISTRICT) in topics_here(nodes.books[DISTRICT], DISTRICT, CITY, TODAY)


def test_a_copy_that_is_removed_twice_as_of_one_event_begins_two_eras(nodes: Nodes) -> None:
    """A clock that is put back over the midnight of a term: what flowed meanwhile is not what flows later. Told of two grants, it is one removal."""
    grant = give(nodes, PROVINCE)
    view = view_of(nodes, grant)
    eras = []
    for state in ("expired", "flowing", "expired", "expired"):
        disposed = (view,) if state == "expired" else ()
        for event in decide(SeeGrant(by=RULE, grant=grant, seen=grant, state=state, disposed=disposed), nodes.books[CITY], CITY, AT):
            nodes.books[CITY].fold(CITY, encode(event))
        eras.append(era(view, (CITY, PROVINCE), nodes.books[CITY], TODAY)[0])
    assert 0 < eras[0] == eras[1] < eras[2] == eras[3]


def test_a_node_that_was_away_disposes_of_it_though_it_flows_again(nodes: Nodes) -> None:
    """What it holds is of before: until it says so it is awaited wherever the grant is shown, and nothing flows into or out of its cluster."""
    grant = give(nodes, PROVINCE)
    view = view_of(nodes, grant)
    for node in ROAD:
        says(nodes, node)
    at = suspend(nodes, grant)
    nodes.bring_all()
    for node in (DISTRICT, PROVINCE):
        says(nodes, node)
    resume(nodes, grant)
    nodes.bring_all()
    for node in (DISTRICT, PROVINCE):
        says(nodes, node)
    nodes.bring_all()
    told = reach(nodes.books[PROVINCE].grants[grant], nodes.books[PROVINCE], TODAY)
    assert (told.state, told.awaited) == ("flowing", (CITY,))
    assert view not in topics_here(nodes.books[CITY], CITY, PROVINCE, TODAY)
    for here, parent in ((DISTRICT, CITY), (CITY, PROVINCE)):
        (route,) = (one for one in routes(nodes.books[here], here, parent, TODAY) if one.topic == view)
        assert (route.era > 0, route.awaits) == (True, (CITY,))
    before = era(view, (DISTRICT, CITY), nodes.books[DISTRICT], TODAY)
    (said,) = says(nodes, CITY)
    assert (said.state, said.seen, said.disposed) == ("suspended", (DISTRICT, at), (view,))
    assert [one.state for one in says(nodes, CITY)] == ["flowing"]
    nodes.bring_all()
    after = era(view, (DISTRICT, CITY), nodes.books[DISTRICT], TODAY)
    assert (after[0] > before[0], after[1]) == (True, ())
    assert view in topics_here(nodes.books[CITY], CITY, PROVINCE, TODAY)
    assert reach(nodes.books[PROVINCE].grants[grant], nodes.books[PROVINCE], TODAY).awaited == ()


def test_a_term_that_ends_is_no_event_and_a_copy_goes_all_the_same(nodes: Nodes) -> None:
    """As of the last change before; also where a new grant has come before a node looked, by the days of both."""
    old = give(nodes, PROVINCE, until="2026-11-22")
    view, morrow = view_of(nodes, old), TODAY + timedelta(days=1)
    assert due(nodes, view) == []
    assert due(nodes, view, today=morrow) == list(ROAD)
    says(nodes, PROVINCE, morrow)
    nodes.at = datetime(2026, 11, 23, 4, tzinfo=UTC)
    new = give(nodes, PROVINCE, "tax")
    assert view_of(nodes, new) == view
    nodes.bring_all()
    assert due(nodes, view, today=morrow) == [DISTRICT, CITY]
    for node in (DISTRICT, CITY):
        assert [(one.grant, one.state, one.disposed) for one in says(nodes, node, morrow)] == [(old, "expired", (view,))]
    assert nodes.books[CITY].disposed[view][CITY] == old[1]


def test_what_was_disposed_of_above_by_another_clock_is_disposed_of_below(nodes: Nodes) -> None:
    """The city's day began before the district gave anew: what comes from there is new, though no term had ended by the district's clock."""
    old = give(nodes, PROVINCE, until="2026-11-22")
    view = view_of(nodes, old)
    for node in ROAD:
        says(nodes, node)
    assert [one.state for one in says(nodes, CITY, TODAY + timedelta(days=1))] == ["expired"]
    nodes.bring_all()
    give(nodes, PROVINCE, "tax")
    assert due(nodes, view) == [PROVINCE]
    assert [one.disposed for one in says(nodes, PROVINCE)][:1] == [(view,)]
    assert due(nodes, view) == []


def test_a_withdrawal_ends_what_was_granted_before_its_owner_has_ended_it(nodes: Nodes) -> None:
    """Where the two crossed, a copy goes as soon as a node knows of it."""
    (request,) = nodes.carry_out(PROVINCE, asked(PROVINCE, DISTRICT, **LESS))
    nodes.carry_out(PROVINCE, approved(request))
    nodes.bring_all()
    grant = nodes.carry_out(DISTRICT, answered(request, DISTRICT))[-1]
    nodes.carry_out(PROVINCE, WithdrawRequest(by=actor("head", department(PROVINCE)), request=request))
    nodes.bring_all()
    assert due(nodes, view_of(nodes, grant)) == list(ROAD)
    assert [(one.state, one.disposed) for one in says(nodes, PROVINCE)] == [("ended", (view_of(nodes, grant),))]
    assert due(nodes, view_of(nodes, grant)) == [DISTRICT, CITY]


def _acts(nodes: Nodes, grants: list[EventRef], dice: random.Random) -> Iterator[str]:
    """Suspend, resume, end and give at random, and let some nodes say at once what they do; others are away."""
    while True:
        book = nodes.books[DISTRICT]
        standing = [ref for ref in grants if not book.grants[ref].ended]
        if len(grants) < 5 and (not standing or dice.random() < 0.2):
            grants.append(give(nodes, *dice.choice([(PROVINCE, "police"), (PROVINCE, "tax"), (CITY, "police"), (CITY, "tax")])))
            yield "give"
        elif standing:
            ref = dice.choice(standing)
            if dice.random() < 0.15:
                nodes.carry_out(DISTRICT, EndGrant(by=AUTHORITY, grant=ref))
            else:
                (resume if book.grants[ref].suspended else suspend)(nodes, ref)
            yield "act"
        else:
            return


class _World:
    """The topics of one view that are there, by when they were made, and of which and of what era each link was opened last."""

    def __init__(self) -> None:
        self.clock = 0
        self.made: dict[Division, int] = {}
        self.opened: dict[tuple[Division, Division], tuple[int, int, int]] = {}


@pytest.mark.parametrize("seed", range(60))
def test_whoever_was_away_every_cluster_ends_with_what_came_in_one_era(seed: int) -> None:
    """Held against a world of topics: each remembers when it was made, and what it holds is of the newest that its owner made or anything later."""
    dice, nodes, world = random.Random(seed), settled(), _World()
    grants = [give(nodes, PROVINCE)]
    view = view_of(nodes, grants[0])
    for _act, _turn in zip(_acts(nodes, grants, dice), range(25), strict=False):
        nodes.bring_all()
        for node in [node for node in ROAD if dice.random() < 0.5] if _turn < 20 else ROAD:
            _reconcile(nodes, node, view, world)
            nodes.bring_all()
    for _ in range(6):
        for node in ROAD:
            _reconcile(nodes, node, view, world)
            nodes.bring_all()
    for node in ROAD:
        copy = copy_in(node, view, nodes.books[node], TODAY)
        assert copy is None or (node in world.made, copy.is_due) == (copy.wanted, False)
    for upper, lower in pairwise(ROAD):
        if lower in world.made:
            assert world.opened[upper, lower][:2] == (world.made[upper], world.made[lower]), (
                "the route carries between the topics that are there"
            )


def _reconcile(
    nodes: Nodes,
    node: Division,
    view: Topic,
    world: "_World",
) -> None:
    """Do as a node does: make its topic, carry its link up, dispose and say."""
    made, opened, world.clock = world.made, world.opened, world.clock + 1
    book = nodes.books[node]
    parent = {DISTRICT: CITY, CITY: PROVINCE, PROVINCE: None}[node]
    if view in topics_here(book, node, parent, TODAY):
        made.setdefault(node, world.clock)
    for route in routes(book, node, parent, TODAY):
        assert parent is not None
        if route.topic == view and not route.awaits and node in made and parent in made:
            now, before = (made[node], made[parent]), opened.get((node, parent))
            if before is not None and before[:2] != now:
                assert route.era > before[2], "a side was made anew, and the route would not know"
            opened[node, parent] = (*now, route.era)
    for command in unseen(book, node, TODAY):
        if command.disposed:
            made.pop(node, None)
        if command.state != "flowing" or node in made:
            nodes.carry_out(node, command)


def test_an_end_as_of_a_later_event_tells_nobody_to_dispose_again(nodes: Nodes) -> None:
    """What is suspended and then ended is gone once; that is said once more, as the grant's end."""
    grant = give(nodes, PROVINCE)
    suspend(nodes, grant)
    nodes.bring_all()
    for node in ROAD:
        says(nodes, node)
    (ended,) = nodes.carry_out(DISTRICT, EndGrant(by=AUTHORITY, grant=grant))
    nodes.bring_all()
    assert due(nodes, view_of(nodes, grant)) == []
    for node in ROAD:
        assert [(one.state, one.seen) for one in says(nodes, node)] == [("ended", ended)]
    nodes.bring_all()
    assert [says(nodes, node) for node in NODES] == [[], [], []]


def test_nothing_is_due_where_a_grant_never_passed(nodes: Nodes) -> None:
    """A node beside the way holds nothing, and says nothing."""
    grant = give(nodes, CITY)
    suspend(nodes, grant)
    nodes.bring_all()
    assert due(nodes, view_of(nodes, grant)) == [DISTRICT, CITY]
    assert says(nodes, PROVINCE) == []
