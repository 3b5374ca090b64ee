"""A request as the book keeps it: slots that events fill, and its state, which is a function of the slots alone.

Two nodes write a request's life, the asker's and the owner's, and may speak at once. So each slot is filled from one log, in that log's
order and by what its author knew, never by what else is folded; the state is read from all slots together, and acts that cross come out
alike everywhere:

- a withdrawal and an answer: it is withdrawn, and a grant that was made meanwhile is no longer active;
- a new version and an answer to the one before: the answer stands, for both heads had approved that version; the new one is `superseded`.
"""

from collections.abc import Mapping
from typing import Generic, Literal, TypeVar, assert_never

import msgspec

from node.control.bodies import AskerAct, OwnerAct, RequestAct
from node.control.events import Event
from node.control.rights import is_rule, may
from node.model.names import Department, Topic, department_of, division_of
from node.model.values import (
    EventRef,
    ExtensionConsentedValue,
    ExtensionValue,
    GrantValue,
    RequestAmendedValue,
    RequestAnsweredValue,
    RequestApprovedValue,
    RequestIncompleteValue,
    RequestValue,
    RequestWithdrawnValue,
    ResourceValue,
)

State = Literal["draft", "waiting", "incomplete", "answered-refused", "granted", "withdrawn"]
B = TypeVar("B")


class Said(msgspec.Struct, Generic[B], frozen=True):
    """What an event filled a slot with, when, and by which event."""

    ref: EventRef
    at: str
    body: B


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request, by its first event. `approvals` and `incomplete` are by version, which counts from 1."""

    ref: EventRef
    versions: tuple[Said[RequestValue], ...]
    approvals: dict[int, Said[RequestApprovedValue]] = {}
    incomplete: dict[int, Said[RequestIncompleteValue]] = {}
    extension: Said[ExtensionValue] | None = None
    consented: Said[ExtensionConsentedValue] | None = None
    """the asker's consent to the extension"""
    answer: Said[RequestAnsweredValue] | None = None
    answered: int = 0
    """the version that the answer is to; 0 while there is none"""
    heard: int = 0
    """the newest version of which the owner has said anything: it does not go back behind it"""
    withdrawn: Said[RequestWithdrawnValue] | None = None
    grant: EventRef | None = None

    @property
    def version(self) -> int:
        """The version that counts: the one that was answered, else the newest."""
        return self.answered or len(self.versions)

    @property
    def value(self) -> RequestValue:
        """What is asked for, or was when it was answered."""
        return self.versions[self.version - 1].body

    @property
    def superseded(self) -> int:
        """How many versions crossed the answer to an earlier one, and count for nothing."""
        return len(self.versions) - self.version


def state(request: Request) -> State:
    """Return where a request stands."""
    if request.withdrawn is not None:
        return "withdrawn"
    if request.answer is not None:
        return "granted" if request.answer.body.consents else "answered-refused"
    if request.version not in request.approvals:
        return "draft"
    return "incomplete" if request.version in request.incomplete else "waiting"


def granted(value: RequestValue, request: EventRef) -> GrantValue:
    """Return the grant that a consent to a version of a request makes."""
    return GrantValue(
        resource=value.resource,
        taker=value.taker,
        purpose=value.purpose,
        fields=value.fields,
        rows=value.rows,
        masks=value.masks,
        way=value.way,
        history=value.history,
        until=value.until,
        request=request,
    )


def begun(event: Event, body: RequestValue) -> Request:
    """Return the request that an event makes."""
    return Request(ref=event.ref, versions=(Said(event.ref, event.at, body),))


def moved(request: Request | None, event: Event, body: RequestAct, resources: Mapping[Topic, ResourceValue]) -> Request | str:
    """Return a request as an event leaves it, or the reason why the event moves nothing.

    `request` is the one that the body names, None where it is not folded; `resources` are asked for the author's own alone.
    """
    match body:
        case RequestIncompleteValue() | ExtensionValue() | RequestAnsweredValue():
            return _by_owner(request, event, body, resources)
        case _:
            return _by_asker(request, event, body)


def given(request: Request | None, event: Event, body: GrantValue) -> Request | str:
    """Return a request with the grant that an event makes of it, or the reason why that is no grant: two heads have to stand for it."""
    version = _approved_by(request, event.answers)
    if request is None or not version:
        return "not-approved"
    # Before its slots are looked at: they are the owner's word, which another author need not have.
    if division_of(request.versions[0].body.resource) != event.author:
        return "not-as-asked"
    if request.answer is None or request.answered != version or not request.answer.body.consents:
        return "not-consented"
    if request.grant is not None:
        return "already-granted"
    if body != granted(request.versions[version - 1].body, request.ref):
        return "not-as-asked"
    return msgspec.structs.replace(request, grant=event.ref)


def _by_asker(request: Request | None, event: Event, body: AskerAct) -> Request | str:
    if event.author != body.request[0]:
        return "not-own-request"
    if request is None:  # one's own comes before in the same log
        return "no-such-request"
    if not _may_ask(body, request.versions[0].body.taker):
        return "not-entitled"
    if request.withdrawn is not None:
        return "wrong-state"
    after: Request | str
    match body:
        case RequestAmendedValue():
            after = _amended(request, event, body)
        case RequestApprovedValue():
            after = _approved(request, event, body)
        case RequestWithdrawnValue():
            after = msgspec.structs.replace(request, withdrawn=Said(event.ref, event.at, body))
        case ExtensionConsentedValue():
            after = _consented(request, event, body)
        case _:
            assert_never(body)
    return after


def _may_ask(body: AskerAct, taker: Department) -> bool:
    heads_alone = isinstance(body, RequestApprovedValue | ExtensionConsentedValue)
    return may(body.by, taker, "head") or (may(body.by, taker, "steward") and not heads_alone)


def _amended(request: Request, event: Event, body: RequestAmendedValue) -> Request | str:
    first = request.versions[0].body
    if (body.resource, body.taker) != (first.resource, first.taker):
        return "resource-or-taker-changed"
    if event.answers is not None and all(said.ref != event.answers for said in request.incomplete.values()):
        return "no-such-incomplete"
    return msgspec.structs.replace(request, versions=(*request.versions, Said(event.ref, event.at, body)))


def _approved(request: Request, event: Event, body: RequestApprovedValue) -> Request | str:
    if body.version != len(request.versions):
        return "superseded"
    if body.version in request.approvals:
        return "wrong-state"
    return msgspec.structs.replace(request, approvals=request.approvals | {body.version: Said(event.ref, event.at, body)})


def _consented(request: Request, event: Event, body: ExtensionConsentedValue) -> Request | str:
    # The owner's log is folded as far as the event that is answered, and no further by what we may know.
    if request.extension is None or request.extension.ref != event.answers:
        return "no-such-extension"
    if request.consented is not None:
        return "wrong-state"
    return msgspec.structs.replace(request, consented=Said(event.ref, event.at, body))


def _by_owner(request: Request | None, event: Event, body: OwnerAct, resources: Mapping[Topic, ResourceValue]) -> Request | str:
    version = _approved_by(request, event.answers)
    if request is None or not version:
        return "not-approved"
    fault = _not_owners(request, event, body, resources) or _out_of_turn(request, version, body)
    if fault:
        return fault
    heard = msgspec.structs.replace(request, heard=version)
    match body:
        case RequestIncompleteValue():
            return msgspec.structs.replace(heard, incomplete=request.incomplete | {version: Said(event.ref, event.at, body)})
        case ExtensionValue():
            return msgspec.structs.replace(heard, extension=Said(event.ref, event.at, body))
        case RequestAnsweredValue():
            return msgspec.structs.replace(heard, answer=Said(event.ref, event.at, body), answered=version)
        case _:
            assert_never(body)


def _not_owners(request: Request, event: Event, body: OwnerAct, resources: Mapping[Topic, ResourceValue]) -> str:
    """Return why this author may not say this of a request, empty where it may."""
    resource = request.versions[0].body.resource
    if division_of(resource) != event.author:
        return "not-own-resource"
    if not _may_answer(body, resources.get(resource), resource):
        return "not-entitled"
    consents = isinstance(body, RequestAnsweredValue) and body.consents
    return "no-such-resource" if consents and resource not in resources else ""


def _out_of_turn(request: Request, version: int, body: OwnerAct) -> str:
    """Return why the owner, by its own log, has nothing more to say of a version; empty where it has."""
    if version < request.heard or (isinstance(body, RequestIncompleteValue) and body.version != version):
        return "superseded"
    decided = request.answer is not None or version in request.incomplete
    again = isinstance(body, ExtensionValue) and request.extension is not None
    return "wrong-state" if decided or again else ""


def _may_answer(body: OwnerAct, item: ResourceValue | None, resource: Topic) -> bool:
    if is_rule(body.by):
        by_rule = isinstance(body, RequestAnsweredValue) and body.consents
        return by_rule and item is not None and item.sharing == "unconditional"
    owner = department_of(resource)
    return may(body.by, owner, "head") or (may(body.by, owner, "steward") and isinstance(body, RequestIncompleteValue))


def _approved_by(request: Request | None, answers: EventRef | None) -> int:
    """Return the version that an event approved, 0 if it is not an approval of this request: then the request may not even be folded."""
    if request is None or answers is None:
        return 0
    return next((version for version, said in request.approvals.items() if said.ref == answers), 0)
