"""Answers in lines, without a node: what is told when, and what becomes of what goes wrong."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from node.control.quarantine import Advanced, Ended, Line
from node.errors import CommandRefused, DataError, Unavailable
from node.http import streaming


async def test_an_answer_that_is_not_read_to_its_end_is_closed() -> None:
    """At once, not when the memory is tidied up."""
    closed = []

    async def work() -> AsyncGenerator[Line, None]:
        try:
            yield Advanced(0, 5)
            yield Ended()
        finally:
            closed.append(True)

    iterator: Any = (await streaming.streamed(work())).iterator
    await anext(iterator)
    await iterator.aclose()
    assert closed == [True]


async def _told(*lines: Line | Exception) -> list[dict[str, Any]]:
    async def work() -> AsyncGenerator[Line, None]:
        for line in lines:
            if isinstance(line, Exception):
                raise line
            yield line

    stream = await streaming.streamed(work())
    iterator: Any = stream.iterator
    return [json.loads(line) async for line in iterator]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CommandRefused("no-gate", "no gate", "没有闸口"), "no-gate"),
        (Unavailable("away"), "kafka"),
        (DataError("a note cannot be read"), "note-unreadable"),
    ],
)
async def test_what_goes_wrong_later_is_the_last_line(error: Exception, code: str) -> None:
    """The status is sent by then; before the first line it is raised, and gets one."""
    first, problem = await _told(Advanced(0, 5), error)
    assert first == {"line": "advanced", "done": 0, "total": 5}
    assert (problem["line"], problem["code"]) == ("problem", code)
    assert problem["zh"]
    with pytest.raises(CommandRefused) as raised:
        await _told(error)
    assert raised.value.code == code


async def test_progress_is_told_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that only tell how far it has come are left out where they would come too often; no other line ever is."""
    advances = [Advanced(done, 9) for done in range(9)]
    assert [line["line"] for line in await _told(*advances, Ended())] == ["advanced", "ended"]
    monkeypatch.setattr(streaming, "ADVANCE_S", 0.0)
    assert [line["line"] for line in await _told(*advances, Ended())] == ["advanced"] * 9 + ["ended"]


async def test_an_answer_that_has_nothing_more_to_tell_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a problem that says so, and the work behind it is closed."""
    monkeypatch.setattr(streaming, "IDLE_S", 0.02)
    closed = []

    async def work() -> AsyncGenerator[Line, None]:
        try:
            yield Advanced(0, 5)
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    iterator: Any = (await streaming.streamed(work())).iterator
    lines = [json.loads(line) async for line in iterator]
    assert [line["line"] for line in lines] == ["advanced", "problem"]
    assert (lines[-1]["code"], closed) == ("no-answer", [True])


async def test_a_problem_in_a_line_tells_no_identity_number() -> None:
    """As no other refusal does."""
    (_advanced, problem) = await _told(Advanced(0, 5), DataError("of 440102199001011234"))
    assert "of ***" in problem["en"]
    assert "440102199001011234" not in json.dumps(problem)
