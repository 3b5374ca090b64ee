"""What a look at the node's surroundings finds, in plain words: each finding says how it is, what that means and what to do.

Facts come in, findings go out; who gathers them is `node.runtime.examination`. The other subjects have modules of their own: `checkup_cluster`,
`checkup_links`, `checkup_topics`, `checkup_machine`, `checkup_moving`, `checkup_node`.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Literal, NamedTuple

import msgspec

from node.control.book import Book
from node.control.entitled import Acl, strangers
from node.model.names import Division, division_of, principal_of

TOLD_MAX = 10
"""Entries that a finding names; the rest are counted."""
State = Literal["ok", "warn", "fail"]
Subject = Literal["node", "moving", "cluster", "parent", "disk", "certificates"]


class Said(NamedTuple):
    """The same in both languages."""

    en: str
    zh: str


NOTHING = Said("", "")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the doctor's: what was looked at, how it is and what that means, and, unless all is well, what to do."""

    subject: Subject
    check: str
    state: State
    en: str
    zh: str
    do_en: str = ""
    do_zh: str = ""


def finding(subject: Subject, check: str, state: State, said: Said | tuple[str, str], todo: Said | tuple[str, str] = NOTHING) -> Finding:
    """Return a finding of two pairs of texts."""
    return Finding(subject=subject, check=check, state=state, en=said[0], zh=said[1], do_en=todo[0], do_zh=todo[1])


def listed(many: Collection[object]) -> str:
    """Return some things in a line, in order; those beyond TOLD_MAX are counted."""
    told = sorted(map(str, many))
    more = f" (+{len(told) - TOLD_MAX})" if len(told) > TOLD_MAX else ""
    return "; ".join(told[:TOLD_MAX]) + more


def users_of(book: Book, here: Division) -> list[str]:
    """Return who logs in to the cluster of `here`, beside its own node: its departments, and its children's nodes."""
    return sorted(
        [name for name in book.departments if division_of(name) == here] + [principal_of(code) for code in book.tree.children(here)]
    )


def open_cluster() -> Finding:
    """Return what is found where there are no rights to compare."""
    said = "the cluster lets everybody do everything: it has no authorizer", "集群未启用授权，任何人可做任何操作"
    do_en = "set authorizer.class.name, super.users and SASL on all listeners, as `exchange-node init` writes them, and restart the brokers"
    do_zh = "请按 `exchange-node init` 生成的配置设置 authorizer.class.name、super.users 及各监听器的 SASL，并重启 broker"
    return finding("cluster", "closed", "fail", said, (do_en, do_zh))


def compared(there: Collection[Acl], wanted: Collection[Acl], others: Collection[str] = ()) -> Iterator[Finding]:
    """Yield how a cluster's rights compare with what the book says."""
    yield finding("cluster", "closed", "ok", ("the cluster lets in who has a right, and nobody else", "集群只放行有权限者"))
    missing, foreign = set(wanted) - set(there), strangers(there, wanted, others)
    if not missing and not foreign:
        many = len(wanted)
        yield finding("cluster", "rights", "ok", (f"{many} rights, as the book says", f"{many} 项权限，与账本一致"))
    if missing:
        said = f"missing, though the book says so: {listed(missing)}", f"账本已授予而集群缺少：{listed(missing)}"
        do_en = "the node adds them within 5 s; if this stays, its log says why it cannot"
        yield finding("cluster", "rights", "fail", said, (do_en, "节点会在 5 秒内补上；若一直如此，请查看节点日志"))
    if foreign:
        said = f"too much, for the book does not say so: {listed(foreign)}", f"账本未授予而集群存在：{listed(foreign)}"
        do_en = "the node removes them within 5 s; find out who gave them"
        yield finding("cluster", "rights", "fail", said, (do_en, "节点会在 5 秒内清除；请查明是谁添加的"))


def logins(users: Collection[str], mechanisms: Mapping[str, Collection[str]]) -> Finding:
    """Return who of those that should can log in."""
    without = sorted(set(users) - mechanisms.keys())
    if not without:
        return finding("cluster", "logins", "ok", (f"all {len(users)} users can log in", f"全部 {len(users)} 个用户可以登录"))
    some = listed(without)
    do_en = "`exchange-node rotate USER` makes one; a child's comes with `exchange-node token`"
    do_zh = "用 `exchange-node rotate USER` 建立；下级节点用 `exchange-node token`"
    return finding("cluster", "logins", "warn", (f"no login: {some}", f"尚无登录：{some}"), (do_en, do_zh))
