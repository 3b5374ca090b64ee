"""What the gate refused, listed, shown, sent back and given up: `/v1/quarantine`.

An answer is NDJSON, a line as soon as it is known (`streaming`; `node.control.quarantine` has their forms). A department sees the quarantines of
its own resources and has them handled; operators see all and have all handled; values are for their own department alone, and who looked at
them is kept in the audit.
"""

from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, RawBody
from litestar.response import Stream

from node.control.desk import check_entitled, not_entitled
from node.control.quarantine import Asked
from node.control.sight import oversees
from node.http.answers import read_body
from node.http.streaming import MEDIA_TYPE, streamed
from node.model.names import Topic, department_of
from node.model.values import Actor, Role
from node.runtime import Node
from node.runtime.quarantine import NOBODY, Quarantine

REPAIRERS: tuple[Role, ...] = ("steward", "head", "operator")

Resource = Annotated[str, QueryParameter(description="One resource; without it, all of this node that have refused records")]
Reason = Annotated[str, QueryParameter(description="Only records with this reason")]
Count = Annotated[int, QueryParameter(description="How many records, 1000 at most")]
Values = Annotated[bool, QueryParameter(description="Tell the values too: they hold personal data, and are for their own department")]


@get("/v1/quarantine", media_type=MEDIA_TYPE)
async def listed(quarantine: NamedDependency[Quarantine], by: NamedDependency[Actor], resource: Resource = "") -> Stream:
    """Tell what was refused, by reason and field: `advanced` and `listed` lines, then `ended`."""
    if resource:
        _check_sees(by, resource)
    return await streamed(quarantine.list(resource, NOBODY if oversees(by) else by.department))


@get("/v1/quarantine/{name:str}", media_type=MEDIA_TYPE)
async def shown(
    quarantine: NamedDependency[Quarantine],
    node: NamedDependency[Node],
    by: NamedDependency[Actor],
    name: FromPath[str],
    *,
    reason: Reason = "",
    count: Count = 10,
    values: Values = False,
) -> Stream:
    """Tell of some records that wait, their keys masked: `advanced` and `sampled` lines, then `ended`."""
    if not values:
        _check_sees(by, name)
        return await streamed(quarantine.show(name, reason=reason, count=count, values=False))
    async with node.audited("show-values", by, {"resource": name, "count": str(count)}):
        check_entitled(by, department_of(Topic(name)), "steward", "head")
        return await streamed(quarantine.show(name, reason=reason, count=count, values=True))


@post("/v1/quarantine/{name:str}/replay", status_code=200, media_type=MEDIA_TYPE, act="replay-quarantined", roles=REPAIRERS)
async def replayed(
    quarantine: NamedDependency[Quarantine], node: NamedDependency[Node], by: NamedDependency[Actor], name: FromPath[str], body: RawBody
) -> Stream:
    """Send records back to their inbox, each once: `advanced` lines, `kept` for each that stays and why, then `ended`."""
    asked = read_body(body, Asked)
    async with node.audited("replay-quarantined", by, {"resource": name}):
        _check_sees(by, name)
        return await streamed(quarantine.replay(name, asked, by))


@post("/v1/quarantine/{name:str}/discard", status_code=200, media_type=MEDIA_TYPE, act="discard-quarantined", roles=REPAIRERS)
async def discarded(
    quarantine: NamedDependency[Quarantine], node: NamedDependency[Node], by: NamedDependency[Actor], name: FromPath[str], body: RawBody
) -> Stream:
    """Note that nobody will repair some records, and why: lines as for a replay."""
    asked = read_body(body, Asked)
    async with node.audited("discard-quarantined", by, {"resource": name}):
        _check_sees(by, name)
        return await streamed(quarantine.discard(name, asked, by))


def _check_sees(by: Actor, name: str) -> None:
    if not oversees(by) and by.department != department_of(Topic(name)):
        raise not_entitled(by, f"the department of {name}, or the level's operator", f"{name} 所属部门或本级运维人员")


HANDLERS = [listed, shown, replayed, discarded]
