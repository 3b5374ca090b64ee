"""A cable between a cluster and those who reach it over a link: TCP on loopback that can be cut, mended, made long and made narrow."""

import asyncio
import contextlib
import math
from asyncio import Queue, StreamReader, StreamWriter
from collections.abc import AsyncIterator, Sequence
from functools import partial

from node.bus.embedded.settings import HOST

_CHUNK_BYTES = 128 * 1024
_CHUNKS_MAX = 32
"""4 MiB on the way at most, in each direction of a connection: 200 MB/s over 20 ms. Beyond it the sender is not read from,
so a slow receiver slows its sender down as over any network."""
_LATE_S = 0.02
"""Who is called so much too late to send the next chunk makes up for it: a narrow cable is as fast as it says."""
_NARROW_CHUNK_BYTES = 16 * 1024
"""What a connection sends at once over a narrow cable: those that send share it evenly, as TCP does, and a small message waits for little."""


class Cable:
    """A running cable; `ports` are its ends, one for each target, in their order.

    `delay_s` and `bytes_per_s` may be set at any time and hold for what enters from then on: the delay in each direction, the speed in each
    direction for all connections together, infinite until it is set.
    """

    def __init__(self, delay_s: float) -> None:
        self.delay_s = delay_s
        self.bytes_per_s = math.inf
        self.ports: list[int] = []
        self.whole = True
        self._ends: set[StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()
        self._free_at = [0.0, 0.0]
        """loop time at which all that has entered each direction is through"""

    def cut(self) -> None:
        """Reset all connections, lose what is on the way, and close new connections at once until mended."""
        self.whole = False
        for writer in self._ends:
            writer.transport.abort()

    def mend(self) -> None:
        """Let new connections through again; those that were cut stay lost."""
        self.whole = True

    async def _plug(self, target: int, near_reader: StreamReader, near: StreamWriter) -> None:
        """Carry one accepted connection until both directions have ended or either side is lost."""
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)
        self._ends.add(near)
        far: StreamWriter | None = None
        try:
            if not self.whole:
                return
            # The broker may be down: then the connection ends as it does when a broker goes.
            far_reader, far = await asyncio.open_connection(HOST, target, limit=_CHUNK_BYTES)
            self._ends.add(far)
            if self.whole:
                await self._join((near_reader, far), (far_reader, near))
        except OSError:
            pass
        finally:
            for writer in filter(None, (near, far)):
                self._ends.discard(writer)
                writer.transport.abort()

    async def _join(self, *ways: tuple[StreamReader, StreamWriter]) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for direction, (reader, writer) in enumerate(ways):
                    queue: Queue[tuple[float, bytes]] = Queue(_CHUNKS_MAX)
                    group.create_task(self._enter(direction, reader, queue))
                    group.create_task(_leave(queue, writer))
        except* OSError:
            pass

    async def _enter(self, direction: int, reader: StreamReader, queue: Queue[tuple[float, bytes]]) -> None:
        """Read until the end, which travels as an empty chunk."""
        clock = asyncio.get_running_loop().time
        chunk = b"first"
        while chunk:
            chunk = await reader.read(_CHUNK_BYTES if self.bytes_per_s == math.inf else _NARROW_CHUNK_BYTES)
            if (wait_s := self._enter_at(direction, len(chunk)) - clock()) > 0:
                await asyncio.sleep(wait_s)
            await queue.put((clock() + self.delay_s, chunk))

    def _enter_at(self, direction: int, size: int) -> float:
        """Return when what comes behind all that was read before it is through; it is the next one's turn then."""
        earliest = asyncio.get_running_loop().time() - _LATE_S
        free_at = max(self._free_at[direction], earliest) + size / self.bytes_per_s
        self._free_at[direction] = free_at
        return free_at

    async def _unplug(self) -> None:
        self.cut()
        while self._carrying:
            await asyncio.wait(self._carrying)


async def _leave(queue: Queue[tuple[float, bytes]], writer: StreamWriter) -> None:
    """Write each chunk when it is due; the end of one direction leaves the other open (half-close)."""
    clock = asyncio.get_running_loop().time
    while True:
        due, chunk = await queue.get()
        if (wait_s := due - clock()) > 0:
            await asyncio.sleep(wait_s)
        if not chunk:
            writer.write_eof()
            return
        writer.write(chunk)
        await writer.drain()


@contextlib.asynccontextmanager
async def open_cable(targets: Sequence[int], *, delay_s: float = 0.0) -> AsyncIterator[Cable]:
    """Open a cable to loopback ports, with a one-way delay in seconds; it lives in this process and event loop."""
    cable = Cable(delay_s)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(cable._unplug)  # noqa: SLF001 -- the cable's own opening
        for target in targets:
            server = await asyncio.start_server(partial(cable._plug, target), HOST, 0, limit=_CHUNK_BYTES)  # noqa: SLF001
            stack.callback(server.close)
            cable.ports.append(server.sockets[0].getsockname()[1])
        yield cable
