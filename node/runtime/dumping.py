# ruff: noqa: SLF001 - a dump shows what nobody else need see; the types hold it to what is there
"""What a node is doing at a moment, for whoever has to find out why it does not: tasks and where they wait, lanes, shards, connections.

Names, numbers and places in the code alone: no record, no local variable, no login. SIGUSR1 has it written into `dumps` in the data folder (`keep`),
and `/v1/debug` tells the same where the configuration lets it.

Where the process is stuck, in Python or below it, and answers nobody, SIGUSR1 still writes where each thread is (`threads_on`): that is done in the
signal's own handler, by Python's faulthandler, into `threads.txt` beside the dumps.

Bounds: the newest DUMPS_MAX dumps are kept, each with TASKS_MAX tasks of FRAMES_MAX frames: 1 MB.
"""

import asyncio
import faulthandler
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from signal import Signals
from types import CodeType, FrameType
from typing import Any

import msgspec

from node.bus.client import OPEN, Client
from node.bus.passwords import write_secret
from node.bus.source import Source
from node.control import stamp
from node.errors import BusError
from node.runtime.lane import Lane
from node.runtime.node import Node
from node.runtime.shard import Shard

FOLDER, THREADS = "dumps", "threads.txt"
DUMPS_MAX, TASKS_MAX, FRAMES_MAX = 10, 2000, 30


class TaskShown(msgspec.Struct, frozen=True, kw_only=True):
    """An asyncio task: what it runs and where that waits, from its outermost call to the innermost."""

    name: str
    runs: str
    waits: list[str]


class ConnectionShown(msgspec.Struct, frozen=True, kw_only=True):
    """A connection to a broker; `open_requests` have no answer yet."""

    broker: str
    open_requests: int
    unsettled_bytes: int = 0
    """of what came over it and stands nowhere yet"""
    routes: int = 0


class ClientShown(msgspec.Struct, frozen=True, kw_only=True):
    """A client of a cluster and its ordinary connections."""

    bootstrap: str
    client_id: str
    connections: list[ConnectionShown]


class ShardShown(msgspec.Struct, frozen=True, kw_only=True):
    """A shard: its phase, its routes by state, what is fetched and not yet sent, what is not settled, and when it committed last."""

    number: int
    phase: str
    failure: str
    waits_for: str
    routes: dict[str, int]
    queue_batches: int
    queue_bytes: int
    unsettled_bytes: int
    committed_s_ago: float | None


class LaneShown(msgspec.Struct, frozen=True, kw_only=True):
    """A lane: its shards, and the connections that it fetches over."""

    lane: str
    fetched_s_ago: float | None
    trouble: str
    unplaced: int
    """routes without a connection"""
    fetching: list[ConnectionShown]
    shards: list[ShardShown]


class Dump(msgspec.Struct, frozen=True, kw_only=True):
    """What a node is doing."""

    at: str
    division: str
    reasons: list[str]
    """why it is not ready"""
    lanes: list[LaneShown]
    clients: list[ClientShown]
    tasks: list[TaskShown]
    more_tasks: int
    threads: dict[str, list[str]]


def dump(node: Node) -> Dump:
    """Return what a node is doing now; to be called on its event loop."""
    tasks = sorted(asyncio.all_tasks(), key=lambda task: task.get_name())
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return Dump(
        at=stamp(datetime.now(UTC)),
        division=node.settings.division,
        reasons=node.reasons,
        lanes=[_lane(lane) for lane in node._lanes.values()],
        clients=sorted(map(_client, OPEN), key=lambda client: client.client_id),
        tasks=[_task(task) for task in tasks[:TASKS_MAX]],
        more_tasks=max(len(tasks) - TASKS_MAX, 0),
        threads={f"{names.get(ident, '?')} {ident}": _stack(frame) for ident, frame in sys._current_frames().items()},
    )


def keep(shown: Dump, folder: Path) -> Path:
    """Write a dump into the dumps of a data folder, for the node's user alone, and remove those that are too many. OSError where it cannot be written."""
    file = folder / FOLDER / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}Z.json"
    write_secret(file, msgspec.json.format(msgspec.json.encode(shown), indent=1).decode() + "\n")
    for old in sorted(file.parent.glob("*.json"))[:-DUMPS_MAX]:
        old.unlink(missing_ok=True)
    return file


@contextmanager
def threads_on(number: Signals, folder: Path) -> Iterator[None]:
    """Have a signal also write where each thread is, whatever the process is doing; the handler that the signal has is called as well.

    BusError where it has nowhere to write to: such a node could keep nothing of its own.
    """
    file = folder / FOLDER / THREADS
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    except OSError as error:
        raise BusError(f"{file}: it cannot be written ({error.strerror}); give the node a data_dir of its own") from error
    with os.fdopen(opened, "w") as out:
        faulthandler.register(number, out, chain=True)
        try:
            yield
        finally:
            faulthandler.unregister(number)


def forget_threads(folder: Path) -> None:
    """Empty what `threads_on` has written: whoever comes to this is not stuck, and a dump has it all."""
    os.truncate(folder / FOLDER / THREADS, 0)


def _lane(lane: Lane) -> LaneShown:
    source = lane._place.source
    return LaneShown(
        lane=lane.spec.lane,
        fetched_s_ago=_ago(source.answered_at),
        trouble=lane.trouble,
        unplaced=len(source._unplaced),
        fetching=list(_fetching(source)),
        shards=[_shard(shard) for _number, shard in sorted(lane._shards.items())],
    )


def _fetching(source: Source) -> Iterator[ConnectionShown]:
    for feed in source._feeds.values():
        yield ConnectionShown(
            broker=str(feed.node),
            open_requests=int(feed._sent_at is not None),
            unsettled_bytes=feed._unsettled,
            routes=sum(map(len, feed.followers.values())),
        )


def _client(client: Client) -> ClientShown:
    connections: dict[Any, Any] = client._kafka._conns
    shown = [ConnectionShown(broker=f"{conn.host}:{conn.port}", open_requests=len(conn._requests)) for conn in connections.values()]
    return ClientShown(bootstrap=client.bootstrap, client_id=client._client_id, connections=shown)


def _shard(shard: Shard) -> ShardShown:
    routes = shard.machine.routes.values()
    queues = [batch.size for route in routes for batch in route.queue]
    return ShardShown(
        number=shard.number,
        phase=shard.machine.phase.value,
        failure=shard.machine.failure,
        waits_for=shard.waits_for,
        routes=dict(Counter(route.state.value for route in routes)),
        queue_batches=len(queues),
        queue_bytes=sum(queues),
        unsettled_bytes=sum(route.unsettled for route in routes),
        committed_s_ago=_ago(shard.answered_at),
    )


def _ago(at: float | None) -> float | None:
    return None if at is None else round(time.monotonic() - at, 3)


def _task(task: asyncio.Task[Any]) -> TaskShown:
    coro = task.get_coro()
    return TaskShown(name=task.get_name(), runs=getattr(coro, "__qualname__", type(coro).__name__), waits=_waits(coro))


def _waits(awaited: Any) -> list[str]:
    """Return where a coroutine waits, call by call, and last for what; of a generator that is being iterated Python does not tell."""
    found: list[str] = []
    while awaited is not None and len(found) < FRAMES_MAX:
        frame = next((frame for name in ("cr_frame", "gi_frame", "ag_frame") if (frame := getattr(awaited, name, None)) is not None), None)
        found.append(type(awaited).__name__ if frame is None else _place(frame.f_code, frame.f_lineno))
        awaited = next(
            (inner for name in ("cr_await", "gi_yieldfrom", "ag_await") if (inner := getattr(awaited, name, None)) is not None), None
        )
    return found


def _stack(frame: FrameType | None) -> list[str]:
    found: list[str] = []
    while frame is not None and len(found) < FRAMES_MAX:
        found.append(_place(frame.f_code, frame.f_lineno))
        frame = frame.f_back
    return found[::-1]


def _place(code: CodeType, line: int | None) -> str:
    """Name a place in the code by the last of its path, which tells whose it is."""
    return f"{'/'.join(Path(code.co_filename).parts[-3:])}:{line} {code.co_qualname}"
