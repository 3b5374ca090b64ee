"""Who is let in: a bearer token (RFC 6750) says who asks, and each path by which roles it may be asked.

Open to everybody are only what Prometheus and probes ask, the registry, whose clients know no tokens of ours, and the description of the paths.
"""

from typing import Any

from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler

from node.control.desk import ROLES_ZH, not_entitled
from node.errors import CommandRefused
from node.model.values import Actor, Role

SCHEME = "bearer"
NO_ACCESS = "no-access"
_PREFIX = "bearer "


def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Refuse whoever brings no token that counts, or one of a role that the path is not for (its option `roles`)."""
    told = connection.headers.get("authorization", "")
    by = connection.app.state.node.access.who(told[len(_PREFIX) :].strip()) if told[: len(_PREFIX)].lower() == _PREFIX else None
    if by is None:
        raise no_access(told=bool(told))
    roles: tuple[Role, ...] = handler.opt.get("roles", ())
    if roles and by.role not in roles:
        raise not_entitled(by, f"a {' or '.join(roles)}", "或".join(ROLES_ZH[role] for role in roles))
    connection.scope["user"] = by


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
