"""Answers for node/telemetry/level.py: a level for a while."""

import asyncio
import json
import logging
from collections.abc import Iterator

import pytest

from node.telemetry import configure, logger
from node.telemetry.log import LEVEL
from tests.telemetry.undoing import undone


@pytest.fixture(autouse=True)
def _undone() -> Iterator[None]:
    with undone():
        yield
        LEVEL.configure("info")


def _logged(capsys: pytest.CaptureFixture[str]) -> list[str]:
    for level in ("debug", "info", "warning", "error"):
        getattr(logger(), level)("ready", part=level)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    return [line["level"] for line in lines if line["event"] == "ready"]


def test_the_configured_level_is_the_least_that_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """What lies below it is not."""
    configure(division="445102", readable=False, level="warning")
    assert _logged(capsys) == ["warning", "error"]
    assert (LEVEL.now, LEVEL.ends_in_s) == ("warning", None)


async def test_another_level_ends_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody has to remember; the log says so, and a client of Kafka's speaks as long as everything does."""
    configure(division="445102", readable=False)
    LEVEL.change("debug", 0.05)
    assert logging.getLogger("aiokafka").level == logging.WARNING
    assert 0 < (LEVEL.ends_in_s or 0) <= 0.05
    assert _logged(capsys) == ["debug", "info", "warning", "error"]
    async with asyncio.timeout(5):
        while LEVEL.ends_in_s is not None:
            await asyncio.sleep(0.01)
    assert json.loads(capsys.readouterr().err)["event"] == "level-restored"
    assert _logged(capsys) == ["info", "warning", "error"]
    assert logging.getLogger("aiokafka").level == logging.CRITICAL


async def test_a_second_change_takes_the_place_of_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    """The configured level at once and for good, whatever time was given; another with its own time."""
    configure(division="445102", readable=False)
    LEVEL.change("debug", 0.01)
    LEVEL.change("error", 60)
    assert _logged(capsys) == ["error"]
    LEVEL.change("info", 60)
    assert LEVEL.ends_in_s is None
    assert _logged(capsys) == ["info", "warning", "error"]
