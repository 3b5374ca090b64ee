"""Answers for node/control/ending.py."""

from typing import Any

import msgspec
import pytest

from node.control.commands import (
    AddDepartment,
    ApplyCatalogue,
    CatalogueItem,
    EndGrant,
    FileEnd,
    ResumeGrant,
    SeeGrant,
    SuspendGrant,
)
from node.control.fitting import versions_of
from node.control.views import schema_ids, views
from node.model.values import RULE, Actor, EventRef, GrantEndedValue, GrantSeenValue, Kind
from tests.control.acting import CITY, DISTRICT, SCHEMA, Nodes, actor, answered, approved, asked, bills, department, settled
from tests.control.test_asking import refusal

AUTHORITY, HEAD = actor("authority"), actor("head", department(DISTRICT, "tax"))
LESS: dict[str, Any] = {"fields": ("code", "sum"), "rows": "sum > 3"}


@pytest.fixture
def nodes() -> Nodes:
    """Three nodes, nothing given yet."""
    return settled()


def given(nodes: Nodes, **parts: Any) -> EventRef:
    """A grant that was requested, on every node."""
    (request,) = nodes.carry_out(CITY, asked(CITY, DISTRICT, **parts))
    nodes.carry_out(CITY, approved(request))
    nodes.bring_all()
    grant = nodes.carry_out(DISTRICT, answered(request, DISTRICT))[-1]
    nodes.bring_all()
    return grant


def suspend(grant: EventRef, by: Actor = AUTHORITY) -> SuspendGrant:
    """Suspend on misuse."""
    return SuspendGrant(by=by, grant=grant, reason="超范围使用")


def resume(grant: EventRef, by: Actor = AUTHORITY) -> ResumeGrant:
    """Let it move again."""
    return ResumeGrant(by=by, grant=grant)


def test_nothing_moves_under_a_suspended_grant(nodes: Nodes) -> None:
    """On no node that knows of it, until it is resumed; said again, neither says anything."""
    grant = given(nodes, **LESS)
    for command, active in ((suspend(grant), []), (resume(grant), [grant])):
        assert nodes.carry_out(DISTRICT, command)
        nodes.bring_all()
        assert all([one.ref for one in book.active(nodes.at.date())] == active for book in nodes.books.values())
        assert all(bool(views(book, nodes.at.date())) == bool(active) for book in nodes.books.values())
    assert nodes.carry_out(DISTRICT, resume(grant)) == []


def test_the_authority_suspends_and_resumes(nodes: Nodes) -> None:
    """That of the owner's level alone, on its node, with a reason; what is ended is past it."""
    grant = given(nodes)
    for by in (HEAD, actor("operator"), actor("authority", "445100.data"), RULE):
        assert refusal(nodes, DISTRICT, suspend(grant, by)).code == "not-entitled"
        assert refusal(nodes, DISTRICT, resume(grant, by)).code == "not-entitled"
    assert refusal(nodes, CITY, suspend(grant)).code == "not-own-grant"
    assert refusal(nodes, DISTRICT, suspend((DISTRICT, 1))).code == "no-such-grant"
    assert refusal(nodes, DISTRICT, msgspec.structs.replace(suspend(grant), reason=" ")).code == "empty"
    nodes.carry_out(DISTRICT, EndGrant(grant=grant, by=AUTHORITY))
    for command in (suspend(grant), resume(grant), FileEnd(by=HEAD, grant=grant, reason="x")):
        assert "is ended" in refusal(nodes, DISTRICT, command).en


def test_what_came_while_it_was_suspended_counts(nodes: Nodes) -> None:
    """A version to which the grant was not held gets its view's schema when it is resumed, or keeps it from being so."""
    grant = given(nodes, **LESS)
    nodes.carry_out(DISTRICT, suspend(grant))
    fields: Any = SCHEMA["fields"]
    note = {"name": "note", "type": "string", "default": ""}
    for named, more in (((*fields, note), True), (fields[:1], False)):
        item = CatalogueItem(name=bills(DISTRICT), title="账单", kind=Kind.STATE, schema=SCHEMA | {"fields": list(named)}, partitions=1)
        nodes.carry_out(DISTRICT, ApplyCatalogue(resources=(item,)))
        book = nodes.books[DISTRICT]
        if more:
            nodes.carry_out(DISTRICT, resume(grant))
            (view,) = views(book, nodes.at.date()).values()
            assert len(schema_ids(book, bills(DISTRICT), view.selection)) == len(versions_of(book, bills(DISTRICT))) == 2
            nodes.carry_out(DISTRICT, suspend(grant))
    assert refusal(nodes, DISTRICT, resume(grant)).code == "bad-selection"


def test_an_owner_files_and_the_authority_ends(nodes: Nodes) -> None:
    """The owner cannot end it alone, and is told what to do instead; nor does anybody else but the authority, on another node none."""
    grant = given(nodes)
    command = EndGrant(by=HEAD, grant=grant)
    for by in (HEAD, actor("steward", HEAD.department)):
        assert "grant file-end" in refusal(nodes, DISTRICT, msgspec.structs.replace(command, by=by)).en
    for by in (HEAD, actor("head", department(CITY)), actor("operator"), actor("authority", "445100.data"), RULE):
        assert refusal(nodes, DISTRICT, msgspec.structs.replace(command, by=by)).code == "not-entitled"
    assert refusal(nodes, CITY, EndGrant(by=AUTHORITY, grant=grant)).code == "not-own-grant"
    assert refusal(nodes, DISTRICT, EndGrant(by=AUTHORITY, grant=(DISTRICT, 1))).code == "no-such-grant"
    filing = FileEnd(by=HEAD, grant=grant, reason="系统停用")
    for by in (actor("steward", department(CITY)), AUTHORITY):
        assert refusal(nodes, DISTRICT, msgspec.structs.replace(filing, by=by)).code == "not-entitled"
    assert refusal(nodes, DISTRICT, msgspec.structs.replace(filing, reason="")).code == "empty"
    (filed,) = nodes.carry_out(DISTRICT, filing)
    assert not nodes.books[DISTRICT].grants[grant].ended
    wrong = EndGrant(grant=grant, by=AUTHORITY, filed=(DISTRICT, 1))
    assert refusal(nodes, DISTRICT, wrong).code == "no-such-filing"
    nodes.carry_out(DISTRICT, msgspec.structs.replace(wrong, filed=filed))
    assert nodes.history[-1].body == GrantEndedValue(grant=grant, by=AUTHORITY, filed=filed)
    nodes.bring_all()
    assert all(book.grants[grant].ended for book in nodes.books.values())


def test_the_authority_ends_without_a_filing_too(nodes: Nodes) -> None:
    """On misuse: that grant and no other; ended again, it says nothing."""
    grant, other = given(nodes), given(nodes, purpose="另一用途")
    end = EndGrant(by=AUTHORITY, grant=grant, reason="超范围使用")
    assert nodes.carry_out(DISTRICT, end)
    assert nodes.carry_out(DISTRICT, end) == []
    assert [nodes.books[DISTRICT].grants[ref].ended for ref in (grant, other)] == [True, False]


def test_each_node_tells_how_far_it_follows(nodes: Nodes) -> None:
    """In answer to what it has seen, as often as that changes; everybody sees who has not."""
    grant = given(nodes)
    for state in ("flowing", "ended"):
        for node in (CITY, DISTRICT):
            disposed = (bills(DISTRICT),) if state == "ended" and node == CITY else ()
            seen = SeeGrant(by=RULE, grant=grant, seen=grant, state=state, disposed=disposed)
            nodes.carry_out(node, seen)
            assert nodes.history[-1].answers == grant
    nodes.bring_all()
    for book in nodes.books.values():
        told = {node: said.body for node, said in book.grants[grant].seen.items()}
        ended = GrantSeenValue(by=RULE, grant=grant, state="ended")
        assert told == {DISTRICT: ended, CITY: msgspec.structs.replace(ended, disposed=(bills(DISTRICT),))}
        assert book.disposed == {bills(DISTRICT): {CITY: grant[1]}}


def test_a_copy_is_disposed_of_again_as_of_a_later_event(nodes: Nodes) -> None:
    """Said in the same words, it is said all the same: what others count by is the event that it answers."""
    grant = given(nodes)
    seen = SeeGrant(by=RULE, grant=grant, seen=grant, state="ended", disposed=(bills(DISTRICT),))
    assert len(nodes.carry_out(CITY, seen)) == 1
    (later,) = nodes.carry_out(DISTRICT, AddDepartment(department=department(DISTRICT, "another"), name="another"))
    nodes.bring_all()
    assert len(nodes.carry_out(CITY, msgspec.structs.replace(seen, seen=later))) == 1
    assert nodes.carry_out(CITY, seen) == []
    assert nodes.books[CITY].disposed[bills(DISTRICT)] == {CITY: later[1]}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"by": AUTHORITY}, "not-entitled"),
        ({"grant": (DISTRICT, 1)}, "no-such-grant"),
        ({"seen": (DISTRICT, 1)}, "no-such-grant"),
        ({"seen": (CITY, 20)}, "no-such-grant"),
        ({"seen": (DISTRICT, 999)}, "no-such-grant"),
        ({"disposed": (bills(DISTRICT),) * 2}, "no-such-copy"),
        ({"disposed": (bills(CITY),)}, "no-such-copy"),
    ],
)
def test_nobody_tells_it_for_a_node(nodes: Nodes, change: dict[str, Any], code: str) -> None:
    """It is the node's own word, of a grant that it knows, by an event of its owner."""
    grant = given(nodes)
    seen = SeeGrant(by=RULE, grant=grant, seen=grant, state="flowing")
    assert refusal(nodes, CITY, msgspec.structs.replace(seen, **change)).code == code
