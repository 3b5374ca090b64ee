"""Answers for node/control/asking.py."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from node.control.answering import rule_answers
from node.control.commands import (
    AddDepartment,
    AmendRequest,
    ApplyCatalogue,
    CatalogueItem,
    Command,
    ConsentExtension,
    EndGrant,
    ExtendRequest,
    NewRequest,
    WithdrawRequest,
)
from node.control.decide import decide
from node.control.requests import state
from node.errors import CommandRefused
from node.model.items import SharingTerms
from node.model.names import Department, Division, Topic
from node.model.values import EventRef, Kind
from tests.control.acting import CITY, DISTRICT, PROVINCE, Nodes, actor, answered, approved, asked, bills, department, settled
from tests.control.offers import NAME
from tests.control.test_items import PASS, PUBLISH, SUBMIT, World, draft, published

POLICE = department(CITY)
STEWARD, HEAD = actor("steward", POLICE), actor("head", POLICE)


@pytest.fixture
def nodes() -> Nodes:
    """Three nodes, nothing asked yet."""
    return settled()


def asked_for(nodes: Nodes, **parts: Any) -> EventRef:
    """A request of the city's police for the district's resource."""
    (request,) = nodes.carry_out(CITY, asked(CITY, DISTRICT, **parts))
    return request


def amend(request: EventRef, by: Any = STEWARD, **parts: Any) -> AmendRequest:
    """Ask in other words."""
    told: dict[str, Any] = {"basis": "依据", "purpose": "核对年报"} | parts
    return AmendRequest(by=by, request=request, **told)


def refusal(nodes: Nodes, node: Division, command: Command) -> CommandRefused:
    """The refusal of a command, which is in both languages and leaves the node's log as it is."""
    tail = nodes.books[node].tail(node)
    with pytest.raises(CommandRefused) as refused:
        nodes.carry_out(node, command)
    assert refused.value.en.isascii()
    assert any("\u4e00" <= letter <= "\u9fff" for letter in refused.value.zh)
    assert nodes.books[node].tail(node) == tail
    return refused.value


def test_a_request_goes_its_way(nodes: Nodes) -> None:
    """Made by a steward, told incomplete, amended in answer to that, approved anew; each node sees it once it is brought."""
    request = asked_for(nodes, fields=("code", "sum"), rows="sum > 3", masks={"sum": "round:10"}, way="file", until="2026-12-31")
    assert {state(made) for made in nodes.books[CITY].requests.values()} == {"draft"}
    nodes.carry_out(CITY, approved(request))
    assert request not in nodes.books[DISTRICT].requests
    nodes.bring_all()
    (told,) = nodes.carry_out(DISTRICT, answered(request, DISTRICT, "incomplete", missing=("依据的条款",)))
    nodes.bring_all()
    nodes.carry_out(CITY, amend(request))
    nodes.carry_out(CITY, amend(request, purpose="另一用途"))
    assert [event.answers for event in nodes.history[-2:]] == [told, None]
    nodes.carry_out(CITY, approved(request, 3))
    nodes.bring_all()
    assert {state(book.requests[request]) for book in nodes.books.values()} == {"waiting"}
    assert nodes.books[PROVINCE].requests[request].value.purpose == "另一用途"


def test_what_is_asked_twice_is_asked_once(nodes: Nodes) -> None:
    """While it is good for something; after a refusal, a withdrawal, or the end of its grant it is another request."""
    by_rule = asked(CITY, PROVINCE, until="2026-11-23")
    (first,) = nodes.carry_out(CITY, by_rule)
    nodes.carry_out(CITY, approved(first))
    assert decide(by_rule, nodes.books[CITY], CITY, nodes.at) == []
    assert len(nodes.carry_out(CITY, asked(CITY, PROVINCE, HEAD, until="2026-11-23"))) == 1
    nodes.bring_all()
    (consent,) = rule_answers(nodes.books[PROVINCE], PROVINCE, nodes.at)
    given = nodes.carry_out(PROVINCE, consent)[-1]
    nodes.bring_all()
    assert decide(by_rule, nodes.books[CITY], CITY, nodes.at) == []
    with pytest.raises(CommandRefused, match="past"):
        decide(by_rule, nodes.books[CITY], CITY, nodes.at + timedelta(days=2))
    nodes.carry_out(PROVINCE, EndGrant(grant=given, by=actor("authority")))
    nodes.bring_all()
    (second,) = nodes.carry_out(CITY, by_rule)
    nodes.carry_out(CITY, WithdrawRequest(by=STEWARD, request=second))
    assert len(nodes.carry_out(CITY, by_rule)) == 1


@pytest.mark.parametrize(
    ("parts", "code", "part"),
    [
        ({"basis": " ", "purpose": ""}, "incomplete", "basis and purpose"),
        ({"purpose": ""}, "incomplete", "purpose"),
        ({"basis": "x" * 4097}, "too-long", "basis"),
        ({"until": "x"}, "bad-day", "until"),
        ({"until": "2026-11-21"}, "past", "2026-11-21"),
        ({"way": "interface"}, "way-comes-later", "later"),
        ({"fields": ("none",)}, "bad-selection", "fields: none"),
        ({"fields": ()}, "bad-selection", "fields"),
        ({"rows": "some == 1"}, "bad-selection", "rows: column 1"),
        ({"rows": "sum == 'x'"}, "bad-selection", "rows: column"),
        ({"rows": "sum > 5 && sum < 3"}, "bad-selection", "rows"),
        ({"rows": "sum > 3 && 'x' == sum"}, "bad-selection", "catalogue show 445102.tax.bills"),
        ({"masks": {"sum": "keep-first:1"}}, "bad-selection", "masks: sum"),
        ({"masks": {"sum": "newer"}}, "bad-selection", "masks: sum"),
        ({"fields": ("sum",) * 1025}, "bad-selection", "fields"),
        ({"renews": (DISTRICT, 1)}, "no-such-grant", "445102/1"),
        ({"taker": department(DISTRICT)}, "not-own-department", "445102"),
        ({"taker": department(CITY, "health")}, "no-such-department", "445100.health"),
        ({"taker": "445100"}, "bad-name", "445100"),
        ({"by": HEAD, "taker": department(CITY, "tax")}, "not-entitled", "steward or head of 445100.tax"),
        ({"by": actor("operator", POLICE)}, "not-entitled", "operator"),
    ],
)
def test_what_cannot_be_asked_is_told_at_once(nodes: Nodes, parts: dict[str, Any], code: str, part: str) -> None:
    """With its code and the place of it, before anybody else sees it."""
    refused = refusal(nodes, CITY, asked(CITY, DISTRICT, **parts))
    assert refused.code == code
    assert part in refused.en


def test_the_resource_must_be_another_departments_and_shared(nodes: Nodes) -> None:
    """One that this node does not know is not there; a department of the same node may ask; what is not shared has a legal basis."""
    unknown = msgspec.structs.replace(asked(CITY, DISTRICT), resource=Topic("445102.tax.none"))
    assert refusal(nodes, CITY, unknown).code == "no-such-resource"
    assert refusal(nodes, CITY, msgspec.structs.replace(unknown, resource=Topic("445102.tax"))).code == "bad-name"
    tax = department(CITY, "tax")
    assert refusal(nodes, CITY, asked(CITY, CITY, taker=tax)).code == "own-resource"
    assert nodes.carry_out(CITY, asked(CITY, CITY))
    nodes.share(DISTRICT, "not-shared", legal_basis="Statistics Law Art. 9")
    nodes.bring_all()
    refused = refusal(nodes, CITY, asked(CITY, DISTRICT))
    assert refused.code == "not-shared"
    assert "Statistics Law Art. 9" in refused.zh


def test_only_a_way_that_the_item_offers_can_be_asked_for() -> None:
    """By what is in force; the refusal tells which ways there are, and that look-ups come later even where they are offered."""
    world = published(World())
    world.tell(AddDepartment(department=Department("445102.police"), name="公安局"))
    steward = actor("steward", "445102.police")
    want = NewRequest(by=steward, resource=NAME, taker=steward.department, basis="依据", purpose="核对", way="file")
    assert world.kinds(want) == ["request"]
    world.tell(draft(version=2, sharing=SharingTerms(type="unconditional", ways=("stream", "interface"))))
    for command in (SUBMIT, PASS, PUBLISH):
        world.tell(command)
    refused = world.refused(msgspec.structs.replace(want, purpose="又"))
    assert (refused.code, "only by stream, interface" in refused.en) == ("way-not-offered", True)
    assert world.refused(msgspec.structs.replace(want, way="interface")).code == "way-comes-later"
    assert world.kinds(msgspec.structs.replace(want, way="stream")) == ["request"]


def test_an_amendment_is_held_to_the_same(nodes: Nodes) -> None:
    """By whoever may ask, on the asker's node, and in a state that has it."""
    request = asked_for(nodes)
    assert refusal(nodes, CITY, amend(request, fields=("none",))).code == "bad-selection"
    assert refusal(nodes, CITY, amend(request, actor("head", department(CITY, "tax")))).code == "not-entitled"
    assert refusal(nodes, CITY, amend((CITY, 1))).code == "no-such-request"
    nodes.bring_all()
    assert refusal(nodes, DISTRICT, amend(request)).code == "not-own-request"
    nodes.carry_out(CITY, WithdrawRequest(by=STEWARD, request=request))
    assert refusal(nodes, CITY, amend(request)).code == "wrong-state"


def test_a_head_approves_what_it_has_read(nodes: Nodes) -> None:
    """The newest version, once; a steward does not; another head who comes later is told."""
    request = asked_for(nodes)
    assert refusal(nodes, CITY, msgspec.structs.replace(approved(request), by=STEWARD)).code == "not-entitled"
    nodes.carry_out(CITY, amend(request))
    assert refusal(nodes, CITY, approved(request)).code == "superseded"
    nodes.carry_out(CITY, approved(request, 2))
    other = msgspec.structs.replace(approved(request, 2), by=actor("head", POLICE, "another"))
    assert "is waiting" in refusal(nodes, CITY, other).en


def test_a_withdrawal_is_for_what_is_not_answered(nodes: Nodes) -> None:
    """Draft, waiting and incomplete; by the steward too. Twice in the same words is once."""
    request = asked_for(nodes)
    nodes.carry_out(CITY, approved(request))
    nodes.bring_all()
    nodes.carry_out(DISTRICT, answered(request, DISTRICT, "refuse", reason="超出职责"))
    crossing = WithdrawRequest(by=STEWARD, request=request, reason="不再需要")
    assert len(decide(crossing, nodes.books[CITY], CITY, nodes.at)) == 1
    nodes.bring_all()
    assert "answered-refused" in refusal(nodes, CITY, crossing).en
    assert refusal(nodes, CITY, msgspec.structs.replace(crossing, reason="x" * 4097)).code == "too-long"
    assert refusal(nodes, CITY, msgspec.structs.replace(crossing, by=actor("inspector"))).code == "not-entitled"


def test_more_days_are_given_once(nodes: Nodes) -> None:
    """By the asker's head, in answer to the owner's wish for them, and only while it waits."""
    request = asked_for(nodes)
    consent = ConsentExtension(by=HEAD, request=request)
    assert "draft" in refusal(nodes, CITY, consent).en
    nodes.carry_out(CITY, approved(request))
    assert "nobody asked" in refusal(nodes, CITY, consent).en
    nodes.bring_all()
    (wish,) = nodes.carry_out(
        DISTRICT, ExtendRequest(by=actor("head", department(DISTRICT, "tax")), request=request, days=5, reason="需会商")
    )
    nodes.bring_all()
    assert refusal(nodes, CITY, msgspec.structs.replace(consent, by=STEWARD)).code == "not-entitled"
    nodes.carry_out(CITY, consent)
    assert nodes.history[-1].answers == wish
    other = msgspec.structs.replace(consent, by=actor("head", POLICE, "another"))
    assert "were given before" in refusal(nodes, CITY, other).en


def test_a_renewal_names_a_standing_grant_of_the_same_taker(nodes: Nodes) -> None:
    """Before its term ends; after that it is a new request."""
    (request,) = nodes.carry_out(CITY, asked(CITY, PROVINCE, until="2026-11-23"))
    nodes.carry_out(CITY, approved(request))
    nodes.bring_all()
    given = nodes.carry_out(PROVINCE, rule_answers(nodes.books[PROVINCE], PROVINCE, nodes.at)[0])[-1]
    nodes.bring_all()
    renewal = asked(CITY, PROVINCE, until="2027-11-23", renews=given)
    assert decide(renewal, nodes.books[CITY], CITY, nodes.at + timedelta(days=1))
    with pytest.raises(CommandRefused) as refused:
        decide(renewal, nodes.books[CITY], CITY, nodes.at + timedelta(days=2))
    assert refused.value.code == "grant-over"
    assert refusal(nodes, CITY, asked(CITY, DISTRICT, renews=given)).code == "no-such-grant"
    nodes.carry_out(PROVINCE, EndGrant(grant=given, by=actor("authority")))
    nodes.bring_all()
    assert refusal(nodes, CITY, renewal).code == "grant-over"


def test_the_schema_is_the_newest_that_is_known(nodes: Nodes) -> None:
    """A field that the owner added can be asked for as soon as its log has come."""
    fields = [
        {"name": "code", "type": "string"},
        {"name": "sum", "type": "long", "default": 0},
        {"name": "note", "type": "string", "default": ""},
    ]
    schema: dict[str, object] = {"type": "record", "name": "Bill", "key": ["code"], "fields": fields}
    item = CatalogueItem(name=bills(DISTRICT), title="账单", kind=Kind.STATE, schema=schema, partitions=1)
    nodes.carry_out(DISTRICT, ApplyCatalogue(resources=(item,)))
    assert refusal(nodes, CITY, asked(CITY, DISTRICT, fields=("note",))).code == "bad-selection"
    nodes.bring_all()
    assert nodes.carry_out(CITY, asked(CITY, DISTRICT, fields=("note",)))
