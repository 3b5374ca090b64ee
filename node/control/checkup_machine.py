"""What a look at disks and certificates finds."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

import msgspec

from node.control.checkup import Finding, Said, State, finding
from node.control.checkup_cluster import Space

GIB = 1024**3
FREE_WARN, FREE_FAIL = 0.2, 0.05
"""Shares of a disk. A fifth is a week where data is kept for a month; at a twentieth, what a file system keeps for root alone is at hand."""
FREE_BYTES_FAIL = GIB
"""Kafka's segments are as large, and a broker that cannot write the next one ends."""
ENDS_WARN_DAYS, ENDS_FAIL_DAYS = 30, 7
"""A month is what an authority and a change window take; a week is the last one in which both fit in a hurry."""


class Disk(msgspec.Struct, frozen=True):
    """A disk as the gauges show it, in bytes: `data` has the node's own folder, `broker-<id>` a broker's; `place` is the folder.

    One that `is_past` is not told any more: this is how it was when it was seen last.
    """

    name: str
    place: str
    size: int
    free: int
    is_past: bool = False


class Certificate(msgspec.Struct, frozen=True):
    """A certificate as the gauges show it, and where it was seen: a file, or the address of a broker; `trouble` where it was not."""

    name: str
    place: str
    not_after: datetime | None = None
    trouble: str = ""


def disks_of(spaces: Collection[Space]) -> list[Disk]:
    """Return the disks of brokers: of several folders of one, that which fills first."""
    worst: dict[int, Space] = {}
    for one in spaces:
        if one.broker not in worst or one.free * worst[one.broker].size < worst[one.broker].free * one.size:
            worst[one.broker] = one
    return [Disk(f"broker-{number}", one.folder, one.size, one.free) for number, one in sorted(worst.items())]


def disks(
    found: Sequence[Disk],
    untold: Collection[Said] = (),
    *,
    warn: float = FREE_WARN,
    fail: float = FREE_FAIL,
    least: int = FREE_BYTES_FAIL,
) -> Iterator[Finding]:
    """Yield how full each disk is: below the share `warn` of it free, or `fail`, or below `least` bytes."""
    for one in found:
        share = one.free / one.size if one.size else 0.0
        state: State = "fail" if share < fail or one.free < least else "warn" if share < warn else "ok"
        room = f"{one.free / GIB:.1f} GiB, {share:.0%}"
        said = f"{one.place}: {room} free of {one.size / GIB:.1f} GiB", f"{one.place}：可用 {room}，共 {one.size / GIB:.1f} GiB"
        if one.is_past:
            said = f"{said[0]}, when it was last told", f"{said[1]}（最近一次所见）"
        if state == "ok":
            yield finding("disk", one.name, "ok", said)
        else:
            yield finding("disk", one.name, state, _full(one, said), _room(one))
    for said in untold:
        yield finding("disk", "brokers", "ok", said)


def _full(one: Disk, said: tuple[str, str]) -> Said:
    if one.name == "data":
        return Said(
            f"{said[0]}; full, the node keeps nothing any more: keys, tokens, invitations", f"{said[1]}；写满后节点无法保存密钥、令牌与邀请"
        )
    return Said(f"{said[0]}; full, the broker ends, and does not start again by itself", f"{said[1]}；写满后该 broker 停止，且无法自行恢复")


def _room(one: Disk) -> Said:
    if one.name == "data":
        return Said("make room, or move data_dir to a larger disk", "请清理空间，或将 data_dir 移至更大的磁盘")
    return Said(
        "enlarge the disk, move partitions, or shorten what resources keep (retention_ms)",
        "请扩容、迁移分区，或缩短资源的保留时间（retention_ms）",
    )


def certificates(found: Sequence[Certificate], now: datetime) -> Iterator[Finding]:
    """Yield until when each certificate counts."""
    if not found:
        yield finding("certificates", "tls", "ok", ("no TLS here: everything is on loopback", "此处未使用 TLS：全部在本机回环地址上"))
    for one in found:
        if one.not_after is None:
            said = f"{one.place}: {one.trouble}", f"{one.place}：{one.trouble}"
            yield finding(
                "certificates", one.name, "fail", said, ("mend the file or the listener, as it says", "请按提示修正该文件或监听器")
            )
            continue
        days = (one.not_after - now).total_seconds() / 86_400
        day = f"{one.not_after:%Y-%m-%d}"
        if days >= ENDS_WARN_DAYS:
            yield finding("certificates", one.name, "ok", (f"{one.place}: counts until {day}", f"{one.place}：有效期至 {day}"))
            continue
        en = f"{one.place}: ended on {day}" if days < 0 else f"{one.place}: ends on {day}, in {days:.0f} days"
        zh = f"{one.place}：已于 {day} 过期" if days < 0 else f"{one.place}：{day} 到期，还有 {days:.0f} 天"
        meaning = Said(f"{en}; after that nobody connects any more", f"{zh}；过期后无法再建立连接")
        yield finding("certificates", one.name, "fail" if days < ENDS_FAIL_DAYS else "warn", meaning, _renew(one))


def _renew(one: Certificate) -> Said:
    if one.name.endswith("-ca"):
        en, zh = (
            "have the authority renewed, and its new certificate beside the old one in this file; then restart the node",
            "请更新该机构证书，将新证书与旧证书一并写入此文件，然后重启节点",
        )
    elif one.name in {"http", "probes"}:
        en, zh = (
            "have it renewed, and restart the node: it reads its certificate when it starts",
            "请更新证书并重启节点：节点启动时读取证书",
        )
    elif one.name == "parent":
        en, zh = (
            "tell the parent's operator: the broker's certificate has to be renewed there",
            "请告知上级节点的操作员：需在其 broker 上更新证书",
        )
    else:
        en, zh = "have it renewed, and put it into the broker's keystore", "请更新证书并放入 broker 的 keystore"
    return Said(en, zh)
