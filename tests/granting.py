"""How tests come to a grant: a request is played to it by commands, each on its node; or its events are said, past the nodes' desks."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from node.control.bodies import Body
from node.control.commands import AnswerRequest, ApproveRequest, Command, NewRequest
from node.control.requests import granted
from node.model.names import Department, Division, Topic, department_of, division_of
from node.model.values import Actor, EventRef, RequestAnsweredValue, RequestApprovedValue, RequestValue

AUTHORITY = Actor(name="吴敏", role="authority")


def steward(department: str) -> Actor:
    """Who asks for a department."""
    return Actor(name="陈文", role="steward", department=Department(department))


def head(department: str) -> Actor:
    """Who decides for a department."""
    return Actor(name="林海", role="head", department=Department(department))


def wanted(resource: str, taker: str, purpose: str = "核对", **parts: Any) -> NewRequest:
    """Ask for the whole of a resource, unless parts of it are named."""
    told: dict[str, Any] = {"basis": "依据", "purpose": purpose} | parts
    return NewRequest(by=steward(taker), resource=Topic(resource), taker=Department(taker), **told)


def ask(carry_out: Callable[[Division, Command], EventRef], asked: NewRequest) -> EventRef:
    """Let a request be made and approved; `carry_out` has a node carry out a command, and returns the last event that this made."""
    here = division_of(asked.taker)
    request = carry_out(here, asked)
    carry_out(here, approval(asked, request))
    return request


def approval(asked: NewRequest, request: EventRef) -> ApproveRequest:
    """Let the asker's head approve a request."""
    return ApproveRequest(by=head(asked.taker), request=request, version=1)


def consent(asked: NewRequest, request: EventRef) -> AnswerRequest:
    """Let the owner's head consent to a request."""
    return AnswerRequest(by=head(department_of(asked.resource)), request=request, version=1, answer="consent")


def give(carry_out: Callable[[Division, Command], EventRef], asked: NewRequest) -> EventRef:
    """Play a request to its grant."""
    return carry_out(division_of(asked.resource), consent(asked, ask(carry_out, asked)))


async def give_over_http(web: httpx.AsyncClient, asked: NewRequest) -> EventRef:
    """Play a request of one of a running node's own departments to its grant."""

    async def post(command: Command) -> EventRef:
        answer = (await web.post("/v1/commands", content=msgspec.json.encode(command))).raise_for_status()
        made = answer.json()["events"][-1]
        return Division(made["author"]), int(made["sequence"])

    request = await post(asked)
    await post(approval(asked, request))
    return await post(consent(asked, request))


def say_grant(say: Callable[[Division, Body, EventRef | None], EventRef], asked: RequestValue) -> EventRef:
    """Say a request, its approval, the consent and the grant, whatever the desks think of it; `say` appends an event to a node's log."""
    asker, owner = division_of(asked.taker), division_of(asked.resource)
    request = say(asker, asked, None)
    approval = say(asker, RequestApprovedValue(by=head(asked.taker), request=request, version=1), None)
    say(owner, RequestAnsweredValue(by=head(department_of(asked.resource)), request=request, consents=True), approval)
    return say(owner, granted(asked, request), approval)
