"""How departments of the demo come to what they take: they ask, two heads decide; what that lets flow is disposed of while the authority suspends it."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import msgspec

from node.control import NewRequest
from node.control.commands import AnswerRequest, ApproveRequest, ResumeGrant, SuspendGrant
from node.demo.takers import Taker
from node.demo.world import CITY, DISTRICT, NodeProcess, World
from node.errors import CommandRefused, Unavailable
from node.model.names import Department, Division, department_of, division_of
from node.model.values import Actor, EventRef

_PEOPLE = {
    "440000.civil-affairs": ("周敏", "何建国"),
    "440000.market-regulation": ("梁思远", "罗丽华"),
    "445100.civil-affairs": ("谢晓东", "许佩珊"),
    "445100.taxation": ("陈文", "林志强"),
    "445102.civil-affairs": ("蔡海燕", "郑国栋"),
    "445102.government-services": ("杨帆", "黄淑贞"),
}
"""The steward and the head of each department."""
AUTHORITY = Actor(name="吴敏", role="authority")
_POLL_S = 0.05
_PATIENCE_S = 30.0
STILL_S = 2.0
"""So long nothing may come while a grant is suspended: many times what a record takes."""


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the request."""

    standing: dict[str, Any]
    """as the asker's node shows it"""
    flowed_s: float
    """from the decision to the taker's first record"""
    disposed_s: float
    """from the suspension until every node on the way had said that it disposed of its copy"""
    stopped: bool
    """nothing came while the grant was suspended, and all of it after"""
    resumed_s: float
    """from the end of the suspension until the taker had all anew, with what had been held back"""


def steward(department: Department) -> Actor:
    """Return who asks for a department."""
    return Actor(name=_PEOPLE[department][0], role="steward", department=department)


def head(department: Department) -> Actor:
    """Return who decides for a department."""
    return Actor(name=_PEOPLE[department][1], role="head", department=department)


async def ask(world: World, wanted: NewRequest) -> EventRef:
    """Let the steward ask and the head approve, on their own node; return the request once the owner's node has it."""
    asker, owner = _asker(world, wanted), _owner(world, wanted)
    path = f"/v1/resources/{wanted.resource}"
    offered = await owner.get(path)
    await _until(asker, path, lambda found: found == offered)
    (event,) = await asker.command(wanted)
    ref = (Division(event["author"]), int(event["sequence"]))
    await asker.command(ApproveRequest(by=head(wanted.taker), request=ref, version=1))
    await _stands(owner, ref, "waiting", "granted")
    return ref


async def consent(world: World, wanted: NewRequest, request: EventRef) -> EventRef:
    """Let the owner's head consent, where its node does not do so by rule; return the grant."""
    owner = _owner(world, wanted)
    if (await owner.get(f"/v1/resources/{wanted.resource}"))["resource"]["sharing"] != "unconditional":
        await owner.command(AnswerRequest(by=head(department_of(wanted.resource)), request=request, version=1, answer="consent"))
    author, sequence = (await _stands(owner, request, "granted"))["grant"]
    return Division(author), int(sequence)


async def come_to(world: World, wanted: NewRequest) -> EventRef:
    """Let a department ask and all heads decide; return the grant."""
    return await consent(world, wanted, await ask(world, wanted))


async def decide(world: World, wanted: NewRequest, request: EventRef) -> tuple[str, float]:
    """Let the owner's head consent; return the view that follows from it, and when that was (monotonic s)."""
    began = time.monotonic()
    author, sequence = await consent(world, wanted, request)
    view: str = (await _owner(world, wanted).get(f"/v1/grants/{author}/{sequence}"))["view"]
    return view, began


async def suspend(world: World, request: EventRef, view: str) -> EventRef:
    """Let the authority suspend the grant that came of a request; return the grant once all nodes on its way have disposed of what it let flow."""
    district = world.nodes[DISTRICT]
    standing = await _stands(district, request, "granted")
    grant = (Division(standing["grant"][0]), int(standing["grant"][1]))
    await district.command(SuspendGrant(by=AUTHORITY, grant=grant, reason="疑似超范围使用，核查中"))
    end = time.monotonic() + _PATIENCE_S
    while not _is_disposed(await district.get(f"/v1/grants/{grant[0]}/{grant[1]}"), view):
        if time.monotonic() > end:
            raise Unavailable(f"{view} is not disposed of: see {district.log}")
        await asyncio.sleep(_POLL_S)
    return grant


def _is_disposed(grant: dict[str, Any], view: str) -> bool:
    return not grant["awaited"] and all(grant["seen"][node]["disposed"] == [view] for node in grant["path"])


async def resume(world: World, grant: EventRef) -> None:
    """Let the authority end the suspension."""
    await world.nodes[DISTRICT].command(ResumeGrant(by=AUTHORITY, grant=grant, reason="核查无误"))


async def held_back(world: World, request: EventRef, taker: Taker, extra: int, published: Any) -> tuple[float, bool, float]:
    """Suspend the grant, publish more, and resume it; return how soon the copies were disposed of, whether nothing came meanwhile, and how soon all came after (s).

    `extra` of what `published` publishes, once awaited, are the taker's.
    """
    before, began = taker.records, time.monotonic()
    grant = await suspend(world, request, taker.topic)
    disposed_s = time.monotonic() - began
    await published
    await asyncio.sleep(STILL_S)
    stopped = taker.records == before
    await asyncio.to_thread(taker.stop)
    anew = Taker(taker.taker, taker.way, taker.topic)  # what it read is gone, and comes again from its beginning
    began = time.monotonic()
    await resume(world, grant)
    anew.start()
    try:
        while anew.records < before + extra and time.monotonic() < began + _PATIENCE_S:  # noqa: ASYNC110 - a thread counts them
            await asyncio.sleep(_POLL_S)
    finally:
        await asyncio.to_thread(anew.stop)
    return disposed_s, stopped and anew.records == before + extra, anew.last_at - began


async def shown(world: World, request: EventRef) -> dict[str, Any]:
    """Return a request as the asker's node shows it, once that knows of the grant."""
    return await _stands(world.nodes[CITY], request, "granted")


def _asker(world: World, wanted: NewRequest) -> NodeProcess:
    return world.nodes[division_of(wanted.taker)]


def _owner(world: World, wanted: NewRequest) -> NodeProcess:
    return world.nodes[division_of(wanted.resource)]


async def _stands(node: NodeProcess, request: EventRef, *states: str) -> dict[str, Any]:
    """Return a request as a node shows it, once that has it in one of some states."""
    found: dict[str, Any] = await _until(node, f"/v1/requests/{request[0]}/{request[1]}", lambda one: one["state"] in states)
    return found


async def _until(node: NodeProcess, path: str, fits: Callable[[Any], bool]) -> Any:
    """Wait until what a node has at a path fits; return it. Unavailable after 30 s."""
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        with contextlib.suppress(CommandRefused):  # the links may not have brought it at all yet
            found = await node.get(path)
            if fits(found):
                return found
        await asyncio.sleep(_POLL_S)
    raise Unavailable(f"the node of {node.division} does not come so far with {path}: see {node.log}")
