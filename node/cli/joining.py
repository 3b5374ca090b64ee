"""`token`, `join`, `leave`, `dismiss`: how a child comes to be linked to its parent, and how that ends."""

import time
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from cyclopts.types import ExistingFile
from cyclopts.validators import Number

from node.bus.passwords import Login, check_place, write_secret
from node.cli.asking import ask_openly
from node.cli.client import open_node
from node.cli.voice import SESSION, VOICE, CliError, Exit, Flag, Session, Voice
from node.config import load
from node.model.joining import joining, leaving
from node.model.limits import INVITATION_HOURS_MAX
from node.model.names import Division
from node.setup.invitation import Invitation, decode, encode
from node.setup.parent import LOGIN, remove_parent, write_parent

_HOURS = 24.0


class _Joined(msgspec.Struct, frozen=True, kw_only=True):
    """What the parent's node answers to whom it takes in."""

    login: Login
    ca: str
    root: str


Config = Annotated[ExistingFile, Parameter(name="--config")]


def token(
    child: str,
    /,
    *,
    output: Path | None = None,
    hours: Annotated[float, Parameter(validator=Number(gt=0, lte=INVITATION_HOURS_MAX))] = _HOURS,
    url: str | None = None,
    bootstrap: str | None = None,
    session: Session = SESSION,
) -> int:
    """邀请一个下级加入：只可使用一次、限时有效 / Invite a child to join: it counts once, and not for long.

    在上级节点执行；把文件交给下级运维，由其执行 `join` / Run it on the parent's node, and carry the file to the child's operator, who runs `join`.
    其中有上级的地址、根密钥的指纹和一次性密钥，文件权限为 0600 / In it are where the parent is, the fingerprint of the root's key, and a secret: mode 0600.

    例如 / For example:

        exchange-node token 445102 --output 445102.token

    Args:
        child: 下级的区划代码，须先用 division add 添加 / The child's division, which `division add` has added.
        output: 要写的文件，默认为 <区划代码>.token / The file to write; named after the division if left out.
        hours: 有效的小时数 / For how many hours it counts.
        url: 下级访问本节点的地址，默认为 --node 的地址 / How the child reaches this node; as --node if left out.
        bootstrap: 下级访问本级集群的地址，默认与本节点相同 / How the child reaches this node's cluster; as the node does if left out.
    """
    file = output or Path(f"{child}.token")
    with open_node(session) as node:
        here = node.node()
        given = node.invite(child, hours)
    invitation = Invitation(
        parent=here.division,
        child=Division(child),
        url=url or session.node,
        bootstrap=bootstrap or here.kafka.bootstrap,
        root=given.root,
        secret=given.secret,
        until=given.until,
        ca=session.ca.read_text("ascii") if session.ca else "",
    )
    write_secret(file, encode(invitation) + "\n")
    en = f"the invitation is in {file} (it counts until {given.until}): on the child's machine `exchange-node join {file.name} --config node.yaml`"
    zh = f"邀请已写入 {file}（有效期至 {given.until}）：在下级机器上执行 `exchange-node join {file.name} --config node.yaml`"
    session.tell({"file": str(file), "child": child, "until": given.until, "root": given.root}, session.say(en, zh))
    return Exit.OK


def join(invitation: ExistingFile, /, *, config: Config = Path("node.yaml"), voice: Voice = VOICE) -> int:
    """凭上级的邀请加入：本节点的密钥得到上级担保，并取得上级集群的登录 / Join a parent by its invitation: this node's key is vouched for, and it gets a login there.

    在节点所在机器上执行；上级写入 node.yaml，登录文件与其同处 / Run it on the node's machine; the parent is written into node.yaml, its login beside it.

    例如 / For example:

        exchange-node join 445102.token --config 445102/node.yaml

    Args:
        invitation: 上级用 token 生成的文件 / The file that `token` wrote on the parent's node.
        config: 节点的 YAML 文件 / The node's YAML file.
    """
    from node.runtime.keys import node_key  # noqa: PLC0415  # brings the whole node along

    own, asked = load(config, voice.language), decode(invitation.read_text("utf-8", errors="replace"))
    _check_own(asked, own.division)
    if own.parent is not None:
        en = f"{config} has a parent already, {own.parent.division}: `exchange-node leave` takes that out first"
        raise CliError("has-parent", en, f"{config} 中已有上级 {own.parent.division}：请先用 `exchange-node leave` 解除", Exit.WRONG)
    check_place(config.with_name(LOGIN))  # now: the invitation counts once, and the login that it brings is told once
    key = node_key(own.data_dir)
    seal = b64encode(key.sign(joining(asked.secret))).decode()
    body = {"secret": asked.secret, "division": own.division, "key": key.key, "seal": seal}
    joined = ask_openly(asked.url, asked.ca, "/v1/join", body, _Joined)
    if joined.root != asked.root:
        en = f"the parent's node trusts another root ({joined.root}) than the invitation says ({asked.root}); nothing was written: ask its operator"
        zh = f"上级节点所信任的根（{joined.root}）与邀请中的（{asked.root}）不符；未写入任何内容：请询问其运维"
        raise CliError("other-root", en, zh)
    write_parent(config, asked, joined.login, joined.ca)
    en = f"{own.division} has joined {asked.parent}; {config} names it now: start the node, or restart it"
    session_value = {"division": own.division, "parent": asked.parent, "config": str(config), "root": joined.root}
    voice.tell(session_value, voice.say(en, f"{own.division} 已加入 {asked.parent}，并写入 {config}：请启动或重启节点"))
    return Exit.OK


def _check_own(asked: Invitation, division: str) -> None:
    if asked.child != division:
        en = f"the invitation is for {asked.child}, and this is the node of {division}"
        raise CliError("not-invited", en, f"此邀请属于 {asked.child}，而本节点属于 {division}", Exit.WRONG)
    if asked.until < datetime.now(UTC).isoformat():
        en = f"the invitation ended at {asked.until}: have another one made by `exchange-node token` on the parent's node"
        raise CliError("invitation-ended", en, f"邀请已于 {asked.until} 失效：请在上级节点用 `exchange-node token` 重新签发", Exit.WRONG)


def leave(*, config: Config = Path("node.yaml"), here_only: Flag = False, voice: Voice = VOICE) -> int:
    """解除与上级的链路：上级撤销登录，本节点配置中去掉上级 / Leave the parent: it takes the login away, and the configuration names it no more.

    例如 / For example:

        exchange-node leave --config 445102/node.yaml

    Args:
        config: 节点的 YAML 文件 / The node's YAML file.
        here_only: 不通知上级；上级须自行执行 dismiss / Do not tell the parent; its operator has to run `dismiss` then.
    """
    from node.runtime.keys import node_key  # noqa: PLC0415  # as above

    own = load(config, voice.language)
    if own.parent is None:
        raise CliError("no-parent", f"{config} names no parent: there is nothing to leave", f"{config} 中没有上级：无需解除", Exit.WRONG)
    parent = own.parent
    if not here_only:
        if not parent.url:
            en = f"{config} does not say where the parent's node is (parent.url): leave with --here-only, and have its operator run `exchange-node dismiss {own.division}`"
            zh = f"{config} 未注明上级节点的地址（parent.url）：请加 --here-only，并请上级运维执行 `exchange-node dismiss {own.division}`"
            raise CliError("no-url", en, zh, Exit.WRONG)
        at = time.time()
        seal = b64encode(node_key(own.data_dir).sign(leaving(own.division, parent.division, at))).decode()
        trusted = parent.url_ca_file.read_text("ascii") if parent.url_ca_file else ""
        ask_openly(parent.url, trusted, "/v1/leave", {"division": own.division, "at": at, "seal": seal}, list[str])
    remove_parent(config)
    en = f"{own.division} has left {parent.division}; {config} names no parent any more: restart the node"
    voice.tell({"division": own.division, "left": parent.division}, voice.say(en, f"{own.division} 已脱离 {parent.division}；请重启节点"))
    return Exit.OK


def dismiss(child: str, /, *, session: Session = SESSION) -> int:
    """撤销下级在本级集群的登录 / Take the login of a child to this node's cluster away.

    已有的连接最迟在一小时后断开 / Connections that it has end after an hour at the latest.

    例如 / For example:

        exchange-node dismiss 445102

    Args:
        child: 下级的区划代码 / The child's division.
    """
    with open_node(session) as node:
        gone = node.dismiss(child)
    session.tell(gone, session.say(f"{', '.join(gone)} logs in no more", f"{'、'.join(gone)} 不能再登录"))
    return Exit.OK
