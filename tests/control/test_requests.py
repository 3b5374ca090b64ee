"""Answers for node/control/requests.py; test_crossing.py has what several nodes make of it."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from node.control.bodies import Body, RequestAct
from node.control.events import Event
from node.control.requests import Request, begun, given, granted, moved, state
from node.model.names import Division, Topic
from node.model.values import (
    RULE,
    EventRef,
    ExtensionConsentedValue,
    ExtensionValue,
    GrantValue,
    Kind,
    RequestAmendedValue,
    RequestAnsweredValue,
    RequestApprovedValue,
    RequestIncompleteValue,
    RequestValue,
    RequestWithdrawnValue,
    ResourceValue,
    Sharing,
)
from tests.control.acting import CITY, DISTRICT, PROVINCE, actor, asked, bills, department

REF: EventRef = (CITY, 10)
ASKER, OWNER = actor("head", department(CITY)), actor("head", department(DISTRICT, "tax"))
VALUE = asked(CITY, DISTRICT, ASKER).value
APPROVED = RequestApprovedValue(by=ASKER, request=REF, version=1)
CONSENT = RequestAnsweredValue(by=OWNER, request=REF, consents=True)
REFUSAL = RequestAnsweredValue(by=OWNER, request=REF, consents=False, reason="超出职责")
LACKING = RequestIncompleteValue(by=OWNER, request=REF, version=1, missing=("依据的条款",))
AMENDED = RequestAmendedValue(request=REF, **msgspec.structs.asdict(VALUE))
WITHDRAWN = RequestWithdrawnValue(by=ASKER, request=REF)
LONGER = ExtensionValue(by=OWNER, request=REF, days=5, reason="需会商")
LONGER_CONSENT = ExtensionConsentedValue(by=ASKER, request=REF)


def event(author: Division, sequence: int, body: Body, answers: EventRef | None = None) -> Event:
    """An event, as far as requests look at it."""
    return Event(author=author, sequence=sequence, previous=None, answers=answers, at=f"at {sequence}", kind="", body=body)


def shared(sharing: Sharing = "conditional") -> Mapping[Topic, ResourceValue]:
    """The resource that is asked for."""
    name = bills(DISTRICT)
    return {name: ResourceValue(name=name, title="", kind=Kind.STATE, schema=1, partitions=1, sharing=sharing)}


Step = tuple[int, RequestAct, EventRef | None]
A1: Step = (11, APPROVED, None)
A2: Step = (21, msgspec.structs.replace(APPROVED, version=2), None)
V2: Step = (20, AMENDED, None)
W: Step = (30, WITHDRAWN, None)
YES: Step = (5, CONSENT, (CITY, 11))
NO: Step = (5, REFUSAL, (CITY, 11))
LACKS: Step = (4, LACKING, (CITY, 11))
EXT: Step = (3, LONGER, (CITY, 11))
AGREED: Step = (31, LONGER_CONSENT, (DISTRICT, 3))


def tell(request: Request, step: Step, sharing: Sharing = "conditional", author: Division | None = None) -> Request | str:
    """Apply one act by the side to which it belongs."""
    sequence, body, answers = step
    owners = isinstance(body, RequestAnsweredValue | RequestIncompleteValue | ExtensionValue)
    return moved(request, event(author or (DISTRICT if owners else CITY), sequence, body, answers), body, shared(sharing))


def after(*steps: Step) -> Request:
    """A request after some acts, all of which count."""
    request: Request | str = begun(event(*REF, VALUE), VALUE)
    for step in steps:
        assert isinstance(request, Request)
        request = tell(request, step)
    assert isinstance(request, Request)
    return request


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((), "draft"),
        ((A1,), "waiting"),
        ((A1, LACKS), "incomplete"),
        ((A1, LACKS, V2), "draft"),
        ((A1, LACKS, V2, A2), "waiting"),
        ((A1, V2), "draft"),
        ((A1, EXT, AGREED), "waiting"),
        ((A1, YES), "granted"),
        ((A1, NO), "answered-refused"),
        ((A1, YES, V2, A2), "granted"),
        ((A1, V2, A2, YES), "granted"),
        ((A1, W, YES), "withdrawn"),
        ((A1, YES, W), "withdrawn"),
        ((A1, NO, W), "withdrawn"),
        ((W,), "withdrawn"),
    ],
)
def test_the_state_follows_from_what_was_said(steps: tuple[Step, ...], expected: str) -> None:
    """A withdrawal beats all, an answer all else; otherwise the newest version says it."""
    assert state(after(*steps)) == expected


def test_slots_hold_who_said_what_when() -> None:
    """Each by its event, as clocks and lists need it."""
    request = after(A1, EXT, V2, A2, AGREED, YES)
    assert [said.ref for said in request.versions] == [REF, (CITY, 20)]
    assert {version: said.at for version, said in request.approvals.items()} == {1: "at 11", 2: "at 21"}
    assert request.extension is not None
    assert request.extension.body.days == 5
    assert request.consented is not None
    assert request.consented.ref == (CITY, 31)
    assert request.answer is not None
    assert (request.answer.body, request.answered, request.version, request.superseded) == (CONSENT, 1, 1, 1)
    assert request.value == VALUE


@pytest.mark.parametrize(
    ("steps", "step", "reason"),
    [
        ((), (11, msgspec.structs.replace(APPROVED, version=2), None), "superseded"),
        ((V2,), A1, "superseded"),
        ((A1,), (12, APPROVED, None), "wrong-state"),
        ((A1, W), V2, "wrong-state"),
        ((A1, W), (31, WITHDRAWN, None), "wrong-state"),
        ((W,), A1, "wrong-state"),
        ((), (20, msgspec.structs.replace(AMENDED, resource=bills(PROVINCE)), None), "resource-or-taker-changed"),
        ((), (20, msgspec.structs.replace(AMENDED, taker=department(CITY, "tax")), None), "resource-or-taker-changed"),
        ((A1,), (20, AMENDED, (DISTRICT, 4)), "no-such-incomplete"),
        ((A1,), AGREED, "no-such-extension"),
        ((A1, EXT), (31, LONGER_CONSENT, (DISTRICT, 2)), "no-such-extension"),
        ((A1, EXT, AGREED), (32, LONGER_CONSENT, (DISTRICT, 3)), "wrong-state"),
        ((), YES, "not-approved"),
        ((A1,), (5, CONSENT, None), "not-approved"),
        ((A1,), (5, CONSENT, REF), "not-approved"),
        ((A1, YES), (6, CONSENT, (CITY, 11)), "wrong-state"),
        ((A1, NO), (6, CONSENT, (CITY, 11)), "wrong-state"),
        ((A1, YES), LACKS, "wrong-state"),
        ((A1, LACKS), YES, "wrong-state"),
        ((A1, LACKS), EXT, "wrong-state"),
        ((A1, EXT), (6, LONGER, (CITY, 11)), "wrong-state"),
        ((A1,), (4, msgspec.structs.replace(LACKING, version=2), (CITY, 11)), "superseded"),
        ((A1, V2, A2, (4, msgspec.structs.replace(LACKING, version=2), (CITY, 21))), YES, "superseded"),
        ((A1, V2, A2, (3, LONGER, (CITY, 21))), LACKS, "superseded"),
    ],
)
def test_what_is_out_of_turn_moves_nothing(steps: tuple[Step, ...], step: Step, reason: str) -> None:
    """Each side is held to its own log and to what it answers."""
    assert tell(after(*steps), step) == reason


@pytest.mark.parametrize(
    ("steps", "body", "answers"),
    [
        ((), APPROVED, None),
        ((A1, EXT), LONGER_CONSENT, (DISTRICT, 3)),
        ((A1,), CONSENT, (CITY, 11)),
        ((A1,), REFUSAL, (CITY, 11)),
        ((A1,), LONGER, (CITY, 11)),
    ],
)
def test_heads_alone_stand_for_a_request(steps: tuple[Step, ...], body: Any, answers: EventRef | None) -> None:
    """Not a steward of the same department, nor a head of another, nor an operator, nor the authority."""
    request, place = after(*steps), body.by.department
    for by in (actor("steward", place), actor("head", "440000.x"), actor("operator"), actor("authority", place), RULE):
        assert tell(request, (40, msgspec.structs.replace(body, by=by), answers)) == "not-entitled"


@pytest.mark.parametrize(("body", "answers"), [(AMENDED, None), (WITHDRAWN, None), (LACKING, (CITY, 11))])
def test_stewards_prepare(body: Any, answers: EventRef | None) -> None:
    """They amend and withdraw for the asker, and say for the owner what is missing; nobody else does but their heads."""
    request = after(A1)
    steward = msgspec.structs.replace(body, by=actor("steward", body.by.department))
    assert isinstance(tell(request, (40, steward, answers)), Request)
    for by in (actor("operator", body.by.department), actor("steward", "440000.x"), RULE):
        assert tell(request, (40, msgspec.structs.replace(body, by=by), answers)) == "not-entitled"


def test_the_rule_consents_to_what_is_unconditional_and_no_more() -> None:
    """It refuses nothing, and has no word where the owner's head has one."""
    by_rule = (5, msgspec.structs.replace(CONSENT, by=RULE), (CITY, 11))
    assert isinstance(tell(after(A1), by_rule, "unconditional"), Request)
    assert tell(after(A1), by_rule, "conditional") == tell(after(A1), by_rule, "not-shared") == "not-entitled"
    assert tell(after(A1), (5, msgspec.structs.replace(REFUSAL, by=RULE), (CITY, 11)), "unconditional") == "not-entitled"
    assert isinstance(tell(after(A1), YES, "unconditional"), Request)


def test_each_side_has_its_own_log() -> None:
    """Nobody says in his log what belongs in another's, and nothing is said of a request that is not there."""
    assert tell(after(), A1, author=DISTRICT) == "not-own-request"
    assert tell(after(A1), YES, author=CITY) == "not-own-resource"
    assert moved(None, event(CITY, 11, APPROVED), APPROVED, {}) == "no-such-request"
    assert moved(None, event(DISTRICT, 5, CONSENT, (CITY, 11)), CONSENT, {}) == "not-approved"
    assert moved(after(A1), event(DISTRICT, 5, CONSENT, (CITY, 11)), CONSENT, {}) == "no-such-resource"


def test_a_grant_is_what_both_heads_stood_for() -> None:
    """In the words of the approved version, in answer to its approval, once."""
    request = after(A1, YES)
    value = granted(VALUE, REF)
    made = given(request, event(DISTRICT, 6, value, (CITY, 11)), value)
    assert isinstance(made, Request)
    assert made.grant == (DISTRICT, 6)
    assert given(made, event(DISTRICT, 7, value, (CITY, 11)), value) == "already-granted"
    wider = msgspec.structs.replace(value, history="from-now")
    assert given(request, event(DISTRICT, 6, wider, (CITY, 11)), wider) == "not-as-asked"
    for less, answers in ((request, None), (request, (CITY, 21)), (None, (CITY, 11)), (after(), (CITY, 11))):
        assert given(less, event(DISTRICT, 6, value, answers), value) == "not-approved"
    for less, answers in ((after(A1), (CITY, 11)), (after(A1, NO), (CITY, 11)), (after(A1, V2, A2, YES), (CITY, 21))):
        assert given(less, event(DISTRICT, 6, value, answers), value) == "not-consented"


def test_a_grant_by_another_node_is_judged_without_the_owners_word() -> None:
    """That may have come or not: so a node that gives what is its own for a request of another's resource is refused alike everywhere."""
    other = msgspec.structs.replace(granted(VALUE, REF), resource=bills(PROVINCE))
    for request in (after(A1), after(A1, YES), after(A1, NO)):
        assert given(request, event(PROVINCE, 6, other, (CITY, 11)), other) == "not-as-asked"


def test_a_grant_has_all_that_was_asked_for() -> None:
    """No field is lost between the request and the grant."""
    less: dict[str, Any] = {"fields": ("code",), "rows": "sum > 1", "masks": {"sum": "hide"}, "until": "2026-12-31"}
    less |= {"way": "file", "history": "from-now"}
    value = msgspec.structs.replace(VALUE, **less)
    made = granted(value, REF)
    names = set(GrantValue.__struct_fields__) - {"request"}
    assert {name: getattr(made, name) for name in names} == {name: getattr(value, name) for name in names}
    assert names < set(RequestValue.__struct_fields__)
    assert made.request == REF
