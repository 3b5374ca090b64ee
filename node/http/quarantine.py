"""What the gate refused, listed, shown, sent back and given up: `/v1/quarantine`.

An answer is NDJSON, a line as soon as it is known (`node.control.quarantine` has their forms): what takes long tells how far it has come,
and whoever hangs up ends it. Errors before the first line have a status of their own, later ones are the last line, `problem`.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from time import monotonic
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, RawBody
from litestar.response import Stream

from node.control.quarantine import Advanced, Asked, Line, Problem
from node.errors import BusError, CommandRefused, DataError
from node.runtime.quarantine import Quarantine

MEDIA_TYPE = "application/x-ndjson"
_ADVANCE_S = 0.2
"""Between two lines that only tell how far it has come."""

Resource = Annotated[str, QueryParameter(description="One resource; without it, all of this node that have refused records")]
Reason = Annotated[str, QueryParameter(description="Only records with this reason")]
Count = Annotated[int, QueryParameter(description="How many records, 1000 at most")]
Values = Annotated[bool, QueryParameter(description="Tell the values too: they hold personal data, and are for their own department")]


@get("/v1/quarantine", media_type=MEDIA_TYPE)
async def listed(quarantine: NamedDependency[Quarantine], resource: Resource = "") -> Stream:
    """Tell what was refused, by reason and field: `advanced` and `listed` lines, then `ended`."""
    return await _streamed(quarantine.list(resource))


@get("/v1/quarantine/{name:str}", media_type=MEDIA_TYPE)
async def shown(
    quarantine: NamedDependency[Quarantine], name: FromPath[str], reason: Reason = "", count: Count = 10, *, values: Values = False
) -> Stream:
    """Tell of some records that wait, their keys masked: `advanced` and `sampled` lines, then `ended`."""
    return await _streamed(quarantine.show(name, reason=reason, count=count, values=values))


@post("/v1/quarantine/{name:str}/replay", status_code=200, media_type=MEDIA_TYPE)
async def replayed(quarantine: NamedDependency[Quarantine], name: FromPath[str], body: RawBody) -> Stream:
    """Send records back to their inbox, each once: `advanced` lines, `kept` for each that stays and why, then `ended`."""
    return await _streamed(quarantine.replay(name, _asked(body)))


@post("/v1/quarantine/{name:str}/discard", status_code=200, media_type=MEDIA_TYPE)
async def discarded(quarantine: NamedDependency[Quarantine], name: FromPath[str], body: RawBody) -> Stream:
    """Note that nobody will repair some records, and why: lines as for a replay."""
    return await _streamed(quarantine.discard(name, _asked(body)))


def _asked(body: bytes) -> Asked:
    try:
        return msgspec.json.decode(body, type=Asked)
    except msgspec.DecodeError as error:
        raise CommandRefused("malformed", f"the request cannot be read: {error}", f"请求无法读取：{error}") from error


async def _streamed(lines: AsyncGenerator[Line, None]) -> Stream:
    """Answer with lines; what is refused before the first one is raised here, while the status can still say so."""
    try:
        first = await anext(lines)
    except (BusError, DataError) as error:
        raise _refusal(error) from error
    return Stream(_encoded(first, lines), media_type=MEDIA_TYPE)


async def _encoded(first: Line, lines: AsyncGenerator[Line, None]) -> AsyncIterator[bytes]:
    try:
        async with aclosing(lines):  # whoever hangs up ends the work at once, and leaves room for another's
            yield _line(first)
            told_at = monotonic()
            async for line in lines:
                if isinstance(line, Advanced) and monotonic() - told_at < _ADVANCE_S:
                    continue
                told_at = monotonic()
                yield _line(line)
    except CommandRefused as error:
        yield _line(Problem(code=error.code, zh=error.zh, en=error.en))
    except (BusError, DataError) as error:
        refusal = _refusal(error)
        yield _line(Problem(code=refusal.code, zh=refusal.zh, en=refusal.en))


def _refusal(error: BusError | DataError) -> CommandRefused:
    if isinstance(error, DataError):
        return CommandRefused("note-unreadable", f"{error}", f"审计记录无法读取：{error}")
    en = f"Kafka: {error}. What was told as done is done; give the command again: nothing is done twice"
    return CommandRefused("kafka", en, f"Kafka：{error}。已告知完成的即已完成；请重试，不会重复")


def _line(line: Line) -> bytes:
    return msgspec.json.encode(line) + b"\n"


HANDLERS = [listed, shown, replayed, discarded]
