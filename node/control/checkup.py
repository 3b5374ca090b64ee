"""What a look at the node's cluster finds, in plain words: each finding says how it is, what that means and what to do."""

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

import msgspec

from node.control.book import Book
from node.control.entitled import Acl, strangers
from node.model.names import Division, division_of, principal_of

TOLD_MAX = 10
"""Entries that a finding names; the rest are counted."""
State = Literal["ok", "warn", "fail"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the doctor's."""

    check: str
    state: State
    en: str
    zh: str


def users_of(book: Book, here: Division) -> list[str]:
    """Return who logs in to the cluster of `here`, beside its own node: its departments, and its children's nodes."""
    return sorted(
        [name for name in book.departments if division_of(name) == here] + [principal_of(code) for code in book.tree.children(here)]
    )


def open_cluster() -> Finding:
    """Return what is found where there are no rights to compare."""
    en = (
        "the cluster lets everybody do everything: it has no authorizer. Set authorizer.class.name, super.users and SASL on all listeners, as "
        "`exchange-node init` writes them, and restart the brokers"
    )
    zh = "集群未启用授权，任何人可做任何操作。请按 `exchange-node init` 生成的配置设置 authorizer.class.name、super.users 及各监听器的 SASL，并重启 broker"
    return Finding(check="closed", state="fail", en=en, zh=zh)


def compared(there: Collection[Acl], wanted: Collection[Acl], others: Collection[str] = ()) -> Iterator[Finding]:
    """Yield how a cluster's rights compare with what the book says."""
    yield Finding(check="closed", state="ok", en="the cluster lets in who has a right, and nobody else", zh="集群只放行有权限者")
    missing, foreign = set(wanted) - set(there), strangers(there, wanted, others)
    if not missing and not foreign:
        many = len(wanted)
        yield Finding(check="rights", state="ok", en=f"{many} rights, as the book says", zh=f"{many} 项权限，与账本一致")
    if missing:
        en = f"missing, though the book says so: {_listed(missing)}. The node adds them within 5 s; if this stays, its log says why it cannot"
        zh = f"账本已授予而集群缺少：{_listed(missing)}。节点会在 5 秒内补上；若一直如此，请查看节点日志"
        yield Finding(check="rights", state="fail", en=en, zh=zh)
    if foreign:
        en = f"too much, for the book does not say so: {_listed(foreign)}. The node removes them within 5 s; find out who gave them"
        zh = f"账本未授予而集群存在：{_listed(foreign)}。节点会在 5 秒内清除；请查明是谁添加的"
        yield Finding(check="rights", state="fail", en=en, zh=zh)


def logins(users: Collection[str], mechanisms: Mapping[str, Collection[str]]) -> Finding:
    """Return who of those that should can log in."""
    without = sorted(set(users) - mechanisms.keys())
    if not without:
        return Finding(check="logins", state="ok", en=f"all {len(users)} users can log in", zh=f"全部 {len(users)} 个用户可以登录")
    some = _listed(without)
    en = f"no login: {some}. `exchange-node rotate USER` makes one; a child's comes with `exchange-node token`"
    return Finding(
        check="logins", state="warn", en=en, zh=f"尚无登录：{some}。用 `exchange-node rotate USER` 建立；下级节点用 `exchange-node token`"
    )


def _listed(many: Collection[object]) -> str:
    told = sorted(map(str, many))
    more = f" (+{len(told) - TOLD_MAX})" if len(told) > TOLD_MAX else ""
    return "; ".join(told[:TOLD_MAX]) + more
