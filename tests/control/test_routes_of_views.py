"""Answers for node/control/routes.py: views, which move as their resources would."""

import itertools
from datetime import date

import pytest

from node.control.routes import TopicSpec, routes, topics_here
from node.model.names import Division, Topic, is_view
from node.model.values import Kind
from tests.control.worlds import (
    CITY,
    CITY2,
    DISTRICT,
    DISTRICT2,
    LESS,
    PARENTS,
    ROOT,
    TODAY,
    Edge,
    World,
    catalogue,
    show,
    topic,
    up,
)


@pytest.fixture
def world() -> World:
    """A province, two cities and two districts of one of them."""
    return World(PARENTS)


def test_a_view_moves_as_its_resource_would_and_the_whole_stays(world: World) -> None:
    """Each view once over each step between its owner and all its takers, also beside the resource's own topic."""
    expected: dict[Topic, set[Edge]] = {}
    for taker, less in itertools.product((ROOT, DISTRICT2, CITY2, DISTRICT), LESS):
        path = set(itertools.pairwise(world.path(DISTRICT, taker)))
        expected.setdefault(show(world, DISTRICT, taker, less), set()).update(path)
    assert len(expected) == 2 + 4 + 4, "fields and rows are shared, what hides keys or begins now is not"
    carried = world.edges(dict.fromkeys(PARENTS, world.book))
    assert topic(DISTRICT) not in carried
    world.give(DISTRICT, CITY)
    carried = world.edges(dict.fromkeys(PARENTS, world.book))
    assert carried[topic(DISTRICT)] == [(DISTRICT, CITY)]
    for view, edges in expected.items():
        assert sorted(carried.get(view, [])) == sorted(edges)
        nodes = {DISTRICT}.union(*edges)
        for here, parent in PARENTS.items():
            assert (view in topics_here(world.book, here, parent, TODAY)) == (here in nodes)
    assert {route.partitions for route in routes(world.book, CITY, ROOT, TODAY) if is_view(route.topic)} == {2}


def test_a_view_whose_taker_has_no_place_yet_is_cut_and_carried_nowhere() -> None:
    """The owner's node cuts what is granted, whatever it knows of the way."""
    lost = Division("440200")
    world = World(PARENTS | {lost: None})
    view = show(world, DISTRICT, lost, LESS[0])
    assert view not in world.edges(dict.fromkeys(world.parents, world.book))
    assert [here for here, parent in world.parents.items() if view in topics_here(world.book, here, parent, TODAY)] == [DISTRICT]


def test_a_view_ends_with_the_last_of_its_grants(world: World) -> None:
    """What its taker alone took is carried no further; its topic is not asked for, and removed by nobody here."""
    view = show(world, DISTRICT, ROOT, LESS[0], until="2026-11-23")
    near = world.give(DISTRICT, CITY, **LESS[0])
    assert world.book.grants[near].view == view
    day, later = date(2026, 11, 23), date(2026, 11, 24)
    assert up(view) <= routes(world.book, CITY, ROOT, day)
    assert view not in {route.topic for route in routes(world.book, CITY, ROOT, later)}
    assert up(view) <= routes(world.book, DISTRICT, CITY, later)
    assert view not in topics_here(world.book, ROOT, None, later)
    world.end(near)
    assert view not in topics_here(world.book, DISTRICT, CITY, later)
    assert view in topics_here(world.book, DISTRICT, CITY, day)


def test_a_view_is_kept_as_its_resource_and_has_room_for_masks(world: World) -> None:
    """Partitions, kind and retention are the resource's, the greatest batch is 64 KiB more: the same on every cluster."""
    world.carry_out(CITY, catalogue(CITY, "base", Kind.STATE))
    world.carry_out(CITY, catalogue(CITY, "week", Kind.FACTS, retention_ms=604_800_000))
    for name in ("base", "week"):
        view = show(world, CITY, ROOT, LESS[1], name=name)
        for here, parent in ((CITY, ROOT), (ROOT, None)):
            specs = topics_here(world.book, here, parent, TODAY)
            whole = topics_here(world.book, CITY, ROOT, TODAY)[topic(CITY, name)]
            assert specs[view] == TopicSpec(view, 2, whole.settings | {"max.message.bytes": str(1_048_576 + 65_536)})
