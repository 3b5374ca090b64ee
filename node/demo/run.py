"""The demo from its first broker to its last count."""

import asyncio
import contextlib
import fcntl
import json
import math
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from rich.console import Console
from rich.live import Live

from node.demo import requesting
from node.demo.prometheus import Prometheus, find, open_prometheus, targets
from node.demo.remote import ask, serve
from node.demo.sides import Sides, compare, read_rows
from node.demo.story import ASKED, GRANTED_STREETS, LICENCES, TAKERS, TAXATION, Publication, more, prepare, publications, publish
from node.demo.table import Arrived, Board, both, closed, course, refusals, summary
from node.demo.takers import Taker
from node.demo.trespass import try_all
from node.demo.world import DISTRICT, World, open_world
from node.errors import ConfigError, NodeError, Unavailable
from node.model.names import Topic, is_view, quarantine_topic

FOLDER = Path(".run/demo")
_REFRESH_S = 0.5
_WIDTH = 136
"""Columns where the output is no terminal: the widest table fits."""
_FLOWS_WITHIN_S = 10.0
"""From a decision to the first record at its taker."""
_SILENCE_S = 60.0
"""With --once the demo gives up when no taker got anything for so long."""


def run(*, once: bool, records: int, lang: str, watched: bool = False) -> int:
    """Run the demo, `watched` by Prometheus if it is installed; exit status 0 if every taker has what its owner has.

    ConfigError if one runs here already, or if Java or Kafka's jars are missing.
    """
    console = Console()
    if not console.is_terminal:
        console.width = _WIDTH
    with _alone(FOLDER.absolute()) as folder:
        try:
            return asyncio.run(_Demo(folder, records, Board(lang), console, watched=watched).play(once=once))
        except KeyboardInterrupt:
            return 130
        except ConfigError:
            raise
        except NodeError as error:
            console.print(str(error), style="red", markup=False)  # it may quote a broker's log, which is full of brackets
            return 1


def cut(division: str) -> None:
    """Cut the link of a running demo's node to its parent. CommandRefused if no demo runs here or there is no such link."""
    ask(FOLDER, "break", division)


def mend(division: str) -> None:
    """Restore the link. CommandRefused as with `cut`."""
    ask(FOLDER, "mend", division)


@contextmanager
def _alone(folder: Path) -> Iterator[Path]:
    """Hold the demo's folder for this process and begin with it empty: what a killed demo left is of no use."""
    folder.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError([f"{folder}: a demo runs here already: end it with Ctrl-C in its own terminal"]) from error
        shutil.rmtree(folder)
        folder.mkdir()
        yield folder


class _Demo:
    def __init__(self, folder: Path, records: int, board: Board, console: Console, *, watched: bool = False) -> None:
        self._watched = watched
        self._folder, self._records = folder, records
        self._board, self._console = board, console
        self._note = ""
        self._ending = asyncio.Event()

    async def play(self, *, once: bool) -> int:
        """Start, publish, watch, compare; stay until Ctrl-C unless `once`."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end)
        say = self._board.say
        began = time.monotonic()
        self._tell("starting three Kafka clusters and three nodes", "正在启动三个 Kafka 集群和三个节点")
        async with open_world(self._folder) as world:
            watching = asyncio.create_task(self._watch(world))
            try:
                async with serve(world, self._folder), self._prometheus(world) as prometheus:
                    equal = await self._until_ending(self._exchange(world))
                    if equal is None:
                        return 130
                    self._addresses(world)
                    if prometheus is not None:
                        self._console.print(f"Prometheus  {prometheus.url}/alerts", soft_wrap=True)
                    seconds = time.monotonic() - began
                    self._console.print(say(f"{seconds:.0f} s from the start", f"自启动起 {seconds:.0f} 秒"))
                    if not once:
                        self._tell("Ctrl-C ends the demo", "按 Ctrl-C 结束演示")
                        await self._ending.wait()
                    return 0 if equal else 1
            finally:
                watching.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watching

    @asynccontextmanager
    async def _prometheus(self, world: World) -> AsyncIterator[Prometheus | None]:
        """Watch the world with Prometheus, where that is wanted and installed."""
        program = find() if self._watched else None
        if program is not None:
            async with open_prometheus(program, self._folder / "prometheus", targets(world)) as prometheus:
                yield prometheus
            return
        if self._watched:
            words = self._board.say(
                "Prometheus is not installed: `make prometheus`, or install it, and start the demo again",
                "未安装 Prometheus：请执行 make prometheus 或自行安装，再启动演示",
            )
            self._console.print(words, style="yellow")
        yield None

    async def _until_ending(self, work: Coroutine[None, None, bool]) -> bool | None:
        """Return what the work returns, None if Ctrl-C came first."""
        working, ending = asyncio.ensure_future(work), asyncio.ensure_future(self._ending.wait())
        await asyncio.wait([working, ending], return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not working.done():
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working
            return None
        return working.result()

    def _end(self) -> None:
        if self._ending.is_set():
            os._exit(130)  # the kernel takes brokers and nodes along
        self._ending.set()

    def _tell(self, en: str, zh: str) -> None:
        self._note = self._board.say(en, zh)
        if not self._console.is_terminal:
            self._console.print(self._note)

    async def _watch(self, world: World) -> None:
        """Redraw the table from the nodes' own status, twice a second."""
        last = time.monotonic()
        with Live(console=self._console, auto_refresh=False, transient=False) as live:
            while True:
                now = time.monotonic()
                for division, node in world.nodes.items():
                    try:
                        status = await node.get("/v1/status")
                    except Unavailable:
                        status = None
                    self._board.update(division, status, now - last)
                last = now
                if self._console.is_terminal:
                    live.update(self._board.draw(self._note), refresh=True)
                await asyncio.sleep(_REFRESH_S)

    async def _exchange(self, world: World) -> bool:
        self._tell(
            "stewards describe divisions, departments and resources, and ask; heads decide",
            "正在登记区划、部门和资源目录；各部门申请，双方负责人决定",
        )
        making = asyncio.create_task(asyncio.to_thread(lambda: list(publications(self._folder, self._records))))
        await prepare(world)
        request = await requesting.ask(world, ASKED)
        takers = await _takers(world)
        try:
            self._tell("departments publish; the gate checks; records move", "部门发布数据，闸口校验，记录流动")
            files = await making
            published = await self._publish(world, files)
            self._tell("taxation has asked; the owner's head consents; its view flows", "税务部门已申请，数源方负责人同意，视图开始流动")
            view, decided = await requesting.decide(world, ASKED, request)
            taxation = Taker(TAXATION, await world.way(TAXATION), view)
            taxation.start()
            takers.append(taxation)
            published[view] = sum(one.granted for one in files)
            await self._arrive(takers, published)
            equal = self._compare(takers, files, published, await _sides(world, view))
            flowed = (taxation.first_at or math.inf) - decided
            self._tell("the authority suspends the grant, and ends the suspension", "主管部门暂停授权，随后恢复")
            extra = await asyncio.to_thread(more, self._folder)
            disposed, stopped, resumed = await requesting.held_back(world, request, taxation, extra.granted, publish(world, extra))
            standing = await requesting.shown(world, request)
            told = requesting.Course(standing=standing, flowed_s=flowed, disposed_s=disposed, stopped=stopped, resumed_s=resumed)
            self._console.print(course(self._board, told))
            attempts = await try_all(world)
            self._console.print(closed(self._board, attempts))
            return equal and stopped and flowed <= _FLOWS_WITHIN_S and all(one.refused for one in attempts)
        finally:
            for taker in takers:
                await asyncio.to_thread(taker.stop)

    async def _publish(self, world: World, files: list[Publication]) -> dict[str, int]:
        """Publish all files at the same time; return the rows published of each resource."""
        try:
            async with asyncio.TaskGroup() as tasks:
                running = {one.resource: tasks.create_task(publish(world, one)) for one in files}
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return {resource: task.result() for resource, task in running.items()}

    async def _arrive(self, takers: list[Taker], published: dict[str, int]) -> None:
        """Wait until every row is at every taker or in quarantine, or nothing comes any more."""
        while any(taker.records < published[resource] - refused for resource, refused, taker in _expecting(takers)):
            if time.monotonic() - max(taker.last_at for taker in takers) > _SILENCE_S:
                break
            await asyncio.sleep(_REFRESH_S / 2)
        await asyncio.sleep(_REFRESH_S)  # one record too many would come now

    def _compare(self, takers: list[Taker], files: list[Publication], published: dict[str, int], sides: Sides) -> bool:
        owners = {taker.topic: taker.received() for taker in takers if taker.taker == _OWNER}
        rows: list[Arrived] = []
        for resource, refused, taker in _expecting(takers):
            count, got = published[resource], taker.received()
            equal = got.records + refused == count and (sides.equal if is_view(taker.topic) else got == owners[taker.topic])
            rows.append(Arrived(resource, count, refused, taker.taker, got, equal))
        found = {taker.topic: taker.received().reasons for taker in takers if taker.taker == _QUARANTINE}
        reasons = [(one.resource, one.wrong, found[quarantine_topic(Topic(one.resource))]) for one in files]
        self._console.print(self._board.draw(""))
        self._console.print(summary(self._board, rows))
        self._console.print(refusals(self._board, reasons))
        self._console.print(both(self._board, sides))
        return all(row.equal for row in rows) and all(wrong == got for _resource, wrong, got in reasons)

    def _addresses(self, world: World) -> None:
        for division, node in world.nodes.items():
            self._console.print(f"{division}  {node.probes_url}/metrics  {world.clusters[division].bootstrap}  {node.log}", soft_wrap=True)
        words = self._board.say("in another terminal", "在另一个终端")
        self._console.print(
            f"{words}: exchange-node demo break 445100 | mend 445100 | exchange-node status --node {world.nodes[DISTRICT].url} --token-file {world.nodes[DISTRICT].token_file()}"
        )
        (self._folder / "nodes.json").write_text(json.dumps({division: node.url for division, node in world.nodes.items()}))


_OWNER, _QUARANTINE = "(owner)", "(quarantine)"


async def _takers(world: World) -> list[Taker]:
    """Start a taker for each grant, on the cluster of its own node, and at each owner one to compare with and one of its quarantine."""
    found = []
    for resource, names in TAKERS.items():
        owner = world.own_way(resource[:6])
        found += [Taker(_OWNER, owner, resource), Taker(_QUARANTINE, owner, quarantine_topic(Topic(resource)))]
        found += [Taker(name, await world.way(name), resource) for name in names]
    for taker in found:
        taker.start()
    return found


def _expecting(takers: list[Taker]) -> Iterator[tuple[str, int, Taker]]:
    """Yield each taker of a resource with the resource's name and how many of its records are in quarantine by now."""
    refused = {taker.topic: taker.records for taker in takers if taker.taker == _QUARANTINE}
    for taker in takers:
        if taker.taker != _QUARANTINE:  # of a view nothing is refused: what it gives has passed
            yield taker.topic, refused.get(quarantine_topic(Topic(taker.topic)), 0), taker


async def _sides(world: World, view: str) -> Sides:
    """Compare what the owner of the view holds with what its taker got, each read at its own node."""
    owner, taker = LICENCES[:6], TAXATION[:6]
    resource = await world.nodes[owner].get(f"/v1/resources/{LICENCES}")
    shown = await world.nodes[taker].get(f"/v1/views/{view}")
    owned = asyncio.to_thread(read_rows, world.own_way(owner), LICENCES, {resource["schema_id"]: resource["schema"]})
    taken = asyncio.to_thread(read_rows, await world.way(TAXATION), view, {shown["schema_id"]: shown["schema"]})
    return compare(await owned, await taken, ASKED, GRANTED_STREETS)
