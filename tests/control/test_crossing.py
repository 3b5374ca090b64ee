"""Requests and grants on several nodes at once: random acts by random actors, logs that come late, again and in any order."""

from collections import Counter
from datetime import date
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.control import bodies
from node.control.answering import rule_answers
from node.control.bodies import KIND_OF, KINDS, Body, GrantAct, OwnerAct, RequestAct
from node.control.book import Book
from node.control.commands import (
    AmendRequest,
    AnswerRequest,
    ApproveRequest,
    Command,
    ConsentExtension,
    EndGrant,
    ExtendRequest,
    FileEnd,
    ResumeGrant,
    SeeGrant,
    SuspendGrant,
    WithdrawRequest,
)
from node.control.requests import granted, state
from node.errors import CommandRefused
from node.model.names import Division, department_of, division_of
from node.model.values import (
    RULE,
    Actor,
    EndFiledValue,
    EventRef,
    ExtensionConsentedValue,
    ExtensionValue,
    GrantEndedValue,
    GrantResumedValue,
    GrantSeenValue,
    GrantSuspendedValue,
    GrantValue,
    RequestAmendedValue,
    RequestAnsweredValue,
    RequestApprovedValue,
    RequestIncompleteValue,
    RequestValue,
    RequestWithdrawnValue,
    Role,
)
from tests.control import slow_model
from tests.control.acting import CITY, DISTRICT, NODES, PROVINCE, Nodes, actor, asked, bills, department, settled

OLD_KINDS = {"division", "department", "schema", "resource", "grant", "grant-ended"}
TODAY = date(2026, 11, 22)
Deed = tuple[str, int, int, int]
ASKING = ["new", "new", *["approve"] * 6, "amend", "withdraw", *["consent-extension"] * 3]
ANSWERING = [*["consent"] * 5, "refuse", "incomplete", "extend", "extend", "extend", "rule"]
AFTER = ["suspend", "resume", "file", "end", "see"]
PARTS: list[dict[str, Any]] = [{}, {"fields": ("code",)}, {"history": "from-now"}, {"masks": {"sum": "round:10"}}, {"until": "2026-12-31"}]
ROLES: list[Role] = ["steward", "head", "authority", "operator", "inspector", "rule"]

WHAT = ["bring"] * 6 + ASKING + ANSWERING + AFTER
deeds = st.tuples(st.sampled_from(WHAT), st.integers(0, 8), st.integers(0, 19), st.integers(0, 5))


def act(nodes: Nodes, deed: Deed, *, strict: bool = True) -> None:
    """Do a deed; a refusal says nothing, and what is said was allowed to its author by what that knew, where nobody lies (`strict`)."""
    what, pick, slip, more = deed
    if what == "bring":
        nodes.bring(NODES[pick % 3], NODES[(pick + 1 + slip % 2) % 3], count=1 + 3 * more, again=pick)
        return
    if what == "rule":
        here = NODES[pick % 3]
        for command in rule_answers(nodes.books[here], here, nodes.at):
            assert nodes.carry_out(here, command)
        return
    here, told = meant(nodes, what, pick, slip, more)
    if told is None:
        return
    known, before = list(nodes.known(here)), len(nodes.history)
    try:
        nodes.carry_out(here, told)
    except CommandRefused:
        assert len(nodes.history) == before
    for event in nodes.history[before:]:
        allowed = slow_model.ALLOWED.get(type(event.body))
        if strict and allowed is not None and isinstance(event.body, RequestAct):
            assert slow_model.state(known, event.body.request) in allowed


def meant(nodes: Nodes, what: str, pick: int, slip: int, more: int) -> tuple[Division, Command | None]:
    """What is tried, and on which node: mostly by somebody who may, on the node where it belongs."""
    if what == "new":
        taker, owner = NODES[pick % 3], NODES[more % 3]
        by = actor(ROLES[slip % 6] if slip < 3 else "steward", department(taker))
        return taker if slip != 3 else owner, asked(taker, owner, by, **PARTS[more % 5])
    side = [event for event in nodes.history if isinstance(event.body, GrantValue if what in AFTER else RequestValue)]
    side = [event for event in side if type(event.body) in {GrantValue, RequestValue}]
    if not side:
        return PROVINCE, None
    event = side[pick % len(side)]
    assert isinstance(event.body, GrantValue | RequestValue)
    holder = department_of(event.body.resource)
    here = NODES[more % 3] if what == "see" else event.author if what in ASKING else division_of(holder)
    asker = what in ASKING
    role: Role = "head" if not (what in AFTER and what != "file") else "authority"
    by = actor(
        ROLES[slip % 6] if slip < 2 else role,
        (event.body.taker if asker else holder) if slip != 2 else department(here, "tax"),
        str(more % 2),
    )
    return here if slip != 3 else NODES[more % 3], command(what, by, event.ref, nodes.books[here], more)


def command(what: str, by: Any, ref: EventRef, book: Book, more: int) -> Command:
    """A command on a request or a grant, whose versions are mostly read before."""
    request = book.requests.get(ref)
    version = (len(request.versions) if request is not None else 1) - (more == 5)
    grant = book.grants.get(ref)
    made: dict[str, Command] = {
        "amend": AmendRequest(by=by, request=ref, basis=f"依据 {more}", purpose="核对", **PARTS[more % 5]),
        "approve": ApproveRequest(by=by, request=ref, version=max(version, 1)),
        "withdraw": WithdrawRequest(by=by, request=ref, reason="不再需要" * (more % 2)),
        "consent-extension": ConsentExtension(by=by, request=ref),
        "consent": AnswerRequest(by=by, request=ref, version=max(version, 1), answer="consent"),
        "refuse": AnswerRequest(by=by, request=ref, version=max(version, 1), answer="refuse", reason="超出职责"),
        "incomplete": AnswerRequest(by=by, request=ref, version=max(version, 1), answer="incomplete", missing=("依据的条款",)),
        "extend": ExtendRequest(by=by, request=ref, days=1 + more, reason="需会商"),
        "suspend": SuspendGrant(by=by, grant=ref, reason="超范围使用"),
        "resume": ResumeGrant(by=by, grant=ref),
        "file": FileEnd(by=by, grant=ref, reason="系统停用"),
        "end": EndGrant(by=by, grant=ref, filed=grant.filed.ref if grant is not None and grant.filed else None),
        "see": SeeGrant(by=RULE if more else by, grant=ref, seen=ref, state="flowing" if more % 2 else "ended"),
    }
    return made[what]


def told_by(book: Book) -> object:
    """All that a book tells of requests and grants, and of what moved nothing."""
    active = {grant.ref for grant in book.active(TODAY)}
    return (
        book.requests,
        book.grants,
        book.disposed,
        book.unsettled,
        active,
        book.refused,
        book.unknown,
        book.heads,
        book.broken,
        book.waiting,
    )


def folded(logs: dict[Division, list[bytes]], dice: Random) -> Book:
    """A book of all logs, their records in some order, some of them twice."""
    book, at = Book(), dict.fromkeys(logs, 0)
    order = [author for author, values in logs.items() for _ in values]
    dice.shuffle(order)
    for author in order:
        at[author] += 1
        for index in (at[author] - 1, dice.randrange(at[author])):
            book.fold(author, logs[author][index])
    return book


def check_alike(nodes: Nodes, dice: Random) -> Book:
    """When all is brought, all books are the same, whatever way it came; nothing moved one of them and was refused by another."""
    nodes.bring_all()
    expected = told_by(nodes.books[PROVINCE])
    for book in (nodes.books[CITY], nodes.books[DISTRICT], folded(nodes.logs, dice), folded(nodes.logs, dice)):
        assert told_by(book) == expected
    return nodes.books[PROVINCE]


@settings(max_examples=50, deadline=None)
@given(st.lists(deeds, max_size=80), st.integers(0, 2**32))
def test_whatever_is_done_all_nodes_agree(done: list[Deed], seed: int) -> None:
    """All books end equal and as a model that knows all in true order; each grant has two approvals, each act its state and its actor."""
    check_deeds(done, seed)


@pytest.mark.full
@pytest.mark.timeout(1200)
@settings(max_examples=1000, deadline=None)
@given(st.lists(deeds, max_size=300), st.integers(0, 2**32))
def test_whatever_is_done_for_long_all_nodes_agree(done: list[Deed], seed: int) -> None:
    """The same with many more and longer courses."""
    check_deeds(done, seed)


def check_deeds(done: list[Deed], seed: int) -> None:
    """Do all of it, bring all of it, and hold it against the model."""
    dice, nodes = Random(seed), settled()
    for deed in done:
        act(nodes, deed)
    for _ in range(150):  # Hypothesis likes short courses and the first of each choice; these go on from there
        act(nodes, (dice.choice(WHAT), dice.randrange(9), dice.randrange(20), dice.randrange(6)))
    book = check_alike(nodes, dice)
    assert not book.refused
    assert not book.unknown
    said = nodes.history
    assert book.requests.keys() == slow_model.requests(said)
    assert {ref: state(request) for ref, request in book.requests.items()} == {ref: slow_model.state(said, ref) for ref in book.requests}
    assert {grant.ref for grant in book.active(TODAY)} == {
        ref for ref in slow_model.active(said) if not (until := book.grants[ref].value.until) or until >= TODAY.isoformat()
    }
    assert {ref for ref, grant in book.grants.items() if grant.suspended} == {ref for ref in book.grants if slow_model.suspended(said, ref)}
    slow_model.check_two_approvals(said, {bills(PROVINCE)})
    for event in said[nodes.ground :]:
        slow_model.check_entitled(event, said)
    check_rules_settle(nodes, dice)


def check_rules_settle(nodes: Nodes, dice: Random) -> None:
    """Once the links are up, the rules say what is left to them and then nothing more: no withdrawn request has a grant that stands."""
    for here in NODES:
        for one in rule_answers(nodes.books[here], here, nodes.at):
            assert nodes.carry_out(here, one)
    book = check_alike(nodes, dice)
    assert not any(rule_answers(book, here, nodes.at) for here in NODES)
    for request in book.requests.values():
        assert state(request) != "waiting" or request.value.resource != bills(PROVINCE)
        assert state(request) != "withdrawn" or request.grant is None or book.grants[request.grant].ended


def lie(nodes: Nodes, dice: Random) -> str:
    """Let a node say something of a request or a grant, true or not, in answer to an event that it knows; return the kind if it moved its book."""
    made = [event for event in nodes.history if type(event.body) in {RequestValue, GrantValue}]
    if not made:
        return ""
    event = dice.choice(made)
    assert isinstance(event.body, RequestValue | GrantValue)
    of = dice.choice([event.body.taker, department_of(event.body.resource)])
    here = division_of(of) if dice.random() < 0.9 else dice.choice(NODES)
    known = list(nodes.known(here))
    by = (
        RULE
        if dice.random() < 0.1
        else actor(dice.choice(["steward", "head", "head", "head", "authority"]), of if dice.random() < 0.9 else "")
    )
    about = event.ref if dice.random() < 0.9 else (event.author, event.sequence + dice.randrange(3))
    body = dice.choice(sayings(event.body, by, about, dice))
    near = [one for one in known if about in {getattr(one.body, "request", None), getattr(one.body, "grant", None), one.ref}]
    if isinstance(body, OwnerAct | GrantValue) and dice.random() < 0.8:
        near = [one for one in near if isinstance(one.body, RequestApprovedValue)]
    answers = dice.choice(near).ref if near and dice.random() < 0.8 else None
    return KIND_OF[type(body)] if nodes.lie(here, body, answers) else ""


def sayings(first: RequestValue | GrantValue, by: Actor, about: EventRef, dice: Random) -> list[Body]:
    """What might be said of a request, or of a grant, some of it in words that nobody asked for."""
    reason, version = "x", dice.choice([1, 1, 1, 2, 3])
    if isinstance(first, GrantValue):
        filed = about if dice.random() < 0.3 else None
        return [
            GrantEndedValue(grant=about, by=by, filed=filed),
            GrantSuspendedValue(by=by, grant=about, reason=reason),
            GrantResumedValue(by=by, grant=about),
            EndFiledValue(by=by, grant=about, reason=reason),
            GrantSeenValue(by=by, grant=about, state="flowing"),
        ]
    parts = msgspec.structs.asdict(first) | dice.choice(PARTS) | {"by": by}
    if dice.random() < 0.1:
        parts["taker"] = department(dice.choice(NODES))
    value = RequestValue(**{name: part for name, part in parts.items() if name != "request"})
    consent = RequestAnsweredValue(by=by, request=about, consents=dice.random() < 0.8, reason=reason)
    return [
        value,
        RequestAmendedValue(**msgspec.structs.asdict(value), request=about),
        *[RequestApprovedValue(by=by, request=about, version=version)] * 3,
        RequestWithdrawnValue(by=by, request=about),
        RequestIncompleteValue(by=by, request=about, version=version, missing=(reason,)),
        *[consent] * 3,
        *[granted(value if dice.random() < 0.3 else first, about)] * 3,
        ExtensionValue(by=by, request=about, days=3, reason=reason),
        ExtensionConsentedValue(by=by, request=about),
    ]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_nodes_that_lie_move_all_books_alike_or_none(seed: int) -> None:
    """Whatever nodes say past their own desks, in answer to whatever: all books judge it alike, and no grant comes of it without two approvals."""
    check_lies(seed)


@pytest.mark.full
@pytest.mark.timeout(1200)
@settings(max_examples=1000, deadline=None)
@given(st.integers(0, 2**32))
def test_nodes_that_lie_often_move_all_books_alike_or_none(seed: int) -> None:
    """The same with many more nodes of that kind."""
    check_lies(seed)


def check_lies(seed: int) -> tuple[Counter[str], Counter[str]]:
    """Let nodes act and lie; return the kinds of the lies that moved the books, and the reasons for which others did not."""
    dice, nodes, moved = Random(seed), settled(), Counter[str]()
    for _ in range(150):
        if dice.random() < 0.5:
            moved[lie(nodes, dice)] += 1
        else:
            act(nodes, (dice.choice(WHAT), dice.randrange(9), dice.randrange(20), dice.randrange(6)), strict=False)
    book = check_alike(nodes, dice)
    said = nodes.history
    assert {ref: state(request) for ref, request in book.requests.items()} == {ref: slow_model.state(said, ref) for ref in book.requests}
    slow_model.check_two_approvals(said, {bills(PROVINCE)})
    return moved, Counter({reason: count for (_author, reason), count in book.refused.items()})


def test_the_lies_are_of_every_kind_and_refused_for_every_reason() -> None:
    """Some of what is said past the desk moves the books, and each reason to refuse an event is met; else the test would prove little."""
    moved, refused = Counter[str](), Counter[str]()
    for seed in range(40):
        some, others = check_lies(seed)
        moved += some
        refused += others
    assert refused.keys() >= {
        *("not-own-request", "no-such-request", "not-entitled", "wrong-state", "superseded", "not-approved", "not-own-resource"),
        *("resource-or-taker-changed", "no-such-incomplete", "no-such-extension", "not-consented", "already-granted"),
        *("no-such-grant", "already-ended", "no-such-filing", "not-own-department"),
    }
    assert moved.keys() >= {
        "request",
        "request-amended",
        "request-approved",
        "request-withdrawn",
        "request-answered",
        "grant",
        "grant-ended",
    }


def test_the_deeds_reach_every_state_and_kind() -> None:
    """What is tried above comes to all there is: every state, every event, crossings among them; else the test would prove little."""
    states: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    crossed: Counter[str] = Counter()
    for seed in range(30):
        dice, nodes = Random(seed), settled()
        for _ in range(250):
            act(nodes, (dice.choice(WHAT), dice.randrange(9), dice.randrange(20), dice.randrange(6)))
        nodes.bring_all()
        book = nodes.books[PROVINCE]
        states.update(state(request) for request in book.requests.values())
        kinds.update(event.kind for event in nodes.history[nodes.ground :])
        crossed.update("withdrawn" for request in book.requests.values() if request.withdrawn and request.answer)
        crossed.update("superseded" for request in book.requests.values() if request.superseded)
    assert states.keys() == {"draft", "waiting", "incomplete", "answered-refused", "granted", "withdrawn"}
    acts = {kind for kind, value in KINDS.items() if issubclass(value, RequestValue | GrantValue | GrantAct | RequestAct)}
    assert kinds.keys() >= acts
    assert crossed.keys() == {"withdrawn", "superseded"}


def test_a_node_of_an_older_vocabulary_keeps_folding(monkeypatch: pytest.MonkeyPatch) -> None:
    """To it these kinds are unknown: counted, no more. Catalogue and tree are the same; without the requests no grant lets it carry anything."""
    dice, nodes = Random(7), settled()
    for _ in range(300):
        act(nodes, (dice.choice(WHAT), dice.randrange(9), dice.randrange(20), dice.randrange(6)))
    newer = check_alike(nodes, dice)
    older = {kind: decoder for kind, decoder in bodies._DECODERS.items() if kind in OLD_KINDS}
    monkeypatch.setattr(bodies, "_DECODERS", older)
    book = folded(nodes.logs, dice)
    assert book.unknown == Counter(event.author for event in nodes.history if event.kind not in OLD_KINDS)
    assert all(book.unknown[node] for node in NODES)
    assert not book.broken
    assert not book.waiting
    assert (book.heads, book.departments, book.resources, book.schemas) == (newer.heads, newer.departments, newer.resources, newer.schemas)
    assert list(book.tree.divisions) == list(newer.tree.divisions)
    assert len(newer.grants) > 1
    assert not book.grants
    assert {reason for _author, reason in book.refused} == {"not-approved", "no-such-grant"}
