"""Raw frames over a connection that aiokafka opened: the only module that touches what aiokafka keeps private.

aiokafka's `create_conn` does ApiVersions, TLS and SASL; then its reader task is cancelled and a `BufferedProtocol` of ours is set under
the transport, so that replies land in our buffers and requests leave by `sendmsg` without being joined. Nothing of aiokafka is
replaced or patched: other clients of the process are not affected.

- Plain TCP: requests go out on a `dup` of the socket with a writer of our own, because asyncio's `writelines` joins and copies in
  Python 3.11. Under TLS the transport must encrypt, and `writelines` is the way.
- `Acks` reads many small replies per system call; `Bulk` reads each reply into a buffer of its own, pooled.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, TypeVar

import aiokafka
import aiokafka.conn
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.protocol.admin import SaslAuthenticateRequest
from aiokafka.protocol.metadata import MetadataRequest

from node.bus.refusals import explained
from node.bus.security import Security
from node.errors import ProtocolError, Unavailable
from node.model.limits import CONNECT_TIMEOUT_S, FRAME_BYTES_MAX, REQUEST_TIMEOUT_S

Part = bytes | bytearray | memoryview

W = TypeVar("W", bound="Wire")

_SIZE = struct.Struct(">i")
_IOV_MAX = 64
_ACKS_BYTES = 1 << 16
_POOL_MAX = 8
"""Buffers kept for reuse on a connection: more than fit under the bound on unsettled bytes would lie idle."""

_YOUNG = 0.8
"""Of a login's lifetime (`connections.max.reauth.ms`, KIP-368): the rest is for what is in flight. To log in again on the same connection would take
the same wait for what is in flight, and spare nothing but a dial an hour."""

assert aiokafka.__version__ == "0.14.0", f"node.bus.wire was proved on aiokafka 0.14.0, not {aiokafka.__version__}"


class Wire(asyncio.BufferedProtocol):
    """One connection of ours. `on_frame` gets each reply, `on_lost` is called once when the connection ends by itself."""

    def __init__(self, on_lost: Callable[[Exception | None], None]) -> None:
        self._on_lost = on_lost
        self._out: deque[memoryview] = deque()
        """what the socket has not taken yet; while there is some, the loop calls `_flush`"""
        self._socket: socket.socket | None = None
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._keep: object = None
        self._aged_at: float | None = None
        self.closed = False

    @property
    def aged(self) -> bool:
        """Whether a new connection should be opened before the next request: soon the broker ends this one, for who is behind it logged in long ago."""
        return self._aged_at is not None and self._loop.time() >= self._aged_at

    def attach(self, transport: asyncio.Transport, keep: object, lifetime_s: float = 0.0) -> None:
        """Take a transport over; `keep` is what must live as long as it, `lifetime_s` how long its login counts (0: for ever)."""
        self._transport, self._keep = transport, keep
        self._aged_at = self._loop.time() + lifetime_s * _YOUNG if lifetime_s else None
        if transport.get_extra_info("sslcontext") is None:
            self._socket = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
            self._socket.setblocking(False)

    def send(self, parts: Sequence[Part]) -> None:
        """Send a request's parts in order. What the socket does not take at once is kept as views, not copied."""
        if self.closed:
            return
        if self._socket is None:
            assert self._transport is not None
            self._transport.writelines(parts)
            return
        if self._out:
            self._out.extend(map(memoryview, parts))
            return
        sent = self._sendmsg(parts)
        if sent < sum(map(len, parts)) and not self.closed:
            self._out.extend(map(memoryview, parts))
            self._sent(sent)
            self._loop.add_writer(self._socket.fileno(), self._flush)

    def _sendmsg(self, parts: Sequence[Part]) -> int:
        assert self._socket is not None
        try:
            return self._socket.sendmsg(parts[:_IOV_MAX])
        except BlockingIOError:
            return 0
        except OSError as error:
            self.lose(error)
            return 0

    def _flush(self) -> None:
        """Send on, called by the loop when the socket takes more."""
        self._sent(self._sendmsg(list(islice(self._out, _IOV_MAX))))
        if not self._out and not self.closed:
            assert self._socket is not None
            self._loop.remove_writer(self._socket.fileno())

    def _sent(self, size: int) -> None:
        out = self._out
        while out and size >= len(out[0]):
            size -= len(out.popleft())
        if out:
            out[0] = out[0][size:]

    def lose(self, error: Exception | None) -> None:
        """End the connection and say so."""
        if not self.closed:
            self.close()
            self._on_lost(error)

    def close(self) -> None:
        """End the connection without a word."""
        if self.closed:
            return
        self.closed = True
        self._out.clear()
        if self._socket is not None:
            self._loop.remove_writer(self._socket.fileno())
            self._socket.close()
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio tells that the other side is gone."""
        self.lose(exc)

    def eof_received(self) -> bool:
        """Asyncio tells that the other side sends no more; the transport closes itself."""
        return False


class Acks(Wire):
    """A connection with many small replies: `on_frame(buffer, start, end)`, valid only during the call."""

    def __init__(self, on_frame: Callable[[bytearray, int, int], None], on_lost: Callable[[Exception | None], None]) -> None:
        super().__init__(on_lost)
        self._on_frame = on_frame
        self._buffer = bytearray(_ACKS_BYTES)
        self._view = memoryview(self._buffer)
        self._filled = 0

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Give asyncio the free rest of the buffer."""
        return self._view[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on every reply that is whole."""
        end, start = self._filled + nbytes, 0
        while end - start >= _SIZE.size:
            size = _SIZE.unpack_from(self._buffer, start)[0]
            if not 0 <= size <= _ACKS_BYTES - _SIZE.size:
                self.lose(ProtocolError(f"a reply of {size} bytes to a produce request"))
                return
            if end - start - _SIZE.size < size:
                break
            start += _SIZE.size + size
            self._on_frame(self._buffer, start - size, start)
            if self.closed:
                return
        if start:
            self._buffer[: end - start] = self._buffer[start:end]
        self._filled = end - start


class Buffer:
    """Bytes shared by the batches in them; given back to whoever lent them when the last user has released them."""

    __slots__ = ("_give_back", "_users", "bytes", "view")

    def __init__(self, data: bytearray, give_back: Callable[["Buffer"], None] | None = None) -> None:
        self.bytes = data
        self.view = memoryview(data)
        self._users = 0
        self._give_back = give_back

    def use(self) -> None:
        """Count one more user."""
        self._users += 1

    def release(self) -> None:
        """Count one user less."""
        self._users -= 1
        assert self._users >= 0
        if self._users == 0 and self._give_back is not None:
            self._give_back(self)


class Bulk(Wire):
    """A connection with large replies: `on_frame(buffer, size)`; whoever keeps the buffer calls `use` and later `release`."""

    def __init__(self, on_frame: Callable[[Buffer, int], None], on_lost: Callable[[Exception | None], None]) -> None:
        super().__init__(on_lost)
        self._on_frame = on_frame
        self._head = bytearray(_SIZE.size)
        self._head_view = memoryview(self._head)
        self._current: Buffer | None = None
        self._filled, self._wanted = 0, _SIZE.size
        self.began_at = 0.0
        """loop time at which the last reply began to come"""
        self._pool: list[Buffer] = []

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Give asyncio the rest of the size field or of the reply."""
        return (self._head_view if self._current is None else self._current.view)[self._filled : self._wanted]

    def buffer_updated(self, nbytes: int) -> None:
        """Count what came; a whole reply is handed on."""
        self._filled += nbytes
        if self._filled < self._wanted:
            return
        if self._current is None:
            size = _SIZE.unpack(self._head)[0]
            if not 0 < size <= FRAME_BYTES_MAX:
                self.lose(ProtocolError(f"a reply of {size} bytes to a fetch request; is this port Kafka's, and not TLS?"))
                return
            self._current, self._filled, self._wanted = self._take(size), 0, size
            self.began_at = self._loop.time()
            return
        buffer, size = self._current, self._wanted
        self._current, self._filled, self._wanted = None, 0, _SIZE.size
        buffer.use()
        try:
            self._on_frame(buffer, size)
        finally:
            buffer.release()

    def _take(self, size: int) -> Buffer:
        for i, buffer in enumerate(self._pool):
            if len(buffer.bytes) >= size:
                return self._pool.pop(i)
        self._pool.clear()
        return Buffer(bytearray(max(size, _ACKS_BYTES) * 5 // 4), self._put_back)

    def _put_back(self, buffer: Buffer) -> None:
        if not self.closed and len(self._pool) < _POOL_MAX:
            self._pool.append(buffer)

    def close(self) -> None:
        """End the connection without a word, and keep no memory for replies that will not come."""
        super().close()
        self._pool.clear()
        self._current = None


class _Connection(aiokafka.conn.AIOKafkaConnection):  # type: ignore[misc]  # aiokafka ships no types
    """A connection that notes for how long its login counts, which aiokafka reads and forgets."""

    lifetime_s = 0.0

    def send(self, request: Any, expect_response: bool = True) -> Any:  # noqa: FBT001, FBT002 - aiokafka's signature
        answer = super().send(request, expect_response)
        return self._noting(answer) if isinstance(request, SaslAuthenticateRequest) else answer

    async def _noting(self, answering: Any) -> Any:
        answer = await answering
        self.lifetime_s = getattr(answer, "session_lifetime_ms", 0) / 1000
        return answer


async def connect(host: str, port: int, wire: W, client_id: str, security: Security) -> W:
    """Open a connection through aiokafka and put `wire` under it. Unavailable if that fails or takes too long."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            conn = _Connection(host, port, client_id=client_id, request_timeout_ms=int(REQUEST_TIMEOUT_S * 1000), **_typed(security))
            await conn.connect()
            await _silence(conn)
    except (OSError, TimeoutError, KafkaError, ValueError) as error:  # the last where the broker does not prove that it knows the password
        raise Unavailable(explained(error, host, port, security)) from error
    transport = conn._writer.transport  # noqa: SLF001
    conn._reader = None  # noqa: SLF001 - its __del__ then leaves the transport alone
    transport.set_protocol(wire)
    wire.attach(transport, conn, conn.lifetime_s)
    return wire


async def knock(bootstrap: str, client_id: str, security: Security) -> str:
    """Return why none of these addresses lets us in, the first that does not; empty if one does, which may be so only now."""
    why = ""
    for host, port, _family in aiokafka.conn.collect_hosts(bootstrap, randomize=False):
        conn = _Connection(host, port, client_id=client_id, request_timeout_ms=int(CONNECT_TIMEOUT_S * 1000), **_typed(security))
        opened = False
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await conn.connect()
                opened = True
                if (
                    not security.username
                ):  # a broker that wants a login tells which requests it knows, and ends the connection with the first of them
                    await conn.send(MetadataRequest([]))
        except (OSError, TimeoutError, KafkaError, ValueError) as error:
            ended = f"{host}:{port} takes the connection and ends it: does it want a login? Name a `login_file`"
            why = why or (ended if opened and isinstance(error, KafkaConnectionError) else explained(error, host, port, security))
        else:
            return ""
        finally:
            conn.close()
    return why


async def _silence(conn: Any) -> None:
    """End the reader task of a fresh connection; ConnectionResetError if the other side has closed it meanwhile."""
    with contextlib.ExitStack() as undo:
        undo.callback(conn.close)
        reading = conn._read_task  # noqa: SLF001 - the reason of this module
        reading.cancel()
        await asyncio.wait([reading])  # not `await reading`: its end and a cancellation of our own must not be mistaken for each other
        if not conn.connected() or conn._writer.transport.is_closing():  # noqa: SLF001
            raise ConnectionResetError("closed by the broker as soon as it was open")
        undo.pop_all()


def cut_off(producer: aiokafka.AIOKafkaProducer) -> None:
    """End the sender of a producer that does not stop: it would repeat what nobody takes for ever. Its client is closed behind it."""
    sender = producer._sender.sender_task  # noqa: SLF001
    if sender is not None:
        sender.cancel()


def _typed(security: Security) -> dict[str, Any]:
    return security.aiokafka()
