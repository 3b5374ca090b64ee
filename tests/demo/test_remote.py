"""Cutting a link from another terminal."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from node.demo.remote import ask, serve
from node.errors import CommandRefused


class _World:
    """Stands for the world: keeps what was asked of it."""

    def __init__(self) -> None:
        self.acts: list[tuple[str, str]] = []

    def cut(self, division: str) -> None:
        """Keep it, or refuse the root as the world does."""
        if division == "440000":
            raise CommandRefused("no-link", "no link", "没有链路")
        self.acts.append(("cut", division))

    def mend(self, division: str) -> None:
        """Keep it."""
        self.acts.append(("mend", division))


async def test_another_process_can_cut_and_mend(tmp_path: Path) -> None:
    """What is asked in one terminal is done in the other, in order."""
    world = _World()
    async with serve(cast("Any", world), tmp_path):
        await asyncio.to_thread(ask, tmp_path, "break", "445100")
        await asyncio.to_thread(ask, tmp_path, "mend", "445100")
    assert world.acts == [("cut", "445100"), ("mend", "445100")]


async def test_a_refusal_comes_back_with_its_reason(tmp_path: Path) -> None:
    """The root has no link: whoever asks is told so, in both languages."""
    async with serve(cast("Any", _World()), tmp_path):
        with pytest.raises(CommandRefused, match="no link / 没有链路"):
            await asyncio.to_thread(ask, tmp_path, "break", "440000")


def test_without_a_demo_the_way_to_start_one_is_told(tmp_path: Path) -> None:
    """Nothing listens, or nothing ever did: both mean that no demo runs here."""
    with pytest.raises(CommandRefused, match="make demo"):
        ask(tmp_path, "break", "445100")
    (tmp_path / "remote.port").write_text("1")
    with pytest.raises(CommandRefused, match="make demo"):
        ask(tmp_path, "break", "445100")


async def test_nonsense_is_no_harm(tmp_path: Path) -> None:
    """Bytes that are no JSON end the connection; the next one is served."""
    world = _World()
    async with serve(cast("Any", world), tmp_path):
        reader, writer = await asyncio.open_connection("127.0.0.1", int((tmp_path / "remote.port").read_text()))
        writer.write(b"\xff\n")
        assert await reader.read() == b""
        writer.close()
        await asyncio.to_thread(ask, tmp_path, "break", "445100")
    assert world.acts == [("cut", "445100")]
