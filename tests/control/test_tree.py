"""Answers for node/control/tree.py."""

import itertools
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.control.tree import _RANK, Tree
from node.model.names import Division
from node.model.values import DivisionValue, Level

ROOT, CITY, OTHER_CITY, DISTRICT, TOWN = map(Division, ("440000", "445100", "440100", "445102", "445102001"))
LEVELS: dict[int, Level] = {0: "province", 1: "city", 2: "county", 3: "town"}


def add(tree: Tree, author: Division, code: Division, *, at: str = "", level: Level = "county", sequence: int = 1) -> None:
    """`author` claims `code`, as a root where both are the same."""
    parent = None if author == code else author
    tree.add(author, (author, sequence), at, DivisionValue(code=code, name=code, level=level, parent=parent))


@pytest.fixture
def tree() -> Tree:
    """A province, two cities, a district and a town."""
    tree = Tree()
    add(tree, DISTRICT, TOWN)
    add(tree, CITY, DISTRICT)
    add(tree, ROOT, CITY)
    add(tree, ROOT, OTHER_CITY)
    assert not tree.divisions, "nothing stands before a root claims itself"
    add(tree, ROOT, ROOT, level="province")
    return tree


def test_the_tree_grows_from_its_root(tree: Tree) -> None:
    """Every claimed division stands below the one that claims it, level by level."""
    assert list(tree.divisions) == [ROOT, OTHER_CITY, CITY, DISTRICT, TOWN]
    assert [tree.parent(code) for code in tree.divisions] == [None, ROOT, ROOT, CITY, DISTRICT]
    assert tree.children(ROOT) == (OTHER_CITY, CITY)
    assert tree.children(TOWN) == ()


def test_subtrees(tree: Tree) -> None:
    """A subtree is a division and all below it; a division that stands nowhere is its own."""
    assert tree.subtree(CITY) == {CITY, DISTRICT, TOWN}
    assert tree.subtree(ROOT) == set(tree.divisions)
    assert tree.subtree(Division("999999")) == {"999999"}


def test_paths(tree: Tree) -> None:
    """A path climbs to the nearest common division and goes down from there; both ends are on it."""
    assert tree.path(TOWN, OTHER_CITY) == [TOWN, DISTRICT, CITY, ROOT, OTHER_CITY]
    assert tree.path(ROOT, DISTRICT) == [ROOT, CITY, DISTRICT]
    assert tree.path(DISTRICT, ROOT) == [DISTRICT, CITY, ROOT]
    assert tree.path(CITY, CITY) == [CITY]
    assert tree.path(CITY, Division("999999")) == []


def test_sides(tree: Tree) -> None:
    """Seen from a division, all others lie below one child of it or outside."""
    assert tree.sides(CITY) == {CITY: CITY, DISTRICT: DISTRICT, TOWN: DISTRICT, ROOT: None, OTHER_CITY: None}
    assert tree.sides(Division("999999")) == {}


def test_trees_that_nothing_joins(tree: Tree) -> None:
    """Two roots make two trees: no path between them, and neither is on a side of the other."""
    add(tree, Division("110000"), Division("110000"), level="province")
    assert tree.path(CITY, Division("110000")) == []
    assert Division("110000") not in tree.sides(CITY)


def test_a_claim_said_again_renews_its_value(tree: Tree) -> None:
    """The newest value counts; place and time of the first remain, which order claims and are answered."""
    add(tree, CITY, DISTRICT, at="later", level="town", sequence=9)
    claim = tree.claim(CITY, DISTRICT)
    assert claim is not None
    assert (claim.ref, claim.at, claim.value.level) == ((CITY, 1), "", "town")
    assert tree.divisions[DISTRICT].level == "town"
    assert tree.claim(CITY, TOWN) is None


def test_a_root_of_its_own_comes_below_the_city_that_claims_it(tree: Tree) -> None:
    """A district that once called itself a root does not leave its city by that."""
    add(tree, DISTRICT, DISTRICT)
    assert tree.parent(DISTRICT) == CITY


def test_of_two_roots_the_higher_level_grows_first() -> None:
    """A county that began alone comes below its city even where its code is the lesser: codes say nothing about height."""
    tree, city = Tree(), Division("990000")
    add(tree, DISTRICT, DISTRICT, level="county")
    add(tree, DISTRICT, city)
    add(tree, city, city, level="city")
    add(tree, city, DISTRICT)
    assert (tree.parent(DISTRICT), tree.parent(city)) == (city, None)


def test_nobody_claims_what_stands_above_itself(tree: Tree) -> None:
    """A claim on one's own city or root changes nothing."""
    before = {code: tree.parent(code) for code in tree.divisions}
    for above in (DISTRICT, CITY, ROOT):
        add(tree, TOWN, above, at="0")
    assert {code: tree.parent(code) for code in tree.divisions} == before


def test_of_two_claims_the_higher_counts_then_the_earlier(tree: Tree) -> None:
    """The province's word goes before a city's, and of two cities' the one said first."""
    add(tree, OTHER_CITY, DISTRICT, at="1")
    assert tree.parent(DISTRICT) == CITY
    add(tree, ROOT, DISTRICT, at="2")
    assert tree.parent(DISTRICT) == ROOT


def test_every_level_has_a_rank() -> None:
    """Roots are ordered by level; none is forgotten."""
    assert set(_RANK) == set(get_args(Level))


CODES = [Division(f"44{n:04}") for n in range(6)]


@given(st.lists(st.tuples(st.sampled_from(CODES), st.sampled_from(CODES), st.integers(0, 3)), max_size=25))
def test_any_claims_in_any_order_make_one_tree(claims: list[tuple[Division, Division, int]]) -> None:
    """Whatever is claimed, cycles and all: each author's order kept, the tree is the same, has no cycle, and its questions agree."""
    grown = []
    for by in (claims, sorted(claims, key=lambda claim: claim[0]), sorted(claims, key=lambda claim: claim[0], reverse=True)):
        tree = Tree()
        for author, code, number in by:
            add(tree, author, code, at=str(number), level=LEVELS[number])
        grown.append((list(tree.divisions.items()), {code: tree.parent(code) for code in tree.divisions}))
    assert grown[0] == grown[1] == grown[2]
    for start, end in itertools.product(CODES, CODES):
        path = tree.path(start, end)
        assert len(set(path)) == len(path)
        assert all(tree.parent(one) == two or tree.parent(two) == one for one, two in itertools.pairwise(path))
        assert (end in tree.subtree(start)) == (
            start == end or (start in path and all(tree.parent(b) == a for a, b in itertools.pairwise(path)) and bool(path))
        )
        for here in CODES:
            sides = tree.sides(here)
            if start in sides and end in sides:
                assert (here in path) == (sides[start] != sides[end] or sides[start] == here)


def test_a_long_chain_of_divisions_needs_no_deep_stack() -> None:
    """Depth is bounded by memory alone, never by Python's recursion."""
    tree = Tree()
    codes = [Division(f"{number:012}") for number in range(5000)]
    for parent, child in itertools.pairwise([codes[0], *codes]):
        add(tree, parent, child)
    assert len(tree.path(codes[0], codes[-1])) == len(codes)
