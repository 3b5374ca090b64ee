"""Answers for node/control/answering.py."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from node.control.answering import rule_answers
from node.control.commands import AmendRequest, AnswerRequest, ApplyCatalogue, CatalogueItem, EndGrant, ExtendRequest, WithdrawRequest
from node.control.decide import decide
from node.control.requests import state
from node.model.names import Division
from node.model.values import RULE, EventRef, GrantValue, Kind
from tests.control.acting import CITY, DISTRICT, PROVINCE, SCHEMA, Nodes, actor, answered, approved, asked, bills, department, settled
from tests.control.test_asking import refusal

HEAD, STEWARD = actor("head", department(DISTRICT, "tax")), actor("steward", department(DISTRICT, "tax"))


@pytest.fixture
def nodes() -> Nodes:
    """Three nodes, nothing asked yet."""
    return settled()


def waiting(nodes: Nodes, owner: Division = DISTRICT, asker: Division = CITY, **parts: Any) -> EventRef:
    """A request that waits for its owner, on every node."""
    (request,) = nodes.carry_out(asker, asked(asker, owner, **parts))
    nodes.carry_out(asker, approved(request))
    nodes.bring_all()
    return request


def extension(request: EventRef, by: Any = HEAD, days: int = 5, reason: str = "需会商") -> ExtendRequest:
    """A wish for more days."""
    return ExtendRequest(by=by, request=request, days=days, reason=reason)


def test_a_consent_makes_the_grant(nodes: Nodes) -> None:
    """The view's schema, the answer and the grant in one run; both answer the approval, so that no node has a grant without it."""
    request = waiting(nodes, fields=("code",), rows="sum > 3", way="file", until="2026-12-31")
    approval = nodes.books[DISTRICT].requests[request].approvals[1].ref
    nodes.carry_out(DISTRICT, answered(request, DISTRICT))
    said = nodes.history[-3:]
    assert [(event.kind, event.answers) for event in said] == [("schema", None), ("request-answered", approval), ("grant", approval)]
    assert said[2].body == GrantValue(
        resource=bills(DISTRICT),
        taker=department(CITY),
        purpose="核对",
        fields=("code",),
        rows="sum > 3",
        way="file",
        until="2026-12-31",
        request=request,
    )
    nodes.bring_all()
    for book in nodes.books.values():
        assert state(book.requests[request]) == "granted"
        assert book.requests[request].grant == said[2].ref
        assert [grant.request for grant in book.active(nodes.at.date())] == [request]


def test_a_views_schema_is_said_once(nodes: Nodes) -> None:
    """Whoever folds a grant can read what it lets move; another of the same fields, or of other rows or times of all, has nothing new to say."""
    kinds = []
    for parts in ({"fields": ("sum",)}, {"fields": ("sum",), "rows": "sum > 3"}, {"history": "from-now"}, {"fields": ("code",)}):
        said = len(nodes.history) + 2
        request = waiting(nodes, purpose=str(said), **parts)
        nodes.carry_out(DISTRICT, answered(request, DISTRICT))
        kinds.append([event.kind for event in nodes.history[said:]])
    new, old = ["schema", "request-answered", "grant"], ["request-answered", "grant"]
    assert kinds == [new, old, old, new]


def test_a_whole_resource_needs_no_schema(nodes: Nodes) -> None:
    """The resource's own is there already; and a department of the owner's node is a taker as any other."""
    request = waiting(nodes, asker=DISTRICT)
    nodes.carry_out(DISTRICT, answered(request, DISTRICT, reason="职责所需"))
    assert [event.kind for event in nodes.history[-2:]] == ["request-answered", "grant"]
    assert state(nodes.books[DISTRICT].requests[request]) == "granted"


def test_a_refusal_has_its_reason(nodes: Nodes) -> None:
    """It makes no grant, and nothing comes after it."""
    request = waiting(nodes)
    assert refusal(nodes, DISTRICT, answered(request, DISTRICT, "refuse")).code == "empty"
    nodes.carry_out(DISTRICT, answered(request, DISTRICT, "refuse", reason="超出职责"))
    assert state(nodes.books[DISTRICT].requests[request]) == "answered-refused"
    assert not nodes.books[DISTRICT].grants


def test_of_two_heads_the_first_decides(nodes: Nodes) -> None:
    """The other is told that it is decided; the same head in the same words says nothing new."""
    request = waiting(nodes)
    nodes.carry_out(DISTRICT, answered(request, DISTRICT))
    other = msgspec.structs.replace(answered(request, DISTRICT, "refuse", reason="超出职责"), by=actor("head", HEAD.department, "another"))
    assert "is granted since" in refusal(nodes, DISTRICT, other).en
    assert refusal(nodes, DISTRICT, msgspec.structs.replace(other, answer="consent")).code == "wrong-state"


def test_all_that_is_missing_is_told_at_once(nodes: Nodes) -> None:
    """By the owner's steward or head; then it is the asker's turn, and more is not added one by one."""
    request = waiting(nodes)
    told = answered(request, DISTRICT, "incomplete", missing=("依据的条款", "使用部门"))
    for missing, code in (((), "out-of-bounds"), (("x",) * 65, "out-of-bounds"), (("x", " "), "empty"), (("x" * 4097,), "too-long")):
        assert refusal(nodes, DISTRICT, msgspec.structs.replace(told, missing=missing)).code == code
    nodes.carry_out(DISTRICT, msgspec.structs.replace(told, by=STEWARD))
    assert "is incomplete: what may be done with it: amend, withdraw" in refusal(nodes, DISTRICT, told).en
    assert refusal(nodes, DISTRICT, answered(request, DISTRICT)).code == "wrong-state"
    assert refusal(nodes, DISTRICT, extension(request)).code == "wrong-state"


def test_nobody_answers_what_he_may_not(nodes: Nodes) -> None:
    """The owner's head on the owner's node; the rule where it holds; an unconditional item by its head too."""
    request = waiting(nodes)
    consent = answered(request, DISTRICT)
    for by in (STEWARD, actor("authority"), actor("operator"), actor("head", department(CITY)), RULE):
        assert refusal(nodes, DISTRICT, msgspec.structs.replace(consent, by=by)).code == "not-entitled"
        assert refusal(nodes, DISTRICT, extension(request, by)).code == "not-entitled"
    assert refusal(nodes, CITY, consent).code == "not-own-resource"
    assert refusal(nodes, DISTRICT, msgspec.structs.replace(consent, request=(CITY, 1))).code == "no-such-request"
    assert refusal(nodes, DISTRICT, msgspec.structs.replace(consent, missing=("x",))).code == "malformed"
    assert refusal(nodes, DISTRICT, msgspec.structs.replace(consent, reason="x" * 4097)).code == "too-long"
    free = waiting(nodes, PROVINCE)
    for answer in ("refuse", "incomplete"):
        by_rule = AnswerRequest(by=RULE, request=free, version=1, answer=answer, reason="x", missing=("x",))
        assert refusal(nodes, PROVINCE, by_rule).code == "not-entitled"
    assert nodes.carry_out(PROVINCE, answered(free, PROVINCE))


def test_a_version_that_was_not_read_is_not_consented_to(nodes: Nodes) -> None:
    """An amendment that has come makes the head read again; one that has not crosses, and the answer stands for what was read."""
    request, other = waiting(nodes), waiting(nodes, purpose="别的")
    for one in (request, other):
        nodes.carry_out(CITY, AmendRequest(by=actor("steward", department(CITY)), request=one, basis="依据", purpose="更多"))
        nodes.carry_out(CITY, approved(one, 2))
    nodes.carry_out(DISTRICT, answered(other, DISTRICT))
    nodes.bring_all()
    assert refusal(nodes, DISTRICT, answered(request, DISTRICT)).code == "superseded"
    nodes.carry_out(DISTRICT, answered(request, DISTRICT, version=2))
    nodes.bring_all()
    for book in nodes.books.values():
        assert not book.refused
        purposes = {ref: book.grants[made.grant].value.purpose for ref, made in book.requests.items() if made.grant is not None}
        assert purposes == {request: "更多", other: "别的"}
        assert (book.requests[other].superseded, book.requests[request].superseded) == (1, 0)


def test_what_no_longer_holds_is_not_consented_to(nodes: Nodes) -> None:
    """A field that the newest version has not, a term that is past, an item that is not shared any more: refused with the reason."""
    request = waiting(nodes, fields=("sum",), until="2026-11-23")
    late = nodes.at + timedelta(days=2)
    with pytest.raises(Exception, match="2026-11-23") as refused:
        decide(answered(request, DISTRICT), nodes.books[DISTRICT], DISTRICT, late)
    assert getattr(refused.value, "code", "") == "past"
    less = SCHEMA | {"fields": [{"name": "code", "type": "string"}]}
    item = CatalogueItem(name=bills(DISTRICT), title="账单", kind=Kind.STATE, schema=less, partitions=1)
    nodes.carry_out(DISTRICT, ApplyCatalogue(resources=(item,)))
    misfit = refusal(nodes, DISTRICT, answered(request, DISTRICT))
    assert misfit.code == "bad-selection"
    assert "fields: sum" in misfit.en
    assert "refuse it with this reason" in misfit.en
    nodes.share(DISTRICT, "not-shared", legal_basis="Statistics Law Art. 9")
    assert refusal(nodes, DISTRICT, answered(request, DISTRICT)).code == "not-shared"
    nodes.carry_out(DISTRICT, answered(request, DISTRICT, "refuse", reason="字段已取消"))


def test_more_days_are_wished_for_once(nodes: Nodes) -> None:
    """Ten at most, with a reason, while the request waits; again is told to answer."""
    request = waiting(nodes)
    for days, reason, code in ((0, "x", "out-of-bounds"), (11, "x", "out-of-bounds"), (5, "", "empty")):
        assert refusal(nodes, DISTRICT, extension(request, days=days, reason=reason)).code == code
    nodes.carry_out(DISTRICT, extension(request))
    assert "5 more days were asked for before" in refusal(nodes, DISTRICT, extension(request, days=6)).en
    assert nodes.carry_out(DISTRICT, answered(request, DISTRICT))


def test_the_rule_consents_to_unconditional_items(nodes: Nodes) -> None:
    """As soon as the approval is there, to what fits; what does not, and what is conditional, is for the owner's head."""
    book = nodes.books[PROVINCE]
    free, bound = waiting(nodes, PROVINCE, fields=("code",)), waiting(nodes, DISTRICT)
    assert rule_answers(nodes.books[DISTRICT], DISTRICT, nodes.at) == rule_answers(book, CITY, nodes.at) == []
    (consent,) = rule_answers(book, PROVINCE, nodes.at)
    assert consent == AnswerRequest(by=RULE, request=free, version=1, answer="consent")
    nodes.share(PROVINCE, "conditional")
    assert rule_answers(book, PROVINCE, nodes.at) == []
    nodes.share(PROVINCE, "unconditional")
    nodes.carry_out(PROVINCE, consent)
    assert rule_answers(book, PROVINCE, nodes.at) == []
    assert [state(book.requests[ref]) for ref in (free, bound)] == ["granted", "waiting"]
    late = waiting(nodes, PROVINCE, until="2026-11-23")
    assert rule_answers(book, PROVINCE, nodes.at + timedelta(days=2)) == []
    assert [one.request for one in rule_answers(book, PROVINCE, nodes.at) if isinstance(one, AnswerRequest)] == [late]


def test_the_rule_ends_what_was_withdrawn_meanwhile(nodes: Nodes) -> None:
    """A consent and a withdrawal cross: nothing moves on any node that knows of both, and the owner's node ends the grant."""
    request = waiting(nodes)
    given = nodes.carry_out(DISTRICT, answered(request, DISTRICT))[-1]
    (withdrawal,) = nodes.carry_out(CITY, WithdrawRequest(by=actor("steward", department(CITY)), request=request))
    assert list(nodes.books[DISTRICT].active(nodes.at.date()))
    nodes.bring_all()
    for book in nodes.books.values():
        assert state(book.requests[request]) == "withdrawn"
        assert not list(book.active(nodes.at.date()))
        assert list(book.unended_on(bills(DISTRICT)))
    (end,) = rule_answers(nodes.books[DISTRICT], DISTRICT, nodes.at)
    assert end == EndGrant(grant=given, reason="withdrawn", by=RULE)
    nodes.carry_out(DISTRICT, end)
    assert nodes.history[-1].answers == withdrawal
    nodes.bring_all()
    assert all(book.grants[given].ended and not book.unsettled for book in nodes.books.values())
