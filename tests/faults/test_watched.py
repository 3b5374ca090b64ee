"""What Prometheus has of a real federation: data in every panel of the dashboards, and an alert within 30 s when a link breaks."""

import asyncio
import time
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from node.demo.prometheus import Prometheus, open_prometheus, targets
from node.demo.requesting import ask
from node.demo.world import CITY, DISTRICT, PROVINCE, TREE, NodeProcess, World
from node.model.names import Topic, inbox_topic
from tests.deploy.boards import Asked, asked
from tests.deploy.given import program
from tests.faults.flow import Face, grant, offer, publishing, versions, wanted, write

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

_TAKER = "440000.civil-affairs"
_TOLD_S = 30.0
_LINK = f"{CITY}-{PROVINCE}"
_RESTART_S = 10.0
_POLL_S = 0.25

BY_NATURE = {
    "停止的路由 / Stopped routes": "no route is stopped",
    "控制日志告警 / Alarms of control logs": "no log is refused",
    "警告 / Warned": "the schemas of these resources have no rule that only warns",
    "限速 / Rate limits": "nobody has set a limit",
    "受限时间 / Throttled": "nobody has set a limit",
    "提醒 / Reminders": "no term is due soon",
    "抑制的日志 / Suppressed logs": "no event comes again and again",
    "证书有效期 / Certificates": "these clusters and nodes use no TLS",
}
"""Panels that have nothing to show on a healthy federation, each with the reason."""
ONCE_A_MINUTE = {"隔离区 / Quarantine", "隔离区中最早的记录 / Oldest in quarantine"}
"""Panels about what a node looks at so often and no more."""


@asynccontextmanager
async def watched(world: World, folder: Path) -> AsyncIterator[Prometheus]:
    """Watch a world from when all its nodes have been seen."""
    async with open_prometheus(program("prometheus"), folder, targets(world)) as prometheus:
        await _until(prometheus, lambda up: len(up) == len(TREE), 'up{job="exchange-node"} == 1', "all nodes are seen")
        yield prometheus


async def _until(prometheus: Prometheus, holds: Callable[[list[dict[str, Any]]], bool], expression: str, what: str) -> None:
    try:
        async with asyncio.timeout(_TOLD_S):
            while not holds(await prometheus.query(expression)):
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise AssertionError(f"after {_TOLD_S:.0f} s still not: {what}") from error


async def _without_data(prometheus: Prometheus, queries: Iterable[Asked]) -> list[Asked]:
    return [one for one in queries if not await prometheus.query(one.expression)]


@pytest.mark.parametrize(
    ("within_s", "later"), [(_TOLD_S, ONCE_A_MINUTE), pytest.param(90.0, set[str](), marks=pytest.mark.full)], ids=["soon", "all"]
)
async def test_every_panel_has_data(world: World, tmp_path: Path, within_s: float, later: set[str]) -> None:
    """While records flow, pass, are refused, cut and carried, and a request waits; but for panels about what is not there, each named."""
    topic, left_out = await offer(world, f"panels-{len(later)}", _TAKER), BY_NATURE.keys() | later
    await grant(world, Topic(topic), "445100.civil-affairs")
    await ask(world, wanted(topic, "445100.taxation", fields=("code",)))
    async with httpx.AsyncClient() as http:
        await http.get(f"{world.nodes[DISTRICT].url}/v1/node")
    async with watched(world, tmp_path) as prometheus:
        left = list(asked({"division": DISTRICT, "resource": topic}))
        with publishing(world.clusters[DISTRICT], inbox_topic(topic), per_second=500):
            ends = time.monotonic() + within_s
            while {one.panel for one in left} - left_out and time.monotonic() < ends:
                write(world.clusters[DISTRICT], inbox_topic(topic), [(b"rubbish", b"rubbish")])
                left = await _without_data(prometheus, left)
                await asyncio.sleep(_POLL_S)
    assert [one for one in left if one.panel not in left_out] == []


async def test_the_pages_of_all_nodes_are_clean(world: World) -> None:
    """By the judgement of Prometheus' own tool: names, units, types and helps."""
    for code in TREE:
        _status, page = await Face(world.nodes[code]).text("/metrics")
        checked = await asyncio.create_subprocess_exec(program("promtool"), "check", "metrics", stdin=PIPE, stdout=PIPE, stderr=STDOUT)
        said, _nothing = await checked.communicate(page.encode())
        assert (checked.returncode, said.decode()) == (0, ""), code


def _told(alerts: list[dict[str, Any]], state: str) -> set[tuple[str, str, str]]:
    labels = (one["labels"] for one in alerts if one["state"] == state)
    return {(one["alertname"], one.get("link", ""), one.get("direction", "")) for one in labels}


async def _until_told(prometheus: Prometheus, holds: Callable[[list[dict[str, Any]]], bool], what: str) -> float:
    """Wait until the alerts are so, 30 s at most; return how long it took (s)."""
    began = time.monotonic()
    alerts = await prometheus.alerts()
    while not holds(alerts):
        assert time.monotonic() - began < _TOLD_S, f"after {_TOLD_S:.0f} s still not: {what}; {alerts}"
        await asyncio.sleep(_POLL_S)
        alerts = await prometheus.alerts()
    return time.monotonic() - began


@pytest.mark.full
async def test_a_broken_link_is_told_within_30_seconds_and_its_repair_too(world: World, tmp_path: Path) -> None:
    """By link and direction, pending and then firing, once for each direction; and nothing of the link below."""
    due = {("CanaryMissing", _LINK, direction) for direction in ("up", "down")}
    async with watched(world, tmp_path) as prometheus:
        await _until_told(prometheus, lambda alerts: not _told(alerts, "firing"), "nothing fires")
        world.cut(CITY)
        pending = await _until_told(prometheus, lambda alerts: _told(alerts, "pending") >= due, "both directions are pending")
        fired = pending + await _until_told(prometheus, lambda alerts: _told(alerts, "firing") >= due, "both directions fire")
        assert fired < _TOLD_S
        firing = [one for one in await prometheus.alerts() if one["labels"]["alertname"] == "CanaryMissing"]
        assert len(firing) == len(due)
        assert all(_LINK in one["annotations"]["summary_zh"] for one in firing)
        world.mend(CITY)
        await _until_told(prometheus, lambda alerts: not _told(alerts, "firing") & due, "it is resolved")


async def _restart(node: NodeProcess) -> float:
    """Stop a node and start it again; return how long it was away (s)."""
    began = time.monotonic()
    await node.stop()
    await node.start()
    await Face(node).until_ready()
    return time.monotonic() - began


@pytest.mark.full
async def test_a_rolling_restart_wakes_nobody(world: World, tmp_path: Path) -> None:
    """Each node is stopped and started in turn while records flow: no alert fires, unless this machine was too slow to have it back within 10 s."""
    topic = await offer(world, "rolled", _TAKER)
    async with watched(world, tmp_path) as prometheus:
        await _until_told(prometheus, lambda alerts: not _told(alerts, "firing"), "nothing fires")
        away = []
        with publishing(world.clusters[DISTRICT], inbox_topic(topic), per_second=200, records=islice(versions(), 100_000)):
            for node in world.nodes.values():
                away.append(await _restart(node))
                await asyncio.sleep(_TOLD_S / 2)  # what the restart has begun would fire by now
        fired = await prometheus.query('sum by (alertname) (count_over_time(ALERTS{alertstate="firing",alertname!="Watchdog"}[5m]))')
        assert not fired or max(away) > _RESTART_S, (away, fired)
