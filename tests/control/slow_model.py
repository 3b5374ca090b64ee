"""A slow model of requests and of the terms of items: what holds by events in true order, found by looking through all of them for each question."""

from datetime import datetime

from node.control.events import Event
from node.model.items import ItemExtensionConsentedValue, ItemExtensionValue, ItemStateValue, ItemValue
from node.model.names import Department, department_of
from node.model.values import (
    EndFiledValue,
    EventRef,
    ExtensionConsentedValue,
    ExtensionValue,
    GrantEndedValue,
    GrantResumedValue,
    GrantSuspendedValue,
    GrantValue,
    RequestAmendedValue,
    RequestAnsweredValue,
    RequestApprovedValue,
    RequestIncompleteValue,
    RequestValue,
    RequestWithdrawnValue,
)

ALLOWED: dict[type, set[str]] = {
    RequestAmendedValue: {"draft", "waiting", "incomplete"},
    RequestApprovedValue: {"draft"},
    RequestWithdrawnValue: {"draft", "waiting", "incomplete"},
    RequestIncompleteValue: {"waiting"},
    RequestAnsweredValue: {"waiting"},
    ExtensionValue: {"waiting"},
    ExtensionConsentedValue: {"waiting"},
}
"""In which state of a request each event may be said, by what its author knew."""


def requests(events: list[Event]) -> set[EventRef]:
    """All requests that were made."""
    return {event.ref for event in events if type(event.body) is RequestValue}


def state(events: list[Event], request: EventRef) -> str:
    """Where a request stands."""
    of = [event for event in events if getattr(event.body, "request", None) == request]
    if any(isinstance(event.body, RequestWithdrawnValue) for event in of):
        return "withdrawn"
    answers = [event.body for event in of if isinstance(event.body, RequestAnsweredValue)]
    if answers:
        (answer,) = answers
        return "granted" if answer.consents else "answered-refused"
    version = 1 + sum(isinstance(event.body, RequestAmendedValue) for event in of)
    if not any(isinstance(event.body, RequestApprovedValue) and event.body.version == version for event in of):
        return "draft"
    told = any(isinstance(event.body, RequestIncompleteValue) and event.body.version == version for event in of)
    return "incomplete" if told else "waiting"


def active(events: list[Event]) -> set[EventRef]:
    """The grants that let something move."""
    found = {event.ref: event.body.request for event in events if isinstance(event.body, GrantValue)}
    for event in events:
        match event.body:
            case GrantEndedValue(grant=ref):
                del found[ref]
    return {ref for ref, request in found.items() if not suspended(events, ref) and state(events, request) != "withdrawn"}


def suspended(events: list[Event], grant: EventRef) -> bool:
    """Whether the last word on a grant is a suspension."""
    said = [event.body for event in events if isinstance(event.body, GrantSuspendedValue | GrantResumedValue) and event.body.grant == grant]
    return bool(said) and isinstance(said[-1], GrantSuspendedValue)


def item_terms(events: list[Event], item: str) -> dict[str, tuple[datetime, int]]:
    """The terms that run on an item: the moment from which each runs, and how many working days it has."""
    terms: dict[str, tuple[datetime, int]] = {}
    steps = [event for event in events if _steps(event, item)]
    if steps and getattr(steps[-1].body, "state", "") == "submitted":
        terms["item-review"] = (datetime.fromisoformat(steps[-1].at), 2)
    since = update(events, item)
    days = [event.body.changed for event in since if isinstance(event.body, ItemValue) and event.body.changed]
    if days:
        more = 5 * any(isinstance(event.body, ItemExtensionConsentedValue) for event in since)
        terms["item-update"] = (datetime.fromisoformat(f"{days[-1]}T00:00:00+08:00"), 10 + more)
    return terms


def update(events: list[Event], item: str) -> list[Event]:
    """What was said of an item since what is in force was published; nothing where nothing is."""
    of = [event for event in events if getattr(event.body, "item", "") == item or _steps(event, item)]
    over = [place for place, event in enumerate(of) if getattr(event.body, "state", "") in {"published", "withdrawn"}]
    return of[over[-1] + 1 :] if over and getattr(of[over[-1]].body, "state", "") == "published" else []


def _steps(event: Event, item: str) -> bool:
    body = event.body
    return (isinstance(body, ItemValue) and body.resource.name == item) or (isinstance(body, ItemStateValue) and body.item == item)


def check_two_approvals(events: list[Event], unconditional: set[str]) -> None:
    """Each grant comes after the asker's head and the owner's, or the rule, have stood for the very words that it has."""
    by_ref = {event.ref: event for event in events}
    for place, event in enumerate(events):
        if not isinstance(event.body, GrantValue):
            continue
        grant, before = event.body, events[:place]
        assert event.answers is not None
        approval = by_ref[event.answers]
        assert approval in before
        assert isinstance(approval.body, RequestApprovedValue)
        assert (approval.body.by.role, approval.body.by.department) == ("head", grant.taker)
        (consent,) = [one for one in before if isinstance(one.body, RequestAnsweredValue) and one.body.request == grant.request]
        assert isinstance(consent.body, RequestAnsweredValue)
        assert consent.body.consents
        assert consent.answers == approval.ref
        owner = department_of(grant.resource)
        by_rule = consent.body.by.role == "rule" and grant.resource in unconditional
        assert by_rule or (consent.body.by.role, consent.body.by.department) == ("head", owner)
        versions = [one.body for one in events if one.ref == grant.request or _amends(one, grant.request)]
        words = versions[approval.body.version - 1]
        assert all(getattr(words, name) == getattr(grant, name) for name in GrantValue.__struct_fields__ if name != "request")


def check_entitled(event: Event, events: list[Event]) -> None:
    """Who said an event was one who may: by its role and department, read from the request or grant as it was first said."""
    by_ref = {one.ref: one.body for one in events}
    body = event.body
    match body:
        case RequestValue():
            _is_of(body, body.taker, "steward", "head")
        case RequestWithdrawnValue(request=ref):
            _is_of(body, _request(by_ref[ref]).taker, "steward", "head")
        case RequestApprovedValue(request=ref) | ExtensionConsentedValue(request=ref):
            _is_of(body, _request(by_ref[ref]).taker, "head")
        case RequestIncompleteValue(request=ref):
            _is_of(body, department_of(_request(by_ref[ref]).resource), "steward", "head")
        case ExtensionValue(request=ref):
            _is_of(body, department_of(_request(by_ref[ref]).resource), "head")
        case GrantSuspendedValue() | GrantResumedValue():
            assert body.by.role == "authority"
        case EndFiledValue(grant=ref):
            grant = by_ref[ref]
            assert isinstance(grant, GrantValue)
            _is_of(body, department_of(grant.resource), "steward", "head")
        case ItemExtensionValue(item=item):
            _is_of(body, department_of(item), "steward", "head")
        case ItemExtensionConsentedValue(by=by):
            assert by.role == "authority"
        case GrantEndedValue(by=by):
            assert by.role in {"authority", "rule"}


def _request(body: object) -> RequestValue:
    assert isinstance(body, RequestValue)
    return body


def _is_of(body: object, department: Department, *roles: str) -> None:
    by = getattr(body, "by")  # noqa: B009 - each of these values has it, and no type says so
    assert by.department == department
    assert by.role in roles


def _amends(event: Event, request: EventRef) -> bool:
    return isinstance(event.body, RequestAmendedValue) and event.body.request == request
