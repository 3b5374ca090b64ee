"""How the demo's taxation department comes to its view: it asks, two heads decide; what that lets flow is disposed of and stops while it is suspended."""

import asyncio
import time
from typing import Any

import msgspec

from node.control import NewRequest
from node.control.commands import AnswerRequest, ApproveRequest, ResumeGrant, SuspendGrant
from node.demo.story import GRANT, LICENCES, TAXATION
from node.demo.takers import Taker
from node.demo.world import CITY, DISTRICT, NodeProcess, World
from node.errors import Unavailable
from node.model.names import Department, Division
from node.model.values import Actor, EventRef

STEWARD = Actor(name="陈文", role="steward", department=Department(TAXATION))
HEAD = Actor(name="林志强", role="head", department=Department(TAXATION))
OWNERS_HEAD = Actor(name="黄淑贞", role="head", department=Department(LICENCES.rpartition(".")[0]))
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


async def ask(world: World) -> EventRef:
    """Let the steward ask and its head approve, on their own node; return the request once the owner's node has it."""
    city, district = world.nodes[CITY], world.nodes[DISTRICT]
    await city.until("/v1/resources", "name", {LICENCES})
    wanted = NewRequest(
        by=STEWARD,
        resource=GRANT.resource,
        taker=GRANT.taker,
        basis="税收征收管理法第六条",
        purpose=GRANT.purpose,
        fields=GRANT.fields,
        rows=GRANT.rows,
        masks=GRANT.masks,
    )
    (event,) = await city.command(wanted)
    ref = (Division(event["author"]), int(event["sequence"]))
    await city.command(ApproveRequest(by=HEAD, request=ref, version=1))
    await _until(district, ref, "waiting")
    return ref


async def decide(world: World, request: EventRef) -> tuple[str, float]:
    """Let the owner's head consent; return the view that follows from it, and when that was (monotonic s)."""
    district = world.nodes[DISTRICT]
    began = time.monotonic()
    await district.command(AnswerRequest(by=OWNERS_HEAD, request=request, version=1, answer="consent"))
    views = await district.get("/v1/views")
    return next(view["topic"] for view in views if TAXATION in view["takers"]), began


async def suspend(world: World, request: EventRef, view: str) -> EventRef:
    """Let the authority suspend the grant that came of a request; return the grant once all nodes on its way have disposed of what it let flow."""
    district = world.nodes[DISTRICT]
    standing = await _until(district, request, "granted")
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
    anew = Taker(TAXATION, world.clusters[CITY].bootstrap, taker.topic)  # what it read is gone, and comes again from its beginning
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
    return await _until(world.nodes[CITY], request, "granted")


async def _until(node: NodeProcess, request: EventRef, state: str) -> dict[str, Any]:
    """Wait until a node has a request in a state; return it. Unavailable after 30 s."""
    path = f"/v1/requests/{request[0]}/{request[1]}"
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        for one in await node.get("/v1/requests"):
            if tuple(one["request"]) == request and one["state"] == state:
                return one  # type: ignore[no-any-return]  # JSON
        await asyncio.sleep(_POLL_S)
    raise Unavailable(f"the node of {node.division} does not show {path} as {state}: see {node.log}")
