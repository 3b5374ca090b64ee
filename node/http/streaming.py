"""Answers in lines (NDJSON), each as soon as it is known: what takes long tells how far it has come, and whoever hangs up ends it.

Errors before the first line have a status of their own; later ones are the last line, `problem`.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from time import monotonic
from typing import Any

import msgspec
from litestar.response import Stream

from node.control.quarantine import Advanced, Problem
from node.errors import BusError, CommandRefused, DataError
from node.model.hidden import hidden

MEDIA_TYPE = "application/x-ndjson"
ADVANCE_S = 0.2
"""Between two lines that only tell how far it has come."""
IDLE_S = 60.0
"""Between two lines of any kind: an answer may take hours while there is something to tell, and no longer than this where there is nothing."""


async def streamed(lines: AsyncGenerator[Any, None]) -> Stream:
    """Answer with lines, msgspec structs; what is refused before the first one is raised here, while the status can still say so."""
    try:
        first = await anext(lines)
    except (BusError, DataError) as error:
        raise _refusal(error) from error
    return Stream(_encoded(first, lines), media_type=MEDIA_TYPE)


async def _encoded(first: Any, lines: AsyncGenerator[Any, None]) -> AsyncIterator[bytes]:
    try:
        async with aclosing(lines):  # whoever hangs up ends the work at once, and leaves room for another's
            yield _line(first)
            told_at = monotonic()
            while (line := await _next(lines)) is not None:
                if isinstance(line, Advanced) and monotonic() - told_at < ADVANCE_S:
                    continue
                told_at = monotonic()
                yield _line(line)
    except CommandRefused as error:
        yield _line(_problem(error))
    except (BusError, DataError) as error:
        yield _line(_problem(_refusal(error)))


async def _next(lines: AsyncGenerator[Any, None]) -> Any:
    """Return the next line, None behind the last one. CommandRefused if it does not come."""
    try:
        async with asyncio.timeout(IDLE_S):
            return await anext(lines, None)
    except TimeoutError as error:
        en = f"the node had nothing to tell for {IDLE_S:.0f} s and gave up. What was told as done is done; give the command again: nothing is done twice"
        raise CommandRefused("no-answer", en, f"节点 {IDLE_S:.0f} 秒内没有进展，已放弃。已告知完成的即已完成；请重试，不会重复") from error


def _refusal(error: BusError | DataError) -> CommandRefused:
    if isinstance(error, DataError):
        return CommandRefused("note-unreadable", f"{error}", f"审计记录无法读取：{error}")
    en = f"Kafka: {error}. What was told as done is done; give the command again: nothing is done twice"
    return CommandRefused("kafka", en, f"Kafka：{error}。已告知完成的即已完成；请重试，不会重复")


def _problem(refusal: CommandRefused) -> Problem:
    return Problem(code=refusal.code, zh=hidden(refusal.zh), en=hidden(refusal.en))


def _line(line: Any) -> bytes:
    return msgspec.json.encode(line) + b"\n"
