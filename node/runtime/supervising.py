"""Keeping a part of the node going: whatever ends it, it is begun anew."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from node.errors import BusError
from node.model.limits import BACKOFF_FIRST_S, BACKOFF_MAX_S
from node.telemetry import logger


async def supervise(
    part: str, keep: Callable[[], Awaitable[None]], stopping: asyncio.Event, failed: Callable[[str, str, float], None]
) -> None:
    """Run a part, again after each failure with a growing pause, until `stopping` is set. `failed` is told the part, the cause, and the pause in s."""
    pause = BACKOFF_FIRST_S
    while True:
        began = time.monotonic()
        cause = await _until_it_fails(part, keep)
        if stopping.is_set():
            return
        if time.monotonic() - began > BACKOFF_MAX_S:
            pause = BACKOFF_FIRST_S
        failed(part, cause, pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, BACKOFF_MAX_S)


async def _until_it_fails(part: str, keep: Callable[[], Awaitable[None]]) -> str:
    """Return why a part ended. What Kafka could not do is told in a line, all else with where it happened."""
    cause = "it ended"
    try:
        await keep()
    except* BusError as group:
        cause = str(_first(group))
    except* Exception as group:  # noqa: BLE001 - the supervisor: whatever it is, the part starts anew
        cause = f"{type(_first(group)).__name__}: {_first(group)}"
        logger().error("part-failed", part=part, exc_info=group)
    return cause


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
