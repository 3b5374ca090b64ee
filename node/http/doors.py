"""The doors: what every request passes before a handler and every answer on its way out, whichever face it is for.

Who asks is found by the token (`admission` decides whether that will do), how often by a bucket for each token, and one for each address where there is
no token that counts. A token is 256 random bits, which nobody guesses at any rate: guesses are slowed for what they cost, and whoever shares an
address with a guesser is let in as ever. An address is that of the connection: what a header says of it anybody can write.
"""

import asyncio
from collections.abc import Callable, Iterable
from ipaddress import IPv6Address, ip_address
from time import monotonic
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from node.errors import CommandRefused
from node.http.answers import REASONS, STATUS, TooMany
from node.http.faces import encoded
from node.http.rates import Rates
from node.http.request_ids import HEADER, bound, current, request_id
from node.runtime.access import TOKENS_MAX, Token
from node.telemetry import Metrics, logger

HEADERS_MAX, HEADERS_BYTES_MAX = 100, 16 << 10
"""What browsers and proxies send is a tenth of it."""
BODY_S = 60.0
"""For the largest body over 0.6 Mbit/s."""
ANSWER_S = 60.0
"""From the body to the beginning of the answer. What a handler waits for has bounds of its own, 20 s for a command: this is for what none of them foresaw."""
REQUESTS_PER_S = 100
"""Of one token, unless it is said otherwise: ten times what a program asks that looks at ten things each second."""
BURST_S = 5
"""A token that was not used may catch up on so much."""
STRANGERS_PER_S, STRANGERS_BURST = 20, 200
"""Of one address without a token that counts: probes ask each second, and whoever tries a new token a few times."""
ADDRESSES_MAX = 10_000
"""A megabyte or two."""

_HEADERS = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]
_STRICT = (b"strict-transport-security", b"max-age=31536000")
"""A year (RFC 6797): a browser that came once by TLS does not try without it."""


class Doors:
    """An application behind its doors. `find` tells which token a request brings, also one that has ended; without it nobody brings one."""

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        find: Callable[[Scope], Token | None] = lambda _scope: None,
        *,
        requests_per_s: int = REQUESTS_PER_S,
        tls: bool = False,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.headers = [*_HEADERS, *([_STRICT] if tls else [])]
        self._app, self._metrics, self._find, self._clock = app, metrics, find, clock
        self._known = Rates(requests_per_s, requests_per_s * BURST_S, TOKENS_MAX)
        self._strangers = Rates(STRANGERS_PER_S, STRANGERS_BURST, ADDRESSES_MAX)

    def refused(self, reason: str) -> None:
        """Count a refusal; reasons are words of ours."""
        self._metrics.http_refused.labels(reason).inc()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        with bound(request_id(scope["headers"])):
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what has a name by now."""
        began, heard, since, status = False, not _has_body(scope["headers"]), self._clock(), 0

        async def hear() -> Any:
            nonlocal heard
            message = await receive()
            if not (began or heard or message.get("more_body", False) or deadline.expired()):
                heard = True
                deadline.reschedule(asyncio.get_running_loop().time() + ANSWER_S)
            return message

        async def tell(message: Message) -> None:
            nonlocal began, status
            if message["type"] == "http.response.start":
                began, status = True, message["status"]
                if not deadline.expired():
                    deadline.reschedule(None)  # lines have a bound of their own, and a client that does not read them has one as well
                self._dress(message)
            await send(message)

        try:
            async with asyncio.timeout(ANSWER_S if heard else BODY_S) as deadline:
                refusal = self._refusal(scope)
                await (self._app(scope, hear, tell) if refusal is None else _answer(scope, refusal, tell))
        except TimeoutError:
            if began:
                raise
            await _answer(scope, _late(heard=heard), tell)
        # By its pattern: what stands in a path, or behind it, may be anything, as may a method that is none of HTTP's.
        path = scope.get("path_template", "")
        logger().debug("http-answered", path=path, status=status, took_s=round(self._clock() - since, 4))

    def _refusal(self, scope: Scope) -> CommandRefused | None:
        """Return why a request goes no further; else let the handler know whose it is."""
        headers = list(scope["headers"])
        if len(headers) > HEADERS_MAX or sum(len(name) + len(value) for name, value in headers) > HEADERS_BYTES_MAX:
            en = f"the request has more than {HEADERS_MAX} headers, or {HEADERS_BYTES_MAX} bytes of them"
            return CommandRefused("too-large", en, f"请求头超过 {HEADERS_MAX} 个或 {HEADERS_BYTES_MAX} 字节")
        token = self._find(scope)
        scope["auth"] = token
        if token is None or token.ended:
            wait = self._strangers.wait_s(_address(scope), self._clock())
        else:
            wait = self._known.wait_s(token.id, self._clock())
        return TooMany(wait) if wait else None

    def _dress(self, message: Any) -> None:
        """Add the headers that browsers need, but for those that the answer says otherwise, and count it if it is a refusal."""
        told: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
        said = {name.lower() for name, _value in told}
        message["headers"] = [*told, *(one for one in self.headers if one[0] not in said), (HEADER, current().encode())]
        if message["status"] in REASONS:
            self.refused(REASONS[message["status"]])


def _has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in headers)


def _address(scope: Scope) -> str:
    """Return what counts as one remote address: of IPv6 a network of 64 bits, for that is what one subscriber has."""
    host = scope["client"][0] if scope["client"] else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(int(address) >> 64) if isinstance(address, IPv6Address) else host


def _late(*, heard: bool) -> CommandRefused:
    if not heard:
        return CommandRefused("too-slow", f"the request did not come within {BODY_S:.0f} s", f"请求未在 {BODY_S:.0f} 秒内送达")
    en = f"the node did not come to an answer within {ANSWER_S:.0f} s; look at what it shows before asking again"
    return CommandRefused("no-answer", en, f"节点未能在 {ANSWER_S:.0f} 秒内作出答复；重试之前请先查看现状")


async def _answer(scope: Scope, refusal: CommandRefused, send: Any) -> None:
    """Refuse in the form of the face that was asked."""
    media_type, body = encoded(scope["path"], refusal)
    headers = [(b"content-type", media_type.encode()), (b"content-length", str(len(body)).encode())]
    if isinstance(refusal, TooMany):
        headers.append((b"retry-after", refusal.retry_after.encode()))
    await send({"type": "http.response.start", "status": STATUS[refusal.code], "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
