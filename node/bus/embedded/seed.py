"""What is made once for all clusters of one Kafka and one Java: the formatted storage and the archive of loaded classes.

Formatting a data folder costs a start of Java (0.9 s), though its only content that differs between clusters is a file of
four lines. So it is done once, and the snapshot with the release's default feature levels is copied from then on. The
archive (AppCDS, JEP 350) is written by a broker at its first end; with it the next ones start in half the time. Java 17
leaves Kafka's classes out of it if the path of the jars has blanks or Chinese in it: brokers there start slower, that is all.
"""

import asyncio
import fcntl
import hashlib
import shutil
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from node.bus.embedded.distribution import Distribution
from node.bus.embedded.ports import reserved_ports
from node.bus.embedded.process import check_alive, end, reap, spawn, tail
from node.bus.embedded.readiness import await_ready
from node.bus.embedded.settings import JAVA_OPTIONS, Seat, properties, text
from node.bus.security import Security
from node.errors import ConfigError, Unavailable

CHECKPOINT = "bootstrap.checkpoint"
_ARCHIVE = "classes.jsa"
_FORMAT_S = 30.0
_DUMP_S = 60.0
"""Formatting takes 1 s and writing the archive 3 s on two idle cores; beyond these bounds something hangs."""
_LOCK_POLL_S = 0.1


class Seed(msgspec.Struct, frozen=True):
    """The files a new broker begins with. A Java that cannot use the archive goes on without it and says so in its log."""

    checkpoint: Path
    archive: Path


async def prepare(distribution: Distribution) -> Seed:
    """Return the seed beside the jars, making it if this Kafka and this Java have none yet (about 6 s, once).

    Made under a lock in a folder that is renamed when complete, so neither an interruption nor two at once do harm.
    Unavailable if the broker that makes it fails, ConfigError if the folder cannot be written.
    """
    folder = distribution.libs.parent / f"seed-{_key(distribution)}"
    if not folder.is_dir():
        async with _locked(folder.with_suffix(".lock")):
            if not folder.is_dir():
                await _make(distribution, folder)
    return Seed(folder / CHECKPOINT, folder / _ARCHIVE)


def _key(distribution: Distribution) -> str:
    """Name all that an archive depends on: another Java, other jars or other options need another."""
    java = distribution.java.resolve()
    stamps = [f"{path}:{path.stat().st_size}:{path.stat().st_mtime_ns}" for path in (java, *distribution.jars)]
    return hashlib.sha256("\n".join([*JAVA_OPTIONS, *stamps]).encode()).hexdigest()[:12]


@asynccontextmanager
async def _locked(path: Path) -> AsyncIterator[None]:
    try:
        file = path.open("ab")
    except OSError as error:
        raise ConfigError(
            [f"{path.parent}: what brokers begin with is kept beside the jars, and nothing can be written there: {error}"]
        ) from error
    with file:
        # Asked again and again instead of waited for in a thread, so that it can be cancelled; a holder that dies lets go.
        while not _try_lock(file.fileno()):  # noqa: ASYNC110 -- other processes hold it
            await asyncio.sleep(_LOCK_POLL_S)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _make(distribution: Distribution, folder: Path) -> None:
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    with reserved_ports(2) as (local, controller):
        seat = Seat(node_id=1, local=local, controller=controller)
        (part / "server.properties").write_text(text(properties(seat, [seat])), encoding="ascii")
        await _format(distribution, part)
        await _train(distribution, part, local)
    shutil.copyfile(part / "data" / CHECKPOINT, part / CHECKPOINT)
    shutil.rmtree(part / "data")
    part.rename(folder)


async def _format(distribution: Distribution, home: Path) -> None:
    arguments = ("kafka.tools.StorageTool", "format", "--cluster-id", "exchange-node-seed", "--config", "server.properties")
    process, log = await _run(distribution, home, *arguments)
    status = await reap(process, _FORMAT_S)
    if status != 0:
        raise Unavailable(f"Kafka's storage could not be formatted, exit status {status}; the end of {log}:\n{tail(log)}")


async def _train(distribution: Distribution, home: Path, port: int) -> None:
    process, log = await _run(distribution, home, f"-XX:ArchiveClassesAtExit={home / _ARCHIVE}", "kafka.Kafka", "server.properties")
    grace_s = 0.0
    try:
        await await_ready({1: port}, lambda: check_alive(process, "the first broker", log), home, Security())
        grace_s = _DUMP_S
    finally:
        status = await end(process, grace_s)
    if status == -signal.SIGKILL:
        raise Unavailable(f"a broker did not end within {_DUMP_S:.0f} s; the end of {log}:\n{tail(log)}")


async def _run(distribution: Distribution, home: Path, *arguments: str) -> tuple[Process, Path]:
    log = home / "broker.log"
    return await spawn(distribution.command(*arguments), folder=home, log=log, environment=distribution.environment), log
