"""What a look at a cluster finds: whether it answers, which Kafka it is, and whether its brokers are set as exactly-once needs them."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import msgspec

from node.control.checkup import Finding, Said, Subject, finding, listed
from node.model.limits import TRANSACTION_TIMEOUT_S
from node.model.names import Topic

AUTO_CREATE, UNCLEAN, MIN_IN_SYNC, TRANSACTION_MAX = (
    "auto.create.topics.enable",
    "unclean.leader.election.enable",
    "min.insync.replicas",
    "transaction.max.timeout.ms",
)
BROKER_SETTINGS = (AUTO_CREATE, UNCLEAN, MIN_IN_SYNC, TRANSACTION_MAX)
"""What is asked of a broker."""

_FETCH = 1
_RELEASES = {18: "4.1", 17: "3.9", 16: "3.7", 15: "3.5", 14: "3.5", 13: "3.1"}
"""The first release with each version of Fetch: brokers do not tell their release, and this request changes with most of them."""


_TOLD = 4
"""Requests whose versions are told where all are taken: those by which everything moves come first."""


class Need(NamedTuple):
    """Versions of a request of which the node uses one, whichever the broker has."""

    api: str
    key: int
    low: int
    high: int


class Broker(msgspec.Struct, kw_only=True):
    """A broker as it was found; `versions` has by request what it takes, nothing if it did not answer."""

    id: int
    address: str
    versions: dict[int, tuple[int, int]] = {}
    settings: dict[str, str] = {}


class Copies(msgspec.Struct, frozen=True):
    """Which brokers have a partition; `leader` is -1 where it has none."""

    topic: Topic
    partition: int
    leader: int
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]


class Space(msgspec.Struct, frozen=True):
    """Room on the disk of a broker's folder, in bytes."""

    broker: int
    folder: str
    size: int
    free: int


class ClusterFacts(msgspec.Struct, kw_only=True):
    """What was found of a cluster, as far as the look came; `trouble` says why it came no further."""

    bootstrap: str
    trouble: str = ""
    brokers: list[Broker] = []
    copies: list[Copies] = []
    missing: list[Topic] = []
    """topics that are not there"""
    topic_settings: dict[Topic, dict[str, str]] = {}
    spaces: list[Space] = []
    untold: list[Said] = []
    """what this cluster does not tell, or not to us"""


def reached(subject: Subject, facts: ClusterFacts) -> Iterator[Finding]:
    """Yield whether a cluster answers, with how many brokers, and which of those that have copies are away."""
    if not facts.brokers:
        en = f"nothing is carried to it or from it, for it does not answer: {facts.trouble or facts.bootstrap}"
        zh = f"集群无法连接，没有数据进出：{facts.trouble or facts.bootstrap}"
        do = "start the brokers, or mend the address, the login or the network as it says", "请按提示启动 broker，或修正地址、登录或网络"
        yield finding(subject, "reachable", "fail", (en, zh), do)
        return
    away = sorted({one for copies in facts.copies for one in copies.replicas} - {one.id for one in facts.brokers})
    silent = [f"{one.id} ({one.address})" for one in facts.brokers if not one.versions]
    many = len(facts.brokers)
    if away or (silent and not facts.trouble):
        who = listed([*away, *silent])
        en, zh = (
            f"of its brokers these do not answer: {who}; {many} are known to the cluster",
            f"以下 broker 无应答：{who}；集群共知 {many} 个",
        )
        yield finding(subject, "reachable", "warn", (en, zh), ("start them, or look into their logs", "请启动它们，或查看其日志"))
    else:
        release = _release(facts.brokers)
        one_en, one_zh = f"{many} broker{'s' * (many > 1)}", f"{many} 个 broker"
        yield finding(subject, "reachable", "ok", (f"{one_en}, Kafka {release} or newer", f"{one_zh}，Kafka {release} 或更新"))
    if facts.trouble:
        en, zh = f"the look at it was not finished: {facts.trouble}", f"检查未完成：{facts.trouble}"
        yield finding(subject, "complete", "warn", (en, zh), ("give the command again when it answers faster", "待其应答恢复后重试"))


def _release(brokers: Collection[Broker]) -> str:
    """Return the release that the oldest of some brokers at least has."""
    fetch = min((one.versions[_FETCH][1] for one in brokers if _FETCH in one.versions), default=0)
    return _RELEASES.get(min(fetch, max(_RELEASES)), "?")


def versions(subject: Subject, facts: ClusterFacts, needs: Sequence[Need]) -> Iterator[Finding]:
    """Yield whether each broker takes the requests that the node sends, in versions that it speaks."""
    asked = [one for one in facts.brokers if one.versions]
    lacking = [f"broker {one.id}: {_lacks(need, one)}" for one in asked for need in needs if not _has(one, need)]
    if lacking:
        en = f"requests that the node sends and the broker does not take: {listed(lacking)}"
        do = (
            "bring the brokers to Kafka 3.1 or newer, or take a node that is made for them",
            "请将 broker 升级到 Kafka 3.1 或更新，或改用与其相配的节点版本",
        )
        yield finding(subject, "versions", "fail", (en, f"节点所用而 broker 不支持的请求：{listed(lacking)}"), do)
    elif asked:
        spans = "; ".join(_span(need, asked) for need in needs[:_TOLD]) + ("; …" if len(needs) > _TOLD else "")
        yield finding(subject, "versions", "ok", (f"all requests are taken: {spans}", f"支持全部所需请求：{spans}"))


def _has(broker: Broker, need: Need) -> bool:
    low, high = broker.versions.get(need.key, (0, -1))
    return max(low, need.low) <= min(high, need.high)


def _lacks(need: Need, broker: Broker) -> str:
    span = broker.versions.get(need.key)
    wanted = str(need.low) if need.low == need.high else f"{need.low}-{need.high}"
    return f"{need.api} v{wanted} ({'none' if span is None else f'has v{span[0]}-{span[1]}'})"


def _span(need: Need, brokers: Sequence[Broker]) -> str:
    """Return which versions of a request all of some brokers take."""
    spans = [one.versions[need.key] for one in brokers]
    return f"{need.api} v{max(low for low, _high in spans)}-{min(high for _low, high in spans)}"


def broker_settings(facts: ClusterFacts, replication: int) -> Iterator[Finding]:
    """Yield which settings of the own cluster's brokers hurt; `replication` is how many copies the node's topics have."""
    told = [one for one in facts.brokers if one.settings]
    if not told:
        return
    wrong = [
        found for one in (_auto_create(told), _unclean(told, replication), _min_in_sync(told, replication), _term(told)) for found in one
    ]
    yield from wrong
    if not wrong:
        yield finding("cluster", "settings", "ok", ("brokers are set as they should be", "broker 设置正确"))


def _auto_create(told: Sequence[Broker]) -> Iterator[Finding]:
    if on := _where(told, AUTO_CREATE, "true"):
        en = f"{AUTO_CREATE}=true on {on}: whoever asks for a topic that is not there makes one, with other partitions and settings than the book says"
        zh = f"{on} 上 {AUTO_CREATE}=true：查询不存在的主题即会建出一个，分区与设置都不同于账本"
        yield finding("cluster", "settings", "fail", (en, zh), _set(f"{AUTO_CREATE}=false"))


def _unclean(told: Sequence[Broker], replication: int) -> Iterator[Finding]:
    if replication > 1 and (on := _where(told, UNCLEAN, "true")):
        en = f"{UNCLEAN}=true on {on}: a copy that lags may lead, and what was committed is lost"
        zh = f"{on} 上 {UNCLEAN}=true：落后的副本可能成为首领，已提交的数据会丢失"
        yield finding("cluster", "settings", "fail", (en, zh), _set(f"{UNCLEAN}=false"))


def _min_in_sync(told: Sequence[Broker], replication: int) -> Iterator[Finding]:
    least = {one.id: int(one.settings.get(MIN_IN_SYNC, "1")) for one in told}
    high, low = max(least.values()), min(least.values())
    goal = _set(f"{MIN_IN_SYNC}=2 with kafka.replication 3", f"{MIN_IN_SYNC}=2，并使 kafka.replication 为 3")
    if high > replication:
        en, zh = (
            f"{MIN_IN_SYNC}={high}, and topics have {replication} copies: nothing can be written",
            f"{MIN_IN_SYNC}={high}，而主题只有 {replication} 个副本：无法写入",
        )
        yield finding("cluster", "settings", "fail", (en, zh), goal)
    elif replication > 1 and high == replication:
        en = f"{MIN_IN_SYNC}={high} of {replication} copies: when one broker is away, nothing can be written"
        yield finding(
            "cluster", "settings", "warn", (en, f"{MIN_IN_SYNC}={high}，副本也是 {replication} 个：任一 broker 停止即无法写入"), goal
        )
    elif replication > 1 and low == 1:
        en = f"{MIN_IN_SYNC}=1: a record counts as committed when one copy has it, and is lost with that broker's disk"
        yield finding("cluster", "settings", "warn", (en, f"{MIN_IN_SYNC}=1：仅一个副本写入即算提交，该 broker 磁盘损坏则数据丢失"), goal)


def _term(told: Sequence[Broker]) -> Iterator[Finding]:
    wanted = int(TRANSACTION_TIMEOUT_S * 1000)
    short = [one.id for one in told if int(one.settings.get(TRANSACTION_MAX, wanted)) < wanted]
    if short:
        en = f"{TRANSACTION_MAX} is below {wanted} on broker {listed(short)}: no lane can open a transaction"
        zh = f"broker {listed(short)} 的 {TRANSACTION_MAX} 小于 {wanted}：无法开启事务"
        yield finding("cluster", "settings", "fail", (en, zh), _set(f"{TRANSACTION_MAX}=900000"))


def _where(told: Sequence[Broker], name: str, value: str) -> str:
    found = [one.id for one in told if one.settings.get(name) == value]
    return f"broker {listed(found)}" if found else ""


def _set(en: str, zh: str = "") -> Said:
    return Said(f"set {en} on all brokers, and restart them", f"请在所有 broker 上设置 {zh or en}，并重启")
