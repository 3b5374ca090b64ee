"""Who is let in: a token says who asks, and each path by which roles it may be asked.

Programs bring it as a bearer (RFC 6750); clients of the registry also as the password of HTTP Basic (RFC 7617), with any user name, for that is what they
have settings for. Nowhere else: a browser sends a password that it was once given by itself, whichever page has it ask.
Open to everybody is the description of the paths alone, and on a listener of their own what Prometheus and probes ask (`probes`).
"""

import base64
from collections.abc import Callable
from functools import cache
from time import monotonic
from typing import Any

from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter
from litestar.types import Scope

from node.control.desk import ROLES_ZH, not_entitled
from node.errors import CommandRefused
from node.http.answers import NO_ACCESS, TooMany
from node.http.faces import is_registrys
from node.http.rates import Rates
from node.model.values import Actor, Role
from node.runtime import Node
from node.runtime.access import TOKENS_MAX, Access, Token
from node.telemetry import logger

SCHEME = "bearer"
_PREFIX = "bearer "
_BASIC = "basic "
_SUBJECTS = {"name": "resource"}
"""What an act names, by the path's parameters."""
REFUSALS_PER_S, REFUSALS_BURST = 1, 20
"""A program that was given the wrong role is seen by then; each costs one transaction of the control log's pen, 10 ms."""


def finding(access: Access) -> Callable[[Scope], Token | None]:
    """Return how the token is found that a request brings."""

    def find(scope: Scope) -> Token | None:
        told = next((value for name, value in scope["headers"] if name == b"authorization"), b"").decode("latin-1")
        secret = _secret(told, basic=is_registrys(scope["path"]))
        return access.find(secret) if secret else None

    return find


def _secret(told: str, *, basic: bool) -> str:
    """Return the token of an Authorization header, empty where it has none."""
    if told[: len(_PREFIX)].lower() == _PREFIX:
        return told[len(_PREFIX) :].strip()
    if basic and told[: len(_BASIC)].lower() == _BASIC:
        try:
            return base64.b64decode(told[len(_BASIC) :].strip(), validate=True).decode("utf-8").partition(":")[2].strip()
        except ValueError:  # of base64 or of UTF-8
            return ""
    return ""


class Refusals:
    """What was refused to somebody who is known, in the audit.

    There it stands beside commands, whose pen it takes: so a token is refused once a second, and twenty times at once, and then told to wait. Who is
    told that has done nothing; so whatever was refused by role, or to a token that has ended, is in the audit, if that can be written at all.
    """

    def __init__(self, node: Node, clock: Callable[[], float] = monotonic) -> None:
        self._node, self._clock = node, clock
        self._rates = Rates(REFUSALS_PER_S, REFUSALS_BURST, TOKENS_MAX)

    async def note(self, token: Token, act: str, subject: dict[str, str], code: str) -> None:
        """Put a refusal into the audit. TooMany if there were too many."""
        if wait := self._rates.wait_s(token.id, self._clock()):
            raise TooMany(wait)
        why = "the control logs are not being read"
        if self._node.ledger.reading:  # else it would be waited for
            try:
                await self._node.record(act, token.by, subject, code=code)
            except CommandRefused as error:
                why = error.code
            else:
                return
        logger().warning("act-not-audited", act=act, token=token.id, code=code, cause=why)


async def known(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """Refuse whoever brings no token that counts."""
    token: Token | None = connection.scope["auth"]
    if token is not None and token.ended:
        await connection.app.state.refusals.note(token, "use-ended-token", {"token": token.id}, NO_ACCESS)
    if token is None or token.ended:
        raise no_access(told="authorization" in connection.headers)
    connection.scope["user"] = token.by


async def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Refuse whoever brings no token that counts, one of a role that the path is not for (its options `roles` and `act`), or a query that it does not know."""
    await known(connection, handler)
    token: Token = connection.scope["auth"]
    roles: tuple[Role, ...] = handler.opt.get("roles", ())
    if roles and token.by.role not in roles:
        refusal = not_entitled(token.by, f"a {' or '.join(roles)}", "或".join(ROLES_ZH[role] for role in roles))
        subject = {_SUBJECTS.get(name, name): str(value) for name, value in connection.path_params.items()}
        await connection.app.state.refusals.note(token, handler.opt["act"], subject, refusal.code)
        raise refusal
    unknown = set(connection.query_params) - _queries(handler)
    if unknown:  # as in bodies: a slip of the hand is better told than lost
        names, there = ", ".join(sorted(unknown)), ", ".join(sorted(_queries(handler))) or "none"
        en, zh = f"unknown query parameters: {names}; this path takes {there}", f"未知的查询参数：{names}；此路径可用：{there}"
        raise CommandRefused("malformed", en, zh)


@cache
def _queries(handler: BaseRouteHandler) -> frozenset[str]:
    """Return the names of a path's query parameters."""
    fields = handler.parsed_fn_signature.parameters.items()
    told = ((name, field.kwarg_definition) for name, field in fields)
    return frozenset(definition.name or name for name, definition in told if isinstance(definition, QueryParameter))


def actor(request: Request[Any, Any, Any]) -> Actor:
    """Return who asks, on a path that lets in by token."""
    by = request.scope["user"]
    assert isinstance(by, Actor), "the path is behind `admit`"
    return by


def no_access(*, told: bool) -> CommandRefused:
    """Return the refusal of a request without a token that counts."""
    en = "its token is unknown here, or has ended" if told else "it brings no token"
    zh = "其令牌无效或已过期" if told else "未提供令牌"
    more = "on the node's machine `exchange-node access add` makes one"
    return CommandRefused(
        NO_ACCESS,
        f"the node does not know who asks: {en}; {more}, name its file by --token-file or EXCHANGE_NODE_TOKEN_FILE",
        f"节点无法识别请求者：{zh}；请在节点所在机器上用 `exchange-node access add` 生成令牌，并以 --token-file 或 EXCHANGE_NODE_TOKEN_FILE 指明其文件",
    )
