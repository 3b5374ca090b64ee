"""How a child comes to be linked to this node, and how it leaves: invitations, joining by one, and leaving by one's own key."""

import time
from base64 import b64decode
from datetime import UTC, datetime

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import RawBody

from node.bus.passwords import Login
from node.control import stamp
from node.control.commands import VouchKey
from node.errors import CommandRefused
from node.http.answers import read_body
from node.model.joining import joining, leaving
from node.model.keys import is_sealed, read_key
from node.model.limits import INVITATION_HOURS_MAX
from node.model.names import Division, principal_of
from node.model.values import RULE, Actor
from node.runtime import Node

LATE_S = 300.0
"""A word of leaving counts for so long: clocks differ, and who overhears it must not use it for ever."""
GRACE_S = 3600.0
"""The login that a child had before it joined again counts for so long."""


class InvitationAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which child is invited, and for how many hours."""

    child: str
    hours: float = 24.0


class InvitationFace(msgspec.Struct, frozen=True, kw_only=True):
    """The invitation's secret, which is told this once; whom to trust, and until when it counts."""

    secret: str
    root: str
    until: str


class JoinAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By which invitation which division joins with which key; `seal`, in base64, shows that it has that key: over `joining` of the secret."""

    secret: str
    division: str
    key: str
    seal: str


class JoinFace(msgspec.Struct, frozen=True, kw_only=True):
    """With what the child logs in to this node's cluster, what it trusts there in PEM, and whom above."""

    login: Login
    ca: str
    root: str


class LeaveAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which division leaves, when it said so (Unix time, s), and its seal over `leaving` of both, in base64."""

    division: str
    at: float
    seal: str


class DismissAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which child is to log in no more."""

    child: str


@post("/v1/invitations", status_code=200, roles=("operator",), act="invite")
async def invite(node: NamedDependency[Node], by: NamedDependency[Actor], body: RawBody) -> InvitationFace:
    """Invite a child of this division to join."""
    asked = read_body(body, InvitationAsked)
    subject: dict[str, str] = {}
    async with node.audited("invite", by, subject):
        child = _child(node, asked.child)
        subject["code"] = child
        if not 0 < asked.hours <= INVITATION_HOURS_MAX:
            en = f"hours: {asked.hours} is not within 0 and {INVITATION_HOURS_MAX}"
            raise CommandRefused("malformed", en, f"hours：{asked.hours} 应在 0 至 {INVITATION_HOURS_MAX} 之间")
        secret, until = node.invitations.give(child, by, asked.hours)
    return InvitationFace(secret=secret, root=node.ledger.hand.pin, until=stamp(datetime.fromtimestamp(until, UTC)))


@post("/v1/join", status_code=200)
async def join(node: NamedDependency[Node], body: RawBody) -> JoinFace:
    """Take a child in by its invitation: its key is vouched for, and it gets a login. No token is asked for: the invitation is one."""
    asked = read_body(body, JoinAsked)
    if not _is_sealed(asked.key, asked.seal, joining(asked.secret)):
        en = "the key that joins has not sealed the request; nothing was done"
        raise CommandRefused("bad-seal", en, "加入请求未由所声明的密钥签名；未做任何操作")
    node.invitations.find(asked.secret)  # before the audit, which is not for whoever knows no secret of ours to fill
    async with node.audited("join", RULE, {"code": asked.division}):
        given = node.invitations.use(asked.secret, asked.division)
        await node.command(VouchKey(division=given.child, key=asked.key), given.by)
        login = await node.logins.give(principal_of(given.child), GRACE_S)
        node.heard.expect(given.child)
    return JoinFace(login=login, ca=node.settings.ca, root=node.ledger.hand.pin)


@post("/v1/leave", status_code=200)
async def leave(node: NamedDependency[Node], body: RawBody) -> list[str]:
    """Take the login of a child away that says so under its own key; return whose. No token is asked for: the seal is one."""
    asked = read_body(body, LeaveAsked)
    child = _child(node, asked.division)
    digest = leaving(child, node.settings.division, asked.at)
    late = abs(time.time() - asked.at) > LATE_S or asked.at <= node.invitations.left.get(child, 0.0)
    keys = [one.key for one in node.ledger.book.keys.of(child) if one.stands]
    if late or not any(_is_sealed(key, asked.seal, digest) for key in keys):
        en = "it is not said under a key of the child's that counts, or too long ago; on this node `exchange-node dismiss` does the same"
        zh = "该请求未由下级的有效密钥签名，或已过时；可在本节点用 `exchange-node dismiss` 达到同样效果"
        raise CommandRefused("bad-seal", en, zh)
    node.invitations.left[child] = asked.at
    async with node.audited("leave", RULE, {"code": child}):
        await node.logins.dismiss(principal_of(child))
        node.heard.forget(child)
    return [principal_of(child)]


@post("/v1/dismiss", status_code=200, roles=("operator",), act="dismiss")
async def dismiss(node: NamedDependency[Node], by: NamedDependency[Actor], body: RawBody) -> list[str]:
    """Take the login of a child away; return whose."""
    asked = read_body(body, DismissAsked)
    subject: dict[str, str] = {}
    async with node.audited("dismiss", by, subject):
        subject["code"] = child = _child(node, asked.child)
        await node.logins.dismiss(principal_of(child))
        node.heard.forget(child)
    return [principal_of(child)]


def _child(node: Node, code: str) -> Division:
    here = node.settings.division
    if code in node.ledger.book.tree.children(here):
        return Division(code)
    en = f"it is no child of {here} in the book: `exchange-node division add` adds it"
    raise CommandRefused("not-own-child", en, f"账本中它不是 {here} 的下级：请先用 `exchange-node division add` 添加")


def _is_sealed(key: str, seal: str, digest: bytes) -> bool:
    try:
        read_key(key)
        return is_sealed(key, b64decode(seal, validate=True), digest)
    except ValueError:
        return False


OPEN = [join, leave]
"""What a child asks, who has no token here."""
HANDLERS = [invite, dismiss]
