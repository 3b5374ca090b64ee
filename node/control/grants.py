"""A grant as the book keeps it, and what its owner's events, and the nodes on its way, say of it after it was given."""

from typing import assert_never

import msgspec

from node.control.bodies import GrantAct
from node.control.events import Event
from node.control.requests import Said
from node.control.rights import has_authority, is_rule, may
from node.model.names import Division, Topic, department_of, division_of, is_view
from node.model.values import (
    EndFiledValue,
    EventRef,
    GrantEndedValue,
    GrantResumedValue,
    GrantSeenValue,
    GrantSuspendedValue,
    GrantValue,
)

OwnersAct = GrantSuspendedValue | GrantResumedValue | EndFiledValue | GrantEndedValue


class Grant(msgspec.Struct, frozen=True):
    """A grant, and what became of it. One that is past its term stands in the book, but is not active."""

    ref: EventRef
    value: GrantValue
    view: Topic | None = None
    """the topic that it lets move instead of the resource's own, where it is less than the whole"""
    ended: bool = False
    suspended: bool = False
    filed: Said[EndFiledValue] | None = None
    """the newest filing of its owner, which wants it to end"""
    seen: dict[Division, Said[GrantSeenValue]] = {}
    """what each node has said last of how far it follows the grant"""
    at: str = ""
    """when it was given"""
    acts: tuple[Said[OwnersAct], ...] = ()
    """all that was done with it since on its owner's node"""
    flowing: str = ""
    """when the taker's node first said that it flows; empty before"""

    @property
    def topic(self) -> Topic:
        """What it lets move: its view, or the resource itself."""
        return self.view or self.value.resource

    @property
    def request(self) -> EventRef:
        """The request that it was made of."""
        return self.value.request


def is_copy(topic: Topic, where: Division) -> bool:
    """Tell whether what a grant lets move is a copy in a division's cluster: all but a resource in its owner's."""
    return is_view(topic) or division_of(topic) != where


def names_copy(grant: Grant, where: Division, disposed: tuple[Topic, ...]) -> bool:
    """Tell whether these are what a division's node may have disposed of for a grant: the copy that it had of it, no other topic."""
    return disposed == (grant.topic,) and is_copy(grant.topic, where)


def changed(grant: Grant | None, event: Event, body: GrantAct, withdrawal: EventRef | None) -> Grant | str:
    """Return a grant as an event leaves it, or the reason why the event moves nothing.

    `grant` is the one that the body names, None where it is not folded; `withdrawal` the event that withdrew its request, as far as folded.
    """
    if isinstance(body, GrantSeenValue):
        return _seen(grant, event, body)
    if grant is None or body.grant[0] != event.author:
        return "no-such-grant"
    if grant.ended:
        return "already-ended"
    after = _acted(grant, event, body, withdrawal)
    return after if isinstance(after, str) else msgspec.structs.replace(after, acts=(*grant.acts, Said(event.ref, event.at, body)))


def _acted(grant: Grant, event: Event, body: OwnersAct, withdrawal: EventRef | None) -> Grant | str:
    match body:
        case GrantEndedValue():
            return _ended(grant, event, body, withdrawal)
        case EndFiledValue():
            entitled = may(body.by, department_of(grant.value.resource), "steward", "head")
            return msgspec.structs.replace(grant, filed=Said(event.ref, event.at, body)) if entitled else "not-entitled"
        case GrantSuspendedValue() | GrantResumedValue():
            return _suspended(grant, event, body)
        case _:
            assert_never(body)


def _suspended(grant: Grant, event: Event, body: GrantSuspendedValue | GrantResumedValue) -> Grant | str:
    if not has_authority(body.by, event.author):
        return "not-entitled"
    suspends = isinstance(body, GrantSuspendedValue)
    return "wrong-state" if grant.suspended is suspends else msgspec.structs.replace(grant, suspended=suspends)


def _ended(grant: Grant, event: Event, body: GrantEndedValue, withdrawal: EventRef | None) -> Grant | str:
    after_withdrawal = withdrawal is not None and event.answers == withdrawal
    if not (after_withdrawal if is_rule(body.by) else has_authority(body.by, event.author)):
        return "not-entitled"
    if body.filed is not None and (grant.filed is None or grant.filed.ref != body.filed):
        return "no-such-filing"
    return msgspec.structs.replace(grant, ended=True)


def _seen(grant: Grant | None, event: Event, body: GrantSeenValue) -> Grant | str:
    owner, sequence = body.grant
    as_of = event.answers[1] if event.answers is not None and event.answers[0] == owner else 0
    # Where the answered event does not come after it, a grant may be folded on one node and not yet on another.
    if grant is None or (event.author != owner and as_of < sequence):
        return "no-such-grant"
    if not is_rule(body.by):
        return "not-entitled"
    is_told = sequence <= as_of and (event.author != owner or as_of < event.sequence)
    if body.disposed and not (is_told and names_copy(grant, event.author, body.disposed)):
        return "no-such-copy"
    first = body.state == "flowing" and event.author == division_of(grant.value.taker) and not grant.flowing
    return msgspec.structs.replace(
        grant, seen=grant.seen | {event.author: Said(event.ref, event.at, body)}, flowing=event.at if first else grant.flowing
    )
