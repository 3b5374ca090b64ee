"""A cluster of real brokers on loopback, for as long as it is open."""

import asyncio
import shutil
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

from node.bus.embedded.cable import Cable, open_cable
from node.bus.embedded.distribution import Distribution, find_distribution
from node.bus.embedded.lock import Lock, make_lock
from node.bus.embedded.ports import reserved_ports
from node.bus.embedded.process import check_alive, end, spawn
from node.bus.embedded.readiness import await_ready
from node.bus.embedded.seed import CHECKPOINT, Seed, prepare
from node.bus.embedded.settings import HOST, Seat, identity, properties, text
from node.bus.guard import new_id
from node.bus.passwords import write_secret
from node.bus.security import Way

_STOP_S = {1: 5.0, 3: 1.0}
"""An ordered end took 0.3 s, of three at once 0.4 s; but among three the controllers' leader then waits 5 s for followers
that are gone, with its records already safe. What is killed here has a log to check at its next start and loses nothing."""


class Stand(NamedTuple):
    """Where a cluster's brokers sit, what stands before them, and what closes it."""

    seats: Sequence[Seat]
    cable: Cable | None
    lock: Lock


class Cluster:
    """Brokers that are ready; `cable` stands between them and `link_bootstrap`, if one was asked for."""

    def __init__(self, distribution: Distribution, seed: Seed, folder: Path, stand: Stand) -> None:
        seats, cable, lock = stand
        self.cable = cable
        self.security = lock.security
        """with which the super user logs in"""
        self.authority = "" if lock.authority is None else lock.authority.pem
        """what TLS trusts, in PEM; empty where there is none"""
        self._lock = lock
        self._distribution, self._seed, self._folder = distribution, seed, folder.absolute()
        self._seats = {seat.node_id: seat for seat in seats}
        self._processes: dict[int, Process] = {}

    @property
    def brokers(self) -> tuple[int, ...]:
        """The node ids, from 1."""
        return tuple(self._seats)

    @property
    def bootstrap(self) -> str:
        """The brokers' addresses for whoever is beside them."""
        return _addresses(seat.local for seat in self._seats.values())

    @property
    def link_bootstrap(self) -> str:
        """The brokers' addresses for whoever reaches them over the cable; without a cable the same as `bootstrap`."""
        return _addresses(self.cable.ports) if self.cable else self.bootstrap

    @property
    def way(self) -> Way:
        """Where the cluster is, for whoever is beside it, and how the super user gets in."""
        return Way(self.bootstrap, self.security)

    def librdkafka(self) -> dict[str, str]:
        """Return the settings with which a client that builds on librdkafka logs in as the super user."""
        trusted = {"ssl.ca.pem": self.authority} if self.authority else {}
        return {**self.security.librdkafka(), **trusted}

    def log(self, node_id: int) -> Path:
        """Return the file with all that a broker ever said."""
        return self._home(node_id) / "broker.log"

    def pid(self, node_id: int) -> int:
        """Return the process id of a broker, also of one that was killed."""
        return self._processes[node_id].pid

    async def kill(self, node_id: int) -> None:
        """End a broker as a power cut would: SIGKILL, no farewell."""
        process = self._processes[node_id]
        if process.returncode is None:
            process.kill()
        await process.wait()

    async def start(self, *node_ids: int) -> None:
        """Start brokers that are down, on their data and ports, and wait until they and all others that run are ready.

        After a kill this takes 3 s more: the controller lets a broker register again only when its old session has ended.
        Unavailable, with the end of its log, if one ends instead.
        """
        for node_id in node_ids:
            assert node_id not in self._running(), f"broker {node_id} runs already"
            self._processes[node_id] = await self._spawn(node_id)
        ports = {one: self._seats[one].local for one in self._running()}
        await await_ready(ports, lambda: self._check(node_ids), self._folder, self._lock.brokers)

    def _running(self) -> list[int]:
        return [node_id for node_id, process in self._processes.items() if process.returncode is None]

    def _check(self, node_ids: Iterable[int]) -> None:
        for node_id in node_ids:
            check_alive(self._processes[node_id], f"broker {node_id}", self.log(node_id))

    def _home(self, node_id: int) -> Path:
        return self._folder / f"broker-{node_id}"

    async def _spawn(self, node_id: int) -> Process:
        return await spawn(
            self._distribution.command(f"-XX:SharedArchiveFile={self._seed.archive}", "kafka.Kafka", "server.properties"),
            folder=self._home(node_id),
            log=self.log(node_id),
            environment=self._distribution.environment,
        )

    def _lay_out(self, settings: Mapping[str, str]) -> None:
        """Write what each broker reads at its start; data that is there from an earlier opening is kept."""
        cluster_id = new_id()
        for seat in self._seats.values():
            data = self._home(seat.node_id) / "data"
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
            entries = properties(seat, list(self._seats.values()), self._lock.guard) | dict(settings)
            write_secret(data.parent / "server.properties", text(entries))
            self._lock.lay_out(data.parent)
            if not (data / "meta.properties").exists():
                shutil.copyfile(self._seed.checkpoint, data / CHECKPOINT)
                written = data.parent / "meta.properties"
                written.write_text(identity(cluster_id=cluster_id, node_id=seat.node_id, directory_id=new_id()), encoding="ascii")
                # The file that says "formatted" comes last and whole, else an interruption would leave data no broker opens.
                written.rename(data / "meta.properties")

    async def _end(self) -> None:
        async with asyncio.TaskGroup() as group:
            for process in self._processes.values():
                group.create_task(end(process, _STOP_S[len(self._seats)]))


@asynccontextmanager
async def open_cluster(
    folder: Path,
    *,
    brokers: Literal[1, 3] = 1,
    settings: Mapping[str, str] = MappingProxyType({}),
    cable: bool = False,
    principal: str = "admin",
    closed: Literal["sasl", "tls", "no"] = "sasl",
) -> AsyncIterator[Cluster]:
    """Run one or three KRaft brokers, all of them controllers too, with their data and logs under `folder`.

    Topics have as many copies as there are brokers, unless they or `settings` (broker properties in ASCII, over ours) say
    otherwise. A folder used before brings its data along, on new ports. With `cable` clients may come by `link_bootstrap`.
    Nobody is let in but `principal`, who may do everything (`Cluster.security`), and whom it lets in; `closed="no"` leaves it open to everybody.
    ConfigError if Java or Kafka's jars are missing, Unavailable, with the end of its log, if a broker does not come up.
    """
    distribution = find_distribution()
    seed = await prepare(distribution)
    async with AsyncExitStack() as stack:
        ports = iter(stack.enter_context(reserved_ports(3 * brokers)))
        seats = [Seat(node_id=one, local=next(ports), controller=next(ports)) for one in range(1, brokers + 1)]
        links = list(ports)
        wire = await stack.enter_async_context(open_cable(links)) if cable else None
        if wire:
            seats = [_cabled(seat, link, told) for seat, link, told in zip(seats, links, wire.ports, strict=True)]
        lock = make_lock(folder, principal, closed)
        cluster = Cluster(distribution, seed, folder, Stand(seats, wire, lock))
        cluster._lay_out(settings)  # noqa: SLF001 -- the cluster's own opening
        stack.push_async_callback(cluster._end)  # noqa: SLF001
        await cluster.start(*cluster.brokers)
        await lock.let_in(cluster.bootstrap)
        yield cluster


def _cabled(seat: Seat, link: int, cable: int) -> Seat:
    return Seat(node_id=seat.node_id, local=seat.local, controller=seat.controller, link=link, cable=cable)


def _addresses(ports: Iterable[int]) -> str:
    return ",".join(f"{HOST}:{port}" for port in ports)
