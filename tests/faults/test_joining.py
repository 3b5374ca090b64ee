"""Two commands make a working link, and one takes it apart: as operators type them, on clusters of their own."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from node.bus.client import open_client
from node.bus.embedded import Cluster, open_cluster
from node.bus.embedded.ports import reserved_ports
from node.bus.passwords import write_secret
from node.bus.users import mechanisms_of
from node.control import AddDivision
from node.demo.world import OPERATOR, NodeProcess
from node.errors import Unavailable
from node.model.divisions import known_divisions
from node.model.names import Division
from node.setup.invitation import decode, encode

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

_PARENT, _CHILD = "440000", "445100"


class Level:
    """A node beside its cluster, and what its operator types."""

    def __init__(self, node: NodeProcess, cluster: Cluster, folder: Path) -> None:
        self.node, self.cluster, self.folder = node, cluster, folder

    async def typed(self, *arguments: str, status: int = 0) -> list[dict[str, Any]]:
        """Give a command; return the lines that it printed as JSON."""
        asked = [] if arguments[0] in {"join", "leave"} else ["--node", self.node.url, "--token-file", str(self.node.token_file(OPERATOR))]
        command = [sys.executable, "-m", "node", *arguments, *asked, "--json"]
        process = await asyncio.create_subprocess_exec(*command, cwd=self.folder, stdout=PIPE, stderr=PIPE)
        out, err = await process.communicate()
        assert process.returncode == status, err.decode()
        return [msgspec.json.decode(line) for line in out.splitlines()]

    async def add(self, code: str) -> None:
        """Add a division."""
        known = known_divisions()[Division(code)]
        parent = None if code == self.node.division else known.parent
        await self.node.command(AddDivision(code=known.code, name=known.name, level=known.level, parent=parent))

    async def until(self, holds: Callable[[Any], bool]) -> None:
        """Wait until the node's status is so."""
        async with asyncio.timeout(60):
            while True:
                self.node.check()
                with contextlib.suppress(Unavailable):  # it is still starting
                    status = await self.node.get("/v1/status")
                    if holds(status):
                        return
                await asyncio.sleep(0.1)


@asynccontextmanager
async def _levels(folder: Path) -> AsyncIterator[tuple[Level, Level]]:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=15))
        ports = stack.enter_context(reserved_ports(4))
        homes = {code: folder / code for code in (_PARENT, _CHILD)}
        for home in homes.values():
            home.mkdir(parents=True)
        async with asyncio.TaskGroup() as tasks:
            opening = [
                tasks.create_task(stack.enter_async_context(open_cluster(home / "kafka", principal=f"{code}.node")))
                for code, home in homes.items()
            ]
        found = []
        for number, (code, home) in enumerate(homes.items()):
            cluster = opening[number].result()
            node = NodeProcess(code, home, (ports[2 * number], ports[2 * number + 1]), http)
            await node.configure(cluster, None, "")
            await node.start()
            stack.push_async_callback(node.stop)
            found.append(Level(node, cluster, home))
        yield found[0], found[1]


def _ready(status: Any) -> bool:
    return not status["reasons"]


def _linked(status: Any) -> bool:
    return not status["reasons"] and bool(status["link"]) and bool(status["link"]["up"])


def _shut_out(status: Any) -> bool:
    reasons: list[str] = status["reasons"]
    mine = [reason for reason in reasons if not reason.startswith("own control log")]  # it cannot compare that with its copy above
    return bool(mine) and all(f"does not know {_CHILD}.node" in reason for reason in mine)


async def _users(cluster: Cluster, user: str) -> dict[str, frozenset[str]]:
    async with open_client(cluster.bootstrap, client_id="test", security=cluster.security) as client:
        return await mechanisms_of(client, [user])


async def test_a_child_joins_by_an_invitation_and_leaves_by_its_key(work_folder: Path) -> None:
    """`token` and `join` make a link that works; the same invitation again, another's, and one that ended are refused and audited; `leave` ends it."""
    async with _levels(work_folder / "joining") as (parent, child):
        config = child.node.config
        await asyncio.gather(parent.until(_ready), child.until(_ready))
        await parent.add(_PARENT)
        await parent.add(_CHILD)
        file = parent.folder / "child.token"
        await parent.typed("token", _CHILD, "--output", str(file))
        assert file.stat().st_mode & 0o777 == 0o600

        # Another's: refused where it is typed, and by the parent's node where somebody claims a division that is not his.
        forged = msgspec.structs.replace(decode(file.read_text()), child=Division("445200"))
        (child.folder / "forged.token").write_text(encode(forged))
        (child.folder / "445200.yaml").write_text(config.read_text().replace(_CHILD, "445200", 1))
        refused = await asyncio.gather(
            child.typed("join", "forged.token", "--config", str(config), status=2),
            child.typed("join", "forged.token", "--config", "445200.yaml", status=1),
        )
        assert [lines[0]["code"] for lines in refused] == ["not-invited"] * 2

        alone = config.read_text()
        await child.typed("join", str(file), "--config", str(config))
        await child.node.stop()
        await child.node.start()
        await child.until(_linked)
        await child.node.until("/v1/divisions", "code", {_PARENT, _CHILD})
        stale = (child.folder / "parent.login").read_text(), config.read_text()
        assert await _users(parent.cluster, f"{_CHILD}.node") == {f"{_CHILD}.node": {"SCRAM-SHA-512"}}

        # Stolen, and used once more.
        (child.folder / "other.yaml").write_text(alone)
        assert (await child.typed("join", str(file), "--config", "other.yaml", status=1))[0]["code"] == "invitation-used"

        await child.typed("leave", "--config", str(config))
        assert config.read_text() == alone
        assert await _users(parent.cluster, f"{_CHILD}.node") == {}
        acts = [line["act"] for line in await parent.typed("audit") if "act" in line]
        outcomes = [(one["act"], one["outcome"], one.get("code", "")) for one in acts if one["act"] in {"invite", "join", "leave"}]
        another, used = (("join", "refused", code) for code in ("not-invited", "invitation-used"))
        assert outcomes == [("invite", "done", ""), another, ("join", "done", ""), used, ("leave", "done", "")]

        # Who is not let in any more is told which it is, and all else of its node goes on.
        await child.node.stop()
        write_secret(child.folder / "parent.login", stale[0])
        config.write_text(stale[1])
        await child.node.start()
        await child.until(_shut_out)
