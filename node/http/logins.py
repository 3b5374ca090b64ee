"""Logins to the cluster beside the node: a department's, a child's, the node's own."""

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import RawBody

from node.bus.passwords import Login
from node.control import Book
from node.control.checkup import users_of
from node.errors import CommandRefused
from node.http.answers import read_body
from node.model.limits import GRACE_S_MAX
from node.model.names import Division, principal_of
from node.model.values import Actor
from node.runtime import Node


class LoginAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is to have a password, and for how many seconds the one that it has counts beside it."""

    user: str
    grace_s: float = 0.0


@post("/v1/logins", status_code=200, act="give-login", roles=("operator",))
async def give(node: NamedDependency[Node], by: NamedDependency[Actor], body: RawBody) -> Login:
    """Make a login to the node's cluster, or change its password."""
    asked = read_body(body, LoginAsked)
    subject: dict[str, str] = {}
    async with node.audited("give-login", by, subject):
        check_user(node.ledger.book, node.settings.division, asked.user)
        subject["user"] = asked.user
        if not 0 <= asked.grace_s <= GRACE_S_MAX:
            en = f"grace_s: {asked.grace_s} is not within 0 and {GRACE_S_MAX}"
            raise CommandRefused("malformed", en, f"grace_s：{asked.grace_s} 应在 0 至 {GRACE_S_MAX} 之间")
        return await node.logins.give(asked.user, asked.grace_s)


def check_user(book: Book, here: Division, user: str) -> None:
    """Refuse whoever is no user of this node's cluster: neither its department, nor its child's node, nor the node itself."""
    if user == principal_of(here) or user in users_of(book, here):
        return
    en = f"nobody of that name logs in to the cluster of {here}: name one of its departments, or a child's node as {here}.node"
    raise CommandRefused("no-such-user", en, f"{here} 的集群没有此用户：应为本级部门，或下级节点（如 {here}.node）")


HANDLERS = [give]
