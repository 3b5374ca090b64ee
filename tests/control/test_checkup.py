"""Answers for node/control/checkup.py: what differs from the book is told with what it means, and nothing is told where nothing is wrong."""

import pytest

from node.control.book import Book
from node.control.checkup import TOLD_MAX, Finding, compared, logins, open_cluster, users_of
from node.control.entitled import Acl, entitled
from tests.control.worlds import CITY, CITY2, DISTRICT, DISTRICT2, PARENTS, ROOT, TODAY, World

READS = Acl("User:445102.police", "topic", "445102.tax.bills", "literal", "read")
GROUPS = Acl("User:445102.police", "group", "445102.police.", "prefixed", "read")
TENANTS = Acl("User:tenant", "topic", "tenant.", "prefixed", "write")


def states(*found: Finding) -> list[tuple[str, str]]:
    """What was looked at, and how it is."""
    return [(one.check, one.state) for one in found]


def test_a_nodes_users_are_its_departments_and_its_childrens_nodes() -> None:
    """Neither grandchildren, nor anybody's departments but its own, nor the node itself, who is a super user."""
    book = World(PARENTS).book
    assert users_of(book, ROOT) == ["440000.police", "440000.tax", f"{CITY2}.node", f"{CITY}.node"]
    assert users_of(book, CITY) == [f"{CITY}.police", f"{CITY}.tax", f"{DISTRICT}.node", f"{DISTRICT2}.node"]
    assert users_of(book, DISTRICT) == [f"{DISTRICT}.police", f"{DISTRICT}.tax"]
    assert users_of(Book(), DISTRICT) == []


def test_an_open_cluster_is_a_failure_with_the_way_to_close_it() -> None:
    """There are no rights to compare: that it has none is all that is told."""
    found = open_cluster()
    assert states(found) == [("closed", "fail")]
    for text in (found.do_en, found.do_zh):
        assert "authorizer.class.name" in text
        assert "exchange-node init" in text


def test_rights_as_the_book_says_are_well() -> None:
    """Whatever another tenant has under names of its own."""
    world = World(PARENTS)
    wanted = entitled(world.book, CITY, ROOT, TODAY)
    closed, rights = compared(wanted | {TENANTS}, wanted)
    assert states(closed, rights) == [("closed", "ok"), ("rights", "ok")]
    assert rights.en == f"{len(wanted)} rights, as the book says"
    assert str(len(wanted)) in rights.zh


def test_what_is_missing_and_what_is_too_much_are_told_apart() -> None:
    """Each with the entries in plain words, and that the node mends it by itself."""
    _closed, missing, foreign = compared({GROUPS, TENANTS}, {READS})
    assert states(missing, foreign) == [("rights", "fail")] * 2
    assert missing.en.endswith("445102.police may read topic 445102.tax.bills")
    assert foreign.en.endswith("445102.police may read groups that begin with 445102.police.")
    for one in (missing, foreign):
        assert "tenant" not in one.en + one.zh
        assert "5 s" in one.do_en
        assert "5 秒" in one.do_zh


def test_the_operators_own_tools_are_spared() -> None:
    """As the node spares them."""
    assert states(*compared({GROUPS}, set(), others={"445102.police"})) == [("closed", "ok"), ("rights", "ok")]


@pytest.mark.parametrize("many", [TOLD_MAX, TOLD_MAX + 1, 500])
def test_a_few_are_named_and_the_rest_is_counted(many: int) -> None:
    """A whole book that is missing is still one line, always the same."""
    missing = {READS._replace(name=f"445102.tax.bills-{number:03}") for number in range(many)}
    (found,) = (one for one in compared(set(), missing) if one.check == "rights")
    assert found == list(compared(set(), missing))[1]
    assert found.en.count("may read topic") == TOLD_MAX
    assert (f"(+{many - TOLD_MAX})" in found.en) is (many > TOLD_MAX)


def test_who_cannot_log_in_is_a_warning() -> None:
    """A child that has not joined yet is nothing broken; who has any password can log in, and who is no user does not count."""
    found = logins(["445102.police", "445102.tax"], {"445102.tax": {"SCRAM-SHA-256"}, "other": {"SCRAM-SHA-512"}})
    assert states(found) == [("logins", "warn")]
    for text in (found.en, found.zh):
        assert "445102.police" in text
        assert "445102.tax" not in text
    assert all("exchange-node rotate" in text for text in (found.do_en, found.do_zh))
    well = logins(["445102.tax"], {"445102.tax": {"SCRAM-SHA-256"}})
    assert (states(well), well.en) == ([("logins", "ok")], "all 1 users can log in")
    assert logins([], {}).state == "ok"
