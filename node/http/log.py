"""The level of the node's log, while it runs: from debug on for a while, when something is looked for, and back by itself."""

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from node.errors import CommandRefused
from node.http.answers import read_body
from node.model.values import Actor
from node.runtime import Node
from node.telemetry import logger
from node.telemetry.level import FOR_S, FOR_S_MAX, Level
from node.telemetry.log import LEVEL

ACT = "change-log-level"


class LevelAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From which level on, and for how many seconds; the configured one holds for good."""

    level: Level
    for_s: float = FOR_S


class LevelFace(msgspec.Struct, frozen=True, kw_only=True):
    """The level now, the configured one, and in how many seconds that comes back."""

    level: Level
    configured: Level
    ends_in_s: float | None


@get("/v1/log/level", act="show-log-level", roles=("operator",))
async def level() -> LevelFace:
    """Tell from which level on events are logged."""
    return _now()


@post("/v1/log/level", status_code=200, act=ACT, roles=("operator",))
async def change(node: NamedDependency[Node], by: NamedDependency[Actor], body: RawBody) -> LevelFace:
    """Log from another level on for a while."""
    asked = read_body(body, LevelAsked)
    if not 1 <= asked.for_s <= FOR_S_MAX:
        en = f"for_s: {asked.for_s} is not within 1 and {FOR_S_MAX:.0f}; what is to hold longer stands in the configuration (log.level)"
        zh = f"for_s：{asked.for_s} 应在 1 至 {FOR_S_MAX:.0f} 之间；需长期生效的级别请写入配置（log.level）"
        raise CommandRefused("malformed", en, zh)
    await _note(node, by, {"level": asked.level, "seconds": f"{asked.for_s:.0f}"})
    logger().warning("level-changed", to=asked.level, for_s=asked.for_s)
    LEVEL.change(asked.level, asked.for_s)
    return _now()


async def _note(node: Node, by: Actor, subject: dict[str, str]) -> None:
    """Put it into the audit, or, where that cannot be written, into the log alone: this is wanted most when the cluster is away."""
    why = "the control logs are not being read"
    if node.ledger.reading:  # else it would be waited for
        try:
            await node.record(ACT, by, subject)
        except CommandRefused as error:
            why = error.code
        else:
            return
    logger().warning("act-not-audited", act=ACT, cause=why)


def _now() -> LevelFace:
    ends = LEVEL.ends_in_s
    return LevelFace(level=LEVEL.now, configured=LEVEL.configured, ends_in_s=None if ends is None else round(ends, 1))


HANDLERS = [level, change]
