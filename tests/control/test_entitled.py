"""Answers for node/control/entitled.py: each has what the book says and nothing more, and whatever else opens ours is a stranger."""

from datetime import date
from random import Random

import pytest

from node.control.book import Book
from node.control.commands import ResumeGrant, SuspendGrant
from node.control.entitled import Acl, entitled, strangers
from node.control.routes import routes
from node.model.names import Division, canary_topic, control_topic, division_of, inbox_topic, principal_of
from tests.control.worlds import CITY, CITY2, DISTRICT, DISTRICT2, LESS, PARENTS, ROOT, TODAY, World, show, topic
from tests.granting import AUTHORITY

Right = tuple[str, str, str, str]
"""kind, name, pattern, operation"""


@pytest.fixture
def world() -> World:
    """A province, two cities and two districts of one of them."""
    return World(PARENTS)


def rights(world: World, here: Division, user: str, today: date = TODAY) -> set[Right]:
    """What a user may do in the cluster of a node."""
    found = entitled(world.book, here, PARENTS[here], today)
    return {(acl.kind, acl.name, acl.pattern, acl.operation) for acl in found if acl.principal == f"User:{user}"}


def reads(world: World, here: Division, user: str, today: date = TODAY) -> set[str]:
    """Which topics a user may read by name, a department's own inboxes aside."""
    found = {name for kind, name, pattern, may in rights(world, here, user, today) if (kind, pattern, may) == ("topic", "literal", "read")}
    return {name for name in found if not name.endswith(".inbox")}


def own(department: str) -> set[Right]:
    """What every department may do."""
    return {("group", f"{department}.", "prefixed", "read"), ("transactional-id", f"{department}.", "prefixed", "write")}


def test_an_empty_book_entitles_nobody() -> None:
    """Before the first log is read nobody may do anything."""
    assert entitled(Book(), DISTRICT, CITY, TODAY) == frozenset()


def test_a_department_has_its_inboxes_and_names_of_its_own(world: World) -> None:
    """It writes its inboxes and keeps its place there; without a grant it reads nothing else, not what its own inbox becomes."""
    inbox = inbox_topic(topic(DISTRICT))
    assert rights(world, DISTRICT, f"{DISTRICT}.police") == own(f"{DISTRICT}.police")
    assert rights(world, DISTRICT, f"{DISTRICT}.tax") == own(f"{DISTRICT}.tax") | {
        ("topic", inbox, "literal", "write"),
        ("topic", inbox, "literal", "read"),
    }


def test_a_department_is_a_user_of_its_own_nodes_cluster_alone(world: World) -> None:
    """Wherever else its resources and what it was granted may pass."""
    world.give(DISTRICT, CITY2)
    world.give(ROOT, DISTRICT)
    for here in PARENTS:
        users = {acl.principal.removeprefix("User:") for acl in entitled(world.book, here, PARENTS[here], TODAY)}
        departments = {user for user in users if not user.endswith(".node")}
        assert departments == {f"{here}.tax", f"{here}.police"}
        assert users - departments == {principal_of(code) for code, parent in PARENTS.items() if parent == here}


def test_what_is_granted_is_read(world: World) -> None:
    """By the taker alone, by its topic's name: the resource's, or the view's where less was granted."""
    world.give(DISTRICT, CITY)
    view = show(world, ROOT, CITY, LESS[0])
    assert reads(world, CITY, f"{CITY}.police") == {topic(DISTRICT), view}
    assert reads(world, CITY, f"{CITY}.tax") == set()
    assert reads(world, CITY2, f"{CITY2}.police") == set()


def test_what_is_suspended_is_not_read_until_it_is_resumed(world: World) -> None:
    """Neither by the taker nor by the nodes on the way down to it."""
    ref = world.give(ROOT, DISTRICT)
    for standing in (True, False, True):
        assert (topic(ROOT) in reads(world, DISTRICT, f"{DISTRICT}.police")) is standing
        assert (topic(ROOT) in reads(world, CITY, principal_of(DISTRICT))) is standing
        assert (topic(ROOT) in reads(world, ROOT, principal_of(CITY))) is standing
        if standing:
            world.carry_out(ROOT, SuspendGrant(by=AUTHORITY, grant=ref, reason="核查"))
        else:
            world.carry_out(ROOT, ResumeGrant(by=AUTHORITY, grant=ref))


def test_what_has_ended_or_expired_is_not_read(world: World) -> None:
    """On the last day of its term it still is; a second grant of the same keeps it."""
    first, _expiring = world.give(DISTRICT, CITY), world.give(DISTRICT, CITY, until="2026-11-23")
    world.end(first)
    assert reads(world, CITY, f"{CITY}.police", date(2026, 11, 23)) == {topic(DISTRICT)}
    assert reads(world, CITY, f"{CITY}.police", date(2026, 11, 24)) == set()
    world.end(world.give(DISTRICT, CITY))
    assert reads(world, CITY, f"{CITY}.police", date(2026, 11, 24)) == set()


def test_a_child_has_its_subtree_and_the_logs_of_all_others(world: World) -> None:
    """All that is owned under its names, in both directions; of the rest it reads the control logs, and the canaries above, and nothing else."""
    subtree = (CITY, DISTRICT, DISTRICT2)
    assert rights(world, ROOT, principal_of(CITY)) == {
        *(("topic", f"{code}.", "prefixed", may) for code in subtree for may in ("read", "write")),
        ("transactional-id", f"{CITY}.", "prefixed", "write"),
        *(("topic", control_topic(code), "literal", "read") for code in (ROOT, CITY2)),
        ("topic", canary_topic(ROOT), "literal", "read"),
    }
    heard = {("topic", canary_topic(code), "literal", "read") for code in (ROOT, CITY)}
    assert {right for right in rights(world, CITY, principal_of(DISTRICT)) if right[1].endswith(".canary")} == heard


def test_a_child_reads_what_flows_down_to_it(world: World) -> None:
    """From above and from its siblings, for itself and for whoever is below it, and not what goes to another child."""
    world.give(ROOT, CITY2)
    world.give(CITY2, DISTRICT)
    world.give(DISTRICT2, DISTRICT)
    logs = {topic_of(code) for code in PARENTS for topic_of in (control_topic, canary_topic)}
    assert reads(world, ROOT, principal_of(CITY)) - logs == {topic(CITY2)}
    assert reads(world, ROOT, principal_of(CITY2)) - logs == {topic(ROOT)}
    assert reads(world, CITY, principal_of(DISTRICT)) - logs == {topic(CITY2), topic(DISTRICT2)}
    assert reads(world, CITY, principal_of(DISTRICT2)) - logs == set()


@pytest.mark.parametrize("seed", range(20))
def test_a_childs_rights_are_what_its_link_carries(world: World, seed: int) -> None:
    """Whatever was granted: each route up may be written, each route down be read, and no more can be read by name."""
    dice = Random(seed)
    for _ in range(6):
        less = dice.choice([{}, *LESS])
        world.give(dice.choice([*PARENTS]), dice.choice([*PARENTS]), until=dice.choice(["", "2026-11-23"]), **less)
    today = dice.choice([TODAY, date(2026, 11, 24)])
    for child, parent in PARENTS.items():
        if parent is None:
            continue
        carried = routes(world.book, child, parent, today)
        may = rights(world, parent, principal_of(child), today)
        writable = tuple(name for kind, name, pattern, does in may if (kind, pattern, does) == ("topic", "prefixed", "write"))
        assert all(route.topic.startswith(writable) for route in carried if route.lane == "link-up")
        assert reads(world, parent, principal_of(child), today) == {route.topic for route in carried if route.lane == "link-down"}


def test_no_division_is_taken_for_another_by_its_first_digits() -> None:
    """Codes of 6, 9 and 12 digits begin alike: a prefix ends with the dot."""
    street = Division("445102001")
    world = World({ROOT: None, CITY: ROOT, DISTRICT: CITY, street: DISTRICT})
    prefixes = {acl.name for acl in entitled(world.book, DISTRICT, CITY, TODAY) if acl.pattern == "prefixed"}
    assert {name for name in prefixes if name.startswith(street)} == {f"{street}."}
    assert all(name.endswith(".") for name in prefixes)


def acl(name: str, principal: str = "User:tenant", *, kind: str = "topic", pattern: str = "literal", allows: bool = True) -> Acl:
    """An entry that somebody else made."""
    return Acl(principal, kind, name, pattern, "read", allows=allows)


@pytest.mark.parametrize(
    "stranger",
    [
        acl("445102.tax.bills"),
        acl("445102.tax.bills", allows=False),
        acl("445102.tax.bills", f"User:{DISTRICT}.tax"),
        acl("445102.tax.bills", "User:*"),
        acl("445102001.tax.bills"),
        acl("445102001002.tax.bills"),
        acl("*"),
        acl("*", kind="group"),
        acl("", pattern="prefixed"),
        acl("4", pattern="prefixed"),
        acl("445102", pattern="prefixed"),
        acl("445102.", pattern="prefixed"),
        acl("445102.ta", pattern="prefixed"),
        acl("445102001002", pattern="prefixed"),
        acl("445102.link-up.0", kind="transactional-id"),
        acl("kafka-cluster", kind="cluster"),
        acl("kafka-cluster", kind="cluster", allows=False),
        acl("tenant", kind="user"),
        acl("tenant", kind="delegation-token"),
        acl("theirs", f"User:{DISTRICT}.tax"),
        acl("theirs", f"User:{principal_of(DISTRICT)}"),
        Acl("User:tenant", "9", "445102.tax.bills", "7", "99"),
    ],
    ids=str,
)
def test_whatever_opens_ours_is_a_stranger(stranger: Acl) -> None:
    """Wildcards, prefixes that reach into ours, the cluster itself, users of ours elsewhere, and what denies: a denial would undo the book."""
    assert strangers([stranger], [], ()) == {stranger}
    assert strangers([stranger], [stranger]) == frozenset()
    assert strangers([stranger], [], [stranger.principal.removeprefix("User:")]) == frozenset()


@pytest.mark.parametrize(
    "other",
    [
        acl("theirs.topic"),
        acl("theirs.", pattern="prefixed"),
        acl("theirs.topic", "User:*"),
        acl("theirs", kind="group"),
        acl("theirs-445102.topic"),
        acl("445102"),
        acl("44510.topic"),
        acl("4451020010020030", pattern="prefixed"),
        acl("44510x", pattern="prefixed"),
    ],
    ids=str,
)
def test_what_other_tenants_have_under_names_of_their_own_is_left_alone(other: Acl) -> None:
    """A cluster may have been there before the node; what cannot reach a division's names is none of ours."""
    assert strangers([other], []) == frozenset()


def test_what_is_no_longer_wanted_is_a_stranger(world: World) -> None:
    """What the book said yesterday goes as anybody else's does, and what it still says stays."""
    ref = world.give(DISTRICT, CITY)
    before = entitled(world.book, CITY, ROOT, TODAY)
    world.end(ref)
    after = entitled(world.book, CITY, ROOT, TODAY)
    assert strangers(before, after) == before - after == {Acl(f"User:{CITY}.police", "topic", topic(DISTRICT), "literal", "read")}


def test_all_that_is_entitled_would_be_taken_away_from_a_node_that_is_gone(world: World) -> None:
    """Nothing that we add can escape our own sweep."""
    world.give(DISTRICT, CITY2)
    for here, parent in PARENTS.items():
        given = entitled(world.book, here, parent, TODAY)
        assert given
        assert strangers(given, []) == given
        assert all(division_of(one.name) for one in given if one.kind == "topic" and one.pattern == "literal")


def test_an_entry_is_told_in_plain_words() -> None:
    """Logs and errors name who may do what."""
    assert str(acl("a.b")) == "tenant may read topic a.b"
    assert str(acl("a.", pattern="prefixed", allows=False)) == "tenant may not read topics that begin with a."
    assert str(acl("g", kind="group")._replace(host="10.0.0.1")) == "tenant may read group g from 10.0.0.1"
