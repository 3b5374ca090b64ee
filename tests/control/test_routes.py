"""Answers for node/control/routes.py."""

import itertools
import time
from datetime import date
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.avro.ids import text_id
from node.control.bodies import Body
from node.control.book import Book
from node.control.events import encode
from node.control.routes import TopicSpec, gates, routes, topics_here
from node.control.run import Run
from node.control.views import views
from node.model.names import (
    Department,
    Division,
    Topic,
    audit_topic,
    canary_topic,
    control_topic,
    division_of,
    inbox_topic,
    progress_topic,
    quarantine_topic,
)
from node.model.values import DepartmentValue, DivisionValue, EventRef, Kind, ResourceValue, SchemaValue
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
    down,
    show,
    topic,
    up,
)
from tests.granting import say_grant, wanted


@pytest.fixture
def world() -> World:
    """A province, two cities and two districts of one of them."""
    return World(PARENTS)


def test_an_empty_book_carries_the_own_log_up_and_the_parents_down() -> None:
    """What the configuration tells is enough to begin; a root has no link."""
    own, parents = (control_topic(DISTRICT), canary_topic(DISTRICT)), (control_topic(CITY), canary_topic(CITY))
    assert routes(Book(), DISTRICT, CITY, TODAY) == up(*own, partitions=1) | down(*parents, partitions=1)
    assert set(topics_here(Book(), DISTRICT, CITY, TODAY)) == {*own, *parents, audit_topic(DISTRICT), progress_topic(DISTRICT)}
    assert routes(Book(), ROOT, None, TODAY) == set()
    assert set(topics_here(Book(), ROOT, None, TODAY)) == {control_topic(ROOT), canary_topic(ROOT), audit_topic(ROOT), progress_topic(ROOT)}


def test_control_logs_travel_to_all_nodes(world: World) -> None:
    """Those of the subtree go up, all others down; canaries go up and down, to no sibling; and without grants nothing else moves."""
    inside = {of(code) for code in (CITY, DISTRICT, DISTRICT2) for of in (control_topic, canary_topic)}
    outside = {control_topic(ROOT), control_topic(CITY2), canary_topic(ROOT)}
    assert routes(world.book, CITY, ROOT, TODAY) == up(*inside, partitions=1) | down(*outside, partitions=1)
    for here, parent in PARENTS.items():
        assert {control_topic(code) for code in PARENTS} <= set(topics_here(world.book, here, parent, TODAY))


def test_granted_resources_travel_the_path_and_nothing_else(world: World) -> None:
    """Up, down, across and to several takers: each topic is carried once over each step between owner and takers."""
    granted: dict[Division, list[Division]] = {DISTRICT: [ROOT, DISTRICT2], ROOT: [DISTRICT, CITY2], CITY: [CITY], CITY2: [DISTRICT]}
    for owner, takers in granted.items():
        for taker in takers:
            world.give(owner, taker)
    carried = world.edges(dict.fromkeys(PARENTS, world.book))
    for owner in PARENTS:
        expected = {edge for taker in granted.get(owner, []) for edge in itertools.pairwise(world.path(owner, taker))}
        assert set(carried.get(topic(owner), [])) == expected
        nodes = {owner}.union(*expected)
        for here, parent in PARENTS.items():
            assert (topic(owner) in topics_here(world.book, here, parent, TODAY)) == (here in nodes)


def test_a_grant_that_ends_or_runs_out_moves_nothing(world: World) -> None:
    """On the last day of its term it still does; the owner's own topic stays."""
    ref = world.give(DISTRICT, ROOT)
    world.give(DISTRICT2, ROOT, until="2026-11-23")
    assert up(topic(DISTRICT), topic(DISTRICT2)) <= routes(world.book, CITY, ROOT, date(2026, 11, 23))
    late = routes(world.book, CITY, ROOT, date(2026, 11, 24))
    assert topic(DISTRICT2) not in {route.topic for route in late}
    assert up(topic(DISTRICT)) <= late
    world.end(ref)
    assert {route.partitions for route in routes(world.book, CITY, ROOT, date(2026, 11, 24))} == {1}
    assert topic(DISTRICT) not in topics_here(world.book, ROOT, None, TODAY)
    assert topic(DISTRICT) in topics_here(world.book, DISTRICT, CITY, TODAY)


def test_a_link_that_the_book_contradicts_carries_control_logs_alone(world: World) -> None:
    """The news that mends it must still come in; one configured towards a node below would be a loop and carries nothing."""
    world.give(DISTRICT, ROOT)
    wrong = routes(world.book, DISTRICT, CITY2, TODAY)
    others = {control_topic(code) for code in PARENTS if code != DISTRICT} | {canary_topic(CITY2), canary_topic(ROOT)}
    assert wrong == up(control_topic(DISTRICT), canary_topic(DISTRICT), partitions=1) | down(*others, partitions=1)
    assert routes(world.book, CITY, DISTRICT, TODAY) == set()
    assert routes(world.book, CITY, CITY, TODAY) == set()


def test_logs_that_contradict_each_other_end_the_way_up() -> None:
    """Two waiting logs that each name the other as above are both carried down, and the search ends."""
    book = Book()
    for author, other in ((CITY, CITY2), (CITY2, CITY)):
        run = Run(author, (0, None), "2026-11-22T12:00:00.000Z")
        run.say(DivisionValue(code=DISTRICT, name="", level="county", parent=author), (other, 1))
        book.fold(author, encode(run.events[0]))
    assert down(control_topic(CITY), control_topic(CITY2), partitions=1) <= routes(book, DISTRICT, CITY, TODAY)
    assert {control_topic(CITY), control_topic(CITY2)} <= set(topics_here(book, DISTRICT, CITY, TODAY))


def test_topics_have_settings_fit_for_raw_carriage(world: World) -> None:
    """Control logs are kept for ever, notes for three years, progress and canaries are compacted in short segments, resources as their kind asks.

    What departments publish is kept for a week, what is refused of it for 90 days, and has room for its reason.
    """
    world.carry_out(CITY, catalogue(CITY, "base", Kind.STATE))
    world.carry_out(CITY, catalogue(CITY, "week", Kind.FACTS, retention_ms=604_800_000))
    specs = topics_here(world.book, CITY, ROOT, TODAY)
    carried = {
        "compression.type": "producer",
        "message.timestamp.type": "CreateTime",
        "message.timestamp.after.max.ms": "9223372036854775807",
    }
    kept = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
    for code in PARENTS:
        name = control_topic(code)
        assert specs[name] == TopicSpec(name, 1, carried | kept | {"max.message.bytes": "2097152"})
    compacted = {"cleanup.policy": "compact", "segment.ms": "3600000", "segment.bytes": "16777216"}
    for code in (CITY, DISTRICT, DISTRICT2):
        name = progress_topic(code)
        assert specs[name] == TopicSpec(name, 16, carried | compacted | {"message.timestamp.type": "LogAppendTime"})
    for code in (ROOT, CITY, DISTRICT, DISTRICT2):
        name = canary_topic(code)
        assert specs[name] == TopicSpec(name, 1, carried | compacted | {"segment.bytes": "1048576"})
    facts = carried | kept | {"max.message.bytes": "1048576"}
    assert specs[topic(CITY)] == TopicSpec(topic(CITY), 2, facts)
    assert specs[topic(CITY, "week")] == TopicSpec(topic(CITY, "week"), 2, facts | {"retention.ms": "604800000"})
    state = carried | {"cleanup.policy": "compact", "max.message.bytes": "1048576"}
    assert specs[topic(CITY, "base")] == TopicSpec(topic(CITY, "base"), 2, state)
    deleted = carried | {"cleanup.policy": "delete", "retention.bytes": "-1"}
    notes = deleted | {"retention.ms": "94867200000", "max.message.bytes": "2097152"}
    assert specs[audit_topic(CITY)] == TopicSpec(audit_topic(CITY), 1, notes)
    for resource in (topic(CITY), topic(CITY, "base"), topic(CITY, "week")):
        inbox, quarantine = inbox_topic(resource), quarantine_topic(resource)
        week = deleted | {"retention.ms": "604800000", "max.message.bytes": "1048576", "message.timestamp.type": "LogAppendTime"}
        quarter = deleted | {"retention.ms": "7776000000", "max.message.bytes": str(65 * 1048576)}
        assert (specs[inbox], specs[quarantine]) == (TopicSpec(inbox, 2, week), TopicSpec(quarantine, 2, quarter))
    assert len(specs) == 5 + 3 + 4 + 1 + 3 * 3


def test_a_node_gates_what_its_departments_own_and_nothing_leaves_its_cluster(world: World) -> None:
    """Inboxes and quarantines are made beside the owner alone, and carried by no link, granted or not."""
    world.give(DISTRICT, ROOT)
    world.carry_out(CITY, catalogue(CITY, "base", Kind.STATE))
    own = {here: {topic(here)} for here in PARENTS}
    own[CITY].add(topic(CITY, "base"))
    for here, parent in PARENTS.items():
        assert {inbox: resource.name for inbox, resource in gates(world.book, here).items()} == {
            inbox_topic(name): name for name in own[here]
        }
        kept = {name for name in topics_here(world.book, here, parent, TODAY) if name.endswith((".inbox", ".quarantine"))}
        assert kept == {make(name) for name in own[here] for make in (inbox_topic, quarantine_topic)}
        assert not [route for route in routes(world.book, here, parent, TODAY) if route.topic.endswith((".inbox", ".quarantine"))]


def test_books_grow_together_from_configurations_alone() -> None:
    """Links begin with empty books and carry what these come to ask for; every node ends with every log, however little it knew."""
    world = World(PARENTS)
    world.give(DISTRICT, CITY2)
    clusters: dict[Division, dict[Topic, list[bytes]]] = {here: {control_topic(here): list(world.logs[here])} for here in PARENTS}
    books = {here: Book() for here in PARENTS}
    for _ in range(12):
        for here, parent in PARENTS.items():
            for name in topics_here(books[here], here, parent, TODAY):
                clusters[here].setdefault(name, [])
        for name, edges in world.edges(books).items():
            for source, target in edges:
                assert target != division_of(name)
                if name in clusters[source] and name in clusters[target]:
                    clusters[target][name] += clusters[source][name][len(clusters[target][name]) :][:2]
        for here, book in books.items():
            for author in PARENTS:
                for value in clusters[here].get(control_topic(author), ()):
                    book.fold(author, value)
    for book in books.values():
        assert book.heads == world.book.heads
        assert not book.waiting
    assert world.edges(books) == world.edges(dict.fromkeys(PARENTS, world.book))


SHAPE = st.lists(st.integers(0, 10), min_size=1, max_size=7)
GRANTS = st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10), st.sampled_from([{}, *LESS])), max_size=8)


@settings(max_examples=100, deadline=None)
@given(SHAPE, GRANTS, st.integers(0, 2**32))
def test_no_tree_and_no_partial_knowledge_makes_a_loop(
    shape: list[int], grants: list[tuple[int, int, dict[str, object]]], seed: int
) -> None:
    """Each cluster receives a topic from one side at most, the owner's from none, whatever part of the logs each node has read.

    Once all have read all, each granted topic and view is carried exactly along the paths from its owner to its takers.
    """
    codes, dice = [Division(f"{440000 + number}") for number in range(len(shape) + 1)], Random(seed)
    dice.shuffle(codes)
    world = World({code: codes[shape[place - 1] % place] if place else None for place, code in enumerate(codes)})
    expected: dict[Topic, set[Edge]] = {}
    for one, other, less in grants:
        owner, taker = codes[one % len(codes)], codes[other % len(codes)]
        name = show(world, owner, taker, less) if less else topic(owner)
        if not less:
            world.give(owner, taker)
        expected.setdefault(name, set()).update(itertools.pairwise(world.path(owner, taker)))
    books = {}
    for here in codes:
        books[here] = Book()
        for author in dice.sample(codes, len(codes)):
            values = world.logs[author]
            for value in values if author == here else values[: dice.randrange(len(values) + 1)]:
                books[here].fold(author, value)
    for knowledge in (books, dict.fromkeys(codes, world.book)):
        for name, edges in world.edges(knowledge).items():
            targets = [target for _, target in edges]
            assert len(targets) == len(set(targets))
            assert division_of(name) not in targets
    whole = world.edges(dict.fromkeys(codes, world.book))
    assert {name: set(edges) for name, edges in whole.items() if name.split(".")[1] == "tax"} == {
        name: edges for name, edges in expected.items() if edges
    }
    for code in codes:
        assert len(whole.get(control_topic(code), [])) == len(codes) - 1


def province() -> Book:
    """A province of 144 divisions, each with a department and 35 resources, granted ten times as a whole or as one of two views: 50,400 grants."""
    codes = [Division(f"{440000 + number}") for number in range(144)]
    root, cities, counties = codes[0], codes[1:22], codes[22:]
    children = {root: [root, *cities], **{city: counties[place::21] for place, city in enumerate(cities)}}
    text, book = SchemaValue(id=text_id("{}"), schema="{}"), Book()

    def say(author: Division, body: Body, answers: EventRef | None = None) -> EventRef:
        run = Run(author, book.tail(author), "2026-11-22T12:00:00.000Z")
        run.say(body, answers)
        book.fold(author, encode(run.events[0]))
        return run.events[0].ref

    for place, code in enumerate(codes):
        for child in children.get(code, ()):
            parent = None if child == root else code
            say(code, DivisionValue(code=child, name="", level="city", parent=parent), (root, place + 1) if code != root else None)
        say(code, DepartmentValue(department=Department(f"{code}.tax"), name=""))
        say(code, text)
        for number in range(35):
            say(code, ResourceValue(name=topic(code, f"r{number}"), title="", kind=Kind.FACTS, schema=text.id, partitions=1))
    for place, code in enumerate(codes):
        for number, step in itertools.product(range(35), range(10)):
            taker = codes[(place + number * 10 + step) % len(codes)]
            say_grant(say, wanted(topic(code, f"r{number}"), f"{taker}.tax", rows="k" * (step % 3)).value)
    return book


def test_routes_and_views_of_a_province_take_less_than_a_second() -> None:
    """144 divisions, 5,000 resources with 10 grants each, 10,000 views: each under a second of CPU (seen: 0.2)."""
    book = province()
    assert not book.refused
    assert not book.waiting
    assert sum(1 for _ in book.active(TODAY)) == 50_400
    start = time.process_time()
    assert len(views(book, TODAY)) == 10_080
    assert time.process_time() - start < 1
    for find, here, parent in ((routes, Division("440001"), ROOT), (topics_here, ROOT, None)):
        start = time.process_time()
        assert len(find(book, here, parent, TODAY)) > 2500
        assert time.process_time() - start < 1
