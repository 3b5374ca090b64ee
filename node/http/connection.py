"""A connection: uvicorn's, with bounds on what uvicorn waits for without end.

uvicorn bounds how long a connection may be idle between requests, and nothing else: a head that trickles in, a body that nobody reads any more, and a
client that does not read its answer would each hold a connection for ever. Bodies that a handler reads are bounded in `doors`.
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from node.http.answers import encoded
from node.http.doors import Doors

CONNECTIONS_MAX = 400
"""On one listener: under half of the 1,024 descriptors that a process mostly has, so that Kafka's connections and files have theirs."""
HEAD_S = 10.0
"""For a request's head from its first byte, and for the rest of a body that nobody reads; a slow link takes one."""
WRITE_S = 30.0
"""So long a client may leave its answer unread, that is with 64 KiB of it waiting here."""


class Connection(H11Protocol):
    """One connection of a listener."""

    _late: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuse a connection that is one too many, and wait for the head of its first request no longer than for another."""
        super().connection_made(transport)  # type: ignore[arg-type]  # asyncio gives streams alone to a server's protocol
        if len(self.connections) > CONNECTIONS_MAX:
            en = f"the node has {CONNECTIONS_MAX} connections already; ask again in a moment"
            self._end(503, "too-many-connections", en, f"节点已有 {CONNECTIONS_MAX} 个连接；请稍后重试")
        else:
            self._late = self.loop.call_later(HEAD_S, self._is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the timers go."""
        self._unset("_late")
        self._unset("_unread")
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, and see whether more has to come."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Go on with the next request; what is left of the body of this one has to come first."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self._watch()

    def pause_writing(self) -> None:
        """Bound how long the client may leave its answer unread."""
        super().pause_writing()
        self._unread = self._unread or self.loop.call_later(WRITE_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads on."""
        super().resume_writing()
        self._unset("_unread")

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP in the form of all refusals; what came is not told, for it may hold anything."""
        del msg
        self._end(400, "malformed", "what came is no request in HTTP/1.1", "收到的不是 HTTP/1.1 请求")

    def _watch(self) -> None:
        """Run the timer while a head is awaited, or a body that nobody reads; between two requests it is uvicorn's that runs."""
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn's type does not say that there is none at first
        nobody_reads = cycle is not None and cycle.response_complete
        if self.conn.their_state is h11.IDLE or (self.conn.their_state is h11.SEND_BODY and nobody_reads):
            self._late = self._late or self.loop.call_later(HEAD_S, self._is_late)
        else:
            self._unset("_late")

    def _is_late(self) -> None:
        if self.conn.their_state is h11.IDLE:
            self._end(408, "too-slow", "the request did not come within its time", "请求未在时限内送达")
        else:
            self.transport.abort()

    def _unset(self, timer: str) -> None:
        handle: asyncio.TimerHandle | None = getattr(self, timer)
        if handle is not None:
            handle.cancel()
        setattr(self, timer, None)

    def _end(self, status: int, code: str, en: str, zh: str) -> None:
        """Answer on behalf of nobody's handler, and close."""
        doors = self.config.app
        assert isinstance(doors, Doors), "a listener has doors before all else"
        doors.refused(code)
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE} and not self.transport.is_closing():
            body = encoded(code, en, zh)
            headers: list[Any] = [*doors.headers, (b"content-type", b"application/json"), (b"connection", b"close")]
            headers.append((b"content-length", str(len(body)).encode()))
            for event in (h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
