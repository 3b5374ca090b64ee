"""A part of the node that fails, and is begun anew."""

import asyncio

from structlog.testing import capture_logs

from node.errors import Unavailable
from node.runtime.supervising import supervise


async def test_a_part_that_fails_is_started_anew_and_its_cause_is_told() -> None:
    """Kafka's failures are told by their own words however deep they come up, all else with its traceback; each pause is longer than the one before."""
    stopping = asyncio.Event()
    failures = [
        ExceptionGroup("tasks", [ExceptionGroup("more", [Unavailable("no broker")])]),
        LookupError("unforeseen"),
        Unavailable("again"),
    ]
    told: list[tuple[str, str, float]] = []

    async def keep() -> None:
        if not failures:
            stopping.set()
            return
        raise failures.pop(0)

    with capture_logs() as logged:
        await supervise("gate", keep, stopping, lambda *failure: told.append(failure))
    assert told == [("gate", "no broker", 0.1), ("gate", "LookupError: unforeseen", 0.2), ("gate", "again", 0.4)]
    assert [one["part"] for one in logged if one["event"] == "part-failed"] == ["gate"]  # a shared node may log beside it


async def test_a_part_that_ends_by_itself_is_started_anew_too() -> None:
    """Nothing that a node is there for may end while it runs."""
    stopping = asyncio.Event()
    told: list[str] = []

    async def keep() -> None:
        if told:
            stopping.set()

    await supervise("views", keep, stopping, lambda _part, cause, _pause: told.append(cause))
    assert told == ["it ended"]
