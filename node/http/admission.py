"""Who is let in: a bearer token (RFC 6750) says who asks, and each path by which roles it may be asked.

Open to everybody are only what Prometheus and probes ask, the registry, whose clients know no tokens of ours, and the description of the paths.
"""

from functools import cache
from typing import Any

from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter

from node.control.desk import ROLES_ZH, not_entitled
from node.errors import CommandRefused
from node.model.values import Actor, Role

SCHEME = "bearer"
NO_ACCESS = "no-access"
_PREFIX = "bearer "


def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Refuse whoever brings no token that counts, one of a role that the path is not for (its option `roles`), or a query that it does not know."""
    told = connection.headers.get("authorization", "")
    by = connection.app.state.node.access.who(told[len(_PREFIX) :].strip()) if told[: len(_PREFIX)].lower() == _PREFIX else None
    if by is None:
        raise no_access(told=bool(told))
    roles: tuple[Role, ...] = handler.opt.get("roles", ())
    if roles and by.role not in roles:
        raise not_entitled(by, f"a {' or '.join(roles)}", "或".join(ROLES_ZH[role] for role in roles))
    connection.scope["user"] = by
    unknown = set(connection.query_params) - _queries(handler)
    if unknown:  # as in bodies: a slip of the hand is better told than lost
        names, known = ", ".join(sorted(unknown)), ", ".join(sorted(_queries(handler))) or "none"
        en, zh = f"unknown query parameters: {names}; this path takes {known}", f"未知的查询参数：{names}；此路径可用：{known}"
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
