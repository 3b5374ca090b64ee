"""Answers for node/control/neighbourhood.py."""

import msgspec
import pytest

from node.control.book import Book
from node.control.canary import Came, Canary, Direction, Link
from node.control.neighbourhood import NodeSeen, seen, software_of
from node.model.limits import CANARY_LATE_S
from node.model.names import Division
from tests.control.worlds import CITY, CITY2, DISTRICT, DISTRICT2, PARENTS, ROOT, World

NOW = 1_770_000_000_000
LATE = NOW - int(CANARY_LATE_S * 1000) - 1
WELL = Direction(heard_ms=NOW - 3000, lag_s=0.5, records_per_s=10.0, newest_ms=NOW - 2000)


def canary(code: Division, made_ms: int = NOW - 1000, up: Direction = WELL, down: Direction = WELL, **fields: object) -> Canary:
    """Return the canary of a node whose link is well."""
    parent = PARENTS[code]
    link = None if parent is None else Link(parent=parent, up=up, down=down)
    found = Canary(division=code, made_ms=made_ms, software="1.2.3", ready=True, link=link)
    return msgspec.structs.replace(found, **fields)


@pytest.fixture(scope="module")
def book() -> Book:
    """A province, two cities, two districts of one of them."""
    return World(PARENTS).book


def heard(*canaries: Canary, ahead_ms: int = 0) -> dict[Division, Came]:
    """Return what was heard, by clocks that agree unless the others' are ahead."""
    return {one.division: Came(one, one.made_ms - ahead_ms) for one in canaries}


def at(nodes: list[NodeSeen], code: Division) -> NodeSeen:
    """Return one of them."""
    return next(node for node in nodes if node.division == code)


def states(node: NodeSeen) -> tuple[str, str]:
    """Return how both directions of a node's link are."""
    assert node.up is not None
    assert node.down is not None
    return node.up.state, node.down.state


def test_the_tree_goes_from_the_top_down(book: Book) -> None:
    """Those above, the node itself, those below it; no sibling, and nobody else's children."""
    nodes = seen(book, canary(CITY), ROOT, heard(canary(ROOT), canary(DISTRICT)), NOW)
    assert [(node.division, node.place, node.parent) for node in nodes] == [
        (ROOT, "above", None),
        (CITY, "here", ROOT),
        (DISTRICT, "below", CITY),
        (DISTRICT2, "below", CITY),
    ]
    assert [(node.heard_s, node.ready, node.software) for node in nodes] == [
        (1.0, True, "1.2.3"),
        (1.0, True, "1.2.3"),
        (1.0, True, "1.2.3"),
        (None, None, ""),
    ]
    assert (nodes[0].up, nodes[0].down) == (None, None)
    assert states(nodes[3]) == ("unknown", "unknown")


def test_before_the_tree_is_known_there_is_the_parent() -> None:
    """As it is configured."""
    nodes = seen(Book(), canary(DISTRICT), CITY, {}, NOW)
    assert [(node.division, node.place, node.parent, node.name) for node in nodes] == [
        (CITY, "above", None, ""),
        (DISTRICT, "here", CITY, ""),
    ]


def test_a_direction_tells_its_lag_rate_and_last_record(book: Book) -> None:
    """As the child counts them."""
    node = at(seen(book, canary(ROOT), None, heard(canary(CITY)), NOW), CITY)
    assert node.down is not None
    assert (node.down.age_s, node.down.lag_s, node.down.records_per_s, node.down.newest_age_s) == (3.0, 0.5, 10.0, 2.0)
    assert node.up is not None
    assert node.up.age_s == 1.0  # by the canary that came over it


def test_a_late_direction_tells_since_when(book: Book) -> None:
    """The own link, seen by itself: each direction for itself."""
    nodes = seen(book, canary(CITY, up=msgspec.structs.replace(WELL, heard_ms=LATE)), ROOT, {}, NOW)
    own = at(nodes, CITY)
    assert states(own) == ("late", "flowing")
    assert own.up is not None
    assert own.up.since_ms == LATE


def test_stopped_partitions_are_told(book: Book) -> None:
    """A link that moves, and something on it that does not."""
    found = seen(book, canary(CITY, down=msgspec.structs.replace(WELL, stopped=2)), ROOT, {}, NOW)
    assert states(at(found, CITY)) == ("flowing", "stopped")


def test_who_is_not_heard_is_not_believed(book: Book) -> None:
    """A broken link is red at its upper end by what does not come; the other way, and all below, nobody knows."""
    came = heard(canary(CITY, LATE), canary(DISTRICT, LATE), canary(CITY2))
    nodes = seen(book, canary(ROOT), None, came, NOW)
    assert states(at(nodes, CITY)) == ("late", "unknown")
    assert states(at(nodes, DISTRICT)) == ("unknown", "unknown")
    assert states(at(nodes, CITY2)) == ("flowing", "flowing")
    assert (at(nodes, CITY).ready, at(nodes, CITY2).ready) == (None, True)


def test_the_versions_of_the_neighbours_are_told(book: Book) -> None:
    """The parent's and the children's; not those of nodes further away, nor of who was never heard."""
    came = heard(canary(ROOT, software="2.0.0"), canary(DISTRICT))
    assert software_of(seen(book, canary(CITY), ROOT, came, NOW), CITY) == {ROOT: "2.0.0", DISTRICT: "1.2.3"}
    assert software_of(seen(book, canary(ROOT), None, heard(canary(CITY), canary(DISTRICT)), NOW), ROOT) == {CITY: "1.2.3"}


def test_clocks_that_differ_make_no_link_late(book: Book) -> None:
    """Nor do they hide that one is: what a node says of its link counts by the clock of whoever hears it."""
    for ahead_ms in (600_000, -600_000):
        link = Direction(heard_ms=NOW - 2000 + ahead_ms)
        fresh = canary(CITY, NOW - 1000 + ahead_ms, down=link)
        node = at(seen(book, canary(ROOT), None, heard(fresh, ahead_ms=ahead_ms), NOW), CITY)
        assert states(node) == ("flowing", "flowing")
        assert node.heard_s == 1.0
        late = canary(CITY, LATE + ahead_ms)
        assert states(at(seen(book, canary(ROOT), None, heard(late, ahead_ms=ahead_ms), NOW), CITY)) == ("late", "unknown")
