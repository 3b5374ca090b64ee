"""`key`: the key with which a node signs its control log, and whose keys count."""

from cyclopts import App
from rich.console import Group

from node.cli.client import open_node
from node.cli.given import give
from node.cli.voice import SESSION, Exit, Session, table
from node.control import RevokeKey, RotateKey, VouchKey
from node.control.holders import KeyRing
from node.model.names import Division

_STATES = {"valid": "有效", "revoked": "已吊销", "undeclared": "未声明", "unvouched": "未确认"}


def build() -> App:
    """Return the family."""
    app = App(name="key", help="节点密钥：控制日志的签名 / Keys of nodes: the signatures of control logs.")
    app.command(show)
    app.command(rotate)
    app.command(vouch)
    app.command(revoke)
    return app


def show(*, session: Session = SESSION) -> int:
    """显示本节点的密钥及各节点的密钥状态 / Show this node's key, and whose keys count.

    根节点的指纹由下级写入其配置的 parent.root / The fingerprint of the root's key is what the nodes below have as parent.root in their configuration.

    例如 / For example:

        exchange-node key show
    """
    with open_node(session) as node:
        found = node.keys()
    session.tell(found, _shown(found, session))
    return Exit.OK


def rotate(*, session: Session = SESSION) -> int:
    """生成新密钥并声明 / Make a new key and declare it.

    上级节点自动确认后，本节点改用新密钥；旧密钥仍然有效，若可能泄露，请在上级吊销 / The parent's node answers by rule, and then the node signs with
    the new key. The old one still counts: where it may have leaked, have it revoked on the parent's node.

    例如 / For example:

        exchange-node key rotate
    """
    return give(RotateKey(), session)


def vouch(division: str, key: str, *, session: Session = SESSION) -> int:
    """确认下级节点的密钥 / Vouch for the key of a child's node.

    密钥由下级运维人员当面或通过可信渠道提供 / The child's operator tells it by a way that you trust; `key show` on its node prints it.

    例如 / For example:

        exchange-node key vouch 445100 ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=

    Args:
        division: 下级区划 / The child.
        key: 其节点的公钥 / The public key of its node.
    """
    return give(VouchKey(division=Division(division), key=key), session)


def revoke(division: str, key: str, *, last: int, session: Session = SESSION) -> int:
    """吊销下级节点（或根节点自身）的密钥 / Revoke the key of a child's node, or a root's own.

    用该密钥在 --last 之后签署的事件一律不算，所有节点据此重新折叠 / What was signed with it behind event --last does not count, on any node, from now
    on and in retrospect; the history up to there is the one that this node holds. 0: nothing counts.

    例如 / For example:

        exchange-node key revoke 445100 ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= --last 37

    Args:
        division: 区划 / The division.
        key: 公钥 / The public key.
        last: 最后一个有效事件的序号 / The sequence of the last event that counts.
    """
    return give(RevokeKey(division=Division(division), key=key, last=last), session)


def _shown(found: KeyRing, session: Session) -> Group:
    own = found.own
    lines = [
        session.say("key          ", "密钥    ") + own.key,
        session.say("fingerprint  ", "指纹    ") + own.fingerprint,
        session.say("state        ", "状态    ") + session.say(own.state, _STATES.get(own.state, own.state)),
        session.say("pinned root  ", "根指纹  ") + own.root,
    ]
    if own.next:
        lines.append(session.say("rotates to   ", "更换为  ") + own.next)
    lines += own.reasons
    shown = table(
        session.say("division", "区划"),
        session.say("events", "事件"),
        session.say("key", "公钥"),
        session.say("state", "状态"),
        session.say("by", "依据"),
        session.say("counts up to", "有效至"),
    )
    for one in found.divisions:
        for key in one.keys:
            by = key.revoked or key.said
            state = session.say(key.state, _STATES.get(key.state, key.state))
            last = "" if key.last is None else str(key.last)
            shown.add_row(one.division, str(one.sequence), key.key, state, f"{by[0]}/{by[1]}", last)
    return Group("\n".join(lines), shown)
